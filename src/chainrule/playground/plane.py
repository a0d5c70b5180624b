"""The plane of the map: two columns with the others held still, or the first two principal components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.errors import ConfigError
from chainrule.playground.data import Data
from chainrule.playground.spec import ViewSpec

Span = tuple[float, float]
# Numbers that the inputs of a whole map may be: larger pictures get a coarser map instead of a slower one.
_MOST_NUMBERS = 4_000_000
_MARGIN = 0.08


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane through the columns' space: origin + u · across + v · up.

    Attributes
    ----------
    origin, across, up : array (D,)
    horizontal, vertical : pair of float
        From where to where u and v go.
    labels : pair of str
        Of the axes.
    """

    origin: np.ndarray
    across: np.ndarray
    up: np.ndarray
    horizontal: Span
    vertical: Span
    labels: tuple[str, str]

    def points(self, size: int) -> np.ndarray:
        """Return the points (size², D) of a square map, row by row from its top left corner, at pixels' centres."""
        share = (np.arange(size) + 0.5) / size
        u = self.horizontal[0] + share * (self.horizontal[1] - self.horizontal[0])
        v = self.vertical[1] - share * (self.vertical[1] - self.vertical[0])
        x: np.ndarray = self.origin + u[None, :, None] * self.across + v[:, None, None] * self.up
        return x.reshape(size * size, -1)

    def point(self, u: float, v: float) -> np.ndarray:
        """Return one point (1, D)."""
        point: np.ndarray = (self.origin + u * self.across + v * self.up)[None]
        return point

    def project(self, x: np.ndarray) -> np.ndarray:
        """Return where rows x (N, D) stand on the map: (N, 2), float32."""
        offset = x - self.origin
        return np.column_stack([offset @ self.across, offset @ self.up]).astype(np.float32)

    def size_for(self, wanted: int) -> int:
        """Return the pixels along a side: `wanted`, or 50 where the inputs of a finer map would be too many."""
        return wanted if wanted * wanted * len(self.origin) <= _MOST_NUMBERS else 50


def plane_of(view: ViewSpec, data: Data) -> Plane:
    """Return the plane that a view asks for."""
    width = len(data.columns)
    if width == 1:
        # One column has no second axis: every row of the map is the same.
        (column,) = data.columns
        across, up = np.ones(1), np.zeros(1)
        return Plane(np.zeros(1), across, up, (column.low, column.high), (-1.0, 1.0), (column.label, ""))
    if isinstance(view.axes, str):
        return _principal(data)
    first, second = view.axes
    if max(first, second) >= width:
        raise ConfigError(f"axes below {width}, the number of columns", f"{list(view.axes)}", "Choose other columns.")
    middle = np.array([column.middle for column in data.columns])
    for name, value in view.slices.items():
        place = int(name[1:]) - 1 if name[:1] == "x" and name[1:].isdecimal() else -1
        if not 0 <= place < width:
            raise ConfigError(f"slices by column, from x1 to x{width}", f"{name!r:.60}", "Name a column of the data.")
        middle[place] = value
    middle[[first, second]] = 0.0
    across, up = np.zeros(width), np.zeros(width)
    across[first], up[second] = 1.0, 1.0
    a, b = data.columns[first], data.columns[second]
    return Plane(middle, across, up, (a.low, a.high), (b.low, b.high), (a.label, b.label))


def _principal(data: Data) -> Plane:
    """The two directions in which the training rows vary most, through their mean."""
    x = data.x[data.train]
    mean = x.mean(axis=0)
    # Of a few thousand rows the directions are known well enough, and a singular value decomposition is soon done.
    part = x[: min(len(x), 2000)] - mean
    _, _, directions = np.linalg.svd(part, full_matrices=len(part) < 2)
    across, up = directions[:2]
    # A direction's sign is arbitrary: the largest weight is positive, so that the picture is the same each time.
    across, up = (d * np.sign(d[np.abs(d).argmax()]) for d in (across, up))
    offset = x - mean
    spans = []
    for direction in (across, up):
        along = offset @ direction
        low, high = float(along.min()), float(along.max())
        margin = _MARGIN * (high - low) or 1.0
        spans.append((low - margin, high + margin))
    return Plane(mean, across, up, spans[0], spans[1], ("first principal component", "second principal component"))
