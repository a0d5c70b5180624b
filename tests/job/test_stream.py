"""Training on a table that stays on the disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.errors import ConfigError, DataError
from chainrule.job import stream as module
from chainrule.job.config import Config
from chainrule.job.folder import RunFolder
from chainrule.job.prepare import prepare
from chainrule.job.resume import resumed
from chainrule.job.stream import is_streamed, prepare_stream
from chainrule.job.train import Job, Outcome
from chainrule.large import text as text_module
from chainrule.large.streamed import Streamed
from chainrule.train import EpochEnded
from tests.job.conftest import Train

N = 1500


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "_BYTES", 25_000)
    monkeypatch.setattr(Streamed, "pool_bytes", 4 * 4 * 600)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({name: rng.normal(size=N) for name in "abc"})
    frame["shade"] = rng.choice(["dark", "light"], N)
    frame["counter"] = np.arange(N) + 17
    frame["y"] = np.where(frame["a"] + (frame["shade"] == "dark") > 0.5, "up", "down")
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False)
    return path


def quiet(words: str) -> None:
    """Say nothing."""


def stream(table: Path, **settings: Any) -> Any:
    return prepare_stream(Config(str(table), stream=True, **({"target": "y"} | settings)), quiet)


def test_a_stream_learns_what_the_table_in_memory_teaches(train: Train, table: Path) -> None:
    streamed, whole = (
        train(str(table), f"run{flag}", target="y", stream=flag, epochs=8).metrics["test"]["accuracy"]
        for flag in (True, False)
    )
    assert streamed > 0.93
    assert streamed == pytest.approx(whole, abs=0.04)


def test_both_engines_take_the_same_steps(train: Train, table: Path) -> None:
    ends = [
        train(str(table), f"run-{engine}", target="y", stream=True, engine=engine, dtype="float64", epochs=2)
        for engine in ("numpy", "jax")
    ]
    left, right = (outcome.metrics["valid"]["log_loss"] for outcome in ends)
    assert left == pytest.approx(right, rel=1e-6)


def test_a_stream_that_is_resumed_gives_the_bits_of_one_that_was_not_stopped(train: Train, table: Path) -> None:
    settings: dict[str, Any] = {"target": "y", "stream": True, "engine": "numpy"}
    whole = train(str(table), "whole", epochs=4, **settings)
    half = train(str(table), "half", epochs=2, **settings)
    job = resumed(half.folder.path, 4)
    for _ in job:
        pass
    again = job.finish()
    for layer, parameters in whole.model.params.items():
        for name, value in parameters.items():
            np.testing.assert_array_equal(again.model.params[layer][name], value)


def test_the_parts_are_rows_that_are_not_trained_on(table: Path) -> None:
    prepared = stream(table, valid=0.2, test=0.1)
    parts = {name: part.frame["a"].tolist() for name, part in prepared.parts.items()}
    trained = prepared.parts["train"].stream
    assert trained.n_samples == len(parts["train"])
    assert len({*parts["train"], *parts["valid"], *parts["test"]}) == N


def test_a_counter_of_rows_is_not_learned_from_though_only_a_sample_of_it_was_seen(table: Path) -> None:
    kinds = {column.name: column.reason for column in stream(table).preparation.columns}
    assert kinds["counter"] == "counts the rows"


def test_held_out_parts_stay_small_enough_for_memory(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FEWEST", 50)
    monkeypatch.setattr(module, "_MOST_ROWS", {"valid": 50, "test": 60, "sample": 100})
    prepared = stream(table)
    assert {name: part.n for name, part in prepared.parts.items()} == {
        "train": pytest.approx(N - 110, abs=60),
        "valid": pytest.approx(50, abs=30),
        "test": pytest.approx(60, abs=30),
    }
    assert any("a sample of" in note for note in prepared.notes)


def test_a_class_that_the_sample_has_not_is_a_class(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with table.open("a") as file:
        file.write("0,0,0,dark,9999,sideways\n" * 3)
    monkeypatch.setattr(module, "_FEWEST", 50)
    monkeypatch.setattr(module, "_MOST_ROWS", {"valid": 1, "test": 1, "sample": 50})
    assert stream(table).preparation.target.classes == ("down", "sideways", "up")


def test_a_number_is_predicted_in_its_own_unit(train: Train, table: Path) -> None:
    outcome = train(str(table), target="a", stream=True, epochs=2, task="regression")
    target = outcome.model.preparation.target
    assert (target.mean, target.scale) == pytest.approx((0, 1), abs=0.2)


def test_what_training_comes_upon_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    flags = ["yes", "no"] * 600
    flags[1111] = "maybe"
    path.write_text("flag,x,y\n" + "".join(f"{flag},{i}.5,{'ab'[i % 2]}\n" for i, flag in enumerate(flags)))
    config = Config(str(path), target="y", stream=True, columns={"flag": "boolean"}, epochs=1, valid=0.0, test=0.0)
    job = Job(config, RunFolder(tmp_path / "run"))
    for _ in job:
        pass
    assert any("flag: 1 cells hold a category that training did not see, such as 'maybe'" in note for note in job.notes)


def test_a_file_that_changes_while_it_is_trained_on_ends_the_run_with_what_was_trained(
    tmp_path: Path, table: Path
) -> None:
    job = Job(Config(str(table), target="y", stream=True, epochs=9), RunFolder(tmp_path / "run"))

    def train_on() -> None:
        for event in job:
            if isinstance(event, EpochEnded) and event.epoch == 2:
                table.write_text(table.read_text()[:-1000])

    with pytest.raises(DataError, match="stay as it is while it is trained on"):
        train_on()
    assert job.folder.checkpoint.exists()


def test_the_size_of_the_file_decides_where_nothing_is_said(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_streamed(Config(str(table)))
    monkeypatch.setattr(module, "_memory", lambda: table.stat().st_size)
    assert is_streamed(Config(str(table)))
    assert not is_streamed(Config(str(table), stream=False))
    assert not is_streamed(Config("digits"))


def test_a_search_over_all_rows_cannot_be_streamed(table: Path) -> None:
    with pytest.raises(ConfigError, match="`optimizer=adam`"):
        stream(table, optimizer="lbfgs")


def test_a_data_set_that_is_no_file_cannot_be_streamed() -> None:
    with pytest.raises(DataError, match="drop `stream`"):
        stream(Path("digits"))


def test_a_model_of_a_stream_predicts_like_any_other(train: Train, table: Path) -> None:
    outcome: Outcome = train(str(table), target="y", stream=True, epochs=3)
    rows = prepare(Config(str(table), target="y")).parts["test"].frame
    assert outcome.model.outputs(rows).shape == (len(rows), 2)
    assert "stream = true" in outcome.folder.config.read_text()
    assert json.loads(outcome.folder.journal.read_text().splitlines()[0])["n_samples"] > 800


def test_pictures_in_a_memory_map_are_trained_on_and_resumed(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chainrule.sources.mapped.MAP_FROM", 4000)
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 600)
    x = (rng.integers(0, 100, (600, 4, 4)) + 100 * y[:, None, None]).astype(np.uint8)
    np.savez(tmp_path / "t.npz", x=x, y=y)
    outcome = train(str(tmp_path / "t.npz"), "pictures", epochs=3, engine="numpy")
    assert outcome.metrics["test"]["accuracy"] > 0.95
    again = resumed(outcome.folder.path, 5)
    for _ in again:
        pass
    assert again.finish().epochs == 5
