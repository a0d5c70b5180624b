"""After a kill, a run that goes on from its checkpoint gives on NumPy the same bits as one that was not killed."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save

from chainrule.errors import RunFolderError
from chainrule.optim import LBFGS, Adam, Cosine, GradientDescent
from chainrule.train import (
    Checkpoint,
    EarlyStopping,
    EpochEnded,
    KeepBest,
    ReduceOnPlateau,
    Run,
    load_checkpoint,
    save_checkpoint,
)
from chainrule.tree import leaves
from tests.train.conftest import Start

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "gradient descent": {"optimizer": GradientDescent()},
    "adam": {"optimizer": Adam()},
    "adam with a schedule": {"optimizer": Adam(), "settings": {"epochs": 6, "schedule": Cosine()}},
    "float32": {"dtype": "float32"},
    "dropout": {"dropout": 0.3},
    "best weights": {"policies": [KeepBest()]},
    # A rate so high that the validation cost goes up and down.
    "plateaus": {
        "policies": [ReduceOnPlateau(patience=1, factor=0.5), KeepBest()],
        "settings": {"epochs": 10, "learning_rate": 1.5},
        "dropout": 0.3,
    },
    "early stopping": {
        "policies": [KeepBest(), EarlyStopping("valid.accuracy", patience=3)],
        "settings": {"epochs": 40, "learning_rate": 0.5},
    },
    "impatience": {
        "policies": [KeepBest(), EarlyStopping(patience=1)],
        "settings": {"epochs": 40, "learning_rate": 0.5},
    },
}


def make(start: Start, name: str, **options: Any) -> Run:
    """Start a run of a configuration."""
    return start(**copy.deepcopy(CONFIGURATIONS[name]), **options)


def bits(tree: Any) -> dict[str, bytes]:
    """Return the bytes of every leaf by name."""
    return {path: value.tobytes() for path, value in leaves(tree)}


def curve(run: Run) -> dict[int, tuple[float, float, Any]]:
    """Return the cost, rate and scores of each epoch."""
    history = run.history
    scores = [history.scores["valid"]["cost"][i] for i in range(len(history.epochs))]
    return dict(zip(history.epochs, zip(history.cost, history.rate, scores, strict=True), strict=True))


def interrupted(run: Run, path: Path, epoch: int) -> None:
    """Train until the end of an epoch, write a checkpoint, and go away."""
    for event in run:
        if isinstance(event, EpochEnded) and event.epoch == epoch:
            assert run.between_epochs
            save_checkpoint(path, run.checkpoint())
            return


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_resumed_run_has_the_bits_of_the_run_that_was_not_stopped(name: str, start: Start, tmp_path: Path) -> None:
    whole = make(start, name).finish()
    interrupted(make(start, name), tmp_path / "checkpoint.safetensors", epoch=3)
    resumed = make(start, name, resume=load_checkpoint(tmp_path / "checkpoint.safetensors")).finish()
    assert bits(resumed.params) == bits(whole.params)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_resumed_run_tells_the_costs_of_the_run_that_was_not_stopped(name: str, start: Start, tmp_path: Path) -> None:
    whole = make(start, name).finish()
    interrupted(make(start, name), tmp_path / "checkpoint.safetensors", epoch=3)
    resumed = make(start, name, resume=load_checkpoint(tmp_path / "checkpoint.safetensors")).finish()
    assert curve(resumed) == {epoch: row for epoch, row in curve(whole).items() if epoch > 3}


@pytest.mark.parametrize("name", ["plateaus", "early stopping", "impatience"])
def test_a_checkpoint_at_any_event_between_epochs_can_be_gone_on_from(name: str, start: Start, tmp_path: Path) -> None:
    whole = make(start, name).finish()
    run = make(start, name)
    outcomes = []
    for _ in run:
        if run.between_epochs:
            save_checkpoint(tmp_path / "c", run.checkpoint())
            outcomes.append(make(start, name, resume=load_checkpoint(tmp_path / "c")).finish())
    assert [bits(outcome.params) for outcome in outcomes] == [bits(whole.params)] * len(outcomes)
    assert {outcome.reason for outcome in outcomes} == {whole.reason}


@pytest.mark.parametrize("name", ["plateaus", "early stopping", "impatience"])
def test_a_run_that_was_interrupted_at_any_event_ends_like_the_one_that_was_not(name: str, start: Start) -> None:
    whole = make(start, name).finish()
    for stop in range(1, len(list(make(start, name)))):
        run = make(start, name)
        for number, _ in enumerate(run, start=1):
            if number == stop:
                run.stop("interrupted")
        if run.between_epochs:
            assert bits(make(start, name, resume=run.checkpoint()).finish().params) == bits(whole.params), stop


def test_the_plateaus_of_these_tests_do_reduce_the_rate(start: Start) -> None:
    rates = make(start, "plateaus").finish().history.rate
    assert rates[-1] < rates[0]


def test_the_early_stopping_of_these_tests_does_stop_after_the_checkpoint(start: Start) -> None:
    assert 3 < len(make(start, "early stopping").finish().history.epochs) < 40


def test_a_checkpoint_does_not_change_while_the_run_goes_on(start: Start) -> None:
    run = make(start, "plateaus")
    for event in run:
        if isinstance(event, EpochEnded):
            break
    checkpoint = run.checkpoint()
    before = copy.deepcopy(checkpoint.memories)
    run.finish()
    assert checkpoint.memories == before


def test_a_checkpoint_comes_back_as_it_was_written(start: Start, tmp_path: Path) -> None:
    run = make(start, "plateaus").finish()
    written = run.checkpoint()
    save_checkpoint(tmp_path / "checkpoint.safetensors", written)
    read = load_checkpoint(tmp_path / "checkpoint.safetensors")
    plain = {"params", "best", "state"}
    assert {k: v for k, v in vars(read).items() if k not in plain} == {
        k: v for k, v in vars(written).items() if k not in plain
    }


@pytest.mark.parametrize("part", ["params", "best", "state"])
def test_the_arrays_of_a_checkpoint_come_back_bit_for_bit(part: str, start: Start, tmp_path: Path) -> None:
    written = make(start, "best weights").finish().checkpoint()
    save_checkpoint(tmp_path / "checkpoint.safetensors", written)
    read = load_checkpoint(tmp_path / "checkpoint.safetensors")
    assert bits(getattr(read, part)) == bits(getattr(written, part))


def test_an_array_that_is_not_contiguous_is_written_rightly(tmp_path: Path) -> None:
    W = np.arange(6.0).reshape(2, 3).T
    save_checkpoint(tmp_path / "c.safetensors", Checkpoint(1, 1, 0.0, 1.0, 0, [], {"a": {"W": W}}))
    assert np.array_equal(load_checkpoint(tmp_path / "c.safetensors").params["a"]["W"], W)


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": "3"},
        {"epoch": -1},
        {"epoch": True},
        {"number": 2**64},
        {"seconds": float("nan")},
        {"rate_scale": None},
        {"memories": {}},
        {"memories": [3]},
        {"decided": 4},
        {"extra": 1},
    ],
    ids=repr,
)
def test_a_checkpoint_with_a_strange_position_is_refused(change: dict[str, Any], start: Start, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, make(start, "plateaus").finish().checkpoint())
    with safe_open(path, framework="numpy") as file:
        position = json.loads(file.metadata()["position"])
    path.write_bytes(save({"params/a.W": np.zeros(2)}, {"position": json.dumps(position | change)}))
    with pytest.raises(RunFolderError, match="Start the run anew"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "names",
    [["other/a.W"], ["params/"], ["params/a", "params/a.W"], ["params/a.W"], ["params/" + "a." * 5000 + "W"]],
    ids=ascii,
)
def test_a_checkpoint_with_other_arrays_is_refused(names: list[str], start: Start, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    run = make(start, "plateaus").finish()
    save_checkpoint(path, run.checkpoint())
    with safe_open(path, framework="numpy") as file:
        about = file.metadata()
    path.write_bytes(save({name: np.zeros(2) for name in names}, about))
    with pytest.raises(RunFolderError, match="Start the run anew"):
        make(start, "plateaus", resume=load_checkpoint(path))


def test_a_checkpoint_of_another_number_of_policies_is_refused(start: Start) -> None:
    checkpoint = make(start, "plateaus").finish().checkpoint()
    with pytest.raises(RunFolderError, match="a memory for each of 0 policies"):
        start(resume=checkpoint)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\xff" * 100], ids=repr)
def test_a_damaged_checkpoint_is_an_error_that_says_what_to_do(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(content)
    with pytest.raises(RunFolderError, match="Start the run anew"):
        load_checkpoint(path)


def test_a_checkpoint_that_is_not_there_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="checkpoint"):
        load_checkpoint(tmp_path / "checkpoint.safetensors")


def test_a_resumed_run_goes_on_on_jax(start: Start) -> None:
    whole = make(start, "adam", engine="jax").finish()
    run = make(start, "adam", engine="jax")
    for event in run:
        if isinstance(event, EpochEnded) and event.epoch == 3:
            break
    resumed = make(start, "adam", engine="jax", resume=run.checkpoint()).finish()
    assert bits(resumed.params) == bits(whole.params)


def test_a_resumed_run_numbers_its_events_onwards(start: Start) -> None:
    run = make(start, "adam")
    for event in run:
        if isinstance(event, EpochEnded) and event.epoch == 2:
            break
    checkpoint = run.checkpoint()
    events = list(make(start, "adam", resume=checkpoint))
    assert [event.number for event in events] == list(range(checkpoint.number + 1, checkpoint.number + 1 + len(events)))


def test_a_resumed_search_goes_on_down(start: Start) -> None:
    run = start(optimizer=LBFGS(), settings={"epochs": 20})
    for event in run:
        if isinstance(event, EpochEnded) and event.epoch == 5:
            break
    reached = event.cost
    resumed = start(optimizer=LBFGS(), settings={"epochs": 20}, resume=run.checkpoint()).finish()
    assert resumed.history.cost[-1] < reached
