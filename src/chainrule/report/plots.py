"""Plots: each takes numbers and returns a picture as SVG text; none knows of pages or files."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from chainrule.printable import printable
from chainrule.report.ticks import readable
from chainrule.train.metrics import METRICS, label_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito, 2008, Color universal design: told apart by all eyes. Training is blue, validation orange.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#7a7f87"
# Of letters and axes; of letters on a dark square, which stay white whatever the page's own colour.
INK, CHALK = "#20242b", "#fefefe"
CLASS_COLOURS = (BLUE, ORANGE, GREEN, RED, "#CC79A7", "#56B4E9", "#F0E442", "#000000", "#999999", "#8c6d31")
_MOST_CLASSES_SHOWN = 20
_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e3e6ea",
    "grid.linewidth": 0.7,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": "#9aa0a8",
    "ytick.color": "#9aa0a8",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.edgecolor": "#9aa0a8",
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "svg.fonttype": "none",
    "svg.hashsalt": "chainrule",
    "figure.constrained_layout.use": True,
    # Each picture stays as it is, and sharp however far the page is enlarged.
    "image.composite_image": False,
}
_numbers = count(1)


def svg(size: tuple[float, float], draw: Callable[[Figure], None], about: str) -> str:
    """Return what `draw` draws, as SVG that scales with the page and that a screen reader can name."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(cast(Any, _STYLE)), warnings.catch_warnings():
        # The browser draws the letters, with fonts that matplotlib need not have.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure = Figure(figsize=size)
        FigureCanvasSVG(figure)
        draw(figure)
        readable(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # Several pictures share a page: their ids must not meet.
    number = next(_numbers)
    text = re.sub(r'id="', f'id="p{number}-', text)
    text = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>p{number}-", text)
    label = printable(about).replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def learning_curves(
    epochs: Sequence[int],
    curves: Mapping[str, Mapping[str, Sequence[float]]],
    rate: Sequence[float],
    best_epoch: int,
) -> str:
    """Return cost (on a log axis), metric and rate against epochs.

    Parameters
    ----------
    curves : mapping
        {"train": {"cost": [...], "accuracy": [...]}, "valid": {...}}
    """
    metrics = [name for name in next(iter(curves.values())) if name != "cost"]
    panels = ["cost", *metrics]
    changes = len(set(rate)) > 1

    def draw(figure: Figure) -> None:
        from matplotlib.ticker import MaxNLocator

        axes = figure.subplots(1, len(panels) + changes, squeeze=False)[0]
        for ax, panel in zip(axes, panels, strict=False):
            for (part, scores), colour in zip(curves.items(), (BLUE, ORANGE), strict=False):
                values = np.asarray(scores[panel], float)
                marker = "o" if len(values) < 2 else None
                ax.plot(epochs, values, color=colour, label=_PARTS.get(part, part), lw=1.6, marker=marker)
            if best_epoch:
                ax.axvline(best_epoch, color=GREY, lw=0.9, ls=":", label=f"weights kept: epoch {best_epoch}")
            ax.set_xlabel("epoch")
            ax.xaxis.set_major_locator(MaxNLocator(7, integer=True))
            # The cost of counts (Poisson) may be below zero.
            is_log = panel == "cost" and all(np.min(scores["cost"]) > 0 for scores in curves.values())
            ax.set_title(label_of(panel) + (" (log axis)" if is_log else ""))
            if is_log:
                ax.set_yscale("log")
            elif panel in METRICS and METRICS[panel].better == "higher":
                # By R² a network starts far below 0; what happens between 0 and 1 is what is looked for.
                ax.set_ylim(bottom=max(-1.0, ax.get_ylim()[0]))
        if changes:
            axes[-1].plot(epochs, rate, color=GREEN, lw=1.6)
            axes[-1].set_title("learning rate η (log axis)")
            axes[-1].set_yscale("log")
            axes[-1].set_xlabel("epoch")
        # Below the panels: inside one it would lie over its curves.
        figure.legend(
            *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=9
        )

    return svg((10.6, 3.3), draw, "Learning curves of cost and metric")


_PARTS = {"train": "training", "valid": "validation"}


def confusion_matrix(counts: np.ndarray, classes: Sequence[str]) -> str:
    """Return the confusion matrix (true class down, predicted class across), coloured by share of the true class."""
    k = len(classes)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
        ax.grid(visible=False)
        if k <= _MOST_CLASSES_SHOWN:
            for i in range(k):
                for j in range(k):
                    if counts[i, j]:
                        colour = CHALK if share[i, j] > 0.55 else "#20242a"
                        ax.text(j, i, f"{counts[i, j]:d}", ha="center", va="center", color=colour, fontsize=8.5)
            labels = [short(name) for name in classes]
            ax.set_xticks(range(k), labels, rotation=45 if max(map(len, labels)) > 3 else 0, ha="center")
            ax.set_yticks(range(k), labels)
        ax.set_xlabel("predicted")
        ax.set_ylabel("true")

    side = min(7.0, 2.2 + 0.42 * k)
    return svg((side + 0.4, side), draw, "Confusion matrix")


def decision_map(
    predict: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    truth: np.ndarray,
    names: Sequence[str],
    classes: Sequence[str],
) -> str:
    """Return what the network answers over the plane of its two inputs, with the rows as dots."""
    low, high = x.min(axis=0), x.max(axis=0)
    margin = np.where(high > low, 0.08 * (high - low), 0.5)
    axes = [np.linspace(low[i] - margin[i], high[i] + margin[i], 160) for i in range(2)]
    grid = np.stack(np.meshgrid(*axes), axis=-1)
    y = predict(grid.reshape(-1, 2)).reshape(160, 160, -1)
    rows = _thin(len(x), 1500)

    def draw(figure: Figure) -> None:
        from matplotlib.colors import to_rgb

        ax = figure.subplots()
        extent = (axes[0][0], axes[0][-1], axes[1][0], axes[1][-1])
        if classes:
            colours = np.array([to_rgb(CLASS_COLOURS[i % len(CLASS_COLOURS)]) for i in range(len(classes))])
            # Each point takes the colours of the classes by their probabilities, paled so that dots stand out.
            ax.imshow(0.45 + 0.55 * (y @ colours), extent=extent, origin="lower", aspect="auto")
            for k in np.unique(truth[rows]):
                dots = rows[truth[rows] == k]
                ax.scatter(
                    x[dots, 0],
                    x[dots, 1],
                    color=tuple(colours[k]),
                    s=14,
                    edgecolors="white",
                    linewidths=0.5,
                    label=short(classes[k]),
                )
            ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8.5, title="true class")
        else:
            bound = max(abs(truth).max(), 1e-9)
            plane = ax.imshow(
                y[..., 0], extent=extent, origin="lower", aspect="auto", cmap="PuOr", vmin=-bound, vmax=bound
            )
            figure.colorbar(plane, ax=ax, label="target (dots), prediction (plane)")
            ax.scatter(
                x[rows, 0],
                x[rows, 1],
                c=truth[rows],
                cmap="PuOr",
                vmin=-bound,
                vmax=bound,
                s=12,
                edgecolors="white",
                lw=0.4,
            )
        ax.grid(visible=False)
        ax.set_xlabel(f"{short(names[0], 30)} (standardised)")
        ax.set_ylabel(f"{short(names[1], 30)} (standardised)")

    return svg((6.4, 4.4), draw, "What the network answers over the plane of its inputs")


def listening(columns: Sequence[str], pull: np.ndarray, *, most: int = 25) -> str:
    """Return how strongly each column pulls at the cost, longest first."""
    order = np.argsort(-pull)[:most][::-1]

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        ax.barh(range(len(order)), pull[order], color=BLUE, height=0.7)
        ax.set_yticks(range(len(order)), [short(columns[i], 40) for i in order], fontsize=8.5)
        ax.set_xlabel("mean |∂J/∂x|, in cost for each standard deviation of the inputs")
        ax.grid(visible=False, axis="y")

    return svg((8.4, 0.8 + 0.24 * len(order)), draw, "How strongly each column pulls at the cost")


def histograms(weights: Mapping[str, np.ndarray], gradients: Mapping[str, np.ndarray]) -> str:
    """Return, for each weight matrix, the distribution of its values and of its derivatives."""
    from matplotlib.ticker import NullLocator

    def panel(ax: Axes, values: np.ndarray, colour: str, title: str) -> None:
        finite = values[np.isfinite(values)]
        if finite.size:
            ax.hist(finite, bins=41, color=colour, histtype="stepfilled")
            ax.set_yscale("log")
            ax.yaxis.set_minor_locator(NullLocator())
        ax.set_title(title)
        ax.tick_params(labelsize=8)
        ax.locator_params(axis="x", nbins=5)
        ax.ticklabel_format(axis="x", style="sci", scilimits=(-2, 3))

    def draw(figure: Figure) -> None:
        axes = figure.subplots(2, len(weights), squeeze=False)
        for i, (name, values) in enumerate(weights.items()):
            panel(axes[0, i], values.ravel(), BLUE, name)
            layer, _, parameter = name.rpartition(".")
            panel(axes[1, i], gradients[name].ravel(), GREEN, f"{layer}.d{parameter}")

    return svg((min(13.0, max(3.5 * len(weights), 6.0)), 4.4), draw, "Histograms of weights and gradients")


def short(text: Any, most: int = 14) -> str:
    """Return a name as it is written into a picture: on one line, and not too long."""
    shown = " ".join(str(text).split())
    return literal(shown if len(shown) <= most else shown[: most - 1] + "…")


def literal(text: str) -> str:
    """Return a text to be drawn as it stands: between dollars matplotlib reads a formula, or raises an error.

    XML has no control characters at all.
    """
    return printable(text).replace("$", r"\$")


def _thin(n: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(int))
