"""Scale: how much each input counts, learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chainrule.constraints import real
from chainrule.nn.layer import Equations, Layer, Param, last_axis, register
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape


@register
@dataclass(frozen=True)
class Scale(Layer):
    """A factor of its own for each number on the last axis: what tells little can be turned down.

    ::

        forward    y  = r s x
        backward   dx = dy r s      ds = r Σₙ dy x
        shapes     x, y (N, …, D)   s (D,)

    At first r s = 1. Under a rule that steps as far whatever the gradient's size, such as Adam, the factor r s moves r
    times as fast as other weights: a learning rate of its own for this layer.

    Parameters
    ----------
    pace : float
        r.
    """

    pace: float = real(0.0, low_open=True, default=1.0)

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(
        forward=(r"y_{nd} = r \, s_d \, x_{nd}",),
        backward={
            "dx": r"\frac{\partial J}{\partial x_{nd}} = \frac{\partial J}{\partial y_{nd}} \, r \, s_d",
            "ds": r"\frac{\partial J}{\partial s_d} = r \sum_n \frac{\partial J}{\partial y_{nd}} \, x_{nd}",
        },
        where={"s": "factors (D,)", "r": "the pace"},
        source="Holzmüller, Grinsztajn & Steinwart, 2024, Better by default, section 3",
    )

    def params(self, shape: Shape) -> dict[str, Param]:
        """Return s (D,), which starts at 1 / r."""
        return {"s": Param((last_axis(self, shape),), "ones", 1 / self.pace)}

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of x."""
        last_axis(self, shape)
        return shape

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = r s x."""
        return self.pace * p["s"] * x, {"x": x}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy r s, and the gradient."""
        return self.pace * p["s"] * dy, self.gradients(xp, p, cache, dy)

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """ds = r Σₙ dy x."""
        return {"s": self.pace * xp.sum(dy * cache["x"], axis=tuple(range(dy.ndim - 1)))}
