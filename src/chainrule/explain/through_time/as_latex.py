"""The steps of a recurrent layer in LaTeX: a table with a bar for what is left of an error, by powers of ten."""

from __future__ import annotations

import math

from chainrule.explain.notation import latex_figure
from chainrule.explain.through_time.parts import Unrolled
from chainrule.explain.through_time.rows import heads, lines, logs, numbers

_BAR = 22.0


def table(unrolled: Unrolled, solution: bool, blank: str) -> str:
    """Return a table with a line for each step."""
    powers = logs(unrolled)
    low, high = min(powers.values(), default=0.0), max(powers.values(), default=0.0)
    given, rows = len(unrolled.columns), []
    for moment in lines(unrolled):
        if moment is None:
            rows.append(r"$\vdots$ \\")
        elif not moment.there:
            rows.append(rf"${moment.at}$ & \multicolumn{{{given + 3}}}{{l}}{{padding}} & \\")
        else:
            cells = ["" if math.isnan(value) else f"${latex_figure(value, 3)}$" for value in numbers(moment)]
            if not solution:
                cells[given:] = [blank] * 3
            power = powers.get(moment.at)
            share = 1.0 if high == low or power is None else (power - low) / (high - low)
            bar = rf"\rule{{{1 + share * (_BAR - 1):.1f}mm}}{{1.6mm}}" if solution and power is not None else ""
            rows.append(rf"${moment.at}$ & {' & '.join(cells)} & {bar} \\")
    names = " & ".join(f"${head}$" for head in heads(unrolled))
    columns = "r" * (given + 4)
    return "\n".join(
        [
            rf"{{\footnotesize \begin{{longtable}}{{{columns}l}}",
            rf"$t$ & {names} & \\ \hline \endhead",
            *rows,
            r"\end{longtable}}",
        ]
    )
