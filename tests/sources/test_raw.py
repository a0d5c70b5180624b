"""Raw bytes: whole, unpacked, and no bombs."""

from __future__ import annotations

import gzip

import pytest

from chainrule.errors import DataError
from chainrule.sources import raw
from chainrule.sources.raw import first_bytes, read_bytes
from tests.conftest import Write


def test_gzip_is_unpacked_whatever_the_name(write: Write) -> None:
    assert read_bytes(write(gzip.compress(b"abc"), "a.bin")) == b"abc"
    assert first_bytes(write(gzip.compress(b"abc"), "a.bin"), 2) == b"ab"


def test_several_members_are_read_one_after_the_other(write: Write) -> None:
    path = write(b"".join(gzip.compress(part) for part in (b"a,b\n", b"1,2\n", b"3,4\n")), "t.csv.gz")
    assert read_bytes(path) == b"a,b\n1,2\n3,4\n"


def test_a_gzip_bomb_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "_AT_LEAST", 1 << 20)
    path = write(gzip.compress(bytes(1 << 24)), "a.gz")
    with pytest.raises(DataError, match="to unpack to at most"):
        read_bytes(path)


def test_the_first_bytes_of_what_is_no_file_are_none(write: Write) -> None:
    path = write(gzip.compress(b"abc")[:12], "cut.gz")
    assert (first_bytes(path), first_bytes(path.parent), first_bytes(path / "x")) == (b"", b"", b"")
