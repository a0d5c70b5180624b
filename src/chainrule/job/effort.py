"""A run of `effort` standard or best: members on folds from settings to a run folder, with one model and one report."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import fields, replace
from typing import Any

import numpy as np

from chainrule import __version__
from chainrule.encode.language import NEXT
from chainrule.encode.target import CLASSIFICATION
from chainrule.engine.numpy import NumpyEngine
from chainrule.errors import ConfigError, RunFolderError
from chainrule.files import replace_file
from chainrule.job.build import build_loss
from chainrule.job.config import Config
from chainrule.job.folder import RunFolder, make
from chainrule.job.inspection import inspect_run, judged_part
from chainrule.job.metrics import answered, baseline, measure
from chainrule.job.pipeline import render_pipeline
from chainrule.job.prepare import Prepared, prepare
from chainrule.job.run_report import Trained, prepared_notes, run_report, spread
from chainrule.job.running import Outcome, to_nobody
from chainrule.job.settings import to_toml
from chainrule.job.shelf import FolderShelf
from chainrule.job.stream import is_streamed
from chainrule.lock import Lock
from chainrule.recipes import Auto
from chainrule.report.page import Evaluated
from chainrule.saved.file import save_model
from chainrule.saved.model import Model
from chainrule.sources.tagged import TAGGING
from chainrule.sources.unreadable import as_csv
from chainrule.tables.ensemble import Picked
from chainrule.tables.plan import numbers_of, plan_search
from chainrule.tables.search import Search
from chainrule.tables.threshold import check_metric, choose_threshold
from chainrule.train import Event, FitEnded, History, Journal, MembersStarted, metric_named, replay

# What members sample, or folds take the place of: settings of a single network.
_OF_ONE_NETWORK = (
    "model",
    "valid",
    "loss",
    "label_smoothing",
    "huber_delta",
    "class_weight",
    "l1",
    "l2",
    "normalised_penalty",
    "optimizer",
    "learning_rate",
    "optimizer_settings",
    "ema",
    "schedule",
    "schedule_settings",
    "clip_value",
    "clip_norm",
    "epochs",
    "batch_size",
    "patience",
    "plateau",
    "dtype",
    "precision",
    "augment",
    "augment_settings",
    "stream",
)
# Rows that the report's derivatives are taken of at most: each passes through every network.
_SAMPLE_ROWS = 1_000


class EffortJob:
    """One run: made from settings, iterated for its events, finished into an outcome, as `Job` is.

    Parameters
    ----------
    config : Config
    folder : RunFolder
        Where to write. It is made when training starts.
    lock : Lock, optional
        On a folder whose members that have learned are not trained again: the run is gone on with.
    tell : function
        Called with a few words on how far the reading of a table is.
    """

    def __init__(
        self,
        config: Config,
        folder: RunFolder,
        *,
        lock: Lock | None = None,
        tell: Callable[[str], None] = to_nobody,
    ) -> None:
        _require_no_network(config)
        if is_streamed(config):
            raise ConfigError(
                "a table that fits into memory for `effort`",
                f"{config.data}, whose rows would be streamed",
                "Train one network: leave `effort` out.",
            )
        self.folder = folder
        self._lock = lock
        # Folds take the place of a validation part: every row but the test rows is learned from.
        self.prepared: Prepared = prepare(replace(config, valid=0.0, clip_predictions=self._clips(config)))
        preparation = self.prepared.preparation
        if not preparation.encoders:
            raise ConfigError(
                "a table for `effort`", f"{preparation.encoding.describe()}", "Train one network: leave `effort` out."
            )
        if lock is not None and config.data_sha256 != self.prepared.sha256:
            raise RunFolderError(
                "the data that the run was started on",
                f"other rows in {config.data}",
                "Restore the file, or start a new run.",
            )
        target = preparation.target
        if config.metric is not None:
            check_metric(config.metric, len(target.classes))
        self.config = replace(
            config, data_sha256=self.prepared.sha256, engine="numpy" if config.engine == "auto" else config.engine
        )
        self.loss = build_loss(config, target.task)
        self.jobs = config.jobs or os.cpu_count() or 1
        self._search: Search | None = None
        self._picked: Picked | None = None

    @staticmethod
    def _clips(config: Config) -> bool:
        # Of classes there is nothing to clip, and `prepare` says so to whoever asks for it.
        return config.clip_predictions

    noun = "ensemble"

    @property
    def where(self) -> str:
        """The engine, and how many trainings at once."""
        if self.config.engine == "jax":
            return "jax, members of one architecture as one program"
        return f"numpy, {self.jobs} training{'s' if self.jobs > 1 else ''} at once (`jobs`)"

    @property
    def notes(self) -> list[str]:
        """What was decided about the data, for the person."""
        return prepared_notes(self.prepared)

    @property
    def about(self) -> str:
        """What is to be trained, in a few words."""
        search = self._planned()
        linear = sum(not member.hidden for member in search.members)
        deep = len(search.members) - linear
        return (
            f"{len(search.members)} members ({linear} without hidden layers, {deep} networks with sampled settings), "
            f"each on {len(search.folds)} folds"
        )

    def _planned(self) -> Search:
        if self._search is None:
            train = self.prepared.parts["train"]
            shelf = FolderShelf(self.folder.members, self.prepared.sha256)
            groups = None if self.config.group is None else train.frame[self.config.group].astype(str).to_numpy()
            self._search = plan_search(
                train.batch.x,
                train.batch.t,
                self.loss,
                self.config.effort,
                seed=self.config.seed,
                groups=groups,
                numbers=numbers_of(self.prepared.preparation.encoders),
                jobs=self.jobs,
                engine=self.config.engine,
                seconds=self.config.time_limit,
                shelf=shelf,
            )
        return self._search

    def stop(self, reason: str) -> None:
        """Ask the run to end: what has learned from all folds is kept."""
        self._planned().stop(reason)

    def __iter__(self) -> Generator[Event, None, None]:
        """Train: yield each event once it is in the journal."""
        if self._lock is None:
            self.folder, self._lock = make(self.folder)
            replace_file(self.folder.config, to_toml(self.config))
            if self.prepared.source.unreadable:
                replace_file(self.folder.unreadable, as_csv(self.prepared.source.unreadable))
            self._search = None
        ended = False
        began = time.monotonic()
        search = self._planned()
        n, rows = len(search.members), self.prepared.parts["train"].n
        try:
            with Journal(self.folder.journal) as journal:
                first = MembersStarted(1, 0.0, n, len(search.folds), rows, self.config.seed)
                journal.write(first)
                yield first
                number = 1
                with closing(search.events()) as events:
                    for event in events:
                        number = event.number + 1
                        told = replace(event, number=number)
                        journal.write(told)
                        yield told
                self._picked = search.picked()
                last = FitEnded(
                    number + 1, time.monotonic() - began, search.reason or "all members have learned", number - 1, 0
                )
                journal.write(last)
                ended = True
                yield last
        finally:
            if not ended:
                self.release()

    def release(self) -> None:
        """Let others go on with the folder."""
        if self._lock is not None:
            self._lock.release()

    def finish(self, *, replays: bool = True, rivals: bool = True) -> Outcome:
        """Measure what was picked, write the model and the report; there is nothing to replay.

        Parameters
        ----------
        rivals : bool
            Whether a linear model and boosted trees are fitted beside it, to compare with.
        """
        picked = self._picked
        if picked is None:
            raise AssertionError("a run is finished when it has been iterated")
        history = History.of(replay(self.folder.journal))
        ended = history.ended
        assert ended is not None  # noqa: S101 (the run was iterated to its end)
        threshold = self._threshold(picked)
        model = Model(picked.network, picked.params, self.prepared.preparation, threshold=threshold)
        metrics, evaluated = self._measure(model)
        model = replace(model, summary=self._summary(ended, metrics, picked))
        save_model(model, self.folder.model)
        advice = self._advice(picked, threshold)
        # Whoever has interrupted the run does not wait for others to be trained.
        asked = rivals and ended.reason != "interrupted"
        inspected = inspect_run(
            model.outputs, self.prepared, evaluated, self.config.seed, rivals=asked, seconds=ended.seconds
        )
        pipeline = render_pipeline(self.prepared)
        if pipeline:
            replace_file(self.folder.pipeline, pipeline)
        came = f"{ended.reason}: picked {picked}, in {ended.seconds:.3g} s"
        outcome = Outcome(
            self.folder,
            model,
            metrics,
            advice,
            ended.reason,
            self.config.engine,
            ended.epochs,
            ended.seconds,
            inspected,
            # Of a rare class `_advice` tells: weights of classes are for a single network.
            is_balanced=True,
            about=came,
        )
        engine = NumpyEngine()
        last = evaluated[judged_part(evaluated)]
        trained = Trained(self.config, self.prepared, engine, model, history, metrics, last, advice, inspected)
        sample = spread(self.prepared.parts["train"].batch, _SAMPLE_ROWS)
        replace_file(self.folder.report, run_report(trained, self.folder, sample, None))
        FolderShelf(self.folder.members, "").clear()
        self.release()
        return outcome

    def _threshold(self, picked: Picked) -> float | None:
        """Return the threshold for the metric that was asked for; None where none was."""
        if self.config.metric is None:
            return None
        codes = self.prepared.parts["train"].batch.t.argmax(axis=1)
        return choose_threshold(self.config.metric, picked.out_of_fold, codes)

    def _measure(self, model: Model) -> tuple[dict[str, dict[str, float]], dict[str, Evaluated]]:
        """Return the metrics of each part; those of the training rows by networks that did not learn from them."""
        target = self.prepared.preparation.target
        assert self._picked is not None  # noqa: S101 (see `finish`)
        metrics, evaluated = {}, {}
        for name, part in self.prepared.parts.items():
            column = part.frame[target.name]
            truth = target.codes(column) if target.task == CLASSIFICATION else target.values(column)
            if name == "train":
                y = self._picked.out_of_fold
                told = ~np.isnan(y).any(axis=1)
                y = y if target.task == CLASSIFICATION else target.decode(y)
                evaluated["valid"] = Evaluated("valid", part.frame[told], part.batch.x[told], truth[told], y[told])
                metrics["valid"] = measure(target, truth[told], y[told], model.threshold)
            y = model.outputs_of(part.batch.x)
            evaluated[name] = Evaluated(name, part.frame, part.batch.x, truth, y)
            metrics[name] = measure(target, truth, y, model.threshold)
        last = evaluated[judged_part(evaluated)]
        guess = baseline(target, evaluated["train"].truth, len(last.truth))
        metrics["baseline"] = measure(target, last.truth, guess)
        if self.config.metric is not None and self.config.metric not in metrics["train"]:
            self._add_what_was_asked_for(metrics, evaluated, guess, model.threshold)
        order = [name for name in ("train", "valid", "test", "baseline") if name in metrics]
        return {name: metrics[name] for name in order}, evaluated

    def _add_what_was_asked_for(
        self,
        metrics: dict[str, dict[str, float]],
        evaluated: dict[str, Evaluated],
        guess: np.ndarray,
        threshold: float | None,
    ) -> None:
        """Add the score by the metric that was asked for to those that are usual."""
        metric = metric_named(str(self.config.metric))
        for name, part in evaluated.items():
            y = part.y if threshold is None else answered(part.y, threshold)
            metrics[name][metric.name] = float(metric.function(y, part.truth, None))
        truth = evaluated[judged_part(evaluated)].truth
        metrics["baseline"][metric.name] = float(metric.function(guess, truth, None))

    def _summary(self, ended: FitEnded, metrics: dict[str, dict[str, float]], picked: Picked) -> dict[str, Any]:
        return {
            "chainrule": __version__,
            "data": self.prepared.source.name,
            "effort": self.config.effort,
            "members": picked.tried,
            "seconds": round(ended.seconds, 3),
            "seed": self.config.seed,
            "engine": self.config.engine,
            "samples": {name: part.n for name, part in self.prepared.parts.items()},
            "metrics": metrics,
            "ensemble": picked.to_json(),
        }

    def _advice(self, picked: Picked, threshold: float | None) -> str:
        """Return what to make of it."""
        told = []
        if math.isfinite(picked.linear_cost) and picked.cost > 0.98 * picked.linear_cost:
            told.append(
                "On rows held out it is hardly better than a linear model alone: prefer that one, if you need reasons "
                "more than digits."
            )
        target = self.prepared.preparation.target
        if threshold is not None:
            told.append(
                f"{target.classes[1]!r} is answered from a probability of {threshold:.3g} on, chosen for "
                f"{self.config.metric} on rows that were held out."
            )
        elif len(target.classes) == 2 and self._rarest() < _RARE:
            told.append(
                f"Only {self._rarest():.0%} of the rows are of the rarer class, and the likelier class is answered: "
                "`metric=balanced_accuracy` or `metric=macro_f1` chooses a threshold instead."
            )
        return " ".join(told) or f"Look at {self.folder.report.name}, then predict with the model."

    def _rarest(self) -> float:
        return float(self.prepared.parts["train"].batch.t.mean(axis=0).min())


_RARE = 0.2


def _require_no_network(config: Config) -> None:
    """Raise ConfigError for the first setting of a single network, or of other samples than rows, that was given."""
    if config.time is not None:
        _refuse(config, "time")
    if config.task in (NEXT, TAGGING):
        _refuse(config, "task")
    usual = {setting.name: setting.default for setting in fields(Config)}
    for name in _OF_ONE_NETWORK:
        value = getattr(config, name)
        if name == "model":
            given = [] if value == Auto() else [value.name, *getattr(value, "given", {})]
            if isinstance(value, Auto) and value.given:
                given = list(value.given)
            if given:
                _refuse(config, "model" if not isinstance(value, Auto) else given[0])
        elif value not in (usual[name], {}) and not (name == "loss" and value == "auto"):
            _refuse(config, name)


def _refuse(config: Config, name: str) -> None:
    raise ConfigError(
        f"`effort={config.effort}` without settings of a single network: its members sample them",
        f"`{name}`",
        f"Leave `{name}` out, or `effort`.",
    )
