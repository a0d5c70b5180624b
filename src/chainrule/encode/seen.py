"""What training saw of a column: between which values its cells were, and a usual one; by it drift is told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.encode.category import Category
from chainrule.encode.dates import Date, days_since_1970
from chainrule.encode.encoder import Encoder
from chainrule.encode.numeric import Boolean, finite_numbers
from chainrule.encode.words import Text
from chainrule.errors import ModelFileError
from chainrule.sources.kinds import cells_as_text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Seen:
    """A column of the training rows in a few numbers.

    Attributes
    ----------
    low, high : float or None
        The least and the greatest number; of dates, of the days since 1970. None for other columns.
    usual : float, str or None
        The median of numbers; of dates the middle one, as ISO writes it; of categories the most frequent, unless it is
        too rare to have an indicator: a model file tells of no value that only a few rows have. None where most cells are
        empty.
    """

    low: float | None = None
    high: float | None = None
    usual: float | str | None = None

    def outside(self, values: np.ndarray) -> np.ndarray:
        """Return which of some numbers (N,) lie outside of what training saw; a gap lies nowhere."""
        if self.low is None or self.high is None:
            return np.zeros(len(values), bool)
        beyond: np.ndarray = (values < self.low) | (values > self.high)
        return beyond

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)


def seen_of(frame: pd.DataFrame, encoders: Sequence[Encoder]) -> dict[str, Seen]:
    """Return what the training rows had in each column that is learned from."""
    return {encoder.name: _seen(frame[encoder.name], encoder) for encoder in encoders}


def _seen(column: pd.Series, encoder: Encoder) -> Seen:
    if isinstance(encoder, Text):
        return Seen()
    if isinstance(encoder, Date):
        days = days_since_1970(column, day_first=encoder.day_first).to_numpy()
        days = days[np.isfinite(days)]
        if not len(days):
            return Seen()
        middle = np.datetime64(0, "D") + np.timedelta64(round(float(np.median(days))), "D")
        return Seen(float(days.min()), float(days.max()), str(middle))
    if encoder.kind == "numeric":
        values = finite_numbers(column).to_numpy()
        values = values[~np.isnan(values)]
        return Seen(float(values.min()), float(values.max()), float(np.median(values))) if len(values) else Seen()
    counts = cells_as_text(column).value_counts(dropna=False)
    usual = counts.index[0] if len(counts) else None
    return Seen(usual=usual if isinstance(usual, str) and usual in _named(encoder) else None)


def _named(encoder: Encoder) -> list[str]:
    """Return the categories that the encoder has by name."""
    if isinstance(encoder, Boolean):
        return [encoder.false, encoder.true]
    return list(encoder.categories) if isinstance(encoder, Category) else list(getattr(encoder, "categories", ()))


def seen_from_json(data: Any) -> dict[str, Seen]:
    """Return what `to_json` described, by column, or raise ModelFileError."""
    if not isinstance(data, dict) or not all(_is_right(item) for item in data.values()):
        raise ModelFileError("what training saw of each column", f"{data!r:.80}", "The model file is damaged.")
    return {name: Seen(**item) for name, item in data.items()}


def _is_right(item: Any) -> bool:
    if not isinstance(item, dict) or set(item) != {"low", "high", "usual"}:
        return False
    ends = (item["low"], item["high"])
    usual = item["usual"]
    numbers = all(end is None or (isinstance(end, float) and math.isfinite(end)) for end in ends)
    paired = numbers and (ends[0] is None) == (ends[1] is None) and (ends[0] is None or ends[0] <= ends[1])
    return paired and (usual is None or isinstance(usual, str) or (isinstance(usual, float) and math.isfinite(usual)))
