"""Runs that are made in a moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chainrule.job.config import config_from
from chainrule.job.folder import RunFolder
from chainrule.job.train import Job, Outcome

Train = Callable[..., Outcome]


@pytest.fixture
def train(tmp_path: Path) -> Train:
    """Return a function that trains to the end in a folder of the given name."""

    def run(data: str = "iris", name: str = "run", **settings: Any) -> Outcome:
        job = Job(config_from({"data": data, "epochs": 3} | settings), RunFolder(tmp_path / name))
        for _ in job:
            pass
        return job.finish()

    return run


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the report's drawing out, which takes a second a run: tests/report and the processes have it."""
    monkeypatch.setattr("chainrule.job.run_report.render", lambda _: "<!doctype html>")
    monkeypatch.setattr("chainrule.job.train.inspect_run", lambda *_, **__: None)
