"""Pictures of what a model does with the rows of a table: which columns matter, what they do, and how far to trust it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from chainrule.figures import figure as written
from chainrule.inspection import Calibration, Dependence, Importance, Segments
from chainrule.report.plots import BLUE, CLASS_COLOURS, GREY, INK, ORANGE, RED, short, svg
from chainrule.report.ticks import as_dates

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BARS = 15
_MOST_LINES = 40
_ACROSS = 3
_MOST_SEGMENTS = 18
_MOST_DOTS = 4000


def importance_bars(found: Importance, unit: str) -> str:
    """Return how much dearer the answers get by shuffling each column, with intervals."""
    n = min(len(found.names), MOST_BARS)
    values, low, high = (part[:n][::-1] for part in (found.increase, found.low, found.high))

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        # A column that tells nothing may come out a little below 0, by chance.
        colours = [BLUE if bottom > 0 else GREY for bottom in low]
        ax.barh(range(n), values, color=colours, height=0.62, alpha=0.85)
        ax.hlines(range(n), low, high, color=INK, lw=1.1)
        ax.axvline(0, color=GREY, lw=0.9)
        ax.set_yticks(range(n), [short(name, 32) for name in found.names[:n][::-1]])
        ax.set_xlabel(f"{found.cost} added by shuffling the column" + (f", in {short(unit, 24)}" if unit else ""))
        ax.grid(visible=False, axis="y")
        ax.tick_params(axis="y", length=0)

    return svg((8.4, 1.0 + 0.3 * n), draw, "How much each column matters: what shuffling it adds to the cost")


def dependence_panels(found: Sequence[Dependence], label: str, classes: Sequence[str]) -> str:
    """Return what each column does to the answer: the mean as a heavy line, single rows as thin ones."""
    down = math.ceil(len(found) / _ACROSS)
    several = bool(found) and len(found[0].average) > 1
    lines = [*(one.average for one in found), *(_few(one.individual) for one in found)]
    ends = [value for part in lines if part.size for value in (part.min(), part.max())]
    margin = 0.04 * (max(ends) - min(ends) or 1.0)

    def draw(figure: Figure) -> None:
        axes = figure.subplots(down, _ACROSS, squeeze=False).ravel()
        for ax in axes[len(found) :]:
            ax.set_visible(False)
        named: set[int] = set()
        for i, (ax, one) in enumerate(zip(axes, found, strict=False)):
            ends_of_answer = (min(ends) - margin, max(ends) + margin)
            if one.kind in ("numeric", "date"):
                _curve(ax, one)
                ax.set_ylim(*ends_of_answer)
                _rug(ax, one)
                # Once in each row of panels.
                if i // _ACROSS not in named:
                    ax.set_ylabel(label)
                named.add(i // _ACROSS)
            else:
                _dots(ax, one)
                ax.set_xlim(*ends_of_answer)
                ax.set_xlabel(label)
            ax.set_title(short(one.name, 30))
        if several:
            handles, _ = axes[0].get_legend_handles_labels()
            names = [short(classes[k], 20) for k in found[0].shown]
            figure.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False, fontsize=9)

    return svg((10.6, 2.75 * down + 0.3 * several), draw, "What each of the strongest columns does to the answer")


def _few(individual: np.ndarray) -> np.ndarray:
    rows = np.linspace(0, len(individual) - 1, min(_MOST_LINES, len(individual))).astype(int)
    few: np.ndarray = individual[rows]
    return few


def _colour(one: Dependence, i: int) -> str:
    return CLASS_COLOURS[one.shown[i] % len(CLASS_COLOURS)] if len(one.average) > 1 else BLUE


def _curve(ax: Axes, one: Dependence) -> None:
    for line in _few(one.individual):
        ax.plot(one.values, line, color=GREY, lw=0.6, alpha=0.35)
    for i, line in enumerate(one.average):
        ax.plot(one.values, line, color=_colour(one, i), lw=2.4, label=str(i))
    if one.kind == "date":
        as_dates(ax.xaxis)


def _rug(ax: Axes, one: Dependence) -> None:
    """Mark the tenths of the rows at the foot: where they are rare, the line is a guess."""
    inside = one.seen[(one.seen >= one.values[0]) & (one.seen <= one.values[-1])]
    if len(inside):
        marks = np.unique(np.quantile(inside, np.linspace(0, 1, 11), method="nearest"))
        ax.plot(marks, np.zeros(len(marks)), "|", color=INK, ms=7, transform=ax.get_xaxis_transform(), clip_on=False)


def _dots(ax: Axes, one: Dependence) -> None:
    order = np.argsort(one.average[0], kind="stable")
    places = np.arange(len(order))
    if one.individual.size:
        low, high = np.quantile(one.individual, [0.1, 0.9], axis=0)
        ax.hlines(places, low[order], high[order], color=GREY, lw=4, alpha=0.3)
    for i, line in enumerate(one.average):
        ax.plot(line[order], places, "o", color=_colour(one, i), ms=6, label=str(i))
    ax.set_yticks(places, [short(one.values[j], 18) for j in order], fontsize=8.5)
    ax.margins(y=0.08)


def calibration_panels(found: Calibration, said: np.ndarray, came: np.ndarray, label: str) -> str:
    """Return the share that came true against the probability that was given, and how often each was given."""

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        left.plot([0, 1], [0, 1], color=GREY, lw=1, ls="--")
        left.vlines(found.said, found.low, found.high, color=BLUE, lw=1.6, alpha=0.6)
        left.plot(found.said, found.came, "o-", color=BLUE, lw=1.2, ms=6)
        left.set_xlim(-0.02, 1.02)
        left.set_ylim(-0.02, 1.02)
        left.set_xlabel(label)
        left.set_ylabel("share that came true")
        left.set_title("said and come true (dashed: equal)")
        bins = np.linspace(0, 1, 26)
        right.hist(
            [said[came], said[~came]], bins=bins, stacked=True, color=[BLUE, ORANGE], label=["came true", "did not"]
        )
        right.set_xlabel(label)
        right.set_title("rows by what was said")
        right.legend(frameon=False, fontsize=8.5, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)

    return svg((10.2, 3.6), draw, "Calibration: probabilities that were given against what came true")


def residual_panels(truth: np.ndarray, predicted: np.ndarray, name: str, time: tuple[str, np.ndarray] | None) -> str:
    """Return predicted against true values, and the errors against the prediction and against time, with their middle."""
    rows = np.unique(np.linspace(0, len(truth) - 1, min(len(truth), _MOST_DOTS)).astype(int))
    error = predicted - truth

    def scatter(ax: Axes, x: np.ndarray, y: np.ndarray) -> None:
        size = 14 if len(rows) < 400 else 6
        ax.scatter(x[rows], y[rows], s=size, alpha=0.45, color=BLUE, edgecolors="none", rasterized=len(rows) > 1500)

    def draw(figure: Figure) -> None:
        axes = figure.subplots(*((1, 3) if time is None else (2, 2))).ravel()
        scatter(axes[0], truth, predicted)
        ends = [min(truth.min(), predicted.min()), max(truth.max(), predicted.max())]
        axes[0].plot(ends, ends, color=INK, lw=1, ls="--")
        axes[0].set_xlabel(f"true {short(name, 28)}")
        axes[0].set_ylabel("predicted")
        axes[0].set_title("predicted and true (dashed: equal)")
        scatter(axes[1], predicted, error)
        _running(axes[1], predicted, error)
        axes[1].set_xlabel(f"predicted {short(name, 28)}")
        axes[1].set_title("error, predicted − true")
        axes[2].hist(error, bins=min(50, max(10, len(truth) // 8)), color=BLUE)
        axes[2].axvline(0, color=INK, lw=1, ls="--")
        axes[2].set_title("how often which error")
        if time is not None:
            known = np.isfinite(time[1])
            axes[3].scatter(time[1][known], error[known], s=6, alpha=0.45, color=BLUE, edgecolors="none")
            _running(axes[3], time[1][known], error[known])
            as_dates(axes[3].xaxis)
            axes[3].set_title(f"error by {short(time[0], 24)}")

    return svg(
        (10.8, 3.4 if time is None else 6.6),
        draw,
        "Predictions, and their errors by prediction" + (" and by time" if time else ""),
    )


def _running(ax: Axes, x: np.ndarray, error: np.ndarray) -> None:
    """Draw the middle of the errors, and the half of them around it, along x."""
    ax.axhline(0, color=INK, lw=1, ls="--")
    if len(x) < 40:
        return
    groups = np.array_split(np.argsort(x, kind="stable"), int(np.clip(len(x) // 30, 4, 20)))
    middle = [float(np.median(x[group])) for group in groups]
    low, half, high = np.array([np.quantile(error[group], [0.25, 0.5, 0.75]) for group in groups]).T
    ax.fill_between(middle, low, high, color=RED, alpha=0.18, lw=0)
    ax.plot(middle, half, color=RED, lw=1.8)


def segment_rows(found: Segments) -> str:
    """Return the figure of each segment with its interval beside that of all rows, the worst above."""
    sign = 1 if found.metric == "accuracy" else -1
    shown = sorted(found.found, key=lambda one: sign * one.value)[:_MOST_SEGMENTS][::-1]
    n = len(shown)

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        ax.axvline(found.whole, color=GREY, lw=1, ls="--")
        for i, one in enumerate(shown):
            colour = RED if one is found.worst else BLUE
            ax.hlines(i, one.low, one.high, color=colour, lw=1.6, alpha=0.6)
            ax.plot(one.value, i, "o", color=colour, ms=6)
        ax.set_yticks(range(n), [f"{short(one.column, 22)} = {short(one.level, 22)} ({one.n:,})" for one in shown])
        ax.set_xlabel(f"{found.metric} (dashed: all rows, {written(found.whole)})")
        ax.grid(visible=False, axis="y")
        ax.tick_params(axis="y", length=0)

    return svg((9.4, 1.0 + 0.29 * n), draw, f"{found.metric} of each segment with its interval")
