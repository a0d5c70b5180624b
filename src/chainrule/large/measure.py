"""Measures: what an encoder needs to know of a column, gathered part by part from a table larger than memory."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from chainrule.encode.category import Category, Ordinal, in_order
from chainrule.encode.choices import Choices
from chainrule.encode.encoder import Encoder, Findings
from chainrule.encode.numeric import Numeric
from chainrule.encode.words import Text, WordCounter
from chainrule.errors import DataError
from chainrule.sources.kinds import cells_as_text

if TYPE_CHECKING:
    import pandas as pd

# Different cells of a category column that are counted at most.
_MOST_COUNTED = 1_000_000


class Measure(Protocol):
    """What is gathered of one column."""

    def add(self, column: pd.Series) -> None:
        """Take some rows in; raise DataError for a cell that the column's kind cannot have."""

    def encoder(self) -> Encoder:
        """Return the encoder of all rows that were taken in."""


def measure_of(encoder: Encoder, choices: Choices) -> Measure:
    """Return the measure for a column, given its encoder as fitted on a sample.

    Exact are means, deviations, ends, gaps, categories and words; medians, quartiles and the quantiles of
    winsorising, and how dates and ranks are scaled, stay those of the sample.
    """
    if isinstance(encoder, Numeric):
        return _Numbers(encoder, choices)
    if isinstance(encoder, Category):
        return _Categories(encoder.name, choices)
    if isinstance(encoder, Ordinal):
        return _Ranks(encoder, choices)
    # Topics are those of the sample: they take all its texts at once.
    if isinstance(encoder, Text) and choices.text != "topics":
        return _Words(encoder.name, choices)
    return _Sample(encoder)


class _Numbers:
    def __init__(self, encoder: Numeric, choices: Choices) -> None:
        self._encoder = encoder
        self._choices = choices
        self._n = 0
        self._total = self._squares = 0.0
        self._ends = (np.inf, -np.inf)
        self._gaps = False

    def add(self, column: pd.Series) -> None:
        values, missing = self._encoder.read(column)
        if len(values) == 0:
            return
        self._gaps |= bool(missing.any())
        if self._choices.winsorise:
            values = np.clip(values, self._encoder.bounds[0], self._encoder.bounds[1])
        self._n += len(values)
        with np.errstate(over="ignore"):
            apart = values - self._encoder.center
            self._total += float(apart.sum())
            self._squares += float((apart * apart).sum())
        self._ends = min(self._ends[0], float(values.min())), max(self._ends[1], float(values.max()))

    def encoder(self) -> Numeric:
        if not np.isfinite(self._squares):
            raise DataError(
                f"numbers whose squares are finite in the column {self._encoder.name!r}",
                f"numbers up to {max(map(abs, self._ends)):.3g}",
                f"Use `scaling.{self._encoder.name}=robust`, or leave the column out.",
            )
        found = self._encoder.measured(self._n, self._total, self._squares, self._ends)
        return found.with_indicator(self._gaps and self._choices.indicators)


class _Categories:
    def __init__(self, name: str, choices: Choices) -> None:
        self._name = name
        self._choices = choices
        self._counts: Counter[str] = Counter()
        self._missing = 0

    def add(self, column: pd.Series) -> None:
        text = cells_as_text(column)
        self._missing += int(text.isna().sum())
        self._counts.update({str(name): int(count) for name, count in text.value_counts().items()})
        if len(self._counts) > _MOST_COUNTED:
            raise DataError(
                f"at most {_MOST_COUNTED:,} different categories in the column {self._name!r}",
                f"more, by row {int(column.index[-1]) + 1:,}",
                f"Leave it out with `columns.{self._name}=identifier`, or take it for text.",
            )

    @property
    def counts(self) -> dict[str, int]:
        return dict(self._counts)

    def encoder(self) -> Category:
        return Category.of_counts(self._name, self._counts, self._missing, self._choices)


class _Ranks:
    def __init__(self, encoder: Ordinal, choices: Choices) -> None:
        self._counter = _Categories(encoder.name, choices)
        self._sample = encoder
        self._choices = choices

    def add(self, column: pd.Series) -> None:
        self._counter.add(column)

    def encoder(self) -> Ordinal:
        import pandas as pd

        counts = self._counter.counts
        categories = in_order(self._sample.name, counts, self._choices.order)
        # Ranks are few: a column in the same proportions has the same mean, quartiles and gaps.
        least = max(1, sum(counts.values()) // _MOST_COUNTED)
        cells = [category for category in categories for _ in range(-(-counts.get(category, 0) // least))]
        gaps = [None] * (-(-self._counter._missing // least))
        column = pd.Series([*cells, *gaps], name=self._sample.name, dtype=object)
        return Ordinal.of_order(column, categories, self._choices)


class _Words:
    def __init__(self, name: str, choices: Choices) -> None:
        self._name = name
        self._counter = WordCounter(choices)

    def add(self, column: pd.Series) -> None:
        self._counter.add(column)

    def encoder(self) -> Text:
        return self._counter.encoder(self._name)


class _Sample:
    """The encoder of the sample; that it can encode every row is found out now, not in the middle of training."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def add(self, column: pd.Series) -> None:
        self._encoder.encode(column, Findings())

    def encoder(self) -> Any:
        return self._encoder
