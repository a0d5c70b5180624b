"""What is accepted for the parts of a run: the value itself, or the name or tuple that a person would write for it."""

from __future__ import annotations

from typing import Any

from chainrule.engine import Engine, engine_by_name
from chainrule.errors import ConfigError, did_you_mean
from chainrule.optim import LBFGS, RULES, SCHEDULES, Rule, Schedule
from chainrule.types import Batch

_LBFGS = "lbfgs"


def as_batch(data: Any, name: str = "data") -> Batch:
    """Return a Batch of one, of a tuple (x, t), (x, t, w) or (x, t, w, mask), or of inputs alone."""
    if isinstance(data, Batch):
        return data
    if isinstance(data, tuple | list) and not hasattr(data, "shape"):
        if isinstance(data, list) or not 1 <= len(data) <= len(Batch._fields):
            raise ConfigError(
                f"{name} to be a Batch, or a tuple of inputs x, targets t and perhaps weights w",
                f"a {type(data).__name__} of {len(data)} items",
                "Write (x, t).",
            )
        return Batch(*data)
    return Batch(data)


def as_rule(optimizer: object) -> Rule | LBFGS:
    """Return the optimizer that a name such as `adam` stands for, or the one that was given."""
    if isinstance(optimizer, Rule | LBFGS):
        return optimizer
    if optimizer == _LBFGS:
        return LBFGS()
    if isinstance(optimizer, str) and optimizer in RULES:
        return RULES[optimizer]()
    if isinstance(optimizer, type) and issubclass(optimizer, Rule | LBFGS):
        raise ConfigError("an optimizer", f"the class {optimizer.__name__}", f"Call it: {optimizer.__name__}().")
    remedy = did_you_mean(str(optimizer), [*RULES, _LBFGS])
    raise ConfigError("the name of an optimizer, or one of chainrule.optim", f"{optimizer!r:.60}", remedy)


def as_schedule(schedule: object) -> Schedule:
    """Return the schedule that a name such as `cosine` stands for, or the one that was given."""
    if isinstance(schedule, Schedule):
        return schedule
    if isinstance(schedule, str) and schedule in SCHEDULES:
        return SCHEDULES[schedule]()
    remedy = did_you_mean(str(schedule), SCHEDULES)
    raise ConfigError("the name of a schedule, or one of chainrule.optim", f"{schedule!r:.60}", remedy)


def as_engine(engine: str | Engine, dtype: str = "float32") -> Engine:
    """Return the engine that a name stands for, or the one that was given."""
    return engine_by_name(engine, dtype) if isinstance(engine, str) else engine
