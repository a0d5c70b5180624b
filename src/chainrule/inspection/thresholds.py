"""Thresholds: what saying yes earlier or later costs in false alarms, and what is missed of a rare class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.inspection.subject import Rows, probabilities
from chainrule.train.metrics import roc_auc

_POINTS = 100
_MOST_CLASSES = 12
# A class is rare below this share, and missed if fewer of its rows than this are found.
_RARE, _MISSED = 0.35, 0.5
# A threshold is told if it finds so much more.
_WORTH_TELLING = 0.05
_FEWEST = 10


@dataclass(frozen=True, eq=False)
class Curve:
    """One class against the rest, at every threshold of its probability.

    Attributes
    ----------
    k : int
        The class.
    thresholds : array (G,)
        Falling; a row is a yes if its probability is at least this.
    hits, alarms : array (G,)
        Rows of the class, and others, that are taken for it.
    yes, no : int
        Rows of the class, and others.
    area, precision : float
        The area under the ROC curve, and the average precision.
    best : float or None
        The threshold that has the best F1 on the validation rows; None where there are none to choose by.
    """

    k: int
    thresholds: np.ndarray
    hits: np.ndarray
    alarms: np.ndarray
    yes: int
    no: int
    area: float
    precision: float
    best: float | None


@dataclass(frozen=True)
class Imbalance:
    """A rare class that is mostly missed, and what another threshold would find of it.

    Attributes
    ----------
    k : int
        The class.
    share : float
        Of the rows.
    recall, precision : float
        When the most probable class is the answer; the precision is NaN where it is never answered.
    threshold : float or None
        With the best F1 on the validation rows, for two classes.
    new_recall, new_precision : float
        By that threshold, on the rows that were looked at.
    """

    k: int
    share: float
    recall: float
    precision: float
    threshold: float | None = None
    new_recall: float = float("nan")
    new_precision: float = float("nan")


def rarer(truth: np.ndarray, k: int) -> int:
    """Return the class that is looked for: the rarest of K that occurs, the last of equals."""
    counts = np.bincount(truth, minlength=k)
    counts = np.where(counts > 0, counts, len(truth) + 1)
    return int(k - 1 - counts[::-1].argmin())


def curves(rows: Rows, valid: Rows | None) -> tuple[Curve, ...]:
    """Return the curves of each class that has rows enough, of two classes of the rarer one alone; rarest first."""
    p = probabilities(rows.y)
    k = p.shape[1]
    counts = np.bincount(rows.truth, minlength=k)
    asked = [rarer(rows.truth, k)] if k == 2 else np.argsort(counts, kind="stable").tolist()
    enough = [i for i in asked if counts[i] >= _FEWEST and len(rows) - counts[i] >= _FEWEST]
    return tuple(_curve(rows.truth == i, p[:, i], i, valid) for i in enough[:_MOST_CLASSES])


def _curve(yes: np.ndarray, score: np.ndarray, k: int, valid: Rows | None) -> Curve:
    from sklearn.metrics import average_precision_score

    quantiles = np.quantile(score, np.linspace(0, 1, _POINTS + 1))
    thresholds = np.unique(np.concatenate([np.linspace(0, 1, _POINTS + 1), quantiles]).round(4))[::-1]
    hits, alarms = _counts(yes, score, thresholds)
    return Curve(
        k,
        thresholds,
        hits,
        alarms,
        int(yes.sum()),
        int((~yes).sum()),
        roc_auc(score[:, None], yes.astype(int), None),
        float(average_precision_score(yes, score)),
        None if valid is None else _best(valid.truth == k, probabilities(valid.y)[:, k]),
    )


def _counts(yes: np.ndarray, score: np.ndarray, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many rows of the class, and of the others, have at least each threshold."""
    ups, downs = np.sort(score[yes]), np.sort(score[~yes])
    return len(ups) - np.searchsorted(ups, thresholds), len(downs) - np.searchsorted(downs, thresholds)


def _best(yes: np.ndarray, score: np.ndarray) -> float | None:
    """Return the threshold with the best F1, 2 hits / (hits + alarms + yes): half way between two answers."""
    if yes.sum() < _FEWEST:
        return None
    answers = np.unique(score)[::-1]
    hits, alarms = _counts(yes, score, answers)
    at = int(np.argmax(2 * hits / np.maximum(1, hits + alarms + yes.sum())))
    below = answers[at + 1] if at + 1 < len(answers) else answers[at]
    # With few digits, as it will be written down.
    return float(np.round((answers[at] + below) / 2, 3))


def imbalance(rows: Rows, valid: Rows | None) -> Imbalance | None:
    """Return the rare class of which most is missed; None where there is none."""
    p = probabilities(rows.y)
    said, k = p.argmax(axis=1), p.shape[1]
    counts = np.bincount(rows.truth, minlength=k)
    found = []
    for i in range(k):
        share = counts[i] / len(rows.truth)
        if counts[i] < _FEWEST or share >= min(_RARE, 0.7 / k):
            continue
        hits = int(((said == i) & (rows.truth == i)).sum())
        if hits < _MISSED * counts[i]:
            answered = int((said == i).sum())
            found.append(Imbalance(i, share, hits / counts[i], hits / answered if answered else float("nan")))
    if not found:
        return None
    worst = min(found, key=lambda one: one.recall)
    return _with_threshold(worst, rows, valid) if k == 2 else worst


def _with_threshold(worst: Imbalance, rows: Rows, valid: Rows | None) -> Imbalance:
    k = worst.k
    best = None if valid is None else _best(valid.truth == k, probabilities(valid.y)[:, k])
    if best is None:
        return worst
    yes = rows.truth == k
    hits, alarms = _counts(yes, probabilities(rows.y)[:, k], np.array([best]))
    recall = float(hits[0] / yes.sum())
    if recall < worst.recall + _WORTH_TELLING:
        return worst
    precision = float(hits[0] / max(1, hits[0] + alarms[0]))
    return Imbalance(k, worst.share, worst.recall, worst.precision, best, recall, precision)
