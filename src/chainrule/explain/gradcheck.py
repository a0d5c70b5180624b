"""check_gradients: the gradient of every parameter beside the slope of the cost, by number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.constraints import Range
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError
from chainrule.explain.address import write
from chainrule.explain.check import Check, Verdict
from chainrule.explain.ground import Ground, ground_of, one_of
from chainrule.explain.notation import figure
from chainrule.network.network import Network
from chainrule.train.objective import Objective, Supervised
from chainrule.tree import leaf, leaves, map_leaves
from chainrule.types import PREDICT, Batch, Context, Params, as_dense


@dataclass(frozen=True)
class ParameterCheck:
    """One parameter's gradient by hand and by number.

    Attributes
    ----------
    name : str
        Such as `hidden1.W`.
    along : Check
        Along one random direction through all of its numbers at once, so that none is left out.
    worst : str
        The address of the single number, of those that were looked at, that agrees least.
    at_worst : Check
        Of that number.
    looked_at : int
        How many single numbers there were.
    n_agree : int
        How many of these agree; of the others that do not differ nothing can be told.
    """

    name: str
    along: Check
    worst: str
    at_worst: Check
    looked_at: int
    n_agree: int

    @property
    def verdict(self) -> Verdict:
        """What differs anywhere differs; what agrees somewhere and differs nowhere agrees."""
        verdicts = {self.along.verdict, self.at_worst.verdict}
        if "differs" in verdicts:
            return "differs"
        return "agrees" if self.along.agrees or self.n_agree else "cannot be told"

    @property
    def agrees(self) -> bool:
        """Whether the gradient is the slope, as far as can be told, and something can."""
        return self.verdict == "agrees"


@dataclass(frozen=True)
class GradientCheck:
    """All parameters of a network."""

    parameters: tuple[ParameterCheck, ...]

    @property
    def verdict(self) -> Verdict:
        """`differs` if a parameter does; `agrees` if all agree."""
        verdicts = [parameter.verdict for parameter in self.parameters]
        if "differs" in verdicts:
            return "differs"
        return "cannot be told" if "cannot be told" in verdicts else "agrees"

    @property
    def agrees(self) -> bool:
        """Whether every gradient is the slope."""
        return self.verdict == "agrees"

    def __str__(self) -> str:
        """Return a table: each parameter along a direction and at its worst number, derived and measured, and why not."""
        head = ("parameter", "", "derived", "measured", "verdict")
        rows = [head]
        for p in self.parameters:
            worst = f"{p.worst}, worst of {p.looked_at}" if p.looked_at > 1 else p.worst
            for name, where, check in ((p.name, "along a direction", p.along), ("", worst, p.at_worst)):
                rows.append((name, where, figure(check.analytic, 8), check.measured, check.sentence))
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        )


def check_gradients(
    objective: Network | Objective,
    params: Params,
    batch: Batch,
    *,
    context: Context = PREDICT,
    entries: int = 10,
    seed: int = 0,
) -> GradientCheck:
    """Compare the gradient of every parameter with the slope of the cost, in float64.

    Parameters
    ----------
    objective : Network or Objective
        Whose `loss_and_grads` is checked: a network, or `train.Supervised(network, penalty)`.
    params : tree
    batch : Batch
    context : Context
        With a key, the same noise is drawn for every cost.
    entries : int
        How many single numbers of each parameter are looked at.
    seed : int
        Draws them, and the directions.
    """
    if not Range(int, 1).accepts(entries):
        raise ConfigError("entries to be a whole number of at least 1", f"{entries!r}", "Leave it out for 10.")
    if isinstance(objective, Network):
        objective = Supervised(objective)
    batch = batch.map(_float64)
    objective.check(batch)
    moving = map_leaves(lambda value: np.array(value, dtype=np.float64), params)
    _, grads = objective.loss_and_grads(NUMPY, moving, batch, context)
    ground = ground_of(objective, moving, batch, context)
    rng = np.random.default_rng(seed)
    return GradientCheck(
        tuple(
            _check(ground, name, np.asarray(as_dense(NUMPY, leaf(grads, name))), entries, rng)
            for name, _ in leaves(moving)
        )
    )


def _check(ground: Ground, name: str, gradient: np.ndarray, entries: int, rng: np.random.Generator) -> ParameterCheck:
    direction = rng.normal(size=gradient.shape)
    direction /= max(float(np.linalg.norm(direction)), 1e-300)
    along = ground.check(float((gradient * direction).sum()), name, direction)
    chosen = rng.permutation(gradient.size)[:entries]
    found = []
    for flat in chosen:
        index = tuple(int(i) for i in np.unravel_index(int(flat), gradient.shape))
        one = one_of(ground.params, name, index)
        found.append((ground.check(float(gradient[index]), name, one), write(name, index)))
    worst, address = max(found, key=_badness)
    return ParameterCheck(name, along, address, worst, len(chosen), sum(check.agrees for check, _ in found))


def _badness(found: tuple[Check, str]) -> tuple[bool, bool, float]:
    check, _ = found
    return check.verdict == "differs", not check.agrees, check.relative_error or 0.0


def _float64(values: Any) -> np.ndarray:
    """Return numbers as float64; ids stay whole numbers."""
    dense = np.asarray(values.toarray() if hasattr(values, "toarray") else values)
    return dense if dense.dtype.kind in "iu" else dense.astype(np.float64)
