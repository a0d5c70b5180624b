"""Uploads are read by a process of their own: the same table, the same refusals, and an end to what takes too long."""

from __future__ import annotations

import pytest

from chainrule.errors import DataError
from chainrule.playground import apart, storage

TABLE = "when;price;kind;flag;label\n" + "".join(
    f"{i % 28 + 1:02}.03.2024;{'oops' if i == 7 else f'{i},5'};{('a', 'NA')[i % 2]};{'ja' if i % 3 else 'nein'};{'uv'[i % 2]}\n"
    for i in range(60)
)


def test_the_table_that_comes_back_is_the_one_that_was_read() -> None:
    there, here = apart.read_apart("t.csv", TABLE.encode()), storage.read_upload("t.csv", TABLE.encode())
    assert there.frame.equals(here.frame)
    assert there.frame.dtypes.astype(str).tolist() == here.frame.dtypes.astype(str).tolist()
    for field in (
        "name",
        "notes",
        "reading",
        "odd",
        "gaps",
        "kinds",
        "target",
        "task",
        "samples",
        "parts",
        "unreadable",
    ):
        assert getattr(there, field) == getattr(here, field), field


def test_a_refusal_comes_back_as_it_was_said() -> None:
    with pytest.raises(DataError) as there:
        apart.read_apart("../t.csv", b"\x00\x01")
    with pytest.raises(DataError) as here:
        storage.read_upload("../t.csv", b"\x00\x01")
    assert str(there.value) == str(here.value)


def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(DataError, match=r"read within 0\.01 s"):
        apart.read_apart("t.csv", TABLE.encode(), seconds=0.01)


@pytest.mark.parametrize("program", ["x = bytearray(64 << 30)", "import os; os.abort()", "raise SystemExit(3)"])
def test_a_process_that_ends_is_told_and_harms_nobody(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limited = "from chainrule.playground.apart import _limit_memory; _limit_memory(); "
    monkeypatch.setattr(apart, "_READER", limited + program)
    with pytest.raises(DataError, match="the process that read it ended"):
        apart.read_apart("t.csv", TABLE.encode())
