"""Cases as a run would give them, each sound but for what a test says."""

from __future__ import annotations

from typing import Any

from chainrule.explain.doctor import Case, DataFacts, Point
from chainrule.train import Measured

USUAL: dict[str, Any] = {
    "model": "mlp",
    "hidden": (128, 64),
    "activation": "relu",
    "init": "auto",
    "dropout": 0.0,
    "optimizer": "adam",
    "schedule": "constant",
    "learning_rate": 0.003,
    "l1": 0.0,
    "l2": 0.01,
    "batch_size": 32,
    "epochs": 100,
    "clip_norm": None,
    "scaling": "standard",
    "standardise": False,
    "loss": "auto",
    "class_weight": "none",
}
BASELINE = 1.0


def measured(epoch: int = 0, cost: float = 1.2, **figures: Any) -> Measured:
    """Return a measurement of a network of three layers that is well."""
    layers = ("hidden1", "hidden2", "output")
    well: dict[str, Any] = {
        "penalty": 0.1,
        "pull": 0.05,
        "weights": dict.fromkeys(layers, 10.0),
        "gradients": dict.fromkeys(layers, 1.0),
        "dead": {"relu1": 0.1},
        "saturated": {"relu1": 0.0},
        "alike": dict.fromkeys(layers, 0.0),
    }
    return Measured(1, 0.0, epoch=epoch, step=epoch * 10, cost=cost, baseline=BASELINE, **{**well, **figures})


def points(train: list[float], valid: list[float] | None = None) -> list[Point]:
    """Return epochs with these costs."""
    return [
        Point(n, cost, cost, other) for n, (cost, other) in enumerate(zip(train, valid or train, strict=True), start=1)
    ]


FALLEN = [1.0 * 0.7**n + 0.05 for n in range(40)]


def case(
    train: list[float] | None = None,
    valid: list[float] | None = None,
    data: DataFacts | None = None,
    figures: dict[str, Any] | None = None,
    broke: bool = False,
    scores: dict[str, dict[str, float]] | None = None,
    **settings: Any,
) -> Case:
    """Return a case, sound but for what is given."""
    return Case(
        settings=USUAL | settings,
        usual=USUAL,
        points=points(FALLEN if train is None else train, valid),
        measured=[measured(), measured(40, 0.05, **(figures or {}))],
        data=data or DataFacts(n_train=1000, n_valid=200),
        scores=scores or {},
        wider={"hidden": (256, 128)},
        calmer={"dropout": 0.3},
        broke=broke,
    )
