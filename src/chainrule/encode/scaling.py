"""Scaling: what is measured of a column of numbers, so that any unit, and any tail, comes within reach of a network."""

from __future__ import annotations

import numpy as np

# Where smooth clipping approaches its bounds, in the unit of the scaled number.
CLIP = 3.0
# A knot for so many rows, not fewer than the first and not more than the last.
_ROWS_A_KNOT, _FEWEST, _MOST = 30, 10, 1000
_LARGEST = float(np.finfo(float).max)


def robust(values: np.ndarray) -> tuple[float, float, bool]:
    """Return the median, the distance of the quartiles, and whether these fall together.

    Then, as of a column that is mostly zeros, half of the range stands for their distance; of equal values 0.
    Holzmüller, Grinsztajn & Steinwart, 2024, Better by default, section 3.
    """
    low, median, high = (float(q) for q in np.quantile(values, [0.25, 0.5, 0.75]))
    fall_together = low == high
    if fall_together:
        low, high = float(values.min()) / 2, float(values.max()) / 2
    # Halves, or the difference of the largest and the smallest float would overflow.
    return median, min(2 * (high / 2 - low / 2), _LARGEST), fall_together


def smoothly_clipped(y: np.ndarray) -> np.ndarray:
    """Return y / √(1 + (y / 3)²), which never leaves ± 3 (`nn.SmoothClip` has the same formula as a layer)."""
    clipped: np.ndarray = y / np.sqrt(1 + (y / CLIP) ** 2)
    return clipped


def normal_knots(values: np.ndarray) -> tuple[list[float], list[float]]:
    """Return points of the map that gives values the distribution N(0, 1): quantiles, and the normal deviates for them.

    Between two points the map is a line, outside them it stays. Where quantiles fall together, their deviates become
    the mean of them; of equal values that is 0.
    """
    from scipy.special import ndtri

    count = int(np.clip(len(values) // _ROWS_A_KNOT, _FEWEST, _MOST))
    share = (np.arange(count) + 0.5) / count
    quantiles, deviates = np.quantile(values, share), ndtri(share)
    knots, at = np.unique(quantiles, return_inverse=True)
    heights = np.bincount(at, deviates) / np.bincount(at) if len(knots) > 1 else np.zeros(1)
    return [float(knot) for knot in knots], [float(height) for height in heights]


def read_off(values: np.ndarray, knots: list[float], heights: list[float]) -> np.ndarray:
    """Return the map that `normal_knots` found, of values."""
    return np.asarray(np.interp(values, knots, heights))
