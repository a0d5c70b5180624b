"""Reshaping: a heavy-tailed target on a scale where its values lie closer together, and the way back, which cannot explode."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

import numpy as np

from chainrule.encode.scaling import normal_knots, read_off, robust
from chainrule.errors import ModelFileError

# Of powers that are tried. Beyond them the way back is so steep that rounding decides.
_POWERS = (-2.0, 2.0)
RESHAPINGS = ("none", "power", "quantile")


class Reshaping(Protocol):
    """A rising map g of a target's values, and back."""

    kind: ClassVar[str]

    def forward(self, values: np.ndarray) -> np.ndarray:
        """Return g(v) (N,)."""

    def back(self, reshaped: np.ndarray) -> np.ndarray:
        """Return the v of which g(v) is `reshaped`, within the values that were seen."""

    def describe(self, name: str) -> str:
        """Return g in words."""

    def to_json(self) -> dict[str, Any]:
        """Return the kind and the numbers."""


@dataclass(frozen=True)
class Power:
    """g(v) = ((u + o)^λ - 1) / λ with u = v / s, or log(u + o) where λ = 0; below zero of u its mirror image for 2 - λ.

    Of values above 0 the offset o is 0 (Box & Cox, 1964, An analysis of transformations, eq. 1); of others it is 1 (Yeo &
    Johnson, 2000, A new family of power transformations, eq. 2.1), and only then is there a mirror image.

    Attributes
    ----------
    power : float
        λ, the most likely one if g(v) were normal.
    unit : float
        s, which makes λ the same whatever the values are measured in.
    offset : float
        o.
    low, high : float
        Least and largest value that was seen.
    """

    power: float
    unit: float
    offset: float
    low: float
    high: float
    kind: ClassVar[str] = "power"

    @classmethod
    def fit(cls, values: np.ndarray) -> Power:
        """Find the most likely power."""
        from scipy.optimize import minimize_scalar
        from scipy.stats import boxcox_llf, yeojohnson_llf

        low, high = float(values.min()), float(values.max())
        is_positive = low > 0
        # Of positive values the shape does not depend on the unit; the median keeps the numbers small.
        unit = float(np.median(values)) if is_positive else robust(values)[1]
        likelihood = boxcox_llf if is_positive else yeojohnson_llf
        with np.errstate(all="ignore"):
            found = minimize_scalar(
                lambda power: -_finite(likelihood(power, values / unit)), bounds=_POWERS, method="bounded"
            )
        return cls(float(found.x), unit, 0.0 if is_positive else 1.0, low, high)

    @property
    def is_sound(self) -> bool:
        """Whether it is a map that `fit` could have found."""
        in_range = _POWERS[0] <= self.power <= _POWERS[1] and self.unit > 0 and self.low < self.high
        return in_range and (self.offset == 1 or (self.offset == 0 and self.low > 0))

    def forward(self, values: np.ndarray) -> np.ndarray:
        """g(v); what lies outside the values seen is drawn in to them, where g is sure to be defined."""
        u = np.clip(values, self.low, self.high) / self.unit
        if self.offset == 0:
            return _power(u, self.power)
        above = _power(np.maximum(u, 0) + 1, self.power)
        below = -_power(np.maximum(-u, 0) + 1, 2 - self.power)
        return np.where(u >= 0, above, below)

    def back(self, reshaped: np.ndarray) -> np.ndarray:
        """v, of g(v) drawn in to what was seen: beyond it there may be no v, or one of any size."""
        ends = self.forward(np.array([self.low, self.high]))
        g = np.clip(reshaped, *ends)
        # Near the ends of a steep map 1 + λ g rounds to 0, whose root is infinite: the bounds are for that.
        with np.errstate(divide="ignore", over="ignore"):
            if self.offset == 0:
                u = _root(g, self.power)
            else:
                above = _root(np.maximum(g, 0), self.power) - 1
                below = 1 - _root(np.maximum(-g, 0), 2 - self.power)
                u = np.where(g >= 0, above, below)
            values = np.clip(u * self.unit, self.low, self.high)
        # At the ends exactly what was seen, whatever is rounded on the way.
        inside = np.where(reshaped <= ends[0], self.low, values)
        return np.where(reshaped >= ends[1], self.high, inside)

    def describe(self, name: str) -> str:
        """`price to the power of 0.12`."""
        shift = f" + {self.offset:g}" if self.offset else ""
        return f"{name} / {self.unit:.4g}{shift} to the power of {self.power:.3g}"

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return {"kind": self.kind} | {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True)
class Quantile:
    """Values as normal deviates by their rank: lines between `knots` (values) and `heights` (deviates).

    The least and the largest value seen are the outermost knots.
    """

    knots: tuple[float, ...]
    heights: tuple[float, ...]
    kind: ClassVar[str] = "quantile"

    @classmethod
    def fit(cls, values: np.ndarray) -> Quantile:
        """Find the knots."""
        knots, heights = normal_knots(values)
        low, high = float(values.min()), float(values.max())
        # What lies beyond the outermost quantiles goes on as steeply as the line before, so that the way back is a line.
        if len(knots) > 1:
            first = (heights[1] - heights[0]) / (knots[1] - knots[0])
            last = (heights[-1] - heights[-2]) / (knots[-1] - knots[-2])
            if low < knots[0]:
                knots, heights = [low, *knots], [heights[0] - min(1.0, first * (knots[0] - low)), *heights]
            if high > knots[-1]:
                knots, heights = [*knots, high], [*heights, heights[-1] + min(1.0, last * (high - knots[-1]))]
        return cls(tuple(knots), tuple(heights))

    def forward(self, values: np.ndarray) -> np.ndarray:
        """g(v), along the lines."""
        return read_off(values, list(self.knots), list(self.heights))

    def back(self, reshaped: np.ndarray) -> np.ndarray:
        """v, along the same lines; beyond the outermost knots it stays."""
        return read_off(reshaped, list(self.heights), list(self.knots))

    def describe(self, name: str) -> str:
        """`price as a normal deviate, by 12 quantiles`."""
        return f"{name} as a normal deviate, by {len(self.knots)} quantiles"

    def to_json(self) -> dict[str, Any]:
        """Return knots and heights."""
        return {"kind": self.kind, "knots": list(self.knots), "heights": list(self.heights)}


def fit_reshaping(values: np.ndarray, kind: str) -> Reshaping | None:
    """Return the map of a kind, measured on training values; None for `none`."""
    if kind == Power.kind:
        return Power.fit(values)
    return Quantile.fit(values) if kind == Quantile.kind else None


def reshaping_from_json(data: Any) -> Reshaping:
    """Return the map that `to_json` described, or raise ModelFileError."""
    kind = data.get("kind") if isinstance(data, dict) else None
    if kind == Power.kind and set(data) == {"kind", *(f.name for f in fields(Power))}:
        numbers = {name: value for name, value in data.items() if name != "kind"}
        if all(isinstance(value, float) and math.isfinite(value) for value in numbers.values()):
            power = Power(**numbers)
            if power.is_sound:
                return power
    if kind == Quantile.kind and set(data) == {"kind", "knots", "heights"}:
        lists = [data["knots"], data["heights"]]
        if all(isinstance(one, list) and _rises(one) for one in lists) and len(lists[0]) == len(lists[1]) > 1:
            return Quantile(tuple(lists[0]), tuple(lists[1]))
    raise ModelFileError("a target's power or quantiles", f"{data!r:.80}", "The model file is damaged.")


def _rises(numbers: list[Any]) -> bool:
    finite = all(isinstance(value, float) and math.isfinite(value) for value in numbers)
    return finite and all(a < b for a, b in itertools.pairwise(numbers))


def _power(u: np.ndarray, power: float) -> np.ndarray:
    """(u^λ - 1) / λ, which is log u at λ = 0: by expm1, whose digits stay near it."""
    logs: np.ndarray = np.log(u)
    return np.expm1(power * logs) / power if power else logs


def _root(g: np.ndarray, power: float) -> np.ndarray:
    """(λ g + 1)^(1 / λ), or e^g at λ = 0."""
    root: np.ndarray = np.exp(np.log1p(power * g) / power) if power else np.exp(g)
    return root


def _finite(value: Any) -> float:
    number = float(value)
    return number if math.isfinite(number) else -math.inf
