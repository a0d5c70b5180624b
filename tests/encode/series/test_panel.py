"""Panels: rows become series in the order of their times; doubles are refused, gaps known, and the future begins where values end."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.series.panel import Layout, extended, panel_of
from chainrule.errors import DataError

ONE, MANY = Layout("y", "t"), Layout("y", "t", "who")


def table(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_rows_in_disorder_are_sorted_by_time_and_told() -> None:
    panel = panel_of(table(t=[3, 1, 2, 4], y=[30.0, 10, 20, 40]), ONE)
    assert panel.series[0].y.tolist() == [10, 20, 30, 40]
    assert panel.series[0].rows.tolist() == [1, 2, 0, 3]
    assert "sorted by it" in panel.notes[0]


def test_the_rows_of_each_group_are_a_series_however_they_are_mixed() -> None:
    panel = panel_of(table(t=[1, 1, 2, 2, 3], y=[1.0, 10, 2, 20, 3], who=list("ababa")), MANY)
    assert {one.name: one.y.tolist() for one in panel.series} == {"a": [1, 2, 3], "b": [10, 20]}


def test_the_same_time_twice_is_refused_with_the_rows() -> None:
    with pytest.raises(DataError, match=r"the same time in rows 2 and 4.*`group`"):
        panel_of(table(t=[1, 2, 3, 2], y=[1.0, 2, 3, 4]), ONE)
    with pytest.raises(DataError, match=r"rows 1 and 3 of the series 'a'"):
        panel_of(table(t=[1, 1, 1], y=[1.0, 2, 3], who=["a", "b", "a"]), MANY)


def test_a_gap_is_a_jump_that_is_told_and_can_be_filled_with_missing_values() -> None:
    rows = table(t=[1, 2, 5, 6, 7], y=[1.0, 2, 5, 6, 7])
    split = panel_of(rows, ONE)
    assert "2 steps of 1 are missing at 1 places" in split.notes[0]
    filled = panel_of(rows, Layout("y", "t", gaps="fill")).series[0]
    assert filled.rows.tolist() == [0, 1, -1, -1, 2, 3, 4]
    assert np.isnan(filled.y).tolist() == [False, False, True, True, False, False, False]
    assert filled.times.tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_a_gap_too_long_to_be_filled_is_refused() -> None:
    with pytest.raises(DataError, match="short enough to be filled"):
        panel_of(table(t=[1, 2, 1_000_000], y=[1.0, 2, 3]), Layout("y", "t", gaps="fill"))


def test_irregular_times_are_refused_unless_rows_are_steps() -> None:
    rows = table(t=[1.0, 2, 3, 3.7, 5], y=[1.0, 2, 3, 4, 5])
    with pytest.raises(DataError, match=r"`step_by=rows`"):
        panel_of(rows, ONE)
    assert panel_of(rows, Layout("y", "t", step_by="rows")).series[0].at.tolist() == [0, 1, 2, 3, 4]


def test_values_may_be_missing_but_not_infinite_and_no_texts() -> None:
    assert "1 values of 'y' are missing" in panel_of(table(t=[1, 2, 3], y=[1.0, np.nan, 3]), ONE).notes[0]
    for bad in (np.inf, "much"):
        with pytest.raises(DataError, match=f"{bad!r} in row 2"):
            panel_of(table(t=[1, 2, 3], y=pd.Series([1.0, bad, 3.0], dtype=object)), ONE)


def test_the_name_of_a_series_may_not_be_missing() -> None:
    with pytest.raises(DataError, match="an empty cell in row 2"):
        panel_of(table(t=[1, 2], y=[1.0, 2], who=["a", None]), MANY)


def test_the_future_begins_after_the_last_value_and_keeps_the_rows_it_has() -> None:
    panel = panel_of(table(t=[1, 2, 3, 4, 6], y=[1.0, 2, 3, np.nan, np.nan]), ONE)
    one = extended(panel.series[0], panel.clock, 4)
    assert one.times.tolist() == [1, 2, 3, 4, 5, 6, 7]
    # Row 4 (index 3) and row 5 (index 4) know something of the future; steps 5 and 7 have no row.
    assert one.rows.tolist() == [0, 1, 2, 3, -1, 4, -1]
    assert np.isnan(one.y[3:]).all()


def test_a_series_without_any_value_has_no_future() -> None:
    panel = panel_of(table(t=[1, 2], y=[np.nan, np.nan]), ONE)
    with pytest.raises(DataError, match="a series with values"):
        extended(panel.series[0], panel.clock, 1)
