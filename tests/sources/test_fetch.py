"""Fetching, from a server on this machine: whole or not at all, by checksum, and never offline."""

from __future__ import annotations

import base64
import hashlib
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from chainrule.errors import DataError
from chainrule.sources.fetch import Remote, fetch, is_fetched

CONTENT = bytes(range(256)) * 50


class Silent(SimpleHTTPRequestHandler):
    """A handler that counts what is asked for, and writes no log."""

    asked: list[str]
    users: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        if login := self.headers.get("Authorization"):
            type(self).users.append(base64.b64decode(login.removeprefix("Basic ")).decode())
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """A server of the files in a folder; the cache is a folder beside it."""
    folder = tmp_path / "published"
    folder.mkdir()
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    Silent.asked, Silent.users = [], []
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder))) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}", folder
        httpd.shutdown()
        thread.join()


def remote(*urls: str, content: bytes = CONTENT) -> tuple[Remote, ...]:
    return (Remote("a.bin", urls, hashlib.sha256(content).hexdigest()),)


def left(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache").rglob("*") if path.is_file())


def test_a_file_is_fetched_once(server: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = server
    (folder / "a.bin").write_bytes(CONTENT)
    files = remote(f"{url}/a.bin")
    assert not is_fetched("set", files)
    for _ in range(2):
        assert (fetch("set", files) / "a.bin").read_bytes() == CONTENT
    assert (Silent.asked, left(tmp_path), is_fetched("set", files)) == (["/a.bin"], ["a.bin"], True)


def test_what_has_another_checksum_is_refused_and_nothing_stays(server: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = server
    (folder / "a.bin").write_bytes(CONTENT[:-1])
    with pytest.raises(DataError, match="another checksum"):
        fetch("set", remote(f"{url}/a.bin"))
    assert left(tmp_path) == []


def test_a_file_of_the_cache_that_is_damaged_is_fetched_again(server: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = server
    (folder / "a.bin").write_bytes(CONTENT)
    files = remote(f"{url}/a.bin")
    (fetch("set", files) / "a.bin").write_bytes(b"damaged")
    assert (fetch("set", files) / "a.bin").read_bytes() == CONTENT


def test_the_next_place_is_tried(server: tuple[str, Path]) -> None:
    url, folder = server
    (folder / "a.bin").write_bytes(CONTENT)
    assert (fetch("set", remote(f"{url}/gone.bin", f"{url}/a.bin")) / "a.bin").read_bytes() == CONTENT


def test_a_file_that_is_gone_is_told(server: tuple[str, Path], tmp_path: Path) -> None:
    url, _ = server
    with pytest.raises(DataError, match="the server answers 404"):
        fetch("set", remote(f"{url}/gone.bin"))
    assert left(tmp_path) == []


def test_no_network_is_told_with_what_to_do(server: tuple[str, Path]) -> None:
    with pytest.raises(DataError, match=r"no connection.*CHAINRULE_DATA"):
        fetch("set", remote("http://127.0.0.1:9/a.bin"))


@pytest.mark.parametrize("damaged", [False, True])
def test_offline_nothing_is_asked_for(server: tuple[str, Path], tmp_path: Path, damaged: bool) -> None:
    url, folder = server
    (folder / "a.bin").write_bytes(CONTENT)
    if damaged:
        (tmp_path / "cache" / "downloads" / "set").mkdir(parents=True)
        (tmp_path / "cache" / "downloads" / "set" / "a.bin").write_bytes(b"x")
    with pytest.raises(DataError, match="another checksum" if damaged else "no such file"):
        fetch("set", remote(f"{url}/a.bin"), offline=True)
    assert Silent.asked == []


def test_offline_what_is_in_the_cache_is_used(server: tuple[str, Path]) -> None:
    url, folder = server
    (folder / "a.bin").write_bytes(CONTENT)
    files = remote(f"{url}/a.bin")
    fetch("set", files)
    assert (fetch("set", files, offline=True) / "a.bin").read_bytes() == CONTENT


def test_a_file_that_comes_in_a_zip_is_taken_out_of_it(server: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = server
    with zipfile.ZipFile(folder / "a.bin", "w") as archive:
        archive.writestr("a.bin", CONTENT)
    assert (fetch("set", remote(f"{url}/a.bin")) / "a.bin").read_bytes() == CONTENT
    assert left(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("names", [("a.bin", "b.bin"), ()])
def test_a_zip_of_something_else_is_refused_and_nothing_stays(
    server: tuple[str, Path], tmp_path: Path, names: tuple[str, ...]
) -> None:
    url, folder = server
    with zipfile.ZipFile(folder / "a.bin", "w") as archive:
        for name in names:
            archive.writestr(name, CONTENT)
    with pytest.raises(DataError, match="another checksum"):
        fetch("set", remote(f"{url}/a.bin"))
    assert left(tmp_path) == []


def test_a_login_that_is_refused_is_told(server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    url, _ = server
    monkeypatch.setattr(Silent, "do_GET", lambda self: self.send_error(403))
    (file,) = remote(f"{url}/a.bin")
    with pytest.raises(DataError, match="answers 403, for the name or the key is not known"):
        fetch("set", (replace(file, login=lambda: ("ada", "k")),))


def test_what_is_known_by_its_md5_alone_is_known_by_its_sha256_once_it_came(
    server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = server
    (folder / "a.bin").write_bytes(CONTENT)
    (file,) = remote(f"{address}/a.bin")
    file = replace(file, sha256=f"md5:{hashlib.md5(CONTENT).hexdigest()}")
    place = fetch("weak", (file,))
    pin = place / "a.bin.sha256"
    assert pin.read_text().strip() == hashlib.sha256(CONTENT).hexdigest()
    # As if somebody had forged another file with the same MD5.
    pin.write_text("0" * 64)
    with pytest.raises(DataError, match="another checksum"):
        fetch("weak", (file,), offline=True)
    with pytest.raises(DataError, match="when it first came"):
        fetch("weak", (file,))
    assert not (place / "a.bin").exists()
    pin.unlink()
    assert fetch("weak", (file,)) == place
