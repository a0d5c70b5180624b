"""The job from end to end: outcome, files, journal, resuming."""

from __future__ import annotations

import json
import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from chainrule.errors import ConfigError, RunFolderError
from chainrule.job.config import Config, config_from
from chainrule.job.folder import RunFolder
from chainrule.job.resume import resumed
from chainrule.job.settings import read_config
from chainrule.job.train import Job
from chainrule.saved.file import load_model
from chainrule.train import EpochEnded, FitEnded, History, load_checkpoint, replay
from chainrule.tree import leaves
from tests.job.conftest import Train


def bits(params: object) -> dict[str, bytes]:
    return {name: value.tobytes() for name, value in leaves(params)}  # type: ignore[arg-type]


def test_the_outcome_is_what_the_files_say(train: Train) -> None:
    outcome = train("wine", epochs=20)
    model = load_model(outcome.folder.model)
    assert bits(model.params) == bits(outcome.model.params)
    assert model.summary["metrics"] == json.loads(json.dumps(outcome.metrics))
    assert outcome.metrics["test"]["accuracy"] > outcome.metrics["baseline"]["accuracy"]


def test_the_journal_is_replayed_to_the_history(train: Train) -> None:
    outcome = train(epochs=4)
    history = History.of(replay(outcome.folder.journal))
    assert history.epochs == [1, 2, 3, 4]
    assert history.ended is not None
    assert history.ended.epochs == outcome.epochs


def test_the_written_settings_have_no_choice_left_open(train: Train) -> None:
    config = config_from(read_config(train().folder.config))
    assert None not in (config.epochs, config.batch_size, config.learning_rate, config.data_sha256)


@pytest.mark.parametrize("settings", [{}, {"dropout": 0.3}, {"dtype": "float64"}, {"optimizer": "lbfgs"}])
def test_the_same_settings_give_the_same_bits(train: Train, settings: dict[str, object]) -> None:
    first, second = train(name="a", **settings), train(name="b", **settings)
    assert bits(first.model.params) == bits(second.model.params)


def test_another_seed_gives_another_network(train: Train) -> None:
    assert bits(train(name="a", seed=1).model.params) != bits(train(name="b", seed=2).model.params)


def test_the_model_file_holds_no_part_that_is_code(train: Train) -> None:
    with zipfile.ZipFile(train().folder.model) as archive:
        assert not [name for name in archive.namelist() if name.endswith((".py", ".pkl", ".pickle", ".so"))]


def stopped_after(config: Config, folder: RunFolder, epochs: int) -> None:
    """Leave a run the way a kill does: with a checkpoint, and without an end."""
    job = Job(config, folder)
    for event in job:
        if type(event).__name__ == "EpochStarted" and event.epoch == epochs + 1:  # type: ignore[attr-defined]
            break


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "gradient_descent"},
        {"optimizer": "adam", "dropout": 0.2},
        {"optimizer": "momentum", "schedule": "cosine"},
        {"optimizer": "adam", "plateau": 1, "patience": 4},
        {"optimizer": "rmsprop", "dtype": "float64", "batch_size": 7},
    ],
)
def test_a_run_that_was_cut_off_resumes_to_the_same_bits(
    train: Train, tmp_path: Path, settings: dict[str, object]
) -> None:
    whole = train("wine", epochs=12, engine="numpy", **settings)
    folder = RunFolder(tmp_path / "cut")
    stopped_after(
        config_from({"data": "wine", "epochs": 12, "engine": "numpy", "checkpoint_seconds": 0} | settings), folder, 5
    )
    job = resumed(folder.path, None)
    list(job)
    outcome = job.finish()
    assert bits(outcome.model.params) == bits(whole.model.params)
    assert outcome.metrics == whole.metrics


def test_stopping_keeps_the_best_weights_so_far(tmp_path: Path) -> None:
    job = Job(Config("wine", epochs=50), RunFolder(tmp_path / "run"))
    for event in job:
        if type(event).__name__ == "EpochEnded" and event.epoch == 3:  # type: ignore[attr-defined]
            job.stop("interrupted")
    outcome = job.finish()
    assert (outcome.reason, outcome.epochs, outcome.folder.report.exists()) == ("interrupted", 3, True)


def test_a_run_without_validation_rows_ends_at_its_last_epoch(train: Train) -> None:
    outcome = train(valid=0.0, test=0.0, epochs=4)
    ended = [event for event in replay(outcome.folder.journal) if isinstance(event, FitEnded)]
    assert [event.best_epoch for event in ended] == [4]
    assert list(outcome.metrics) == ["train", "baseline"]


def test_a_time_limit_ends_a_run(train: Train) -> None:
    assert "time limit" in train("spiral", epochs=100_000, time_limit=0.05, patience=0).reason


def test_resuming_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="a run to resume"):
        resumed(tmp_path, None)


def test_resuming_a_run_that_is_done_is_refused(train: Train) -> None:
    with pytest.raises(ConfigError, match="`epochs=6`"):
        resumed(train(epochs=3).folder.path, None)


def test_nothing_is_made_before_the_first_event(tmp_path: Path) -> None:
    Job(Config("iris"), RunFolder(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_predictions_of_a_regression_are_in_the_unit_of_the_target(train: Train) -> None:
    outcome = train("diabetes", epochs=30)
    assert outcome.metrics["train"]["rmse"] < outcome.metrics["baseline"]["rmse"] < 120


def test_weights_are_finite_float32(train: Train) -> None:
    for _, value in leaves(train().model.params):
        assert value.dtype == np.float32
        assert np.isfinite(value).all()


def test_training_scores_are_of_rows_spread_over_a_table_sorted_by_its_target(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("chainrule.job.train._SAMPLE_ROWS", 9)
    job = Job(config_from({"data": "iris"}), RunFolder(tmp_path / "run"))
    assert job._sample().t.sum(axis=0).tolist() == [3, 3, 3]


def test_an_error_of_whoever_looks_on_loses_nothing_that_was_learnt(tmp_path: Path) -> None:
    config = config_from({"data": "iris", "epochs": 6, "dropout": 0.2})
    whole = Job(config, RunFolder(tmp_path / "whole"))
    for _ in whole:
        pass
    job = Job(config, RunFolder(tmp_path / "run"))

    def look_on() -> None:
        with closing(iter(job)) as events:
            for event in events:
                if isinstance(event, EpochEnded) and event.epoch == 3:
                    raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        look_on()
    assert caught.traceback[-1].name == "look_on"
    saved = load_checkpoint(job.folder.checkpoint)
    assert saved.epoch == 3
    assert saved.best is not None
    assert bits(job.model.params) == bits(saved.best)
    goes_on = resumed(job.folder.path, None)
    for _ in goes_on:
        pass
    assert bits(goes_on.finish().model.params) == bits(whole.finish().model.params)
