"""What is inspected: a function from raw rows to answers, and rows whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from chainrule.encode.target import CLASSIFICATION, Target
from chainrule.sources.kinds import LEFT_OUT, ColumnKind

if TYPE_CHECKING:
    import pandas as pd

# Raw rows -> probabilities (N, K), or values (N, 1) in the target's own unit.
Predict: TypeAlias = Callable[["pd.DataFrame"], np.ndarray]

# A probability of 0 for what is right would cost without end; float32's own precision is where networks end.
_LEAST = float(np.finfo(np.float32).eps)


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one part of the data, as they stand in the table.

    Attributes
    ----------
    part : str
        train, valid or test.
    frame : DataFrame (N, ...)
    truth : array (N,)
        Class numbers, or values in the target's own unit.
    y : array (N, K) or (N, 1)
        What the model says of them.
    """

    part: str
    frame: pd.DataFrame
    truth: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, rows: np.ndarray) -> Rows:
        """Return the rows of these numbers."""
        return Rows(self.part, self.frame.iloc[rows], self.truth[rows], self.y[rows])

    def thinned(self, most: int) -> Rows:
        """Return at most so many rows, spread evenly over the table, which may be sorted by its target."""
        return self if len(self) <= most else self.take(np.linspace(0, len(self) - 1, most).astype(int))


@dataclass(frozen=True, eq=False)
class Subject:
    """A fitted model as others see it: how it answers, what it answers, and which columns it reads."""

    predict: Predict
    target: Target
    columns: tuple[ColumnKind, ...]

    @property
    def is_classification(self) -> bool:
        """Whether it answers with probabilities of classes."""
        return self.target.task == CLASSIFICATION

    @property
    def used(self) -> list[ColumnKind]:
        """The columns that it learns from."""
        return [column for column in self.columns if column.kind not in LEFT_OUT]

    def costs(self, truth: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return of each row -log of the probability of what is right, or the squared error (N,)."""
        if not self.is_classification:
            squared: np.ndarray = np.square(y[:, 0] - truth)
            return squared
        p = probabilities(y)[np.arange(len(truth)), truth]
        cost: np.ndarray = -np.log(np.clip(p, _LEAST, 1.0))
        return cost


def probabilities(y: np.ndarray) -> np.ndarray:
    """Return a probability for each class (N, K), also of a network with a single output for two classes."""
    return np.hstack([1 - y, y]) if y.shape[1] == 1 else y


def with_column(frame: pd.DataFrame, name: str, values: Any) -> pd.DataFrame:
    """Return rows with other cells in one column, which may be called anything: `assign` takes names of arguments."""
    changed = frame.copy(deep=False)
    changed[name] = values
    return changed
