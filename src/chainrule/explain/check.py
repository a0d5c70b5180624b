"""Check: a derivative by hand beside the one by number, and the verdict on the two, in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from chainrule.explain.notation import figure
from chainrule.explain.slope import SAFETY, TOLD, Slope

Verdict = Literal["agrees", "differs", "cannot be told"]


@dataclass(frozen=True)
class Check:
    """The derivative by hand beside the derivative by number.

    Attributes
    ----------
    analytic : float
        What the library computes.
    numeric, error : float
        The slope of the cost as it was measured, and how far from the true one it may be.
    step : float
        How far from the weight the cost was looked at.
    verdict : str
        `agrees`: as far as the error bar reaches, which is two digits at least. `differs`: by more than the error bar.
        `cannot be told`: there is a kink, or the derivative is too small beside the rounding of the cost.
    why : str
        Of a verdict that goes without an explanation, nothing.
    sides : (float, float) or None
        The slopes below and above the weight where there is a kink; `numeric` is then their mean.
    """

    analytic: float
    numeric: float
    error: float
    step: float
    verdict: Verdict
    why: str = ""
    sides: tuple[float, float] | None = None

    @property
    def agrees(self) -> bool:
        """Whether the two are equal as far as can be measured, and it can."""
        return self.verdict == "agrees"

    @property
    def relative_error(self) -> float | None:
        """|analytic - numeric| / the larger of the two; None where neither is told from 0, or nothing was measured."""
        largest = max(abs(self.analytic), abs(self.numeric))
        if not math.isfinite(self.error) or largest <= self.error:
            return None
        return abs(self.analytic - self.numeric) / largest

    @property
    def measured(self) -> str:
        """The slope with its error bar, to the digits that are known, and one more."""
        if self.sides is not None:
            below, above = self.sides
            return f"{figure(below, 6)} below, {figure(above, 6)} above"
        return with_error(self.numeric, self.error)

    @property
    def sentence(self) -> str:
        """The verdict with its reason."""
        return f"{self.verdict}: {self.why}" if self.why else self.verdict

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "analytic": self.analytic,
            "numeric": self.numeric,
            "error": self.error,
            "step": self.step,
            "relative_error": self.relative_error,
            "measured": self.measured,
            "verdict": self.verdict,
            "why": self.why,
            "agrees": self.agrees,
        }


def judged(derived: float, slope: Slope, size: float = 1.0, least: float = 0.0, slack: float = 0.0) -> Check:
    """Return the verdict on a derivative.

    Parameters
    ----------
    size : float
        Of the number that is derived by.
    least : float
        The rounding of the terms that the cost is made of, however small the cost itself is.
    slack : float
        By how much the derivative itself may be rounded.
    """
    largest, apart = max(abs(derived), abs(slope.value)), abs(derived - slope.value)
    # What the terms are rounded by may not show in a cost that stands still between two of its stairs.
    error = slope.error + slack + (least / (4 * slope.step) if slope.step else 0.0)
    is_told = slope.value != 0 and error <= TOLD * abs(slope.value)
    noise = max(slope.rounding, least)
    verdict: Verdict = "cannot be told"
    why = "the cost, or a part of it, has a kink at this very value"
    if not (math.isfinite(error) and math.isfinite(derived)):
        why = "the cost or its derivative is not a finite number here"
    elif slope.sides is not None:
        pass
    elif largest and apart <= error <= TOLD * largest:
        verdict, why = "agrees", ""
    elif apart > error and (is_told or largest > SAFETY * least / (slope.step or 1.0)):
        verdict, why = (
            "differs",
            f"they are {figure(apart, 3)} apart, and ± {figure(error, 2)} is all that rounding explains",
        )
    elif abs(derived) * size <= noise and abs(slope.value) <= max(error, noise / size):
        verdict, why = "agrees", "both are zero, as far as the rounding of the cost lets it be measured"
    else:
        why = (
            f"the derivative is too small: the cost is rounded by about {figure(noise, 1)}, and with its rounding "
            f"no slope is known better than to ± {figure(max(error, SAFETY * noise / (slope.step or 1.0)), 2)}"
        )
    return Check(derived, slope.value, error, slope.step, verdict, why, slope.sides)


def how_measured(check: Check) -> str:
    """Return in a sentence how the slope was measured."""
    if not check.step:
        return "The slope of the cost could not be measured."
    return (
        f"The slope of the cost, from values of it that are up to {figure(4 * check.step, 2)} away; ± is what rounding and "
        "curvature may add."
    )


def with_error(value: float, error: float) -> str:
    """Return a number with its error bar: 0.0028829 ± 3·10⁻¹²."""
    if not math.isfinite(error):
        return figure(value)
    known = 12
    if error > 0 and value:
        known = max(2, min(12, math.floor(math.log10(abs(value))) - math.floor(math.log10(error)) + 2))
    return f"{figure(value, known)} ± {figure(error, 1)}"
