"""ZeroPad and UpSample: images with a frame of zeros, and images with every pixel repeated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from chainrule.constraints import Many, Range, constrained
from chainrule.nn.layer import Equations, Layer, register
from chainrule.nn.window import Pair, pair, pair_field, require_image
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape
from chainrule.window import Window

Frame: TypeAlias = int | tuple[int, int] | tuple[int, int, int, int]


@register
@dataclass(frozen=True)
class ZeroPad(Layer):
    """Rows and columns of zeros around each image.

    ::

        forward    y[n, h + top, w + left, c] = x[n,h,w,c], else 0
        backward   dx[n,h,w,c] = dy[n, h + top, w + left, c]
        shapes     x (N, H, W, C)   y (N, top + H + bottom, left + W + right, C)

    Parameters
    ----------
    frame : int, (int, int) or (int, int, int, int)
        How many: on all sides, (above and below, left and right), or (top, bottom, left, right).
    """

    frame: Frame = constrained(Range(int, 0), Many(Range(int, 0), exactly=(2, 4)), default=1)

    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(r"y_{n,\, h+p,\, w+q,\, c} = x_{nhwc}, \quad 0 \text{ elsewhere}",),
        backward={
            "dx": r"\frac{\partial J}{\partial x_{nhwc}} = \frac{\partial J}{\partial y_{n,\, h+p,\, w+q,\, c}}",
        },
        where={"p": "rows of zeros above", "q": "columns of zeros to the left"},
    )

    def _window(self) -> Window:
        """Return a window of one tap: what it sees is the padded image."""
        if isinstance(self.frame, int):
            sides = (self.frame,) * 4
        else:
            sides = self.frame if len(self.frame) == 4 else (self.frame[0],) * 2 + (self.frame[1],) * 2
        return Window((1, 1), padding=((sides[0], sides[1]), (sides[2], sides[3])))

    def output_shape(self, shape: Shape) -> Shape:
        """(H, W, C) becomes (top + H + bottom, left + W + right, C)."""
        height, width, channels = require_image(self, shape)
        return (*self._window().places((height, width)), channels)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = x in its frame."""
        return xp.taps(x, self._window(), 0.0)[0], {"size": x.shape[1:3]}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy without the frame."""
        return xp.spread([dy], self._window(), cache["size"]), {}


@register
@dataclass(frozen=True)
class UpSample(Layer):
    """Each pixel becomes a block of equal pixels.

    ::

        forward    y[n, h a + u, w b + v, c] = x[n,h,w,c]   for all u < a, v < b
        backward   dx[n,h,w,c] = Σ_{u,v} dy[n, h a + u, w b + v, c]
        shapes     x (N, H, W, C)   y (N, H a, W b, C)

    Parameters
    ----------
    size : int or (int, int)
        a and b, height and width of a block.
    """

    size: Pair = pair_field(2)

    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(r"y_{n,\, ha+u,\, wb+v,\, c} = x_{nhwc}",),
        backward={
            "dx": r"\frac{\partial J}{\partial x_{nhwc}} = \sum_{u,v}"
            r"\frac{\partial J}{\partial y_{n,\, ha+u,\, wb+v,\, c}}",
        },
        where={"a": "height of a block", "b": "width of a block"},
    )

    def _window(self) -> Window:
        """Return the window that tiles y: it sees one block at each place."""
        return Window(pair(self.size), pair(self.size))

    def output_shape(self, shape: Shape) -> Shape:
        """(H, W, C) becomes (H a, W b, C)."""
        height, width, channels = require_image(self, shape)
        a, b = pair(self.size)
        return (height * a, width * b, channels)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y: x at every place of its block."""
        height, width, _ = self.output_shape(x.shape[1:])
        return xp.spread([x] * math.prod(pair(self.size)), self._window(), (height, width)), {}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy, summed over each block."""
        return sum(xp.taps(dy, self._window(), 0.0)), {}
