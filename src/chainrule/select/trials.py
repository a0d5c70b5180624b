"""Trials: what one worker does, again and again, until a search has as many as were asked for."""

from __future__ import annotations

import os
import platform
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError, StorageError
from chainrule.select.crossval import fit_and_score
from chainrule.select.folds import Folds
from chainrule.select.space import Space
from chainrule.select.storage import SILENCE, Storage, attempt, told
from chainrule.select.workers import Workers
from chainrule.train import EpochEnded

# Trials are compared after these epochs of their first fold, and after each fold; not at every epoch, because each
# report is written to the disk.
_EPOCHS = frozenset(round(1.5**k) for k in range(40))
_FOLDS_FROM = 1_000_000
_POLL_SECONDS = 0.4


@dataclass(frozen=True, eq=False)
class Task:
    """What every trial of a search shares."""

    estimator: Any
    x: Any
    y: Any
    folds: Folds
    space: Space
    scorer: Any
    by_score: bool
    seed: int


def search(task: Task, storage: Storage, trials: int, workers: Workers) -> None:
    """Run trials until there are as many as were asked for, those from before counted."""
    # Each worker is a loop of its own on the same storage, which is how a search is shared by machines too.
    shared = (task.estimator, task.x, task.y, task.folds, task.space, task.scorer, task.by_score, task.seed, storage)
    for _ in workers.map(_work, (*shared, trials), range(workers.jobs)):
        pass


def _work(*arguments: Any) -> int:
    """Do trials, one after another, and return how many."""
    import optuna

    *parts, storage, trials, number = arguments
    task = Task(*parts)
    study = storage.open(seed=task.seed + 1000 * number)
    with warnings.catch_warnings():
        # So it calls its signs of life.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return _until_done(task, storage, study, trials)


def _until_done(task: Task, storage: Storage, study: Any, trials: int) -> int:
    import optuna

    done, failures = 0, 0
    while True:
        try:
            with told(storage):
                optuna.storages.fail_stale_trials(study)
                _forget_stillborn(study, storage)
                counted, running, waiting = _count(study)
                if counted >= trials and not waiting:
                    return done
                if counted + running < trials or waiting:
                    done += _try_one(task, study, trials)
                else:
                    # The rest is being worked on; whose worker dies comes back as waiting.
                    time.sleep(min(_POLL_SECONDS, storage.heartbeat / 2))
            failures = 0
        except StorageError:
            # What was being written is a trial without a heartbeat: it is tried again when its silence is noticed.
            failures += 1
            if failures > 3:
                raise
            time.sleep(failures)


def _try_one(task: Task, study: Any, trials: int) -> bool:
    """Do one trial, and return whether it counted: another worker may have given it up meanwhile."""
    import optuna

    begun: list[Any] = []
    failed = False

    def objective(trial: Any) -> float:
        nonlocal failed
        begun.append(trial)
        try:
            return _objective(task, trial, trials)
        except (optuna.TrialPruned, optuna.exceptions.UpdateFinishedTrialError):
            raise
        except BaseException:
            failed = True
            raise

    try:
        study.optimize(objective, n_trials=1)
    except (ValueError, AssertionError, optuna.exceptions.UpdateFinishedTrialError):
        # A machine that slept, or has too much to do, gives no sign of life. Whoever noticed has put the settings back
        # into the queue; Optuna has no name for a trial that ends after that, so its state tells.
        if failed or not begun or not _is_finished(study, begun[0]):
            raise
        return False
    return True


def _is_finished(study: Any, trial: Any) -> bool:
    return bool(study._storage.get_trial(trial._trial_id).state.is_finished())


def _forget_stillborn(study: Any, storage: Storage) -> None:
    """Fail trials whose worker died before the first sign of life, for which Optuna would wait for ever."""
    from optuna.trial import TrialState

    longest = timedelta(seconds=SILENCE * storage.heartbeat)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if "worker" not in trial.user_attrs and datetime.now() - trial.datetime_start > longest:
            study.tell(trial.number, state=TrialState.FAIL)


def _count(study: Any) -> tuple[int, int, int]:
    """Return how many trials are finished, running and waiting to be tried again."""
    from optuna.trial import TrialState

    # One too many is not a result: it must not stand for a trial whose worker died and that is still to be noticed.
    states = [trial.state for trial in study.get_trials(deepcopy=False) if not _is_surplus(trial)]
    finished = sum(state in (TrialState.COMPLETE, TrialState.PRUNED) for state in states)
    return finished, states.count(TrialState.RUNNING), states.count(TrialState.WAITING)


def _is_surplus(trial: Any) -> bool:
    return bool(trial.user_attrs.get("surplus"))


def _objective(task: Task, trial: Any, trials: int) -> float:
    import optuna

    settings = {name: dimension.suggest(trial, name) for name, dimension in task.space.items()}
    # Optuna's own thread gives the first sign of life some time later; until then a death would go unnoticed.
    trial.study._storage.record_heartbeat(trial._trial_id)
    trial.set_user_attr("worker", f"{platform.node()}:{os.getpid()}")
    before = [other for other in trial.study.get_trials(deepcopy=False) if other.number < trial.number]
    # Two workers may begin the last trial at the same moment.
    if sum(not (other.state == optuna.trial.TrialState.FAIL or _is_surplus(other)) for other in before) >= trials:
        trial.set_user_attr("surplus", True)
        raise optuna.TrialPruned
    scores: list[float] = []
    try:
        for k, pair in enumerate(task.folds.pairs):
            estimator = _watched(task, trial, settings) if k == 0 else _with(task, settings)
            scores.append(fit_and_score(task.x, task.y, estimator, task.scorer, pair)[0])
            trial.report(float(np.mean(scores)), _FOLDS_FROM + k)
            if k + 1 < len(task.folds) and trial.should_prune():
                raise optuna.TrialPruned
    except StorageError:
        raise
    except ChainruleError as error:
        # A setting that cannot be trained (a rate at which the cost explodes) says something about the space too.
        trial.set_user_attr("why", str(error)[:500])
        raise optuna.TrialPruned from error
    trial.set_user_attr("std", float(np.std(scores)))
    return float(np.mean(scores))


def _with(task: Task, settings: dict[str, Any]) -> Any:
    from sklearn.base import clone

    return clone(task.estimator).set_params(**settings)


def _watched(task: Task, trial: Any, settings: dict[str, Any]) -> Any:
    """Return an estimator that reports its epochs to the trial, where it tells them."""
    import optuna

    estimator = _with(task, settings)
    names = [name for name in estimator.get_params() if name.rpartition("__")[2] == "callbacks"]

    def watch(event: Any) -> None:
        if not isinstance(event, EpochEnded) or event.epoch not in _EPOCHS:
            return
        scores = event.scores.get("valid", {})
        measured = [value for name, value in scores.items() if name != "cost"] if task.by_score else []
        value = measured[0] if measured else -scores.get("cost", event.cost)
        if not np.isfinite(value):
            return
        trial.report(float(value), event.epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    for name in names:
        estimator.set_params(**{name: [*(estimator.get_params()[name] or ()), watch]})
    return estimator


def summary(study: Any, space: Space) -> list[dict[str, Any]]:
    """Return every trial that ended, as the fields of `Trial`."""
    from optuna.trial import TrialState

    states = {TrialState.COMPLETE: "done", TrialState.PRUNED: "pruned", TrialState.FAIL: "lost"}
    found = []
    for trial in study.get_trials(deepcopy=False):
        if trial.state not in states or _is_surplus(trial) or set(trial.params) != set(space):
            continue
        settings = {name: dimension.value(trial.params[name]) for name, dimension in space.items()}
        seconds = trial.duration.total_seconds() if trial.duration is not None else 0.0
        found.append(
            {
                "number": trial.number,
                "settings": settings,
                "score": trial.value if trial.state == TrialState.COMPLETE else None,
                "std": trial.user_attrs.get("std"),
                "state": states[trial.state],
                "seconds": seconds,
                "why": trial.user_attrs.get("why", ""),
            }
        )
    return found


class Watching:
    """Tells, from a thread of its own, how far a search has come that several workers share."""

    def __init__(
        self, storage: Storage, trials: int, seed: int, progress: Callable[[int, int, float | None], None] | None
    ) -> None:
        self._storage, self._trials, self._seed, self._progress = storage, trials, seed, progress
        self._stop = threading.Event()
        self._told: Sequence[Any] = ()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watching:
        """Begin to look."""
        if self._progress is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Look a last time."""
        self._stop.set()
        if self._progress is not None:
            self._thread.join()
            if error is None:
                self._look(self._storage.open(seed=self._seed))

    def _watch(self) -> None:
        study = self._storage.open(seed=self._seed)
        while not self._stop.wait(_POLL_SECONDS):
            try:
                self._look(study)
            except StorageError:
                # The workers tell what is wrong; here a look is missed.
                continue

    def _look(self, study: Any) -> None:
        trials = attempt(self._storage, lambda: study.get_trials(deepcopy=False))
        # A trial that was ended early has a value too, of its last epoch.
        values = [trial.value for trial in trials if trial.state.name == "COMPLETE"]
        news = (min(_finished(trials), self._trials), self._trials, max(values, default=None))
        if self._progress is not None and news != self._told:
            self._progress(*news)
            self._told = news


def _finished(trials: Sequence[Any]) -> int:
    return sum(trial.state.name in ("COMPLETE", "PRUNED") for trial in trials)
