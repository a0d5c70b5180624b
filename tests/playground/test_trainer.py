"""The trainer takes the very steps of `chainrule train`, its past and all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chainrule import optim, train
from chainrule.engine import engine_by_name
from chainrule.playground.build import initial_weights
from chainrule.playground.past import PastStates
from chainrule.playground.runs import MOST_POINTS, Curve
from chainrule.playground.scene import Scene, scene_of
from chainrule.playground.sources import load_data
from chainrule.playground.spec import DataSpec, LayerSpec, Spec
from chainrule.playground.trainer import Position, Trainer, TrainerState
from chainrule.train.stepper import BatchStepper
from chainrule.tree import leaves
from tests.train.rules import Leashed

SPEC = Spec(data=DataSpec(samples=90), layers=(LayerSpec(5), LayerSpec(3, dropout=0.3)), optimizer="adam")


def _trainer(spec: Spec = SPEC) -> tuple[Scene, Trainer]:
    scene = scene_of(spec, load_data(spec.data, {}, []))
    return scene, Trainer(spec, scene.network, scene.train, initial_weights(spec, scene.network))


def _epoch(trainer: Trainer) -> None:
    trainer.take(trainer.steps_left)


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_its_epochs_are_those_of_the_library_to_the_bit(schedule: str) -> None:
    scene, trainer = _trainer(replace(SPEC, schedule=schedule))
    stepper = BatchStepper(
        train.Supervised(scene.network),
        scene.train,
        initial_weights(SPEC, scene.network),
        rule=optim.Adam(),
        schedule=optim.schedule_by_name(schedule),
        clip=optim.Clip(),
        engine=engine_by_name("numpy", "float64"),
        batch_size=10,
        epochs=1000,
        seed=SPEC.init_seed,
    )
    for epoch in range(3):
        _epoch(trainer)
        list(stepper.epoch(epoch, SPEC.learning_rate))
    assert np.array_equal(trainer.params.flat, stepper.params.flat)  # type: ignore[attr-defined]


def test_a_rule_whose_moments_do_not_start_at_zero_takes_the_librarys_steps_and_goes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chainrule.playground.trainer.rule_of", lambda spec: Leashed())
    scene, trainer = _trainer(replace(SPEC, layers=(LayerSpec(5),)))
    start = trainer.state()
    library = train.Learner(
        train.Supervised(scene.network),
        initial_weights(trainer.spec, scene.network),
        rule=Leashed(),
        engine=engine_by_name("numpy", "float64"),
        rate=SPEC.learning_rate,
    )
    for _ in range(2):
        library.step(trainer.batch(trainer.next_rows()))
        trainer.take(1)
    assert np.array_equal(trainer.params.flat, library.params.flat)  # type: ignore[attr-defined]
    shown = {path: np.array(value) for path, value in leaves(trainer.shown)}
    assert all(np.array_equal(value, shown[path]) for path, value in leaves(library.shown))
    trainer.restore(replace(start, moments={}))
    assert np.array_equal(trainer.moments["anchor"].flat, start.weights)


def test_an_epoch_in_pieces_is_the_same_epoch() -> None:
    _, whole = _trainer()
    _, pieces = _trainer()
    _epoch(whole)
    pieces.take(1)
    pieces.take(2)
    while pieces.position.epoch == 0:
        pieces.take(1)
    assert np.array_equal(whole.params.flat, pieces.params.flat)
    assert whole.position == pieces.position == Position(1, 0, 5)


def test_samples_and_a_new_batch_size_use_every_row_once() -> None:
    _, trainer = _trainer()
    seen = list(trainer.next_rows(1))
    trainer.take(1, 1)
    trainer.configure(replace(SPEC, batch_size=7), trainer.network)
    while trainer.position.epoch == 0:
        seen += list(trainer.next_rows())
        trainer.take(1)
    assert sorted(seen) == list(range(trainer.n))


def test_from_a_state_it_goes_on_with_the_same_bits() -> None:
    _, trainer = _trainer()
    _epoch(trainer)
    trainer.take(2)
    kept = trainer.state()
    _epoch(trainer)
    after = trainer.params.flat.copy()
    trainer.restore(kept)
    _epoch(trainer)
    assert np.array_equal(trainer.params.flat, after)


def test_settings_change_on_the_way_without_touching_the_weights() -> None:
    scene, trainer = _trainer()
    _epoch(trainer)
    before, step = trainer.params.flat.copy(), trainer.rule_step
    spec = replace(SPEC, learning_rate=0.5, l2=0.1, layers=(LayerSpec(5, dropout=0.1), LayerSpec(3)))
    trainer.configure(spec, scene_of(spec, scene.data).network)
    assert np.array_equal(trainer.params.flat, before)
    assert trainer.rule_step == step
    momentum = replace(spec, optimizer="momentum")
    trainer.configure(momentum, trainer.network)
    assert np.array_equal(trainer.params.flat, before)
    assert trainer.rule_step == 0
    assert not trainer.moments["velocity"].flat.any()
    _epoch(trainer)
    assert not np.array_equal(trainer.params.flat, before)


def test_the_memory_of_another_rule_is_of_no_use_even_where_it_has_the_same_names() -> None:
    _, trainer = _trainer(replace(SPEC, optimizer="momentum"))
    trainer.take(2)
    kept = trainer.state()
    trainer.configure(replace(trainer.spec, optimizer="nesterov"), trainer.network)
    trainer.restore(kept)
    assert (trainer.position.step, trainer.rule_step) == (2, 0)
    assert not trainer.moments["velocity"].flat.any()


def _state(epoch: int, size: int = 3) -> TrainerState:
    return TrainerState(Position(epoch, 0, epoch * 10), epoch * 10, 0.0, np.zeros(size), "adam", {})


def test_old_states_grow_sparse_evenly_and_the_first_stays() -> None:
    kept = PastStates()
    for epoch in range(5000):
        kept.add(_state(epoch))
    epochs = kept.epochs
    assert epochs[0] == 0
    assert epochs[-20:] == list(range(4980, 5000))
    assert 60 <= len(epochs) <= 240
    assert np.diff(epochs).max() <= 128
    assert kept.of_epoch(epochs[3]).position.epoch == epochs[3]


def test_states_of_a_large_network_hold_no_more_than_their_share_of_memory() -> None:
    kept = PastStates()
    for epoch in range(200):
        kept.add(_state(epoch, 1_000_000))
    assert kept.nbytes <= 32 << 20


def test_after_going_back_the_old_future_is_forgotten() -> None:
    kept = PastStates()
    for epoch in range(10):
        kept.add(_state(epoch))
    found = kept.before(45)
    assert found is not None
    assert found.position.epoch == 4
    kept.add(_state(5))
    assert kept.epochs == [0, 1, 2, 3, 4, 5]
    assert kept.before(0) is None


def test_a_curve_keeps_its_ends_however_long_it_grows() -> None:
    curve = Curve()
    for epoch in range(20_000):
        curve.add(epoch, 1 / (epoch + 1), 2.0)
    assert len(curve.points) <= 2 * MOST_POINTS
    thin = curve.thinned()
    assert len(thin) <= MOST_POINTS
    assert thin[0][0] == 0
    assert thin[-1][0] == 19_999
    assert [point[0] for point in curve.since(19_997)] == [19_997, 19_998, 19_999]
    assert curve.since(curve.serial) == []
    curve.cut(10_000)
    assert curve.points[-1][0] < 10_000
