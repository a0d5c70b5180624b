"""Augmentation: drawn by hand, the same on both engines, off at predict."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import optim, train
from chainrule.encode.augment import PRESETS, Augment, augment_by_name
from chainrule.engine import Engine, engine_by_name
from chainrule.errors import ConfigError
from chainrule.network import Network
from chainrule.nn import Conv2D, Dense, Flatten, Sequential, SoftmaxCrossEntropy
from chainrule.types import Array, Batch, Namespace, Shape
from tests.contracts.checks import agreement, assert_close

NUMPY = engine_by_name("numpy")
EVERYTHING = Augment(True, 0.2, 30.0, 0.3, 0.5, 0.4, 0.4)
X = np.arange(12.0).reshape(1, 3, 4, 1)


def with_numbers(xp: Namespace, array: Any, value: float | None = None) -> Namespace:
    """Return `xp` whose random numbers are all `value`, or the same on every engine."""

    def uniform(key: Any, shape: Shape) -> Array:
        numbers = np.random.default_rng(len(shape)).random(shape) if value is None else np.full(shape, value)
        return array(numbers.astype(np.float32))

    functions = {"uniform": uniform, "beta": lambda key, a, shape: uniform(key, shape)}
    return cast(Namespace, SimpleNamespace(**(vars(xp) | functions)))


def changed(augment: Augment, x: np.ndarray, value: float) -> list[list[float]]:
    """Return one image of one channel, changed with all random numbers equal to `value`."""
    pictures = augment.pictures(with_numbers(NUMPY.xp, np.asarray, value), x, (0,))
    return np.round(pictures[0, :, :, 0], 4).tolist()


def test_a_flip_exchanges_left_and_right() -> None:
    assert changed(Augment(flip=True), X, 0.4) == [[3, 2, 1, 0], [7, 6, 5, 4], [11, 10, 9, 8]]
    assert changed(Augment(flip=True), X, 0.6) == X[0, :, :, 0].tolist()


def test_a_shift_of_half_a_pixel_takes_the_mean_of_neighbours_and_continues_the_edge() -> None:
    # 1/8 of 4 columns is half a pixel; 1/8 of 4 rows too.
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    assert changed(Augment(shift=0.125), x, 1.0) == [
        [2.5, 3.5, 4.5, 5.0],
        [6.5, 7.5, 8.5, 9.0],
        [10.5, 11.5, 12.5, 13.0],
        [12.5, 13.5, 14.5, 15.0],
    ]


def test_a_quarter_turn_turns_about_the_middle() -> None:
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    assert changed(Augment(rotate=90.0), x, 1.0) == np.rot90(x[0, :, :, 0], -1).tolist()


def test_a_zoom_keeps_the_middle_and_brings_the_edge_nearer() -> None:
    x = np.arange(25.0).reshape(1, 5, 5, 1)
    # Twice the size when read at half the distance from the middle.
    small = changed(Augment(zoom=1.0), x, 0.0)
    assert (small[2][2], small[0][0], small[4][4]) == (12.0, 6.0, 18.0)


def test_brightness_is_added_to_the_whole_image() -> None:
    assert changed(Augment(brightness=0.5), X, 1.0) == (X[0, :, :, 0] + 0.5).tolist()


def test_cutout_sets_a_square_to_zero() -> None:
    x = np.ones((1, 4, 4, 1))
    # About the middle (2, 2), half the side of the image: rows and columns 2 ± less than 1... of them 2 alone, and 1.5.
    assert changed(Augment(cutout=0.6), x, 0.5) == [[1, 1, 1, 1], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]]


def test_mixup_mixes_each_sample_and_its_target_with_the_one_before() -> None:
    batch = Batch(np.array([0.0, 10.0, 20.0]).reshape(3, 1, 1, 1), np.eye(3))
    mixed = Augment(mixup=1.0)(with_numbers(NUMPY.xp, np.asarray, 0.75), batch, (0,))
    assert mixed.x.ravel().tolist() == [5.0, 7.5, 17.5]
    assert mixed.t.tolist() == [[0.75, 0.0, 0.25], [0.25, 0.75, 0.0], [0.0, 0.25, 0.75]]


def test_numpy_and_jax_change_pictures_alike_given_the_same_numbers() -> None:
    rng = np.random.default_rng(0)
    batch = Batch(rng.normal(size=(6, 7, 9, 3)).astype(np.float32), np.eye(6, dtype=np.float32))
    ours = EVERYTHING(with_numbers(NUMPY.xp, np.asarray), batch, (0,))
    jax_engine = engine_by_name("jax")
    xp = with_numbers(jax_engine.xp, jnp.asarray)
    theirs = jax.jit(lambda x, t: EVERYTHING(xp, Batch(x, t), jax_engine.key(0)))(batch.x, batch.t)
    assert_close(np.asarray(theirs.x), ours.x, 1e-4)
    assert_close(np.asarray(theirs.t), ours.t, agreement(np.float32))


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_a_key_gives_the_same_pictures_again_and_another_key_others(engine: str) -> None:
    machine = engine_by_name(engine)
    x = machine.array(np.random.default_rng(0).normal(size=(4, 6, 6, 1)))
    one, again, other = (np.asarray(EVERYTHING.pictures(machine.xp, x, machine.key(*k))) for k in ((1,), (1,), (2,)))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert one.dtype == np.float32


def test_each_sample_is_changed_in_its_own_way() -> None:
    x = np.tile(np.random.default_rng(0).normal(size=(1, 8, 8, 1)), (5, 1, 1, 1))
    pictures = replace(EVERYTHING, mixup=0.0).pictures(NUMPY.xp, x, (3,))
    assert len({picture.tobytes() for picture in pictures}) == 5


def test_one_kind_switched_off_leaves_the_draws_of_the_others() -> None:
    x = np.random.default_rng(0).normal(size=(4, 6, 6, 1))
    with_flip, without = Augment(flip=True, brightness=0.5), Augment(brightness=0.5)
    added = without.pictures(NUMPY.xp, x, (1,)) - x
    assert_close(with_flip.pictures(NUMPY.xp, np.zeros_like(x), (1,)), added, agreement(np.float64))


def test_an_image_of_one_row_and_one_column_can_be_turned() -> None:
    assert changed(Augment(shift=0.5, rotate=45.0), np.full((1, 1, 1, 1), 3.0), 0.9) == [[3.0]]


def test_no_preset_mirrors_and_strong_does_more_than_light() -> None:
    assert not any(preset.flip for preset in PRESETS.values())
    assert not PRESETS["none"]
    assert augment_by_name("light", flip=True) == replace(PRESETS["light"], flip=True)
    assert PRESETS["strong"].shift > PRESETS["light"].shift


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Augment(rotate=-1.0), "rotate of Augment"),
        (lambda: Augment(shift=1.5), "shift of Augment"),
        (lambda: augment_by_name("lihgt"), "Did you mean 'light'"),
    ],
    ids=["rotate", "shift", "name"],
)
def test_a_setting_out_of_its_range_is_named(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


def network() -> Network:
    """Return a small network for images of 6 × 6."""
    return Network(Sequential((Conv2D(2), Flatten(), Dense(2))), (6, 6, 1), SoftmaxCrossEntropy())


def fit(engine: Engine, augment: Augment, **settings: Any) -> train.Run:
    """Return a finished run."""
    rng = np.random.default_rng(0)
    data = Batch(rng.normal(size=(22, 6, 6, 1)), np.eye(2)[rng.integers(0, 2, 22)])
    return train.run(
        train.Supervised(network(), augment=augment),
        data,
        train.Settings(epochs=2, batch_size=8, **settings),
        optimizer=optim.Adam(),
        engine=engine,
        evaluate={"train": data},
    ).finish()


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_training_sees_other_pictures_and_the_same_ones_again_with_the_same_seed(engine: str) -> None:
    machine = engine_by_name(engine, "float64")
    plain, one, two = (fit(machine, a).history.cost for a in (Augment(), EVERYTHING, EVERYTHING))
    assert one == two
    assert one[0] != plain[0]


def test_evaluation_sees_the_pictures_as_they_are() -> None:
    # With almost no learning rate the weights stay, so the scores are those without augmentation.
    plain, augmented = (
        fit(NUMPY, a, learning_rate=1e-300).history.scores["train"]["cost"] for a in (Augment(), EVERYTHING)
    )
    assert plain == augmented


def test_a_table_cannot_be_augmented() -> None:
    table = Network(Dense(2), (6,), SoftmaxCrossEntropy())
    with pytest.raises(ConfigError, match=r"images \(H, W, C\) to augment.*\(6,\).*Leave augmentation out"):
        train.Supervised(table, augment=PRESETS["light"])
