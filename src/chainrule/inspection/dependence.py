"""Partial dependence: what the answers would be, row by row and on average, if one column had another value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.inspection.levels import as_seconds
from chainrule.inspection.subject import Rows, Subject, probabilities, with_column
from chainrule.sources.kinds import as_numbers, cells_as_text

if TYPE_CHECKING:
    import pandas as pd

_MOST_ROWS = 300
_POINTS = 21
_MOST_CATEGORIES = 12
# Of a column's numbers, so much at each end is left out: there are hardly rows to say anything of.
_MARGIN = 0.02


@dataclass(frozen=True, eq=False)
class Dependence:
    """What one column does to the answers.

    Attributes
    ----------
    name, kind : str
        Of the column.
    values : list
        That were put into it: numbers, seconds since 1970 of dates, or texts (G,).
    average : array (K, G)
        The mean answer over the rows: a probability for each class shown, or a value.
    individual : array (N, G)
        The answer for each row, where one line a row can be shown: of a single class or value.
    shown : tuple of int
        Which classes `average` has; empty for values.
    seen : array
        Values of the column in these rows, as in `values`, to show where there are any.
    """

    name: str
    kind: str
    values: list[Any]
    average: np.ndarray
    individual: np.ndarray
    shown: tuple[int, ...]
    seen: np.ndarray


def dependence(subject: Subject, rows: Rows, names: Sequence[str], shown: tuple[int, ...]) -> tuple[Dependence, ...]:
    """Return the partial dependence on columns, and the individual conditional expectations.

    A value is put into the raw table, and goes through the preparation; scikit-learn's `partial_dependence` on `as_estimator`
    gives the same, one table after another. Friedman, 2001, Greedy function approximation, section 8.2; Goldstein et al.,
    2015, Peeking inside the black box (ICE).

    Parameters
    ----------
    names : sequence of str
        Columns; texts have no values to try and are passed over.
    shown : tuple of int
        Classes whose probability is asked for; empty for a regression.
    """
    few = rows.thinned(_MOST_ROWS)
    kinds = {column.name: column.kind for column in subject.used}
    found = []
    for name in names:
        kind, whole = kinds[name], rows.frame[name]
        values = _grid(whole, kind)
        if len(values) < 2:
            continue
        frame = with_column(few.frame, name, _open(few.frame[name], kind))
        individual = _answers(subject, frame, name, values)
        average = individual.mean(axis=1)
        at = list(shown) or [0]
        single = individual[at[0]] if len(at) == 1 else np.empty((0, len(values)))
        found.append(Dependence(name, kind, _plain(values, kind), average[at], single, shown, _seen(whole, kind)))
    return tuple(found)


def _grid(column: pd.Series, kind: str) -> list[Any]:
    """Return the values to try: of numbers and dates those between which nearly all lie, of others the most frequent."""
    if kind in ("category", "boolean"):
        return list(column.value_counts().index[:_MOST_CATEGORIES])
    if kind not in ("numeric", "date"):
        return []
    known = _seen(column, kind)
    if not len(known):
        return []
    low, high = np.quantile(known, [_MARGIN, 1 - _MARGIN])
    different = np.unique(known)
    inside = different[(different >= low) & (different <= high)]
    inside = inside if len(inside) > 1 else different
    values = np.linspace(inside[0], inside[-1], _POINTS) if len(inside) > _POINTS else inside
    if kind == "numeric":
        return list(values.tolist())
    import pandas as pd

    return [pd.Timestamp(round(value), unit="s") for value in values]


def _open(column: pd.Series, kind: str) -> pd.Series:
    """Return a column in a type that takes every value that is tried."""
    return as_numbers(column) if kind == "numeric" else column.astype(object)


def _answers(subject: Subject, frame: pd.DataFrame, name: str, values: list[Any]) -> np.ndarray:
    """Return each row's answers (K, N, G) with each value in the place of its own: one table of N G rows."""
    import pandas as pd

    n, g = len(frame), len(values)
    tried = pd.Series(values, dtype=frame[name].dtype).array[np.tile(np.arange(g), n)]
    y = subject.predict(with_column(frame.iloc[np.repeat(np.arange(n), g)], name, tried))
    y = probabilities(y) if subject.is_classification else y
    answers: np.ndarray = y.reshape(n, g, -1).transpose(2, 0, 1)
    return answers


def _plain(values: list[Any], kind: str) -> list[Any]:
    """Return values as numbers, or as texts."""
    if kind == "numeric":
        return values
    if kind == "date":
        return [value.timestamp() for value in values]
    import pandas as pd

    return [str(value) for value in cells_as_text(pd.Series(values, dtype=object))]


def _seen(column: pd.Series, kind: str) -> np.ndarray:
    """Return the finite numbers of a column, or its dates in seconds; nothing of others."""
    if kind not in ("numeric", "date"):
        return np.empty(0)
    numbers = (as_seconds(column) if kind == "date" else as_numbers(column)).to_numpy(float)
    finite: np.ndarray = numbers[np.isfinite(numbers)]
    return finite
