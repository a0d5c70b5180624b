"""Notations: what a cell means is decided by all the cells of its column, and then by nothing beside it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from chainrule.errors import DataError, ModelFileError
from chainrule.sources.reading.notation import Date, Flag, Notation, Number, Text, notation_from_json
from chainrule.sources.reading.reading import TableReading
from chainrule.sources.source import Reading, Source, read_table
from tests.conftest import Write

NUMBERS: dict[str, tuple[str, str, list[float]]] = {
    "accounting": (",", '"(8,545.12)"|"17,614.74"|231.99', [-8545.12, 17614.74, 231.99]),
    "currency in front": (",", "USD 8545|USD 17615|USD 232", [8545, 17615, 232]),
    "currency behind": (",", "7.5 €|8 €|9.25€", [7.5, 8, 9.25]),
    "blanks between thousands": (",", "17\u00a0615|8\u202f545|232", [17615, 8545, 232]),
    "Swiss": (",", "17'615|8'545.50|232", [17615, 8545.5, 232]),
    "Indian": (",", '"12,34,567"|"1,00,000"|99', [1234567, 100000, 99]),
    "a minus of typography": (",", "\u22120.5|0.25|\u22127", [-0.5, 0.25, -7]),
    "percent": (",", "52.1%|3%|7.25 %", [52.1, 3, 7.25]),
    "a unit": (",", "5 kg|7.5 kg|12kg", [5, 7.5, 12]),
    "decimal commas": (";", "1,5|-2,25|3", [1.5, -2.25, 3]),
    "decimal commas in quotes": (",", '"2523,00"|"53,46"|"7,5"', [2523, 53.46, 7.5]),
    "decimal commas and thousands": (";", "1.234,5|12.345.678,25|7", [1234.5, 12345678.25, 7]),
    "nothing but three decimals behind a zero": (";", "0,512|4,123|7,440", [0.512, 4.123, 7.44]),
    "thousands with points": (";", "8.509|987|5.663", [8509, 987, 5663]),
    "three decimals behind a point": (",", "8.509|9.870|5.663", [8.509, 9.87, 5.663]),
    "powers of ten": (",", "1e5|1.5E-3|-2e+1", [1e5, 0.0015, -20]),
}


def column(write: Write, delimiter: str, cells: list[str], reading: Reading | None = None, n: int = 1) -> Source:
    """Return a table whose first column has some cells, each n times."""
    rows = [f"{cell}{delimiter}w{i}" for i, cell in enumerate(cells * n)]
    return read_table(write(f"a{delimiter}note\n" + "\n".join(rows) + "\n"), reading or Reading())


@pytest.mark.parametrize("what", NUMBERS)
def test_numbers_are_read_as_they_are_written(write: Write, what: str) -> None:
    delimiter, cells, wanted = NUMBERS[what]
    assert column(write, delimiter, cells.split("|")).frame["a"].tolist() == wanted


@pytest.mark.parametrize("what", NUMBERS)
def test_a_number_is_the_same_alone_by_the_notation_of_its_column(write: Write, what: str) -> None:
    delimiter, cells, wanted = NUMBERS[what]
    stored = column(write, delimiter, cells.split("|")).reading
    for cell, value in zip(cells.split("|"), wanted, strict=True):
        assert column(write, delimiter, [cell], Reading(stored=stored)).frame["a"].tolist() == [value]


def test_one_column_with_points_keeps_no_other_from_having_commas(write: Write) -> None:
    source = read_table(write("wert;abschnitt\n" + "".join(f"5{i},46;{i}.2\n" for i in range(9))))
    assert (source.frame["wert"][1], source.frame["abschnitt"][1]) == (51.46, 1.2)


def test_a_decimal_comma_is_remembered(write: Write) -> None:
    stored = column(write, ";", ["7,44", "5,1"]).reading
    assert column(write, ";", ["1,250", "2.125"], Reading(stored=stored)).frame["a"].tolist() == [1.25, 2125]


@pytest.mark.parametrize(("said", "value"), [({"decimal": "."}, 1234), ({"decimal": ","}, 1.234), ({}, 1.234)])
def test_the_person_can_say_what_a_comma_is(write: Write, said: dict[str, Any], value: float) -> None:
    assert column(write, ";", ["1,234", "2,345"], Reading(**said)).frame["a"][0] == value


DOUBTS = {
    "a comma before three digits": (";", ["1,234", "2,345"], "decimal"),
    "a point before three digits": (";", ["8.509", "987"], "decimal"),
    "decimal commas": (";", ["1,5", "2,25"], "decimal comma"),
    "day or month": (",", ["01/02/2012", "01/03/2012"], "day_first"),
    "years of two digits": (",", ["25.12.98", "24.12.04"], "two digits"),
    "time zones": (",", ["2024-01-05 10:00+02:00", "2024-01-06 10:00+02:00"], "clock of the place"),
    "more digits than float64 has": (",", ["12345678901234567", "12345678901234568"], "names"),
    "several units": (",", ["5 kg", "7 g", "8 kg"], "several units"),
    "codes like powers of ten": (",", ["12E4", "7E10", "33E2"], "powers of ten"),
    "a unit in some cells": (",", ["50%", "0.5", "70%"], "some have none"),
    "words for gaps": (",", ["1.5", "-", *["2.5"] * 30], "taken for gaps"),
    "errors of Excel": (",", ["1.5", "#DIV/0!", "2.5"], "taken for gaps"),
}


@pytest.mark.parametrize("what", DOUBTS)
def test_what_could_be_otherwise_is_told(write: Write, what: str) -> None:
    delimiter, cells, says = DOUBTS[what]
    assert says in " ".join(column(write, delimiter, cells).notes)


def test_a_clean_file_has_nothing_to_tell(write: Write) -> None:
    rows = "".join(
        f"{i}.5,2024-01-{i + 1:02d},{'red' if i % 2 else 'blue'},{'yes' if i % 3 else 'no'}\n" for i in range(28)
    )
    assert read_table(write("a,when,colour,label\n" + rows)).notes == []


@pytest.mark.parametrize("word", ["-", ".", "na", "none", "\\N", "(null)", "--", "#VALUE!", "unknown", "n.a."])
def test_a_word_for_a_gap_makes_no_text_of_a_column_of_numbers(write: Write, word: str) -> None:
    cells = column(write, ",", [f"{i}.5" for i in range(9)] + [word]).frame["a"]
    assert (cells.dtype.kind, cells.isna().sum()) == ("f", 1)


def test_a_word_for_a_gap_among_texts_is_a_text(write: Write) -> None:
    assert column(write, ",", ["red", "unknown", "-"]).frame["a"].tolist() == ["red", "unknown", "-"]


def test_an_odd_cell_among_numbers_is_a_gap_and_is_named_with_its_row_and_line(write: Write) -> None:
    source = column(write, ",", [f"{i}.5" for i in range(99)] + ["12.3.4"])
    odd = source.odd["a"]
    assert (odd.count, odd.cell, odd.row, odd.line, source.frame["a"].isna().sum()) == (1, "12.3.4", 100, 101, 1)
    assert any("'12.3.4' in row 100 (line 101)" in note for note in source.notes)


def test_one_cell_in_ten_that_is_no_number_makes_a_text_and_that_is_told(write: Write) -> None:
    source = column(write, ",", [*(f"{i}.5" for i in range(9)), "high"])
    assert source.frame["a"].tolist()[-1] == "high"
    assert any("a (9 of 10)" in note for note in source.notes)


DATES = {
    "monthly, with dots": (["01.02.2012", "01.11.2012"], ["2012-02-01", "2012-11-01"]),
    "slashes, one day beyond 12": (["25/12/2023", "01/02/2024"], ["2023-12-25", "2024-02-01"]),
    "slashes, one day second": (["12/25/2023", "01/02/2024"], ["2023-12-25", "2024-01-02"]),
    "names": (["31-Dec-2021", "1-Feb-2022"], ["2021-12-31", "2022-02-01"]),
    "names first": (['"Dec 31, 2021"', '"February 1, 2022"'], ["2021-12-31", "2022-02-01"]),
    "a German name": (["3. März 2021", "24. Dezember 2021"], ["2021-03-03", "2021-12-24"]),
    "times": (["2024-01-05 10:30", "2024-01-06T11:45:30.5"], ["2024-01-05 10:30", "2024-01-06 11:45:30.5"]),
    "half days": (["1/31/2024 3:04 PM", "2/1/2024 12:00 AM"], ["2024-01-31 15:04", "2024-02-01 00:00"]),
    "zones": (["2024-01-05 10:30+09:00", "2024-01-06 11:45Z"], ["2024-01-05 10:30", "2024-01-06 11:45"]),
    "times of day": (["12:48:13", "0:00:00"], ["1970-01-01 12:48:13", "1970-01-01"]),
    "months": (["01/2021", "12/2021"], ["2021-01-01", "2021-12-01"]),
    "names of months": (["Jan 2021", "Dec-2021"], ["2021-01-01", "2021-12-01"]),
    "zero dates": (["2024-01-05", "0000-00-00"], ["2024-01-05", "NaT"]),
}


@pytest.mark.parametrize("what", DATES)
def test_dates_are_read_as_they_are_written(write: Write, what: str) -> None:
    cells, wanted = DATES[what]
    read = column(write, ",", cells).frame["a"]
    assert [str(date) for date in read] == [str(pd.Timestamp(date)) for date in wanted]


def test_a_column_of_days_first_is_never_read_month_first(write: Write) -> None:
    stored = column(write, ",", ["25/12/2023", "01/02/2024"]).reading
    alone = column(write, ",", ["05/03/2024"], Reading(stored=stored)).frame["a"]
    assert alone[0] == pd.Timestamp("2024-03-05")


def test_a_date_in_the_other_order_is_odd_and_not_turned_round(write: Write) -> None:
    stored = column(write, ",", ["12/25/2023", "01/02/2024"]).reading
    source = column(write, ",", ["05/03/2024", "13/03/2024"], Reading(stored=stored))
    assert (source.frame["a"][0], source.odd["a"].cell) == (pd.Timestamp("2024-05-03"), "13/03/2024")


@pytest.mark.parametrize(
    ("cells", "date"),
    [
        (["20210115", "20211231"], "2021-01-15"),
        (["1999", "2004"], "1999-01-01"),
        (["1600000000", "1700000000"], "2020-09-13 12:26:40"),
        (["1600000000000", "1700000000000"], "2020-09-13 12:26:40"),
    ],
)
def test_whole_numbers_are_dates_where_the_person_says_so(write: Write, cells: list[str], date: str) -> None:
    assert column(write, ",", cells, Reading(kinds={"a": "date"})).frame["a"][0] == pd.Timestamp(date)


@pytest.mark.parametrize("cells", [["44197", "44300"], ["1.5", "2.5"]])
def test_numbers_that_are_no_dates_are_refused_as_dates(write: Write, cells: list[str]) -> None:
    with pytest.raises(DataError, match="dates in the column 'a'"):
        column(write, ",", cells, Reading(kinds={"a": "date"}))


def test_codes_like_powers_of_ten_stay_what_they_are(write: Write) -> None:
    assert column(write, ",", ["12E4", "7E10", "33E2"]).frame["a"].tolist() == ["12E4", "7E10", "33E2"]


WRITTEN = [
    ["3.1", "3.10", "3.2"],
    ["250.0", "250.00", "007.1"],
    ["12345678901234567", "", "12345678901234568"],
    ["1.0", "2.0", "low"],
]


@pytest.mark.parametrize("cells", WRITTEN)
def test_a_category_is_what_is_written(write: Write, cells: list[str]) -> None:
    read = column(write, ",", cells, Reading(kinds={"a": "category"})).frame["a"]
    assert [None if cell != cell else cell for cell in read] == [cell or None for cell in cells]


def test_words_for_true_and_false_are_those_of_training(write: Write) -> None:
    stored = column(write, ",", ["1", "0", "1"]).reading
    assert column(write, ",", ["True", "no", "", "2"], Reading(stored=stored)).frame["a"].tolist()[:2] == ["1", "0"]


def test_a_gap_changes_no_word_beside_it(write: Write) -> None:
    stored = column(write, ",", ["TRUE", "FALSE", "TRUE"]).reading
    read = column(write, ",", ["TRUE", "", "FALSE"], Reading(stored=stored)).frame["a"]
    assert (read[0], read.isna()[1], read[2]) == ("TRUE", True, "FALSE")


@pytest.mark.parametrize("mark", ["✓", "X", "•"])
def test_a_mark_or_nothing_is_yes_or_no_and_that_is_told(write: Write, mark: str) -> None:
    source = column(write, ",", [mark, "", "", mark])
    assert source.frame["a"].tolist() == [mark, "no", "no", mark]
    assert "a mark or nothing" in source.notes[0]
    assert column(write, ",", [""], Reading(stored=source.reading)).frame["a"].tolist() == ["no"]


def test_the_words_for_a_gap_can_be_said(write: Write) -> None:
    kept = column(write, ",", ["None", "NA", "x", ""], Reading(missing=()))
    assert kept.frame["a"].isna().tolist() == [False, False, False, True]
    left = column(write, ",", ["1.5", "-999", "-999.0", "2.5"], Reading(missing=("-999",)))
    assert left.frame["a"].isna().tolist() == [False, True, True, False]


def test_none_is_a_text_where_the_file_has_gaps_of_its_own(write: Write, tmp_path: Any) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": ["None", None, "Apnea"], "b": [1, 2, 3]}).to_parquet(path)
    assert read_table(path).frame["a"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_durations_are_seconds_in_whatever_unit_they_are_kept(tmp_path: Any, unit: str) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": pd.to_timedelta([1.5, 90], "s").astype(f"m8[{unit}]"), "b": [1, 2]}).to_parquet(path)
    assert read_table(path).frame["a"].tolist() == [1.5 if unit != "s" else 1, 90]


def test_whole_numbers_beyond_float64_in_parquet_stay_apart_beside_a_gap(tmp_path: Any) -> None:
    import pyarrow.parquet as pq

    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"shop": pa.array([2**60, 2**60 + 1, None]), "b": [1, 2, 3]}), path)
    assert read_table(path).frame["shop"].nunique() == 2


NOTATIONS = [
    Number(",", "€", odd=True),
    Date("day first", "clock"),
    Flag("ja", "nein", blank_is_false=True),
    Text(names=True),
]


@pytest.mark.parametrize("notation", NOTATIONS, ids=lambda notation: notation.kind)
def test_a_notation_survives_json(notation: Notation) -> None:
    assert notation_from_json(json.loads(json.dumps(notation.to_json()))) == notation


def test_a_reading_survives_json(write: Write) -> None:
    reading = column(write, ";", ["1,5", "2,25"]).reading
    assert reading is not None
    assert TableReading.from_json(json.loads(json.dumps(reading.to_json()))) == reading


DAMAGE: list[Any] = [
    None,
    {},
    {"kind": "pickle"},
    {"kind": "number"},
    Number().to_json() | {"decimal": "x"},
    Number().to_json() | {"odd": 1},
    Date().to_json() | {"form": "soon"},
    Text().to_json() | {"code": "import os"},
]


@pytest.mark.parametrize("data", DAMAGE)
def test_a_damaged_notation_is_refused(data: Any) -> None:
    with pytest.raises(ModelFileError):
        notation_from_json(data)


@pytest.mark.parametrize("data", [None, {}, {"dialect": {}, "columns": {}, "missing": []}])
def test_a_damaged_reading_is_refused(data: Any) -> None:
    with pytest.raises(ModelFileError):
        TableReading.from_json(data)


def test_numbers_of_a_million_rows_are_those_that_numpy_reads(write: Write) -> None:
    values = np.random.default_rng(0).normal(size=5000) * 10.0 ** np.random.default_rng(1).integers(-9, 9, 5000)
    read = column(write, ",", [repr(float(value)) for value in values]).frame["a"]
    np.testing.assert_array_equal(read, values)
