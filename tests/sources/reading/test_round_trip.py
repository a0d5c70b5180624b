"""A table of random values, written in any dialect, notation and encoding, is read back as it was."""

from __future__ import annotations

import csv
import datetime
import io
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.sources.delimited import Wishes, read_text
from chainrule.sources.read import read_source

WORDS = ["red", "blue, or so", 'the "green" one', "ünï", "two\nlines", "semi;colon", "tab\there"]
ORDERS = {
    "day first": "%d/%m/%Y",
    "month first": "%m/%d/%Y",
    "ISO": "%Y-%m-%d",
    "dots": "%d.%m.%Y",
    "names": "%d-%b-%Y",
}
GROUPS = {".": ["", ",", "'", "\u00a0"], ",": ["", ".", "'", "\u00a0"]}


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Return columns of values, and how they are to be written."""
    n = draw(st.integers(12, 40))

    def many(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=n, max_size=n))

    columns = {
        # A fraction and a day that leave no doubt.
        "number": [1234.5, *many(st.integers(-(10**8), 10**8).map(lambda whole: whole / 4))],
        "whole": [1, *many(st.none() | st.integers(-(10**6), 10**6))],
        "flag": ["yes", "no", *many(st.sampled_from(["yes", "no", None]))][: n + 1],
        "when": [datetime.date(2023, 12, 25), *many(st.dates(datetime.date(1970, 1, 1), datetime.date(2100, 1, 1)))],
        "word": ["red", *many(st.sampled_from(WORDS))],
    }
    decimal = draw(st.sampled_from(".,"))
    return columns, {
        "delimiter": draw(st.sampled_from(",;\t|")),
        "decimal": decimal,
        "group": draw(st.sampled_from(GROUPS[decimal])),
        "minus": draw(st.sampled_from(["-", "\u2212"])),
        "order": draw(st.sampled_from(sorted(ORDERS))),
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])),
        "quote_all": draw(st.booleans()),
        "end": draw(st.sampled_from(["\n", "\r\n"])),
        "gap": draw(st.sampled_from(["", "NA", "?"])),
    }


def written(columns: dict[str, list[Any]], how: dict[str, Any]) -> bytes:
    """Return the text of a table."""

    def cell(value: Any) -> str:
        if value is None:
            return str(how["gap"])
        if isinstance(value, datetime.date):
            return value.strftime(ORDERS[how["order"]])
        if isinstance(value, str):
            return value
        text = f"{abs(value):,}".replace(",", "\x00").replace(".", how["decimal"]).replace("\x00", how["group"])
        return (how["minus"] if value < 0 else "") + text

    buffer = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if how["quote_all"] else csv.QUOTE_MINIMAL
    writer = csv.writer(buffer, delimiter=how["delimiter"], quoting=quoting, lineterminator=how["end"])
    writer.writerow(columns)
    writer.writerows([cell(value) for value in row] for row in zip(*columns.values(), strict=True))
    return buffer.getvalue().encode(how["encoding"])


def values(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """Return what was read, as what was written."""
    found = {}
    for name in frame.columns:
        cells = frame[name].astype(object).where(frame[name].notna(), None).tolist()
        found[str(name)] = [cell.date() if isinstance(cell, pd.Timestamp) else cell for cell in cells]
    return found


@settings(max_examples=60)
@given(tables())
def test_a_table_is_read_as_it_was_written(table: tuple[dict[str, list[Any]], dict[str, Any]]) -> None:
    columns, how = table
    assert values(read_text(Path("t.csv"), written(columns, how), Wishes()).frame) == columns


@settings(max_examples=20)
@given(tables(), st.data())
def test_a_row_is_the_same_alone(table: tuple[dict[str, list[Any]], dict[str, Any]], data: st.DataObject) -> None:
    columns, how = table
    whole = read_text(Path("t.csv"), written(columns, how), Wishes())
    row = data.draw(st.integers(0, len(whole.frame) - 1))
    alone = written({name: [cells[row]] for name, cells in columns.items()}, how)
    read = read_text(Path("t.csv"), alone, Wishes(names=tuple(columns), stored=whole.reading)).frame
    assert values(read) == {name: [cells[row]] for name, cells in columns.items()}


def test_a_column_may_be_called_as_an_argument_of_pandas_is(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("self,x\n" + "".join(f"{('true', 'false')[i % 2]},{i}.5\n" for i in range(40)))
    source = read_source(str(path))
    assert source.reading is not None
    again = source.reading.values_of(source.frame.astype({"self": str}), ["self", "x"])
    assert again["self"].tolist() == source.frame["self"].tolist()
