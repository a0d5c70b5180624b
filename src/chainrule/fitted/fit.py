"""`network.fit`: arrays in, a fitted network out; the sequence of events stays underneath."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.constraints import Range
from chainrule.engine import Engine
from chainrule.engine.choose import choose
from chainrule.errors import ConfigError
from chainrule.fitted.arrays import batch_of, column_names, require_rows
from chainrule.fitted.fitted import Fitted
from chainrule.fitted.learning import Callback, Learning, learn
from chainrule.network.network import Network
from chainrule.nn import Penalty
from chainrule.optim import LBFGS, Clip, Rule, Schedule
from chainrule.saved.model import Model
from chainrule.seeds import Purpose, generator
from chainrule.train import Settings, Supervised
from chainrule.train.accepted import as_rule, as_schedule
from chainrule.train.metrics import Metric


def fit(
    network: Network,
    x: Any,
    t: Any = None,
    *,
    epochs: int = 10,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    optimizer: str | Rule | LBFGS = "adam",
    schedule: str | Schedule = "constant",
    clip_norm: float | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    engine: str | Engine = "auto",
    dtype: str = "float32",
    valid: Any = None,
    sample_weight: Any = None,
    mask: Any = None,
    metrics: Sequence[Metric | str] | None = None,
    callbacks: Sequence[Callback] = (),
    shuffle: bool = True,
    seed: int = 0,
    progress: bool = False,
) -> Fitted:
    """Return the network trained on inputs x and targets t; see `Network.fit` for the parameters."""
    rule = as_rule(optimizer)
    if isinstance(rule, LBFGS):
        _refuse_for_lbfgs(learning_rate=learning_rate, schedule=schedule, clip_norm=clip_norm, batch_size=batch_size)
    if clip_norm is not None and not Range(float, 0.0, low_open=True).accepts(clip_norm):
        raise ConfigError("clip_norm to be a number above 0", f"{clip_norm!r}", "Leave it out for no clipping.")
    settings = Settings(
        epochs=_whole(epochs),
        batch_size=32 if batch_size is None else _whole(batch_size),
        learning_rate=rate_of(rule) if learning_rate is None else learning_rate,
        schedule=as_schedule(schedule),
        clip=Clip(norm=clip_norm),
        seed=_whole(seed),
        shuffle=shuffle,
    )
    scored_by = (metrics,) if isinstance(metrics, str) else None if metrics is None else tuple(metrics)
    objective = Supervised(network, Penalty(l1, l2), metrics=scored_by)
    batch = batch_of(network, x, t, sample_weight, mask)
    require_rows(batch, network)
    chosen = _engine(engine, dtype, network, batch.n_samples, settings, full=isinstance(rule, LBFGS))
    start = objective.init(generator(seed, Purpose.INIT))
    learning = Learning.at(objective, start, settings, rule, chosen)
    names = column_names(x)

    def result(model: Model, after: Learning) -> Fitted:
        return Fitted(replace(model, summary={"columns": list(names)}) if names else model, after)

    return learn(learning, batch, valid=valid, callbacks=callbacks, progress=progress, result=result)


def _whole(value: Any) -> Any:
    """Return a whole number of NumPy's as one of Python's; what is none is for the settings to refuse."""
    return value.item() if isinstance(value, np.integer) else value


def _refuse_for_lbfgs(**given: Any) -> None:
    """Raise ConfigError for settings that a search over all rows does not have."""
    for name, value in given.items():
        if value is not None and value != "constant":
            raise ConfigError(
                f"no {name} for the optimizer lbfgs, which takes all rows at once and searches for its own steps",
                f"{value!r:.60}",
                "Leave it out, or take another optimizer.",
            )


def rate_of(rule: Rule | LBFGS) -> float:
    """Return the learning rate that a rule is usually given; L-BFGS searches along a line for its own."""
    return rule.usual_rate if isinstance(rule, Rule) else 1.0


def _engine(engine: str | Engine, dtype: str, network: Network, n: int, settings: Settings, *, full: bool) -> Engine:
    if not isinstance(engine, str):
        if not hasattr(engine, "xp"):
            raise ConfigError("the name of an engine, or an engine", f"{engine!r:.60}", 'Write engine="auto".')
        return engine
    size = n if full else min(settings.batch_size, n)
    steps = settings.epochs * -(-n // max(1, size))
    return choose(
        engine, dtype, steps=steps, operations=3.0 * network.operations * size, in_turn=network.in_turn
    ).engine
