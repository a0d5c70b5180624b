"""LowPrecision: the same network in three digits."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import optim, train
from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError
from chainrule.network import Network
from chainrule.nn import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, Relu, Sequential, SoftmaxCrossEntropy
from chainrule.tree import leaves
from chainrule.types import Batch

LAYERS = Sequential((Conv2D(4, 3, padding="same"), BatchNorm(), Relu(), MaxPool2D(), Flatten(), Dropout(0.1), Dense(3)))
NETWORK = Network(LAYERS, (6, 6, 1), SoftmaxCrossEntropy())


def data() -> Batch:
    """Return three kinds of images: bright at the top, in the middle, or below."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 90)
    x = rng.normal(0, 0.5, (90, 6, 6, 1))
    for n, label in enumerate(labels):
        x[n, 2 * label : 2 * label + 2] += 1
    return Batch(x, np.eye(3)[labels])


def fit(precision: str, engine: str = "jax", learning_rate: float = 0.01) -> train.Run:
    """Return a finished run."""
    return train.run(
        train.Supervised(NETWORK, precision=precision),
        data(),
        train.Settings(epochs=8, batch_size=32, learning_rate=learning_rate),
        optimizer=optim.Adam(),
        engine=engine_by_name(engine),
        evaluate={"train": data()},
    ).finish()


def test_bfloat16_learns_what_float32_learns_with_weights_in_float32() -> None:
    half, whole = fit("bfloat16"), fit("float32")
    assert {str(value.dtype) for _, value in leaves(half.params)} == {"float32"}
    first = half.history.cost[0], whole.history.cost[0]
    # Three digits: 2⁻⁸ a rounding, of which a cost sees several.
    assert first[0] != first[1]
    assert first[0] == pytest.approx(first[1], rel=0.02)
    assert half.history.scores["train"]["accuracy"][-1] > 0.9
    assert whole.history.scores["train"]["accuracy"][-1] > 0.9


def test_the_running_mean_is_moved_in_float32() -> None:
    # With almost no learning rate both see the same weights.
    half, whole = (dict(leaves(fit(precision, learning_rate=1e-30).params)) for precision in ("bfloat16", "float32"))
    np.testing.assert_allclose(half["batchnorm1.m"], whole["batchnorm1.m"], atol=0.005)
    # More digits than a bfloat16 has.
    assert np.any(half["batchnorm1.v"] != half["batchnorm1.v"].astype("bfloat16").astype("float32"))


def test_numpy_cannot_and_says_who_can() -> None:
    with pytest.raises(ConfigError, match=r"bfloat16.*Use the engine jax"):
        fit("bfloat16", "numpy")


def test_a_precision_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="precision of Supervised"):
        train.Supervised(NETWORK, precision="float8")
