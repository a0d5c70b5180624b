"""The state of learning in a model file: everything that the next step depends on, as JSON and plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.encode.augment import Augment
from chainrule.engine import engine_by_name
from chainrule.errors import ChainruleError, ConfigError, ModelFileError
from chainrule.fitted.learning import Learning
from chainrule.models.values import Reader, Writer
from chainrule.nn import Penalty
from chainrule.optim import LBFGS, Rule
from chainrule.saved.archive import REMEDY
from chainrule.saved.model import Model
from chainrule.train import METRICS, Checkpoint, History, Metric, Settings, Supervised

# What is written as it stands, each of a type that the file may hold.
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "penalty": Penalty,
    "augment": Augment,
    "precision": str,
    "metrics": (tuple, type(None)),
    "settings": Settings,
    "optimizer": (Rule, LBFGS),
    "engine": str,
    "dtype": str,
    "checkpoint": Checkpoint,
    "steps": int,
    "policies": tuple,
    "history": History,
}


def state_of(learning: Learning) -> tuple[Any, dict[str, np.ndarray]]:
    """Return how a network was trained and where it stands, as JSON-able data and the arrays that these name.

    Raises
    ------
    ConfigError
        If it was trained by what no file can hold, such as a rule that is not registered.
    """
    objective, writer = learning.objective, Writer()
    parts = {
        "penalty": objective.penalty,
        "augment": objective.augment,
        "precision": objective.precision,
        "metrics": None if objective.metrics is None else tuple(map(_name_of, objective.metrics)),
        "settings": learning.settings,
        "optimizer": learning.optimizer,
        "engine": learning.engine.name,
        "dtype": learning.engine.dtype,
        "checkpoint": learning.checkpoint,
        "steps": learning.steps,
        "policies": learning.policies,
        "history": learning.history,
    }
    return {name: writer.write(part, name) for name, part in parts.items()}, writer.arrays


def learning_of(model: Model) -> Learning | None:
    """Return what `state_of` wrote into a model file; None of a file that holds nothing of the kind.

    Raises
    ------
    ModelFileError
        If it is damaged, or does not belong to the network.
    """
    if set(model.training) != set(_TYPES):
        return None
    reader = Reader(dict(model.state or {}))
    read = {name: reader.read(node) for name, node in model.training.items()}
    for name, kind in _TYPES.items():
        if not isinstance(read[name], kind):
            raise ModelFileError(f"{name} of a training that can go on", f"{read[name]!r:.80}", REMEDY)
    try:
        objective = Supervised(
            model.network, read["penalty"], read["augment"], read["precision"], metrics=read["metrics"]
        )
        engine = engine_by_name(read["engine"], read["dtype"])
    except ChainruleError as error:
        raise ModelFileError(error.expected[:300], error.came[:300], error.remedy) from error
    return Learning(
        objective,
        read["settings"],
        read["optimizer"],
        engine,
        read["checkpoint"],
        read["steps"],
        read["policies"],
        read["history"],
    )


def _name_of(metric: Metric | str) -> str:
    if isinstance(metric, str):
        return metric
    if METRICS.get(metric.name) is not metric:
        raise ConfigError(
            "metrics that a file can name",
            f"{metric.name!r}, which is not registered",
            "Register it with chainrule.train.register_metric.",
        )
    return metric.name
