"""Scores of forecasts: errors in the values' own unit and against a season ago, by step of the horizon and by series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chainrule.encode.series.encoding import SeriesEncoding
from chainrule.encode.series.panel import Panel
from chainrule.encode.series.windows import Windows
from chainrule.forecast.naive import NAIVE, SEASONAL, naive, seasonal_naive
from chainrule.train.metrics import label_of as metric_label

# What is measured, in the order that it is told, each with what people call it; less is better but of coverage.
LABELS = {"mae": "MAE", "rmse": "RMSE", "mase": "MASE", "smape": "sMAPE, %"}


@dataclass(frozen=True, eq=False)
class Scored:
    """Forecasts of one part beside the truth.

    Attributes
    ----------
    part : str
    panel : Panel
    windows : Windows
    truth, y : array (N, H)
        In the values' own unit.
    ends : array (N, C, H, 2)
        The intervals of each coverage; NaN where there are none.
    beside : mapping of str to array (N, H)
        The naive forecasts, by name.
    """

    part: str
    panel: Panel
    windows: Windows
    truth: np.ndarray
    y: np.ndarray
    ends: np.ndarray
    beside: Mapping[str, np.ndarray]

    @property
    def error(self) -> np.ndarray:
        """Forecast minus truth (N, H)."""
        return np.asarray(self.y - self.truth)


def scored(part: str, encoding: SeriesEncoding, panel: Panel, windows: Windows, outputs: np.ndarray) -> Scored:
    """Return forecasts beside the truth and the naive ones, given the network's outputs (N, H or H Q)."""
    level, scale = encoding.levels(panel, windows)
    y = level[:, None] + scale[:, None] * encoding.points(outputs)
    ends = level[:, None, None, None] + scale[:, None, None, None] * encoding.intervals(outputs)
    horizon = encoding.horizon
    beside = {NAIVE: naive(panel, windows, horizon)}
    if encoding.season > 1:
        beside[SEASONAL] = seasonal_naive(panel, windows, horizon, encoding.season)
    return Scored(part, panel, windows, encoding.truth(panel, windows), y, ends, beside)


def scores(encoding: SeriesEncoding, seen: Scored, y: np.ndarray | None = None) -> dict[str, float]:
    """Return the scores of the forecasts, or of others for the same horizons.

    MASE is the mean absolute error over that of the seasonal-naive forecast of one step on the training times of each series
    (Hyndman & Koehler, 2006); a series that did not move then has none. sMAPE is the mean of 200 |error| / (|y| + |t|).
    """
    error = seen.error if y is None else y - seen.truth
    forecast = seen.y if y is None else y
    found = {"mae": float(np.abs(error).mean()), "rmse": float(np.sqrt(np.square(error).mean()))}
    unit = np.array([encoding.errors.get(one.name, 0.0) for one in seen.panel.series])[seen.windows.series]
    if (unit > 0).any():
        found["mase"] = float((np.abs(error[unit > 0]) / unit[unit > 0, None]).mean())
    size = np.abs(forecast) + np.abs(seen.truth)
    if (size > 0).any():
        found["smape"] = float(200 * (np.abs(error)[size > 0] / size[size > 0]).mean())
    return found


def covered(encoding: SeriesEncoding, seen: Scored) -> dict[str, float]:
    """Return the share of values inside the interval of each coverage, by its name; none where there are no intervals."""
    found = {}
    for c, share in enumerate(encoding.coverage):
        low, high = seen.ends[:, c, :, 0], seen.ends[:, c, :, 1]
        if np.isfinite(low).all():
            found[coverage_name(share)] = float(((seen.truth >= low) & (seen.truth <= high)).mean())
    return found


def coverage_name(share: float) -> str:
    """Return what the share inside an interval is called: `inside_80`."""
    return f"inside_{100 * share:g}"


def label_of(name: str) -> str:
    """Return what people see of a score."""
    if name.startswith("inside_"):
        return f"inside the {name.removeprefix('inside_')} % interval"
    return LABELS.get(name) or metric_label(name)


def table_of(encoding: SeriesEncoding, parts: Mapping[str, Scored]) -> dict[str, dict[str, float]]:
    """Return the scores of each part and, on the last of them, of the naive forecasts."""
    found = {name: scores(encoding, seen) | covered(encoding, seen) for name, seen in parts.items()}
    last = list(parts.values())[-1]
    return found | {name: scores(encoding, last, y) for name, y in last.beside.items()}
