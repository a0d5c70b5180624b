"""Doubts: what in a table may be otherwise is told in a line, and a clean table has none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chainrule.job.config import Config
from chainrule.job.look import look
from tests.conftest import Write

Row = Callable[[int], str]
CLEAN: Row = lambda i: f"{i * 37 % 101}.5,{('red', 'blue')[i % 2]},{('u', 'v')[i % 3 == 0]}"  # noqa: E731
HEAD = "a,colour,label\n"


def notes(write: Write, row: Row, head: str = HEAD, n: int = 60, last: str = "") -> list[str]:
    return list(look(Config(str(write(head + "".join(row(i) + "\n" for i in range(n)) + last)))).notes)


def test_a_clean_table_has_none(write: Write) -> None:
    assert notes(write, CLEAN) == []


def test_a_last_row_of_totals_is_told(write: Write) -> None:
    assert "looks like a total" in notes(write, CLEAN, last="3030,Total,u\n")[0]


def test_a_class_called_total_among_others_is_none(write: Write) -> None:
    assert notes(write, lambda i: f"{i * 37 % 101}.5,{('total', 'net')[i % 2]},{'uv'[i % 2]}", n=59) == []


@pytest.mark.parametrize("words", [("Red", "red"), ("dark red", "dark  red")])
def test_words_that_differ_in_case_or_blanks_are_told(write: Write, words: tuple[str, str]) -> None:
    assert "differ in case or blanks" in notes(write, lambda i: f"{i * 37 % 101}.5,{words[i % 2]},{'uv'[i % 2]}")[0]


@pytest.mark.parametrize("number", ["-999", "9999", "-99"])
def test_a_number_that_stands_for_a_gap_is_told_with_the_setting(write: Write, number: str) -> None:
    told = notes(write, lambda i: f"{number if i % 20 == 0 else f'{i % 7}.5'},red,{'uv'[i % 2]}")
    assert f"missing={number}" in told[0]


def test_a_date_without_an_end_is_told(write: Write) -> None:
    told = notes(
        write, lambda i: f"{i % 7}.5,{'9999-12-31' if i % 9 == 0 else f'2021-03-{i % 28 + 1:02}'},{'uv'[i % 2]}"
    )
    assert "9999-12-31 in colour" in told[0]


def test_99_among_numbers_up_to_100_is_a_number(write: Write) -> None:
    assert notes(write, lambda i: f"{99 if i % 20 == 0 else i * 37 % 101},{('red', 'blue')[i % 2]},{'uv'[i % 2]}") == []


def test_numbers_that_are_called_codes_are_told(write: Write) -> None:
    told = notes(write, lambda i: f"{10_000 + 137 * i},red,{'uv'[i % 2]}", head="zip_code,colour,label\n")
    assert "columns.zip_code=category" in told[0]


def test_rows_that_are_there_twice_are_told(write: Write) -> None:
    assert "there twice" in notes(write, lambda i: CLEAN(i % 40))[0]


def test_what_was_understood_is_shown(write: Write) -> None:
    found = look(
        Config(
            str(write("preis;wann;label\n" + "".join(f"{i},5;{i % 28 + 1}.02.2024;{'uv'[i % 2]}\n" for i in range(30))))
        )
    )
    assert [(column.name, column.kind, column.notation) for column in found.columns] == [
        ("preis", "numeric", "numbers, decimal comma"),
        ("wann", "date", "dates, day first"),
        ("label", "target", "as written"),
    ]
    assert (found.rows, found.target) == (30, "label: classification, 2 classes: u (15), v (15)")
    assert "semicolon" in found.dialect
