"""Dates: which moment the digits and names of a cell mean, by the order that its column has."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero gennaio januari janeiro janv ene gen",
            "feb february februar février fevrier febrero febbraio februari fevereiro févr fev",
            "mar march märz maerz mars marzo maart março mär mrt",
            "apr april avril abril aprile avr abr",
            "may mai mayo maggio mei maio mag",
            "jun june juni juin junio giugno junho giu",
            "jul july juli juillet julio luglio julho juil lug",
            "aug august août aout agosto augustus ago",
            "sep sept september septembre septiembre settembre setembro set",
            "oct october oktober octobre octubre ottobre outubro okt ott out",
            "nov november novembre noviembre novembro",
            "dec december dezember décembre decembre diciembre dicembre dezembro dez dic déc",
        ),
        start=1,
    )
    for name in names.split()
}
_CLOCK = r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?P<f>[.,]\d+)?)?\s?(?P<half>[AaPp]\.?[Mm]\.?)?"
_ZONE = r"(?P<zone>Z|UTC|GMT|[-+]\d{2}:?\d{2}|[-+]\d{2})?"
_TIME = rf"(?:(?:[T\s]|,\s?){_CLOCK}\s?{_ZONE})?"
_FORMS = {
    "year first": re.compile(rf"(?P<y>\d{{4}})(?P<sep>[-/.])(?P<m>\d{{1,2}})(?:(?P=sep)(?P<d>\d{{1,2}}))?{_TIME}"),
    "local": re.compile(rf"(?P<a>\d{{1,2}})(?P<sep>[-/.])\s?(?P<b>\d{{1,2}})(?P=sep)\s?(?P<y>\d{{4}}|\d{{2}}){_TIME}"),
    "day and name": re.compile(
        rf"(?:[^\W\d]+,?\s)?(?P<d>\d{{1,2}})(?:st|nd|rd|th|\.)?[-\s/]?\s?(?P<name>[^\W\d_]{{3,10}})\.?,?[-\s/]?\s?(?P<y>\d{{4}}|\d{{2}}){_TIME}"
    ),
    "name and day": re.compile(
        rf"(?:[^\W\d]+,?\s)?(?P<name>[^\W\d_]{{3,10}})\.?[-\s]?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?[-\s]\s?(?P<y>\d{{4}}){_TIME}"
    ),
    "month and year": re.compile(r"(?P<m>0?[1-9]|1[0-2])[-/](?P<y>\d{4})"),
    "name and year": re.compile(r"(?P<name>[^\W\d_]{3,10})\.?[-/\s](?P<y>\d{4})"),
    "name, day, clock and year": re.compile(
        rf"(?:[^\W\d]+,?\s)?(?P<name>[^\W\d_]{{3,10}})\s+(?P<d>\d{{1,2}})\s{_CLOCK}(?:\s[A-Z]{{2,5}})?\s(?P<y>\d{{4}})"
    ),
    "colon before the clock": re.compile(rf"(?P<d>\d{{2}})/(?P<name>[^\W\d_]{{3}})/(?P<y>\d{{4}}):{_CLOCK}\s?{_ZONE}"),
    "digits and T": re.compile(
        rf"(?P<y>\d{{4}})(?P<m>\d{{2}})(?P<d>\d{{2}})T(?P<H>\d{{2}})(?P<M>\d{{2}})(?:(?P<S>\d{{2}})(?P<f>[.,]\d+)?)?{_ZONE}(?P<half>)"
    ),
    "signs for year, month and day": re.compile(
        r"(?P<y>\d{4})\s?[年년]\s?(?P<m>\d{1,2})\s?[月월](?:\s?(?P<d>\d{1,2})\s?[日일])?"
    ),
    "quarter": re.compile(r"(?P<y>\d{4})[-/ ]?Q(?P<q>[1-4])"),
    "quarter first": re.compile(r"Q(?P<q>[1-4])[-/ ](?P<y>\d{4})"),
    "week": re.compile(r"(?P<y>\d{4})-?W(?P<w>\d{2})(?:-?(?P<wd>[1-7]))?"),
    "clock": re.compile(_CLOCK),
}
_DIGITS = re.compile(r"\d+(?:\.0*)?")
_LOOKS = re.compile(r"\d[-/.:]\s?\d|\d.*[^\W\d_]{3}|[^\W\d_]{3}.*\d|\d{8}T|\d\s?[年년]|Q[1-4]|\d-?W\d")
# Letters of a date at most: what is longer is a text, and would be long to look through.
_LONGEST = 64
# Years of two digits: 69 is 1969, 68 is 2068, as POSIX has it.
_PIVOT = 69
_SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class Moment:
    """A cell that may be a date.

    Attributes
    ----------
    form : str
        One of the names of the forms: `year first`, `local`, `day and name`, …
    parts : mapping
        What the form found.
    """

    form: str
    parts: dict[str, Any]

    def microseconds(self, order: str) -> int | None:
        """Return microseconds since 1970 on the clock that the cell shows; None if there is no such day or time."""
        parts = self.parts
        if self.form == "clock":
            return _of_day(parts)
        if self.form == "week":
            return _of_week(parts)
        if self.form == "local":
            first, second = int(parts["a"]), int(parts["b"])
            day, month = (first, second) if order == "day first" else (second, first)
        else:
            day = int(parts.get("d") or 1)
            month = _MONTHS[parts["name"].lower()] if "name" in parts else _month(parts)
        year = int(parts["y"])
        if len(parts["y"]) == 2:
            year += 1900 if year >= _PIVOT else 2000
        try:
            days = datetime.date(year, month, day).toordinal() - datetime.date(1970, 1, 1).toordinal()
        except ValueError:
            return None
        time = 0 if parts.get("H") is None else _of_day(parts)
        return None if time is None else days * _SECONDS_A_DAY * 10**6 + time


def _month(parts: dict[str, Any]) -> int:
    """Return the month, of a quarter its first."""
    return 3 * int(parts["q"]) - 2 if "q" in parts else int(parts["m"])


def _of_week(parts: dict[str, Any]) -> int | None:
    """Return the Monday of a week, or the day of it that is told."""
    try:
        day = datetime.date.fromisocalendar(int(parts["y"]), int(parts["w"]), int(parts["wd"] or 1))
    except ValueError:
        return None
    return (day - datetime.date(1970, 1, 1)).days * _SECONDS_A_DAY * 10**6


def moment_of(cell: str) -> Moment | None:
    """Return what a cell is made of, or None if it looks like no date."""
    if len(cell) > _LONGEST or _LOOKS.search(cell) is None:
        return None
    for form, pattern in _FORMS.items():
        match = pattern.fullmatch(cell)
        if match is not None:
            parts = match.groupdict()
            if "name" not in parts or parts["name"].lower() in _MONTHS:
                return Moment(form, parts)
    return None


def _of_day(parts: dict[str, Any]) -> int | None:
    hour, minute, second = int(parts["H"]), int(parts["M"]), int(parts["S"] or 0)
    half = (parts["half"] or "").lower()[:1]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half == "p")
    if hour > 23 or minute > 59 or second > 60:
        return None
    part = int((parts["f"] or ".0")[1:7].ljust(6, "0"))
    return ((hour * 60 + minute) * 60 + second) * 10**6 + part


def moment_in(cell: str, order: str, form: str) -> int | None:
    """Return microseconds since 1970 of a cell in a column of this order; None if it is no date, or of the other sort.

    Parameters
    ----------
    order : str
        `day first` or `month first`: what 1/2/2024 is.
    form : str
        `date`, `clock` (a time of day alone), or for whole numbers `yyyymmdd`, `year`, `seconds`, `milliseconds`.
    """
    if form in WHOLE:
        return _of_digits(cell, form)
    moment = moment_of(cell)
    if moment is None or (moment.form == "clock") != (form == "clock"):
        return None
    return moment.microseconds(order)


def _of_digits(cell: str, form: str) -> int | None:
    if not _DIGITS.fullmatch(cell):
        return None
    digits = cell.partition(".")[0]
    if form in ("seconds", "milliseconds"):
        return int(digits) * (10**6 if form == "seconds" else 10**3)
    if len(digits) != (8 if form == "yyyymmdd" else 4):
        return None
    moment = Moment("year first", {"y": digits[:4], "m": digits[4:6] or "1", "d": digits[6:] or "1", "H": None})
    return moment.microseconds("")


# The forms of dates as whole numbers, each with the least and the greatest number that is taken for one.
WHOLE = {
    "yyyymmdd": (10_000_101, 29_991_231),
    "year": (1000, 2999),
    "seconds": (10**8, 10**10 - 1),
    "milliseconds": (10**11, 10**13 - 1),
}


@dataclass
class DateForms:
    """How the dates of a column are written: counted cell by cell, part by part of a table."""

    forms: Counter[str] = field(default_factory=Counter)
    zones: Counter[str] = field(default_factory=Counter)
    day_first: int = 0
    month_first: int = 0
    dotted: int = 0
    short_years: int = 0

    @property
    def total(self) -> int:
        """Cells that are dates, without times of day alone."""
        return sum(count for form, count in self.forms.items() if form != "clock")

    @property
    def clocks(self) -> int:
        """Cells that are a time of day alone."""
        return self.forms["clock"]

    @property
    def local(self) -> int:
        """Cells that are written as 1/2/2024."""
        return self.forms["local"]

    def add(self, cell: str, count: int) -> bool:
        """Take a cell in that stands in so many rows; tell whether it is a date or a time."""
        moment = moment_of(cell)
        if moment is None:
            return False
        first, second = (moment.microseconds(order) is not None for order in ("day first", "month first"))
        if not (first or second):
            return False
        self.forms[moment.form] += count
        self.zones[moment.parts.get("zone") or ""] += count
        self.short_years += count * (len(moment.parts.get("y") or "yyyy") == 2)
        if moment.form == "local":
            self.day_first += count * (first and not second)
            self.month_first += count * (second and not first)
            self.dotted += count * (moment.parts["sep"] == ".")
        return True

    def order(self) -> str | None:
        """Return `day first` or `month first`, or None where nothing in the column tells it."""
        if self.day_first != self.month_first:
            return "day first" if self.day_first > self.month_first else "month first"
        if self.local == 0:
            return "month first"
        return "day first" if self.dotted > 0.5 * self.local else None
