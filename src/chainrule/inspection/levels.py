"""Levels: the few values that a column of cells is grouped by, whatever its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chainrule.sources.kinds import as_numbers, cells_as_text

if TYPE_CHECKING:
    import pandas as pd

_LEVELS = 16


def levels(column: pd.Series, kind: str) -> np.ndarray:
    """Return which level each cell lies at (N,): numbers and dates by their quantiles, others by themselves; 0 is a gap."""
    if kind in ("numeric", "date"):
        numbers = as_seconds(column).to_numpy() if kind == "date" else as_numbers(column).to_numpy()
        known = np.isfinite(numbers)
        if not known.any():
            return np.zeros(len(numbers), int)
        edges = np.unique(np.quantile(numbers[known], np.linspace(0, 1, _LEVELS + 1)[1:-1]))
        return np.where(known, 1 + np.searchsorted(edges, numbers, side="right"), 0)
    import pandas as pd

    codes, _ = pd.factorize(cells_as_text(column))
    return codes + 1


def as_seconds(column: pd.Series) -> pd.Series:
    """Return dates as seconds since 1970, NaN where there is none."""
    import pandas as pd

    from chainrule.sources.kinds import as_dates

    dates = as_dates(column)
    return ((dates - pd.Timestamp(0)) / pd.Timedelta(seconds=1)).astype(float)


def explained(level: np.ndarray, values: np.ndarray) -> float:
    """Return the share of the variance of values (N,) or (N, K) that the means of their levels explain."""
    values = values.reshape(len(values), -1)
    spread = float(values.var(axis=0).sum())
    if spread <= 0:
        return 0.0
    counts = np.bincount(level)
    means = np.stack([np.bincount(level, column) for column in values.T], axis=1) / np.maximum(counts, 1)[:, None]
    between = counts @ np.square(means - values.mean(axis=0)) / len(level)
    return float(between.sum()) / spread
