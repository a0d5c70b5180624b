"""A job that runs: from settings and data to events, a journal and checkpoints; what is trained, its subclass says."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from chainrule.encode.sparse import is_sparse
from chainrule.engine import choose
from chainrule.errors import ChainruleError, ConfigError, RunFolderError
from chainrule.files import replace_file
from chainrule.inspection import Inspected, told
from chainrule.job.build import build_network, build_optimizer, build_policies
from chainrule.job.config import Config
from chainrule.job.folder import RunFolder, make
from chainrule.job.metrics import judged_by
from chainrule.job.prepare import Part, Prepared
from chainrule.job.run_report import blas_threads, prepared_notes
from chainrule.job.settings import to_toml
from chainrule.lock import Lock
from chainrule.saved.model import Model
from chainrule.sources.unreadable import as_csv
from chainrule.train import Checkpoint, EpochStarted, Event, FitEnded, Journal, Objective, Run, save_checkpoint


def to_nobody(words: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run came to."""

    folder: RunFolder
    model: Model
    metrics: dict[str, dict[str, float]]
    advice: str
    reason: str
    engine: str
    epochs: int
    seconds: float
    inspected: Inspected | None = None
    is_balanced: bool = False
    about: str = ""

    @property
    def came(self) -> str:
        """How the training ended, in a sentence."""
        return self.about or f"{self.reason}: {self.epochs} epochs in {self.seconds:.3g} s on {self.engine}"

    @property
    def rivals(self) -> dict[str, dict[str, float]]:
        """The metrics of a linear model and of boosted trees on the same rows, where they were fitted."""
        if self.inspected is None:
            return {}
        measured = self.inspected.intervals.metrics
        return {one.name: {name: i.value for name, i in measured[one.name].items()} for one in self.inspected.rivals}

    @property
    def intervals(self) -> dict[str, dict[str, float]]:
        """Of each metric on the rows that it is judged by, where 95 of 100 other draws of such rows would put it."""
        ours = {} if self.inspected is None else self.inspected.ours
        return {name: {"low": i.low, "high": i.high} for name, i in ours.items()}

    @property
    def told(self) -> list[tuple[str, str]]:
        """What to decide by, in sentences: whether a network is worth it, and what is missed of a rare class."""
        found, target = self.inspected, self.model.prepared_by.target
        if found is None:
            return []
        _, judged = judged_by(self.metrics[found.part])
        worth = told.worth(found, judged)
        # With a threshold of its own the model does not answer the likelier class, which the sentence is about.
        rare = None if self.model.threshold is not None else found.imbalance
        missed = (
            ""
            if rare is None
            else told.rare_class(rare, found.part, target.classes[rare.k], is_balanced=self.is_balanced)
        )
        return [(head, text) for head, text in (("worth", worth), ("rare", missed)) if text]


@dataclass(frozen=True)
class Resumption:
    """What a run goes on from: its last checkpoint, in a folder that is held."""

    checkpoint: Checkpoint
    lock: Lock


class RunningJob(ABC):
    """One run: iterated for its events, finished into an outcome.

    Parameters
    ----------
    config : Config
        The settings; resolved against the data as `self.config`.
    folder : RunFolder
        Where to write. It is made when training starts, after the data has been found fit.
    prepared : Prepared
        The data.
    resume : Resumption, optional
        The checkpoint in the folder to go on from, and the lock on it.
    """

    def __init__(self, config: Config, folder: RunFolder, prepared: Prepared, resume: Resumption | None = None) -> None:
        self.folder = folder
        self.prepared = prepared
        train = self.prepared.parts["train"]
        if resume is not None and config.data_sha256 != self.prepared.sha256:
            raise RunFolderError(
                "the data that the run was started on",
                f"other rows in {config.data}",
                "Restore the file, or start a new run.",
            )
        self.config = replace(
            config.resolve(train.n, self.prepared.preparation.input_shape), data_sha256=self.prepared.sha256
        )
        self.network = build_network(self.config, self.prepared)
        self._objective: Objective = self._objective_of()
        self._optimizer = build_optimizer(self.config)
        self.choice = self._choose(train)
        # What was chosen is written down: a resumed or repeated run must not choose anew.
        self.config = replace(self.config, engine=self.choice.engine.name)
        if train.stream is not None and self.prepared.source.samples is None:
            self.config = replace(self.config, stream=True)
        self._resume = resume.checkpoint if resume is not None else None
        self._lock = resume.lock if resume is not None else None
        self._policies = build_policies(self.config, has_valid="valid" in self.prepared.parts)
        try:
            self._run: Run = self._make_run()
        except MemoryError as error:
            raise ConfigError(
                "a network that fits into memory",
                f"{self.network.n_parameters:,} parameters",
                "Make it smaller, with `hidden` for example.",
            ) from error
        # Long ago: a checkpoint is due at once, before the first step, so that there is always one to go on from.
        self._saved = -math.inf

    noun: ClassVar[str] = "network"

    @property
    def where(self) -> str:
        """The engine, and why this one."""
        return f"{self.choice.engine.name} ({self.choice.reason})"

    @property
    def about(self) -> str:
        """What is to be trained, in a few words."""
        model = self.config.model
        told = f"{model.describe()}; {self.network.n_parameters:,} parameters"
        alone = model.name == "mlp" or self.prepared.preparation.target.every_step
        return told if alone else f"{told} (`model=mlp` to compare)"

    @property
    def notes(self) -> list[str]:
        """What was decided about the data, and come upon in it so far, for the person."""
        return prepared_notes(self.prepared)

    def stop(self, reason: str) -> None:
        """Ask the run to end after the steps in hand."""
        self._run.stop(reason)

    def __iter__(self) -> Generator[Event, None, None]:
        """Train: yield each event once it is in the journal, and save checkpoints between epochs."""
        if self._resume is None:
            self.folder, self._lock = make(self.folder)
            replace_file(self.folder.config, to_toml(self.config) + self._trained_with())
            if self.prepared.source.unreadable:
                replace_file(self.folder.unreadable, as_csv(self.prepared.source.unreadable))
        after = self._resume.number if self._resume else 0
        ended = False
        try:
            with closing(self._run), Journal(self.folder.journal, after) as journal:
                for event in self._run:
                    journal.write(event)
                    ended = isinstance(event, FitEnded)
                    due = time.monotonic() - self._saved >= self.config.checkpoint_seconds
                    # At the start of an epoch everything about the one before has been told and decided.
                    if self._run.between_epochs and (ended or (isinstance(event, EpochStarted) and due)):
                        self._save(journal)
                    try:
                        yield event
                    except BaseException:
                        # Who looks on has had enough, by a mistake or by `break`: what was learnt is not lost.
                        if self._run.between_epochs and not ended:
                            with suppress(ChainruleError):
                                self._save(journal)
                        raise
        finally:
            # A run that came to its end has the folder to itself until model and report are in it.
            if not ended:
                self.release()

    def _trained_with(self) -> str:
        """Return what no setting says but the last bits depend on, as a comment."""
        told = blas_threads() if self.choice.engine.name == "numpy" else ""
        return (
            f"\n# Trained with {told}: another number may round long sums, and with them a network, differently.\n"
            if told
            else ""
        )

    def release(self) -> None:
        """Let others go on with the folder."""
        if self._lock is not None:
            self._lock.release()

    def _save(self, journal: Journal) -> None:
        journal.flush()
        save_checkpoint(self.folder.checkpoint, self._run.checkpoint())
        self._saved = time.monotonic()

    def learn(self) -> Generator[Event, None, None]:
        """Train without a folder: yield the events, and write nothing."""
        with closing(self._run):
            yield from self._run

    @abstractmethod
    def _objective_of(self) -> Objective:
        """Return what is minimised."""

    @abstractmethod
    def _make_run(self) -> Run:
        """Return the training, which has not begun."""

    @property
    @abstractmethod
    def model(self) -> Model:
        """The network with the weights that were kept so far, and the preparation of its data."""

    @abstractmethod
    def finish(self, *, replays: bool = True, rivals: bool = True) -> Outcome:
        """Measure the weights that were kept, write the model and the report."""

    def _choose(self, train: Part) -> Any:
        rows = self.config.batch_size or train.n
        steps = (self.config.epochs or 1) * max(1, train.n // rows)
        operations = 3.0 * self.network.operations * rows
        sparse = is_sparse(train.batch.x)
        engine = self.config.engine
        if engine == "auto" and self.config.precision == "bfloat16":
            engine = "jax"
        if engine == "numpy" and self.config.precision == "bfloat16":
            raise ConfigError("precision float32 on the engine numpy", "bfloat16", "Use `engine=jax`.")
        return choose(
            engine, self.config.dtype, steps=steps, operations=operations, in_turn=self.network.in_turn, sparse=sparse
        )
