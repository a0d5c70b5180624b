"""Column kinds, inferred from cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.sources.kinds import as_dates, as_numbers, cells_as_text, infer_kind

WORDS = [f"w{i}" for i in range(60)]
KINDS: dict[str, tuple[str, list[Any], str]] = {
    "measurements": ("numeric", [1.5, 2.5, 3.0], "x"),
    "few whole numbers": ("numeric", [1, 2, 3, 2, 1], "x"),
    "numbers as text": ("numeric", ["1", "2.5", "-3e2"], "x"),
    "numbers with gaps": ("numeric", [1.0, None, 3.0], "x"),
    "zero and one": ("boolean", [0, 1, 1, 0], "x"),
    "true and false": ("boolean", [True, False, True], "x"),
    "yes and no": ("boolean", ["Yes", "no", "no"], "x"),
    "y and n": ("boolean", ["Y", "N", None], "x"),
    "two other words": ("category", ["male", "female", "male"], "x"),
    "one and two": ("numeric", [1, 2, 1], "x"),
    "colours": ("category", ["red", "green", "blue"] * 9, "x"),
    "many that repeat": ("category", (WORDS * 3)[:-1], "x"),
    "named identifier": ("identifier", [3 * i for i in range(30)], "PassengerId"),
    "an identifier in capitals": ("identifier", [7 * i for i in range(30)], "ID"),
    "row count": ("identifier", list(range(100, 130)), "n"),
    "short row count": ("numeric", list(range(10)), "n"),
    "all different words": ("identifier", [f"A{i}" for i in range(50)], "x"),
    "iso dates": ("date", ["2024-01-05", "2024-02-06", "2024-03-07"], "x"),
    "dates with times": ("date", ["2024-01-05 10:00", "2024-01-06T11:30:00Z"], "x"),
    "dates with slashes": ("date", ["5/1/2024", "6/2/2024", "7/3/2024"], "x"),
    "timestamps": ("date", [pd.Timestamp("2024-01-05"), pd.Timestamp("2024-02-05")], "x"),
    "sentences": ("text", [f"the {i} quick brown foxes" for i in range(30)], "x"),
    "nothing": ("constant", [None, None], "x"),
    "one value": ("constant", ["a", "a", None], "x"),
}


@pytest.mark.parametrize("what", KINDS)
def test_a_column_is_taken_for_what_it_is(what: str) -> None:
    kind, cells, name = KINDS[what]
    assert infer_kind(pd.Series(cells, name=name)).kind == kind


@pytest.mark.parametrize("what", KINDS)
def test_a_reason_is_always_given(what: str) -> None:
    _, cells, name = KINDS[what]
    assert infer_kind(pd.Series(cells, name=name)).reason


@pytest.mark.parametrize("cells", [[3], [3.0], ["3"], [" 3 "]])
def test_three_is_one_text_in_whatever_type_it_came(cells: list[Any]) -> None:
    assert cells_as_text(pd.Series(cells)).tolist() == ["3"]


def test_a_whole_number_is_the_same_text_beside_a_fraction() -> None:
    assert cells_as_text(pd.Series([0.5, 1.0])).tolist()[1] == cells_as_text(pd.Series([1.0, 2.0])).tolist()[0]


def test_a_missing_cell_is_no_text() -> None:
    assert cells_as_text(pd.Series(["a", None])).isna().tolist() == [False, True]


def test_nullable_whole_numbers_become_floats() -> None:
    numbers = as_numbers(pd.Series([1, None], dtype="Int64"))
    assert numbers.dtype == float
    assert np.isnan(numbers[1])


def test_nullable_booleans_become_floats() -> None:
    assert as_numbers(pd.Series([True, None], dtype="boolean")).tolist()[0] == 1.0


@pytest.mark.parametrize("zone", ["", "Z", "+02:00", " UTC", "-0530"])
def test_a_date_is_what_the_clock_of_the_place_showed(zone: str) -> None:
    assert as_dates(pd.Series([f"2024-01-05T02:00:00{zone}"]))[0] == pd.Timestamp("2024-01-05 02:00")


def test_a_column_of_dates_is_never_read_in_two_ways() -> None:
    assert as_dates(pd.Series(["05/03/2024", "13/03/2024"])).isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("cell", "number"),
    [("$1,200", 1200.0), ("-$3.50", -3.5), ("52.1%", 52.1), ("1,234,567.5", 1234567.5), ("€ 7", 7.0), ("7 €", 7.0)],
)
def test_money_and_percent_are_numbers(cell: str, number: float) -> None:
    assert as_numbers(pd.Series([cell, "2"])).tolist() == [number, 2.0]


@pytest.mark.parametrize("cell", ["1,20", "12,34,5", "$", "%", "1-2", "1.2.3", "x1"])
def test_what_only_resembles_a_number_is_none(cell: str) -> None:
    assert as_numbers(pd.Series([cell])).isna().all()


def test_digits_with_a_leading_zero_are_names() -> None:
    assert infer_kind(pd.Series(["01", "02", "10", "01"], name="month")).kind == "category"
