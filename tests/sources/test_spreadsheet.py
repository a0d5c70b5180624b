"""Workbooks: a sheet that openpyxl has written is read with its kinds of cells; several, and damaged ones, are refused."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from chainrule.errors import DataError
from chainrule.sources.read import read_source

openpyxl: Any = pytest.importorskip("openpyxl", reason="openpyxl is not installed")
N = 40


@pytest.fixture
def workbook() -> Any:
    book = openpyxl.Workbook()
    book.active.append(["Größe", "price", "when", "checked", "code", "land", "label"])
    for i in range(N):
        when = datetime.datetime(2024, 1, 1) + datetime.timedelta(days=i, hours=12 * (i % 2))
        book.active.append([i, i + 0.25, when, i % 2 == 0, f"{i:05}", ("NA", "DE", None)[i % 3], "ab"[i % 2]])
    return book


def saved(book: Any, tmp_path: Path) -> Path:
    path = tmp_path / "t.xlsx"
    book.save(path)
    return path


def test_cells_keep_what_they_are(workbook: Any, tmp_path: Path) -> None:
    source = read_source(str(saved(workbook, tmp_path)))
    first = source.frame.iloc[1].to_dict()
    assert first == {
        "Größe": 1,
        "price": 1.25,
        "when": pd.Timestamp(2024, 1, 2, 12),
        "checked": "False",
        "code": "00001",
        "land": "DE",
        "label": "b",
    }


def test_a_word_for_a_gap_is_told_as_in_a_text_table(workbook: Any, tmp_path: Path) -> None:
    source = read_source(str(saved(workbook, tmp_path)))
    assert source.frame["land"].isna().sum() == 27
    assert any("land (14, such as 'NA')" in note for note in source.notes)


def test_titles_and_empty_rows_above_the_header_are_left_out(workbook: Any, tmp_path: Path) -> None:
    workbook.active.insert_rows(1, 2)
    workbook.active["A1"] = "Report of the year"
    source = read_source(str(saved(workbook, tmp_path)))
    assert (source.frame["Größe"].tolist(), "above the header" in source.notes[0]) == (list(range(N)), True)


def test_of_several_sheets_with_cells_none_is_guessed(workbook: Any, tmp_path: Path) -> None:
    workbook.create_sheet("empty")
    assert len(read_source(str(saved(workbook, tmp_path)))) == N
    workbook.create_sheet("more").append(["a"])
    with pytest.raises(DataError, match="'Sheet', 'more'"):
        read_source(str(saved(workbook, tmp_path)))


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_damaged_workbook_is_refused(workbook: Any, tmp_path: Path, keep: float) -> None:
    path = saved(workbook, tmp_path)
    raw = bytearray(path.read_bytes())
    raw[int(keep * len(raw)) :] = b""
    path.write_bytes(bytes(raw))
    with pytest.raises(DataError, match="whole"):
        read_source(str(path))
