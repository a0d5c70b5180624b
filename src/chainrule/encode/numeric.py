"""Numbers and booleans: one number a cell, scaled, drawn in and filled in as chosen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from chainrule.encode.choices import DEFAULT, Choices
from chainrule.encode.encoder import Filled, Findings, mean_and_deviation
from chainrule.encode.scaling import CLIP, normal_knots, read_off, robust, smoothly_clipped
from chainrule.errors import DataError
from chainrule.figures import brief
from chainrule.sources.kinds import as_numbers, cells_as_text
from chainrule.sources.reading.reading import row_number

if TYPE_CHECKING:
    import pandas as pd

# No training value is further than the square root of their number from the mean, so this touches unseen ones alone:
# a slip of the keyboard, whose products would overflow float32.
FURTHEST = 1e6


@dataclass(frozen=True)
class Numeric(Filled):
    """Scaled: (x - center) / scale; a missing cell is filled in and raises an indicator.

    Attributes
    ----------
    center, scale : float
        Mean and standard deviation (standard), least value and range (minmax), median and distance of the quartiles
        (robust and smooth; where the quartiles fall together, half of the range), or 0 and 1 (none, quantile).
    fill : float
        What a missing cell becomes, before scaling.
    bounds : list of two floats, or empty
        Between which values are drawn in before scaling: outliers (winsorise), or what would leave 0..1 (minmax).
    scaling, winsorise, impute
        The choices that they come from.
    knots, heights : list of float
        Of quantile: points of the map to normal deviates; else empty.
    is_of_range : bool
        Whether the scale is half of the range, because the quartiles fall together.
    """

    center: float
    scale: float
    fill: float
    bounds: list[float]
    scaling: str
    winsorise: float
    impute: str | float
    knots: list[float] = field(default_factory=list)
    heights: list[float] = field(default_factory=list)
    is_of_range: bool = False
    kind: ClassVar[str] = "numeric"

    @property
    def numbers(self) -> list[int]:
        """The value."""
        return [0]

    @property
    def is_linear(self) -> bool:
        """Whether scaling is (x - center) / scale and nothing else."""
        return self.scaling not in ("quantile", "smooth")

    @classmethod
    def fit(cls, column: pd.Series, choices: Choices = DEFAULT) -> Numeric:
        """Measure the column; an infinite cell counts as missing."""
        values = finite_numbers(column).to_numpy()
        missing = np.isnan(values)
        impute = "median" if choices.impute == "auto" else choices.impute
        present = values[~missing]
        fill = _fill(present, impute)
        filled = np.where(missing, fill, values)
        bounds: list[float] = []
        if choices.winsorise:
            bounds = [float(q) for q in np.quantile(filled, [choices.winsorise, 1 - choices.winsorise])]
            filled = np.clip(filled, bounds[0], bounds[1])
        center, scale, is_of_range = _center_and_scale(filled, choices.scaling)
        if choices.scaling == "minmax" or (scale == 0 and choices.scaling in ("robust", "smooth")):
            # Of equal values: what training never saw to differ tells nothing, and stays 0.
            bounds = [float(filled.min()), float(filled.max())]
        knots, heights = normal_knots(filled) if choices.scaling == "quantile" else ([], [])
        indicator = bool(missing.any()) and choices.indicators
        return cls(
            str(column.name),
            indicator,
            center,
            scale or 1.0,
            fill,
            bounds,
            choices.scaling,
            float(choices.winsorise),
            float(impute) if not isinstance(impute, str) else impute,
            knots,
            heights,
            is_of_range,
        )

    def describe(self) -> str:
        """`(x − 29.7) / 14.5; a missing cell is 28 and raises an indicator`."""
        is_scaled = self.scaling not in ("none", "quantile")
        value = f"({self.name} − {brief(self.center)}) / {brief(self.scale)}" if is_scaled else self.name
        value = value.replace("− -", "+ ")
        if self.is_of_range:
            value += " (half of the range, as the quartiles are equal)"
        if self.scaling == "smooth":
            value += f", smoothly clipped to ± {CLIP:g}"
        if self.scaling == "quantile":
            value += f" as a normal deviate, by {len(self.knots)} quantiles"
        if self.bounds:
            value += f", {self.name} drawn in to {brief(self.bounds[0])} … {brief(self.bounds[1])}"
        return value + self.gap(brief(self.fill))

    def encode(self, column: pd.Series, findings: Findings) -> np.ndarray:
        """Scale; raise DataError for a cell that is text."""
        values, missing = self.read(column)
        if missing.any():
            findings.imputed[self.name] += int(missing.sum())
        return self.columns(self.scaled(values), missing)

    def read(self, column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """Return the cells as numbers, gaps filled in, and which were missing; raise DataError for one that is text."""
        values = as_numbers(column).to_numpy()
        # A cell of a column of numbers is one, or missing.
        typed = column.dtype.kind in "biuf"
        bad = np.zeros(0, bool) if typed else np.isnan(values) & column.notna().to_numpy()
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise DataError(
                f"numbers in the column {self.name!r}, as in training",
                f"{column.iloc[row]!r} in row {row_number(column.index, row)}"
                + (f" and {bad.sum() - 1} more" if bad.sum() > 1 else ""),
                "Correct the cells, or leave them empty to have them filled in.",
            )
        missing = ~np.isfinite(values)
        return np.where(missing, self.fill, values), missing

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Return (x - center) / scale of values without gaps, drawn in to the bounds."""
        if self.bounds:
            values = np.clip(values, self.bounds[0], self.bounds[1])
        if self.scaling == "quantile":
            return read_off(values, self.knots, self.heights)
        with np.errstate(over="ignore"):
            y = np.clip((values - self.center) / self.scale, -FURTHEST, FURTHEST)
        return smoothly_clipped(y) if self.scaling == "smooth" else y

    def with_indicator(self, indicator: bool) -> Numeric:
        """Return the encoder with or without an indicator of missing cells."""
        return replace(self, indicator=indicator)

    def measured(self, n: int, total: float, squares: float, ends: tuple[float, float]) -> Numeric:
        """Return the encoder of a table that only this one's sample was seen of.

        Parameters
        ----------
        n, total, squares : number of values, their sum, and the sum of their squares, all of (value - center), where
            gaps have been filled in and outliers drawn in as here.
        ends : least and greatest of the values themselves.
        """
        if self.scaling == "standard":
            mean = total / n
            variance = max(0.0, squares / n - mean * mean)
            scale = float(np.sqrt(variance)) if ends[0] < ends[1] else 0.0
            return replace(self, center=float(self.center + mean), scale=scale or 1.0)
        if self.scaling == "minmax":
            low, high = map(float, ends)
            return replace(self, center=low, scale=high - low or 1.0, bounds=[low, high])
        return self


def finite_numbers(column: pd.Series) -> pd.Series:
    """Return cells as numbers; one that is infinite, or no number, is missing."""
    values = as_numbers(column)
    infinite = np.isinf(values.to_numpy())
    return values.mask(infinite) if infinite.any() else values


def _fill(present: np.ndarray, impute: str | float) -> float:
    if not isinstance(impute, str):
        return float(impute)
    if len(present) == 0:
        return 0.0
    if impute == "mean":
        return mean_and_deviation(present)[0]
    if impute == "mode":
        values, counts = np.unique(present, return_counts=True)
        return float(values[counts.argmax()])
    return float(np.median(present))


def _center_and_scale(values: np.ndarray, scaling: str) -> tuple[float, float, bool]:
    """Return center and scale, and whether the range stands for the quartiles."""
    if scaling == "standard":
        return (*mean_and_deviation(values), False)
    if scaling == "minmax":
        # Halves, or the difference of the largest and the smallest float would overflow.
        low, high = float(values.min()), float(values.max())
        return low, min(2 * (high / 2 - low / 2), float(np.finfo(float).max)), False
    if scaling in ("robust", "smooth"):
        return robust(values)
    return 0.0, 1.0, False


@dataclass(frozen=True)
class Boolean(Filled):
    """0 or 1; a missing cell is the more frequent of them and raises an indicator."""

    false: str
    true: str
    fill: float
    impute: str | float
    kind: ClassVar[str] = "boolean"

    @classmethod
    def fit(cls, column: pd.Series, choices: Choices = DEFAULT) -> Boolean:
        """Find which text is true."""
        text = cells_as_text(column)
        present = text.dropna()
        words = sorted(present.unique(), key=lambda word: word.lower() in ("true", "yes", "y", "t", "1"))
        false, true = words[0], words[-1]
        fill = float((present.str.lower() == true.lower()).mean() > 0.5)
        impute = "mode" if isinstance(choices.impute, str) else float(choices.impute)
        if not isinstance(impute, str):
            fill = impute
        return cls(str(column.name), bool(text.isna().any()) and choices.indicators, false, true, fill, impute)

    def describe(self) -> str:
        """`yes: 1, no: 0; a missing cell is 1`."""
        return f"{self.true}: 1, {self.false}: 0" + self.gap(brief(self.fill))

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
        return self.columns(np.where(missing, self.fill, y), missing)
