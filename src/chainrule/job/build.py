"""From settings to the parts of a run: network, loss, optimizer, policies."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from chainrule.encode.augment import Augment, augment_by_name
from chainrule.encode.series.encoding import quantiles_for
from chainrule.encode.sparse import is_sparse
from chainrule.errors import ConfigError, did_you_mean
from chainrule.job.config import Config
from chainrule.job.prepare import Prepared
from chainrule.large.streamed import Streamed
from chainrule.network.network import Network
from chainrule.nn import Loss, Penalty, losses_named
from chainrule.optim import LBFGS, RULES, Averaged, Clip, Rule, rule_by_name, schedule_by_name
from chainrule.recipes import fronted
from chainrule.tables.member import QUICK, quick_member
from chainrule.tables.network import Fronts
from chainrule.tables.plan import numbers_of
from chainrule.train import (
    EarlyStopping,
    KeepBest,
    Policy,
    ReduceOnPlateau,
    Settings,
    StopOnNonFinite,
    Supervised,
    TimeLimit,
)
from chainrule.types import Batch


def build_network(config: Config, prepared: Prepared) -> Network:
    """Return the network that the settings ask for."""
    target = prepared.preparation.target
    shape = prepared.preparation.input_shape
    loss = build_loss(config, target.task)
    ids = prepared.preparation.encoding.ids
    outputs = prepared.preparation.outputs
    if ids is not None or target.every_step:
        return config.model.sequence_network(shape, outputs, loss, ids=ids, every_step=target.every_step)
    network = config.model.network(shape, outputs, loss)
    return network if config.effort != QUICK.name else _with_front(network, config, prepared)


def _with_front(network: Network, config: Config, prepared: Prepared) -> Network:
    """Return the network behind the encoding of numbers that `effort=quick` has for tables."""
    encoders = prepared.preparation.encoders
    if not encoders:
        raise ConfigError("a table for `effort`", f"{prepared.preparation.encoding.describe()}", "Leave `effort` out.")
    x = prepared.parts["train"].batch.x
    dense = not is_sparse(x)
    fronts = Fronts(x if dense else None, numbers_of(encoders))
    front = fronts.layers(quick_member(x.shape, config.seed, dense=dense))
    return replace(network, layer=fronted(front, network.layer))


def build_objective(config: Config, network: Network) -> Supervised:
    """Return what is minimised: the cost of the network's answers, and the penalty."""
    known = [field.name for field in fields(Augment)]
    for name in config.augment_settings:
        if name not in known:
            raise ConfigError("a setting of the augmentation", f"{name!r}", did_you_mean(name, known))
    return Supervised(
        network,
        Penalty(config.l1, config.l2 or 0.0, config.normalised_penalty),
        augment_by_name(config.augment, **config.augment_settings),
        config.precision,
    )


def build_weights(config: Config, batch: Batch | Streamed) -> Batch | Streamed:
    """Return the training rows with the weights that the settings ask for: rows / (classes · rows of its class)."""
    if config.class_weight == "none":
        return batch
    if not isinstance(batch, Batch):
        raise ConfigError("class_weight none for training rows that are streamed", config.class_weight, "Leave it out.")
    if batch.t.dtype.kind in "iu":
        raise ConfigError("class_weight none where every step has a class", config.class_weight, "Leave it out.")
    if config.loss in losses_named("regression") or batch.t.shape[1] < 2:
        raise ConfigError("class_weight none for a regression", config.class_weight, "Leave `class_weight` out.")
    counts = batch.t.sum(axis=0)
    return batch._replace(w=(batch.t @ (len(batch.t) / (len(counts) * np.maximum(counts, 1)))).astype(batch.t.dtype))


def build_loss(config: Config, task: str) -> Loss:
    """Return the loss that the settings ask for, if it suits the task."""
    fitting = losses_named(task)
    name = next(iter(fitting)) if config.loss == "auto" else config.loss
    if name not in fitting:
        raise ConfigError(f"a loss for {task}", f"{name}", f"Use {' or '.join(fitting)}, or another `task`.")
    given: dict[str, Any] = {
        "smoothing": config.label_smoothing,
        "delta": config.huber_delta,
        "quantiles": quantiles_of(config),
    }
    known = [field.name for field in fields(fitting[name])]  # type: ignore[arg-type]
    return fitting[name](**{name: given[name] for name in known if name in given})


def quantiles_of(config: Config) -> tuple[float, ...]:
    """Return the quantiles that outputs are with the loss pinball: of series, the median and the ends of every interval."""
    if config.time is None:
        return (0.5,)
    return quantiles_for(config.coverage)


def build_optimizer(config: Config) -> Rule | LBFGS:
    """Return the optimizer that the settings ask for."""
    method = LBFGS if config.optimizer == "lbfgs" else RULES[config.optimizer]
    known = [field.name for field in fields(method)]  # type: ignore[arg-type]
    for name in config.optimizer_settings:
        if name not in known:
            remedy = did_you_mean(name, known) if known else "Leave it out."
            raise ConfigError(f"a setting of the optimizer {config.optimizer}", f"{name!r}", remedy)
    if config.optimizer == "lbfgs":
        if config.ema:
            raise ConfigError("ema 0 for the optimizer lbfgs", f"{config.ema:g}", "Leave `ema` out: nothing is noisy.")
        return LBFGS(**config.optimizer_settings)
    rule = rule_by_name(config.optimizer, **config.optimizer_settings)
    return Averaged(rule, config.ema) if config.ema else rule


def build_policies(config: Config, *, has_valid: bool) -> list[Policy]:
    """Return the policies that the settings ask for; without validation rows, only those that need none."""
    policies: list[Policy] = [StopOnNonFinite()]
    if has_valid:
        policies.append(KeepBest())
        if config.patience:
            policies.append(EarlyStopping(patience=config.patience))
    if config.plateau:
        policies.append(ReduceOnPlateau("valid.cost" if has_valid else "cost", patience=config.plateau))
    if config.time_limit is not None:
        policies.append(TimeLimit(config.time_limit))
    return policies


def build_settings(config: Config) -> Settings:
    """Return the settings of the loop; `config` is resolved."""
    if config.epochs is None or config.batch_size is None or config.learning_rate is None:
        raise AssertionError("Config.resolve has set these")
    return Settings(
        epochs=config.epochs,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        schedule=schedule_by_name(config.schedule, **config.schedule_settings),
        clip=Clip(config.clip_value, config.clip_norm),
        seed=config.seed,
    )
