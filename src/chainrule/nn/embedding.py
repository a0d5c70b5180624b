"""Embedding: a table of vectors, one for each id, learned like any other weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chainrule.constraints import option, real, whole
from chainrule.errors import DataError
from chainrule.nn.init import WEIGHT_INITS
from chainrule.nn.layer import Equations, Layer, Param, register
from chainrule.types import Array, Cache, Context, Namespace, Params, RowGradient, Shape


@register
@dataclass(frozen=True)
class Embedding(Layer):
    """The row of a table that each id names: a dense layer of an indicator vector, without making the vector.

    ::

        forward    y[n,t]  = W[x[n,t]]                        0 where x[n,t] is the padding
        backward   dW[v]   = Σ dy[n,t] over x[n,t] = v        0 for the padding     dx = 0: an id cannot move a little
        shapes     x (N, …) of whole numbers from 0 to V - 1   W (V, D)   y (N, …, D)

    The gradient is one by rows (see `RowGradient`): of a large table, gradient descent moves the rows that a batch has
    read and touches no other. W is not penalised, which would move them all.

    Parameters
    ----------
    ids : int
        V, how many ids there are.
    units : int
        D, values of each vector.
    padding : int, optional
        The id that stands for nothing.
    init : str
        How W is drawn: glorot, he, lecun, normal, uniform or zeros.
    gain : float
        Factor on the initial W.
    """

    ids: int = whole(1)
    units: int = whole(1)
    padding: int | None = whole(0, default=None, optional=True)
    init: str = option(*WEIGHT_INITS, default="uniform")
    gain: float = real(0.0, low_open=True, default=0.1)

    equations: ClassVar[Equations] = Equations(
        forward=(r"y_{ntd} = W_{x_{nt} d}",),
        backward={
            "dx": r"\frac{\partial J}{\partial x} = 0",
            "dW": r"\frac{\partial J}{\partial W_{vd}} = \sum_{n, t: x_{nt} = v} \frac{\partial J}{\partial y_{ntd}}",
        },
        where={"W": "table (V, D)", "v": "id"},
        source="Bengio et al., 2003, A neural probabilistic language model, section 2",
    )
    # What it takes time for is reading and adding rows.
    is_recordable: ClassVar[bool] = False

    @property
    def most_ids(self) -> int:
        """V."""
        return self.ids

    @property
    def takes_ids(self) -> bool:
        """Ids, as whole numbers."""
        return True

    def params(self, shape: Shape) -> dict[str, Param]:
        """Return W (V, D)."""
        return {"W": Param((self.ids, self.units), self.init, self.gain, (1, self.units))}

    def output_shape(self, shape: Shape) -> Shape:
        """(…) becomes (…, D)."""
        return (*shape, self.units)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y[n,t] = W[x[n,t]]."""
        if x.dtype.kind not in "iu":
            raise DataError("whole numbers for Embedding", f"an array of {x.dtype}", "Give the ids with .astype(int).")
        y = xp.take(p["W"], x)
        return (y if self.padding is None else y * self._there(x, y)), {"x": x}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dW[v] = Σ dy[n,t] over x[n,t] = v."""
        x = cache["x"]
        values = dy if self.padding is None else dy * self._there(x, dy)
        return xp.zeros(x.shape, dy.dtype), {"W": RowGradient(x, values, (self.ids, self.units))}

    def _there(self, x: Array, like: Array) -> Array:
        """Return 1 for each id, and 0 for the padding."""
        return (x != self.padding)[..., None].astype(like.dtype)
