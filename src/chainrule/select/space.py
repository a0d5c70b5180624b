"""Spaces: what a search may try of each setting, on a log scale unless there is a reason against it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from chainrule.constraints import Range
from chainrule.errors import ConfigError

# How near the end of its span the best value must be, in shares of it, to be called at the edge.
_EDGE = 0.05


@dataclass(frozen=True)
class Span:
    """Numbers from `low` to `high`.

    Parameters
    ----------
    log : bool, optional
        Whether each factor of ten is as likely as the next; by default wherever `low` is above 0, as the course
        advises: who has tried 0.1 need not try 0.09.
    whole : bool
        Whole numbers alone.
    """

    low: float
    high: float
    log: bool | None = None
    whole: bool = False

    def __post_init__(self) -> None:
        """Check the ends, and settle the scale."""
        finite = all(Range(float).accepts(end) for end in (self.low, self.high))
        if not finite or not self.low < self.high:
            raise ConfigError(
                "a span from a lower to a higher number", f"{self.low} to {self.high}", "Write low..high: 1e-4..1e-1."
            )
        if self.log and self.low <= 0:
            raise ConfigError("a low end above 0 on a log scale", f"{self.low}", "Start above 0, or set log=False.")
        object.__setattr__(self, "log", self.low > 0 if self.log is None else self.log)

    @property
    def first(self) -> Any:
        """A value of the span."""
        return int(self.low) if self.whole else float(self.low)

    @property
    def last(self) -> Any:
        """The other end of the span."""
        return int(self.high) if self.whole else float(self.high)

    def suggest(self, trial: Any, name: str) -> Any:
        """Ask a trial of Optuna for a value."""
        if self.whole:
            return trial.suggest_int(name, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    def value(self, suggested: Any) -> Any:
        """Return the setting that a stored suggestion stands for."""
        return suggested

    def place(self, value: Any) -> float:
        """Return where a value lies, 0 at the low end and 1 at the high one."""
        scale = math.log if self.log else float
        return (scale(value) - scale(self.low)) / (scale(self.high) - scale(self.low))

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Places with what is written there: the ends, and each power of ten between them."""
        values = [self.low, self.high]
        if self.log:
            values += [10.0**k for k in range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)]
        return [(self.place(value), f"{value:.3g}") for value in sorted(set(values))]

    def advice(self, name: str, best: Any) -> str:
        """Return a warning where the best value is at an edge; else an empty text."""
        place = self.place(best)
        if _EDGE < place < 1 - _EDGE or (place < 0.5 and self.low == 0):
            return ""
        if self.log:
            beyond = self.low / 10 if place < 0.5 else self.high * 10
        else:
            beyond = self.low - (self.high - self.low) if place < 0.5 else self.high + (self.high - self.low)
        down = "down" if place < 0.5 else "up"
        return (
            f"The best {name}, {best:.3g}, is at the edge of what was tried ({self.low:.3g} to {self.high:.3g}): "
            f"search {down} to {beyond:.3g}."
        )

    def __str__(self) -> str:
        """Return the span in words."""
        kind = ", whole" if self.whole else ""
        return f"{self.low:g} to {self.high:g}{', log scale' if self.log else ''}{kind}"


@dataclass(frozen=True)
class Choice:
    """One of a few values of any kind."""

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        """Check that there is something to choose."""
        object.__setattr__(self, "values", tuple(self.values))
        if len({_label(value) for value in self.values}) < 2:
            raise ConfigError("two or more different values to choose from", f"{self.values}", "Write a|b|c.")

    @property
    def first(self) -> Any:
        """One of the values."""
        return self.values[0]

    @property
    def last(self) -> Any:
        """Another of the values."""
        return self.values[-1]

    def suggest(self, trial: Any, name: str) -> Any:
        """Ask a trial of Optuna for a value; its storage holds texts, and no lists."""
        return self.value(trial.suggest_categorical(name, [_label(value) for value in self.values]))

    def value(self, suggested: Any) -> Any:
        """Return the setting that a stored suggestion stands for."""
        return next(value for value in self.values if _label(value) == suggested)

    def place(self, value: Any) -> float:
        """Return where a value lies among the others, from 0 to 1."""
        return [_label(item) for item in self.values].index(_label(value)) / (len(self.values) - 1)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """The place of each value, with its name."""
        return [(self.place(value), _label(value)) for value in self.values]

    def advice(self, name: str, best: Any) -> str:
        """Values without an order have no edge."""
        return ""

    def __str__(self) -> str:
        """Return the values."""
        return " | ".join(_label(value) for value in self.values)


Dimension: TypeAlias = Span | Choice
Space: TypeAlias = Mapping[str, Dimension]


def shown(value: Any) -> str:
    """Return a setting as people read it."""
    return f"{value:.4g}" if isinstance(value, float) else _label(value)


def _label(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(map(str, value)) or "0"
    return str(value)
