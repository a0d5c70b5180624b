"""A Dask cluster that is already running: folds and trials on a real scheduler and two workers of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.naive_bayes import GaussianNB

from chainrule.select import Workers, cross_validate
from chainrule.select.space import Span
from chainrule.select.tune import tune

pytest.importorskip("distributed")
X, Y = load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a scheduler and two workers as processes of their own."""
    folder = tmp_path_factory.mktemp("dask")
    note = folder / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    commands = [
        [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(note)],
        *[
            [*dask, "worker", "--scheduler-file", str(note), "--no-dashboard", "--nthreads", "1", "--no-nanny",
             "--local-directory", str(folder), "--name", f"worker{i}"]
            for i in (1, 2)
        ],
    ]  # fmt: skip
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        for command in commands
    ]
    try:
        import json

        for _ in range(300):
            if note.exists() and note.read_text().strip():
                break
            time.sleep(0.1)
        yield json.loads(note.read_text())["address"]
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def test_folds_are_trained_by_the_workers_of_a_cluster(address: str) -> None:
    there = cross_validate(GaussianNB(), X, Y, workers=Workers(2, "dask", address))
    np.testing.assert_array_equal(there.scores, cross_validate(GaussianNB(), X, Y).scores)


def test_trials_are_done_by_the_workers_of_a_cluster(address: str, tmp_path: Path) -> None:
    space = {"var_smoothing": Span(1e-12, 1e-1)}
    found = tune(
        GaussianNB(), X, Y, space, trials=6, storage=str(tmp_path / "s.db"), workers=Workers(2, "dask", address)
    )
    assert len([trial for trial in found.trials if trial.state == "done"]) >= 1
    assert len(found.trials) == 6
