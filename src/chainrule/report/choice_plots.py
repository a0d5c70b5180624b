"""Plots of choices: scores on folds, their differences, curves over one setting, and what a search tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.report.plots import BLUE, GREY, ORANGE, RED, short, svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def fold_scores(rows: Mapping[str, np.ndarray], metric: str, colours: Sequence[str] | None = None) -> str:
    """Return a line for each entry: every fold a dot, the mean a bar, its standard deviation beside it."""

    def picture(figure: Figure) -> None:
        ax = figure.subplots()
        for i, (scores, colour) in enumerate(zip(rows.values(), colours or [BLUE] * len(rows), strict=True)):
            y = len(rows) - 1 - i
            mean, std = scores.mean(), scores.std()
            ax.plot([mean - std, mean + std], [y, y], color=colour, lw=7, alpha=0.22, solid_capstyle="butt")
            ax.scatter(
                scores, y + _spread(len(scores)), s=26, color=colour, edgecolors="white", linewidths=0.6, zorder=3
            )
            ax.plot([mean, mean], [y - 0.3, y + 0.3], color=colour, lw=2.4, zorder=4)
            ax.annotate(
                f"{mean:.4f} ± {std:.4f}", (1.01, y), xycoords=("axes fraction", "data"), va="center", fontsize=9
            )
        ax.set_yticks(range(len(rows)), [short(name, 34) for name in rows][::-1])
        ax.set_ylim(-0.6, len(rows) - 0.4)
        ax.set_xlabel(short(metric, 30))
        ax.grid(visible=False, axis="y")

    return svg((9.6, 1.0 + 0.62 * len(rows)), picture, f"{metric} on each fold")


@dataclass(frozen=True)
class Difference:
    """A pair of models: its differences fold by fold, and both tests' intervals of their mean."""

    label: str
    values: np.ndarray
    corrected: tuple[float, float]
    plain: tuple[float, float]


def fold_differences(pairs: Sequence[Difference], metric: str, confidence: float) -> str:
    """Return each pair's differences as dots around their mean, with the corrected and the plain interval."""

    def picture(figure: Figure) -> None:
        ax = figure.subplots()
        for i, pair in enumerate(pairs):
            y = len(pairs) - 1 - i
            mean = float(pair.values.mean())
            first = i == 0
            ax.scatter(
                pair.values, y - 0.2 + 0.7 * _spread(len(pair.values)), s=20, color=GREY, alpha=0.6, edgecolors="none",
                label="difference on one fold" if first else None,
            )  # fmt: skip
            ax.plot(
                pair.corrected, [y + 0.26] * 2, color=BLUE, lw=4, solid_capstyle="butt",
                label=f"{confidence:.0%} interval, corrected" if first else None,
            )  # fmt: skip
            ax.plot(
                pair.plain, [y + 0.11] * 2, color=ORANGE, lw=4, solid_capstyle="butt",
                label="plain: too narrow" if first else None,
            )  # fmt: skip
            ax.plot([mean, mean], [y - 0.34, y + 0.36], color=BLUE, lw=2)
        ax.axvline(0, color="#20242a", lw=1)
        ax.set_yticks(range(len(pairs)), [short(pair.label, 44) for pair in pairs][::-1])
        ax.set_ylim(-0.6, len(pairs) - 0.4)
        ax.set_xlabel(f"difference in {short(metric, 30)}; right of 0 the first is better")
        ax.grid(visible=False, axis="y")
        ax.legend(frameon=False, fontsize=8.5, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)

    return svg((9.6, 1.5 + 0.8 * len(pairs)), picture, "Differences on each fold, and intervals of their mean")


def search_history(numbers: Sequence[int], scores: Sequence[float | None], metric: str) -> str:
    """Return the score of each trial in its order, and the best so far."""

    def picture(figure: Figure) -> None:
        ax = figure.subplots()
        done = [(n, score) for n, score in zip(numbers, scores, strict=True) if score is not None]
        x, y = np.array(done, float).T
        ax.scatter(x, y, s=28, color=BLUE, edgecolors="white", linewidths=0.6, label="trial", zorder=3)
        ax.step(x, np.maximum.accumulate(y), where="post", color=ORANGE, lw=1.8, label="best so far")
        early = [n for n, score in zip(numbers, scores, strict=True) if score is None]
        if early:
            low = [y.min() - 0.04 * (np.ptp(y) or 1.0)] * len(early)
            ax.scatter(early, low, marker="x", s=22, color=GREY, label="ended early")
        _from_the_best(ax, y)
        ax.set_xlabel("trial")
        ax.set_title(short(metric, 30))
        ax.legend(frameon=False, fontsize=8.5, loc="center left", bbox_to_anchor=(1.01, 0.5))

    return svg((9.6, 3.2), picture, "Score of each trial")


def importance(shares: Mapping[str, float]) -> str:
    """Return how much of the score's variance each setting explains, largest first."""

    def picture(figure: Figure) -> None:
        ax = figure.subplots()
        names = list(shares)[::-1]
        ax.barh(range(len(names)), [shares[name] for name in names], color=BLUE, height=0.62)
        for i, name in enumerate(names):
            ax.annotate(f" {shares[name]:.0%}", (shares[name], i), va="center", fontsize=9)
        ax.set_yticks(range(len(names)), [short(name, 30) for name in names])
        ax.set_xlim(0, 1.12 * max(shares.values()))
        ax.set_xlabel("share of the variance of the score")
        ax.grid(visible=False, axis="y")

    return svg((7.6, 1.0 + 0.4 * len(shares)), picture, "How much each setting matters")


@dataclass(frozen=True)
class Axis:
    """One setting of a search: where each trial lies from 0 to 1, and what to write at which places."""

    name: str
    places: np.ndarray
    ticks: Sequence[tuple[float, str]]


def parallel_coordinates(axes: Sequence[Axis], scores: np.ndarray, metric: str) -> str:
    """Return each trial as a line through its settings, coloured by its score; the best one is drawn heavily."""

    def picture(figure: Figure) -> None:
        from matplotlib import colormaps
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        ax = figure.subplots()
        shown = np.clip(scores, np.quantile(scores, 0.1), None)
        norm = Normalize(shown.min(), shown.max() if np.ptp(shown) > 0 else shown.min() + 1)
        x = np.arange(len(axes))
        for i in np.argsort(scores):
            best = i == scores.argmax()
            y = [axis.places[i] for axis in axes]
            colour = RED if best else colormaps["viridis"](norm(shown[i]))
            ax.plot(x, y, color=colour, lw=2.6 if best else 1.1, alpha=1 if best else 0.75, zorder=3 if best else 2)
        for i, axis in enumerate(axes):
            ax.axvline(i, color="#9aa0a8", lw=1)
            for place, text in axis.ticks:
                ax.annotate(
                    short(text, 12), (i, place), xytext=(-5, 0), textcoords="offset points", ha="right", va="center",
                    fontsize=8.5, color="#20242a", backgroundcolor=(1, 1, 1, 0.75), zorder=5,
                )  # fmt: skip
        ax.set_xticks(x, [short(axis.name, 20) for axis in axes])
        ax.set_yticks([])
        ax.set_xlim(-0.45, len(axes) - 0.85)
        ax.set_ylim(-0.06, 1.06)
        ax.grid(visible=False)
        ax.spines[["left", "bottom"]].set_visible(False)
        figure.colorbar(
            ScalarMappable(norm, colormaps["viridis"]), ax=ax, label=f"{short(metric, 24)} (best in red)", pad=0.01
        )

    return svg((9.6, 3.8), picture, "Each trial as a line through its settings")


def slices(axes: Sequence[tuple[str, np.ndarray, bool]], scores: np.ndarray, metric: str) -> str:
    """Return the score against each numeric setting alone; True puts it on a log axis."""

    def picture(figure: Figure) -> None:
        panels = figure.subplots(1, len(axes), squeeze=False, sharey=True)[0]
        best = int(scores.argmax())
        for ax, (name, values, is_log) in zip(panels, axes, strict=True):
            ax.scatter(values, scores, s=24, color=BLUE, edgecolors="white", linewidths=0.6)
            ax.scatter(values[best], scores[best], s=60, color=RED, zorder=4, edgecolors="white")
            if is_log:
                ax.set_xscale("log")
            _from_the_best(ax, scores)
            ax.set_xlabel(short(name, 24) + (" (log axis)" if is_log else ""))
        panels[0].set_ylabel(short(metric, 30))

    return svg((min(10.6, 3.4 * len(axes) + 0.8), 2.9), picture, "Score against each setting")


def _spread(n: int) -> np.ndarray:
    """Return heights that keep dots apart, the same each time."""
    return (np.arange(n) * 0.618034 % 1 - 0.5) * 0.4


def _from_the_best(ax: Any, scores: np.ndarray) -> None:
    """Show the scores from the lower quartile up: what is far below would press the rest into a line."""
    high, middle = float(scores.max()), float(np.quantile(scores, 0.25))
    room = max(high - middle, 1e-3)
    if scores.min() < middle - 3 * room:
        ax.set_ylim(middle - 3 * room, high + 0.3 * room)
