"""Clock: the regular step of a series, which numbers its times, tells where one is missing, and goes on into the future."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from chainrule.encode.encoding import DAMAGED
from chainrule.errors import DataError, ModelFileError

SECOND = 1e6
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
UNITS = ("number", "time", "months", "weekdays", "rows")
# The shortest month, in days.
_MONTH = 28
# How far, in steps, a time that is a fraction may be from where it belongs.
_ROUNDED = 1e-3
# So many rows without a weekend are not so by chance.
_WEEKS = 10
_REMEDY = "Bring the times to one step or, if each row is one step whatever its time, say `step_by=rows`."


@dataclass(frozen=True)
class Clock:
    """The step from one time to the next.

    Attributes
    ----------
    unit : str
        number: times are numbers, `step` apart. time: dates, `step` microseconds apart. months: dates `step` months
        apart, on the same day, or all on the last day. weekdays: days from Monday to Friday. rows: each row is a step.
    step : float
    origin : float
        A time that is on the grid; of months, the month since 1970 began.
    day : int
        Of months, the day, 0 for the last.
    within : float
        Of months and weekdays, microseconds since the day began.
    is_date : bool
        Whether times are dates, in microseconds since 1970 began, or numbers.
    """

    unit: str
    step: float = 1.0
    origin: float = 0.0
    day: int = 0
    within: float = 0.0
    is_date: bool = False

    def positions(self, times: np.ndarray) -> np.ndarray:
        """Return the number (N,) of each time's step on the grid; of rows, in the order that they have.

        Raises
        ------
        DataError
            If a time is not on the grid.
        """
        if self.unit == "rows":
            return np.arange(len(times))
        found, off = self._positions(times)
        if off.any():
            came = f"{self.written(times[off][:1])[0]}" + (f" and {off.sum() - 1} more" if off.sum() > 1 else "")
            raise DataError(f"times that are {self.describe()} apart, as in training", came, _REMEDY)
        return found

    def _positions(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return positions, and which times are not on the grid."""
        if self.unit in ("number", "time"):
            exact = (times - self.origin) / self.step
            near = np.rint(exact)
            return near.astype(np.int64), np.abs(exact - near) > _ROUNDED
        days = np.floor(times / DAY)
        off = times - days * DAY != self.within
        if self.unit == "weekdays":
            dates = days.astype(np.int64).astype("datetime64[D]")
            at = np.busday_count(np.datetime64(int(self.origin), "D"), dates).astype(np.int64)
            return at, off | ~np.is_busday(dates)
        months, day = _months_and_days(days)
        exact = (months - self.origin) / self.step
        near = np.rint(exact)
        expected = _days_of(months, self.day)
        return near.astype(np.int64), off | (exact != near) | (day != expected)

    def times(self, positions: np.ndarray) -> np.ndarray:
        """Return the times (N,) of steps on the grid; of rows, the numbers of the steps."""
        at = np.asarray(positions, float)
        if self.unit == "rows":
            return at
        if self.unit in ("number", "time"):
            return self.origin + at * self.step
        if self.unit == "weekdays":
            start = np.datetime64(int(self.origin), "D")
            days = np.busday_offset(start, positions, roll="forward").astype(np.int64)
            return days * DAY + self.within
        months = self.origin + at * self.step
        first = months.astype(np.int64).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        found: np.ndarray = (first + _days_of(months, self.day) - 1) * DAY + self.within
        return found

    def written(self, times: np.ndarray) -> list[str]:
        """Return times as people write them; the time of day is left out where it is midnight in all of them."""
        times = np.asarray(times, float)
        if not self.is_date:
            return [f"{time:.15g}" for time in times]
        stamps = np.rint(times).astype(np.int64).astype("datetime64[us]")
        if (np.mod(times, DAY) == 0).all():
            return [str(stamp) for stamp in stamps.astype("datetime64[D]")]
        unit = "m" if (np.mod(times, MINUTE) == 0).all() else "s" if (np.mod(times, SECOND) == 0).all() else "us"
        return [str(stamp).replace("T", " ") for stamp in stamps.astype(f"datetime64[{unit}]")]

    def describe(self) -> str:
        """`1 hour`, `3 months`, `1 weekday`, `10`."""
        if self.unit == "rows":
            return "1 row"
        if self.unit == "weekdays":
            return "1 weekday"
        if self.unit == "number":
            return f"{self.step:g}"
        if self.unit == "months":
            years, months = divmod(int(self.step), 12)
            return _counted(years, "year") if not months else _counted(int(self.step), "month")
        for name, size in (("day", DAY), ("hour", HOUR), ("minute", MINUTE), ("second", SECOND)):
            if self.step % size == 0:
                return _counted(int(self.step / size), name)
        return f"{self.step / SECOND:g} seconds"

    @property
    def season(self) -> int:
        """Steps of the season that the calendar gives: a year of months, a week of days; 1 where it gives none."""
        if self.unit == "months":
            return int(12 // self.step) if 12 % self.step == 0 else 1
        if self.unit == "weekdays":
            return 5
        if self.unit != "time":
            return 1
        if self.step >= DAY:
            return {DAY: 7, 7 * DAY: 52}.get(self.step, 1)
        # A day, as long as it is no more than a window can hold.
        for span in (DAY, HOUR, MINUTE):
            if span % self.step == 0 and 1 < span / self.step <= 400:
                return int(span / self.step)
        return 1

    @property
    def days(self) -> float:
        """Days of one step, about; 0 where steps are no dates."""
        if not self.is_date or self.unit == "rows":
            return 0.0
        return {"months": self.step * 365.2425 / 12, "weekdays": 1.4}.get(self.unit, self.step / DAY)

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Any) -> Clock:
        """Return the clock that `to_json` described, or raise ModelFileError."""
        kinds = {"unit": str, "step": float, "origin": float, "day": int, "within": float, "is_date": bool}
        right = (
            isinstance(data, dict)
            and set(data) == set(kinds)
            and all(type(data[name]) is kind for name, kind in kinds.items())
            and data["unit"] in UNITS
            and all(np.isfinite(data[name]) for name in ("step", "origin", "within"))
            and data["step"] > 0
            and 0 <= data["day"] <= 31
        )
        if not right:
            raise ModelFileError("the clock of series", f"{data!r:.80}", DAMAGED)
        return cls(**data)


def fit_clock(series: Sequence[np.ndarray], *, is_date: bool) -> Clock:
    """Return the clock of series: the step that their times, each in order and without doubles, are apart.

    Raises
    ------
    DataError
        If no series has two times, or the times are not a whole number of steps apart.
    """
    gaps = np.concatenate([np.diff(times) for times in series])
    if not len(gaps):
        raise DataError("series of at least two times", "one row of each", "Give more rows, or another `group`.")
    times = np.concatenate(list(series))
    if not is_date:
        return _checked(Clock("number", _commonest(gaps), float(times[0])), series)
    days = np.floor(times / DAY)
    within = times - days * DAY
    same_hour = bool((within == within[0]).all())
    if same_hour and gaps.min() >= _MONTH * DAY:
        months, day = _months_and_days(days)
        apart = np.concatenate([np.diff(_months_and_days(np.floor(part / DAY))[0]) for part in series])
        for wanted in {int(day[0]), int(day.max()), 0}:
            if (day == _days_of(months, wanted)).all():
                step = float(np.gcd.reduce(apart.astype(np.int64)))
                return Clock("months", step, float(months[0]), wanted, float(within[0]), True)
    daily = same_hour and len(gaps) >= _WEEKS and _commonest(gaps) == DAY
    if daily and np.is_busday(days.astype(np.int64).astype("datetime64[D]")).all():
        return Clock("weekdays", 1.0, float(days.min()), 0, float(within[0]), True)
    return _checked(Clock("time", _commonest(gaps), float(times[0]), is_date=True), series)


def rows_clock(*, is_date: bool) -> Clock:
    """Return the clock for which each row is a step."""
    return Clock("rows", is_date=is_date)


def _commonest(gaps: np.ndarray) -> float:
    values, counts = np.unique(np.round(gaps, 9), return_counts=True)
    return float(values[counts.argmax()])


def _checked(clock: Clock, series: Sequence[np.ndarray]) -> Clock:
    for times in series:
        _, off = clock._positions(times)
        if off.any():
            at = int(np.flatnonzero(off)[0])
            shown = clock.written(times[[max(0, at - 1), at]])
            beside = f"{shown[1]} after {shown[0]}" if at else shown[1]
            raise DataError(f"times that are all a multiple of {clock.describe()} apart", beside, _REMEDY)
    return clock


def _months_and_days(days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the month since 1970 began, and the day of the month, of days since 1970."""
    dates = days.astype(np.int64).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    return months.astype(np.int64), (dates - months.astype("datetime64[D]")).astype(np.int64) + 1


def _days_of(months: np.ndarray, day: int) -> np.ndarray:
    """Return the day of each month that a clock's day is: that day, or the last, which a short month has before it."""
    start = np.asarray(months).astype(np.int64).astype("datetime64[M]")
    last = ((start + 1).astype("datetime64[D]") - start.astype("datetime64[D]")).astype(np.int64)
    found: np.ndarray = np.minimum(day or 31, last)
    return found


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
