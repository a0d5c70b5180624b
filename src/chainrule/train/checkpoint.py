"""Checkpoints: everything that the next step depends on, in one file that is either whole or not there."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import RunFolderError
from chainrule.files import replace_file
from chainrule.tree import leaves, nest
from chainrule.types import Params


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run between two epochs.

    Attributes
    ----------
    epoch : int
        Epochs that are done. Batch order and noise are functions of the seed and this.
    number : int
        Number of the last event.
    seconds : float
        Seconds of training so far.
    rate_scale : float
        Product of all factors that policies applied to the learning rate.
    best_epoch : int
        Epoch of the best weights; 0 where none were kept.
    memories : list of dict
        What each policy remembers.
    params, best : tree
        The weights, and the best ones or None.
    state : dict of str to array
        The optimizer's.
    """

    epoch: int
    number: int
    seconds: float
    rate_scale: float
    best_epoch: int
    memories: list[dict[str, Any]]
    params: Params
    best: Params | None = None
    state: Mapping[str, np.ndarray] = field(default_factory=dict)
    reason: str = ""


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, replacing the old one only when the new one is complete."""
    from safetensors.numpy import save

    position = {
        name: getattr(checkpoint, name)
        for name in ("epoch", "number", "seconds", "rate_scale", "best_epoch", "memories", "reason")
    }
    tensors = {f"params/{name}": value for name, value in leaves(checkpoint.params)}
    tensors |= {f"best/{name}": value for name, value in leaves(checkpoint.best or {})}
    tensors |= {f"state/{name}": value for name, value in checkpoint.state.items()}
    # safetensors writes an array that is not contiguous wrongly, without a word.
    tensors = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    replace_file(path, save(tensors, {"position": json.dumps(position)}))


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint back, bit for bit."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(os.fspath(path), framework="numpy") as file:
            position = json.loads(file.metadata()["position"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise RunFolderError(
            f"a checkpoint at {path}", f"{type(error).__name__}: {error}", "Start the run anew, without `resume`."
        ) from error
    parts: dict[str, dict[str, np.ndarray]] = {"params": {}, "best": {}, "state": {}}
    for name, value in tensors.items():
        kind, _, rest = name.partition("/")
        parts[kind][rest] = value
    best = nest(parts["best"]) if parts["best"] else None
    return Checkpoint(**position, params=nest(parts["params"]), best=best, state=parts["state"])
