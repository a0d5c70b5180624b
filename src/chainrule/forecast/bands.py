"""Bands: prediction intervals from the errors of forecasts that were made for times after training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from chainrule.encode.series.encoding import SeriesEncoding
from chainrule.encode.series.panel import Panel
from chainrule.encode.series.windows import Windows

# (1 - 0.8) / 2 is a little less than 0.1.
_ROUNDED = 1e-9

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
        high = min(n, math.ceil((n + 1) * (1 - tail) - _ROUNDED)) - 1
        low = max(1, math.floor((n + 1) * tail + _ROUNDED)) - 1
        ends = [(float(down), float(up)) for down, up in zip(ordered[low], ordered[high], strict=True)]
        found.append(tuple(ends))
    return tuple(found)


def banded(encoding: SeriesEncoding, panel: Panel, windows: Windows, outputs: np.ndarray) -> SeriesEncoding:
    """Return the encoding with the intervals that the errors of these outputs call for; one of quantiles needs none."""
    if encoding.quantiles:
        return encoding
    residuals = np.asarray(encoding.targets(panel, windows) - encoding.points(outputs), float)
    return replace(encoding, bands=bands_of(residuals, encoding.coverage))
