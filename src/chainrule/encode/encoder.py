"""What an encoder of columns is, and what it notes down for the person while it works."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.types import Array

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class Findings:
    """What preparing a table came upon: counts for each column that are told to the person, never hidden."""

    imputed: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    rare: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    sequences: Counter[str] = field(default_factory=Counter)
    tokens: int = 0
    unknown_tokens: int = 0

    def note_unknown(self, name: str, column: pd.Series, unknown: np.ndarray) -> None:
        """Count the cells of a column that `unknown` marks, and keep the first as an example."""
        if unknown.any():
            self.unknown[name] += int(unknown.sum())
            self.examples.setdefault(name, str(column.iloc[int(np.flatnonzero(unknown)[0])])[:40])

    def lines(self) -> list[str]:
        """Return one sentence for each kind of finding."""
        lines = []
        if self.ignored:
            lines.append(f"columns that the model does not use are ignored: {_list(self.ignored)}")
        if self.imputed:
            lines.append("missing cells were filled in: " + _counts(self.imputed))
        if self.rare:
            lines.append("cells of rare categories, or of new ones, count as one category: " + _counts(self.rare))
        for name, count in self.unknown.items():
            lines.append(
                f"{name}: {count} cells hold a category that training did not see, such as {self.examples[name]!r}"
            )
        lines += [f"{what}: {count:,}" for what, count in self.sequences.items() if count]
        if self.unknown_tokens:
            share = self.unknown_tokens / self.tokens
            lines.append(f"{self.unknown_tokens:,} of {self.tokens:,} tokens ({share:.1%}) are not in the vocabulary")
        return lines


@dataclass(frozen=True)
class Encoder(ABC):
    """A fitted column; its fields are JSON-able."""

    name: str
    kind: ClassVar[str]

    @property
    @abstractmethod
    def features(self) -> list[str]:
        """Names of the numbers that the column becomes."""

    @property
    def width(self) -> int:
        """Number of features."""
        return len(self.features)

    @property
    def numbers(self) -> list[int]:
        """Places, among the features, of those that are measured: no indicators, and no weights of words."""
        return []

    @property
    def is_wide(self) -> bool:
        """Whether nearly all of a row's numbers are zero, so that `encode` returns a CSR matrix."""
        return False

    @abstractmethod
    def encode(self, column: pd.Series, findings: Findings) -> Array:
        """Return the numbers (N, len(features)): an array, or a CSR matrix where nearly all of them are zero."""

    @abstractmethod
    def describe(self) -> str:
        """Return what a cell becomes, for people, with the numbers put in."""

    def to_json(self) -> dict[str, Any]:
        """Return the kind and the fields; one that came later, and is empty, is left out as in older files."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        later = later_fields(type(self))
        return {"kind": self.kind} | {name: value for name, value in values.items() if name not in later or value}


def later_fields(encoder: type[Encoder]) -> set[str]:
    """Return the fields that files of older versions do not have: those with a default."""
    return {f.name for f in fields(encoder) if f.default is not MISSING or f.default_factory is not MISSING}


@dataclass(frozen=True)
class Filled(Encoder):
    """A column that becomes one number, and where cells were missing in training, an indicator of that."""

    indicator: bool

    @property
    def features(self) -> list[str]:
        """The value, and whether it was missing."""
        return [self.name, f"{self.name} is missing"] if self.indicator else [self.name]

    def gap(self, filled: str) -> str:
        """Return what a missing cell becomes, as the end of a sentence."""
        return f"; a missing cell is {filled}" + (" and raises an indicator" if self.indicator else "")

    def columns(self, y: np.ndarray, missing: np.ndarray) -> np.ndarray:
        """Return the values (N,), and the indicator beside them where there is one."""
        return np.column_stack([y, missing]) if self.indicator else y[:, None]


def mean_and_deviation(values: np.ndarray) -> tuple[float, float]:
    """Return mean and standard deviation, without overflow; of equal values the deviation is exactly 0."""
    if values.min() == values.max():
        return float(values[0]), 0.0
    # Divided by a power of two, which rounds nothing.
    unit = float(np.ldexp(1.0, int(np.frexp(np.abs(values).max())[1]) - 1))
    return float((values / unit).mean()) * unit, float((values / unit).std()) * unit


def shown(names: list[str], between: str = ", ", most: int = 6) -> str:
    """Return the first of some names, and how many more there are."""
    more = f"{between}… ({len(names):,} in all)" if len(names) > most else ""
    return between.join(name if len(name) <= 24 else name[:23] + "…" for name in names[:most]) + more


def _list(names: list[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _counts(counts: Counter[str]) -> str:
    return _list([f"{name} ({count})" for name, count in counts.most_common()])
