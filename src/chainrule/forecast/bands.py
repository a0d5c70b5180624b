"""Bands: prediction intervals from the errors of forecasts that were made for times after training."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Bands = tuple[tuple[tuple[float, float], ...], ...]


def bands_of(residuals: np.ndarray, coverage: Sequence[float]) -> Bands:
    """Return for each coverage and step how far below and above a forecast the interval ends.

    The ends are quantiles of the residuals of that step, a little outside those of the sample, as many residuals as there are
    allow (Vovk et al., 2005: ⌈(n + 1) q⌉ of n; of too few, the largest). Residuals of neighbouring times are alike, so the true
    coverage of new ones is near what is asked, not sure to be above it.

    Parameters
    ----------
    residuals : array (N, H)
        Truth minus forecast, in scales of the series.
    coverage : sequence of float
        Shares of values to be inside.
    """
    ordered = np.sort(residuals, axis=0)
    n = len(ordered)
    found = []
    for share in coverage:
        tail = (1 - share) / 2
        high = min(n, math.ceil((n + 1) * (1 - tail))) - 1
        low = max(1, math.floor((n + 1) * tail)) - 1
        ends = [(float(down), float(up)) for down, up in zip(ordered[low], ordered[high], strict=True)]
        found.append(tuple(ends))
    return tuple(found)
