"""Sub-steps: one batch taken apart into forward, cost, backward and update, with its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.playground.trainer import Trainer
from chainrule.tree import leaves

PHASES = ("forward", "cost", "backward", "update")
# Numbers of one array, and rows of the batch, that a person can still look at.
_MOST_NUMBERS = 2000
_MOST_ROWS = 20

_TEXTS = {
    "forward": "Each layer computes y from its x: weighted sums plus bias, then the activation.",
    "cost": "The outputs y are compared with the targets t: the cost J is their mean over the batch.",
    "backward": "Each layer takes ∂J/∂y, gives ∂J/∂W and ∂J/∂b of its own, and hands ∂J/∂x to the layer before it.",
    "update": "Every weight takes its step against its derivative.",
}


@dataclass(frozen=True, eq=False)
class Anatomy:
    """A batch that has been looked at but not learned from yet.

    Attributes
    ----------
    rows : int array
        Of the training part.
    record : dict
        Every number of the pass by name, as `network.trace` has them; gradients with the penalty's part.
    """

    rows: np.ndarray
    record: dict[str, np.ndarray]
    cost: float


def dissect(trainer: Trainer) -> Anatomy:
    """Return all numbers of the batch that comes next, with the noise that its step will have."""
    rows = trainer.next_rows()
    batch = trainer.batch(rows)
    ctx = trainer.next_context()
    with np.errstate(all="ignore"):
        record = trainer.network.trace(NUMPY, trainer.params, batch, ctx)
        cost, grads = trainer.objective.loss_and_grads(NUMPY, trainer.params, batch, ctx)
        costs, _ = trainer.network.loss.each(NUMPY, record["a"], batch.t)
    record = {name: np.array(value) for name, value in record.items()}
    for path, value in leaves(grads):
        layer, _, leaf = path.rpartition(".")
        record[f"{layer}.d{leaf}"] = np.array(value)
    record["Jn"] = costs
    return Anatomy(rows, record, float(cost))


def phase_values(anatomy: Anatomy, phase: str, trainer: Trainer) -> dict[str, Any]:
    """Return the numbers that belong to one phase, as lists: arrays with a row for each sample are cut to a few."""
    record = anatomy.record
    parameters = {path for path, _ in leaves(trainer.params)}
    gradients = {f"{path.rpartition('.')[0]}.d{path.rpartition('.')[2]}" for path in parameters}
    if phase == "forward":
        names = [name for name in record if name in ("x", "a", "y") or name.endswith(".y")]
    elif phase == "cost":
        names = ["y", "t", "Jn", "J"]
    elif phase == "backward":
        names = [name for name in record if name in ("da", "dx") or name in gradients or name.endswith((".dy", ".dx"))]
    else:
        names = sorted(parameters)
    values: dict[str, Any] = {}
    for name in names:
        array = np.asarray(record[name], dtype=np.float64)
        if name not in parameters and name not in gradients and array.ndim:
            array = array[:_MOST_ROWS]
        if array.size <= _MOST_NUMBERS:
            values[name] = array.tolist()
    if phase == "update":
        after = {f"{path} new": value for path, value in leaves(trainer.params) if value.size <= _MOST_NUMBERS}
        values |= {name: np.asarray(value, np.float64).tolist() for name, value in after.items()}
    return values


def text_of(phase: str) -> str:
    """Return what happens in a phase, in a sentence."""
    return _TEXTS[phase]


def next_phase(phase: str) -> str:
    """Return the phase after this one."""
    return PHASES[(PHASES.index(phase) + 1) % len(PHASES)] if phase else PHASES[0]
