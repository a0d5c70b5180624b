"""A small run of training, ready to be started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.engine import engine_by_name
from chainrule.nn import Penalty, SoftmaxCrossEntropy
from chainrule.optim import Adam
from chainrule.recipes import mlp
from chainrule.train import Run, Settings, Supervised
from chainrule.types import Batch

Start = Callable[..., Run]


@pytest.fixture
def data() -> Batch:
    """Thirty points in three clouds; no batch size of these tests divides them."""
    rng = np.random.default_rng(1)
    labels = np.arange(30) % 3
    centres = np.array([[0.0, 2.0], [2.0, -1.0], [-2.0, -1.0]])
    return Batch(centres[labels] + rng.normal(0, 0.7, (30, 2)), np.eye(3)[labels])


@pytest.fixture
def start(data: Batch) -> Start:
    """Return a function that starts a run; its options override those of a small one."""

    def make(**options: Any) -> Run:
        network = options.pop("network", None) or mlp(
            (2,), (5,), 3, SoftmaxCrossEntropy(), activation="tanh", dropout=options.pop("dropout", 0.0)
        )
        objective = Supervised(network, options.pop("penalty", Penalty()))
        settings = {"epochs": 6, "batch_size": 8, "learning_rate": 0.05} | options.pop("settings", {})
        engine = engine_by_name(options.pop("engine", "numpy"), options.pop("dtype", "float64"))
        rows = options.pop("data", data)
        options = {"optimizer": Adam(), "evaluate": {"valid": data}} | options
        return Run(objective, rows, Settings(**settings), engine=engine, **options)

    return make
