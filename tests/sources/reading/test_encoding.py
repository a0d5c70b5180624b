"""Encodings: known by their mark, or by the bytes; what is guessed or damaged is told."""

from __future__ import annotations

import pytest

from chainrule.errors import ConfigError, DataError
from chainrule.sources.source import Reading, read_table
from tests.conftest import Write

JAPANESE = "名前,値段,等級\n" + "東京,1,高い\n大阪,2,安い\n横浜,3,安い\n" * 20
CHINESE = "城市,价格,等级\n" + "北京,1,高\n上海,2,低\n广州,3,低\n" * 20
RUSSIAN = "имя,цена,класс\n" + "Москва,1,высокая\nКазань,2,низкая\nОмск,3,низкая\n" * 20
GERMAN = "Straße,Preis,Klasse\n" + "Köln,1,groß\nMünchen,2,klein\n" * 20


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("text", [GERMAN, CHINESE])
def test_a_mark_tells_the_encoding_and_nothing_need_be_told(write: Write, encoding: str, text: str) -> None:
    source = read_table(write(text.encode(encoding)))
    assert (list(source.frame.columns), source.notes) == (text.partition("\n")[0].split(","), [])


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "cp1252"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (CHINESE, "gbk"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
    ],
)
def test_other_code_pages_are_guessed_and_told(write: Write, text: str, encoding: str) -> None:
    source = read_table(write(text.encode(encoding)))
    assert source.frame.iloc[:, 0].tolist()[:2] == [line.split(",")[0] for line in text.split("\n")[1:3]]
    assert "file_encoding" in source.notes[0]


def test_the_currency_and_the_dash_of_windows_are_read(write: Write) -> None:
    source = read_table(write("price;band\n€ 12,5;10–20\n€ 7,5;20–30\n".encode("cp1252")))
    assert (source.frame["price"].tolist(), source.frame["band"].tolist()) == ([12.5, 7.5], ["10–20", "20–30"])


def test_one_wrong_byte_changes_no_other_and_is_told_with_its_line(write: Write) -> None:
    raw = "name,x\n" + "Käfer,1\n" * 30
    source = read_table(write(raw.encode() + b"K\xe4fer,2\n"))
    assert source.frame["name"].tolist()[-2:] == ["Käfer", "K\ufffdfer"]
    assert "line 32" in source.notes[0]


def test_an_encoding_that_is_said_is_taken_and_nothing_is_told(write: Write) -> None:
    source = read_table(write(CHINESE.encode("gbk")), Reading(encoding="gbk"))
    assert (source.frame["城市"][0], source.notes) == ("北京", [])


def test_bytes_that_are_none_in_the_encoding_that_was_said_are_refused_with_their_line(write: Write) -> None:
    with pytest.raises(DataError, match="0xf6 in line 2"):
        read_table(write("a,b\nKöln,1\n".encode("cp1252")), Reading(encoding="utf-8"))


def test_an_encoding_that_does_not_exist_is_refused(write: Write) -> None:
    with pytest.raises(ConfigError, match="'klingon'"):
        read_table(write("a,b\n1,2\n"), Reading(encoding="klingon"))


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"\xd0\xcf\x11\xe0", "Excel"),
        (b"SQLite format 3\x00", "SQLite"),
        (b"\x89HDF\r\n", "HDF5"),
        (b"%PDF-1.4", "PDF"),
    ],
)
def test_files_that_are_known_are_refused_by_name(write: Write, start: bytes, name: str) -> None:
    with pytest.raises(DataError, match=name):
        read_table(write(start + b"\x00" * 100))
