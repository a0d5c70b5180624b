"""Rows: the steps of a recurrent layer as the lines of a table, and how large each is, for every renderer."""

from __future__ import annotations

import math
from collections.abc import Iterator

from chainrule.explain.notation import figure
from chainrule.explain.through_time.parts import Moment, Unrolled

# A table of more lines is cut in the middle.
_LINES = 24


def heads(unrolled: Unrolled) -> tuple[str, ...]:
    """Return what the columns behind the step are, as LaTeX."""
    state = unrolled.state
    now, before, last = (rf"{state}_{{{t}}}" for t in ("t", "t'", "T"))
    return (
        *unrolled.columns,
        rf"\|\partial {now} / \partial {before}\|",
        rf"\|\partial {last} / \partial {now}\|",
        r"\text{adds}",
    )


def lines(unrolled: Unrolled) -> Iterator[Moment | None]:
    """Yield the steps to show, in the order in which they are read; None where some are left out."""
    moments = unrolled.moments
    if len(moments) <= _LINES:
        yield from moments
        return
    yield from moments[: _LINES // 2]
    yield None
    yield from moments[-_LINES // 2 :]


def numbers(moment: Moment) -> tuple[float, ...]:
    """Return a step's numbers, as `heads` has them."""
    return (*moment.values, moment.factor, moment.product, moment.adds)


def shown(value: float) -> str:
    """Return a number of the table: nothing where there is none."""
    return "" if math.isnan(value) else figure(value, 3)


def logs(unrolled: Unrolled) -> dict[int, float]:
    """Return log₁₀ of each step's product; of 0, as if it were the smallest number there is."""
    found = {m.at: m.product for m in unrolled.moments if not math.isnan(m.product)}
    return {at: math.log10(max(value, 1e-300)) for at, value in found.items() if math.isfinite(value)}
