"""Explaining a model on a table: derivations of its weights, with the settings that it was trained with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.encode.encoder import Findings
from chainrule.encode.target import require_column
from chainrule.errors import ConfigError, DataError
from chainrule.explain import Derivation, derive, derive_output
from chainrule.job.build import build_optimizer
from chainrule.job.config import SHARED, config_from
from chainrule.job.predict import open_model, read_for
from chainrule.job.settings import read_run
from chainrule.nn import Penalty
from chainrule.optim import Rule
from chainrule.saved.model import Model
from chainrule.sources.source import Reading
from chainrule.tree import leaves

ROWS = 10
_OUTPUT = re.compile(r"\s*output\s*\[\s*-?\d+\s*\]\s*")


@dataclass(frozen=True, eq=False)
class Explained:
    """Derivations, and notes for the person."""

    derivations: tuple[Derivation, ...]
    notes: list[str] = field(default_factory=list)


def explain_table(
    path: Path,
    data: str,
    weights: Sequence[str],
    *,
    row: int | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
    max_terms: int = 40,
    reading: Reading | None = None,
    member: int | None = None,
) -> Explained:
    """Return the derivation of each of `weights` on rows of a table.

    Parameters
    ----------
    path : Path
        Of a model file, or of the folder of a run, whose optimizer, learning rate and penalty are then used.
    weights : list of str
        `hidden1.W[0,2]`, or `output[1]` for a logit.
    row : int, optional
        The one row, from 0, that the cost is of.
    batch : int, optional
        How many rows, from the first, the cost is the mean over: 10 if neither is given.
    member : int, optional
        Of an ensemble, the network that is looked at, counted from 1; an ensemble needs it.
    """
    model = _network_of(open_model(path), member)
    _check_asked(model, weights, row, batch)
    source = read_for(model, data, reading or Reading())
    require_column(model.prepared_by.target.name, [str(name) for name in source.frame.columns], source.name)
    rows = _rows(len(source.frame), source.name, row, batch)
    part, findings = source.take(rows), Findings()
    x = model.prepared_by.inputs(part.frame, findings, samples=part.samples)
    t = model.prepared_by.targets(part.frame)
    settings, notes = _settings(path)
    if learning_rate is not None:
        settings["learning_rate"] = learning_rate
    names = {"inputs": tuple(model.prepared_by.features), "outputs": tuple(model.classes)}
    common: dict[str, Any] = {"first_row": int(rows[0]), "max_terms": max_terms, **names}
    derivations = tuple(
        derive_output(model, weight, x, t, **common)
        if _OUTPUT.fullmatch(weight)
        else derive(model, weight, x, t, **common, **settings)
        for weight in weights
    )
    prepared = "x and t are what the network reads and aims for: scaled and encoded as for its training"
    return Explained(derivations, [*source.notes, *findings.lines(), *notes, prepared])


def _network_of(model: Model, member: int | None) -> Model:
    """Return the model, or of an ensemble the one network that is asked for."""
    if member is not None:
        return model.member(member)
    if model.n_members:
        of = model.summary.get("ensemble")
        first = of["members"][0]["member"] if isinstance(of, dict) and of.get("members") else "the first"
        raise ConfigError(
            f"one of the {model.n_members} networks of this ensemble, to explain",
            "none",
            f"Name it, `member=1` for example: {first}, on the first fold.",
        )
    return model


def _check_asked(model: Model, weights: Sequence[str], row: int | None, batch: int | None) -> None:
    if not weights:
        known = [f"{name} {np.shape(value)}" for name, value in leaves(model.params)]
        raise ConfigError(
            "`weights`, such as `weights=hidden1.W[0,2]` or, for a logit, `weights=output[1]`",
            "none",
            f"The parameters of this model: {', '.join(known[:20])}{' …' if len(known) > 20 else ''}.",
        )
    if row is not None and batch is not None:
        raise ConfigError("`row` or `batch`", "both", "Leave one of them out.")


def _rows(n: int, name: str, row: int | None, batch: int | None) -> np.ndarray:
    if n == 0:
        raise DataError(f"rows in {name}", "none", "Give a table with rows in it.")
    if row is not None:
        if not 0 <= row < n:
            raise DataError(f"`row` from 0 to {n - 1} of {name}", f"{row}", "Rows count from 0.")
        return np.array([row])
    if batch is not None and batch < 1:
        raise ConfigError("`batch` of at least 1", f"{batch}", "Leave it out for the first 10 rows.")
    return np.arange(min(n, ROWS if batch is None else batch))


def _settings(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Return the rule, the learning rate and the penalty of the run that the model lies in."""
    file = path / "config.toml"
    if not path.is_dir() or not file.exists():
        return {}, []
    # What kind of network it is stands in the model file; a recipe of somebody's own need not be known here.
    config = config_from({name: value for name, value in read_run(file).items() if name in SHARED})
    found: dict[str, Any] = {"penalty": Penalty(config.l1, config.l2 or 0.0, config.normalised_penalty)}
    if config.learning_rate is not None:
        found["learning_rate"] = config.learning_rate
    optimizer = build_optimizer(config)
    if isinstance(optimizer, Rule):
        return found | {"rule": optimizer}, []
    return found, ["the run used lbfgs, which moves all weights at once: the update shown is gradient descent's"]
