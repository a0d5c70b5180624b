"""The learner: steps, sub-steps, the way back, advice, and reasons to stop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chainrule.errors import ConfigError
from chainrule.playground.build import initial_weights
from chainrule.playground.learner import WatchedLearner
from chainrule.playground.race import Race
from chainrule.playground.scene import scene_of
from chainrule.playground.sources import load_data
from chainrule.playground.spec import DataSpec, LayerSpec, Spec, StopSpec, ViewSpec
from chainrule.tree import leaf

SPEC = Spec(data=DataSpec(samples=80))


def _learner(spec: Spec = SPEC) -> WatchedLearner:
    scene = scene_of(spec, load_data(spec.data, {}, []))
    return WatchedLearner(scene, initial_weights(spec, scene.network))


def _flat(learner: WatchedLearner) -> np.ndarray:
    return learner.trainer.params.flat.copy()


def test_four_sub_steps_are_one_batch_to_the_bit() -> None:
    spec = replace(SPEC, layers=(LayerSpec(4, dropout=0.5), LayerSpec(2)), l2=0.01, optimizer="momentum")
    whole, parts = _learner(spec), _learner(spec)
    for _ in range(3):
        whole.step("batch")
        phases = [parts.step("substep") for _ in range(4)]
        assert [shown["phase"] for shown in phases if shown] == ["forward", "cost", "backward", "update"]
    assert np.array_equal(_flat(whole), _flat(parts))


def test_the_numbers_of_a_sub_step_are_those_of_the_step() -> None:
    learner = _learner(replace(SPEC, l2=0.1))
    rows = learner.trainer.next_rows()
    before = learner.trainer.params["hidden1"]["W"].copy()
    shown = [learner.step("substep") for _ in range(4)]
    forward, cost, backward, update = (item["values"] for item in shown if item)
    x = learner.scene.train.x[rows]
    bias = np.zeros(4)
    assert np.allclose(forward["hidden1.y"], x @ before + bias, rtol=1e-12)
    assert np.allclose(forward["tanh1.y"], np.tanh(forward["hidden1.y"]), rtol=1e-12)
    assert cost["J"] == pytest.approx(np.mean(cost["Jn"]), rel=1e-12)
    assert np.allclose(backward["hidden1.dW"], x.T @ np.array(backward["hidden1.dy"]) + 0.1 * before, rtol=1e-9)
    stepped = np.array(update["hidden1.W"]) - 0.03 * np.array(backward["hidden1.dW"])
    assert np.allclose(update["hidden1.W new"], stepped, rtol=1e-12)
    assert shown[0] is not None
    assert shown[0]["rows"] == rows.tolist()


def test_a_sub_step_gives_way_to_another_step() -> None:
    learner, plain = _learner(), _learner()
    learner.step("substep")
    learner.step("substep")
    learner.step("batch")
    plain.step("batch")
    assert np.array_equal(_flat(learner), _flat(plain))
    shown = learner.step("substep")
    assert shown is not None
    assert shown["phase"] == "forward"


@pytest.mark.parametrize("unit", ["epoch", "batch", "sample", "substep"])
def test_back_undoes_a_step_of_any_unit(unit: str) -> None:
    learner = _learner()
    learner.step("epoch")
    learner.step("batch")
    before = _flat(learner)
    for _ in range(4 if unit == "substep" else 1):
        learner.step(unit)
    assert not np.array_equal(_flat(learner), before)
    learner.back()
    assert np.array_equal(_flat(learner), before)


def test_back_to_the_initial_weights_and_no_further() -> None:
    learner = _learner()
    initial = _flat(learner)
    learner.step("epoch")
    learner.step("epoch")
    learner.back()
    learner.back()
    assert np.array_equal(_flat(learner), initial)
    with pytest.raises(ConfigError, match="a checkpoint before"):
        learner.back()


def test_rewind_starts_from_the_same_weights_and_learns_the_same() -> None:
    learner = _learner(replace(SPEC, optimizer="adam"))
    for _ in range(3):
        learner.step("epoch")
    after = _flat(learner)
    learner.rewind()
    assert learner.trainer.position.epoch == 0
    assert len(learner.curve.points) == 1
    for _ in range(3):
        learner.step("epoch")
    assert np.array_equal(_flat(learner), after)


def test_a_weight_that_was_edited_before_the_first_step_is_an_initial_weight() -> None:
    learner = _learner()
    learner.edit("output.b", (1,), 0.75)
    learner.step("epoch")
    learner.rewind()
    assert leaf(learner.trainer.params, "output.b")[1] == 0.75


@pytest.mark.parametrize(
    ("param", "index"), [("hidden9.W", (0, 0)), ("hidden1.W", (0,)), ("hidden1.W", (2, 0)), ("hidden1", (0,)), ("", ())]
)
def test_a_weight_that_is_not_there_cannot_be_edited(param: str, index: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError):
        _learner().edit(param, index, 1.0)


def test_a_checkpoint_that_was_not_kept_is_answered_by_the_nearest() -> None:
    learner = _learner()
    learner.step("epoch")
    with pytest.raises(ConfigError, match="the epoch of a checkpoint") as caught:
        learner.goto(7)
    assert "nearest that was kept is 1" in caught.value.remedy


def _run(learner: WatchedLearner, most: int = 4000) -> None:
    for _ in range(most):
        learner.advance(0.01)
        kinds = {event.content["kind"] for event in learner.events}
        if kinds & {"stopped", "exploded"}:
            return


@pytest.mark.parametrize(
    ("stop", "text"),
    [
        (StopSpec(epochs=5), "Epoch 5 is done"),
        (StopSpec(cost=0.5), "The training cost is"),
        (StopSpec(seconds=0.05), "seconds of training"),
    ],
)
def test_it_stops_by_itself_where_it_was_told_to(stop: StopSpec, text: str) -> None:
    learner = _learner(replace(SPEC, stop=stop))
    _run(learner)
    (event,) = (event for event in learner.events if event.content["kind"] == "stopped")
    assert text in event.content["text"]
    if stop.epochs:
        assert learner.trainer.position.epoch == 5


def test_an_exploding_cost_is_told_with_its_rate_and_no_cure() -> None:
    spec = Spec(data=DataSpec("plane", samples=80), layers=(LayerSpec(4, "identity"),), learning_rate=10.0)
    learner = _learner(spec)
    _run(learner)
    exploded = [event.content["text"] for event in learner.events if event.content["kind"] == "exploded"]
    assert exploded
    assert "its weights have exploded, at a rate of 10. Rewind." in exploded[0]


def test_a_dead_unit_is_found_and_told_once() -> None:
    spec = replace(SPEC, layers=(LayerSpec(3, "relu"),))
    learner = _learner(spec)
    learner.edit("hidden1.b", (1,), -1000.0)
    for _ in range(2):
        learner._looked = 0.0
        learner.step("epoch")
    dead = [event.content["text"] for event in learner.events if event.content["kind"] == "dead_units"]
    assert len(dead) == 1
    assert "Unit 2 of hidden1" in dead[0]


def test_the_doctor_tells_when_validation_worsens() -> None:
    spec = Spec(
        data=DataSpec("spiral", samples=40, noise=30.0, train_share=0.3),
        layers=(LayerSpec(32), LayerSpec(32)),
        learning_rate=0.3,
        stop=StopSpec(epochs=1_000_000),
    )
    learner = _learner(spec)
    # How many epochs lie between two looks depends on the machine: as many looks as it takes, and not one more.
    for _ in range(2000):
        learner.advance(0.005)
        if any(event.content["kind"] == "overfits" for event in learner.events):
            return
    raise AssertionError("nothing was told")


def test_slow_motion_takes_no_more_steps_than_asked() -> None:
    learner = _learner(replace(SPEC, view=ViewSpec(speed=5.0)))
    rested = sum(learner.advance(0.002) for _ in range(100))
    # 5 epochs of 4 batches a second, for the time that the calls took and asked to rest.
    assert learner.trainer.position.step <= 20 * (rested + 1.0) + 1
    assert rested > 0


def test_a_race_starts_all_from_the_same_weights() -> None:
    learner = _learner()
    race = Race(learner.scene, learner.initial, ("gradient_descent", "adam", "adam"), 4)
    while not race.is_over:
        race.advance(0.01)
    (first, second) = race.lanes
    assert first[3].points[0] == second[3].points[0]
    assert first[3].points[-1][0] == second[3].points[-1][0] == 4
    for _ in range(4):
        learner.step("epoch")
    assert np.array_equal(_flat(learner), first[2].params.flat)
    assert "adam" in race.verdict()
    with pytest.raises(ConfigError, match="the name of an optimizer"):
        Race(learner.scene, learner.initial, ("adm",), 4)
