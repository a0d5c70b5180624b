"""A lock is held by one, says by whom, and ends with its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from chainrule.lock import Lock


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert (first.acquire(), second.acquire()) == (True, False)
    assert second.holder().startswith(f"process {os.getpid()}, since 20")
    first.release()
    assert second.acquire()


def test_a_lock_that_is_released_leaves_nothing(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")
    lock.acquire()
    lock.release()
    lock.release()
    assert not list(tmp_path.iterdir())


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    code = "import sys, time; from pathlib import Path; from chainrule.lock import Lock\n"
    code += "lock = Lock(Path(sys.argv[1])); lock.acquire(); print('held', flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "lock")], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    child.stdout.readline()
    lock = Lock(tmp_path / "lock")
    assert not lock.acquire()
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert lock.acquire()


def test_a_file_that_says_nonsense_is_held_by_another_process(tmp_path: Path) -> None:
    for content in (b"", b"\xff", b"[]", b'{"process": "x"}'):
        (tmp_path / "lock").write_bytes(content)
        assert Lock(tmp_path / "lock").holder() == "another process"
