"""Permutation importance: how much worse the answers get when one column's cells are shuffled among the rows."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from chainrule.inspection.intervals import CONFIDENCE
from chainrule.inspection.levels import explained, levels
from chainrule.inspection.subject import Rows, Subject, with_column
from chainrule.seeds import Purpose, generator
from chainrule.sources.kinds import ColumnKind

_MOST_ROWS, _LEAST_ROWS = 4000, 200
_MOST_COLUMNS, _LEAST_COLUMNS = 40, 8
_MOST_SHUFFLES = 5
_DRAWS = 400
# What all the shuffles together should take at most.
_SECONDS = 10.0


@dataclass(frozen=True, eq=False)
class Importance:
    """How much dearer each column's shuffling makes the answers, the dearest first.

    Attributes
    ----------
    names : tuple of str
        Columns.
    increase, low, high : array (C,)
        Of the mean cost of a row, and where it would lie on other rows: log-loss, or RMSE in the target's own unit.
    cost : str
        What is increased: log-loss or RMSE.
    base : float
        The cost with every column in its place.
    rows, shuffles : int
        How many rows were shuffled, and how often.
    untried : tuple of str
        Columns that were left out, where there are too many to try each.
    """

    names: tuple[str, ...]
    increase: np.ndarray
    low: np.ndarray
    high: np.ndarray
    cost: str
    base: float
    rows: int
    shuffles: int
    untried: tuple[str, ...] = ()


def permutation_importance(subject: Subject, rows: Rows, seed: int, *, seconds: float = _SECONDS) -> Importance | None:
    """Return the importance of each column for the answers to these rows; None where no column is used.

    A column is shuffled as it stands in the table, so that a category counts as one thing however many inputs it becomes.
    Breiman, 2001, Random forests, section 10; Fisher, Rudin & Dominici, 2019, All models are wrong, but many are useful, eq. 3.

    Parameters
    ----------
    rows : Rows
        That the model was not trained on: else what it learned by heart looks important.
    seed : int
        Names the shuffles.
    seconds : float
        Of the processor, that it may take, about; what is tried of many columns, or of a slow model, is made smaller accordingly.
    """
    columns = [column for column in subject.used if column.name in rows.frame.columns]
    if not columns or len(rows) < 2:
        return None
    rows = rows.thinned(_MOST_ROWS)
    started = time.process_time()
    before = subject.costs(rows.truth, subject.predict(rows.frame))
    took = max(time.process_time() - started, 1e-4)
    rows, columns, shuffles, untried = _affordable(rows, columns, took, seconds)
    before = before if len(before) == len(rows) else subject.costs(rows.truth, subject.predict(rows.frame))
    rng = generator(seed, Purpose.SAMPLE, 1)
    orders = np.concatenate([rng.permutation(len(rows)) for _ in range(shuffles)])
    # All shuffles of a column are one table below another: a model takes long tables far more readily than many.
    copies = rows.frame.iloc[np.tile(np.arange(len(rows)), shuffles)]
    truth = np.tile(rows.truth, shuffles)
    after = np.empty((len(columns), len(rows)))
    for i, column in enumerate(columns):
        shuffled = with_column(copies, column.name, rows.frame[column.name].array[orders])
        after[i] = subject.costs(truth, subject.predict(shuffled)).reshape(shuffles, -1).mean(axis=0)
    increase, low, high, base = _increases(before, after, seed, is_root=not subject.is_classification)
    order = np.argsort(-increase, kind="stable")
    return Importance(
        tuple(columns[i].name for i in order),
        increase[order],
        low[order],
        high[order],
        "log-loss" if subject.is_classification else "RMSE",
        base,
        len(rows),
        shuffles,
        untried,
    )


def _affordable(
    rows: Rows, columns: list[ColumnKind], took: float, seconds: float
) -> tuple[Rows, list[ColumnKind], int, tuple[str, ...]]:
    """Return what can be tried: fewer shuffles first, then fewer columns, then fewer rows."""
    most = int(np.clip(seconds / took, _LEAST_COLUMNS, _MOST_COLUMNS))
    # Which columns to try is asked of the answers: those whose levels they follow.
    if len(columns) > most:
        reacts = [explained(levels(rows.frame[column.name], column.kind), rows.y) for column in columns]
        kept = set(np.argsort(reacts)[::-1][:most].tolist())
    else:
        kept = set(range(len(columns)))
    untried = tuple(column.name for i, column in enumerate(columns) if i not in kept)
    columns = [column for i, column in enumerate(columns) if i in kept]
    shuffles = int(np.clip(seconds / (took * len(columns)), 1, _MOST_SHUFFLES))
    over = took * len(columns) * shuffles / seconds
    if over > 1:
        rows = rows.thinned(max(_LEAST_ROWS, int(len(rows) / over)))
    return rows, columns, shuffles, untried


def _increases(
    before: np.ndarray, after: np.ndarray, seed: int, *, is_root: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return by how much the mean cost rises, with its interval over draws of the rows; of squares, their root."""
    n = len(before)
    costs = np.vstack([before, after])

    def raised(means: np.ndarray) -> np.ndarray:
        means = np.sqrt(means) if is_root else means
        by: np.ndarray = means[..., 1:] - means[..., :1]
        return by

    drawn = generator(seed, Purpose.SAMPLE, 2).multinomial(n, np.full(n, 1 / n), size=_DRAWS)
    means = drawn @ costs.T / n
    low, high = np.quantile(raised(means), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    base = float(before.mean())
    return raised(costs.mean(axis=1)), low, high, float(np.sqrt(base)) if is_root else base
