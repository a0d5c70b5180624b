"""Reading tables: dialects, encodings and headers that are met in the wild, and files that are no tables."""

from __future__ import annotations

import gzip
import io
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.errors import DataError
from chainrule.sources.source import Reading, read_table
from tests.conftest import Write


def cells(path: Path, **options: Any) -> dict[str, list[Any]]:
    frame = read_table(path, Reading(**options)).frame
    return {str(name): frame[name].tolist() for name in frame.columns}


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_found(write: Write, delimiter: str) -> None:
    text = "a,b,c\n1,2,x\n3,4,y\n".replace(",", delimiter)
    assert cells(write(text)) == {"a": [1, 3], "b": [2, 4], "c": ["x", "y"]}


def test_a_semicolon_file_may_have_commas_in_its_cells(write: Write) -> None:
    assert cells(write("a;b\nred, or blue;x\ngreen;y\n")) == {"a": ["red, or blue", "green"], "b": ["x", "y"]}


def test_decimal_commas_are_numbers_and_the_person_is_told(write: Write) -> None:
    source = read_table(write("a;b\n1,5;x\n-2,25;y\n3;z\n"))
    assert source.frame["a"].tolist() == [1.5, -2.25, 3.0]
    assert any("decimal comma" in note for note in source.notes)


def test_decimal_points_keep_commas_from_being_decimal(write: Write) -> None:
    assert cells(write("a;b\n1,5;0.5\n2,5;1.5\n"))["b"] == [0.5, 1.5]


def test_a_comma_before_three_digits_is_decimal_where_semicolons_part_the_cells_and_that_is_told(write: Write) -> None:
    source = read_table(write("a;b\n1,200;x\n2,300;y\n"))
    assert source.frame["a"].tolist() == [1.2, 2.3]
    assert "decimal" in source.notes[0]


def test_a_comma_before_three_digits_is_a_thousand_where_commas_part_the_cells(write: Write) -> None:
    assert cells(write('a,b\n"1,200",x\n"2,300",y\n'))["a"] == [1200, 2300]


def test_gzip_is_known_by_content_not_by_name(write: Write) -> None:
    assert cells(write(gzip.compress(b"a,b\n1,x\n2,y\n"), "table.csv")) == {"a": [1, 2], "b": ["x", "y"]}


def test_a_name_that_ends_in_gz_may_hold_plain_text(write: Write) -> None:
    assert cells(write("a,b\n1,x\n2,y\n", "table.csv.gz")) == {"a": [1, 2], "b": ["x", "y"]}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_parquet_is_known_by_content(write: Write, pack: Any) -> None:
    buffer = io.BytesIO()
    pd.DataFrame({"a": [1.5, None], "b": ["x", " ? "]}).to_parquet(buffer)
    frame = read_table(write(pack(buffer.getvalue()), "table.dat")).frame
    assert frame["a"].isna().tolist() == frame["b"].isna().tolist() == [False, True]


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean", "category", "string"])
def test_parquet_columns_of_nullable_types_keep_their_missing_cells(write: Write, dtype: str) -> None:
    buffer = io.BytesIO()
    values = pd.Series([1, 0, None, 1], dtype="Int64").astype(dtype)
    pd.DataFrame({"a": values, "b": list("wxyz")}).to_parquet(buffer)
    assert read_table(write(buffer.getvalue())).frame["a"].isna().tolist() == [False, False, True, False]


def test_a_byte_order_mark_is_no_part_of_the_first_name(write: Write) -> None:
    assert list(cells(write(b"\xef\xbb\xbfa,b\n1,x\n2,y\n"))) == ["a", "b"]


def test_latin_1_is_read_where_utf_8_fails(write: Write) -> None:
    assert cells(write("Straße,x\nWien,1\nKöln,2\n".encode("latin-1"))) == {"Straße": ["Wien", "Köln"], "x": [1, 2]}


def test_quotes_keep_commas_and_newlines_inside_a_cell(write: Write) -> None:
    assert cells(write('a,b\n"one, two",1\n"three\nfour",2\n'))["a"] == ["one, two", "three\nfour"]


def test_a_doubled_quote_is_one_quote(write: Write) -> None:
    assert cells(write('a,b\n"say ""so""",1\nplain,2\n'))["a"] == ['say "so"', "plain"]


def test_windows_line_ends_leave_no_trace(write: Write) -> None:
    assert cells(write("a,b\r\n1,x\r\n2,y\r\n")) == {"a": [1, 2], "b": ["x", "y"]}


def test_stray_quotes_in_a_tab_file_swallow_no_rows(write: Write) -> None:
    lines = ["label\ttext", 'ham\t"so he said', "spam\tnow", "ham\tlater", 'spam\tend"', "ham\tmore"] * 1
    assert cells(write("\n".join(lines) + "\n"))["text"] == ['"so he said', "now", "later", 'end"', "more"]


def test_a_stray_quote_far_from_the_start_swallows_no_rows(write: Write) -> None:
    lines = ["label\ttext", *(f"ham\tmessage {i}" for i in range(300)), 'spam\t"stray', *["ham\tlast"] * 50]
    assert len(read_table(write("\n".join(lines) + "\n")).frame) == 351


def test_a_stray_quote_before_more_text_than_the_csv_module_takes_swallows_no_rows(write: Write) -> None:
    long = "word " * 100
    lines = ["label\ttext", *(f"ham\t{long}" for _ in range(200)), 'spam\t"stray', *[f"ham\t{long}"] * 400]
    assert len(lines) * len(long) > 131_072
    assert len(read_table(write("\n".join(lines) + "\n")).frame) == 601


def test_a_first_line_of_words_above_numbers_is_a_header(write: Write) -> None:
    source = read_table(write("height,class\n1.5,a\n1.7,b\n"))
    assert (list(source.frame.columns), source.notes) == (["height", "class"], [])


def test_a_first_line_with_a_number_is_data_and_that_is_told(write: Write) -> None:
    source = read_table(write("39,Private\n50,Public\n"))
    assert list(source.frame.columns) == ["column1", "column2"]
    assert len(source.frame) == 2
    assert "`header=none`" in source.notes[0]


def test_a_first_line_that_comes_again_below_is_data(write: Write) -> None:
    assert len(read_table(write("red,yes\nblue,no\nred,no\n")).frame) == 3


def test_a_nameless_first_column_is_the_index_that_pandas_writes(write: Write) -> None:
    assert list(cells(write(",a,b\n0,1,x\n1,2,y\n"))) == ["column1", "a", "b"]


def test_header_first_makes_names_of_numbers(write: Write) -> None:
    assert list(cells(write("0,1\n2,3\n4,5\n"), header="first")) == ["0", "1"]


def test_header_none_makes_data_of_words(write: Write) -> None:
    assert cells(write("a,b\nc,d\n"), header="none") == {"column1": ["a", "c"], "column2": ["b", "d"]}


def test_a_file_without_a_header_takes_the_names_of_the_training_file(write: Write) -> None:
    assert list(cells(write("1,2\n3,4\n"), names=("height", "weight"))) == ["height", "weight"]


def test_names_that_do_not_fit_the_width_are_not_used(write: Write) -> None:
    assert list(cells(write("1,2,3\n4,5,6\n"), names=("height", "weight"))) == ["column1", "column2", "column3"]


@pytest.mark.parametrize("blank", ["", "  ", "?", " ? ", "NA", "N/A", "nan", "null", "None"])
def test_a_blank_cell_is_missing_in_a_column_of_numbers(write: Write, blank: str) -> None:
    column = read_table(write(f"a,b\n1,x\n{blank},y\n3,z\n")).frame["a"]
    assert column.dtype.kind == "f"
    assert column.isna().tolist() == [False, True, False]


@pytest.mark.parametrize("blank", ["", "  ", "?", " ? ", "NA"])
def test_a_blank_cell_is_missing_in_a_column_of_texts(write: Write, blank: str) -> None:
    assert read_table(write(f"a,b\nu,1\n{blank},2\nv,3\n")).frame["a"].isna().tolist() == [False, True, False]


def test_blanks_around_a_cell_mean_nothing(write: Write) -> None:
    assert cells(write("a, b\nu , 1\n v, 2\n")) == {"a": ["u", "v"], "b": [1, 2]}


def test_an_empty_line_is_no_row(write: Write) -> None:
    assert len(read_table(write("a,b\n1,x\n\n2,y\n\n")).frame) == 2


def test_a_row_that_ends_early_has_missing_cells_and_that_is_told(write: Write) -> None:
    source = read_table(write("a,b,c\n1,x,7\n2,y,8\n3,z\n4,u,9\n"))
    assert source.frame["c"].isna().tolist() == [False, False, True, False]
    assert "1, first in line 4" in source.notes[0]


def test_numbers_beyond_64_bits_stay_numbers(write: Write) -> None:
    column = read_table(write("a,b\n123456789012345678901234567890,x\n1,y\n")).frame["a"]
    assert float(column.iloc[0]) == pytest.approx(1.2345678901234568e29)


BAD = {
    "missing": (None, "neither"),
    "empty": (b"", "an empty file"),
    "blanks alone": (b" \n\n  ", "an empty file"),
    "a byte order mark alone": (b"\xef\xbb\xbf", "an empty file"),
    "empty gzip": (gzip.compress(b""), "an empty file"),
    "binary noise": (bytes(range(256)) * 8, "binary data"),
    "one column": (b"a\n1\n2\n", "one column"),
    "one endless line": (b"x" * 300_000, "one column"),
    "one endless quoted cell": (b'"' + b"x" * 300_000, "one column"),
    "a header alone": (b"a,b,c\n", "a header alone"),
    "duplicated names": (b"a,b,a\n1,2,x\n3,4,y\n", "'a' more than once"),
    "truncated gzip": (gzip.compress(b"a,b\n1,x\n2,y\n" * 100)[:-20], "end-of-stream"),
    "damaged gzip": (gzip.compress(b"a,b\n1,x\n2,y\n" * 100)[:30] + b"\x00" * 30, ""),
    "a line with a cell too many": (b"a,b\n1,x\n2,y,7\n3,z\n", "line 3"),
    "damaged parquet": (b"PAR1" + b"\x00" * 40 + b"PAR1", ""),
    "prose": (b"One line, then\nanother of words\nand, well, a third, say\nfour\nfive, six, seven,\n", ""),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_table_is_refused_with_the_reason(write: Write, tmp_path: Path, what: str) -> None:
    content, reason = BAD[what]
    path = tmp_path / "nowhere.csv" if content is None else write(content)
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert reason in caught.value.came


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the folder"):
        read_table(tmp_path)


def test_a_name_too_long_for_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        read_table(tmp_path / ("x" * 300))


@pytest.mark.parametrize("keep", [4, 10, -4, -30])
def test_truncated_parquet_is_refused(write: Write, keep: int) -> None:
    buffer = io.BytesIO()
    pd.DataFrame({"a": np.arange(50), "b": np.arange(50)}).to_parquet(buffer)
    with pytest.raises(DataError, match="whole Parquet file"):
        read_table(write(buffer.getvalue()[:keep]))


def test_parquet_of_one_column_is_refused(write: Write) -> None:
    buffer = io.BytesIO()
    pd.DataFrame({"a": [1, 2]}).to_parquet(buffer)
    with pytest.raises(DataError, match="at least two columns"):
        read_table(write(buffer.getvalue()))


def test_a_file_that_shrinks_while_it_is_read_is_refused(write: Write) -> None:
    class Shrinking(type(Path())):  # type: ignore[misc]
        def stat(self, **options: Any) -> os.stat_result:
            found = super().stat(**options)
            os.truncate(self, found.st_size - 1)
            return found

    path = Shrinking(write("a,b\n" + "1,x\n" * 20))
    with pytest.raises(DataError, match="to stay as it is while it is read"):
        read_table(path)


def test_a_file_that_may_not_be_read_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    path = write("a,b\n1,2\n")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match="Permission denied"):
        read_table(path)


def test_codes_keep_their_leading_zeros(write: Write) -> None:
    assert cells(write("zip,t\n02139,a\n10001,b\n"))["zip"] == ["02139", "10001"]


def test_a_code_far_down_is_found(write: Write) -> None:
    rows = [f"{10000 + i},{i}" for i in range(500)]
    table = cells(write("\n".join(["zip,n", *rows, "02139,7"])))
    assert (table["zip"][0], table["zip"][-1]) == ("10000", "02139")
    assert table["n"][-1] == 7


def test_a_zero_before_a_point_or_in_a_date_is_no_code(write: Write) -> None:
    assert cells(write("a,b\n0.5,2024-01-05\n0,2024-02-06\n"))["a"] == [0.5, 0.0]


def test_parquet_with_missing_nullable_cells_is_read(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "flag": pd.array([True, None, False], dtype="boolean"),
            "count": pd.array([1, None, 3], dtype="Int64"),
            "colour": pd.Categorical(["red", None, "blue"]),
        }
    )
    path = tmp_path / "t.parquet"
    frame.to_parquet(path)
    read = read_table(path).frame
    assert read["count"].isna().tolist() == [False, True, False]
    assert read["flag"].tolist()[::2] == ["True", "False"]
    assert read["colour"].tolist()[::2] == ["red", "blue"]


def test_a_parquet_column_of_lists_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": [1, 2], "l": [[1, 2], [3]]}).to_parquet(path)
    with pytest.raises(DataError, match="column 'l'"):
        read_table(path)


def test_a_named_parquet_index_is_a_column(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"when": ["x", "y"], "a": [1, 2], "b": [3, 4]}).set_index("when").to_parquet(path)
    assert list(read_table(path).frame.columns) == ["when", "a", "b"]


def test_a_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("a,b\n1,x\n2,y\n"))
    writer.start()
    assert cells(pipe) == {"a": [1, 2], "b": ["x", "y"]}
    writer.join()
