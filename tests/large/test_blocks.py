"""Tables read in blocks: the same rows as when they are read whole, and changes noticed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chainrule.errors import DataError
from chainrule.large import parquet, text
from chainrule.large.block import Blocks
from chainrule.large.blocks import open_blocks, weight
from chainrule.sources.delimited import Wishes
from chainrule.sources.source import read_table
from tests.conftest import Write

N = 500


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "_BYTES", 700)
    monkeypatch.setattr(parquet, "_ROWS", 64)


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "a": rng.normal(size=N),
            "b": rng.integers(0, 9, N),
            "note": [f'he said "{i}",\n  then {"" if i % 3 else "nothing"}' for i in range(N)],
            "c": rng.choice(["x", "y"], N),
        }
    )


def whole(blocks: Blocks) -> pd.DataFrame:
    return pd.concat([frame for block in range(blocks.n_blocks) for frame in blocks.frames(block)])


def test_text_in_blocks_is_the_text_read_whole(frame: pd.DataFrame, write: Write) -> None:
    path = write(frame.to_csv(index=False))
    blocks = open_blocks(path)
    assert blocks.n_blocks > 10
    pd.testing.assert_frame_equal(whole(blocks), read_table(path).frame, check_index_type=False, check_dtype=False)
    assert blocks.n_rows == N


def test_blocks_can_be_read_in_any_order_once_they_are_known(frame: pd.DataFrame, write: Write) -> None:
    blocks = open_blocks(write(frame.to_csv(index=False)))
    rows = whole(blocks)
    for block in np.random.default_rng(0).permutation(blocks.n_blocks):
        for part in blocks.frames(int(block)):
            pd.testing.assert_frame_equal(part, rows.loc[part.index], check_index_type=False, check_dtype=False)


def test_a_stray_quote_is_a_letter_where_it_was_one_in_the_first_rows(write: Write) -> None:
    text = "".join(f'ham\tit is {i}" long\n' for i in range(300))
    blocks = open_blocks(write(text, "sms.tsv"))
    assert len(whole(blocks)) == 300


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_the_last_line_may_have_an_end_or_none(write: Write, end: str) -> None:
    blocks = open_blocks(write("a,b\n" + "\n".join(f"{i},{i}.5" for i in range(200)) + end))
    assert len(whole(blocks)) == 200


def test_an_empty_row_group_has_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    table = pa.table({"a": np.arange(10.0), "y": list("ab" * 5)})
    with pq.ParquetWriter(path, table.schema) as writer:
        for part in (table, table.slice(0, 0), table):
            writer.write_table(part)
    blocks = open_blocks(path)
    assert whole(blocks).index.tolist() == list(range(20))


def test_parquet_in_pieces_is_parquet_read_whole(frame: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    frame.to_parquet(path, row_group_size=150)
    blocks = open_blocks(path)
    assert (blocks.n_blocks, blocks.n_rows) == (4, N)
    pd.testing.assert_frame_equal(whole(blocks), read_table(path).frame, check_index_type=False)


def test_a_file_that_grows_is_refused(write: Write) -> None:
    path = write("a,b\n" + "1,2\n" * 600)
    blocks = open_blocks(path)
    whole(blocks)
    with path.open("a") as file:
        file.write("3,4\n")
    with pytest.raises(DataError, match=r"to stay as it is.*2,408 bytes where 2,404 were"):
        next(blocks.frames(0))


def test_a_file_written_anew_is_refused_though_it_is_as_long(write: Write) -> None:
    path = write("a,b\n" + "1,2\n" * 600)
    blocks = open_blocks(path)
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9))
    with pytest.raises(DataError, match="written anew"):
        next(blocks.frames(0))


def test_a_file_that_is_gone_is_refused(write: Write) -> None:
    path = write("a,b\n" + "1,2\n" * 600)
    blocks = open_blocks(path)
    path.unlink()
    with pytest.raises(DataError, match="still there"):
        next(blocks.frames(0))


def test_a_cut_parquet_file_is_refused(frame: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    frame.to_parquet(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="whole Parquet file"):
        open_blocks(path)


def test_a_row_with_a_cell_too_many_is_told_with_where_it_is(write: Write) -> None:
    with pytest.raises(DataError, match=r"3 cells in row 501 \(line 502\)"):
        open_blocks(write("a,b\n" + "1,2\n" * 500 + "1,2,3\n" + "1,2\n" * 500))


def test_a_packed_file_cannot_be_read_from_any_place(write: Write) -> None:
    with pytest.raises(DataError, match="Unpack it first"):
        open_blocks(write(b"\x1f\x8b....", "t.csv.gz"))


def test_a_folder_or_nothing_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing.csv"):
        with pytest.raises(DataError, match="to stream from"):
            open_blocks(path)


def test_what_a_table_weighs_grows_with_it(frame: pd.DataFrame, write: Write, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    frame.to_parquet(path)
    assert weight(path) >= 12 * frame.size
    assert weight(write("x" * 1000)) == 4000


@pytest.mark.parametrize("content", [b"\x00\x01", b"\x1f\x8b..", b"emotion,pixels,Usage\n0,1 2 3,Training\n"])
def test_what_is_no_table_to_stream_weighs_nothing(write: Write, content: bytes) -> None:
    assert weight(write(content)) == 0


def test_a_folder_weighs_nothing(tmp_path: Path) -> None:
    assert weight(tmp_path) == 0


def test_a_quote_behind_a_backslash_ends_no_cell(write: Write) -> None:
    text = "note,x\n" + "".join(f'"he said \\"hi,\n then {i}",{i}.5\n' for i in range(200))
    path = write(text)
    blocks = open_blocks(path)
    assert blocks.n_blocks > 3
    pd.testing.assert_frame_equal(whole(blocks), read_table(path).frame, check_index_type=False)


@pytest.mark.parametrize("encoding", ["cp1252", "gbk", "shift_jis"])
def test_an_encoding_that_shows_far_down_is_that_of_all_blocks(write: Write, encoding: str) -> None:
    word = "K\xe4fer" if encoding == "cp1252" else "\u5927\u962a\u5e02"
    text = "name,x\n" + "".join(f"{word if i > 150 else 'plain'},{i}.5\n" for i in range(200))
    path = write(text.encode(encoding))
    pd.testing.assert_frame_equal(whole(open_blocks(path)), read_table(path).frame, check_index_type=False)


def test_utf_16_cannot_be_cut_at_its_lines(write: Write) -> None:
    with pytest.raises(DataError, match="Write it as UTF-8"):
        open_blocks(write("a,b\n1,2\n3,4\n".encode("utf-16")))


def test_numbers_beyond_float64_in_one_group_make_names_of_the_whole_column(tmp_path: Path) -> None:
    ids = [2**53 + 1 + i % 2 if i >= 300 else i for i in range(N)]
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": ids, "x": list(range(N))}), path, row_group_size=100)
    blocks = open_blocks(path, Wishes(), lambda _: None)
    streamed = [cell for block in range(blocks.n_blocks) for part in blocks.frames(block) for cell in part["id"]]
    assert streamed == [str(i) for i in ids] == read_table(path).frame["id"].tolist()


def test_decimals_without_a_part_are_whole_numbers(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    ids = pa.array([2**53 + 1, 2**53 + 2], pa.int64()).cast(pa.decimal128(38, 0))
    pq.write_table(pa.table({"id": ids, "x": [1, 2]}), path)
    assert read_table(path).frame["id"].tolist() == ["9007199254740993", "9007199254740994"]


@pytest.mark.parametrize("about", [b'{"index_columns" ["a"]}', b'{"index_columns": 3}', b"[1]", b"\xff"])
def test_what_pandas_wrote_into_a_file_may_be_damaged(tmp_path: Path, about: bytes) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [1, 2], "b": ["x", "y"]}).replace_schema_metadata({b"pandas": about}), path)
    if about.startswith(b"["):
        # JSON of another form says nothing of an index.
        assert len(read_table(path)) == 2
    else:
        with pytest.raises(DataError, match="whole Parquet file"):
            read_table(path)


def test_a_text_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    bad = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"a\xff")]
    )
    pq.write_table(pa.table({"a": [1, 2], "b": bad}), path)
    with pytest.raises(DataError, match="whole Parquet file"):
        read_table(path)
    with pytest.raises(DataError, match="whole Parquet file"):
        open_blocks(path, Wishes(), lambda _: None)
