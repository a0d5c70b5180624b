"""Windows over images on JAX: native convolutions, each laid out so that the CPU runs it near its matrix peak."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import jax.numpy as jnp
from jax import lax

from chainrule.types import Array
from chainrule.window import Window

_IMAGES = ("NHWC", "HWIO", "NHWC")


def conv(x: Array, W: Array, window: Window) -> Array:
    """y_{nijk} = Σ_{uvc} x_{n, i s + u d - p, j s + v d - p, c} W_{uvck}."""
    return lax.conv_general_dilated(
        x, W, window.stride, window.padding, rhs_dilation=window.dilation, dimension_numbers=_IMAGES
    )


def conv_dx(dy: Array, W: Array, window: Window, size: tuple[int, int]) -> Array:
    """dx: dy with s - 1 zeros between its values, convolved with W turned by half a turn, C and K exchanged."""
    turned = jnp.transpose(W[::-1, ::-1], (0, 1, 3, 2))
    back = window.turned(size, (dy.shape[1], dy.shape[2]))
    return lax.conv_general_dilated(
        dy,
        turned,
        back.stride,
        back.padding,
        lhs_dilation=window.stride,
        rhs_dilation=back.dilation,
        dimension_numbers=_IMAGES,
    )


def conv_dW(x: Array, dy: Array, window: Window) -> Array:
    """dW: x convolved with dy, with channels in the place of samples and samples in the place of channels.

    The same sum as the engine's own derivative, in the layout for which it has a fast kernel; inside a scan the
    own derivative is some thirty times slower on a CPU.
    """
    images = jnp.transpose(x, (3, 1, 2, 0))
    kernels = jnp.transpose(dy, (1, 2, 0, 3))
    padding = []
    for n, places, s, d, k, (before, _) in zip(
        x.shape[1:3], dy.shape[1:3], window.stride, window.dilation, window.size, window.padding, strict=True
    ):
        # The result must be k long: n + before + after - ((places - 1) s + 1) = (k - 1) d.
        padding.append((before, (places - 1) * s + 1 + (k - 1) * d - n - before))
    dW = lax.conv_general_dilated(
        images, kernels, window.dilation, padding, rhs_dilation=window.stride, dimension_numbers=_IMAGES
    )
    return jnp.transpose(dW, (1, 2, 0, 3))


def taps(x: Array, window: Window, fill: float = 0.0) -> list[Array]:
    """Return slices (N, rows, columns, C) of x with `fill` around it, one for each place in the window."""
    rows, columns = window.places(x.shape[1:3])
    padded = jnp.pad(x, ((0, 0), *window.padding, (0, 0)), constant_values=fill) if _is_padded(window) else x
    (sh, sw), (dh, dw) = window.stride, window.dilation
    return [
        padded[:, u * dh : u * dh + (rows - 1) * sh + 1 : sh, v * dw : v * dw + (columns - 1) * sw + 1 : sw]
        for u in range(window.size[0])
        for v in range(window.size[1])
    ]


def spread(parts: Sequence[Array], window: Window, size: tuple[int, int]) -> Array:
    """Add each part to where its tap was read."""
    if window.is_tiling:
        return _tile(parts, window, size)
    n, rows, columns, channels = parts[0].shape
    (sh, sw), (dh, dw) = window.stride, window.dilation
    (top, bottom), (left, right) = window.padding
    height, width = size[0] + top + bottom, size[1] + left + right
    total = jnp.zeros((n, height, width, channels), parts[0].dtype)
    for i, part in enumerate(parts):
        y, x = (i // window.size[1]) * dh, (i % window.size[1]) * dw
        total += lax.pad(
            part,
            jnp.zeros((), part.dtype),
            (
                (0, 0, 0),
                (y, height - y - (rows - 1) * sh - 1, sh - 1),
                (x, width - x - (columns - 1) * sw - 1, sw - 1),
                (0, 0, 0),
            ),
        )
    return total[:, top : top + size[0], left : left + size[1]]


def _tile(parts: Sequence[Array], window: Window, size: tuple[int, int]) -> Array:
    """Lay the parts side by side: nothing has to be added where windows do not overlap."""
    n, rows, columns, channels = parts[0].shape
    kh, kw = window.size
    lines = [jnp.stack(parts[u * kw : (u + 1) * kw], axis=3) for u in range(kh)]
    whole = jnp.reshape(jnp.stack(lines, axis=2), (n, rows * kh, columns * kw, channels))
    (top, _), (left, _) = window.padding
    # Cut off the padding; rows and columns that no window reached have a derivative of zero.
    whole = whole[:, top : top + size[0], left : left + size[1]]
    missing = (size[0] - whole.shape[1], size[1] - whole.shape[2])
    if missing != (0, 0):
        whole = jnp.pad(whole, ((0, 0), (0, missing[0]), (0, missing[1]), (0, 0)))
    return cast(Array, whole)


def _is_padded(window: Window) -> bool:
    return window.padding != ((0, 0), (0, 0))
