"""check_gradients: the gradient of every parameter beside the slope of the cost, by number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.constraints import Range
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError
from chainrule.explain.address import write
from chainrule.explain.numeric import compare
from chainrule.explain.parts import Check
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
        The address of the single number, of those that were looked at, whose relative error is largest.
    at_worst : Check
        Of that number.
    looked_at : int
        How many single numbers there were.
    """

    name: str
    along: Check
    worst: str
    at_worst: Check
    looked_at: int

    @property
    def agrees(self) -> bool:
        """Whether both checks agree."""
        return self.along.agrees and self.at_worst.agrees


@dataclass(frozen=True)
class GradientCheck:
    """All parameters of a network."""

    parameters: tuple[ParameterCheck, ...]

    @property
    def agrees(self) -> bool:
        """Whether every gradient is the slope."""
        return all(parameter.agrees for parameter in self.parameters)

    def __str__(self) -> str:
        """Return a table: name, relative error along a direction, the worst number and its relative error."""
        head = ("parameter", "along a direction", "worst of", "at", "relative error", "")
        rows = [
            (p.name, f"{p.along.relative_error:.1e}", str(p.looked_at), p.worst, f"{p.at_worst.relative_error:.1e}",
             "agrees" if p.agrees else "DOES NOT AGREE")
            for p in self.parameters
        ]  # fmt: skip
        widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in [head, *rows]
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
    rng = np.random.default_rng(seed)
    names = [name for name, _ in leaves(moving)]
    return GradientCheck(
        tuple(
            _check(
                objective, moving, batch, context, name, np.asarray(as_dense(NUMPY, leaf(grads, name))), entries, rng
            )
            for name in names
        )
    )


def _check(
    objective: Objective,
    moving: Params,
    batch: Batch,
    context: Context,
    name: str,
    gradient: np.ndarray,
    entries: int,
    rng: np.random.Generator,
) -> ParameterCheck:
    array = leaf(moving, name)
    start = array.copy()

    def along(direction: np.ndarray) -> Check:
        def cost(change: float) -> float:
            array[...] = start + change * direction
            J, _ = objective.loss_and_grads(NUMPY, moving, batch, context)
            array[...] = start
            return float(J)

        return compare(float((gradient * direction).sum()), cost)

    direction = rng.normal(size=array.shape)
    everywhere = along(direction / max(float(np.linalg.norm(direction)), 1e-300))
    chosen = rng.permutation(array.size)[:entries]
    found = []
    for flat in chosen:
        index = tuple(int(i) for i in np.unravel_index(int(flat), array.shape))
        one = np.zeros(array.shape)
        one[index] = 1
        found.append((along(one), write(name, index)))
    worst, address = max(found, key=lambda pair: (not pair[0].agrees, pair[0].relative_error))
    return ParameterCheck(name, everywhere, address, worst, len(chosen))


def _float64(values: Any) -> np.ndarray:
    """Return numbers as float64; ids stay whole numbers."""
    dense = np.asarray(values.toarray() if hasattr(values, "toarray") else values)
    return dense if dense.dtype.kind in "iu" else dense.astype(np.float64)
