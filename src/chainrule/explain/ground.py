"""Ground: the cost around the weights that a network has, to be looked at from there in any direction."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.explain.check import Check, judged
from chainrule.explain.shake import shaken_gradients
from chainrule.explain.slope import EPSILON, SAFETY, Look, Point, Slope, measure
from chainrule.network.network import Network
from chainrule.train.objective import Objective, Piecewise
from chainrule.tree import leaf, map_leaves
from chainrule.types import Array, Batch, Context, Params, as_dense


@dataclass(frozen=True, eq=False)
class Ground:
    """A cost, and the place from which it is looked at.

    Parameters
    ----------
    cost : function
        From parameters to the cost and its pieces.
    params : tree
        Where one stands, in float64.
    shaken : function, optional
        From parameters to the costs and gradients of some passes with other rounding (see `explain.shake`).
    """

    cost: Callable[[Params], Point]
    params: Params
    shaken: Callable[[Params], Iterable[tuple[float, Params]]] | None = None

    @cached_property
    def _passes(self) -> list[tuple[float, Params]]:
        with np.errstate(all="ignore"):
            return list(self.shaken(self.params)) if self.shaken is not None else []

    @cached_property
    def rounding(self) -> float:
        """How far the cost moves where every number on the way to it is moved in its last digit."""
        costs = [cost for cost, _ in self._passes] or [0.0]
        spread = max(costs) - min(costs)
        return spread if math.isfinite(spread) else 0.0

    def slack(self, name: str, direction: np.ndarray) -> float:
        """How far the derivative itself may be from the right one by its rounding: so far it moves with the last digits."""
        found = [float((as_dense(NUMPY, leaf(grads, name)) * direction).sum()) for _, grads in self._passes] or [0.0]
        spread = max(found) - min(found)
        return SAFETY * spread if math.isfinite(spread) else 0.0

    @cached_property
    def least(self) -> float:
        """The rounding of the terms that the cost is made of, however small their sum has become.

        They are as large as the cost of parameters that know nothing: zeros.
        """
        with np.errstate(all="ignore"):
            cost = self.cost(map_leaves(np.zeros_like, self.params)).cost
        return EPSILON * abs(cost) if math.isfinite(cost) else 0.0

    def slope(self, name: str, direction: np.ndarray) -> Slope:
        """Return the slope of the cost along a direction of one parameter, by number."""
        return measure(self._along(name, direction), self.size(name, direction), self.rounding)

    def check(self, derived: float, name: str, direction: np.ndarray) -> Check:
        """Return a derivative along a direction of one parameter, beside what is measured there."""
        return self.judged(derived, self.slope(name, direction), name, direction)

    def judged(self, derived: float, slope: Slope, name: str, direction: np.ndarray) -> Check:
        """Return the verdict on a derivative along a direction whose slope was measured."""
        return judged(derived, slope, self.size(name, direction), self.least, self.slack(name, direction))

    def size(self, name: str, direction: np.ndarray) -> float:
        """How far along the direction is as much as the largest of the numbers that move."""
        largest = float(np.abs(leaf(self.params, name)).max(initial=0.0, where=direction != 0))
        return max(1.0, largest / (float(np.abs(direction).max(initial=0.0)) or 1.0))

    def _along(self, name: str, direction: np.ndarray) -> Look:
        moving = map_leaves(np.array, self.params)
        array, start = leaf(moving, name), leaf(self.params, name)

        def look(change: float) -> Point:
            array[...] = start + change * direction
            return self.cost(moving)

        return look


def ground_of(objective: Objective, params: Params, batch: Batch, context: Context) -> Ground:
    """Return the ground of an objective's cost of a batch."""

    def cost(params: Params) -> Point:
        if isinstance(objective, Piecewise):
            J, branches = objective.cost_and_branches(NUMPY, params, batch, context)
            return Point(float(J), piece(branches))
        return Point(float(objective.loss_and_grads(NUMPY, params, batch, context)[0]))

    def shaken(params: Params) -> Iterator[tuple[float, Params]]:
        network = getattr(objective, "network", None)
        return shaken_gradients(network, params, batch, context) if isinstance(network, Network) else iter(())

    return Ground(cost, map_leaves(lambda value: np.array(value, dtype=np.float64), params), shaken)


def piece(branches: Iterable[Array]) -> bytes:
    """Return a fingerprint of branches; nothing where there are none."""
    seen = hashlib.blake2b(digest_size=16)
    empty = True
    for branch in branches:
        seen.update(np.ascontiguousarray(branch).tobytes())
        empty = False
    return b"" if empty else seen.digest()


def one_of(params: Params, name: str, index: tuple[int, ...]) -> np.ndarray:
    """Return the direction in which one number alone moves."""
    direction = np.zeros(np.shape(leaf(params, name)))
    direction[index] = 1
    return direction
