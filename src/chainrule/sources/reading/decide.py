"""Deciding: the notation of each column, from what all of its cells look like; what could be otherwise is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from chainrule.errors import DataError
from chainrule.sources.reading.dates import WHOLE
from chainrule.sources.reading.evidence import Evidence
from chainrule.sources.reading.notation import Date, Flag, Notation, Number, Text

# Of its filled cells, what must be numbers (or dates) for a column to be one of them; the others are named.
_MOST = 0.95
# Whole numbers between these may be days: the first of 1900, and the last of 2099.
_EARLY, _LATE = 19_000_101, 20_991_231
AS_WRITTEN = frozenset(("category", "text", "identifier", "constant", "ignore"))
_DECIMAL_WORDS = {".": "decimal point", ",": "decimal comma"}


@dataclass(frozen=True)
class Asked:
    """What the person says of the notations; what is left out is found.

    Attributes
    ----------
    kinds : mapping of str to str
        Kinds of columns.
    decimal : str or mapping, optional
        The decimal sign of all numbers, or of columns by their names.
    day_first : bool or mapping, optional
        Whether 1/2/2024 is the first of February, in all columns or by their names.
    """

    kinds: Mapping[str, str] = field(default_factory=dict)
    decimal: str | Mapping[str, str] | None = None
    day_first: bool | Mapping[str, bool] | None = None

    def decimal_of(self, name: str) -> str | None:
        """Return the decimal sign of a column, if it is said."""
        return self.decimal.get(name) if isinstance(self.decimal, Mapping) else self.decimal

    def day_first_of(self, name: str) -> bool | None:
        """Return whether days come first in a column, if it is said."""
        return self.day_first.get(name) if isinstance(self.day_first, Mapping) else self.day_first


@dataclass(frozen=True)
class Decided:
    """The notations, and one sentence for each that could be otherwise, the worst first."""

    columns: dict[str, Notation]
    notes: tuple[str, ...]


def decide(found: Mapping[str, Evidence], asked: Asked, *, delimiter: str, row_names: str | None = None) -> Decided:
    """Return the notation of each column.

    Parameters
    ----------
    found : mapping of str to Evidence
        By the names of the columns.
    delimiter : str
        Of the file: where semicolons part the cells, commas are decimal as a rule.
    row_names : str, optional
        The column of the file's row names.

    Raises
    ------
    DataError
        If a column cannot be what the person says.
    """
    decimals = Counter({sign: sum(e.numbers.decimal() == sign and _signs(e) for e in found.values()) for sign in ".,"})
    orders = Counter(e.dates.order() for e in found.values() if e.dates.local)
    deciding = _Deciding(asked, delimiter, decimals, orders)
    columns = {}
    for name, evidence in found.items():
        names = name == row_names and asked.kinds.get(name) is None
        columns[name] = Text(names=True) if names else deciding.notation(name, evidence)
    return Decided(columns, deciding.told())


def _signs(evidence: Evidence) -> bool:
    return bool(evidence.numbers.point or evidence.numbers.comma)


class _Deciding:
    """One column after the other, with what the others of the file tell; what is to be told is gathered by its kind."""

    def __init__(self, asked: Asked, delimiter: str, decimals: Counter[str], orders: Counter[str | None]) -> None:
        self._asked = asked
        self._delimiter = delimiter
        self._decimals = decimals
        self._orders = orders
        self._notes: dict[str, list[str]] = {}

    def told(self) -> tuple[str, ...]:
        """Return one sentence for each kind of doubt."""
        notes = []
        for about in sorted(self._notes, key=list(_TOLD).index):
            names = self._notes[about]
            listed = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
            notes.append(_TOLD[about].format(names=listed))
        return tuple(notes)

    def _tell(self, about: str, name: str) -> None:
        self._notes.setdefault(about, []).append(name)

    def notation(self, name: str, evidence: Evidence) -> Notation:
        """Return the notation of a column."""
        kind = self._asked.kinds.get(name)
        if kind in AS_WRITTEN or evidence.filled == 0:
            return Text()
        if kind == "numeric":
            return self._number(name, evidence, asked=True)
        if kind == "date":
            return self._asked_date(name, evidence)
        if evidence.flags is not None:
            return Flag(*evidence.flags)
        if evidence.mark is not None:
            self._tell("marks", f"{name} ({evidence.mark})")
            return Flag(evidence.mark, "no", blank_is_false=True)
        left = evidence.filled - sum(evidence.tokens.values())
        numbers, dates = evidence.numbers, evidence.dates
        if left and numbers.total >= _MOST * left and self._is_measured(name, evidence):
            return self._number(name, evidence)
        if left and dates.total >= _MOST * left:
            return self._date(name, evidence, "date")
        if left and dates.clocks >= _MOST * left:
            return Date(form="clock", odd=dates.clocks < left)
        if left and 0.5 * left < numbers.total < _MOST * left:
            self._tell("half numbers", f"{name} ({numbers.total:,} of {left:,})")
        return Text()

    def _is_measured(self, name: str, evidence: Evidence) -> bool:
        """Tell whether digits are numbers, and no names."""
        numbers = evidence.numbers
        if numbers.codes and (numbers.codes == numbers.total or not numbers.point + numbers.comma):
            return False
        if numbers.codes > 0.05 * numbers.total:
            return False
        if numbers.powers and numbers.powers >= _MOST * numbers.total:
            self._tell("powers", name)
            return False
        if numbers.has_times and numbers.may_be_sizes:
            return False
        if numbers.beyond:
            self._tell("beyond", name)
            return False
        if numbers.unit is None:
            self._tell("units", f"{name} ({', '.join(repr(unit) for unit in list(numbers.units)[:3])})")
            return False
        return True

    def _number(self, name: str, evidence: Evidence, *, asked: bool = False) -> Number:
        numbers = evidence.numbers
        left = evidence.filled - sum(evidence.tokens.values())
        if asked and numbers.total < _MOST * left:
            # The reading names the first of them, with its row and line.
            return Number(self._decimal(name, evidence), numbers.unit or "", odd=False)
        decimal = self._decimal(name, evidence)
        if numbers.has_times:
            self._tell("times", name)
        if not asked and evidence.whole_form == "yyyymmdd" and _EARLY <= numbers.least <= numbers.greatest <= _LATE:
            self._tell("days", name)
        if numbers.is_mixed:
            self._tell("unit in some", f"{name} ({numbers.unit})")
        unread = left - numbers.total + (numbers.comma if decimal == "." else numbers.point)
        return Number(decimal, numbers.unit or "", odd=unread > 0)

    def _decimal(self, name: str, evidence: Evidence) -> str:
        said = self._asked.decimal_of(name)
        if said is not None:
            return said
        numbers = evidence.numbers
        known = numbers.decimal()
        if known is not None:
            if known == "," and self._delimiter != "," and self._decimals["."] == 0:
                self._tell("decimal comma", name)
            elif known == ",":
                self._tell("decimal comma here", name)
            if numbers.point and numbers.comma:
                self._tell("both signs", name)
            return known
        by_others = (
            max(".,", key=lambda sign: self._decimals[sign]) if self._decimals["."] != self._decimals[","] else None
        )
        if numbers.either_comma >= numbers.either_point:
            decimal = by_others or ("," if self._delimiter == ";" else ".")
            if decimal == "," or self._delimiter != ",":
                self._tell(f"comma and three digits: {_DECIMAL_WORDS[decimal]}", name)
            return decimal
        grouped = numbers.small and not numbers.large and self._delimiter == ";"
        decimal = by_others or ("," if grouped else ".")
        if decimal == "," or self._delimiter == ";":
            self._tell(f"point and three digits: {_DECIMAL_WORDS[decimal]}", name)
        return decimal

    def _date(self, name: str, evidence: Evidence, form: str) -> Date:
        dates = evidence.dates
        left = evidence.filled - sum(evidence.tokens.values())
        order = dates.order()
        said = self._asked.day_first_of(name)
        if said is not None:
            order = "day first" if said else "month first"
        elif order is None:
            known = {o: n for o, n in self._orders.items() if o is not None}
            order = max(known, key=lambda one: known[one]) if known else "month first"
            self._tell(f"order: {order}", name)
        if dates.short_years:
            self._tell("short years", name)
        if len(dates.zones) > 1 or (dates.zones and "" not in dates.zones):
            self._tell("zones", name)
        wrong = dates.month_first if order == "day first" else dates.day_first
        return Date(order, form, odd=dates.total - wrong < left)

    def _asked_date(self, name: str, evidence: Evidence) -> Date:
        numbers, dates = evidence.numbers, evidence.dates
        if numbers.total <= dates.total + dates.clocks:
            clock = dates.clocks > dates.total
            return Date(form="clock") if clock else self._date(name, evidence, "date")
        form = evidence.whole_form
        if form is None:
            raise DataError(
                f"dates in the column {name!r}",
                "numbers that are no dates as yyyymmdd, no years and no seconds since 1970",
                f"Write them as 2024-01-31, or say columns.{name}=numeric.",
            )
        self._tell(f"whole: {form}", name)
        return Date(form=form)


_TOLD = {
    "both signs": "some numbers have a decimal point and some a decimal comma; the fewer of them are gaps: {names} (`decimal`)",
    "order: month first": "day or month first? Nothing in the cells tells; 1/2/2024 is read as the 2nd of January: {names} "
    "(`day_first=True`)",
    "order: day first": "day or month first? Other columns have the day first, so 1/2/2024 is the 1st of February: {names} "
    "(`day_first=False`)",
    "point and three digits: decimal point": "1.234 may be a thousand and more; numbers are read with a decimal point: {names} "
    "(`decimal=,`)",
    "point and three digits: decimal comma": "1.234 is read as a thousand and more: {names} (`decimal=.`)",
    "comma and three digits: decimal comma": "1,234 may be a thousand and more; numbers are read with a decimal comma: {names} "
    "(`decimal=.`)",
    "comma and three digits: decimal point": "1,234 is read as a thousand and more: {names} (`decimal=,`)",
    "half numbers": "numbers in most cells, but not in 19 of 20, so they are read as texts: {names} (`columns.NAME=numeric`)",
    "marks": "a mark or nothing in each cell, read as yes or no: {names} (`columns.NAME=ignore`)",
    "units": "numbers in several units, read as texts: {names}",
    "unit in some": "some numbers have a unit and some have none, read as the same: {names}",
    "days": "whole numbers that may be days, 20240131, are read as numbers: {names} (`columns.NAME=date`)",
    "times": "a letter behind a number multiplies it, 1.5k is 1,500 and 3M three million: {names} (`columns.NAME=category`)",
    "powers": "cells such as 12E5 are read as names, not as powers of ten: {names} (`columns.NAME=numeric`)",
    "beyond": "whole numbers with more digits than float64 tells apart are read as names: {names} (`columns.NAME=numeric`)",
    "short years": "years of two digits are those from 1969 to 2068: {names}",
    "zones": "times are those that the clock of the place showed, whatever zone stands behind them: {names}",
    "decimal comma": "numbers are read with a decimal comma, 3,5 is three and a half: {names} (`decimal`)",
    "decimal comma here": "numbers are read with a decimal comma in these columns: {names} (`decimal`)",
} | {f"whole: {form}": f"whole numbers are read as dates, {form}: {{names}}" for form in WHOLE}
