"""All of it at once: a fitted model inspected on one part of the data, ready for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from chainrule.inspection.calibration import Calibration, calibration
from chainrule.inspection.dependence import Dependence, dependence
from chainrule.inspection.importance import Importance, permutation_importance
from chainrule.inspection.intervals import Interval, Intervals, bootstrap
from chainrule.inspection.levels import as_seconds
from chainrule.inspection.rivals import Rival
from chainrule.inspection.segments import Segments, segments
from chainrule.inspection.subject import Rows, Subject
from chainrule.inspection.thresholds import Curve, Imbalance, curves, imbalance, rarer
from chainrule.train.metrics import Metric

OURS = "network"
_STRONGEST = 6
# Of many classes, so many are drawn.
_MOST_CLASSES = 5


@dataclass(frozen=True, eq=False)
class Inspected:
    """What was found; a part is None, or empty, where the data have nothing for it.

    Attributes
    ----------
    part : str
        Whose rows were looked at.
    intervals : Intervals
        Of `OURS` and of each rival, by name.
    rivals : tuple of Rival
    positive : int
        Of two classes, the one that is looked for: the rarer.
    time : tuple of (str, array) or None
        A column of dates, and its cells as seconds since 1970, to see the errors by.
    notes : tuple of str
        What was done on a part of the rows or columns only, or left out.
    """

    part: str
    intervals: Intervals
    rivals: tuple[Rival, ...] = ()
    importance: Importance | None = None
    dependence: tuple[Dependence, ...] = ()
    calibration: Calibration | None = None
    curves: tuple[Curve, ...] = ()
    imbalance: Imbalance | None = None
    segments: Segments | None = None
    positive: int = 0
    time: tuple[str, np.ndarray] | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def ours(self) -> Mapping[str, Interval]:
        """The model's own metrics."""
        return self.intervals.metrics[OURS]


def inspect(
    subject: Subject, rows: Rows, valid: Rows | None, metrics: Sequence[Metric], rivals: Sequence[Rival], seed: int
) -> Inspected:
    """Return what a model does with rows that it has not seen.

    Parameters
    ----------
    subject : Subject
        The model. Its columns are those of a table; without any, only its answers are looked at.
    rows : Rows
        That it is judged by.
    valid : Rows or None
        Others, to choose a threshold by.
    metrics : sequence of Metric
        Of the task, that these rows have.
    rivals : sequence of Rival
        To compare with, on the same rows.
    seed : int
        Names every draw.
    """
    answers = {OURS: rows.y} | {rival.name: rival.predict(rows.frame) for rival in rivals}
    intervals = bootstrap(metrics, subject.target, rows.truth, answers, seed)
    importance = permutation_importance(subject, rows, seed)
    names = importance.names[:_STRONGEST] if importance else ()
    is_class = subject.is_classification
    positive = rarer(rows.truth, len(subject.target.classes)) if is_class else 0
    return Inspected(
        part=rows.part,
        intervals=intervals,
        rivals=tuple(rivals),
        importance=importance,
        dependence=dependence(subject, rows, names, _shown(subject, rows, positive)),
        calibration=calibration(rows.truth, rows.y, positive, seed) if is_class else None,
        curves=curves(rows, valid) if is_class else (),
        imbalance=imbalance(rows, valid) if is_class else None,
        segments=segments(subject, rows, positive, importance.names if importance else ()),
        positive=positive,
        time=_time(subject, rows),
        notes=tuple(_notes(importance, rows)),
    )


def _shown(subject: Subject, rows: Rows, positive: int) -> tuple[int, ...]:
    """Return the classes to draw: of two the one that is looked for, of more the most frequent."""
    k = len(subject.target.classes)
    if not subject.is_classification:
        return ()
    if k == 2:
        return (positive,)
    counts = np.bincount(rows.truth, minlength=k)
    return tuple(sorted(np.argsort(-counts, kind="stable")[:_MOST_CLASSES].tolist()))


def _time(subject: Subject, rows: Rows) -> tuple[str, np.ndarray] | None:
    """Return the column of dates that tells most rows apart."""
    dates = [column.name for column in subject.columns if column.kind == "date" and column.name in rows.frame.columns]
    if not dates:
        return None
    name = max(dates, key=lambda date: rows.frame[date].nunique())
    seconds = as_seconds(rows.frame[name]).to_numpy()
    return (name, seconds) if len(np.unique(seconds[np.isfinite(seconds)])) > 1 else None


def _notes(importance: Importance | None, rows: Rows) -> list[str]:
    notes = []
    if importance is not None and importance.rows < len(rows):
        notes.append(f"columns were shuffled on {importance.rows:,} of the {len(rows):,} rows, spread evenly")
    if importance is not None and importance.untried:
        untried = importance.untried
        listed = ", ".join(untried[:4]) + (f" and {len(untried) - 4:,} more" if len(untried) > 4 else "")
        notes.append(f"columns whose levels the answers follow least were not shuffled: {listed}")
    return notes
