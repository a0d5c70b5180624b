"""A table that would not fit is refused by what its file says, before anything is made of it."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chainrule.errors import DataError, TooLargeError
from chainrule.sources import budget
from chainrule.sources.budget import MOST_COLUMNS, amount, free_memory, require_room
from chainrule.sources.read import read_source
from chainrule.sources.source import read_table
from tests.conftest import Write

MIB = 1 << 20


def parquet(table: pa.Table, **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def test_a_dictionary_of_one_long_word_told_a_million_times_is_refused() -> None:
    words = pa.DictionaryArray.from_arrays(np.zeros(1_000_000, np.int32), pa.array(["x" * 20_000]))
    raw = parquet(pa.table({"a": words, "b": words}))
    assert len(raw) < MIB
    with pytest.raises(DataError, match=r"needs about 1\d\d\.\d GiB") as refused:
        require_room("bomb.parquet", raw, 8 << 30)
    assert "`stream`" in refused.value.remedy


def test_a_number_told_a_hundred_million_times_is_refused() -> None:
    raw = parquet(pa.table({"a": np.zeros(20_000_000), "b": np.zeros(20_000_000)}), compression="zstd")
    assert len(raw) < MIB
    with pytest.raises(DataError, match="needs about 916 MiB"):
        require_room("bomb.parquet", raw, 512 * MIB)


def test_many_short_words_are_weighed_by_their_own_lengths() -> None:
    words = pa.array([f"w{i % 1000}" for i in range(200_000)]).dictionary_encode()
    raw = parquet(pa.table({"a": words, "b": np.arange(200_000)}))
    # A bound by the dictionary's size would be a gigabyte.
    require_room("t.parquet", raw, 32 * MIB)


@pytest.mark.parametrize(
    "raw",
    [b"," * (MOST_COLUMNS + 1) + b"\n1,2\n", b"a,b\n" + b";" * (MOST_COLUMNS + 1), b"a\tb\n1\t" + b"\t" * MOST_COLUMNS],
    ids=["header", "row", "tabs"],
)
def test_more_columns_than_any_table_has_are_refused(raw: bytes) -> None:
    with pytest.raises(DataError, match="at most 100,000 columns"):
        require_room("t.csv", raw)


def test_delimiters_in_a_quoted_text_are_no_columns() -> None:
    require_room("t.csv", b'a,b\n"' + b"," * (MOST_COLUMNS + 1) + b'",1\n')


def test_a_text_of_commas_is_refused_by_its_cells() -> None:
    raw = b"a,b,c\n" + b",,\n" * MIB
    require_room("t.csv", raw, 128 * MIB)
    with pytest.raises(DataError, match="needs about 99 MiB"):
        require_room("t.csv", raw, 64 * MIB)


def test_a_small_file_of_gzip_is_weighed_unpacked(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "free_memory", lambda: 256 * MIB)
    path = write(gzip.compress(b"a,b\n" + b"1,2\n" * (8 * MIB)), "bomb.csv.gz")
    assert path.stat().st_size < MIB
    with pytest.raises(DataError, match="fits into the 256 MiB"):
        read_table(path)


def test_what_is_free_is_the_least_that_somebody_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = free_memory()
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("400\n")
    monkeypatch.setattr(budget, "_CGROUP", tmp_path)
    assert (free_memory(), before is None or before > 600) == (600, True)
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory() != 600


def test_damaged_parquet_is_told() -> None:
    with pytest.raises(DataError, match="whole Parquet file"):
        require_room("t.parquet", b"PAR1" + b"noise" * 100)


def test_amounts_are_told_in_words() -> None:
    assert [amount(300 * MIB), amount(5 << 30)] == ["300 MiB", "5.0 GiB"]


def test_memory_that_ends_while_data_are_read_is_told(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("chainrule.sources.readers.read_table", fail)
    with pytest.raises(TooLargeError, match="needs more than the"):
        read_source(str(write("a,b\n1,2\n")))
