"""A run may be killed at any moment: what it has left on the disk by then is gone on from to the bits of the whole run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ConfigError, RunFolderError, TrainingError
from chainrule.job.config import Config, config_from
from chainrule.job.folder import RunFolder
from chainrule.job.resume import resumed
from chainrule.job.train import Job
from chainrule.saved.file import load_model
from chainrule.train import FitEnded, replay
from chainrule.tree import leaves

# `make deep` kills the runs of more seeds.
SEEDS = int(os.environ.get("CHAINRULE_KILLS", "1"))
# Each ends in its own way; "patience" within a few epochs, whatever the seed.
ENDINGS: dict[str, dict[str, Any]] = {
    "all epochs": {"epochs": 4},
    "patience": {"epochs": 12, "patience": 1, "learning_rate": 0.2},
    "patience after plateaus": {"epochs": 12, "patience": 2, "plateau": 1, "learning_rate": 0.2},
    "an average of the weights": {"epochs": 3, "ema": 0.9, "dropout": 0.2},
    "no validation rows": {"epochs": 3, "valid": 0.0},
}


def bits(folder: Path) -> dict[str, bytes]:
    return {name: np.asarray(value).tobytes() for name, value in leaves(load_model(folder / "model.chainrule").params)}


def ended(job: Job) -> FitEnded:
    found = [event for event in job if isinstance(event, FitEnded)]
    with pytest.raises(TrainingError):
        job.finish()
    return found[-1]


def photographs(folder: Path, to: Path, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Train to the end, and yield a copy of the folder as it was on the disk after each event and each file."""
    from chainrule import files

    taken: list[Path] = []

    def take() -> None:
        taken.append(to / f"{len(taken):03}")
        shutil.copytree(folder, taken[-1])

    write = files.replace_file

    def replace_file(path: Path, content: Any) -> None:
        write(path, content)
        if path.parent == folder:
            take()

    for module in ("job.train", "train.checkpoint", "train.journal", "saved.file"):
        monkeypatch.setattr(f"chainrule.{module}.replace_file", replace_file)
    job = Job(config_from({"data": "iris", "engine": "numpy", "checkpoint_seconds": 0} | settings), RunFolder(folder))
    for _ in job:
        take()
    job.finish()
    monkeypatch.undo()
    monkeypatch.setattr("chainrule.job.run_report.render", lambda _: "<!doctype html>")
    monkeypatch.setattr("chainrule.job.train.inspect_run", lambda *_, **__: None)
    yield from taken


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_run_killed_at_any_moment_comes_to_the_bits_of_the_whole_one(
    ending: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = []
    for place in photographs(tmp_path / "whole", tmp_path / "cut", ENDINGS[ending] | {"seed": seed}, monkeypatch):
        if not (place / "checkpoint.safetensors").exists():
            with pytest.raises(RunFolderError, match="before its first checkpoint"):
                resumed(place, None)
            continue
        if (place / "report.html").exists():
            with pytest.raises(ConfigError, match="epochs left to train"):
                resumed(place, None)
        else:
            job = resumed(place, None)
            list(job)
            job.finish()
        outcomes.append(bits(place))
        ended = [event for event in replay(place / "journal.jsonl") if isinstance(event, FitEnded)]
        numbers = [event.number for event in replay(place / "journal.jsonl")]
        assert (ended[-1].epochs, numbers) == (ended[0].epochs, list(range(1, len(numbers) + 1)))
    assert len(outcomes) > 5
    assert outcomes == [bits(tmp_path / "whole")] * len(outcomes)


def test_a_run_whose_cost_became_nan_stops_at_the_same_place_when_it_is_resumed(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"learning_rate": 1e30, "engine": "numpy", "checkpoint_seconds": 0, "valid": 0.0}
    job = Job(Config("iris", epochs=9, optimizer="gradient_descent", **settings), RunFolder(tmp_path / "run"))
    first = ended(job)
    job.release()
    again = ended(resumed(tmp_path / "run", None))
    assert (again.reason, again.epochs) == ("the cost is not finite", first.epochs)


def test_a_run_that_stopped_early_goes_on_when_more_epochs_are_asked_for(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    job = Job(Config("iris", epochs=40, patience=1, learning_rate=0.2, engine="numpy"), folder)
    list(job)
    stopped = job.finish().epochs
    with pytest.raises(ConfigError, match="has not improved"):
        resumed(folder.path, None)
    more = resumed(folder.path, 60)
    list(more)
    assert stopped < more.finish().epochs <= 60


def test_a_folder_is_free_again_after_a_run_that_was_broken_off(tmp_path: Path) -> None:
    job = Job(Config("iris", epochs=5, checkpoint_seconds=0), RunFolder(tmp_path / "run"))
    events = iter(job)
    for _ in range(3):
        next(events)
    with pytest.raises(RunFolderError, match="one held by"):
        resumed(tmp_path / "run", None)
    events.close()  # type: ignore[attr-defined]
    resumed(tmp_path / "run", None).release()


def test_a_resumption_that_is_refused_leaves_the_folder_free(tmp_path: Path) -> None:
    job = Job(Config("iris", epochs=2), RunFolder(tmp_path / "run"))
    list(job)
    job.finish()
    for _ in range(2):
        with pytest.raises(ConfigError):
            resumed(tmp_path / "run", None)
