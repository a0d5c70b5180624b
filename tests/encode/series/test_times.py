"""Times of a column: dates and numbers as they are written, zones on one clock, and what is no time refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.series.times import read_times
from chainrule.errors import DataError


def column(*cells: object) -> pd.Series:
    return pd.Series(list(cells), name="when")


def as_dates(values: np.ndarray) -> list[str]:
    return [str(value) for value in values.astype(np.int64).astype("datetime64[us]").astype("datetime64[m]")]


def test_numbers_stay_numbers_and_years_among_them() -> None:
    times = read_times(column(1700, 1701, 1703))
    assert not times.is_date
    assert times.values.tolist() == [1700, 1701, 1703]


def test_dates_in_digits_are_read_and_told() -> None:
    times = read_times(column(19580329, 19580405))
    assert as_dates(times.values) == ["1958-03-29T00:00", "1958-04-05T00:00"]
    assert "yyyymmdd" in times.notes[0]


def test_a_zone_that_all_share_leaves_the_clock_as_it_is() -> None:
    times = read_times(column("2024-01-01T00:00+01:00", "2024-01-01T01:00+01:00"))
    assert as_dates(times.values) == ["2024-01-01T00:00", "2024-01-01T01:00"]
    assert times.notes == []


def test_zones_that_differ_are_brought_to_utc_so_that_a_summer_hour_is_no_gap() -> None:
    # From winter to summer time the clock of the place jumps from 02:00 to 03:00; an hour has passed all the same.
    cells = ["2024-03-31T00:00+01:00", "2024-03-31T01:00+01:00", "2024-03-31T03:00+02:00", "2024-03-31T04:00+02:00"]
    times = read_times(column(*cells))
    assert np.diff(times.values).tolist() == [3600e6] * 3
    assert as_dates(times.values)[0] == "2024-03-30T23:00"
    assert "UTC" in times.notes[0]


def test_times_with_and_without_a_zone_are_refused_together() -> None:
    with pytest.raises(DataError, match="a zone behind every time"):
        read_times(column("2024-01-01T00:00Z", "2024-01-01T01:00"))


def test_a_day_that_comes_first_is_found_by_the_days_that_no_month_has() -> None:
    assert as_dates(read_times(column("01/02/2024", "13/02/2024")).values)[0] == "2024-02-01T00:00"
    assert as_dates(read_times(column("01/02/2024", "02/02/2024"), day_first=True).values)[0] == "2024-02-01T00:00"
    told = read_times(column("01/02/2024", "02/02/2024"))
    assert as_dates(told.values)[0] == "2024-01-02T00:00"
    assert "month first" in told.notes[0]


def test_typed_dates_with_a_zone_are_brought_to_utc() -> None:
    stamps = pd.Series(
        pd.to_datetime(["2024-07-01 12:00", "2024-07-01 13:00"]).tz_localize("Europe/Berlin"), name="when"
    )
    assert as_dates(read_times(stamps).values) == ["2024-07-01T10:00", "2024-07-01T11:00"]


@pytest.mark.parametrize(
    ("cells", "came"),
    [
        (("2024-01-01", None), "an empty cell in row 2"),
        (("2024-01-01", "soon"), "'soon' in row 2"),
        ((1.0, np.inf), "inf in row 2"),
        (("2024-01-01", "2024-02-30"), "'2024-02-30' in row 2"),
    ],
)
def test_what_is_no_time_is_named_with_its_row(cells: tuple[object, ...], came: str) -> None:
    with pytest.raises(DataError, match=came):
        read_times(column(*cells))
