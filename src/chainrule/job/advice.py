"""Advice on a run: its case for the doctor, and replays of it with something changed, from the same seed on the same rows."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from chainrule.encode.choices import SETTINGS
from chainrule.encode.sparse import is_sparse
from chainrule.encode.target import CLASSIFICATION
from chainrule.engine import Engine, choose, engine_by_name
from chainrule.errors import ChainruleError
from chainrule.explain.doctor import Case, Replayed, Verdict, consult
from chainrule.job.build import (
    build_network,
    build_objective,
    build_optimizer,
    build_policies,
    build_settings,
    build_weights,
)
from chainrule.job.config import Config, config_from
from chainrule.job.facts import facts_of
from chainrule.job.metrics import baseline, measure
from chainrule.job.prepare import Prepared, prepare_source
from chainrule.job.series.measure import series_encoding
from chainrule.job.series.prepare import prepare_panel
from chainrule.saved.model import Model
from chainrule.train import Event, run
from chainrule.types import Params

# Of the time that the run, or one with the usual settings, takes: so much may be spent on replays. With what comes before
# and after them it stays below a fifth.
REPLAY_SHARE = 0.15
# What a run, an epoch and a step cost before their arithmetic, and how fast that is: measured on one core in NumPy.
_RUN_SECONDS, _EPOCH_SECONDS, _STEP_SECONDS, _OPERATIONS_PER_SECOND = 0.01, 5e-4, 1e-4, 1e10
# What a step through time costs, there and back.
_TURN_SECONDS = 1e-4
# So much may always be spent.
_LEAST_SECONDS = 0.1
_LEAST_PROBABILITY = 1e-7
# Settings that the arrays depend on, beyond the choices for columns.
_OF_DATA = frozenset({*SETTINGS, "columns", "standardise", "loss", "tokens", "steps", "model"})


def advise(
    config: Config,
    prepared: Prepared,
    events: Iterable[Event],
    params: Params | None,
    *,
    replays: bool = True,
    share: float = REPLAY_SHARE,
) -> Verdict:
    """Return what is wrong with a run, and what mends it.

    Parameters
    ----------
    config : Config
        Resolved.
    events : iterable of Event
        What its journal holds.
    params : tree or None
        The weights that it kept; None where they are NaN.
    replays : bool
        Whether changes are tried; without, none is named.
    share : float
        Of the time that training takes, what replays may take.
    """
    case = case_of(config, prepared, events)
    came = outcome_of(config, prepared, params, len(case.points))
    case = replace(case, scores=_scores(prepared, came))
    # Rows of a stream come from the disk; a replay on the few of them in memory would prove nothing.
    can_replay = replays and prepared.parts["train"].stream is None
    return consult(case, came, Replayer(config, prepared, case, share) if can_replay else None)


def case_of(config: Config, prepared: Prepared, events: Iterable[Event]) -> Case:
    """Return a run as the doctor's rules see it."""
    return Case.of(
        events,
        settings=settings_of(config),
        usual=settings_of(_usual(config, prepared)),
        data=facts_of(prepared),
        wider=config.model.wider(),
        calmer=_calmer(config),
    )


def settings_of(config: Config) -> dict[str, Any]:
    """Return all settings by name, those of the model beside those of the run."""
    shared = {setting.name: getattr(config, setting.name) for setting in fields(config) if setting.name != "model"}
    return {**shared, "model": config.model.name, **config.model.settings}


def _usual(config: Config, prepared: Prepared) -> Config:
    """Return the settings that a run on these rows would have if nobody had said anything but the rule."""
    silent = Config(config.data, model=type(config.model)(), optimizer=config.optimizer, time=config.time)
    return silent.resolve(prepared.parts["train"].n, prepared.preparation.input_shape)


def _calmer(config: Config) -> dict[str, Any]:
    """Return the settings that make it harder to learn the training rows by heart."""
    if config.model.for_pictures and config.augment == "none":
        return {"augment": "light"}
    return config.model.calmer()


def outcome_of(config: Config, prepared: Prepared, params: Params | None, epochs: int) -> Replayed:
    """Return what weights come to, row by row, on the validation rows; on the training rows where there are no others."""
    name = "valid" if "valid" in prepared.parts else "train"
    part, target = prepared.parts[name], prepared.preparation.target
    is_class = target.task == CLASSIFICATION
    words: dict[str, Any] = {"part": name, "label": "log-loss" if is_class else "RMSE", "is_root": not is_class}
    if params is None:
        return Replayed(np.empty(0), {}, epochs, **words)
    network = build_network(config, prepared)
    model = Model(network, params, prepared.preparation)
    engine = _engine(config, prepared, 1, 1.0 * network.operations * part.n, network.in_turn)
    with np.errstate(all="ignore"):
        y = prepared.preparation.of_steps(model.outputs_of(part.batch.x, engine), part.batch.x)
    if not np.isfinite(y).all():
        return Replayed(np.empty(0), {}, epochs, **words)
    if prepared.series is not None:
        y = series_encoding(prepared).points(y)
    truth = _truth(prepared, name)
    return Replayed(_costs(y, truth, is_class=is_class), measure(target, truth, y), epochs, **words)


def _engine(config: Config, prepared: Prepared, steps: int, operations: float, in_turn: int) -> Engine:
    """Return the engine that is soonest ready with so little, whichever the run itself had: both compute the same."""
    if config.precision != "float32":
        return engine_by_name(config.engine, config.dtype)
    sparse = is_sparse(prepared.parts["train"].batch.x)
    return choose("auto", config.dtype, steps=steps, operations=operations, in_turn=in_turn, sparse=sparse).engine


def _truth(prepared: Prepared, part: str) -> np.ndarray:
    target = prepared.preparation.target
    if prepared.series is not None:
        return series_encoding(prepared).targets(prepared.series.panel, prepared.series.windows[part]).astype(float)
    column = prepared.parts[part].frame[target.name]
    return target.codes(column) if target.task == CLASSIFICATION else target.values(column)


def _costs(y: np.ndarray, truth: np.ndarray, *, is_class: bool) -> np.ndarray:
    """Return −log of the probability of what is right, or the squared error, of each row."""
    if not is_class:
        return np.asarray(np.square(y - (truth if truth.ndim > 1 else truth[:, None])).mean(axis=1))
    p = np.hstack([1 - y, y]) if y.shape[1] == 1 else y
    return np.asarray(-np.log(np.clip(p[np.arange(len(truth)), truth], _LEAST_PROBABILITY, 1.0)))


def _scores(prepared: Prepared, came: Replayed) -> dict[str, dict[str, float]]:
    target, truth = prepared.preparation.target, _truth(prepared, came.part)
    y = baseline(target, _truth(prepared, "train"), len(truth))
    costs = _costs(y, truth, is_class=target.task == CLASSIFICATION)
    return {came.part: dict(came.metrics), "baseline": {**measure(target, truth, y), "cost": float(costs.mean())}}


@dataclass(eq=False)
class Replayer:
    """Trains again with something changed, for as many epochs as the budget has.

    The budget is counted in arithmetic, not by a clock, so that the same run always gets the same advice; the clock only
    guards it.
    """

    config: Config
    prepared: Prepared
    case: Case
    share: float = REPLAY_SHARE
    seconds: float = 0.0
    _began: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        """Find out how much may be spent."""
        usual = _usual(self.config, self.prepared)
        took = self._work(self.config) * len(self.case.points)
        self._left = self._budget = max(_LEAST_SECONDS, self.share * max(took, self._work(usual) * (usual.epochs or 1)))

    def _work(self, config: Config) -> float:
        """Return the seconds, about, of one epoch."""
        n = self.prepared.parts["train"].n
        network = build_network(config, self.prepared)
        operations = 3.0 * network.operations * n
        steps = math.ceil(n / (config.batch_size or n))
        each = _STEP_SECONDS + network.in_turn * _TURN_SECONDS
        return _EPOCH_SECONDS + steps * each + operations / _OPERATIONS_PER_SECOND

    def __call__(self, change: Mapping[str, Any], share: float) -> Replayed | None:
        """Return what the run comes to with a change, in this share of the budget."""
        started = time.perf_counter()
        if self._left <= 0 or self.seconds > 2 * self._budget + 1:
            return None
        try:
            config, prepared = self._changed(change)
            seconds = min(self._left, self._budget * share) - _RUN_SECONDS
            epochs = max(1, min(int(seconds / self._work(config)), config.epochs or 1))
            self._left -= _RUN_SECONDS + self._work(config) * epochs
            config = replace(config, epochs=epochs)
            return self._train(config, prepared)
        except ChainruleError:
            # What does not fit these data is no cure for them.
            return None
        finally:
            self.seconds += time.perf_counter() - started

    def _changed(self, change: Mapping[str, Any]) -> tuple[Config, Prepared]:
        config = config_from(settings_of(self.config) | dict(change))
        if not _OF_DATA.intersection(change):
            return config, self.prepared
        if self.prepared.series is not None:
            return config, prepare_panel(config, self.prepared.source)
        return config, prepare_source(config, self.prepared.source)

    def _train(self, config: Config, prepared: Prepared) -> Replayed:
        parts = prepared.parts
        network, rows = build_network(config, prepared), config.batch_size or parts["train"].n
        steps = (config.epochs or 1) * math.ceil(parts["train"].n / rows)
        training = run(
            build_objective(config, network),
            build_weights(config, parts["train"].data),
            build_settings(config),
            optimizer=build_optimizer(config),
            engine=_engine(config, prepared, steps, 3.0 * network.operations * rows, network.in_turn),
            policies=build_policies(config, has_valid="valid" in parts),
            evaluate={"valid": parts["valid"].batch} if "valid" in parts else {},
        )
        with closing(training):
            training.finish()
        return outcome_of(config, prepared, training.params, len(training.history.epochs))
