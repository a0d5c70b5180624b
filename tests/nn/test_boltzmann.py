"""The restricted Boltzmann machine against its own definition, by summing over every state."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp

from chainrule.engine import engine_by_name
from chainrule.nn.boltzmann import Boltzmann
from chainrule.tree import map_leaves
from tests.contracts.checks import agreement, assert_close, derivative, numeric, precision

XP = engine_by_name("numpy", "float64").xp
D, H = 4, 3
MACHINES = [Boltzmann(), Boltzmann("gaussian"), Boltzmann("gaussian", 0.7)]


def weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {"W": rng.normal(size=(D, H)), "b": rng.normal(size=D), "c": rng.normal(size=H)}


def states(n: int) -> np.ndarray:
    return np.array(list(itertools.product((0.0, 1.0), repeat=n)))


def energy(machine: Boltzmann, p: dict[str, np.ndarray], v: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Return E (N, M) of every pair, by the definition."""
    if machine.is_gaussian:
        s = machine.sigma
        own = 0.5 * ((v - p["b"]) ** 2).sum(axis=1)[:, None] / s**2
        return np.asarray(own - (h @ p["c"])[None] - v / s @ p["W"] @ h.T)
    return np.asarray(-(v @ p["b"])[:, None] - (h @ p["c"])[None] - v @ p["W"] @ h.T)


def rows(machine: Boltzmann, n: int = 6) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.normal(size=(n, D)) if machine.is_gaussian else rng.integers(0, 2, (n, D)).astype(float)


@pytest.mark.parametrize("machine", MACHINES, ids=str)
def test_the_free_energy_is_the_sum_over_the_hidden_states(machine: Boltzmann) -> None:
    p, v = weights(), rows(machine)
    by_hand = -logsumexp(-energy(machine, p, v, states(H)), axis=1)
    np.testing.assert_allclose(machine.free_energy(XP, p, v), by_hand, rtol=1e-13)


@pytest.mark.parametrize("machine", MACHINES, ids=str)
def test_the_hidden_means_are_those_of_the_sum(machine: Boltzmann) -> None:
    p, v, h = weights(), rows(machine), states(H)
    log_p = -energy(machine, p, v, h)
    share = np.exp(log_p - logsumexp(log_p, axis=1, keepdims=True))
    np.testing.assert_allclose(machine.hidden(XP, p, v), share @ h, rtol=1e-12)


@pytest.mark.parametrize("machine", MACHINES, ids=str)
@pytest.mark.parametrize("name", ["W", "b", "c"])
def test_statistics_are_the_slope_of_minus_the_free_energy(machine: Boltzmann, name: str) -> None:
    p, v = weights(), rows(machine)
    rng = np.random.default_rng(2)
    share = rng.uniform(0.5, 1, (len(v), 1))
    share /= share.sum()
    way = rng.normal(size=p[name].shape)

    def minus_F(value: np.ndarray) -> float:
        return -float((machine.free_energy(XP, {**p, name: value}, v) * share[:, 0]).sum())

    _, rtol = numeric(np.float64)
    found = (machine.statistics(XP, p, v, share)[name] * way).sum()
    assert found == pytest.approx(derivative(minus_F, p[name], way), rel=rtol, abs=rtol)


@pytest.mark.parametrize("name", ["W", "b", "c"])
def test_data_less_model_is_the_slope_of_the_exact_log_likelihood(name: str) -> None:
    machine, p, h, every = Boltzmann(), weights(), states(H), states(D)
    v = rows(machine)

    def log_likelihood(value: np.ndarray) -> float:
        moved = {**p, name: value}
        seen = logsumexp(-energy(machine, moved, v, h), axis=1)
        return float(seen.mean() - logsumexp(-energy(machine, moved, every, h)))

    log_p = -energy(machine, p, every, h)
    of_model = np.exp(logsumexp(log_p, axis=1) - logsumexp(log_p))[:, None]
    of_data = np.full((len(v), 1), 1 / len(v))
    gradient = machine.statistics(XP, p, v, of_data)[name] - machine.statistics(XP, p, every, of_model)[name]
    way = np.random.default_rng(3).normal(size=p[name].shape)
    _, rtol = numeric(np.float64)
    assert (gradient * way).sum() == pytest.approx(derivative(log_likelihood, p[name], way), rel=rtol, abs=rtol)


def test_both_engines_say_the_same() -> None:
    machine, p = MACHINES[2], weights()
    v = rows(machine)
    share = np.full((len(v), 1), 1 / len(v))
    with precision("jax", "float64"):
        engine = engine_by_name("jax", "float64")
        placed: Any = engine.place(p)
        there = machine.statistics(engine.xp, placed, engine.array(v), engine.array(share))
        found = map_leaves(engine.numpy, {**there, "F": machine.free_energy(engine.xp, placed, engine.array(v))})
    here = {**machine.statistics(XP, p, v, share), "F": machine.free_energy(XP, p, v)}
    for name, value in here.items():
        assert_close(found[name], value, agreement(np.float64))


def test_draws_have_the_means_and_the_spread_that_they_are_drawn_of() -> None:
    machine, n = Boltzmann("gaussian", 0.7), 40_000
    mean = np.full((n, 1), 0.3)
    v = machine.draw_visible(XP, mean, (0,))
    # Five standard errors.
    assert v.mean() == pytest.approx(0.3, abs=5 * 0.7 / n**0.5)
    assert v.std() == pytest.approx(0.7, abs=5 * 0.7 / (2 * n) ** 0.5)
    h = machine.draw_hidden(XP, mean, (0,))
    assert set(np.unique(h)) == {0.0, 1.0}
    assert h.mean() == pytest.approx(0.3, abs=5 * (0.21 / n) ** 0.5)
    on = Boltzmann().draw_visible(XP, mean, (1,))
    assert on.mean() == pytest.approx(0.3, abs=5 * (0.21 / n) ** 0.5)
