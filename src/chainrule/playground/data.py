"""The Playground's data: any source as columns, targets, and a division into train and test."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.encode.split import split_rows
from chainrule.encode.target import CLASSIFICATION, Target
from chainrule.playground.spec import DataSpec
from chainrule.seeds import Purpose, generator

if TYPE_CHECKING:
    from chainrule.encode.preparation import Preparation
    from chainrule.sources.source import Source

MOST_CLASSES = 10
MOST_ROWS = 100_000
# Of all rows and inputs together: a page holds them twice, 16 bytes each.
MOST_NUMBERS = 8_000_000
MOST_PIXELS = 64 * 64


@dataclass(frozen=True)
class Column:
    """A column of numbers that the map can have as an axis, and the range in which its values lie.

    Attributes
    ----------
    offset, scale : float
        From what the network is given to the data's own unit: offset + scale · value.
    is_number : bool
        Whether it is a number in the data too, and not the indicator of a category.
    """

    label: str
    low: float
    high: float
    middle: float
    offset: float = 0.0
    scale: float = 1.0
    is_number: bool = True


@dataclass(frozen=True, eq=False)
class Data:
    """Data in memory.

    Attributes
    ----------
    x : array (N, D)
        The columns, in float64; for a table, as its preparation encodes them.
    t : array (N, K)
        Indicators of classes, or values.
    train, test : int array
        Rows.
    picture : tuple of int or None
        Where a row is a picture.
    preparation : Preparation or None
        What made x from a table.
    cells : Source or None
        The table itself.
    """

    name: str
    target: Target
    columns: tuple[Column, ...]
    x: np.ndarray
    t: np.ndarray
    train: np.ndarray
    test: np.ndarray
    picture: tuple[int, ...] | None = None
    preparation: Preparation | None = None
    cells: Source | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_classification(self) -> bool:
        """Whether the targets are classes."""
        return self.target.task == CLASSIFICATION

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the columns, as a person reads them."""
        return tuple(column.label for column in self.columns)

    @property
    def codes(self) -> np.ndarray:
        """Return the class number, or the value, of each row."""
        return self.t.argmax(axis=1).astype(np.float64) if self.is_classification else self.t[:, 0]

    def sha256(self) -> str:
        """Return a digest of all numbers and of the division."""
        digest = hashlib.sha256()
        for array in (self.x, self.t, self.train, self.test):
            digest.update(str(array.shape).encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def divided(
    spec: DataSpec,
    name: str,
    target: Target,
    columns: tuple[Column, ...],
    x: np.ndarray,
    values: np.ndarray,
    **more: Any,
) -> Data:
    """Divide rows into train and test, each with its share of every class where there are enough."""
    is_class = target.task == CLASSIFICATION
    t = np.eye(target.outputs)[values.astype(int)] if is_class else np.asarray(values, np.float64)[:, None]
    train, test = divided_rows(spec, len(x), values.astype(int) if is_class else None)
    return Data(name, target, columns, np.ascontiguousarray(x, np.float64), t, train, test, **more)


def divided_rows(spec: DataSpec, n: int, labels: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to train on and those to test on."""
    if n < 2:
        return np.arange(n), np.arange(n)
    train, test = split_rows(n, 1 - spec.train_share, generator(spec.seed, Purpose.SPLIT), labels)
    # Of two or three drawn points all may be needed to train on.
    return train, test if len(test) else train
