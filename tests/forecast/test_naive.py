"""Naive forecasts by hand: the last known value, and that of a season before, never one that was not known yet."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chainrule.encode.series.panel import Layout, Panel, panel_of
from chainrule.encode.series.windows import Windows
from chainrule.forecast.naive import naive, seasonal_naive


def panel(y: list[float], t: list[int] | None = None) -> Panel:
    return panel_of(pd.DataFrame({"t": t or list(range(len(y))), "y": y}), Layout("y", "t"))


def at(*origin: int) -> Windows:
    return Windows(np.zeros(len(origin), int), np.array(origin))


def test_the_last_known_value_is_said_for_every_step() -> None:
    one = panel([1, 2, np.nan, 4, 5, 6])
    assert naive(one, at(1, 2, 3), 2).tolist() == [[2, 2], [2, 2], [4, 4]]


def test_a_season_ago_is_said_and_beyond_a_season_the_season_before() -> None:
    one = panel([10, 20, 30, 11, 21, 31, 0, 0, 0, 0, 0])
    # From step 5 on, with a season of 3: 11, 21, 31, and again.
    assert seasonal_naive(one, at(5), 5, 3).tolist() == [[11, 21, 31, 11, 21]]


def test_a_missing_value_a_season_ago_is_that_of_two_seasons_ago_and_else_the_last() -> None:
    one = panel([10, 20, 30, 11, np.nan, 31, 0, 0, 0])
    assert seasonal_naive(one, at(5), 3, 3).tolist() == [[11, 20, 31]]
    assert seasonal_naive(panel([10, np.nan, 30, 0, 0, 0]), at(2), 3, 3).tolist() == [[10, 30, 30]]


def test_a_season_is_counted_on_the_clock_and_not_in_rows() -> None:
    # Step 3 is missing: a season of 3 before step 6 there is nothing, so it is step 0.
    one = panel([10, 20, 30, 21, 31, 99, 99], [0, 1, 2, 4, 5, 6, 7])
    assert seasonal_naive(one, at(4), 2, 3).tolist() == [[10, 21]]


def test_nothing_after_the_origin_is_read() -> None:
    y = [float(i * i) for i in range(30)]
    later = [value if i <= 12 else -1e9 for i, value in enumerate(y)]
    for season in (1, 4, 7, 40):
        one, other = (seasonal_naive(panel(values), at(12), 9, season) for values in (y, later))
        assert one.tolist() == other.tolist()
