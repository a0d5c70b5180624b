"""Clock: the step of times is found, goes on into the future as a calendar does, and what is off the grid is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.series.clock import Clock, fit_clock
from chainrule.errors import DataError, ModelFileError


def dates(*texts: str) -> np.ndarray:
    return pd.to_datetime(list(texts)).to_numpy().astype("datetime64[us]").astype(np.int64).astype(float)


def ranged(start: str, n: int, freq: str) -> np.ndarray:
    return pd.date_range(start, periods=n, freq=freq).to_numpy().astype("datetime64[us]").astype(np.int64).astype(float)


CASES = [
    ("hours", "h", "1 hour", 24),
    ("quarters of an hour", "15min", "15 minutes", 96),
    ("minutes", "min", "1 minute", 60),
    ("days", "D", "1 day", 7),
    ("weekdays", "B", "1 weekday", 5),
    ("weeks", "7D", "7 days", 52),
    ("months by their first day", "MS", "1 month", 12),
    ("months by their last day", "ME", "1 month", 12),
    ("quarters by their last day", "QE", "3 months", 4),
    ("years", "YS", "1 year", 1),
]


@pytest.mark.parametrize(("name", "freq", "step", "season"), CASES, ids=[case[0] for case in CASES])
def test_a_regular_calendar_is_found_and_gone_on_with(name: str, freq: str, step: str, season: int) -> None:
    whole = ranged("2023-01-02" if freq not in ("MS", "YS") else "2023-01-01", 60, freq)
    clock = fit_clock([whole[:40]], is_date=True)
    assert (clock.describe(), clock.season) == (step, season)
    at = clock.positions(whole)
    assert np.diff(at).tolist() == [1] * 59
    # The future is what the calendar says, across ends of months, leap days and weekends.
    assert clock.times(at[39] + 1 + np.arange(20)).tolist() == whole[40:].tolist()


def test_the_thirtieth_of_each_month_is_the_last_day_of_a_february() -> None:
    clock = fit_clock([dates("2023-11-30", "2023-12-30", "2024-01-30", "2024-02-29", "2024-03-30")], is_date=True)
    assert clock.unit == "months"
    assert clock.written(clock.times(clock.positions(dates("2025-01-30")) + 1)) == ["2025-02-28"]


def test_numbers_have_the_commonest_step_and_gaps_are_jumps() -> None:
    clock = fit_clock([np.array([0.0, 0.1, 0.2, 0.5, 0.6])], is_date=False)
    assert np.diff(clock.positions(np.array([0.0, 0.1, 0.2, 0.5, 0.6]))).tolist() == [1, 1, 3, 1]


def test_missing_days_are_jumps_and_not_another_step() -> None:
    days = np.delete(ranged("2024-01-01", 30, "D"), [5, 6, 20])
    clock = fit_clock([days], is_date=True)
    assert clock.describe() == "1 day"
    assert sorted(np.diff(clock.positions(days)).tolist())[-2:] == [2, 3]


def test_a_time_between_the_steps_is_refused_with_its_neighbour() -> None:
    times = ranged("2024-01-01", 20, "h")
    times[7] += 60e6
    with pytest.raises(DataError, match=r"2024-01-01 07:01 after 2024-01-01 06:00"):
        fit_clock([times], is_date=True)


def test_a_later_table_must_be_on_the_grid_of_training() -> None:
    clock = fit_clock([ranged("2024-01-01", 20, "h")], is_date=True)
    with pytest.raises(DataError, match="1 hour apart, as in training"):
        clock.positions(ranged("2024-03-01 00:30", 3, "h"))


def test_series_of_one_time_each_have_no_step() -> None:
    with pytest.raises(DataError, match="at least two times"):
        fit_clock([np.array([1.0]), np.array([5.0])], is_date=False)


def test_a_clock_survives_json_and_a_damaged_one_is_refused() -> None:
    clock = fit_clock([ranged("2024-01-31", 9, "ME")], is_date=True)
    assert Clock.from_json(clock.to_json()) == clock
    for name, value in (("unit", "eval"), ("step", 0.0), ("step", float("nan")), ("day", 99), ("is_date", 1)):
        with pytest.raises(ModelFileError):
            Clock.from_json({**clock.to_json(), name: value})
