"""Learning: how a network was trained and where training stands, and the loop drained until it is done."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar

import numpy as np

from chainrule.engine import Engine
from chainrule.engine.numpy import NumpyEngine
from chainrule.errors import ConfigError, TrainingError, TrainingWarning
from chainrule.fitted.arrays import hold_out, require_rows
from chainrule.models.watch import INTERRUPTED, interruptible
from chainrule.optim import LBFGS, Adam, Rule
from chainrule.saved.model import Model
from chainrule.train import (
    Checkpoint,
    EarlyStopping,
    Event,
    History,
    KeepBest,
    Policy,
    ReduceOnPlateau,
    Run,
    Settings,
    StopOnNonFinite,
    Supervised,
)
from chainrule.train.accepted import as_batch
from chainrule.train.policies import NOT_FINITE
from chainrule.train.progress import ProgressLines
from chainrule.tree import leaves
from chainrule.types import Batch, Params

Callback: TypeAlias = Policy | Callable[[Event], object]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Learning:
    """How a network was trained, and everything that the next step depends on.

    Attributes
    ----------
    objective, settings, optimizer, engine
        See `train.run`. Of `settings`, `epochs` counts from the very first.
    checkpoint : Checkpoint
        Where training stands: the latest weights, the optimizer's memory, the best weights.
    steps : int
        Steps that were taken in all.
    policies : tuple of str
        Those whose memories the checkpoint holds, as they are written.
    history : History
    """

    objective: Supervised
    settings: Settings
    optimizer: Rule | LBFGS
    engine: Engine
    checkpoint: Checkpoint
    steps: int = 0
    policies: tuple[str, ...] = ()
    history: History = field(default_factory=History)

    @classmethod
    def at(
        cls,
        objective: Supervised,
        params: Params,
        settings: Settings | None = None,
        optimizer: Rule | LBFGS | None = None,
        engine: Engine | None = None,
    ) -> Learning:
        """Return learning that has not begun, from these weights."""
        start = Checkpoint(epoch=0, number=0, seconds=0.0, rate_scale=1.0, best_epoch=0, memories=[], params=params)
        return cls(objective, settings or Settings(), optimizer or Adam(), engine or NumpyEngine(), start)

    def resumed(self, policies: Sequence[Policy]) -> Checkpoint:
        """Return where to go on from; what other policies remember is of no use to these."""
        if self.policies == tuple(map(repr, policies)):
            return self.checkpoint
        return replace(self.checkpoint, memories=[policy.start() for policy in policies], best=None, best_epoch=0)


def learn(
    learning: Learning,
    batch: Batch,
    *,
    valid: Any,
    callbacks: Sequence[Callback],
    progress: bool,
    result: Callable[[Model, Learning], T],
) -> T:
    """Train on a batch of all rows until the epochs of the settings are done; return the `result` of model and state.

    Ctrl-C ends it after the steps in hand, with the weights so far. A callback that raises ends it too: its error is
    raised as it is, and carries the result as `error.fitted`.
    """
    network = learning.objective.network
    require_rows(batch, network)
    callbacks = [_informed(callback, learning.objective) for callback in callbacks or ()]
    train, held = _parts(learning, batch, valid)
    watched = [callback for callback in callbacks if not isinstance(callback, Policy)]
    policies: list[Policy] = [StopOnNonFinite(), *([KeepBest()] if held is not None else [])]
    policies += [callback for callback in callbacks if isinstance(callback, Policy)]
    for callback in watched:
        if not callable(callback):
            raise ConfigError(
                "callbacks that are functions of an event, or policies of chainrule.train",
                f"{callback!r:.60}",
                "Write callbacks=[print] to see what comes.",
            )
    resume = learning.resumed(policies)
    per_epoch = (
        1 if isinstance(learning.optimizer, LBFGS) else math.ceil(train.n_samples / learning.settings.batch_size)
    )
    run = Run(
        learning.objective,
        train,
        learning.settings,
        optimizer=learning.optimizer,
        engine=learning.engine,
        policies=policies,
        evaluate={"train": train} | ({} if held is None else {"valid": held}),
        params=resume.params,
        # What is fresh has no memory to go on from; what was decided was decided for the epochs that there were.
        resume=replace(resume, decided="") if learning.steps else None,
        # The schedule and the rule count steps; an epoch of other data may have had more of them or fewer.
        taken=learning.steps - resume.epoch * per_epoch,
    )
    history = deepcopy(learning.history)
    try:
        _drain(run, history, watched, progress)
    except Exception as error:
        # Weights that are no numbers are not worth hiding the error for.
        with suppress(TrainingError):
            so_far = result(*_outcome(learning, run, history, policies, per_epoch))
            error.fitted = so_far  # type: ignore[attr-defined]
            error.add_note("Training ended here; the network as far as it has come is in `error.fitted`.")
        raise
    return result(*_outcome(learning, run, history, policies, per_epoch))


def _informed(callback: Callback, objective: Supervised) -> Callback:
    """Return a policy that knows whether more of the score that it looks at is better, where the objective knows it."""
    if not isinstance(callback, KeepBest | EarlyStopping | ReduceOnPlateau) or callback.better != "auto":
        return callback
    known = {metric.name: metric.better for metric in objective.scored_by}
    name = callback.monitor.rpartition(".")[2]
    return replace(callback, better=known[name]) if name in known else callback


def _parts(learning: Learning, batch: Batch, valid: Any) -> tuple[Batch, Batch | None]:
    """Return the rows to train on, and those to validate on if there are any."""
    from chainrule.fitted.arrays import batch_of

    if valid is None:
        return batch, None
    if isinstance(valid, bool):
        raise ConfigError("valid to be a share between 0 and 1, or rows (x, t)", f"{valid}", "Write 0.2.")
    if isinstance(valid, int | float):
        return hold_out(batch, float(valid), learning.settings.seed)
    held = batch_of(learning.objective.network, *as_batch(valid, "valid"))
    require_rows(held, learning.objective.network)
    return batch, held


def _drain(run: Run, history: History, watched: Iterable[Callable[[Event], object]], progress: bool) -> None:
    lines = ProgressLines() if progress else None
    with closing(run), interruptible(run):
        try:
            for event in run:
                history.add(event)
                if lines is not None:
                    lines.see(event)
                for callback in watched:
                    callback(event)
        except KeyboardInterrupt:
            run.stop(INTERRUPTED)
        finally:
            if lines is not None:
                lines.__exit__(None, None, None)


def _outcome(
    learning: Learning, run: Run, history: History, policies: Sequence[Policy], per_epoch: int
) -> tuple[Model, Learning]:
    checkpoint = run.checkpoint()
    params = run.params
    remedy = f"Try a `learning_rate` 10 times smaller, {learning.settings.learning_rate / 10:.3g}."
    lost = any(not np.isfinite(value).all() for _, value in leaves(params))
    if lost or (run.reason == NOT_FINITE and checkpoint.best is None):
        raise TrainingError(
            "a cost that stays finite",
            f"NaN or infinity in epoch {min(checkpoint.epoch + 1, learning.settings.epochs)}",
            remedy,
        )
    if run.reason == NOT_FINITE:
        told = f"The cost became NaN or infinite; the weights are those of epoch {run.best_epoch}. {remedy}"
        warnings.warn(told, TrainingWarning, stacklevel=4)
    taken = learning.steps + (checkpoint.epoch - learning.checkpoint.epoch) * per_epoch
    after = replace(learning, checkpoint=checkpoint, steps=taken, policies=tuple(map(repr, policies)), history=history)
    return Model(learning.objective.network, params, None), after
