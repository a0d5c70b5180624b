"""Metrics: held against scikit-learn's with weights, over any places, and asked by everybody who knows a score by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from chainrule import nn, optim, train
from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError
from chainrule.network import Network
from chainrule.recipes import mlp
from chainrule.train import KeepBest, Metric, Supervised, metric_named, register_metric
from chainrule.train.metrics import METRICS, label_of, metrics_for, scores_of
from chainrule.types import Batch

RNG = np.random.default_rng(0)
N = 60
W = RNG.uniform(0.1, 3.0, N)
NUMBERS = RNG.integers(0, 3, N)
P = RNG.dirichlet(np.ones(3), N)
P_YES = RNG.random((N, 1)).round(1)
YES = RNG.integers(0, 2, (N, 1))
LABELS, P_LABELS = RNG.integers(0, 2, (N, 4)), RNG.random((N, 4))
VALUES, Y = RNG.normal(size=(N, 2)), RNG.normal(size=(N, 2))

with_and_without_weights = pytest.mark.parametrize("w", [None, W], ids=["plain", "weighted"])


@pytest.fixture
def registry() -> Iterator[dict[str, Metric]]:
    """Leave the registry as it was."""
    before = dict(METRICS)
    yield METRICS
    METRICS.clear()
    METRICS.update(before)


def value(name: str, y: np.ndarray, t: np.ndarray, w: np.ndarray | None = None) -> float:
    """Return the metric of a name."""
    return metric_named(name).function(y, t, w)


def expected(name: str, w: np.ndarray | None) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Return predictions, targets, and what scikit-learn makes of them."""
    predicted, t = P.argmax(axis=1), np.eye(3)[NUMBERS]
    one, two = {"sample_weight": w}, {"average": "macro", "sample_weight": w}
    scores: dict[str, Any] = {
        "accuracy": [(P, NUMBERS, sk.accuracy_score(NUMBERS, predicted, **one)),
                     (P, t, sk.accuracy_score(NUMBERS, predicted, **one)),
                     (P_YES, YES, sk.accuracy_score(YES, P_YES > 0.5, **one)),
                     (P_LABELS, LABELS, sk.accuracy_score(LABELS, P_LABELS > 0.5, **one))],
        "log_loss": [(P, NUMBERS, sk.log_loss(NUMBERS, P, **one)), (P, t, sk.log_loss(t, P, **one)),
                     (0.9 * P_YES + 0.05, YES, sk.log_loss(YES, 0.9 * P_YES + 0.05, **one))],
        "macro_f1": [(P, NUMBERS, sk.f1_score(NUMBERS, predicted, **two)), (P, t, sk.f1_score(NUMBERS, predicted, **two)),
                     (P_YES, YES, sk.f1_score(YES[:, 0], P_YES[:, 0] > 0.5, **two)),
                     (P_LABELS, LABELS, sk.f1_score(LABELS, P_LABELS > 0.5, **two))],
        "roc_auc": [(P_YES, YES, sk.roc_auc_score(YES[:, 0], P_YES[:, 0], **one)),
                    (np.hstack([1 - P_YES, P_YES]), YES[:, 0], sk.roc_auc_score(YES[:, 0], P_YES[:, 0], **one)),
                    (P, NUMBERS, sk.roc_auc_score(NUMBERS, P, multi_class="ovr", **one)),
                    (P_LABELS, LABELS, sk.roc_auc_score(LABELS, P_LABELS, **one))],
        "balanced_accuracy": [
            (P, NUMBERS, sk.recall_score(NUMBERS, predicted, **two)), (P, t, sk.recall_score(NUMBERS, predicted, **two)),
            (P_YES, YES, sk.balanced_accuracy_score(YES[:, 0], P_YES[:, 0] > 0.5, **one)),
            (P_LABELS, LABELS, np.mean([sk.balanced_accuracy_score(a, b > 0.5, **one)
                                        for a, b in zip(LABELS.T, P_LABELS.T, strict=True)]))],
        "average_precision": [
            (P_YES, YES, sk.average_precision_score(YES[:, 0], P_YES[:, 0], **one)),
            (np.hstack([1 - P_YES, P_YES]), YES[:, 0], sk.average_precision_score(YES[:, 0], P_YES[:, 0], **one)),
            (P, NUMBERS, sk.average_precision_score(t, P, **one)),
            (P_LABELS, LABELS, sk.average_precision_score(LABELS, P_LABELS, **one))],
        "r2": [(Y, VALUES, sk.r2_score(VALUES, Y, **one))],
        "mae": [(Y, VALUES, sk.mean_absolute_error(VALUES, Y, **one))],
        "rmse": [(Y, VALUES, sk.root_mean_squared_error(VALUES, Y, **one))],
    }  # fmt: skip
    found: list[tuple[np.ndarray, np.ndarray, float]] = scores[name]
    return found


def as_floats(name: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the same predictions and targets as floats that may be written to."""
    return [(y.astype(float), t.astype(float)) for y, t, _ in expected(name, None)]


SHIPPED = [name for name in METRICS if name != "cost"]


@with_and_without_weights
@pytest.mark.parametrize("name", SHIPPED)
def test_a_metric_is_what_scikit_learn_measures(name: str, w: np.ndarray | None) -> None:
    for y, t, score in expected(name, w):
        assert value(name, y, t, w) == pytest.approx(score, rel=1e-12)


@with_and_without_weights
@pytest.mark.parametrize("name", SHIPPED)
def test_places_of_a_sequence_are_so_many_rows(name: str, w: np.ndarray | None) -> None:
    for y, t, _ in expected(name, None):
        folded = [part.reshape(12, 5, *part.shape[1:]) for part in (y, t)]
        assert value(name, *folded, None if w is None else w.reshape(12, 5)) == value(name, y, t, w)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_has_no_weight_may_be_anything(name: str) -> None:
    for y, t in as_floats(name):
        w = W * (np.arange(N) % 3 > 0)
        alone = value(name, y[w > 0], t[w > 0], w[w > 0])
        y[w == 0], t[w == 0] = np.nan, -100
        assert value(name, y, t, w) == alone


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_masked_may_be_anything(name: str) -> None:
    metric, mask = metric_named(name), np.arange(N) % 3 > 0
    for y, t in as_floats(name):
        alone = scores_of([metric], y[mask], t[mask], W[mask])
        y[~mask], t[~mask] = np.nan, np.nan
        folded = [part.reshape(12, 5, *part.shape[1:]) for part in (y, t, W, mask)]
        assert scores_of([metric], *folded) == pytest.approx(alone, rel=1e-12)


def test_the_weight_of_a_sample_is_that_of_each_of_its_places() -> None:
    y, t, w = P.reshape(12, 5, 3), NUMBERS.reshape(12, 5), W[:12]
    assert value("accuracy", y, t, w) == value("accuracy", P, NUMBERS, np.repeat(w, 5))


def test_a_wrong_row_of_twice_the_weight_counts_twice_in_the_accuracy() -> None:
    y, t = np.array([[0.9, 0.1], [0.9, 0.1]]), np.array([0, 1])
    assert value("accuracy", y, t, np.array([1.0, 3.0])) == 0.25
    network = mlp((2,), [], 2, nn.SoftmaxCrossEntropy())
    params = {"output": {"W": np.array([[1.0, 0], [1, 0]]), "b": np.zeros(2)}}
    engine = engine_by_name("numpy")
    data = Batch(np.ones((2, 2)), t, np.array([1.0, 3.0]))
    assert Supervised(network).evaluate(engine, engine.place(params), data)["accuracy"] == 0.25


def test_labels_are_right_only_together() -> None:
    assert value("accuracy", np.array([[0.9, 0.9], [0.9, 0.1]]), np.array([[1, 1], [1, 1]])) == 0.5


def test_a_certain_mistake_has_a_finite_log_loss() -> None:
    assert np.isfinite(value("log_loss", np.array([[1.0, 0.0]]), np.array([1])))


def test_one_row_has_no_r2() -> None:
    assert np.isnan(value("r2", np.ones((1, 1)), np.zeros((1, 1))))


@pytest.mark.parametrize(("y", "score"), [(1.0, 1.0), (2.0, 0.0)])
def test_values_that_do_not_vary_leave_nothing_to_explain(y: float, score: float) -> None:
    assert value("r2", np.full((3, 1), y), np.ones((3, 1))) == score


def test_a_class_that_is_missing_has_no_area() -> None:
    assert np.isnan(value("roc_auc", P[:5, :2], np.zeros(5, int)))


# The registry


def test_a_metric_of_a_taken_name_is_refused(registry: dict[str, Metric]) -> None:
    with pytest.raises(ConfigError, match="a second 'accuracy'"):
        register_metric(Metric("accuracy", "lower", metric_named("accuracy").function))
    assert registry["accuracy"].better == "higher"


def test_the_same_metric_may_be_registered_again(registry: dict[str, Metric]) -> None:
    assert register_metric(metric_named("r2")) is registry["r2"]


def test_a_mistyped_metric_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"'acuracy'\. Did you mean 'accuracy'\? .*register_metric"):
        Supervised(mlp((2,), [], 2, nn.SoftmaxCrossEntropy()), metrics=("acuracy",))


@pytest.mark.parametrize(
    ("name", "better", "function", "message"),
    [
        ("f1", "high", abs, "Did you mean 'higher'"),
        ("f1", "higher", 0.5, r"function\(y, t, w\)"),
        ("valid.f1", "higher", abs, "without a dot"),
    ],
)
def test_a_metric_that_cannot_be_one_is_refused(name: str, better: str, function: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Metric(name, better, function)


def test_people_see_the_label_of_a_metric_and_the_name_of_what_is_none() -> None:
    assert [label_of(name) for name in ("r2", "cost", "own")] == ["R²", "cost J", "own"]


def test_the_first_metric_of_a_task_is_what_it_is_judged_by() -> None:
    assert [metrics_for(task)[0].name for task in ("classification", "regression")] == ["accuracy", "r2"]


@pytest.mark.parametrize("loss", nn.LOSSES.values())
def test_the_metrics_that_a_loss_names_are_registered(loss: type[nn.Loss]) -> None:
    assert all(metric_named(name).task == loss.task for name in loss.metrics)


# Those who ask

X = RNG.normal(size=(80, 2))
T = np.eye(2)[(X[:, 0] > 0.3).astype(int)]


class Own(nn.SquaredError):
    """A loss of a user's own that says nothing about metrics."""

    metrics = ()


def learn(metrics: Any, *policies: train.Policy, loss: nn.Loss | None = None, epochs: int = 12) -> train.Run:
    """Return a short training that has ended."""
    network = Network(nn.Sequential((nn.Dense(2),)), (2,), loss or nn.SoftmaxCrossEntropy())
    return train.run(
        Supervised(network, metrics=metrics),
        Batch(X, T),
        train.Settings(epochs=epochs, learning_rate=0.05),
        optimizer=optim.Adam(),
        engine=engine_by_name("numpy"),
        policies=policies,
        evaluate={"valid": Batch(X, T)},
    ).finish()


def f1(y: np.ndarray, t: np.ndarray, w: np.ndarray | None) -> float:
    """F1 of the second class."""
    return float(sk.f1_score(t.argmax(axis=1), y.argmax(axis=1)))


def test_a_score_of_the_users_own_is_made_large_by_keep_best(registry: dict[str, Metric]) -> None:
    register_metric(Metric("f1", "higher", f1))
    run = learn(["f1"], KeepBest("valid.f1"))
    scores = run.history.scores["valid"]["f1"]
    assert len(set(scores)) > 3
    # Where it was taken for a cost, the worst epoch was kept.
    assert run.history.ended is not None
    assert run.history.ended.best_epoch == int(np.argmax(scores)) + 1 != int(np.argmin(scores)) + 1


def test_early_stopping_goes_on_while_a_score_of_the_users_own_rises(registry: dict[str, Metric]) -> None:
    register_metric(Metric("rising", "higher", RisingBy(0.1)))
    assert len(learn(["rising"], train.EarlyStopping("valid.rising", patience=2)).history.epochs) == 12


def test_early_stopping_ends_when_a_cost_of_the_users_own_rises(registry: dict[str, Metric]) -> None:
    register_metric(Metric("rising", "lower", RisingBy(0.1)))
    assert len(learn(["rising"], train.EarlyStopping("valid.rising", patience=2)).history.epochs) == 3


class RisingBy:
    """A score that rises with each call."""

    def __init__(self, step: float) -> None:
        self.step, self.calls = step, 0

    def __call__(self, y: np.ndarray, t: np.ndarray, w: np.ndarray | None) -> float:
        self.calls += 1
        return self.step * self.calls


def test_a_score_that_nobody_registered_is_refused_before_the_first_step() -> None:
    with pytest.raises(ConfigError, match=r"whether higher is better; got 'valid\.f1'"):
        learn([Metric("f1", "higher", f1)], KeepBest("valid.f1"))


def test_a_score_that_nobody_registered_is_kept_by_what_is_said_of_it() -> None:
    run = learn([Metric("f1", "higher", f1)], KeepBest("valid.f1", better="higher"))
    assert run.history.ended is not None
    assert run.history.ended.best_epoch == int(np.argmax(run.history.scores["valid"]["f1"])) + 1


def test_a_loss_of_the_users_own_is_scored_by_its_cost_alone() -> None:
    assert set(learn(None, loss=Own()).history.scores["valid"]) == {"cost"}


def test_a_loss_of_the_users_own_is_scored_by_what_is_asked_for() -> None:
    assert set(learn(("mae", "rmse"), loss=Own()).history.scores["valid"]) == {"cost", "mae", "rmse"}


def test_one_metric_need_not_be_a_list() -> None:
    network = mlp((2,), [], 2, nn.SoftmaxCrossEntropy())
    given: Any = "macro_f1"
    assert Supervised(network, metrics=given) == Supervised(network, metrics=("macro_f1",))
