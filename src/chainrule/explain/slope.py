"""Slope: the derivative of the cost by one number, measured, with an error bar of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

EPSILON = float(np.finfo(np.float64).eps)
# How many standard deviations of rounding an error bar is wide.
SAFETY = 8.0
# A slope is told if its error bar is no wider than this share of it: two digits.
TOLD = 0.01
# Steps, as powers of two of the size of the number: a quarter each time, as long as rounding lets them be of use.
_STEPS = tuple(2.0**-power for power in range(3, 38, 2))
# Nearer than this, nothing can be told from the number itself.
_NEAR = 2.0**-40
_SPACINGS = tuple(2.0**-power for power in (40, 32, 24, 16, 8, 3))


@dataclass(frozen=True)
class Point:
    """The cost at one place, and on which pieces of their formulas its parts were there (see `Layer.branches`)."""

    cost: float
    piece: bytes = b""


Look = Callable[[float], Point]


@dataclass(frozen=True)
class Slope:
    """A measured derivative.

    Attributes
    ----------
    value, error : float
        The derivative is within `error` of `value`.
    step : float
        How far away the cost was looked at.
    rounding : float
        The noise of the cost, measured.
    sides : (float, float) or None
        The slopes below and above the place, if a part of the cost has a kink there; `value` is then their mean.
    """

    value: float
    error: float
    step: float
    rounding: float
    sides: tuple[float, float] | None = None

    @property
    def is_told(self) -> bool:
        """Whether two digits of it are known."""
        return self.error <= TOLD * abs(self.value)


def measure(look: Look, size: float = 1.0, noise: float = 0.0) -> Slope:
    """Return dJ/dw by number, with its error.

    ::

        D(h) = (J(w + h) - J(w - h)) / 2h                F(h) = (16 D(h) - D(4h)) / 15
        error = |F(h) - F(4h)| + 8 noise / h + |K(h)| / 2

    F is of fourth order. A large h bends and a small one drowns in rounding, so that h is taken whose error is least:
    what F changed by is more than what is still wrong with it, and the noise of J is measured (see `rounding_of`). A
    step counts only if the cost is on the same pieces there as at w. Kinks of what does not say its pieces show in
    K(h), the difference between the slopes of both sides as h goes to 0. Where both sides together tell less than two
    digits, each is measured alone.

    Parameters
    ----------
    look : function
        J and its pieces, for what is added to w.
    size : float
        Of w; steps are in proportion where it is above 1.
    noise : float
        How much J is known to be rounded by, at least.
    """
    # A power of two, so that w + h is exact.
    size = 2.0 ** math.ceil(math.log2(max(1.0, abs(size)))) if math.isfinite(size) else 1.0
    with np.errstate(all="ignore"):
        here = look(0.0)
        if not math.isfinite(here.cost):
            return Slope(math.nan, math.inf, 0.0, math.nan)
        rounding = max(noise, EPSILON * abs(here.cost), rounding_of(look, size))
        both = _best(_central(look, here, size), rounding, size)
        if both.is_told:
            return both
        below, above = (_best(_one_sided(look, here, size, sign), rounding, size) for sign in (-1.0, 1.0))
        gap = abs(below.value - above.value)
        # Of a kink at w itself, what both sides tell together is wrong by half of it.
        parted = both.error > gap / 4 and gap > below.error + above.error
        if parted or _changes_here(look, here, size):
            mean = (below.value + above.value) / 2
            return Slope(mean, max(gap / 2, below.error, above.error), above.step, rounding, (below.value, above.value))
        return min(both, below, above, key=lambda slope: slope.error)


def rounding_of(look: Look, size: float = 1.0) -> float:
    """Return the standard deviation of the noise of J, from a table of differences of values that are very near.

    Moré & Wild, 2011, Estimating computational noise, algorithm ECnoise: high differences of a smooth function vanish,
    those of noise do not. Where most neighbours are equal, J moves in stairs, and is looked at in wider spacing.
    """
    stair = 0.0
    for part in _SPACINGS:
        points = [look(place * part * size) for place in range(-4, 5)]
        values = np.array([point.cost for point in points])
        if not np.isfinite(values).all() or len({point.piece for point in points}) > 1:
            return stair
        moves = np.abs(np.diff(values))
        if 2 * np.count_nonzero(moves) > moves.size:
            return max(stair, *(_deviation(values, order) for order in (4, 5, 6)))
        # One stair is as much as J is rounded by, and the next spacing may already be too wide to tell stairs from a bend.
        stair = max(stair, float(np.min(moves, where=moves > 0, initial=math.inf)) if moves.any() else 0.0)
    return stair


def _deviation(values: np.ndarray, order: int) -> float:
    differences = np.diff(values, order)
    gamma = math.factorial(order) ** 2 / math.factorial(2 * order)
    return float(np.sqrt(gamma * np.mean(differences**2)))


@dataclass(frozen=True)
class _Estimate:
    """A slope at one step: its value before and after extrapolation, and half of a jump between both sides."""

    step: float
    plain: float
    better: float | None
    half_jump: float = 0.0


def _central(look: Look, here: Point, size: float) -> Iterator[_Estimate | None]:
    """Yield D and F from large steps to small ones; None where a step leaves the pieces on which w lies."""
    before: tuple[float, float] | None = None
    for part in _STEPS:
        h = part * size
        up, down = look(h), look(-h)
        if not (_is_usable(up, here) and _is_usable(down, here)):
            before = None
            yield None
            continue
        D, jump = (up.cost - down.cost) / (2 * h), (up.cost - 2 * here.cost + down.cost) / h
        better, half_jump = None, 0.0
        if before is not None:
            better, half_jump = (16 * D - before[0]) / 15, abs(4 * jump - before[1]) / 6
        before = (D, jump)
        yield _Estimate(h, D, better, half_jump)


def _one_sided(look: Look, here: Point, size: float, sign: float) -> Iterator[_Estimate | None]:
    """Yield the slope of one side, from large steps to small ones, as far as its pieces are those right beside w."""
    beside = look(sign * _NEAR * size)
    found: list[float] = []
    for part in _STEPS:
        h = part * size
        there = look(sign * h)
        if not _is_usable(there, beside):
            found = []
            yield None
            continue
        found.append(sign * (there.cost - here.cost) / h)
        better = None
        if len(found) > 2:
            near, far = ((4 * found[-at] - found[-at - 1]) / 3 for at in (1, 2))
            better = (16 * near - far) / 15
        yield _Estimate(h, found[-1], better)


def _best(estimates: Iterator[_Estimate | None], rounding: float, size: float) -> Slope:
    """Return the estimate of the least error."""
    best = Slope(0.0, math.inf, 0.0, rounding)
    last: float | None = None
    last_change = 0.0
    for estimate in estimates:
        if estimate is None:
            last, last_change = None, 0.0
            continue
        noise = 2 * SAFETY * rounding / estimate.step
        if noise > best.error:
            break
        if estimate.better is None:
            continue
        value = estimate.better
        change = abs(value - (estimate.plain if last is None else last))
        # Two that agree by accident have a third before them that does not.
        error = max(change, last_change / 16) + noise + estimate.half_jump + EPSILON * abs(value) * size / estimate.step
        last, last_change = value, change
        if error < best.error:
            best = Slope(value, error, estimate.step, rounding)
    return best


def _is_usable(there: Point, where: Point) -> bool:
    return math.isfinite(there.cost) and there.piece == where.piece


def _changes_here(look: Look, here: Point, size: float) -> bool:
    """Whether another piece begins at w itself, as near as can be told."""
    return any(look(sign * _NEAR * size).piece != here.piece for sign in (-1.0, 1.0))
