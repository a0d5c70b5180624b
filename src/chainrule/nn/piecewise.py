"""PiecewiseLinear: a number as how far it has come through each of its bins, so that a line in y is any bent line in x."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from chainrule.constraints import Many, Range, constrained
from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.nn.layer import Equations, Layer, register, require_vector
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape

_MOST_BINS = 48


@register
@dataclass(frozen=True)
class PiecewiseLinear(Layer):
    """Each number becomes one value for each of its bins: 1 where it lies beyond the bin, 0 where it lies before it.

    Between the edges b of a bin the value rises along a line. The first bin goes on below, and the last one above, so
    that nothing is lost; of a single bin y is a straight line. An input without edges passes as it is.

    ::

        forward    y[t] = (x - b[t]) / (b[t+1] - b[t])     not below 0 unless t is the first, not above 1 unless the last
        backward   dx   = Σₜ dy[t] / (b[t+1] - b[t])       over the bins t in which y moves
        shapes     x (N, D)   b: for each input its own   y (N, M), M = the bins of all inputs, one after the other

    On an edge the derivative is that of the bin above it. The edges are settings, not weights: they are found once (see
    `of`), saved with the layer, and no rule moves them.

    Parameters
    ----------
    edges : tuple of tuples of float
        b of each input, rising: one more than its bins; () where the input passes.
    """

    edges: tuple[tuple[float, ...], ...] = constrained(Many(Many(Range(float)), at_least=1))

    equations: ClassVar[Equations] = Equations(
        forward=(
            r"y_{ndt} = \frac{x_{nd} - b_{dt}}{b_{d,t+1} - b_{dt}}",
            r"y_{ndt} \ge 0 \text{ for } t > 1, \quad y_{ndt} \le 1 \text{ for } t < T_d",
        ),
        backward={
            "dx": r"\frac{\partial J}{\partial x_{nd}} = \sum_{t \,:\, y_{ndt} \text{ moves}}"
            r"\frac{\partial J}{\partial y_{ndt}} \frac{1}{b_{d,t+1} - b_{dt}}"
        },
        where={"b": "edges of the bins, settings", "T_d": "the number of bins of an input"},
        source="Gorishniy, Rubachev & Babenko, 2022, On embeddings for numerical features, eq. 1",
    )
    # The places of bins are arrays of its own, which a tape does not know.
    is_recordable: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse edges that do not rise, or a single one."""
        super().__post_init__()
        object.__setattr__(self, "edges", tuple(tuple(map(float, own)) for own in self.edges))
        for number, own in enumerate(self.edges):
            if len(own) == 1 or any(a >= b for a, b in itertools.pairwise(own)):
                raise ConfigError(
                    f"edges of input {number} that rise, two at least, or none",
                    f"{own!r:.60}",
                    "Sort them and leave out what is there twice; PiecewiseLinear.of(x) finds some.",
                )

    @classmethod
    def of(cls, x: Any, bins: int = 16, columns: Any = None) -> PiecewiseLinear:
        """Return the layer whose bins hold equally many of the values x (N, D): their edges are quantiles of them.

        Of values that repeat, edges fall together and leave fewer bins. An input of fewer than three different values,
        such as an indicator, passes. The targets are not asked.

        Parameters
        ----------
        x : array (N, D)
            Training inputs, as the layer will read them.
        bins : int
            Most bins of an input, from 1 to 48.
        columns : sequence of int, optional
            Inputs that get bins; the others pass. By default all that have three different values.

        Raises
        ------
        ConfigError, DataError
            If `bins` is no such number; if x is no matrix, or a value is not finite.
        """
        if not Range(int, 1, _MOST_BINS).accepts(bins):
            raise ConfigError(f"a number of bins from 1 to {_MOST_BINS}", f"{bins!r}", "Leave it out for 16.")
        values = np.asarray(x, float)
        if values.ndim != 2 or not len(values) or not np.isfinite(values).all():
            raise DataError(
                "finite inputs (N, D) to find bins in", f"an array of {values.shape}", "Fill gaps in first."
            )
        asked = set(range(values.shape[1])) if columns is None else {int(column) for column in columns}
        return cls(tuple(_quantiles(v, bins) if d in asked else () for d, v in enumerate(values.T)))

    @cached_property
    def bins(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """For each y: its input, the lower edge and 1 / width of its bin, and between which values it moves."""
        rows: list[tuple[float, ...]] = []
        for d, own in enumerate(self.edges):
            if not own:
                rows.append((d, 0.0, 1.0, -math.inf, math.inf))
            for t, (low, high) in enumerate(itertools.pairwise(own)):
                least = -math.inf if t == 0 else 0.0
                rows.append((d, low, 1 / (high - low), least, math.inf if t == len(own) - 2 else 1.0))
        number, *numbers = np.array(rows).T
        low, slope, least, most = numbers
        return number.astype(int), low, slope, least, most

    def output_shape(self, shape: Shape) -> Shape:
        """(D,) becomes (M,)."""
        if require_vector(self, shape) != len(self.edges):
            raise ShapeError(
                f"PiecewiseLinear with edges for {len(self.edges)} inputs to read as many",
                f"an input of shape {shape}",
                "Find the edges in inputs like these: PiecewiseLinear.of(x).",
            )
        return (len(self.bins[0]),)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = (x - b) / width, not below 0 nor above 1 but at the ends."""
        number, low, slope, least, most = (
            part.astype(x.dtype if part.dtype.kind == "f" else int) for part in self.bins
        )
        z = (xp.take(x, number, axis=1) - low) * slope
        return xp.clip(z, least, most), {"moves": (z >= least) & (z < most), "slope": slope}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = Σₜ dy / width over the bins in which y moves."""
        dz = xp.where(cache["moves"], dy * cache["slope"], xp.zeros_like(dy))
        return xp.add_at(xp.zeros((len(self.edges), dy.shape[0]), dy.dtype), self.bins[0], dz.T).T, {}

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """There are none."""
        return {}

    def branches(self, xp: Namespace, cache: Cache) -> Iterator[Array]:
        """Yield in which bins each number lies."""
        yield cache["moves"]


def _quantiles(values: np.ndarray, bins: int) -> tuple[float, ...]:
    """Return the different quantiles of values, or () where there are fewer than three different values."""
    found = np.unique(values)
    if len(found) < 3:
        return ()
    if len(found) > bins:
        found = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)))
    return tuple(map(float, found))
