"""Arithmetic that comes out: products and differences printed with as many digits as their printed result needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from chainrule.explain.notation import bracketed, latex_figure

# What is printed with so many digits, as LaTeX, and the number that somebody gets who computes just that.
Writing = Callable[[int], tuple[str, float]]

# A float64 has no more.
_MOST = 17
# A difference that needs longer numbers than this is told by its own value.
_READABLE = 9


def printed(value: float, digits: int) -> float:
    """Return the number that is read where `value` is printed with so many digits."""
    return float(f"{value:.{digits}g}")


def exact(write: Writing, result: float, digits: int = 4) -> str:
    """Return what is written with the fewest digits whose value is the result, as it is printed with `digits`."""
    text = ""
    for more in range(digits, _MOST + 1):
        text, value = write(more)
        # Not on the very edge between two results, where it depends on the order of the steps.
        if {latex_figure(value * near, digits) for near in (1 - 1e-12, 1 + 1e-12)} == {latex_figure(result, digits)}:
            break
    return text


def factor(value: float) -> Writing:
    """Return how a number is written as a factor."""
    return lambda digits: (bracketed(value, digits), printed(value, digits))


def difference(a: float, b: float, true: float) -> Writing:
    """Return how (a - b) is written as a factor; where both print alike though they differ, by its own value."""

    def write(digits: int) -> tuple[str, float]:
        return f"({latex_figure(a, digits)} - {bracketed(b, digits)})", printed(a, digits) - printed(b, digits)

    return readable(write, true)


def readable(write: Writing, true: float) -> Writing:
    """Return a writing that gives `true` to the digits that are asked for: `write` with more of them, or its own value."""

    def written(digits: int) -> tuple[str, float]:
        for more in range(digits, max(digits, _READABLE) + 1):
            text, value = write(more)
            if abs(value - true) <= 0.5 * 10.0**-digits * abs(true):
                return text, value
        return factor(true)(digits)

    return written


def times(factors: Sequence[Writing], result: float) -> str:
    """Return a product whose printed factors make the printed result."""

    def write(digits: int) -> tuple[str, float]:
        parts = [one(digits) for one in factors]
        return r" \cdot ".join(text for text, _ in parts), math.prod(value for _, value in parts)

    return exact(write, result)


def plus(summands: Sequence[tuple[str, float, str]], result: float) -> str:
    """Return a sum whose printed summands make the printed result; each is a value between what stands around it."""
    return exact(lambda digits: summed(summands, digits), result)


def summed(summands: Sequence[tuple[str, float, str]], digits: int) -> tuple[str, float]:
    """Return a sum with so many digits, and the value of what is printed."""
    texts = []
    for before, value, after in summands:
        inside = bracketed(value, digits) if before else latex_figure(value, digits)
        texts.append(f"{before}{inside}{after}")
    joined = texts[0] + "".join(f" - {s[1:]}" if s.startswith("-") else f" + {s}" for s in texts[1:])
    return joined, math.fsum(printed(value, digits) for _, value, _ in summands)
