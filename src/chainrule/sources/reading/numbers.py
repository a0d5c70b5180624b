"""Numbers: what the digits of a cell are worth, by the decimal sign and the unit that its column has."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from functools import cache

_CURRENCIES = (
    r"[$€£¥₹₽₩₺₴₫₪₦]|US\$|R\$|A\$|C\$|zł|Kč|kr\.?|Fr\.?|"
    r"USD|EUR|GBP|JPY|CNY|RMB|INR|CAD|AUD|NZD|CHF|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|RUB|TRY|KRW|SGD|HKD"
)
_UNITS = frozenset(
    (
        *(
            "%",
            "‰",
            "°",
            "°C",
            "°F",
            "kg",
            "g",
            "mg",
            "µg",
            "lb",
            "lbs",
            "oz",
            "t",
            "km",
            "m",
            "cm",
            "mm",
            "mi",
            "ft",
            "in",
            "yd",
        ),
        *(
            "km²",
            "m²",
            "cm²",
            "km2",
            "m2",
            "m3",
            "m³",
            "ha",
            "sqft",
            "l",
            "ml",
            "cl",
            "mL",
            "L",
            "s",
            "sec",
            "ms",
            "min",
            "h",
            "hr",
        ),
        *(
            "hrs",
            "day",
            "days",
            "year",
            "years",
            "yrs",
            "months",
            "kW",
            "kWh",
            "MWh",
            "MW",
            "mA",
            "Hz",
            "kHz",
            "MHz",
            "GHz",
        ),
        *(
            "kB",
            "KB",
            "MB",
            "GB",
            "TB",
            "bpm",
            "mmHg",
            "kcal",
            "cal",
            "kJ",
            "kPa",
            "hPa",
            "Pa",
            "bar",
            "psi",
            "mph",
            "km/h",
        ),
        *("px", "pt", "cc", "hp", "bhp", "rpm", "ppm", "dB"),
    )
)
_SPACE = r"[ \u00a0\u202f\u2009]"
_CELL = re.compile(
    rf"(?P<open>\()?{_SPACE}?(?P<sign>[-+\u2212])?{_SPACE}?(?P<before>{_CURRENCIES})?{_SPACE}?(?P<inner>[-+\u2212])?"
    rf"(?P<body>\d[\d.,'’ \u00a0\u202f\u2009]*(?<![ \u00a0\u202f\u2009'’])|\.\d+|,\d+)(?P<power>[eE][-+]?\d+)?"
    rf"{_SPACE}?(?P<after>{_CURRENCIES}|[%‰°]|°?[A-Za-zµ]{{1,6}}[²³23]?|km/h)?(?P<close>\))?(?P<trailing>[-\u2212])?"
)
_WHOLE = r"0|[1-9]\d*"
_THREES = r"[1-9]\d{{0,2}}(?P<group>[{other}'’ \u00a0\u202f\u2009])\d{{3}}(?:(?P=group)\d{{3}})*"
# As India groups: 12,34,567.
_INDIAN = r"[1-9]\d?(?:,\d{2})+,\d{3}"
_POWER = re.compile(r"\d+E\d{1,3}")
_CODE = re.compile(r"[-+]?0\d+([.,]\d+)?")
# What a letter behind a number multiplies it by.
_TIMES = {"k": 1e3, "K": 1e3, "M": 1e6, "Mio": 1e6, "mn": 1e6, "B": 1e9, "bn": 1e9, "Mrd": 1e9}
_INFINITE = {"inf": math.inf, "+inf": math.inf, "infinity": math.inf, "-inf": -math.inf, "-infinity": -math.inf}
# Letters of a number at most.
_LONGEST = 64
# Whole numbers beyond this are not told apart in float64.
LARGEST = 2**53


@cache
def _body(decimal: str) -> re.Pattern[str]:
    other = "," if decimal == "." else r"."
    whole = f"(?:{_WHOLE}|{_THREES.format(other=other)}{'|' + _INDIAN if decimal == '.' else ''})"
    return re.compile(rf"(?P<whole>{whole})(?:{re.escape(decimal)}(?P<part>\d*))?|{re.escape(decimal)}(?P<bare>\d+)")


@dataclass(frozen=True)
class Digits:
    """A cell that may be a number: the text of its digits, its sign, its unit, and k or M behind it."""

    body: str
    power: str
    negative: bool
    unit: str
    times: str = ""

    def value(self, decimal: str) -> float | None:
        """Return the number under a decimal sign; None if the digits cannot be written so."""
        match = _body(decimal).fullmatch(self.body)
        if match is None:
            return None
        whole, part = match["whole"] or "0", match["part"] or match["bare"] or "0"
        value = float(f"{re.sub(r'[^0-9]', '', whole)}.{part}{self.power}") * _TIMES.get(self.times, 1.0)
        return -value if self.negative else value


def digits_of(cell: str) -> Digits | None:
    """Return what a cell is made of, or None if it is no number under any decimal sign."""
    if len(cell) > _LONGEST:
        return None
    match = _CELL.fullmatch(cell if cell.isascii() else _plain_digits(cell))
    if match is None or (match["open"] is None) != (match["close"] is None):
        return None
    before, after = match["before"] or "", match["after"] or ""
    times, after = (after, "") if after in _TIMES else ("", after)
    if (before and after) or (after and not before and not _is_unit(after)):
        return None
    signs = [sign for sign in (match["sign"], match["inner"], match["trailing"], match["open"]) if sign]
    if len(signs) > 1:
        return None
    return Digits(match["body"], match["power"] or "", bool(signs) and signs[0] != "+", before or after, times)


def _plain_digits(cell: str) -> str:
    """Return a cell whose digits are 0 to 9, whatever script they are of."""
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in cell)


@cache
def _is_unit(word: str) -> bool:
    return word in _UNITS or re.fullmatch(_CURRENCIES, word) is not None


def number_in(cell: str, decimal: str, unit: str) -> float | None:
    """Return the number in a cell of a column with this decimal sign and unit; None if it is none.

    Signs of groups (`1.234,5`, `1 234`, `1'234`), brackets or U+2212 for minus and a power of ten are understood in any
    column; a unit only in a column that has it.
    """
    if cell.lower() in _INFINITE:
        return _INFINITE[cell.lower()]
    digits = digits_of(cell)
    if digits is None or digits.unit not in ("", unit):
        return None
    return digits.value(decimal)


@dataclass
class NumberForms:
    """How the numbers of a column are written: counted cell by cell, part by part of a table.

    Attributes
    ----------
    point, comma : int
        Cells that can only be read with this decimal sign.
    either_point, either_comma : int
        Cells of one point, or of one comma, and three digits behind it: 1.234 may be a thousand and more.
    same : int
        Cells that are the same under both.
    small, large : int
        Of these, the whole numbers below 1000, and the others.
    codes, beyond : int
        Whole numbers with a zero in front, and those that float64 cannot tell apart.
    powers : int
        Whole numbers with a power of ten behind them, 12E5, which may be names.
    times : Counter
        Letters behind numbers that multiply them: 1.5k, 3M.
    units : Counter
    least, greatest : float
        Of the whole numbers.
    """

    point: int = 0
    comma: int = 0
    either_point: int = 0
    either_comma: int = 0
    same: int = 0
    small: int = 0
    large: int = 0
    codes: int = 0
    beyond: int = 0
    powers: int = 0
    times: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    least: float = math.inf
    greatest: float = -math.inf

    def see(self, low: float, high: float) -> None:
        """Take the least and the greatest of some numbers in."""
        self.least, self.greatest = min(self.least, low), max(self.greatest, high)

    @property
    def total(self) -> int:
        """Cells that are numbers under some decimal sign."""
        return self.point + self.comma + self.either_point + self.either_comma + self.same

    def add(self, cell: str, count: int) -> bool:
        """Take a cell in that stands in so many rows; tell whether it is a number."""
        if _CODE.fullmatch(cell):
            self.codes += count
            self.same += count
            return True
        if cell.lower() in _INFINITE:
            self.same += count
            return True
        digits = digits_of(cell)
        if digits is None:
            return False
        point, comma = digits.value("."), digits.value(",")
        if point is None and comma is None:
            return False
        self.units[digits.unit] += count
        self.times[digits.times] += count
        self.powers += count * bool(_POWER.fullmatch(cell))
        if comma is None:
            self.point += count
        elif point is None:
            self.comma += count
        elif point != comma:
            self.either_point += count * ("." in digits.body)
            self.either_comma += count * ("," in digits.body)
        else:
            self._add_whole(point, digits.body, count)
        return True

    def _add_whole(self, value: float, body: str, count: int) -> None:
        self.same += count
        self.see(value, value)
        self.small += count * (abs(value) < 1000)
        self.large += count * (abs(value) >= 1000 and body.isdigit())
        self.beyond += count * (abs(value) > LARGEST and body.isdigit())

    @property
    def has_times(self) -> bool:
        """Whether letters behind some numbers multiply them."""
        return any(self.times[letters] for letters in _TIMES)

    @property
    def may_be_sizes(self) -> bool:
        """Whether letters that could multiply are part of names: 5K and 10K, all whole, all with the same letter."""
        letters = [name for name in self.times if name]
        fractions = self.point or self.comma or self.either_point or self.either_comma
        return len(letters) == 1 and not self.times[""] and not fractions and not self.unit

    @property
    def is_mixed(self) -> bool:
        """Whether some cells have a unit and many have none."""
        return bool(self.unit) and self.units[""] > 0.05 * self.total

    @property
    def unit(self) -> str | None:
        """The one unit that cells have, empty for none; None where there are several."""
        units = [unit for unit in self.units if unit]
        return None if len(units) > 1 else units[0] if units else ""

    def decimal(self) -> str | None:
        """Return the decimal sign, or None where nothing in the column tells it."""
        if self.point != self.comma:
            return "." if self.point > self.comma else ","
        return None if self.either_point or self.either_comma or self.point else "."
