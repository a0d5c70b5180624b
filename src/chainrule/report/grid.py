"""Grids of small pictures: photographs, maps of values, and maps laid over photographs, each with a line of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chainrule.report.plots import literal, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Cell:
    """One small picture.

    Attributes
    ----------
    image : array
        A picture (H, W, 1 or 3) between 0 and 1, or a map (H, W) of values.
    kind : str
        `picture`; `map`: values from low to high; `signed`: blue below zero, red above; `heat`: a map laid over the
        picture `under`, transparent where it is 0.
    caption : str
        One or two lines above it.
    under : array, optional
        The picture below a heat map.
    """

    image: np.ndarray
    kind: str = "picture"
    caption: str = ""
    under: np.ndarray | None = None


def grid(rows: Sequence[Sequence[Cell | None]], about: str, *, labels: Sequence[str] = (), side: float = 1.15) -> str:
    """Return cells in rows as SVG.

    Parameters
    ----------
    rows : sequence of sequences of Cell
        None leaves a place empty.
    about : str
        What the whole shows, for a screen reader.
    labels : sequence of str
        One for each row, to its left.
    side : float
        Width of a cell in inches.
    """
    columns = max(len(row) for row in rows)
    lines = max((cell.caption.count("\n") + bool(cell.caption) for row in rows for cell in row if cell), default=0)
    height = side + 0.04 + 0.15 * lines
    margin = 0.062 * max((len(line) for label in labels for line in label.split("\n")), default=0)

    def paint(figure: Figure) -> None:
        axes = figure.subplots(len(rows), columns, squeeze=False)
        for i, row in enumerate(rows):
            for ax in axes[i]:
                ax.set_axis_off()
            for ax, cell in zip(axes[i], row, strict=False):
                if cell is not None:
                    _show(ax, cell)
            if i < len(labels):
                axes[i, 0].text(
                    -0.12,
                    0.5,
                    literal(labels[i]),
                    transform=axes[i, 0].transAxes,
                    ha="right",
                    va="center",
                    fontsize=8.5,
                )

    return svg((margin + side * columns, height * len(rows)), paint, about)


def _show(ax: Axes, cell: Cell) -> None:
    height, width = cell.image.shape[:2]
    frame = (-0.5, width - 0.5, height - 0.5, -0.5)
    if cell.kind == "picture":
        ax.imshow(np.clip(cell.image, 0, 1).squeeze(), cmap="gray", vmin=0, vmax=1)
    elif cell.kind == "signed":
        bound = float(np.abs(cell.image).max()) or 1.0
        ax.imshow(cell.image, cmap="RdBu_r", vmin=-bound, vmax=bound)
    elif cell.kind == "map":
        ax.imshow(cell.image, cmap="viridis")
    else:
        under = cell.image if cell.under is None else cell.under
        frame = (-0.5, under.shape[1] - 0.5, under.shape[0] - 0.5, -0.5)
        # Dimmed, so that the heat can be seen on a bright picture too.
        ax.imshow(0.5 * np.clip(under, 0, 1).squeeze(), cmap="gray", vmin=0, vmax=1)
        share = cell.image / (float(cell.image.max()) or 1.0)
        ax.imshow(share, cmap="inferno", alpha=0.8 * share, extent=frame, interpolation="bilinear", vmin=0, vmax=1)
    ax.set_xlim(frame[0], frame[1])
    ax.set_ylim(frame[2], frame[3])
    if cell.caption:
        ax.set_title(literal(cell.caption), fontsize=7.5, fontweight="normal", loc="center", pad=3)
