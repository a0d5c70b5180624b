"""`network.fit`: arrays in, a fitted network out; the stream of events stays underneath."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.engine import Engine
from chainrule.engine.choose import choose
from chainrule.errors import ConfigError
from chainrule.fitted.arrays import batch_of
from chainrule.fitted.fitted import Fitted
from chainrule.fitted.learning import Callback, Learning, learn
from chainrule.network.network import Network
from chainrule.nn import Penalty
from chainrule.optim import LBFGS, Clip, Rule, Schedule
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
    batch_size: int = 32,
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
    settings = Settings(
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=rate_of(rule) if learning_rate is None else learning_rate,
        schedule=as_schedule(schedule),
        clip=Clip(norm=clip_norm),
        seed=seed,
        shuffle=shuffle,
    )
    objective = Supervised(network, Penalty(l1, l2), metrics=None if metrics is None else tuple(metrics))
    batch = batch_of(network, x, t, sample_weight, mask)
    chosen = _engine(engine, dtype, network, batch.n_samples, settings, full=isinstance(rule, LBFGS))
    start = objective.init(generator(seed, Purpose.INIT))
    learning = Learning.at(objective, start, settings, rule, chosen)
    return learn(learning, batch, valid=valid, callbacks=callbacks, progress=progress, result=Fitted)


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
    return choose(engine, dtype, steps=steps, operations=3.0 * network.operations * size).engine
