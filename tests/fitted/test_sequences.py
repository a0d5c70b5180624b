"""From padded sequences to a network that is trained, saved, loaded and asked: one import and a mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import chainrule
from chainrule import nn
from chainrule.network import Network

STEPS = 8
LAYERS = [nn.Embedding(3, 4, padding=0, gain=1.0), nn.LSTM(16), nn.Dense(2)]


def parity(n: int, seed: int, steps: int = STEPS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return sequences of two to five bits as ids 1 and 2, padded by 0; whether the ones are odd; the mask."""
    rng = np.random.default_rng(seed)
    there = np.arange(steps) < rng.integers(2, 6, n)[:, None]
    bits = rng.integers(0, 2, (n, steps))
    return np.where(there, bits + 1, 0), (bits * there).sum(axis=1) % 2, there


def network() -> Network:
    return Network(
        [nn.Embedding(3, 4, padding=0, gain=1.0), nn.LSTM(16), nn.Dense(2)], (STEPS,), nn.SoftmaxCrossEntropy()
    )


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_an_lstm_learns_the_parity_of_bits_of_any_length(engine: str) -> None:
    x, t, mask = parity(600, 0)
    fitted = network().fit(x, t, mask=mask, epochs=25, learning_rate=0.02, engine=engine)
    x, t, mask = parity(400, 1)
    assert fitted.evaluate(x, t, mask=mask)["accuracy"] >= 0.99


def test_a_gru_read_both_ways_adds_the_two_marked_numbers_of_twenty() -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(size=(1600, 20))
    marks = np.argsort(rng.random((1600, 20)), axis=1) < 2
    x, t = np.stack([values, marks], axis=2), (values * marks).sum(axis=1)
    layers = [nn.Bidirectional(nn.GRU(16)), nn.Dense(1)]
    fitted = Network(layers, (20, 2), nn.SquaredError()).fit(
        x[:1200], t[:1200], epochs=25, learning_rate=0.01, engine="jax"
    )
    # The mean alone would leave 1/6.
    assert np.square(fitted.predict(x[1200:])[:, 0] - t[1200:]).mean() < 0.01


def test_a_saved_network_predicts_the_same_bits(tmp_path: Path) -> None:
    x, t, mask = parity(60, 0)
    fitted = network().fit(x, t, mask=mask, epochs=1, engine="numpy")
    fitted.save(tmp_path / "parity.chainrule")
    loaded = chainrule.load(tmp_path / "parity.chainrule")
    assert np.array_equal(loaded.predict(x, mask=mask), fitted.predict(x, mask=mask))


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_predict_and_evaluate_know_what_is_padding(engine: str) -> None:
    x, t, mask = parity(60, 0)
    fitted = network().fit(x, t, mask=mask, epochs=1, engine=engine)
    other = np.where(mask, x, 2)
    assert np.array_equal(fitted.predict(other, mask=mask), fitted.predict(x, mask=mask))
    assert fitted.evaluate(other, t, mask=mask) == fitted.evaluate(x, t, mask=mask)
    assert not np.array_equal(fitted.predict(other), fitted.predict(x))


def test_validation_rows_bring_a_mask_of_their_own() -> None:
    x, t, mask = parity(60, 0)
    rubbish = np.where(mask, x, 2)
    costs = [
        network().fit(x, t, mask=mask, epochs=1, engine="numpy", valid=(rows, t, None, mask)).history.scores["valid"]
        for rows in (x, rubbish)
    ]
    assert costs[0] == costs[1]
