"""`look`: what was understood of data, in the terminal and as a page."""

from __future__ import annotations

from pathlib import Path

import pytest

import chainrule as package
from chainrule.errors import ConfigError
from tests.cli.conftest import Command

TABLE = "preis;wann;klasse\n" + "".join(f"{i},5;{i % 28 + 1}.02.2024;{('<u>', 'v')[i % 2]}\n" for i in range(40))


@pytest.fixture
def path(here: Path) -> Path:
    (here / "t.csv").write_text(TABLE)
    return here / "t.csv"


def test_columns_target_and_doubts_are_shown(chainrule: Command, path: Path) -> None:
    shown = chainrule("look", path)
    assert shown.code == 0
    assert "t.csv: 40 rows; cells parted by semicolon" in shown.out
    assert "numbers, decimal comma" in shown.out
    assert "classification, 2 classes" in shown.out
    assert "note: numbers are read with a decimal comma" in shown.out


def test_what_the_person_says_is_taken(chainrule: Command, path: Path) -> None:
    shown = chainrule("look", path, "--target", "preis", "--set", "columns.wann=category")
    assert "target   preis: regression" in shown.out
    assert "as asked" in shown.out


def test_the_page_has_the_same_and_no_markup_of_the_file(chainrule: Command, path: Path, here: Path) -> None:
    assert chainrule("look", path, "--html", "look.html").code == 0
    page = (here / "look.html").read_text()
    assert "numbers, decimal comma" in page
    assert "&lt;u&gt;" in page
    assert "<u>" not in page


def test_a_target_that_is_not_there_is_refused(chainrule: Command, path: Path) -> None:
    result = chainrule("look", path, "--target", "x")
    assert (result.code, "no such column" in result.err) == (2, True)


def test_a_built_in_set_can_be_looked_at(chainrule: Command) -> None:
    assert "iris: 150 rows" in chainrule("look", "iris").out


def test_the_same_in_python(path: Path) -> None:
    source = package.read(path, day_first=True, encoding="utf-8")
    assert source.reading is not None
    assert source.reading.columns["wann"].describe() == "dates, day first"
    with pytest.raises(ConfigError, match="'delimeter'"):
        package.read(path, delimeter=";")


def test_the_page_shows_settings_as_code(chainrule: Command, here: Path) -> None:
    rows = "".join(f"{i if i % 4 else 'A/' + str(i)},{'uv'[i % 2]}\n" for i in range(200))
    (here / "t.csv").write_text("ticket,label\n" + rows)
    assert chainrule("look", "t.csv", "--html", "look.html").code == 0
    page = (here / "look.html").read_text()
    assert "<code>columns.NAME=numeric</code>" in page
    assert "`" not in page
