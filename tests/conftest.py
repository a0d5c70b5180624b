"""What tests of several folders share: the engines that everything must run on, and small files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from chainrule.engine import Engine, engine_by_name

Write = Callable[..., Path]

# `make test` tries the same examples each time, so that it fails for a change alone; `make deep` looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("new", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


# What brings what the machine lacks, by a word of the reason for which a test was skipped.
_BRINGS = {
    "Chromium": "apt-get install chromium, or any Chromium in the PATH",
    "pdflatex": "apt-get install texlive-latex-recommended",
    "openpyxl": "make test, or pip install openpyxl",
    "npm ci": "npm ci",
    "node is": "Node.js 20 or newer in the PATH",
    "CHAINRULE_DATA": "CHAINRULE_DATA=FOLDER make test",
    "mount": "make test as a user who may mount",
}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in the last line what was not tried, and which command brings it."""
    skipped = Counter(_brings(report) for report in terminalreporter.stats.get("skipped", []))
    if skipped:
        told = "; ".join(f"{count} ({how})" for how, count in skipped.items())
        terminalreporter.write_line(f"NOT TRIED HERE: {told}", yellow=True, bold=True)


def _brings(report: pytest.TestReport) -> str:
    reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    return next(
        (f"{reason.split(':')[0]}; bring it by: {how}" for word, how in _BRINGS.items() if word in reason), reason
    )


@pytest.fixture(params=["numpy", "jax"])
def engine64(request: pytest.FixtureRequest) -> Engine:
    """Each engine, in float64."""
    return engine_by_name(request.param, "float64")


@pytest.fixture(params=["numpy", "jax"])
def engine32(request: pytest.FixtureRequest) -> Engine:
    """Each engine, in float32."""
    return engine_by_name(request.param, "float32")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes text or bytes into a file and returns its path."""

    def make(content: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make
