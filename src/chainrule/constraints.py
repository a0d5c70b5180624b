"""Declared constraints: a field says once what it accepts; layers, rules and settings are checked by the same table."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from chainrule.errors import ConfigError, did_you_mean


@dataclass(frozen=True)
class Range:
    """A number from `low` to `high`; an open end excludes its bound."""

    kind: type
    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def accepts(self, value: Any) -> bool:
        """Tell whether `value` is a number of this kind inside the range."""
        kinds = (int,) if self.kind is int else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds):
            return False
        # Neither NaN nor an infinity, nor a whole number that no float can hold, is at most the largest float.
        if not abs(value) <= sys.float_info.max:
            return False
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return above and below

    def describe(self) -> str:
        """Return the range in words."""
        noun = "a whole number" if self.kind is int else "a number"
        parts = []
        if self.low > -math.inf:
            parts.append(f"{'above' if self.low_open else 'of at least'} {_figure(self.low)}")
        if self.high < math.inf:
            parts.append(f"{'below' if self.high_open else 'of at most'} {_figure(self.high)}")
        return " and ".join([noun + " " + parts[0], *parts[1:]]) if parts else noun


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1e4 and value == round(value) else f"{value:g}"


@dataclass(frozen=True)
class Options:
    """One of a few words."""

    words: tuple[str, ...]

    def accepts(self, value: Any) -> bool:
        """Tell whether `value` is one of the words."""
        return isinstance(value, str) and value in self.words

    def describe(self) -> str:
        """Return the words as a list."""
        return "one of " + ", ".join(self.words)


@dataclass(frozen=True)
class Kind:
    """Any value of one type."""

    kind: type

    def accepts(self, value: Any) -> bool:
        """Tell whether `value` is of the type."""
        return isinstance(value, self.kind)

    def describe(self) -> str:
        """Return the type in words."""
        return {str: "a text", bool: "true or false", dict: "a table of settings"}.get(self.kind, self.kind.__name__)


@dataclass(frozen=True)
class Many:
    """A sequence of values that each meet the same constraint: any number of them, `at_least` so many, or `exactly`."""

    item: Range | Options | Kind | Many
    at_least: int = 0
    exactly: tuple[int, ...] = ()

    def accepts(self, value: Any) -> bool:
        """Tell whether `value` is a sequence and each of its items is accepted."""
        return (
            isinstance(value, (tuple, list))
            and len(value) >= self.at_least
            and (not self.exactly or len(value) in self.exactly)
            and all(self.item.accepts(item) for item in value)
        )

    def describe(self) -> str:
        """Return the item's constraint in the plural."""
        count = " or ".join(map(str, self.exactly))
        return f"a list{f' of {count}' if count else ''}, each item {self.item.describe()}"


Constraint: TypeAlias = Range | Options | Kind | Many

REQUIRED: Any = dataclasses.MISSING


def constrained(
    *constraints: Constraint, default: Any = REQUIRED, optional: bool = False, about: str = "", **metadata: Any
) -> Any:
    """Return a dataclass field that accepts what any of `constraints` accepts (and None where `optional`)."""
    info = {"constraints": constraints, "optional": optional, "about": about, **metadata}
    return dataclasses.field(default=default, metadata=info)


def whole(low: float = -math.inf, high: float = math.inf, **options: Any) -> Any:
    """Return a field for a whole number from `low` to `high`."""
    return constrained(Range(int, low, high), **options)


def real(
    low: float = -math.inf, high: float = math.inf, *, low_open: bool = False, high_open: bool = False, **options: Any
) -> Any:
    """Return a field for a finite number from `low` to `high`."""
    return constrained(Range(float, low, high, low_open, high_open), **options)


def option(*words: str, **options: Any) -> Any:
    """Return a field for one of a few words."""
    return constrained(Options(words), **options)


def flag(default: bool, **options: Any) -> Any:
    """Return a field for true or false."""
    return constrained(Kind(bool), default=default, **options)


def check_value(owner: str, name: str, value: Any, metadata: Mapping[str, Any]) -> None:
    """Raise ConfigError unless `value` meets the constraints declared for the field `name` of `owner`."""
    constraints: tuple[Constraint, ...] = metadata.get("constraints", ())
    if not constraints or (value is None and metadata["optional"]):
        return
    if any(constraint.accepts(value) for constraint in constraints):
        return
    expected = " or ".join(constraint.describe() for constraint in constraints)
    remedy = f"Set {name} to {expected}."
    words = [word for constraint in constraints if isinstance(constraint, Options) for word in constraint.words]
    if words and isinstance(value, str):
        remedy = did_you_mean(value, words)
    whose = f"{name} of {owner}" if owner else name
    raise ConfigError(f"{whose} to be {expected}", f"{value!r}", remedy)


def check_fields(instance: Any, owner: str | None = None) -> None:
    """Raise ConfigError for the first field of a dataclass instance that breaks its declared constraints.

    `owner` is what the instance is called in the message; by default its class.
    """
    owner = type(instance).__name__ if owner is None else owner
    for field in dataclasses.fields(instance):
        check_value(owner, field.name, getattr(instance, field.name), field.metadata)
