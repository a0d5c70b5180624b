"""Search: settings tried by Optuna on the same folds, hopeless ones ended early, and an honest score at the end."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import ConfigError, TrainingError, did_you_mean
from chainrule.select.crossval import as_scorer, check_folds, metric_name, model_name, rows_of
from chainrule.select.folds import Folds, draw_folds
from chainrule.select.space import Space, shown
from chainrule.select.storage import Storage, attempt
from chainrule.select.trials import Task, Watching, search, summary
from chainrule.select.workers import Workers

# Called with the number of trials done, of all, and the best score so far (None while there is none).
TrialProgress = Callable[[int, int, float | None], None]
_ENOUGH_FOR_IMPORTANCE = 4


@dataclass(frozen=True)
class Trial:
    """One setting that was tried.

    Attributes
    ----------
    number : int
    settings : dict
    score : float or None
        Mean over the folds; None where it was ended early or failed.
    state : str
        done, pruned, or lost (its worker died; it was tried again under another number).
    seconds : float
    why : str
        Of a trial that failed.
    """

    number: int
    settings: dict[str, Any]
    score: float | None
    std: float | None
    state: str
    seconds: float
    why: str = ""


@dataclass(frozen=True, eq=False)
class Search:
    """What a search found; printed, its best trials, what mattered, and the score on rows that it never saw.

    Attributes
    ----------
    name, metric : str
    space : mapping
    trials : tuple of Trial
    folds : Folds
        That every trial was measured on.
    held_out : float or None
        Score, on rows set aside before the search, of the best settings trained on all others.
    n_held_out : int
    importance : dict
        Share of each setting in how the score varies, largest first.
    storage : str
        Where it can be resumed.
    model : estimator
        With the best settings, trained on all rows but those held out.
    """

    name: str
    metric: str
    space: Space
    trials: tuple[Trial, ...]
    folds: Folds
    held_out: float | None
    n_held_out: int
    importance: dict[str, float]
    storage: str
    model: Any = field(repr=False)

    @property
    def done(self) -> list[Trial]:
        """Trials that were measured on all folds, best first."""
        measured = [trial for trial in self.trials if trial.score is not None]
        return sorted(measured, key=lambda trial: -(trial.score or 0.0))

    @property
    def best(self) -> Trial:
        """The trial with the best mean score."""
        return self.done[0]

    @property
    def advice(self) -> list[str]:
        """Warnings: a best value at the edge of what was tried, a tuned score that did not hold."""
        found = [self.space[name].advice(name, value) for name, value in self.best.settings.items()]
        drop = (self.best.score or 0.0) - (self.held_out if self.held_out is not None else self.best.score or 0.0)
        if drop > 2 * (self.best.std or 0.0) > 0:
            found.append(
                f"The tuned score did not hold on the rows that were kept out of the search ({self.best.score:.4f} "
                f"against {self.held_out:.4f}): believe the second."
            )
        return [line for line in found if line]

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON-able data."""
        return {
            "name": self.name,
            "metric": self.metric,
            "space": {name: str(dimension) for name, dimension in self.space.items()},
            "best": {"settings": _plain(self.best.settings), "score": self.best.score, "std": self.best.std},
            "held_out": self.held_out,
            "held_out_rows": self.n_held_out,
            "folds": str(self.folds),
            "importance": self.importance,
            "advice": self.advice,
            "storage": self.storage,
            "trials": [
                {
                    "number": trial.number,
                    "state": trial.state,
                    "score": trial.score,
                    "seconds": round(trial.seconds, 3),
                    "settings": _plain(trial.settings),
                    **({"why": trial.why} if trial.why else {}),
                }
                for trial in self.trials
            ],
        }

    def __str__(self) -> str:
        """Return the best five trials, importances, the two scores and warnings."""
        names = list(self.space)
        rows = [[f"{t.score:.4f} ± {t.std:.4f}", *(shown(t.settings[name]) for name in names)] for t in self.done[:5]]
        table = [[self.metric, *names], *rows]
        widths = [max(len(row[i]) for row in table) for i in range(len(names) + 1)]
        counts = {state: sum(trial.state == state for trial in self.trials) for state in ("done", "pruned", "lost")}
        told = ", ".join(f"{n} {state}" for state, n in counts.items() if n)
        lines = [f"{self.name}: {told} on {self.folds}", ""]
        lines += ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in table]
        if self.importance:
            lines += [
                "",
                "what mattered: " + ", ".join(f"{name} {share:.0%}" for name, share in self.importance.items()),
            ]
        lines += ["", f"tuned {self.metric:<12} {self.best.score:.4f}  (optimistic: it was chosen for being the best)"]
        if self.held_out is not None:
            lines.append(f"held-out {self.metric:<9} {self.held_out:.4f}  ({self.n_held_out} rows that no trial saw)")
        return "\n".join([*lines, *self.advice])


def tune(
    estimator: Any,
    X: Any,
    y: Any,
    space: Space,
    *,
    trials: int = 50,
    folds: int = 3,
    kind: str = "auto",
    groups: Any = None,
    seed: int = 0,
    scoring: Any = None,
    held_out: float | tuple[Any, Any] = 0.2,
    storage: Storage | str | None = None,
    about: str = "",
    workers: Workers | None = None,
    progress: TrialProgress | None = None,
) -> Search:
    """Search the settings of an estimator.

    Parameters
    ----------
    estimator : estimator
        With `set_params` for every name in `space`. One with `callbacks`, as ours have, tells its epochs, and a trial
        that falls behind the median of the others is ended early.
    space : mapping of str to Span or Choice
    trials : int
        In all, those counted that the storage has from before.
    folds, kind, groups, seed, scoring
        See `cross_validate`; every trial has the same folds.
    held_out : float or (X, y)
        Share of the rows set aside before the search, or rows of their own; 0 for none.
    storage : Storage or str, optional
        A URL, or a SQLite file: there the search lies, is resumed and shared. By default a file that is deleted.
    about : str
        What is searched; a storage is only resumed for the same.
    workers : Workers, optional
        How many trials at once, and where. On a cluster the storage must be reachable from its workers.

    Raises
    ------
    StorageError
        If the storage is locked, or cannot be reached.
    TrainingError
        If not one trial came to a score.
    """
    if not space:
        raise ConfigError("settings to search", "none", "Give some: {'learning_rate': Span(1e-4, 1e-1)}.")
    if trials < 1:
        raise ConfigError("at least 1 trial", f"{trials}", "20 to 100 are usual.")
    _check_names(estimator, space)
    from sklearn.base import is_classifier

    rest, aside = _set_aside(estimator, X, y, kind, groups, seed, held_out)
    x_rest, y_rest = rows_of(X, rest), rows_of(y, rest)
    left_groups = None if groups is None else np.asarray(groups)[rest]
    drawn = draw_folds(y_rest, folds=folds, kind=kind, groups=left_groups, classify=is_classifier(estimator), seed=seed)
    check_folds(drawn, x_rest)
    metric = metric_name(estimator, scoring)
    task = Task(estimator, x_rest, y_rest, drawn, dict(space), as_scorer(estimator, scoring), scoring is None, seed)
    with tempfile.TemporaryDirectory() as scratch:
        place = storage if isinstance(storage, Storage) else Storage(storage or str(Path(scratch) / "search.db"))
        subject = {
            "about": about,
            "metric": metric,
            "folds": str(drawn),
            "space": {k: str(v) for k, v in space.items()},
        }
        _agree(place, subject, seed)
        with Watching(place, trials, seed, progress):
            search(task, place, trials, workers or Workers())
        study = place.open(seed=seed)
        found = attempt(place, lambda: summary(study, space))
        importance = _importance(study, space, sum(item["score"] is not None for item in found))
    tried = tuple(Trial(**item) for item in found)
    done = [trial for trial in tried if trial.score is not None]
    if not done:
        why = next((trial.why for trial in reversed(tried) if trial.why), "all were ended early")
        raise TrainingError(
            "a trial that comes to a score", f"none of {len(tried)}: {why}", "Narrow the space, to smaller rates first."
        )
    best = max(done, key=lambda trial: trial.score or -np.inf)
    model, score = _final(task, best.settings, aside)
    count = 0 if aside is None else len(aside[1])
    return Search(
        place.name if storage is not None else model_name(estimator),
        metric,
        space,
        tried,
        drawn,
        score,
        count,
        importance,
        place.shown if storage is not None else "",
        model,
    )


def _check_names(estimator: Any, space: Space) -> None:
    """Raise ConfigError for a setting that the estimator does not have."""
    from sklearn.base import clone

    for name, dimension in space.items():
        try:
            clone(estimator).set_params(**{name: dimension.first})
        except ConfigError:
            raise
        except ValueError as error:
            known = did_you_mean(name, list(estimator.get_params()))
            raise ConfigError(f"a setting of {model_name(estimator)}", f"{name!r}", known) from error


def _set_aside(
    estimator: Any, X: Any, y: Any, kind: str, groups: Any, seed: int, held_out: float | tuple[Any, Any]
) -> tuple[np.ndarray, tuple[Any, Any] | None]:
    """Return the rows to search on, and the rows (X, y) that are kept out of it."""
    from sklearn.base import is_classifier

    n = len(y)
    if isinstance(held_out, tuple):
        return np.arange(n), held_out
    if not 0 <= held_out <= 0.5:
        raise ConfigError("a share of at most 0.5 to hold out", f"{held_out}", "0.2 is usual; 0 holds out none.")
    if held_out == 0:
        return np.arange(n), None
    # One fold of so many is the share, with every class in it and no group parted.
    drawn = draw_folds(
        y, folds=round(1 / held_out), kind=kind, groups=groups, classify=is_classifier(estimator), seed=seed
    )
    rest, aside = drawn.pairs[0]
    return rest, (rows_of(X, aside), rows_of(y, aside))


def _agree(place: Storage, subject: dict[str, Any], seed: int) -> None:
    """Write down what is searched, or raise ConfigError where the storage has another search under this name."""
    study = place.open(seed=seed)
    before = attempt(place, lambda: study.user_attrs.get("subject"))
    if before is None:
        attempt(place, lambda: study.set_user_attr("subject", subject))
        return
    changed = [name for name in subject if subject[name] != before.get(name)]
    if changed:
        raise ConfigError(
            f"the search {place.name!r} of {place.shown} to go on as it was begun",
            f"another {', '.join(changed)} ({_told(before[changed[0]])} before, {_told(subject[changed[0]])} now)",
            "Choose another `storage` or `name`, or search the same.",
        )


def _told(value: Any) -> str:
    text = ", ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, Mapping) else str(value)
    return text or "nothing"


def _importance(study: Any, space: Space, done: int) -> dict[str, float]:
    """Return how much of the score's variance each setting explains (Hutter et al., 2014, fANOVA)."""
    if done < _ENOUGH_FOR_IMPORTANCE or len(space) < 2:
        return {}
    import optuna

    try:
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    except (RuntimeError, ValueError):
        # Scores that are all alike have no variance to explain.
        return {}
    return {name: float(share) for name, share in found.items()}


def _final(task: Task, settings: Mapping[str, Any], aside: tuple[Any, Any] | None) -> tuple[Any, float | None]:
    """Return the estimator with the best settings, trained on all rows of the search, and its held-out score."""
    from sklearn.base import clone

    model = clone(task.estimator).set_params(**settings)
    model.fit(task.x, task.y)
    return model, None if aside is None else float(task.scorer(model, *aside))


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}
