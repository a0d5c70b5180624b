"""From settings to the parts of a run."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.encode.augment import augment_by_name
from chainrule.errors import ConfigError
from chainrule.job.build import build_loss, build_objective, build_optimizer, build_policies, build_weights
from chainrule.job.config import Config
from chainrule.nn import Huber, Poisson, SoftmaxCrossEntropy, SquaredError
from chainrule.optim import LBFGS, Averaged
from chainrule.recipes.cnn import cnn
from chainrule.types import Batch


@pytest.mark.parametrize(
    ("settings", "task", "loss"),
    [
        ({}, "classification", SoftmaxCrossEntropy()),
        ({"label_smoothing": 0.1}, "classification", SoftmaxCrossEntropy(0.1)),
        ({}, "regression", SquaredError()),
        ({"loss": "huber", "huber_delta": 2.0}, "regression", Huber(2.0)),
        ({"loss": "poisson"}, "regression", Poisson()),
    ],
)
def test_the_loss_suits_the_task(settings: dict[str, object], task: str, loss: object) -> None:
    assert build_loss(Config("x", **settings), task) == loss  # type: ignore[arg-type]


@pytest.mark.parametrize(("loss", "task"), [("huber", "classification"), ("cross_entropy", "regression")])
def test_a_loss_for_the_other_task_is_refused(loss: str, task: str) -> None:
    with pytest.raises(ConfigError, match=f"a loss for {task}"):
        build_loss(Config("x", loss=loss), task)


def test_settings_reach_the_rule() -> None:
    assert build_optimizer(Config("x", optimizer="momentum", optimizer_settings={"momentum": 0.5})).momentum == 0.5  # type: ignore[union-attr]


def test_settings_reach_the_search() -> None:
    assert build_optimizer(Config("x", optimizer="lbfgs", optimizer_settings={"memory": 3})) == LBFGS(memory=3)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs", "gradient_descent"])
def test_a_setting_that_an_optimizer_does_not_have_is_refused(optimizer: str) -> None:
    with pytest.raises(ConfigError, match=f"a setting of the optimizer {optimizer}"):
        build_optimizer(Config("x", optimizer=optimizer, optimizer_settings={"wings": 2}))


def test_without_validation_rows_no_policy_needs_them() -> None:
    policies = build_policies(Config("x", plateau=3, time_limit=1.0), has_valid=False)
    assert all("valid" not in repr(policy) for policy in policies)


def test_balanced_weights_make_every_class_count_alike() -> None:
    batch = Batch(np.zeros((6, 2)), np.eye(2)[[0, 0, 0, 0, 0, 1]])
    weighed = build_weights(Config("x", class_weight="balanced"), batch)
    assert isinstance(weighed, Batch)
    assert weighed.w is not None
    np.testing.assert_allclose(weighed.w @ batch.t, [3, 3])
    assert build_weights(Config("x"), batch) is batch


def test_numbers_have_no_classes_to_balance() -> None:
    with pytest.raises(ConfigError, match="class_weight none for a regression"):
        build_weights(Config("x", class_weight="balanced"), Batch(np.zeros((3, 2)), np.zeros((3, 1))))


def test_what_is_minimised_knows_the_augmentation() -> None:
    network = cnn((8, 8, 1), 2, SoftmaxCrossEntropy(), filters=(2,))
    config = Config("x", augment="light", augment_settings={"flip": True}, l2=0.5)
    objective = build_objective(config, network)
    assert objective.augment == augment_by_name("light", flip=True)
    assert objective.penalty.l2 == 0.5


def test_a_setting_that_augmentation_does_not_have_is_answered_by_the_nearest() -> None:
    network = cnn((8, 8, 1), 2, SoftmaxCrossEntropy(), filters=(2,))
    with pytest.raises(ConfigError, match="'rotate'"):
        build_objective(Config("x", augment="light", augment_settings={"rotation": 3}), network)


def test_the_average_of_the_weights_is_beside_any_rule_but_not_a_search() -> None:
    optimizer = build_optimizer(Config("x", optimizer="momentum", ema=0.99))
    assert isinstance(optimizer, Averaged)
    assert (optimizer.decay, type(optimizer.rule).__name__) == (0.99, "Momentum")
    with pytest.raises(ConfigError, match="ema 0 for the optimizer lbfgs"):
        build_optimizer(Config("x", optimizer="lbfgs", ema=0.99))
