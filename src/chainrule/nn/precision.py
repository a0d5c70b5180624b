"""LowPrecision: a layer computed in bfloat16, its weights kept in float32."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from chainrule.constraints import option
from chainrule.nn.layer import Equations, Layer, layer_field
from chainrule.tree import leaves, map_leaves
from chainrule.types import Array, Batch, Cache, Context, Namespace, Params, RowGradient, Shape

PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class LowPrecision(Layer):
    """The inner layer on x and weights rounded to `dtype`; y, dx and the gradients come back in the dtype of x.

    A bfloat16 has the range of a float32 and three digits: enough for products, too little to add small steps to
    weights, which therefore stay as they are. It stands around a network while it learns and is no part of a model.

    Parameters
    ----------
    inner : Layer
        What is computed. Its parameters are this layer's own, under the same names.
    dtype : str
        bfloat16.
    """

    inner: Layer = layer_field(shares_names=True)
    dtype: str = option("bfloat16", default="bfloat16")

    equations: ClassVar[Equations] = Equations(
        forward=(r"y = f(\mathrm{round}(x), \mathrm{round}(W))",),
        backward={"dx": r"f'(\mathrm{round}(\partial J / \partial y))"},
        where={"f": "the inner layer"},
        source="Kalamkar et al., 2019, A study of bfloat16 for deep learning training, section 3",
    )

    def output_shape(self, shape: Shape) -> Shape:
        """Return the inner layer's shape."""
        return self.inner.output_shape(shape)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = f(x), rounded."""
        rounded = map_leaves(lambda leaf: xp.cast(leaf, self.dtype), p)
        y, cache = self.inner.forward(xp, rounded, Batch(x).map(partial(self._rounded, xp)).x, ctx)
        return xp.cast(y, _dtype(x, p)), {"": cache, "p": rounded}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """Return the inner layer's dx and gradients of dy, rounded."""
        dx, grads = self.inner.backward(xp, cache["p"], cache[""], xp.cast(dy, self.dtype))
        return xp.cast(dx, str(dy.dtype)), self._back(xp, grads, p)

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """Return the inner layer's gradients of dy, rounded."""
        return self._back(xp, self.inner.gradients(xp, cache["p"], cache[""], xp.cast(dy, self.dtype)), p)

    def _rounded(self, xp: Namespace, x: Array) -> Array:
        # Rounded to three digits, id 257 would be id 256.
        return x if x.dtype.kind in "iub" else xp.cast(x, self.dtype)

    def _back(self, xp: Namespace, grads: Params, p: Params) -> Params:
        def back(g: Array | RowGradient, w: Array) -> Array | RowGradient:
            dtype = str(w.dtype)
            return g.map(lambda values: xp.cast(values, dtype)) if isinstance(g, RowGradient) else xp.cast(g, dtype)

        return map_leaves(back, grads, p)


def _dtype(x: Any, p: Params) -> str:
    """Return the dtype of what is not rounded: that of the weights, or of x where there are none."""
    return str(next((leaf.dtype for _, leaf in leaves(p)), getattr(x, "dtype", "float32")))
