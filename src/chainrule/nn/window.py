"""Windows: what convolutions and pools share, from a layer's settings to how its window moves over an image."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, TypeAlias

from chainrule.constraints import REQUIRED, Many, Range, constrained
from chainrule.errors import ShapeError
from chainrule.nn.layer import Layer, Param
from chainrule.nn.weighted import Weighted
from chainrule.types import Shape
from chainrule.window import Window

Pair: TypeAlias = int | tuple[int, int]

PADDINGS = ("valid", "same")


def pair_field(default: Any = REQUIRED, **options: Any) -> Any:
    """Return a field for a whole number of at least 1, or one for height and one for width."""
    return constrained(Range(int, 1), Many(Range(int, 1), exactly=(2,)), default=default, **options)


def pair(value: Pair) -> tuple[int, int]:
    """Return (height, width)."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def require_image(layer: Layer, shape: Shape) -> tuple[int, int, int]:
    """Return (H, W, C), or raise ShapeError naming the layer and the remedy."""
    if len(shape) != 3:
        raise ShapeError(
            f"{type(layer).__name__} to receive images of shape (H, W, C)",
            f"an input of shape {shape}",
            f"Put Reshape(({shape[0]}, {shape[1]}, 1)) before it."
            if len(shape) == 2
            else "Give images with a channel axis, or put a Reshape layer before it.",
        )
    return shape[0], shape[1], shape[2]


def window_over(
    layer: Layer, shape: Shape, size: Pair, stride: Pair, padding: str, dilation: Pair = 1, *, noun: str = "kernel"
) -> Window:
    """Return the window of a layer over images of `shape`.

    `same` pads with as many zeros as make the output ⌈H / s⌉ × ⌈W / s⌉, the odd one after the image, as Keras has it.
    """
    height, width, _ = require_image(layer, shape)
    window = Window(pair(size), pair(stride), pair(dilation))
    if padding == "same":
        around = []
        for n, s, reach in zip((height, width), window.stride, window.reach, strict=True):
            total = max(0, (-(-n // s) - 1) * s + reach - n)
            around.append((total // 2, total - total // 2))
        return window._replace(padding=(around[0], around[1]))
    if window.reach[0] > height or window.reach[1] > width:
        dilated = "" if window.dilation == (1, 1) else f", {_by(window.reach)} with its dilation,"
        raise ShapeError(
            f"the {noun} of {type(layer).__name__} to fit on the image",
            f"a {noun} of {_by(window.size)}{dilated} on an image of {_by((height, width))} (input shape {shape})",
            f"Use a smaller {noun}, padding='same', or fewer pools and strides before it.",
        )
    return window


class Kernel(Weighted):
    """A layer whose weights (kh, kw, …) move over images as a window."""

    kernel: Pair
    stride: Pair
    padding: str
    dilation: Pair

    @abstractmethod
    def params(self, shape: Shape) -> dict[str, Param]:
        """Return W (kh, kw, …) and b."""

    def window(self, shape: Shape) -> Window:
        """Return how the kernel moves over images of `shape`."""
        return window_over(self, shape, self.kernel, self.stride, self.padding, self.dilation)

    def places(self, shape: Shape) -> tuple[int, int]:
        """Return how many places the kernel has below each other and side by side, for an x of `shape`."""
        return self.window(shape).places((shape[0], shape[1]))

    def operations(self, shape: Shape) -> int:
        """One multiplication and one addition for each weight at each place."""
        return 2 * self.params(shape)["W"].size * math.prod(self.places(shape))


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]} × {size[1]}"
