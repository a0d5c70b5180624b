"""Dates: how far along, and where in the year, the week and the day, on circles or as plain parts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.encode.choices import DEFAULT, Choices
from chainrule.encode.encoder import Encoder, Findings
from chainrule.encode.numeric import Numeric
from chainrule.errors import DataError
from chainrule.sources.kinds import as_dates, is_day_first
from chainrule.sources.reading.reading import row_number

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("year", "month", "day", "weekday", "hour")
_PERIODS = {"year": 365.2425, "week": 7.0, "day": 1.0}


@dataclass(frozen=True)
class Date(Encoder):
    """Days since 1970, scaled, and the position in the year, the week and the day as sine and cosine.

    Or, by choice, year, month, day, weekday (Monday is 0) and hour instead of the positions. A missing date is filled
    in, and has the parts of what it is filled in with.

    Attributes
    ----------
    day_first : bool
        Whether 01/02/2024 is the first of February.
    days : dict
        How the days are scaled: a `Numeric` as JSON.
    parts : list of dict
        How year, month, day, weekday and hour are scaled; empty for circles.
    """

    day_first: bool
    days: dict[str, Any]
    parts: list[dict[str, Any]]
    kind: ClassVar[str] = "date"

    @classmethod
    def fit(cls, column: pd.Series, choices: Choices = DEFAULT) -> Date:
        """Measure the days."""
        import pandas as pd

        name, day_first = str(column.name), is_day_first(column)
        choices = replace(choices, winsorise=0.0)
        days = days_since_1970(column, day_first=day_first)
        numeric = Numeric.fit(days.rename(name), choices)
        parts = []
        if choices.dates == "parts":
            filled = days.fillna(numeric.fill)
            table = date_parts(filled.to_frame())
            parts = [
                Numeric.fit(pd.Series(table[:, i], name=f"{name} {part}"), choices).to_json()
                for i, part in enumerate(PARTS)
            ]
        return cls(name, day_first, numeric.to_json(), parts)

    @property
    def numeric(self) -> Numeric:
        """How days are scaled."""
        return _numeric(self.days)

    @property
    def numbers(self) -> list[int]:
        """The days, and the parts."""
        first = len(self.numeric.features)
        return [0, *range(first, first + len(self.parts))]

    @property
    def part_encoders(self) -> list[Numeric]:
        """How year, month, day, weekday and hour are scaled; none where positions on circles stand for them."""
        return [_numeric(part) for part in self.parts]

    @property
    def features(self) -> list[str]:
        """The days, their indicator, and the parts or six positions on circles."""
        if self.parts:
            return [*self.numeric.features, *(part["name"] for part in self.parts)]
        circles = [f"{self.name} {part} {wave}" for part in _PERIODS for wave in ("sin", "cos")]
        return [*self.numeric.features, *circles]

    def describe(self) -> str:
        """`days since 1970 as (x − 19723) / 76; sine and cosine of year, week and day`."""
        rest = "year, month, day, weekday and hour, scaled" if self.parts else "sine and cosine of year, week and day"
        return f"days since 1970 as {self.numeric.describe()}; {rest}"

    def encode(self, column: pd.Series, findings: Findings) -> np.ndarray:
        """Split dates into parts; raise DataError for a cell that is no date."""
        days = days_since_1970(column, day_first=self.day_first)
        bad = (days.isna() & column.notna()).to_numpy()
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise DataError(
                f"dates in the column {self.name!r}, as in training",
                f"{column.iloc[row]!r} in row {row_number(column.index, row)}",
                "Write dates as 2026-11-24, or leave the cell empty.",
            )
        numeric = self.numeric
        filled = days.fillna(numeric.fill).to_frame()
        rest = (
            [part.scaled(values) for part, values in zip(self.part_encoders, date_parts(filled).T, strict=True)]
            if self.parts
            else [circles(filled)]
        )
        return np.column_stack([numeric.encode(days.rename(self.name), findings), *rest])


def days_since_1970(column: pd.Series, *, day_first: bool) -> pd.Series:
    """Return dates as days, with fractions, since 1970 began; a cell that is no date is missing."""
    import pandas as pd

    # In nanoseconds, pandas' default, time reaches from 1677 to 2262 alone.
    dates = as_dates(column, day_first=day_first).astype("datetime64[us]")
    days: pd.Series = (dates - pd.Timestamp(0).as_unit("us")) / pd.Timedelta(days=1)
    return days


def circles(days: Any) -> np.ndarray:
    """Return sine and cosine of the position in the year, the week and the day (N, 6) of a column of days (N, 1)."""
    values = np.asarray(days, float)[:, 0]
    # 1970-01-01 was a Thursday; where in the week the circle starts does not matter.
    angles = [2 * np.pi * (values % period) / period for period in _PERIODS.values()]
    return np.column_stack([wave(angle) for angle in angles for wave in (np.sin, np.cos)])


def date_parts(days: Any) -> np.ndarray:
    """Return year, month, day, weekday and hour (N, 5) of a column of days (N, 1)."""
    values = np.asarray(days, float)[:, 0]
    # Within the years that datetime64 in microseconds can tell; to the nearest second, which days as floats resolve.
    seconds = np.rint(np.clip(values, -7e5, 3e6) * 86400).astype("int64")
    dates = seconds.astype("datetime64[s]")
    day = dates.astype("datetime64[D]")
    month = dates.astype("datetime64[M]")
    return np.column_stack(
        [
            dates.astype("datetime64[Y]").astype(int) + 1970,
            month.astype(int) % 12 + 1,
            (day - month.astype("datetime64[D]")).astype(int) + 1,
            (day.astype(int) + 3) % 7,
            (seconds % 86400) // 3600,
        ]
    ).astype(float)


def _numeric(data: dict[str, Any]) -> Numeric:
    return Numeric(**{name: value for name, value in data.items() if name != "kind"})
