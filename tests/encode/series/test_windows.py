"""Windows: none crosses a gap or a series, none is in a part that its horizon does not wholly lie in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.encode.series.panel import Layout, Panel, panel_of
from chainrule.encode.series.windows import Cuts, Windows, all_windows, cuts_at, gathered, horizon_times, parted
from chainrule.errors import DataError

LAYOUT = Layout("y", "t", "who")


def panel(*lengths: int, drop: tuple[int, ...] = (), missing: tuple[int, ...] = ()) -> Panel:
    frames = [
        pd.DataFrame({"t": np.arange(n), "y": 100.0 * i + np.arange(n), "who": f"s{i}"}) for i, n in enumerate(lengths)
    ]
    frame = pd.concat(frames, ignore_index=True)
    frame.loc[list(missing), "y"] = np.nan
    return panel_of(frame.drop(index=list(drop)).reset_index(drop=True), LAYOUT)


def brute(one: Panel, window: int, horizon: int) -> set[tuple[str, int]]:
    """Every (series, last known time) whose steps before and after all are there, found step by step."""
    found = set()
    for series in one.series:
        values = dict(zip(series.times.tolist(), series.y.tolist(), strict=True))
        for time in values:
            history = [values.get(time - k) for k in range(window)]
            future = [values.get(time + k) for k in range(1, horizon + 1)]
            if (
                None in history
                or None in future
                or np.isnan(np.array(future)).any()
                or np.isnan(np.array(history)).all()
            ):
                continue
            found.add((series.name, int(time)))
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 14), min_size=1, max_size=3), st.integers(1, 4), st.integers(1, 3),
    st.sets(st.integers(0, 13), max_size=4), st.sets(st.integers(0, 13), max_size=4),
)  # fmt: skip
def test_the_windows_are_those_found_step_by_step(
    lengths: list[int], window: int, horizon: int, drop: set[int], missing: set[int]
) -> None:
    n = sum(lengths)
    lengths = [*lengths, 6]
    one = panel(*lengths, drop=tuple(i for i in drop if i < n), missing=tuple(i for i in missing if i < n))
    windows = all_windows(one, window, horizon)
    found = {
        (one.series[s].name, int(one.series[s].times[o])) for s, o in zip(windows.series, windows.origin, strict=True)
    }
    assert found == brute(one, window, horizon)


def test_a_window_is_in_the_part_that_its_whole_horizon_lies_in() -> None:
    one = panel(20)
    parts = parted(one, all_windows(one, 3, 2), 2, Cuts(9.0, 14.0))
    ends = {name: [time.tolist() for time in horizon_times(one, part, 2)] for name, part in parts.items()}
    assert max(ends["train"][1]) == 9
    assert (min(ends["valid"][0]), max(ends["valid"][1])) == (10, 14)
    assert (min(ends["test"][0]), max(ends["test"][1])) == (15, 19)
    # Those on both sides of a cut (9 | 10 and 14 | 15) are in none.
    assert sum(len(part) for part in parts.values()) == len(all_windows(one, 3, 2)) - 2


def test_the_cuts_leave_shares_of_the_times_and_a_horizon_at_least() -> None:
    assert cuts_at(panel(100), 0.2, 0.2, 5) == Cuts(59.0, 79.0)
    assert cuts_at(panel(100), 0.02, 0.02, 5) == Cuts(89.0, 94.0)
    assert cuts_at(panel(100), 0.0, 0.2, 5) == Cuts(79.0, 79.0)
    with pytest.raises(DataError, match="each of a horizon of 5 steps"):
        cuts_at(panel(10), 0.2, 0.2, 5)


def test_the_cut_is_at_the_same_time_for_every_series() -> None:
    one = panel(100, 60)
    parts = parted(one, all_windows(one, 3, 2), 2, cuts_at(one, 0.2, 0.2, 2))
    # The shorter series ends where training does: none of it is tested.
    assert set(parts["test"].series.tolist()) == {0}
    assert set(parts["train"].series.tolist()) == {0, 1}


def test_what_lies_beyond_a_series_is_never_that_of_the_next() -> None:
    one = panel(5, 5)
    values = [series.y for series in one.series]
    assert gathered(Windows(np.array([1]), np.array([2])), values, np.array([[0, 4]])).tolist() == [[100, 104]]
    for steps in ([[0, 5]], [[-1, 0]]):
        with pytest.raises(IndexError):
            gathered(Windows(np.array([0]), np.array([2])), values, np.array(steps))
