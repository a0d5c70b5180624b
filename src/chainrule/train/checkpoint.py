"""Checkpoints: everything that the next step depends on, in one file that is either whole or not there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
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
    decided : str
        Why the policies ended the run; empty while they let it go on.
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
    decided: str = ""


# What lies in the file as JSON: each with its type and its least value.
_NUMBERS: Mapping[str, tuple[type, float]] = {
    "epoch": (int, 0),
    "number": (int, 0),
    "seconds": (float, 0.0),
    "rate_scale": (float, 0.0),
    "best_epoch": (int, 0),
}
_POSITION = (*_NUMBERS, "memories", "decided")
# No network has layers inside layers so often.
_DEEPEST = 50
_REMEDY = "Start the run anew, without `resume`."


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, replacing the old one only when the new one is complete."""
    from safetensors.numpy import save

    position = {name: getattr(checkpoint, name) for name in _POSITION}
    tensors = {f"params/{name}": value for name, value in leaves(checkpoint.params)}
    tensors |= {f"best/{name}": value for name, value in leaves(checkpoint.best or {})}
    tensors |= {f"state/{name}": value for name, value in checkpoint.state.items()}
    # safetensors writes an array that is not contiguous wrongly, without a word.
    tensors = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    replace_file(path, save(tensors, {"position": json.dumps(position)}))


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint back, bit for bit.

    Raises
    ------
    RunFolderError
        If it is damaged, or none.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(os.fspath(path), framework="numpy") as file:
            position = json.loads(file.metadata()["position"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError, MemoryError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error!s:.200}") from error
    if isinstance(position, dict) and "decided" not in position:
        # Before 2026-12 the reason of any end was noted down, an interruption too: what it was is not known any more.
        position = {name: value for name, value in position.items() if name != "reason"} | {"decided": ""}
    _require_position(path, position)
    parts: dict[str, dict[str, np.ndarray]] = {"params": {}, "best": {}, "state": {}}
    for name, value in tensors.items():
        kind, _, rest = name.partition("/")
        if kind not in parts or not rest or rest.count(".") > _DEEPEST:
            raise _damaged(path, f"an array called {name!r:.60}")
        parts[kind][rest] = value
    for named in (parts["params"], parts["best"]):
        inside = next((name for name in named if any(parent in named for parent in _parents(name))), None)
        if inside is not None:
            raise _damaged(path, f"an array called {inside!r:.60} inside another")
    best = nest(parts["best"]) if parts["best"] else None
    return Checkpoint(**position, params=nest(parts["params"]), best=best, state=parts["state"])


def _parents(name: str) -> Iterator[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def require_fit(checkpoint: Checkpoint, params: Params, n_policies: int) -> None:
    """Raise RunFolderError unless a checkpoint has weights of the shapes of `params`, and a memory for each policy."""
    require_alike("weights", checkpoint.params, params)
    if checkpoint.best is not None:
        require_alike("best weights", checkpoint.best, params)
    if len(checkpoint.memories) != n_policies:
        raise RunFolderError(
            f"a memory for each of {n_policies} policies in the checkpoint", f"{len(checkpoint.memories)}", _REMEDY
        )


def require_alike(what: str, tree: Params, like: Params) -> None:
    """Raise RunFolderError unless the arrays of a checkpoint have the names and shapes of those that they are for."""
    found, wanted = ({name: np.shape(value) for name, value in leaves(part)} for part in (tree, like))
    for name in wanted | found:
        if wanted.get(name) != found.get(name):
            expected = f"{what} in the checkpoint as this run has them: {name} of shape {wanted.get(name, 'none')}"
            raise RunFolderError(expected, f"shape {found.get(name, 'none')}", _REMEDY)


def _require_position(path: Path, position: Any) -> None:
    if not isinstance(position, dict) or set(position) != set(_POSITION):
        raise _damaged(path, f"a position of {sorted(position) if isinstance(position, dict) else position!r:.80}")
    for name, (kind, least) in _NUMBERS.items():
        value = position[name]
        right = type(value) is int if kind is int else type(value) in (int, float)
        if not right or not least <= value < 2**62:
            raise _damaged(path, f"{name} {value!r:.60}")
    memories = position["memories"]
    if not isinstance(memories, list) or not all(isinstance(memory, dict) for memory in memories):
        raise _damaged(path, f"memories {memories!r:.60}")
    if not isinstance(position["decided"], str):
        raise _damaged(path, f"decided {position['decided']!r:.60}")


def _damaged(path: Path, came: str) -> RunFolderError:
    return RunFolderError(f"a checkpoint at {path}", came, _REMEDY)
