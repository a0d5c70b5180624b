"""Windows: what convolutions and pools share, from a layer's settings to how its window moves over an image."""

from __future__ import annotations

from typing import Any, TypeAlias

from chainrule.constraints import REQUIRED, Many, Range, constrained
from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.layer import Layer
from chainrule.types import Shape
from chainrule.window import Window

Pair: TypeAlias = int | tuple[int, int]

PADDINGS = ("valid", "same")


def pair_field(default: Any = REQUIRED, **options: Any) -> Any:
    """Return a field for a whole number of at least 1, or one for height and one for width."""
    return constrained(Range(int, 1), Many(Range(int, 1), at_least=2), default=default, **options)


def pair(value: Pair) -> tuple[int, int]:
    """Return (height, width)."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def check_pairs(layer: Layer, *names: str) -> None:
    """Keep sequences as tuples, and raise ConfigError for one that is not a pair."""
    for name in names:
        value = getattr(layer, name)
        if isinstance(value, (tuple, list)):
            if len(value) != 2:
                raise ConfigError(
                    f"{name} of {type(layer).__name__} to be one number, or one for height and one for width",
                    f"{value!r}",
                    f"Write {name}={value[0]} or {name}=({value[0]}, {value[1]}).",
                )
            object.__setattr__(layer, name, tuple(value))


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


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]} × {size[1]}"
