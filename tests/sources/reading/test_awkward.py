"""Awkward tables: each is read with the right values, or refused in a sentence that says where and what to do."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from chainrule.errors import DataError
from chainrule.large import text
from chainrule.large.blocks import open_blocks
from chainrule.sources.delimited import Wishes
from chainrule.sources.source import Reading, Source, read_table
from tests.conftest import Write

N = 60
WORDS = ("no", "yes")


def rows(head: str, row: Callable[[int], str], n: int = N) -> str:
    return "\n".join([head, *(f"{row(i)},{i % 7},{WORDS[i % 2]}" for i in range(n))]) + "\n"


def column(write: Write, cell: Callable[[int], str], name: str = "a") -> tuple[list[object], Source]:
    source = read_table(write(rows(f"{name},b,label", cell)))
    return source.frame[name].tolist(), source


def test_rows_that_are_one_quoted_cell_are_refused(write: Write) -> None:
    lines = rows("a,b,label", str).splitlines()
    with pytest.raises(DataError, match="one quoted cell each: 'a,b,label'"):
        read_table(write("\n".join(f'"{line}"' for line in lines)))


def test_two_signs_between_cells_are_refused(write: Write) -> None:
    with pytest.raises(DataError, match=r"two, '\|\|'"):
        read_table(write(rows("a,b,label", str).replace(",", "||")))


def test_a_header_that_comes_again_is_refused_with_its_row_and_line(write: Write) -> None:
    table = rows("a,b,label", str)
    with pytest.raises(DataError, match=r"again in row 61 \(line 62\)"):
        read_table(write(table + table))


def test_a_header_that_comes_again_in_a_later_block_is_refused_too(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "_BYTES", 200)
    table = rows("a,b,label", str)
    with pytest.raises(DataError, match=r"again in row 61 \(line 62\)"):
        open_blocks(write(table + table), Wishes(), lambda _: None)


def test_of_two_header_rows_the_second_names_the_columns(write: Write) -> None:
    source = read_table(write("A,,B\n" + rows("a1,a2,label", str)))
    assert (list(source.frame.columns), len(source.frame)) == (["a1", "a2", "label"], N)
    assert any("above the header" in note for note in source.notes)


@pytest.mark.parametrize("line", ["---,---,---", ":--,--:,:-:", "-,--,-----"])
def test_a_line_below_the_header_is_no_row(write: Write, line: str) -> None:
    source = read_table(write(rows(f"a,b,label\n{line}", str)))
    assert source.frame["a"].tolist() == list(range(N))
    assert any("a line below the header" in note for note in source.notes)


def test_a_row_of_units_is_left_out_at_predict_too_whatever_stands_below(write: Write) -> None:
    trained = read_table(write(rows("a,b,label\nkg,m,", str)))
    new = read_table(write("a,b,label\nkg,m,\n12,3,no\n"), Reading(stored=trained.reading))
    assert new.frame["a"].tolist() == [12]


def test_without_a_header_no_row_has_units(write: Write) -> None:
    source = read_table(write(rows("x,y,no", str)), Reading(header="none"))
    assert len(source.frame) == N + 1


DAYS = [pd.Timestamp(2021, 3, 1) + pd.Timedelta(days=11 * i) for i in range(N)]
NOON = pd.Timedelta(hours=12, minutes=30)


@pytest.mark.parametrize(
    ("form", "later"),
    [
        ("%a %b %d 12:30:00 %Y", NOON),
        ("%d/%b/%Y:12:30:00 +0000", NOON),
        ("%Y%m%dT123000", NOON),
        ("%Y%m%dT123000Z", NOON),
        ("%Y年%m月%d日", pd.Timedelta(0)),
        ("%Y년 %m월 %d일", pd.Timedelta(0)),
        ("%G-W%V-%u", pd.Timedelta(0)),
    ],
)
def test_dates_as_logs_and_other_scripts_write_them(write: Write, form: str, later: pd.Timedelta) -> None:
    cells, _ = column(write, lambda i: DAYS[i].strftime(form))
    assert cells == [day + later for day in DAYS]


def test_a_quarter_is_its_first_day_and_a_week_its_monday(write: Write) -> None:
    quarters, _ = column(write, lambda i: f"{2001 + i // 4}-Q{i % 4 + 1}")
    assert quarters == [pd.Timestamp(2001 + i // 4, 3 * (i % 4) + 1, 1) for i in range(N)]
    weeks, _ = column(write, lambda i: f"2020-W{i % 52 + 1:02}")
    assert weeks[:2] == [pd.Timestamp(2019, 12, 30), pd.Timestamp(2020, 1, 6)]


def test_a_week_that_does_not_exist_is_odd(write: Write) -> None:
    cells, source = column(write, lambda i: f"2021-W{53 if i == 7 else i % 52 + 1:02}")
    assert pd.isna(cells[7])
    assert (source.odd["a"].cell, source.odd["a"].line) == ("2021-W53", 9)


def test_whole_numbers_that_may_be_days_are_told(write: Write) -> None:
    cells, source = column(write, lambda i: DAYS[i].strftime("%Y%m%d"))
    assert cells[0] == 20210301
    assert any("may be days" in note and "`columns.NAME=date`" in note for note in source.notes)


def test_cells_that_are_no_whole_numbers_may_be_no_days(write: Write) -> None:
    source = read_table(write("a;b;label\n" + "".join(f"0,{i + 512};{i % 7};{WORDS[i % 2]}\n" for i in range(N))))
    assert not any("may be days" in note for note in source.notes)


def test_k_and_m_behind_numbers_multiply_them_and_it_is_told(write: Write) -> None:
    cells, source = column(write, lambda i: f"€{i + 1}.5{'kM'[i % 2]}")
    assert cells == [(i + 1.5) * (1e3, 1e6)[i % 2] for i in range(N)]
    assert any("multiplies" in note for note in source.notes)


def test_5k_and_10k_alone_are_names(write: Write) -> None:
    cells, _ = column(write, lambda i: f"{(5, 10, 42)[i % 3]}K")
    assert cells[:3] == ["5K", "10K", "42K"]


@pytest.mark.parametrize("digits", ["٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９", "०१२३४५६७८९"])
def test_digits_of_other_scripts_are_digits(write: Write, digits: str) -> None:
    cells, _ = column(write, lambda i: f"{i + 10}.5".translate(str.maketrans("0123456789", digits)))
    assert cells == [i + 10.5 for i in range(N)]


@pytest.mark.parametrize("word", ["NA", "None"])
def test_a_word_that_may_be_a_name_is_told_among_texts(write: Write, word: str) -> None:
    cells, source = column(write, lambda i: (word, "DE", "FR")[i % 3])
    assert pd.isna(cells[0])
    assert any(word in note and "`missing`" in note for note in source.notes)
