"""Column encoders: what a column's cells become as numbers, fitted on the training part and kept as plain JSON."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.data.encoder import Encoder, Findings, mean_and_deviation
from chainrule.data.kinds import as_dates, as_numbers, cells_as_text, is_day_first
from chainrule.errors import DataError, ModelFileError

if TYPE_CHECKING:
    import pandas as pd

_RARE_SHARE = 0.005
_RARE_COUNT = 5
_MOST_CATEGORIES = 100
_MOST_WORDS = 1000
_YEAR = 365.2425
# No training value is further than the square root of their number from the mean, so this touches unseen ones alone:
# a slip of the keyboard, whose products would overflow float32.
_FURTHEST = 1e6


@dataclass(frozen=True)
class Numeric(Encoder):
    """Standardised: (x - mean) / standard deviation; a missing cell is the median and raises an indicator."""

    mean: float
    scale: float
    median: float
    indicator: bool
    kind: ClassVar[str] = "numeric"

    @classmethod
    def fit(cls, column: pd.Series) -> Numeric:
        """Measure the column; an infinite cell counts as missing."""
        values = as_numbers(column).to_numpy()
        values = np.where(np.isinf(values), np.nan, values)
        missing = np.isnan(values)
        median = float(np.median(values[~missing])) if not missing.all() else 0.0
        filled = np.where(missing, median, values)
        mean, scale = mean_and_deviation(filled)
        return cls(str(column.name), mean, scale or 1.0, median, bool(missing.any()))

    @property
    def features(self) -> list[str]:
        """The value, and whether it was missing."""
        return [self.name, f"{self.name} is missing"] if self.indicator else [self.name]

    def encode(self, column: pd.Series, findings: Findings) -> np.ndarray:
        """Standardise; raise DataError for a cell that is text."""
        values = as_numbers(column).to_numpy()
        bad = np.isnan(values) & column.notna().to_numpy()
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise DataError(
                f"numbers in the column {self.name!r}, as in training",
                f"{column.iloc[row]!r} in row {row + 1}" + (f" and {bad.sum() - 1} more" if bad.sum() > 1 else ""),
                "Correct the cells, or leave them empty to have them filled in.",
            )
        missing = ~np.isfinite(values)
        if missing.any():
            findings.imputed[self.name] += int(missing.sum())
        with np.errstate(over="ignore"):
            y = (np.where(missing, self.median, values) - self.mean) / self.scale
        y = np.clip(y, -_FURTHEST, _FURTHEST)
        return np.column_stack([y, missing]) if self.indicator else y[:, None]


@dataclass(frozen=True)
class Boolean(Encoder):
    """0 or 1; a missing cell is the more frequent of them and raises an indicator."""

    false: str
    true: str
    default: float
    indicator: bool
    kind: ClassVar[str] = "boolean"

    @classmethod
    def fit(cls, column: pd.Series) -> Boolean:
        """Find which text is true."""
        text = cells_as_text(column)
        present = text.dropna()
        words = sorted(present.unique(), key=lambda word: word.lower() in ("true", "yes", "y", "t", "1"))
        false, true = words[0], words[-1]
        default = float((present == true).mean() >= 0.5)
        return cls(str(column.name), false, true, default, bool(text.isna().any()))

    @property
    def features(self) -> list[str]:
        """The value, and whether it was missing."""
        return [self.name, f"{self.name} is missing"] if self.indicator else [self.name]

    def encode(self, column: pd.Series, findings: Findings) -> np.ndarray:
        """Look the words up, in any case of letters."""
        text = cells_as_text(column).str.lower()
        y = np.full(len(text), np.nan)
        y[(text == self.false.lower()).to_numpy()] = 0
        y[(text == self.true.lower()).to_numpy()] = 1
        missing = np.isnan(y)
        findings.note_unknown(self.name, column, missing & text.notna().to_numpy())
        if text.isna().any():
            findings.imputed[self.name] += int(text.isna().sum())
        y = np.where(missing, self.default, y)
        return np.column_stack([y, missing]) if self.indicator else y[:, None]


@dataclass(frozen=True)
class Category(Encoder):
    """One-hot: an indicator for each category, one for all rare ones, one for a missing cell.

    A category that training did not see counts as rare, or where there were no rare ones, raises no indicator;
    either way it is reported, which is what the names of the rare ones are kept for.
    """

    categories: list[str]
    rare: list[str]
    indicator: bool
    kind: ClassVar[str] = "category"

    @classmethod
    def fit(cls, column: pd.Series) -> Category:
        """Keep the categories that are frequent enough to learn something about."""
        text = cells_as_text(column)
        counts = text.value_counts()
        least = max(2, min(_RARE_COUNT, math.ceil(_RARE_SHARE * len(text))))
        frequent = sorted(counts[counts >= least].index[:_MOST_CATEGORIES])
        kept = frequent or sorted(counts.index[:1])
        return cls(str(column.name), kept, sorted(set(counts.index) - set(kept)), bool(text.isna().any()))

    @property
    def features(self) -> list[str]:
        """One for each category."""
        names = [f"{self.name} = {category}" for category in self.categories]
        if self.rare:
            names.append(f"{self.name} is rare")
        if self.indicator:
            names.append(f"{self.name} is missing")
        return names

    def encode(self, column: pd.Series, findings: Findings) -> np.ndarray:
        """Raise one indicator a row."""
        text = cells_as_text(column)
        codes = text.map({name: i for i, name in enumerate(self.categories)}).fillna(-1).to_numpy(int)
        missing = text.isna().to_numpy()
        other = (codes < 0) & ~missing
        findings.note_unknown(self.name, column, other & ~text.isin(self.rare).to_numpy())
        y = np.zeros((len(text), len(self.features)))
        rows = np.flatnonzero(codes >= 0)
        y[rows, codes[rows]] = 1
        if self.rare:
            y[other, len(self.categories)] = 1
        if self.indicator:
            y[missing, -1] = 1
        elif missing.any():
            findings.imputed[self.name] += int(missing.sum())
        return y


@dataclass(frozen=True)
class Date(Encoder):
    """Days since 1970, standardised, and the position in the year, the week and the day as sine and cosine."""

    day_first: bool
    days: dict[str, Any]
    kind: ClassVar[str] = "date"

    @classmethod
    def fit(cls, column: pd.Series) -> Date:
        """Measure the days."""
        day_first = is_day_first(column)
        days = _days(column, day_first=day_first).rename(str(column.name))
        return cls(str(column.name), day_first, Numeric.fit(days).to_json())

    @property
    def _numeric(self) -> Numeric:
        return Numeric(**{name: value for name, value in self.days.items() if name != "kind"})

    @property
    def features(self) -> list[str]:
        """The days, their indicator, and six positions on circles."""
        circles = [f"{self.name} {part} {wave}" for part in ("year", "week", "day") for wave in ("sin", "cos")]
        return [*self._numeric.features, *circles]

    def encode(self, column: pd.Series, findings: Findings) -> np.ndarray:
        """Split dates into parts; raise DataError for a cell that is no date."""
        days = _days(column, day_first=self.day_first)
        bad = (days.isna() & column.notna()).to_numpy()
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise DataError(
                f"dates in the column {self.name!r}, as in training",
                f"{column.iloc[row]!r} in row {row + 1}",
                "Write dates as 2026-11-24, or leave the cell empty.",
            )
        numeric = self._numeric
        filled = days.fillna(numeric.median).to_numpy()
        # 1970-01-01 was a Thursday; where in the week the circle starts does not matter.
        turns = [angle for period in (_YEAR, 7.0, 1.0) for angle in (2 * np.pi * (filled % period) / period,)]
        waves = [wave(angle) for angle in turns for wave in (np.sin, np.cos)]
        return np.column_stack([numeric.encode(days.rename(self.name), findings), *waves])


@dataclass(frozen=True)
class Text(Encoder):
    """TF-IDF of the words that at least a few training rows have, each row scaled to length 1."""

    words: list[str]
    idf: list[float]
    kind: ClassVar[str] = "text"

    @classmethod
    def fit(cls, column: pd.Series) -> Text:
        """Choose the words and weigh them: log((1 + N) / (1 + rows with the word)) + 1."""
        from sklearn.feature_extraction.text import CountVectorizer

        text = cells_as_text(column).fillna("")
        least = max(2, min(_RARE_COUNT, math.ceil(_RARE_SHARE * len(text))))
        try:
            vectorizer = CountVectorizer(min_df=least, max_features=_MOST_WORDS).fit(text)
        except ValueError:
            # No word is frequent enough: the column says nothing.
            return cls(str(column.name), [], [])
        words = sorted(vectorizer.vocabulary_)
        counts = CountVectorizer(vocabulary=words, binary=True).transform(text)
        rows = np.asarray(counts.sum(axis=0)).ravel()
        return cls(str(column.name), words, (np.log((1 + len(text)) / (1 + rows)) + 1).tolist())

    @property
    def features(self) -> list[str]:
        """One for each word."""
        return [f"{self.name} has {word}" for word in self.words]

    def encode(self, column: pd.Series, findings: Findings) -> np.ndarray:
        """Count the words; a missing cell has none."""
        if not self.words:
            return np.zeros((len(column), 0))
        from sklearn.feature_extraction.text import CountVectorizer

        counts = CountVectorizer(vocabulary=self.words).transform(cells_as_text(column).fillna(""))
        y: np.ndarray = counts.toarray() * np.array(self.idf)
        length = np.sqrt((y * y).sum(axis=1, keepdims=True))
        y /= np.where(length > 0, length, 1)
        return y


ENCODERS: dict[str, type[Any]] = {encoder.kind: encoder for encoder in (Numeric, Boolean, Category, Date, Text)}


def encoder_from_json(data: Any) -> Encoder:
    """Return the encoder that `to_json` described, or raise ModelFileError."""
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in ENCODERS:
        raise ModelFileError(
            f"a column of the kinds {', '.join(ENCODERS)}", f"{kind!r:.60}", "The model file is damaged."
        )
    values = {name: value for name, value in data.items() if name != "kind"}
    wanted = {field.name for field in fields(ENCODERS[kind])}
    wrong = [name for name in wanted if name not in values or not _FIELDS[name](values[name])]
    if set(values) != wanted or wrong or (kind == "text" and len(values["words"]) != len(values["idf"])):
        raise ModelFileError(
            f"the fields {', '.join(sorted(wanted))} of a {kind} column",
            f"{sorted(values)!r:.100}" + (f" with a wrong {sorted(wrong)[0]}" if wrong else ""),
            "The model file is damaged.",
        )
    if kind == "date":
        encoder_from_json(values["days"])
    encoder: Encoder = ENCODERS[kind](**values)
    return encoder


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _are_distinct_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


# What a field of an encoder must be, so that a damaged file is found when it is read, not when it is used.
_FIELDS: dict[str, Callable[[Any], bool]] = {
    "name": _is_text,
    "mean": _is_finite,
    "scale": lambda value: _is_finite(value) and value > 0,
    "median": _is_finite,
    "default": _is_finite,
    "indicator": _is_flag,
    "day_first": _is_flag,
    "false": _is_text,
    "true": _is_text,
    "categories": _are_distinct_texts,
    "rare": _are_distinct_texts,
    "words": _are_distinct_texts,
    "idf": lambda value: isinstance(value, list) and all(map(_is_finite, value)),
    "days": lambda value: isinstance(value, dict) and value.get("kind") == "numeric",
}


def _days(column: pd.Series, *, day_first: bool) -> pd.Series:
    import pandas as pd

    # In nanoseconds, pandas' default, time reaches from 1677 to 2262 alone.
    dates = as_dates(column, day_first=day_first).astype("datetime64[us]")
    return (dates - pd.Timestamp(0).as_unit("us")) / pd.Timedelta(days=1)
