"""Populations: what one program trains is what the ordinary loop trains one by one."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.preprocessing import StandardScaler

from chainrule.errors import ChainruleError, ConfigError
from chainrule.network import Network
from chainrule.nn import BatchNorm, BinaryCrossEntropy, Dense, Relu, Sequential, SoftmaxCrossEntropy, SquaredError
from chainrule.optim import Adam, Averaged, Cosine, Momentum, Rule
from chainrule.recipes.mlp import mlp
from chainrule.select import compare_scores
from chainrule.select.population import Population, population
from tests.train.rules import Leashed

X, Y = load_digits(return_X_y=True)
# 203 rows in 4 folds: their training parts differ in size, and in the number of batches.
X, Y = X[:203], Y[:203]
SETTINGS = {"learning_rate": (0.001, 0.02), "l2": (0.0, 1e-2), "l1": (0.0, 1e-3), "seed": (0, 1)}


def classifier(**options: Any) -> Network:
    return mlp((64,), (8,), 10, SoftmaxCrossEntropy(), **options)


_LIKE = {"folds": 4, "epochs": 3, "batch_size": 19, "prepare": StandardScaler(), "dtype": "float64"}


def both(network: Network, x: Any, y: Any, settings: Any, **options: Any) -> tuple[Population, Population]:
    options = _LIKE | options
    return tuple(population(network, x, y, settings, together=way, **options) for way in (True, False))  # type: ignore[return-value]


def test_all_folds_settings_and_seeds_score_what_they_score_one_by_one() -> None:
    together, alone = both(classifier(), X, Y, SETTINGS)
    assert together.scores.shape == (16, 4)
    assert together.settings == alone.settings
    np.testing.assert_allclose(together.scores, alone.scores, atol=1e-12)
    np.testing.assert_allclose(together.train_scores, alone.train_scores, atol=1e-12)


@pytest.mark.parametrize("lanes", [3, 64])
def test_groups_side_by_side_are_in_the_order_of_the_settings(monkeypatch: pytest.MonkeyPatch, lanes: int) -> None:
    monkeypatch.setattr("chainrule.engine.jax.JaxEngine.lanes", lanes)
    together, alone = both(classifier(), X, Y, SETTINGS)
    np.testing.assert_allclose(together.scores, alone.scores, atol=1e-12)


def test_values_agree_to_float_tolerance_with_another_rule_and_a_schedule() -> None:
    # R² is continuous in the weights: it would show a difference that accuracy does not.
    x, y = load_diabetes(return_X_y=True)
    network = mlp((10,), (6,), 1, SquaredError(), activation="tanh")
    settings = {"learning_rate": (0.001, 0.01), "l1": (1e-3,), "l2": (0.0, 0.1)}
    options: dict[str, Any] = {"optimizer": Momentum(), "schedule": Cosine(), "batch_size": 50}
    together, alone = both(network, x[:203], (y[:203] - y.mean()) / y.std(), settings, **options)
    assert together.metric == "R²"
    np.testing.assert_allclose(together.scores, alone.scores, rtol=1e-9)


@pytest.mark.parametrize("rule", [Averaged(Adam(), 0.9), Leashed()], ids=lambda rule: type(rule).__name__)
def test_what_a_rule_shows_is_scored_as_one_by_one(rule: Rule) -> None:
    x, y = load_diabetes(return_X_y=True)
    network = mlp((10,), (6,), 1, SquaredError(), activation="tanh")
    settings = {"learning_rate": (0.001, 0.01), "seed": (0, 1)}
    options: dict[str, Any] = {"optimizer": rule, "batch_size": 50}
    together, alone = both(network, x[:203], (y[:203] - y.mean()) / y.std(), settings, **options)
    np.testing.assert_allclose(together.scores, alone.scores, rtol=1e-9)
    plain = population(
        network, x[:203], (y[:203] - y.mean()) / y.std(), settings, **_LIKE | options | {"optimizer": Adam()}
    )
    assert np.abs(together.scores - plain.scores).min() > 1e-3


def test_a_running_state_is_each_members_own() -> None:
    layers = Sequential((Dense(6), BatchNorm(), Relu(), Dense(10)))
    network = Network(layers, (64,), SoftmaxCrossEntropy())
    together, alone = both(network, X, Y, {"learning_rate": (0.001, 0.05)})
    np.testing.assert_allclose(together.scores, alone.scores, atol=1e-12)


def test_penalties_and_rates_are_arguments_of_one_program() -> None:
    from chainrule.engine.jax import _population

    for rates in ((0.001, 0.01), (0.5, 0.7)):
        population(classifier(), X, Y, {"learning_rate": rates, "l2": rates}, folds=4, epochs=1, batch_size=19)
        compiled = _population.cache_info().misses
        if rates[0] == 0.001:
            before = compiled
    assert compiled == before


def test_dropout_draws_other_masks_for_other_seeds_and_the_same_for_the_same() -> None:
    network = classifier(dropout=0.5)
    runs = [population(network, X, Y, {"seed": (0, 1)}, folds=4, epochs=3, batch_size=19) for _ in range(2)]
    np.testing.assert_array_equal(runs[0].scores, runs[1].scores)
    assert not np.array_equal(runs[0].scores[0], runs[0].scores[1])


def test_each_fold_is_prepared_by_its_own_training_rows() -> None:
    seen: list[int] = []

    class Watching(StandardScaler):
        def fit(self, x: np.ndarray, y: Any = None, sample_weight: Any = None) -> Watching:
            seen.append(len(x))
            super().fit(x)
            return self

    population(classifier(), X, Y, {}, folds=4, epochs=1, batch_size=19, prepare=Watching())
    assert len(seen) == 4
    assert max(seen) < len(X)


def test_what_diverges_comes_last_and_spoils_no_other() -> None:
    network = mlp((64,), (8,), 1, SquaredError())
    settings = {"learning_rate": (1e30, 0.001)}
    found = population(network, X, Y, settings, folds=2, epochs=2, optimizer=Momentum())
    assert found.best["learning_rate"] == 0.001
    assert np.isnan(found.scores[0]).all()
    assert np.isfinite(found.scores[1]).all()


def test_the_best_at_the_edge_is_told_and_the_table_is_printed() -> None:
    found = population(classifier(), X, Y, {"learning_rate": (1e-4, 1e-3, 1e-2)}, folds=4, epochs=2, batch_size=19)
    assert found.advice == [
        "The best learning_rate, 0.01, is at the edge of what was tried (0.0001 to 0.01): try up to 0.1."
    ]
    assert str(found).startswith("3 settings, 4 stratified folds (seed 0): 12 trainings in ")


def test_settings_of_a_population_can_be_compared() -> None:
    found = population(classifier(), X, Y, {"learning_rate": (1e-4, 1e-2)}, folds=4, epochs=2, batch_size=19)
    assert len(compare_scores([found.of(0), found.of(1)]).pairs) == 1


def test_progress_is_told_after_each_epoch() -> None:
    told: list[tuple[int, int]] = []
    population(classifier(), X, Y, {}, folds=4, epochs=2, batch_size=19, progress=lambda *news: told.append(news[:2]))
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"settings": {"rate": (1,)}}, "a setting that members of a population may differ in; got 'rate'"),
        ({"settings": {"l2": ()}}, "values of l2 to try; got none"),
        ({"settings": {"learning_rate": (-1.0,)}}, "learning_rate of Settings to be a number above 0"),
        ({"settings": {"l1": (-1.0,)}}, "l1 of Penalty"),
        ({"y": Y % 3}, "10 classes, one for each output of the network; got 3"),
        ({"X": X[:, :9]}, r"x of shape"),
        ({"X": np.where(X > 15, np.nan, X)}, "finite numbers in x"),
    ],
)
def test_what_cannot_be_trained_is_answered(change: dict[str, Any], error: str) -> None:
    options = {"X": X, "y": Y, "settings": {}} | change
    with pytest.raises(ChainruleError, match=error):
        population(classifier(), **options, folds=4, epochs=1)


def test_without_jax_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("chainrule.engine.choose"), "has_jax", lambda: False)
    with pytest.raises(ConfigError, match="jax to be installed"):
        population(classifier(), X, Y, {}, folds=4)


class OwnLoss(SquaredError):
    """A loss of a user's own that names no metric."""

    metrics = ()


def test_a_loss_that_names_no_metric_is_scored_by_its_cost_and_less_is_better() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 2))
    found = population(
        Network(Dense(1), (2,), OwnLoss()), x, x[:, 0], {"learning_rate": (1e-5, 0.05)}, epochs=20, together=False
    )
    assert found.metric == "negative cost J"
    assert (found.scores < 0).all()
    assert found.best["learning_rate"] == 0.05


def test_one_output_of_a_sigmoid_is_scored_by_its_accuracy() -> None:
    x = np.random.default_rng(0).normal(size=(40, 2))
    network = Network(Dense(1), (2,), BinaryCrossEntropy())
    found = population(network, x, x[:, 0] > 0, {"learning_rate": (0.1,)}, epochs=20, together=False)
    assert found.metric == "accuracy"
    assert found.scores.mean() > 0.8
