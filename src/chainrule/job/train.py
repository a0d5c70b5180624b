"""Training from settings to a run folder: model, journal, checkpoints and report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule import __version__
from chainrule.encode.target import CLASSIFICATION
from chainrule.errors import ConfigError, TrainingError
from chainrule.explain.doctor import Verdict
from chainrule.files import replace_file
from chainrule.job.advice import advise
from chainrule.job.build import (
    build_objective,
    build_settings,
    build_weights,
)
from chainrule.job.config import Config
from chainrule.job.folder import RunFolder
from chainrule.job.inspection import inspect_run, judged_part
from chainrule.job.metrics import baseline, measure
from chainrule.job.pipeline import render_pipeline
from chainrule.job.prepare import Prepared, prepare
from chainrule.job.run_report import Trained, run_report, spread
from chainrule.job.running import Outcome, Resumption, RunningJob, to_nobody
from chainrule.job.series.measure import MeasuredSeries, judged, measure_series
from chainrule.job.series.prepare import prepare_series
from chainrule.job.series.report import series_report
from chainrule.job.stream import is_streamed, prepare_stream
from chainrule.job.tagged import token_rows
from chainrule.report.page import Evaluated
from chainrule.saved.file import save_model
from chainrule.saved.model import Model
from chainrule.train import (
    FitEnded,
    History,
    Run,
    Supervised,
    replay,
    run,
)
from chainrule.tree import leaves
from chainrule.types import Batch

# What a run is made with and comes to is asked for here, beside the run.
__all__ = ["Job", "Outcome", "Resumption", "read_data", "to_nobody"]

# Rows of the training part that each epoch's scores, and the report's gradients, are measured on at most.
_SAMPLE_ROWS = 10_000


class Job(RunningJob):
    """A run on rows that have a target: made from settings, iterated for its events, finished into an outcome.

    Parameters
    ----------
    config, folder, resume
        As in `RunningJob`.
    prepared : Prepared, optional
        The data, where they are at hand; by default read from what `config` names.
    tell : function
        Called with a few words on how far the reading of a table is that takes long.
    """

    _objective: Supervised

    def __init__(
        self,
        config: Config,
        folder: RunFolder,
        *,
        resume: Resumption | None = None,
        prepared: Prepared | None = None,
        tell: Callable[[str], None] = to_nobody,
    ) -> None:
        if config.is_search:
            raise ConfigError(
                "one network here: members on folds are for train and for TableClassifier and TableRegressor",
                f"`effort={config.effort}`",
                "Leave `effort` out.",
            )
        if config.metric is not None:
            raise ConfigError(
                "`effort=standard` or `effort=best` beside `metric`, whose folds hold out the rows to choose a threshold on",
                f"`effort={config.effort}`",
                "Leave `metric` out, or add one of them.",
            )
        super().__init__(config, folder, read_data(config, tell) if prepared is None else prepared, resume)

    def _objective_of(self) -> Supervised:
        return build_objective(self.config, self.network)

    @property
    def model(self) -> Model:
        """The network with the weights that were kept so far, and the preparation of its data."""
        return Model(self.network, self._run.params, self.prepared.preparation, augment=self._objective.augment)

    def finish(self, *, replays: bool = True, rivals: bool = True) -> Outcome:
        """Measure the weights that were kept, write the model and the report.

        Parameters
        ----------
        replays : bool
            Whether the doctor may try what it suspects to help; it names no cure that it has not tried.
        rivals : bool
            Whether, on a table, a linear model and boosted trees are fitted beside it, to compare with.

        Raises
        ------
        TrainingError
            If the cost became NaN or infinite before any weights were worth keeping.
        """
        history = History.of(replay(self.folder.journal))
        ended = history.ended
        assert ended is not None  # noqa: S101 (the journal of a run that was iterated to its end has it)
        params = self._run.params
        if not all(np.isfinite(value).all() for _, value in leaves(params)):
            verdict = self._consult(None, replays=replays)
            raise TrainingError(
                "a cost that stays finite",
                f"weights that are NaN or infinite at epoch {ended.epochs}; no model was written",
                " ".join(verdict.lines),
            )
        measured = None if self.prepared.series is None else self._measure_series()
        metrics, evaluated = self._measure() if measured is None else (measured.metrics, None)
        model = self.model if measured is None else measured.model
        model = replace(model, summary=self._summary(ended, metrics), augment=self._objective.augment)
        save_model(model, self.folder.model)
        verdict = self._consult(params, replays=replays)
        advice = " ".join([*([] if measured is None else [judged(metrics)]), *verdict.lines])
        inspected = None
        if evaluated is not None:
            # Whoever has interrupted the run does not wait for others to be trained.
            inspected = inspect_run(
                model.outputs,
                self.prepared,
                evaluated,
                self.config.seed,
                rivals=rivals and ended.reason != "interrupted",
                seconds=ended.seconds,
            )
        pipeline = render_pipeline(self.prepared)
        if pipeline:
            replace_file(self.folder.pipeline, pipeline)
        outcome = Outcome(
            self.folder,
            model,
            metrics,
            advice,
            ended.reason,
            self.choice.engine.name,
            ended.epochs,
            ended.seconds,
            inspected,
            self.config.class_weight == "balanced",
        )
        last = None if evaluated is None else evaluated[judged_part(evaluated)]
        trained = Trained(
            self.config, self.prepared, self.choice.engine, model, history, metrics, last, advice, inspected
        )
        if measured is None:
            page = run_report(trained, self.folder, self._sample(), self._objective.augment)
        else:
            page = series_report(trained, measured, self.folder)
        replace_file(self.folder.report, page)
        self.release()
        return outcome

    def _consult(self, params: Any, *, replays: bool) -> Verdict:
        """Return what the doctor says of the run that has ended."""
        return advise(self.config, self.prepared, replay(self.folder.journal), params, replays=replays)

    def _make_run(self) -> Run:
        evaluate = {"train": self._sample()}
        if "valid" in self.prepared.parts:
            evaluate["valid"] = self.prepared.parts["valid"].batch
        return run(
            self._objective,
            build_weights(self.config, self.prepared.parts["train"].data),
            build_settings(self.config),
            optimizer=self._optimizer,
            engine=self.choice.engine,
            policies=self._policies,
            evaluate=evaluate,
            measure=self.prepared.parts["train"].batch,
            resume=self._resume,
        )

    def _sample(self) -> Batch:
        """Return training rows spread evenly over the table, which may be sorted by its target."""
        batch = self.prepared.parts["train"].batch
        return spread(batch, _SAMPLE_ROWS)

    def _measure(self) -> tuple[dict[str, dict[str, float]], dict[str, Evaluated]]:
        target = self.prepared.preparation.target
        params = self._run.params
        model = Model(self.network, params, self.prepared.preparation)
        metrics, evaluated = {}, {}
        for name, part in self.prepared.parts.items():
            y = self.prepared.preparation.of_steps(model.outputs_of(part.batch.x, self.choice.engine), part.batch.x)
            column = part.frame[target.name]
            truth = target.codes(column) if target.task == CLASSIFICATION else target.values(column)
            frame, x = part.frame, part.batch.x
            if target.every_step:
                frame, x = token_rows(frame), self.prepared.preparation.of_steps(x, x)
            evaluated[name] = Evaluated(name, frame, x, truth, y)
            metrics[name] = measure(target, truth, y)
        last = evaluated[judged_part(evaluated)]
        metrics["baseline"] = measure(target, last.truth, baseline(target, evaluated["train"].truth, len(last.truth)))
        return metrics, evaluated

    def _measure_series(self) -> MeasuredSeries:
        return measure_series(self.prepared, self.network, self._run.params, self.choice.engine)

    def _summary(self, ended: FitEnded, metrics: dict[str, dict[str, float]]) -> dict[str, Any]:
        return {
            "chainrule": __version__,
            "data": self.prepared.source.name,
            "epochs": ended.epochs,
            "best_epoch": ended.best_epoch,
            "seconds": round(ended.seconds, 3),
            "seed": self.config.seed,
            "engine": self.choice.engine.name,
            "samples": {name: part.n for name, part in self.prepared.parts.items()},
            "metrics": metrics,
        }


def read_data(config: Config, tell: Callable[[str], None] = to_nobody) -> Prepared:
    """Return the data that the settings name: series, or rows held in memory or streamed."""
    if config.time is not None:
        return prepare_series(config)
    return prepare_stream(config, tell) if is_streamed(config) else prepare(config)
