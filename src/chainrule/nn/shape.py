"""Flatten and Reshape: the same numbers under other axes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from chainrule.constraints import Many, Range, constrained
from chainrule.errors import ShapeError
from chainrule.nn.layer import Equations, Layer, register
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape


class Reshaping(Layer):
    """What both are: y holds the values of x in their order, under the axes that `output_shape` says."""

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = x under other axes."""
        return xp.reshape(x, (x.shape[0], *self.output_shape(x.shape[1:]))), {"shape": x.shape[1:]}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy under the axes of x."""
        return xp.reshape(dy, (dy.shape[0], *cache["shape"])), {}


@register
@dataclass(frozen=True)
class Flatten(Reshaping):
    """All axes but the batch's become one, in row-major order.

    ::

        forward    y  = x as (N, D₁ D₂ …)
        backward   dx = dy as (N, D₁, D₂, …)
    """

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(
        forward=(r"y = \mathrm{vec}(x)",),
        backward={"dx": r"\frac{\partial J}{\partial x} = \mathrm{vec}^{-1}\left(\frac{\partial J}{\partial y}\right)"},
        local="1",
    )

    def output_shape(self, shape: Shape) -> Shape:
        """(D₁, D₂, …) becomes (D₁ D₂ …,)."""
        return (math.prod(shape),)


@register
@dataclass(frozen=True)
class Reshape(Reshaping):
    """The values of each sample under other axes, in row-major order.

    ::

        forward    y  = x as (N, *shape)
        backward   dx = dy as (N, D₁, D₂, …)

    Parameters
    ----------
    shape : tuple of int
        Axes of y without the batch's; their product must be that of x.
    """

    shape: tuple[int, ...] = constrained(Many(Range(int, 1), at_least=1))

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(
        forward=(r"y = \mathrm{reshape}(x)",),
        backward={
            "dx": r"\frac{\partial J}{\partial x} = \mathrm{reshape}^{-1}\left(\frac{\partial J}{\partial y}\right)"
        },
        local="1",
    )

    def output_shape(self, shape: Shape) -> Shape:
        """Return `self.shape`, if it holds as many values as x."""
        if math.prod(shape) != math.prod(self.shape):
            raise ShapeError(
                f"Reshape{self.shape} to receive {math.prod(self.shape)} values a sample",
                f"an input of shape {shape}, {math.prod(shape)} values",
                "Give Reshape axes whose product is the number of values that come in.",
            )
        return self.shape
