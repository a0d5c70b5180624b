"""The steps of a recurrent layer for the terminal: a table, and a bar for what is left of an error on a scale of powers of ten."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.explain.notation import plain
from chainrule.explain.through_time.parts import Unrolled
from chainrule.explain.through_time.rows import heads, lines, logs, numbers, shown

_BAR = 16


def table(unrolled: Unrolled) -> Iterator[str]:
    """Yield a line for each step, with its gates, the factor of one step back, the product and what it adds."""
    powers = logs(unrolled)
    low, high = min(powers.values(), default=0.0), max(powers.values(), default=0.0)
    rows = [["t", *(plain(head) for head in heads(unrolled))]]
    bars = [""]
    for moment in lines(unrolled):
        if moment is None:
            rows.append(["⋮"] + [""] * (len(rows[0]) - 1))
        elif not moment.there:
            rows.append([str(moment.at), "padding"] + [""] * (len(rows[0]) - 2))
        else:
            rows.append([str(moment.at), *(shown(value) for value in numbers(moment))])
        power = None if moment is None else powers.get(moment.at)
        share = 1.0 if high == low or power is None else (power - low) / (high - low)
        bars.append("" if power is None or not moment or not moment.there else "█" * (1 + round(share * (_BAR - 1))))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    yield ""
    for row, bar in zip(rows, bars, strict=True):
        yield "    " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) + f"  {bar}"
    if high - low > 0:
        yield ""
        yield f"    The bars are {plain(heads(unrolled)[-2])}, by powers of ten: from {10**low:.3g} to {10**high:.3g}."
