"""Categories: an indicator for each that is frequent enough, or the rank of each in an order."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.encode.choices import DEFAULT, Choices
from chainrule.encode.codes import codes_of
from chainrule.encode.encoder import Encoder, Filled, Findings, shown
from chainrule.encode.numeric import Numeric
from chainrule.errors import DataError
from chainrule.sources.kinds import cells_as_text
from chainrule.types import Array

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_RARE_SHARE = 0.005
_RARE_COUNT = 5
# From this many indicators on a row is kept as the few that are raised.
_WIDE = 128


@dataclass(frozen=True)
class Category(Encoder):
    """One-hot: an indicator for each category, one for a missing cell, one for all rare ones.

    A missing cell is a category like any other: it has an indicator of its own if it is frequent enough. A category
    that training did not see counts as rare, or where there were no rare ones, raises no indicator. The names of
    rare categories are not kept: a model file tells of no value that only a few rows have.

    Attributes
    ----------
    categories : list of str
        Those that have an indicator, in alphabetical order.
    missing, rare : bool
        Whether missing cells, and whether all others, have one.
    fill : str or None
        The category that a missing cell becomes, where that was chosen.
    least : int
        Rows that a category needs.
    most : int
        Most categories that have an indicator of their own.
    """

    categories: list[str]
    missing: bool
    rare: bool
    fill: str | None
    least: int
    most: int
    kind: ClassVar[str] = "category"

    @classmethod
    def fit(cls, column: pd.Series, choices: Choices = DEFAULT) -> Category:
        """Keep the categories that are frequent enough to learn something about."""
        counts = cells_as_text(column).value_counts(dropna=False)
        named = {name: int(count) for name, count in counts.items() if isinstance(name, str)}
        return cls.of_counts(str(column.name), named, len(column) - sum(named.values()), choices)

    @classmethod
    def of_counts(cls, name: str, counts: Mapping[str, int], n_missing: int, choices: Choices) -> Category:
        """Return the encoder of a column whose categories are counted."""
        n = sum(counts.values()) + n_missing
        least = max(2, min(_RARE_COUNT, math.ceil(_RARE_SHARE * n)))
        if not isinstance(choices.rare, str):
            least = math.ceil(choices.rare if choices.rare >= 1 else choices.rare * n)
        fill = None
        tally: dict[str | None, int] = dict(counts.items())
        if choices.impute == "mode" and counts:
            fill = min(counts, key=lambda category: (-counts[category], category))
            tally[fill] += n_missing
        elif n_missing:
            tally[None] = n_missing
        kept: list[str | None] = [category for category, count in tally.items() if count >= max(1, least)]
        # Of equally frequent ones those late in the alphabet are kept, a missing cell last, as scikit-learn does.
        kept.sort(key=lambda category: (tally[category], category is None, category or ""), reverse=True)
        kept = kept[: choices.most_categories]
        categories = sorted(category for category in kept if category is not None)
        return cls(name, categories, None in kept, len(kept) < len(tally), fill, least, choices.most_categories)

    @property
    def features(self) -> list[str]:
        """One for each category."""
        names = [f"{self.name} = {category}" for category in self.categories]
        return names + [f"{self.name} is missing"] * self.missing + [f"{self.name} is rare"] * self.rare

    def describe(self) -> str:
        """`an indicator each: S, C, Q; one for all others`."""
        text = "an indicator each: " + shown(self.categories) if self.categories else "no category is frequent enough"
        text += "; one for a missing cell" * self.missing + "; one for all others" * self.rare
        return text if self.fill is None else f"{text}; a missing cell is {self.fill}"

    @property
    def is_wide(self) -> bool:
        """Whether there are so many that a row is kept as the one that is raised."""
        return self.width >= _WIDE

    def encode(self, column: pd.Series, findings: Findings) -> Array:
        """Raise one indicator a row."""
        text = cells_as_text(column)
        missing = text.isna().to_numpy()
        if missing.any() and not self.missing:
            findings.imputed[self.name] += int(missing.sum())
        if self.fill is not None:
            text, missing = text.fillna(self.fill), np.zeros(len(text), bool)
        codes = codes_of(text, self.categories)
        if self.missing:
            codes[missing] = len(self.categories)
        other = codes < 0
        if self.rare:
            codes[other] = len(self.features) - 1
            if (other & ~missing).any():
                findings.rare[self.name] += int((other & ~missing).sum())
        else:
            findings.note_unknown(self.name, column, other & ~missing)
        return _indicators(codes, self.width, sparse=self.is_wide)


@dataclass(frozen=True)
class Ordinal(Filled):
    """The rank of a category in an order, scaled like a number; an unknown one counts as missing."""

    categories: list[str]
    ranks: dict[str, Any]
    kind: ClassVar[str] = "ordinal"

    @classmethod
    def fit(cls, column: pd.Series, choices: Choices = DEFAULT) -> Ordinal:
        """Find the order, and measure the ranks."""
        counts = {str(name): int(count) for name, count in cells_as_text(column).value_counts().items()}
        return cls.of_order(column, in_order(str(column.name), counts, choices.order), choices)

    @classmethod
    def of_order(cls, column: pd.Series, categories: list[str], choices: Choices) -> Ordinal:
        """Return the encoder for an order, its ranks measured on a column."""
        name = str(column.name)
        ranks = _ranks(cells_as_text(column), categories).rename(name)
        numeric = Numeric.fit(ranks, replace(choices, winsorise=0.0))
        return cls(name, numeric.indicator, categories, numeric.to_json())

    @property
    def numbers(self) -> list[int]:
        """The rank."""
        return [0]

    @property
    def numeric(self) -> Numeric:
        """How ranks are scaled."""
        return Numeric(**{name: value for name, value in self.ranks.items() if name != "kind"})

    def describe(self) -> str:
        """`ranks from 0: S < M < L, scaled`."""
        return f"ranks from 0: {shown(self.categories, ' < ')}, as {self.numeric.describe()}"

    def encode(self, column: pd.Series, findings: Findings) -> np.ndarray:
        """Look the ranks up."""
        text = cells_as_text(column)
        ranks = _ranks(text, self.categories)
        findings.note_unknown(self.name, column, (ranks.isna() & text.notna()).to_numpy())
        if text.isna().any():
            findings.imputed[self.name] += int(text.isna().sum())
        return self.numeric.encode(ranks, Findings())


def in_order(name: str, counts: Mapping[str, int], order: str | tuple[str, ...]) -> list[str]:
    """Return the categories of a column from the lowest to the highest."""
    if not isinstance(order, str):
        absent = sorted(set(counts) - set(order))
        if absent or len(set(order)) < len(order):
            twice = [category for category in order if order.count(category) > 1]
            raise DataError(
                f"each category once in order.{name}",
                f"{', '.join(map(repr, absent[:5]))} left out" if absent else f"{twice[0]!r} twice",
                f'Write `order.{name}=["lowest", …, "highest"]` with every category of the column.',
            )
        return list(order)
    numbers = {category: number for category in counts if (number := _as_number(category)) is not None}
    if order == "frequency":
        return sorted(counts, key=lambda category: (counts[category], category))
    if order == "number" and len(numbers) < len(counts):
        strange = min(set(counts) - set(numbers))
        raise DataError(
            f"a number in every cell of {name!r} for order.{name}=number",
            f"{strange!r}",
            f"Use order.{name}=alphabet or frequency, or give the order as a list.",
        )
    if order in ("auto", "number") and len(numbers) == len(counts):
        return sorted(counts, key=lambda category: (numbers[category], category))
    return sorted(counts)


def _ranks(text: pd.Series, categories: list[str]) -> pd.Series:
    return text.map({category: float(i) for i, category in enumerate(categories)}).astype(float)


def _as_number(cell: str) -> float | None:
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _indicators(codes: np.ndarray, width: int, *, sparse: bool) -> Array:
    """Return a row with a 1 at each code, and none where it is -1."""
    rows = np.flatnonzero(codes >= 0)
    if not sparse:
        y = np.zeros((len(codes), width))
        y[rows, codes[rows]] = 1
        return y
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(rows)), (rows, codes[rows])), shape=(len(codes), width))
