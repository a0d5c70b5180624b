"""Naive forecasts: the last value, and the value a season ago; who does not beat them has learned nothing of use."""

from __future__ import annotations

import numpy as np

from chainrule.encode.series.panel import Panel, Series
from chainrule.encode.series.windows import Windows, gathered

# What a table of scores calls them.
NAIVE, SEASONAL = "naive", "seasonal naive"


def naive(panel: Panel, windows: Windows, horizon: int) -> np.ndarray:
    """Return the last known value at every step (N, H) of each horizon."""
    last = gathered(windows, [_last_known(one) for one in panel.series], windows.origin[:, None])
    return np.repeat(last, horizon, axis=1)


def seasonal_naive(panel: Panel, windows: Windows, horizon: int, season: int) -> np.ndarray:
    """Return, for every step (N, H) of each horizon, the latest known value that is a whole number of seasons before it.

    Where there is none, because the series is shorter or has gaps there, it is the last known value.
    """
    found = naive(panel, windows, horizon)
    if season <= 1:
        return found
    for number in np.unique(windows.series):
        one, mine = panel.series[number], np.flatnonzero(windows.series == number)
        if len(mine):
            found[mine] = _seasons_before(one, windows.origin[mine], horizon, season, found[mine])
    return found


def _last_known(one: Series) -> np.ndarray:
    """Return for each step the last value up to it."""
    at = np.maximum.accumulate(np.where(np.isfinite(one.y), np.arange(len(one)), 0))
    values: np.ndarray = one.y[at]
    return values


def _seasons_before(one: Series, origin: np.ndarray, horizon: int, season: int, otherwise: np.ndarray) -> np.ndarray:
    """Return values a season before each step, looked for on the grid, and seasons further back where they are missing."""
    ahead = one.at[origin][:, None] + np.arange(1, horizon + 1)
    seasons = -(-np.arange(1, horizon + 1) // season)
    wanted = ahead - seasons * season
    found, open_ = otherwise.copy(), np.ones(wanted.shape, bool)
    while open_.any() and (wanted[open_] >= one.at[0]).any():
        place = np.clip(np.searchsorted(one.at, wanted), 0, len(one) - 1)
        there = open_ & (one.at[place] == wanted) & np.isfinite(one.y[place])
        found[there] = one.y[place][there]
        open_ &= ~there
        wanted = wanted - season
    return found
