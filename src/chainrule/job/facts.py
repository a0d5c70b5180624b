"""Facts about data that a doctor asks for: sizes of columns, rows in two parts, a column that gives the answer away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from chainrule.encode.target import CLASSIFICATION
from chainrule.explain.doctor import DataFacts
from chainrule.job.prepare import Prepared

# Beyond so many values, or columns, looking would take longer than it is worth.
_MOST_VALUES = 30_000_000
_MOST_COLUMNS, _MOST_ROWS, _FEWEST_ROWS = 200, 20_000, 20
# Levels that a column of numbers is read at.
_LEVELS = 64


def facts_of(prepared: Prepared) -> DataFacts:
    """Return what the arrays, and the cells behind them, say."""
    train, target = prepared.parts["train"], prepared.preparation.target
    largest, spread = _sizes(train.batch.x)
    shares: tuple[float, ...] = ()
    if target.task == CLASSIFICATION:
        codes = target.codes(train.frame[target.name])
        shares = tuple((np.bincount(codes, minlength=len(target.classes)) / len(codes)).tolist())
    return DataFacts(
        n_train=train.n,
        n_valid=prepared.parts["valid"].n if "valid" in prepared.parts else 0,
        largest=largest,
        spread=spread,
        shares=shares,
        copies={name: _copies(prepared, name) for name in prepared.parts if name != "train"},
        chance_copies=_chance_copies(prepared),
        telltale=_telltale(prepared),
    )


def _is_plain(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.size <= _MOST_VALUES


def _sizes(x: Any) -> tuple[float, float]:
    """Return the largest root mean square of a column, and how many times the smallest's it is; indicators are left out."""
    if not _is_plain(x) or not len(x) or x.dtype.kind in "iu":
        # Ids have no size.
        return 1.0, 1.0
    if x.ndim > 2:
        return float(np.sqrt(np.square(x, dtype=np.float64).mean())), 1.0
    numbers = x[:, ~((x == 0) | (x == 1)).all(axis=0)].astype(np.float64)
    sizes = np.sqrt(np.square(numbers).mean(axis=0))
    sizes = sizes[sizes > 0]
    return (float(sizes.max()), float(sizes.max() / sizes.min())) if len(sizes) else (1.0, 1.0)


def _copies(prepared: Prepared, name: str) -> float:
    """Return the share of a part's rows that are training rows: the same cells, or the same values of a sample, and target."""
    seen = set(_rows(prepared, "train"))
    rows = _rows(prepared, name) if seen else []
    return float(np.mean([row in seen for row in rows])) if rows else 0.0


def _rows(prepared: Prepared, name: str) -> list[int]:
    """Return a number for each row, the same for the same one; none where there are too many values to look at."""
    part = prepared.parts[name]
    columns = _cells(prepared)
    if columns:
        return pd.util.hash_pandas_object(part.frame[columns].astype(str), index=False).tolist()
    if not _is_plain(part.batch.x):
        return []
    x = np.ascontiguousarray(part.batch.x.reshape(len(part.batch.x), -1))
    t = np.ascontiguousarray(part.batch.t.reshape(len(x), -1))
    return [hash(a.tobytes() + b.tobytes()) for a, b in zip(x, t, strict=True)]


def _cells(prepared: Prepared) -> list[str]:
    """Return the columns of a table whose cells make two rows the same: all but those that only number the rows."""
    names = [column.name for column in prepared.preparation.columns if column.kind not in ("identifier", "constant")]
    too_many = len(names) * prepared.parts["train"].n > _MOST_VALUES
    return [] if too_many or not names else [*names, prepared.preparation.target.name]


def _chance_copies(prepared: Prepared) -> float:
    """Return the share of rows that would meet their like among the training rows by chance: N Π over columns Σ p²."""
    frame = prepared.parts["train"].frame
    columns = _cells(prepared)
    if not columns:
        return 0.0
    alike = [float(np.square(frame[column].value_counts(normalize=True, dropna=False)).sum()) for column in columns]
    return min(1.0, len(frame) * float(np.prod(alike)))


def _telltale(prepared: Prepared) -> tuple[str, float, float] | None:
    """Return the column of a table that alone tells a class best, how well on validation rows, and how well the next does."""
    target, parts = prepared.preparation.target, prepared.parts
    unseen = parts.get("valid") or parts.get("test")
    columns = [
        column for column in prepared.preparation.columns if column.kind not in ("identifier", "constant", "text")
    ]
    if unseen is None or unseen.n < _FEWEST_ROWS or not 2 <= len(columns) <= _MOST_COLUMNS:
        return None
    train, test = parts["train"].frame[:_MOST_ROWS], unseen.frame[:_MOST_ROWS]
    tell = _hits if target.task == CLASSIFICATION else _explained
    truths = [
        target.codes(frame[target.name]) if target.task == CLASSIFICATION else target.values(frame[target.name])
        for frame in (train, test)
    ]
    found = [(tell(_levels(train[c.name], test[c.name]), *truths), c.name) for c in columns if c.name != target.name]
    (first, name), (second, _) = sorted(found, reverse=True)[:2]
    return name, first, second


def _levels(train: Any, test: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return which level the cells of a column lie at: those of numbers by quantiles, others by themselves; -1 is unknown."""
    if train.dtype.kind in "iuf" and train.nunique() > _LEVELS:
        known = np.asarray(train.dropna(), np.float64)
        edges = np.unique(np.quantile(known, np.linspace(0, 1, _LEVELS + 1)[1:-1]))
        return np.searchsorted(edges, np.asarray(train, np.float64)), np.searchsorted(
            edges, np.asarray(test, np.float64)
        )
    values = {value: i for i, value in enumerate(train.astype(str).unique())}
    return tuple(np.array([values.get(cell, -1) for cell in part.astype(str)]) for part in (train, test))  # type: ignore[return-value]


def _hits(levels: tuple[np.ndarray, np.ndarray], truth: np.ndarray, unseen: np.ndarray) -> float:
    """Return the share of unseen rows whose class is the most frequent one of their level."""
    table = np.zeros((int(levels[0].max()) + 1, int(max(truth.max(), unseen.max())) + 1))
    np.add.at(table, (levels[0], truth), 1)
    known = levels[1] >= 0
    return float(((table[levels[1]].argmax(axis=1) == unseen) & known).mean())


def _explained(levels: tuple[np.ndarray, np.ndarray], truth: np.ndarray, unseen: np.ndarray) -> float:
    """Return the share of the unseen rows' variance that the mean of their level explains."""
    count = np.bincount(levels[0])
    means = np.bincount(levels[0], truth) / np.maximum(count, 1)
    known = levels[1] >= 0
    guess = np.where(known, means[levels[1]], truth.mean())
    spread = float(np.var(unseen))
    return 1 - float(np.mean((unseen - guess) ** 2)) / spread if spread > 0 else 0.0
