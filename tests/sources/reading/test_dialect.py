"""Dialects and headers: no column is shifted, and a row of another length is refused with its row and line."""

from __future__ import annotations

from typing import Any

import pytest

from chainrule.errors import ConfigError, DataError
from chainrule.sources.source import Reading, Source, read_table
from tests.conftest import Write

N = 40


def lines(head: str, row: str, n: int = N) -> str:
    """Return a header and rows, in which {i} is the number of the row and {c} one of two words."""
    return head + "\n" + "\n".join(row.format(i=i, c="yes" if i % 3 else "no") for i in range(n)) + "\n"


def first(source: Source) -> dict[str, Any]:
    """Return the first row."""
    return dict(source.frame.iloc[0])


def test_a_header_one_cell_short_means_row_names(write: Write) -> None:
    source = read_table(write(lines('"a","b","label"', '"{i}",{i}.5,{i},"{c}"')))
    assert first(source) == {"column1": "0", "a": 0.5, "b": 0, "label": "no"}
    assert any("row names" in note for note in source.notes)


def test_row_names_are_an_identifier_whatever_they_are(write: Write) -> None:
    source = read_table(write(lines(",a,label", "{i},{i}.5,{c}")))
    assert source.reading is not None
    assert source.reading.columns["column1"].is_name


def test_rows_that_end_in_a_delimiter_have_a_nameless_last_column_and_no_row_names(write: Write) -> None:
    source = read_table(write(lines("a,b", "{i}.5,{c},")))
    assert source.frame["a"].tolist()[:2] == [0.5, 1.5]
    assert source.frame["column3"].isna().all()


def test_a_backslash_in_front_of_a_quote_makes_it_a_letter(write: Write) -> None:
    source = read_table(write(lines("note,x,label", '"he said \\"hi, {i}\\"",{i},{c}')))
    assert first(source) == {"note": 'he said "hi, 0"', "x": 0, "label": "no"}


def test_a_backslash_is_understood_though_the_rows_would_be_as_equal_without(write: Write) -> None:
    source = read_table(write(lines("note,x", '"he said \\"hi,\n then {i}",{i}')))
    assert first(source) == {"note": 'he said "hi,\n then 0', "x": 0}


def test_a_first_row_with_a_cell_too_many_is_refused_with_its_row_and_line(write: Write) -> None:
    text = "name,a,label\nSmith, John,3.5,yes\n" + "".join(f"n{i},{i},no\n" for i in range(N))
    with pytest.raises(DataError, match=r"4 cells in row 1 \(line 2\)"):
        read_table(write(text))


def test_the_line_of_a_long_row_counts_the_lines_inside_quotes(write: Write) -> None:
    with pytest.raises(DataError, match=r"row 2 \(line 4\)"):
        read_table(write('a,b\n"one\ntwo",1\nx,2,3\ny,4\n'))


def test_a_long_row_whose_last_cells_are_empty_is_no_longer_than_the_others(write: Write) -> None:
    assert len(read_table(write("a,b\n1,x\n2,y,,\n3,z\n")).frame) == 3


def test_semicolons_win_over_decimal_commas_without_a_header(write: Write) -> None:
    source = read_table(write("".join(f"{i},5;{i}0,5;{'yes' if i % 2 else 'no'}\n" for i in range(N))))
    assert first(source) == {"column1": 0.5, "column2": 0.5, "column3": "no"}


def test_a_tab_file_with_commas_in_its_quotes_is_cut_at_the_tabs(write: Write) -> None:
    source = read_table(write(lines('Name\tCost\t"Cost per 1,000"\tlabel', 'T{i}\t"1{i:02d},460.00"\t0.5\t{c}')))
    assert list(source.frame.columns) == ["Name", "Cost", "Cost per 1,000", "label"]
    assert source.frame["Cost"].tolist()[:2] == [100460, 101460]


@pytest.mark.parametrize("head", ["0,1,label", "1,2,label"])
def test_numbers_that_count_the_columns_above_words_are_a_header(write: Write, head: str) -> None:
    source = read_table(write(lines(head, "5{i}.5,4{i},{c}")))
    assert (list(source.frame.columns), len(source.frame)) == (head.split(","), N)
    assert any("header=none" in note for note in source.notes)


def test_years_above_measurements_are_a_header(write: Write) -> None:
    assert list(read_table(write(lines("grp,2019,2020", "{c},5{i}.5,4{i}"))).frame.columns) == ["grp", "2019", "2020"]


def test_a_first_row_of_numbers_like_those_below_is_data(write: Write) -> None:
    assert len(read_table(write(lines("52.5,41,yes", "5{i}.5,4{i},{c}"))).frame) == N + 1


def test_a_name_that_is_there_twice_is_refused_and_makes_no_data_of_the_header(write: Write) -> None:
    with pytest.raises(DataError, match="'a' more than once"):
        read_table(write(lines("a,b,a", "{i},{c},{i}")))


def test_lines_above_the_table_are_left_out_and_told(write: Write) -> None:
    source = read_table(write("Report of 2024\n\n" + lines("a,label", "{i},{c}")))
    assert (list(source.frame.columns), len(source.frame)) == (["a", "label"], N)
    assert any("Report of 2024" in note for note in source.notes)


def test_the_row_of_the_header_can_be_said(write: Write) -> None:
    source = read_table(write("x,y\nu,v\n" + lines("a,label", "{i},{c}")), Reading(header="3"))
    assert (list(source.frame.columns), len(source.frame)) == (["a", "label"], N)


@pytest.mark.parametrize("header", ["second", "0", "-1"])
def test_a_header_that_cannot_be_is_refused(write: Write, header: str) -> None:
    with pytest.raises(ConfigError):
        read_table(write(lines("a,label", "{i},{c}")), Reading(header=header))


def test_excels_hint_of_the_delimiter_is_no_row(write: Write) -> None:
    assert first(read_table(write("sep=;\n" + lines("a;label", "{i},5;{c}")))) == {"a": 0.5, "label": "no"}


@pytest.mark.parametrize(
    ("head", "row", "cell"),
    [
        ("a,label", '"$1,1{i:02d}.50",{c}', 1100.5),
        ("tags,label", "x;y;{i},{c}", "x;y;0"),
        ("a,label", "x\ty{i},{c}", "x\ty0"),
        ("a|label", "x, y{i}|{c}", "x, y0"),
        ("a,label", '"he said ""{i}, or so""",{c}', 'he said "0, or so"'),
    ],
)
def test_other_delimiters_inside_cells_shift_nothing(write: Write, head: str, row: str, cell: Any) -> None:
    source = read_table(write(lines(head, row)))
    assert (list(source.frame.columns)[1:], len(source.frame), source.frame.iloc[0, 0]) == (["label"], N, cell)


def test_years_above_all_different_names_are_a_header(write: Write) -> None:
    assert list(read_table(write(lines("id,2019,2020", "x{i},{i}00,{i}90"))).frame.columns) == ["id", "2019", "2020"]


def test_whole_numbers_that_often_go_on_by_one_are_data(write: Write) -> None:
    assert len(read_table(write("".join(f"n{i},{i % 4},{i % 4 + 1}\n" for i in range(N)))).frame) == N


def test_comments_above_the_table_are_no_rows(write: Write) -> None:
    assert len(read_table(write("# lab 3\n# units kg\n" + lines("a,label", "{i},{c}"))).frame) == N


def test_comments_between_rows_are_none_where_the_person_says_so_but_not_inside_quotes(write: Write) -> None:
    text = 'a,b\n1,x\n% a comment, with commas, in it\n2,"y\n% no comment"\n3,z\n'
    source = read_table(write(text), Reading(comment="%"))
    assert source.frame["b"].tolist() == ["x", "y\n% no comment", "z"]


def test_a_row_of_units_below_the_header_is_left_out_and_told(write: Write) -> None:
    source = read_table(write("mass,length,label\nkg,[m],-\n" + lines("", "{i}.5,{i},{c}").lstrip()))
    assert (len(source.frame), source.frame["mass"].dtype.kind) == (N, "f")
    assert any("row of units" in note for note in source.notes)


def test_a_delimiter_that_is_said_is_taken(write: Write) -> None:
    assert first(read_table(write(lines("a:label", "{i}:{c}")), Reading(delimiter=":"))) == {"a": 0, "label": "no"}


def test_blanks_part_the_cells_where_the_person_says_so(write: Write) -> None:
    source = read_table(write(lines("a label", "{i}   {c}")), Reading(delimiter="space"))
    assert first(source) == {"a": 0, "label": "no"}


def test_a_cell_of_any_length_is_a_cell(write: Write) -> None:
    source = read_table(write(f'note,label\n"kind 0",u\n"{"word, " * 40_000}",v\n"kind 2",w\n'))
    assert source.frame["note"].tolist()[::2] == ["kind 0", "kind 2"]


def test_single_quotes_may_keep_cells_together(write: Write) -> None:
    assert first(read_table(write(lines("note,label", "'one, {i}','{c}'")))) == {"note": "one, 0", "label": "no"}


KNOWN = {
    "JSON lines": '{"colour":"red","label":"u"}\n{"colour":"blue","label":"v"}\n',
    "JSON": '[\n {"a": 1, "b": 2},\n {"a": 3, "b": 4}\n]\n',
    "HTML": "<!DOCTYPE html>\n<table><tr><td>1,2</td></tr></table>\n",
    "ARFF": "@relation iris\n@attribute a numeric\n@data\n1,2\n",
}


@pytest.mark.parametrize("what", KNOWN)
def test_what_is_known_to_be_no_table_is_refused_by_name(write: Write, what: str) -> None:
    with pytest.raises(DataError, match=what):
        read_table(write(KNOWN[what]))


def test_one_column_is_a_table_where_its_name_is_known(write: Write) -> None:
    path = write("text\nfree prize, now\nhello, at noon\n")
    assert read_table(path, Reading(names=("text",))).frame["text"].tolist() == ["free prize, now", "hello, at noon"]
    with pytest.raises(DataError, match="at least two columns"):
        read_table(write("text\nfree\nhello\n"))
