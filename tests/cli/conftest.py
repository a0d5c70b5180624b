"""The command line, run inside this process or as one of its own, in an empty folder; and the real data."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chainrule.cli.main import main

ROOT = Path(__file__).parents[2]
SCRIPT = Path(sys.executable).with_name("chainrule")


@dataclass(frozen=True)
class Result:
    """What a command came to."""

    code: int
    out: str
    err: str


Command = Callable[..., Result]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the empty folder that commands run in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def chainrule(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return a function that runs a command in this process, the way the console script does."""

    def run(*arguments: Any) -> Result:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["chainrule", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        out, err = capsys.readouterr()
        return Result(code, out, err)

    return run


@pytest.fixture
def process(here: Path) -> Callable[..., subprocess.Popen[str]]:
    """Return a function that starts the console script as a process of its own."""

    def start(*arguments: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [SCRIPT, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=here,
            env=os.environ | {"PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": "1"},
        )

    return start


@pytest.fixture
def real() -> Callable[[str], Path]:
    """Return a function that finds a file of the real data, or skips the test."""
    folder = Path(os.environ.get("CHAINRULE_DATA", ROOT.parent / "shared" / "data"))

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            pytest.skip(f"no real data at {path}: set CHAINRULE_DATA to the folder that has {name}")
        return path

    return find
