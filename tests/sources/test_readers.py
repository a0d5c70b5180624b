"""Readers: the first entry that knows DATA reads it; tables in zips and folders, spreadsheets, and a reader of one's own."""

from __future__ import annotations

import bz2
import json
import lzma
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from chainrule.errors import ConfigError, DataError
from chainrule.sources import spreadsheet
from chainrule.sources.read import read_source
from chainrule.sources.readers import READERS, Reader, register_reader
from chainrule.sources.source import Source
from tests.conftest import Write

TABLE = "a,label\n" + "".join(f"{i}.5,{'uv'[i % 2]}\n" for i in range(20))


def packed(path: Path, **members: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return path


@pytest.mark.parametrize("name", ["t_dot_csv", "archive__t_dot_csv", "t_dot_tsv"])
def test_the_only_table_of_a_zip_is_read(tmp_path: Path, name: str) -> None:
    content = TABLE.replace(",", "\t") if "tsv" in name else TABLE
    source = read_source(str(packed(tmp_path / "a.zip", **{name: content, "readme_dot_txt": "no table"})))
    assert (list(source.frame.columns), len(source)) == (["a", "label"], 20)


def test_several_tables_of_a_zip_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"2: test.csv, train.csv|2: train.csv, test.csv"):
        read_source(str(packed(tmp_path / "a.zip", train_dot_csv=TABLE, test_dot_csv=TABLE)))


def test_the_only_table_of_a_folder_is_read_and_several_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "kaggle"
    folder.mkdir()
    (folder / "train.csv").write_text(TABLE)
    assert len(read_source(str(folder))) == 20
    (folder / "test.csv").write_text(TABLE)
    with pytest.raises(DataError, match="one table in kaggle"):
        read_source(str(folder))


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress])
def test_a_packed_table_is_known_by_its_content(write: Write, pack: Any) -> None:
    assert len(read_source(str(write(pack(TABLE.encode()), "t.dat")))) == 20


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress])
def test_a_packed_table_that_is_cut_is_refused(write: Write, pack: Any) -> None:
    with pytest.raises(DataError, match="to be a whole"):
        read_source(str(write(pack(TABLE.encode() * 50)[:-20], "t.dat")))


@pytest.fixture
def workbook(tmp_path: Path) -> str:
    return str(packed(tmp_path / "book.xlsx", xl__workbook_dot_xml="<workbook/>"))


def test_a_spreadsheet_is_refused_by_name_without_the_package_that_reads_it(
    workbook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheet, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"a spreadsheet.*chainrule\[excel\]"):
        read_source(workbook)


def sheets(monkeypatch: pytest.MonkeyPatch, **frames: list[list[Any]]) -> None:
    monkeypatch.setattr(spreadsheet, "find_spec", lambda name: "there")
    monkeypatch.setattr(pd, "read_excel", lambda *_, **__: {name: pd.DataFrame(rows) for name, rows in frames.items()})


def test_the_only_sheet_with_cells_is_a_table(workbook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [["a", "when", "label"], *([i + 0.5, pd.Timestamp(2024, 1, i + 1), "uv"[i % 2]] for i in range(9))]
    sheets(monkeypatch, one=rows, two=[])
    frame = read_source(workbook).frame
    assert (frame["a"][0], frame["when"][1], frame["label"][2]) == (0.5, pd.Timestamp("2024-01-02"), "u")


def test_several_sheets_are_named(workbook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sheets(monkeypatch, one=[["a", "b"], [1, 2]], two=[["a", "b"], [1, 2]])
    with pytest.raises(DataError, match="'one', 'two'"):
        read_source(workbook)


@pytest.fixture
def own() -> Iterator[Reader]:
    """A reader of JSON lines, for as long as a test takes."""

    def read(path: Path, _: Any) -> Source:
        return Source(path.name, pd.DataFrame([json.loads(line) for line in path.read_text().splitlines()]))

    reader = register_reader(Reader("JSON lines", lambda path: path.suffix == ".jsonl", read))
    yield reader
    READERS.remove(reader)


def test_a_reader_of_ones_own_is_one_entry(own: Reader, write: Write) -> None:
    assert read_source(str(write('{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n', "t.jsonl"))).frame["a"].tolist() == [1, 2]


def test_a_name_stands_for_one_reader(own: Reader) -> None:
    with pytest.raises(ConfigError, match="'JSON lines'"):
        register_reader(own)


def test_the_last_reader_takes_everything() -> None:
    assert (READERS[-1].name, READERS[-1].is_mine(Path("anything"))) == ("table", True)
