"""Grids of small pictures: photographs, maps of values, and maps laid over photographs, each with a line of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.report.plots import literal, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches between two pictures.
_GAP = 0.09


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
    bound : float, optional
        Of a signed map: the size of value that has the strongest colour; by default the largest there is.
    """

    image: np.ndarray
    kind: str = "picture"
    caption: str = ""
    under: np.ndarray | None = None
    bound: float | None = None


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
    across, down = margin + side * columns, height * len(rows)

    def paint(figure: Figure) -> None:
        # One plane in inches for all: an Axes for each picture, and a layout of dozens, took most of a report's time.
        figure.set_layout_engine("none")
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set_axis_off()
        for i, row in enumerate(rows):
            bottom = down - height * (i + 1) + _GAP / 2
            for j, cell in enumerate(row):
                if cell is not None:
                    _show(ax, cell, margin + side * j + _GAP / 2, bottom, side - _GAP)
            if i < len(labels):
                middle = bottom + (side - _GAP) / 2
                ax.text(margin - _GAP, middle, literal(labels[i]), ha="right", va="center", fontsize=8.5)
        ax.set(xlim=(0, across), ylim=(0, down), aspect="auto")

    return svg((across, down), paint, about)


def pictures(images: np.ndarray, captions: Sequence[str], *, columns: int = 8) -> str:
    """Return grey or colour pictures in a grid, each with a caption of a few lines."""
    cells = [Cell(image, caption=caption) for image, caption in zip(images, captions, strict=True)]
    return grid(_lines(cells, columns), "Pictures", side=1.3)


def weight_pictures(weights: np.ndarray, *, most: int = 64, columns: int = 16) -> str:
    """Return each unit's first-layer weights (units, height, width) as a picture: blue below zero, red above."""
    shown = weights[:most]
    bound = float(np.abs(shown).max()) or 1.0
    cells = [Cell(unit, "signed", str(number), bound=bound) for number, unit in enumerate(shown, start=1)]
    return grid(_lines(cells, columns), "First-layer weights of each unit as pictures", side=0.66)


def _lines(cells: Sequence[Cell], columns: int) -> list[Sequence[Cell]]:
    return [cells[i : i + columns] for i in range(0, len(cells), columns)]


def _show(ax: Axes, cell: Cell, left: float, bottom: float, side: float) -> None:
    """Draw a cell into a square, its shape kept, its caption above it."""
    shown = cell.image if cell.under is None else cell.under
    down, across = side * np.array(shown.shape[:2]) / max(shown.shape[:2])
    x, y = left + (side - across) / 2, bottom + (side - down) / 2
    place: Any = {"extent": (x, x + across, y, y + down), "aspect": "auto"}
    if cell.kind == "picture":
        ax.imshow(np.clip(cell.image, 0, 1).squeeze(), cmap="gray", vmin=0, vmax=1, **place)
    elif cell.kind == "signed":
        bound = cell.bound or float(np.abs(cell.image).max()) or 1.0
        ax.imshow(cell.image, cmap="RdBu_r", vmin=-bound, vmax=bound, **place)
    elif cell.kind == "map":
        ax.imshow(cell.image, cmap="viridis", **place)
    else:
        # Dimmed, so that the heat can be seen on a bright picture too.
        ax.imshow(0.5 * np.clip(shown, 0, 1).squeeze(), cmap="gray", vmin=0, vmax=1, **place)
        share = cell.image / (float(cell.image.max()) or 1.0)
        ax.imshow(share, cmap="inferno", alpha=0.8 * share, interpolation="bilinear", vmin=0, vmax=1, **place)
    if cell.caption:
        ax.text(left + side / 2, y + down + 0.03, literal(cell.caption), fontsize=7.5, ha="center", va="bottom")
