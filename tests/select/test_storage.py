"""Storages: a file is the default, a lock is waited for and then told, and no password is shown."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from chainrule.errors import ConfigError, StorageError
from chainrule.select.storage import Storage


def test_a_path_is_a_sqlite_file_whose_folder_is_made(tmp_path: Path) -> None:
    place = Storage(str(tmp_path / "deep" / "search.db"))
    assert place.address == f"sqlite:///{tmp_path}/deep/search.db"
    place.open(seed=0)
    assert (tmp_path / "deep" / "search.db").exists()


def test_a_locked_storage_is_told_after_some_attempts(tmp_path: Path) -> None:
    place = Storage(str(tmp_path / "search.db"), patience=0.1)
    place.open(seed=0)
    with sqlite3.connect(tmp_path / "search.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError, match="database is locked") as caught:
            place.open(seed=0)
    assert "nothing was lost" in caught.value.remedy
    other.close()


def test_a_lock_that_is_let_go_in_time_is_no_error(tmp_path: Path) -> None:
    place = Storage(str(tmp_path / "search.db"), patience=0.2)
    place.open(seed=0)
    other = sqlite3.connect(tmp_path / "search.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")

    def let_go() -> None:
        time.sleep(0.6)
        other.execute("COMMIT")
        other.close()

    thread = threading.Thread(target=let_go)
    thread.start()
    assert place.open(seed=0).study_name == "search"
    thread.join()


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "search.db").write_text("a,b\n1,2\n" * 2000)
    with pytest.raises(StorageError, match="file is not a database"):
        Storage(str(tmp_path / "search.db")).open(seed=0)
    with pytest.raises(ConfigError, match="the URL of a database"):
        Storage("nosuchdatabase://x/y").open(seed=0)
    with pytest.raises(StorageError, match="a folder for the storage"):
        Storage(str(tmp_path / "search.db" / "inside" / "search.db")).open(seed=0)


def test_a_server_that_cannot_be_reached_or_has_no_driver_is_told_without_its_password() -> None:
    with pytest.raises((ConfigError, StorageError)) as caught:
        Storage("postgresql://ada:secret@127.0.0.1:9/trials").open(seed=0)
    assert "127.0.0.1:9/trials" in str(caught.value)
    assert "secret" not in str(caught.value)
