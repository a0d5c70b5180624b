"""Segments: how the model does on the rows of each category, and where it surely does worse than elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from chainrule.inspection.intervals import CONFIDENCE, wilson
from chainrule.inspection.subject import Rows, Subject, probabilities
from chainrule.sources.kinds import cells_as_text

_FEWEST_ROWS = 20
_MOST_LEVELS = 12
_MOST_COLUMNS = 30
_GAP = "(missing)"


@dataclass(frozen=True)
class Segment:
    """The rows that have one category in one column.

    Attributes
    ----------
    column, level : str
    n : int
        Rows.
    value, low, high : float
        The accuracy, or the mean absolute error, and its 95 % interval.
    said, came : float
        The mean answer and the mean truth: of two classes the share of the rarer one, of a regression the values; NaN
        for more classes.
    """

    column: str
    level: str
    n: int
    value: float
    low: float
    high: float
    said: float
    came: float


@dataclass(frozen=True)
class Segments:
    """All segments, column by column, and the one that is most surely worse than the rest.

    Attributes
    ----------
    metric : str
        accuracy or MAE.
    whole : float
        Of all rows.
    found : tuple of Segment
    worst : Segment or None
        Whose figure is worse than that of all rows by more than chance makes of so many segments; None if there is none.
    too_small : int
        How many segments have fewer than 20 rows and are not told of.
    left_out : tuple of str
        Columns that were not looked at, as there are too many.
    """

    metric: str
    whole: float
    found: tuple[Segment, ...]
    worst: Segment | None
    too_small: int
    left_out: tuple[str, ...] = ()

    @property
    def lowest(self) -> Segment:
        """The segment whose figure is worst, by chance or not."""
        return (min if self.metric == "accuracy" else max)(self.found, key=lambda one: one.value)


def segments(subject: Subject, rows: Rows, positive: int, order: tuple[str, ...] = ()) -> Segments | None:
    """Return the figures of each category of each category column; None where there are no two to compare.

    Parameters
    ----------
    positive : int
        Of two classes, the one whose share is told.
    order : tuple of str
        Columns by their importance, the first to be told of first.
    """
    rank = {name: i for i, name in enumerate(order)}
    columns = [c.name for c in subject.used if c.kind in ("category", "boolean") and c.name in rows.frame.columns]
    columns = sorted(columns, key=lambda name: rank.get(name, len(rank)))
    right, said, came = _by_row(subject, rows, positive)
    found: list[Segment] = []
    too_small = 0
    for name in columns[:_MOST_COLUMNS]:
        cells = cells_as_text(rows.frame[name]).fillna(_GAP).astype(str)
        counts = cells.value_counts()
        too_small += int((counts < _FEWEST_ROWS).sum())
        kept = [level for level, n in counts.items() if n >= _FEWEST_ROWS][:_MOST_LEVELS]
        if len(counts) < 2:
            continue
        for level in kept:
            at = (cells == level).to_numpy()
            value, low, high = _figure(right[at], subject.is_classification)
            segment = Segment(
                name, str(level), int(at.sum()), value, low, high, float(said[at].mean()), float(came[at].mean())
            )
            found.append(segment)
    if not found:
        return None
    metric = "accuracy" if subject.is_classification else "MAE"
    worst = _worst(found, right, subject, rows)
    return Segments(metric, float(right.mean()), tuple(found), worst, too_small, tuple(columns[_MOST_COLUMNS:]))


def _by_row(subject: Subject, rows: Rows, positive: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return whether each row is right, or how far off; what was said of it; and what came."""
    if not subject.is_classification:
        return np.abs(rows.y[:, 0] - rows.truth), rows.y[:, 0], rows.truth
    p = probabilities(rows.y)
    right = (p.argmax(axis=1) == rows.truth).astype(float)
    if p.shape[1] > 2:
        nothing = np.full(len(right), np.nan)
        return right, nothing, nothing
    return right, p[:, positive], (rows.truth == positive).astype(float)


def _figure(
    right: np.ndarray, is_share: bool, z: float = float(norm.ppf((1 + CONFIDENCE) / 2))
) -> tuple[float, float, float]:
    """Return the mean and its interval: of a share Wilson's, of errors the normal one, which are many enough for it."""
    mean = float(right.mean())
    if is_share:
        low, high = wilson(right.sum(), np.array(len(right)), z)
        return mean, float(low), float(high)
    reach = z * float(right.std(ddof=1)) / np.sqrt(len(right))
    return mean, max(0.0, mean - reach), mean + reach


def _worst(found: list[Segment], right: np.ndarray, subject: Subject, rows: Rows) -> Segment | None:
    """Return the segment whose interval, widened for there being so many (Bonferroni), is furthest on the wrong side."""
    z = float(norm.ppf(1 - (1 - CONFIDENCE) / 2 / len(found)))
    whole = float(right.mean())
    surely = []
    for segment in found:
        at = (cells_as_text(rows.frame[segment.column]).fillna(_GAP).astype(str) == segment.level).to_numpy()
        if at.all():
            continue
        _, low, high = _figure(right[at], subject.is_classification, z)
        surely.append((whole - high if subject.is_classification else low - whole, segment))
    if not surely:
        return None
    by, worst = max(surely, key=lambda pair: pair[0])
    return worst if by > 0 else None
