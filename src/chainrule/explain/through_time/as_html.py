"""The steps of a recurrent layer in HTML: a strip lit by what each adds, a table of its gates, and a plot of the product."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from chainrule.explain.notation import figure, mathml
from chainrule.explain.through_time.parts import Unrolled
from chainrule.explain.through_time.rows import heads, lines, logs, numbers, shown

# So many steps are told apart when one is pointed at.
_POINTED = 60
_WIDTH, _HEIGHT = 560, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 16, 14, 40


def strip(unrolled: Unrolled) -> str:
    """Return the steps side by side, each as bright as what it adds to the derivative."""
    moments = sorted(unrolled.moments, key=lambda moment: moment.at)
    most = max((abs(moment.adds) for moment in moments), default=0.0) or 1.0
    cells = []
    for moment in moments:
        share = abs(moment.adds) / most
        is_there = moment.there or moment.adds != 0
        kind = "cr-none" if not is_there else "cr-up" if moment.adds >= 0 else "cr-down"
        value = figure(moment.adds, 3) if is_there else "padding"
        cells.append(
            f"<li class='{kind}' data-step='{moment.at}' style='--lit:{share:.3f};--at:{at(unrolled, moment.at):.3f}' "
            f"title='step {moment.at}: {value}'><b>{moment.at}</b><span>{value}</span></li>"
        )
    arrow = "←" if _is_reversed(unrolled) else "→"
    return (
        f"{_pointing(unrolled)}<p class='cr-soft'>What the use at each step adds, over all rows ({arrow} as "
        f"{escape(unrolled.layer)} reads):</p><ol class='cr-strip{' cr-many' if len(cells) > 16 else ''}'>{''.join(cells)}</ol>"
    )


def at(unrolled: Unrolled, step: int) -> float:
    """Return how late a step is, from 0 to 1: its colour."""
    last = max((moment.at for moment in unrolled.moments), default=0)
    return step / last if last else 0.0


def table(unrolled: Unrolled, solution: bool, blank: str) -> Iterator[str]:
    """Yield the table of the steps and, with the solution, the plot of the product."""
    names = "".join(f"<th class='n'>{_inline(head)}</th>" for head in heads(unrolled))
    yield f"<div class='cr-scroll'><table class='cr-terms cr-steps'><tr><th class='n'>t</th>{names}</tr>"
    given = len(unrolled.columns)
    for moment in lines(unrolled):
        if moment is None:
            yield f"<tr><td class='n'>⋮</td><td colspan='{given + 3}'></td></tr>"
            continue
        if not moment.there:
            yield f"<tr><td class='n'>{moment.at}</td><td class='cr-soft' colspan='{given + 3}'>padding</td></tr>"
            continue
        cells = [shown(value) for value in numbers(moment)]
        if not solution:
            cells[given:] = [blank] * 3
        inside = "".join(f"<td class='n'>{cell}</td>" for cell in cells)
        yield f"<tr data-step='{moment.at}'><td class='n'>{chip(unrolled, moment.at)}{moment.at}</td>{inside}</tr>"
    yield "</table></div>"
    if solution and len(logs(unrolled)) > 1:
        yield plot(unrolled)


def chip(unrolled: Unrolled | None, step: int | None) -> str:
    """Return a spot in the colour of a step."""
    if unrolled is None or step is None:
        return ""
    return f"<i class='cr-chip' style='--at:{at(unrolled, step):.3f}'></i>"


def plot(unrolled: Unrolled) -> str:
    """Return ‖∂s[T]/∂s[t]‖ over the steps, on a scale of powers of ten, as SVG that takes the page's colours."""
    points = logs(unrolled)
    steps = sorted(points)
    low, high = math.floor(min(points.values())), math.ceil(max(points.values()))
    high = max(high, low + 1)
    first, last = steps[0], max(steps[-1], steps[0] + 1)

    def x(step: float) -> float:
        return _LEFT + (step - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _TOP + (high - value) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = []
    every = max(1, math.ceil((high - low) / 6))
    for power in range(high, low - 1, -every):
        parts.append(
            f"<line class='cr-grid' x1='{_LEFT}' x2='{_WIDTH - _RIGHT}' y1='{y(power):.1f}' y2='{y(power):.1f}'/>"
        )
        label = figure(10.0**power) if -4 < power < 5 else f"10<tspan dy='-5' font-size='9'>{power}</tspan>"
        parts.append(f"<text class='n' x='{_LEFT - 8}' y='{y(power) + 4:.1f}'>{label}</text>")
    marks = sorted({round(first + (last - first) * part / 8) for part in range(9)} & set(range(first, last + 1)))
    parts += [f"<text class='m' x='{x(step):.1f}' y='{_HEIGHT - _BOTTOM + 18}'>{step}</text>" for step in marks]
    line = " ".join(f"{x(step):.1f},{y(points[step]):.1f}" for step in steps)
    parts.append(f"<polyline class='cr-line' points='{line}'/>")
    if len(steps) <= _POINTED:
        parts += [
            f"<circle data-step='{step}' style='--at:{at(unrolled, step):.3f}' cx='{x(step):.1f}' cy='{y(points[step]):.1f}' "
            f"r='4'><title>step {step}: {figure(10 ** points[step], 3)}</title></circle>"
            for step in steps
        ]
    parts.append(f"<text class='m' x='{(_LEFT + _WIDTH - _RIGHT) / 2}' y='{_HEIGHT - 6}'>step t</text>")
    return (
        f"<figure class='cr-plot'><figcaption>How much of an error at the last step reaches step t: "
        f"{_inline(heads(unrolled)[-2])}, by powers of ten</figcaption>"
        f"<svg viewBox='0 0 {_WIDTH} {_HEIGHT}' role='img' aria-label='The product over the steps back'>{''.join(parts)}"
        "</svg></figure>"
    )


def _is_reversed(unrolled: Unrolled) -> bool:
    return len(unrolled.moments) > 1 and unrolled.moments[0].at > unrolled.moments[-1].at


def _pointing(unrolled: Unrolled) -> str:
    """The style that lights everything of the step that is pointed at."""
    steps = [moment.at for moment in unrolled.moments][:_POINTED]
    rules = ",".join(f".cr:has([data-step='{step}']:hover) :is(li,tr)[data-step='{step}']" for step in steps)
    return f"<style>{rules}{{background-color:var(--mark);outline:1px solid var(--accent)}}</style>" if steps else ""


def _inline(latex: str) -> str:
    return mathml(latex).replace('display="block"', 'display="inline"')
