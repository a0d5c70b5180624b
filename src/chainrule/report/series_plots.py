"""Plots of forecasts: against the truth with their intervals, their errors by step and over time, and how many are inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.report.plots import BLUE, GREEN, GREY, ORANGE, RED, short, svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The naive forecasts have the quiet colours.
_BESIDE = (GREY, GREEN)


@dataclass(frozen=True, eq=False)
class Track:
    """A stretch of one series with forecasts.

    Attributes
    ----------
    name : str
    times : array (L,)
        Numbers, or datetime64.
    values : array (L,)
        The truth; NaN where it is not known.
    forecasts : sequence of (times (H,), values (H,), ends (C, H, 2))
        Each from an origin of its own.
    """

    name: str
    times: np.ndarray
    values: np.ndarray
    forecasts: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]


def forecasts_against_truth(tracks: Sequence[Track], coverage: Sequence[float], target: str) -> str:
    """Return each stretch: the truth as a line, each forecast beside it with its intervals, the narrower darker."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots(len(tracks), 1, squeeze=False)[:, 0]
        for ax, track in zip(axes, tracks, strict=True):
            ax.plot(
                track.times,
                track.values,
                color="#20242a",
                lw=1.3,
                label="truth",
                marker=_marker(len(track.times)),
                ms=2.5,
            )
            for i, (times, values, ends) in enumerate(track.forecasts):
                for c in np.argsort(coverage)[::-1]:
                    if np.isfinite(ends[c]).all():
                        label = f"{100 * coverage[c]:g} % interval" if i == 0 else None
                        alpha = 0.16 if coverage[c] == max(coverage) and len(coverage) > 1 else 0.3
                        _band(ax, times, ends[c], alpha, label)
                # Each forecast begins where it was made, so that it is seen where one ends and the next begins.
                ax.plot(
                    times,
                    values,
                    color=BLUE,
                    lw=1.5,
                    label="forecast" if i == 0 else None,
                    marker=_marker(len(times), 1),
                    ms=4,
                )
                ax.axvline(times[0], color=GREY, lw=0.6, ls=":")
            ax.set_title(short(track.name, 40) if track.name else short(target, 40))
            _few_dates(ax, track.times)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, frameon=False, fontsize=8.5, ncols=4, loc="outside upper left")

    return svg((10.4, 0.5 + 2.9 * len(tracks)), draw, "Forecasts against the truth, with intervals")


def _band(ax: Any, times: np.ndarray, ends: np.ndarray, alpha: float, label: str | None) -> None:
    if len(times) == 1:
        ax.errorbar(
            times, ends.mean(axis=1), yerr=(ends[:, 1] - ends[:, 0]) / 2, color=BLUE, alpha=2 * alpha, lw=3, label=label
        )
    else:
        ax.fill_between(times, ends[:, 0], ends[:, 1], color=BLUE, alpha=alpha, lw=0, label=label)


def _marker(n: int, most: int = 60) -> str | None:
    return "o" if n <= most else None


def _few_dates(ax: Any, times: np.ndarray) -> None:
    """Write dates as briefly as they can be told apart."""
    if times.dtype.kind == "M":
        import matplotlib.dates as mdates

        locator = mdates.AutoDateLocator(maxticks=9)  # type: ignore[no-untyped-call]
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def errors_by_step(errors: Mapping[str, np.ndarray], unit: str, step: str) -> str:
    """Return the error at each step (H,) of the horizon of the network, the first entry, and of the naive forecasts."""

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        for (name, values), colour in zip(errors.items(), (BLUE, *_BESIDE), strict=False):
            steps = np.arange(1, len(values) + 1)
            ax.plot(
                steps,
                values,
                color=colour,
                lw=2 if colour == BLUE else 1.4,
                label=name,
                marker=_marker(len(values), 30),
                ms=3.5,
            )
        ax.set_ylim(bottom=0)
        ax.set_xlabel(f"steps ahead, each {step}")
        ax.set_title(f"RMSE, in the unit of {short(unit, 30)}")
        ax.locator_params(axis="x", integer=True)
        ax.legend(frameon=False, fontsize=8.5)

    return svg((5.2, 3.2), draw, "Error by step of the horizon")


def inside_by_step(inside: Mapping[float, np.ndarray], step: str) -> str:
    """Return the share of values (H,) inside the interval of each coverage, beside what was asked for."""

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        for (share, values), colour in zip(sorted(inside.items()), (BLUE, ORANGE, GREEN, RED), strict=False):
            steps = np.arange(1, len(values) + 1)
            ax.plot(
                steps,
                values,
                color=colour,
                lw=1.8,
                label=f"{100 * share:g} % asked for",
                marker=_marker(len(values), 30),
                ms=3.5,
            )
            ax.axhline(share, color=colour, lw=1, ls="--")
        ax.set_ylim(0, 1.03)
        ax.set_xlabel(f"steps ahead, each {step}")
        ax.set_title("share of the values inside the interval")
        ax.locator_params(axis="x", integer=True)
        ax.legend(frameon=False, fontsize=8.5, loc="lower left")

    return svg((5.2, 3.2), draw, "Share of values inside the intervals, by step")


def residuals_over_time(times: np.ndarray, first: np.ndarray, last: np.ndarray, labels: tuple[str, str]) -> str:
    """Return truth minus forecast over the time that was forecast, for the first and the last step of the horizon."""

    def draw(figure: Figure) -> None:
        several = labels[0] != labels[1]
        axes = figure.subplots(1 + several, 1, squeeze=False, sharex=True)[:, 0]
        for ax, values, label, colour in zip(axes, (first, last), labels, (BLUE, ORANGE), strict=False):
            ax.axhline(0, color=GREY, lw=1, ls="--")
            ax.plot(times, values, ".", color=colour, ms=3 if len(times) > 200 else 5, alpha=0.7)
            ax.set_title(label)
            _few_dates(ax, times)

    return svg((10.4, 2.4 if labels[0] == labels[1] else 3.9), draw, "Truth minus forecast over time")
