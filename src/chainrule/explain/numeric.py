"""By number: the slope of the cost at one weight, from four points around it, and what its rounding is worth."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from chainrule.explain.parts import Check

_STEPS = (1e-2, 1e-3, 1e-4, 1e-5)


def slope(cost: Callable[[float], float], scale: float = 1.0) -> tuple[float, float, float]:
    """Return dJ/dw at w by number, the step that was taken, and the round-off of the result.

    ::

        dJ/dw ≈ (J(w - 2h) - 8 J(w - h) + 8 J(w + h) - J(w + 2h)) / 12h

    Fourth order: its error is h⁴ J⁽⁵⁾ / 30. A large h bends, a small one drowns in rounding, and a kink (of a
    rectifier) may lie nearer than either; so four steps are tried, and those two neighbours decide that agree best.

    Parameters
    ----------
    cost : function
        J, for what is added to the weight.
    scale : float
        Size of the weight; the steps are in proportion where it is above 1.
    """
    found = []
    size = abs(cost(0.0))
    for part in _STEPS:
        h = part * max(1.0, abs(scale))
        values = [cost(factor * h) for factor in (-2.0, -1.0, 1.0, 2.0)]
        rounding = 2 * float(np.finfo(float).eps) * max(size, *map(abs, values)) / h
        found.append(((values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h), h, rounding))
    gaps = [abs(a[0] - b[0]) + b[2] for a, b in pairwise(found)]
    best = int(np.argmin(gaps))
    # Of the two that agree, the smaller step bends 10,000 times less.
    return found[best + 1]


def compare(analytic: float, cost: Callable[[float], float], scale: float = 1.0) -> Check:
    """Return the derivative by hand beside the one by number."""
    numeric, h, rounding = slope(cost, scale)
    largest = max(abs(analytic), abs(numeric))
    return Check(analytic, numeric, h, abs(analytic - numeric) / largest if largest else 0.0, rounding)
