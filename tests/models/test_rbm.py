"""Boltzmann machines: what they learn by, exact likelihoods, scikit-learn's numbers, dreams, files, bad input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.neural_network
from scipy.special import logsumexp

from chainrule import BernoulliRBM, GaussianRBM, load_estimator
from chainrule.engine import engine_by_name
from chainrule.errors import DataError
from chainrule.models.contrastive import Contrast
from chainrule.nn.boltzmann import Boltzmann
from chainrule.types import Batch, Context
from tests.contracts.checks import derivative, numeric
from tests.nn.test_boltzmann import energy, rows, states, weights

XP = engine_by_name("numpy", "float64").xp
BARS = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]] * 5, float)


def with_weights(model: Any, p: dict[str, np.ndarray], X: np.ndarray) -> Any:
    """Return an estimator whose weights are set by hand."""
    model.set_params(n_components=p["W"].shape[1], n_iter=0).fit(X)
    model.components_, model.intercept_visible_, model.intercept_hidden_ = p["W"].T, p["b"], p["c"]
    return model


@pytest.mark.parametrize("alpha", [0.0, 0.3])
@pytest.mark.parametrize("machine", [Boltzmann(), Boltzmann("gaussian", 0.7)], ids=str)
def test_what_is_dreamt_counts_as_a_constant_and_the_rest_is_the_slope(machine: Boltzmann, alpha: float) -> None:
    objective = Contrast(machine, 4, 3, alpha=alpha)
    p, v = weights(), rows(machine)
    share = np.full((len(v), 1), 1 / len(v))
    dreamt, _ = objective.dream(XP, p, states(3)[:6], (0,))
    grads = objective.contrast(XP, p, v, share, dreamt, share)[1]
    _, rtol = numeric(np.float64)
    for name, g in grads.items():
        way = np.random.default_rng(4).normal(size=g.shape)

        def cost(value: np.ndarray, name: str = name) -> float:
            return float(objective.contrast(XP, {**p, name: value}, v, share, dreamt, share)[0])

        assert (g * way).sum() == pytest.approx(derivative(cost, p[name], way), rel=rtol, abs=rtol), name


def test_rows_of_weight_0_and_padding_do_not_count() -> None:
    objective, p, v = Contrast(Boltzmann(), 4, 3, chains=5), {**weights(), "chain": states(3)[:5]}, rows(Boltzmann())
    ctx = Context(True, (0,))
    cost, grads, _ = objective.loss_grads_and_state(XP, p, Batch(v[:4]), ctx)
    w = np.array([1.0, 1, 1, 1, 0, 0])
    same_cost, same, _ = objective.loss_grads_and_state(XP, p, Batch(v, None, w), ctx)
    assert same_cost == pytest.approx(cost, rel=1e-12)
    np.testing.assert_allclose(same["W"], grads["W"], rtol=1e-12)


def test_long_chains_see_what_the_model_sees() -> None:
    machine, p, n = Boltzmann(), weights(), 5_000
    h = np.zeros((n, 3))
    v, _ = Contrast(machine, 4, 3, sweeps=60).dream(XP, p, h, (0,))
    log_p = logsumexp(-energy(machine, p, states(4), states(3)), axis=1)
    share = np.exp(log_p - logsumexp(log_p))
    found = np.bincount((v @ (2 ** np.arange(3, -1, -1))).astype(int), minlength=16) / n
    # Five standard errors of each share.
    assert (np.abs(found - share) < 5 * np.sqrt(share * (1 - share) / n)).all()


@pytest.mark.parametrize("shape", [(4, 3), (3, 5)])
def test_the_log_likelihood_is_that_of_the_sum_over_every_state(shape: tuple[int, int]) -> None:
    D, H = shape
    rng = np.random.default_rng(0)
    p = {"W": rng.normal(size=shape), "b": rng.normal(size=D), "c": rng.normal(size=H)}
    every = states(D)
    model = with_weights(BernoulliRBM(random_state=0), p, every)
    log_p = -energy(Boltzmann(), p, every, states(H))
    np.testing.assert_allclose(model.log_likelihood(every), logsumexp(log_p, axis=1) - logsumexp(log_p), rtol=1e-12)
    assert np.exp(model.log_likelihood(every)).sum() == pytest.approx(1, rel=1e-12)


def test_the_density_of_a_gaussian_machine_has_the_integral_1() -> None:
    p = {"W": np.array([[1.5, -0.8]]), "b": np.array([0.4]), "c": np.array([-0.3, 0.2])}
    grid = np.linspace(-12, 12, 4001)[:, None]
    model = with_weights(GaussianRBM(sigma=0.7, random_state=0), p, grid[:3])
    assert np.trapezoid(np.exp(model.log_likelihood(grid)), grid[:, 0]) == pytest.approx(1, rel=1e-9)


def test_the_pseudo_likelihood_is_that_of_each_unit_given_the_others() -> None:
    p, v = weights(), rows(Boltzmann())
    model = with_weights(BernoulliRBM(random_state=0), p, v)
    wanted = np.zeros(len(v))
    for i in range(4):
        turned = v.copy()
        turned[:, i] = 1 - turned[:, i]
        pair = np.stack([model.log_likelihood(v), model.log_likelihood(turned)])
        wanted += pair[0] - logsumexp(pair, axis=0)
    np.testing.assert_allclose(model.score_samples(v), wanted, rtol=1e-12)


def test_scikit_learns_machine_of_the_same_weights_gives_the_same_numbers() -> None:
    theirs = sklearn.neural_network.BernoulliRBM(5, random_state=0, n_iter=3, batch_size=4).fit(BARS)
    ours = BernoulliRBM(5, random_state=0, n_iter=0).fit(BARS)
    np.testing.assert_array_equal(
        ours.components_, sklearn.neural_network.BernoulliRBM(5, random_state=0, n_iter=0).fit(BARS).components_
    )
    for name in ("components_", "intercept_hidden_", "intercept_visible_"):
        assert getattr(ours, name).shape == getattr(theirs, name).shape
        setattr(ours, name, getattr(theirs, name))
    np.testing.assert_allclose(ours.transform(BARS), theirs.transform(BARS), rtol=1e-12)
    np.testing.assert_allclose(ours.free_energy(BARS), theirs._free_energy(BARS), rtol=1e-12)


# Contrastive divergence of a few sweeps; persistent chains need be many, or they all run to the same place at once.
CONTRAST: dict[str, Any] = {"learning_rate": 0.5, "batch_size": 20, "n_iter": 25, "sweeps": 3, "persistent": False}
CHAINS: dict[str, Any] = {"learning_rate": 0.3, "batch_size": 200, "n_iter": 500}


@pytest.mark.parametrize(
    ("engine", "repeats", "settings"),
    [("numpy", 20, CONTRAST), ("jax", 20, CONTRAST), ("numpy", 10, CHAINS)],
    ids=["contrast", "contrast on JAX", "persistent chains"],
)
def test_bars_become_as_likely_as_they_can_be(engine: str, repeats: int, settings: dict[str, Any]) -> None:
    model = BernoulliRBM(8, random_state=0, engine=engine, **settings).fit(np.tile(BARS, (repeats, 1)))
    # Four rows of the same frequency cannot be likelier than a quarter each; before learning each has about 1/16.
    assert np.log(1 / 4) - 0.35 < model.log_likelihood(BARS).mean() < np.log(1 / 4)


def test_a_gaussian_machine_finds_two_heaps_and_makes_them() -> None:
    rng = np.random.default_rng(0)
    X = np.where(rng.random((300, 1)) < 0.5, -2.0, 2.0) * [1.0, -1.0] + rng.normal(size=(300, 2))
    model = GaussianRBM(4, n_iter=60, batch_size=50, learning_rate=0.05, random_state=0, engine="numpy")
    before = model.set_params(n_iter=0).fit(X).log_likelihood(X).mean()
    model.set_params(n_iter=60).fit(X)
    # One normal distribution of σ = 1 in the middle is what it starts as.
    assert model.log_likelihood(X).mean() > before + 1
    made = model.sample(300, n_sweeps=200)
    assert np.corrcoef(made.T)[0, 1] < -0.5


def test_samples_follow_the_seed() -> None:
    model = BernoulliRBM(3, n_iter=2, random_state=0).fit(BARS)
    np.testing.assert_array_equal(model.sample(4, n_sweeps=5), model.sample(4, n_sweeps=5))
    assert (model.sample(40, n_sweeps=5) != model.sample(40, n_sweeps=5, random_state=1)).any()


def test_a_row_is_reconstructed_by_going_up_and_down() -> None:
    p, v = weights(), rows(Boltzmann())
    h = 1 / (1 + np.exp(-(v @ p["W"] + p["c"])))
    wanted = 1 / (1 + np.exp(-(h @ p["W"].T + p["b"])))
    model = with_weights(BernoulliRBM(random_state=0), p, v)
    np.testing.assert_allclose(model.reconstruct(v), wanted, rtol=1e-12)
    assert set(np.unique(model.gibbs(v))) == {0.0, 1.0}


@pytest.mark.parametrize("model", [BernoulliRBM(3, momentum=0.5, random_state=0), GaussianRBM(3, random_state=0)])
def test_what_is_saved_is_loaded_to_the_bit_and_learns_on_alike(model: Any, tmp_path: Path) -> None:
    model.fit(BARS).save(tmp_path / "model.chainrule")
    loaded = load_estimator(tmp_path / "model.chainrule")
    np.testing.assert_array_equal(loaded.transform(BARS), model.transform(BARS))
    np.testing.assert_array_equal(loaded.partial_fit(BARS[:10]).components_, model.partial_fit(BARS[:10]).components_)


def test_a_part_at_a_time_learns_too() -> None:
    model = BernoulliRBM(8, random_state=0, **CONTRAST)
    before = model.partial_fit(BARS).log_likelihood(BARS).mean()
    for _ in range(149):
        model.partial_fit(BARS)
    assert model.t_ == 150
    assert model.log_likelihood(BARS).mean() > before + 0.2


def test_values_that_no_unit_has_are_told() -> None:
    with pytest.warns(UserWarning, match=r"between 0 and 1.*MinMaxScaler"):
        BernoulliRBM(2, n_iter=1, random_state=0).fit(BARS * 16)


def test_a_sum_over_too_many_states_is_refused() -> None:
    X = np.zeros((3, 30))
    with pytest.raises(DataError, match="at most 20 visible or hidden units"):
        BernoulliRBM(25, n_iter=0).fit(X).log_likelihood(X)
    with pytest.raises(DataError, match="at most 20 hidden units"):
        GaussianRBM(25, n_iter=0).fit(X[:, :2]).log_likelihood(X[:, :2])


def test_weights_that_run_away_are_refused_with_advice() -> None:
    X = np.random.default_rng(0).normal(size=(40, 3)) * 1e3
    X = X.astype(np.float32)
    with pytest.raises(DataError, match="smaller learning_rate"):
        GaussianRBM(3, n_iter=50, learning_rate=1e37, random_state=0, engine="numpy").fit(X)
