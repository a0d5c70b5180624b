"""Archives from outside: nothing climbs out, and nothing is blown up."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from chainrule.errors import DataError
from chainrule.sources import archive as module
from chainrule.sources.archive import open_archive


def packed(path: Path, name: str, content: bytes = b"x") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return path


def opened(path: Path) -> list[bytes]:
    with open_archive(path) as archive:
        return [archive.read(info) for info in archive.infolist()]


@pytest.mark.parametrize("name", ["../evil.png", "/etc/evil.png", "a/../../evil.png", "..\\evil.png", "C:\\evil.png"])
def test_a_path_that_climbs_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="that stay inside"):
        opened(packed(tmp_path / "a.zip", name))


def test_an_archive_that_unpacks_to_far_more_than_it_weighs_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_LEAST", 1 << 20)
    with pytest.raises(DataError, match="at most 100 times its size"):
        opened(packed(tmp_path / "a.zip", "a/b.png", bytes(1 << 22)))


def test_an_honest_archive_is_read(tmp_path: Path) -> None:
    assert opened(packed(tmp_path / "a.zip", "a/..b.png", b"abc")) == [b"abc"]


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", "a/b.png")
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match="without a password"):
        opened(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and then nothing", None])
def test_a_damaged_archive_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = packed(tmp_path / "a.zip", "a/b.png", bytes(range(256)) * 40)
    path.write_bytes(path.read_bytes()[:-30] if content is None else content)
    with pytest.raises(DataError, match="whole zip"):
        opened(path)


def test_a_member_that_is_damaged_is_told(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", "a/b.png", bytes(range(256)) * 40)
    content = bytearray(path.read_bytes())
    content[60:70] = b"\xff" * 10
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match="whole zip"):
        opened(path)
