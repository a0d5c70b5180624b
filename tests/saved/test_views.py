"""Averaging over augmentations at test time."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest

from chainrule.encode.augment import Augment
from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError
from chainrule.network import Network
from chainrule.nn import Dense, Flatten, Sequential, SoftmaxCrossEntropy
from chainrule.saved import averaged_outputs
from tests.contracts.checks import agreement, assert_close

NETWORK = Network(Sequential((Flatten(), Dense(3))), (4, 4, 1), SoftmaxCrossEntropy())
X = np.random.default_rng(0).normal(size=(5, 4, 4, 1))


def outputs(engine: str, augment: Augment, views: int, x: np.ndarray = X) -> np.ndarray:
    """Return the averaged predictions of pictures."""
    machine = engine_by_name(engine, "float64")
    params = machine.place(NETWORK.init(np.random.default_rng(0)))
    return averaged_outputs(NETWORK, machine, params, x, augment, views=views)


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_one_view_is_the_plain_prediction(engine: str) -> None:
    assert_close(outputs(engine, Augment(shift=0.3), 1), outputs("numpy", Augment(), 1), agreement(np.float64))


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_two_views_of_what_was_mirrored_in_training_are_the_picture_and_its_mirror_image(engine: str) -> None:
    # Brightness, cutout and mixup, which take something away, are off at test time.
    augment = Augment(flip=True, brightness=1.0, cutout=0.5, mixup=0.4)
    plain, mirrored = (outputs("numpy", Augment(), 1, x) for x in (X, X[:, :, ::-1]))
    assert_close(outputs(engine, augment, 2), (plain + mirrored) / 2, agreement(np.float64))


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_what_is_said_of_a_picture_does_not_depend_on_its_neighbours(engine: str) -> None:
    augment = Augment(shift=0.2, rotate=20.0, zoom=0.2)
    together = outputs(engine, augment, 4)
    alone = np.concatenate([outputs(engine, augment, 4, x[None]) for x in X])
    assert_close(together, alone, agreement(np.float64))
    assert np.abs(together - outputs(engine, augment, 1)).max() > 1e-3
    assert_close(together.sum(axis=1), np.ones(5), agreement(np.float64))


@pytest.mark.parametrize("engine", ["numpy", "jax"])
@pytest.mark.parametrize("flip", [False, True])
def test_each_view_is_another(engine: str, flip: bool) -> None:
    # The sum of k views less that of k - 1 is the k-th.
    augment = Augment(shift=0.2, rotate=20.0, flip=flip)
    sums = [views * outputs(engine, augment, views) for views in range(1, 6)]
    views = [sums[0], *(after - before for before, after in pairwise(sums))]
    assert min(np.abs(one - other).max() for one, other in combinations(views, 2)) > 1e-3


def test_views_that_would_all_be_the_same_are_refused() -> None:
    with pytest.raises(ConfigError, match="`augment=light`"):
        outputs("numpy", Augment(cutout=0.5), 2)
