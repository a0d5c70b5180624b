"""Averaging over augmentations at test time."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.data.augment import Augment
from chainrule.engine import engine_by_name
from chainrule.network import Network
from chainrule.nn import Dense, Flatten, Sequential, SoftmaxCrossEntropy
from chainrule.train import averaged_outputs
from tests.contracts.checks import agreement, assert_close

NETWORK = Network(Sequential((Flatten(), Dense(3))), (4, 4, 1), SoftmaxCrossEntropy())
X = np.random.default_rng(0).normal(size=(5, 4, 4, 1))


def outputs(engine: str, augment: Augment, views: int) -> np.ndarray:
    """Return the averaged predictions of X."""
    machine = engine_by_name(engine, "float64")
    params = machine.place(NETWORK.init(np.random.default_rng(0)))
    return averaged_outputs(NETWORK, machine, params, X, augment, views=views)


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_one_view_is_the_plain_prediction(engine: str) -> None:
    assert_close(outputs(engine, Augment(shift=0.3), 1), outputs("numpy", Augment(), 1), agreement(np.float64))


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_views_without_a_change_are_the_plain_prediction(engine: str) -> None:
    # What takes something away is off at test time.
    augment = Augment(brightness=1.0, cutout=0.5, mixup=0.4)
    assert_close(outputs(engine, augment, 4), outputs("numpy", Augment(), 1), agreement(np.float64))


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_many_views_of_flips_come_near_the_mean_of_both_sides(engine: str) -> None:
    machine = engine_by_name(engine, "float64")
    params = machine.place(NETWORK.init(np.random.default_rng(0)))
    plain, flipped = (averaged_outputs(NETWORK, machine, params, x, Augment(), views=1) for x in (X, X[:, :, ::-1]))
    many = outputs(engine, Augment(flip=True), 200)
    assert_close(many.sum(axis=1), np.ones(5), agreement(np.float64))
    # Of 199 coins, five standard deviations are 0.18 of the difference.
    assert np.all(np.abs(many - (plain + flipped) / 2) <= 0.19 * np.abs(plain - flipped) + 1e-9)
