"""Windows over images on NumPy: patches by strides and one matrix product, a few samples at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from chainrule.types import Array
from chainrule.window import Window

# Values of patches made at a time: they are read again at once, so they should still be in a core's cache then.
PATCH_BLOCK = 1 << 19

# Up to this many channels, patches are copied tap by tap instead of patch by patch: half the time for one channel.
FEW_CHANNELS = 4


def conv(x: Array, W: Array, window: Window) -> Array:
    """y_{nijk} = Σ_{uvc} x_{n, i s + u d - p, j s + v d - p, c} W_{uvck}."""
    n, *size, channels = x.shape
    y = np.empty((n, *window.places((size[0], size[1])), W.shape[-1]), np.result_type(x, W))
    weights = W.reshape(-1, W.shape[-1])
    for part, patches in _patches(x, window, channels):
        rows = y[part].reshape(-1, W.shape[-1])
        np.matmul(patches, weights, out=rows)
    return y


def conv_dW(x: Array, dy: Array, window: Window) -> Array:
    """dW_{uvck} = Σ_{nij} x_{n, i s + u d - p, j s + v d - p, c} dy_{nijk}."""
    channels, filters = x.shape[-1], dy.shape[-1]
    dW = np.zeros((window.size[0] * window.size[1] * channels, filters), np.result_type(x, dy))
    for part, patches in _patches(x, window, channels):
        dW += patches.T @ dy[part].reshape(-1, filters)
    return dW.reshape(*window.size, channels, filters)


def conv_dx(dy: Array, W: Array, window: Window, size: tuple[int, int]) -> Array:
    """dx: each patch's derivative, dy Wᵀ, added to where the patch was read.

    With a stride of 1 that is a convolution of dy with W turned by half a turn, C and K exchanged: half the time.
    """
    if window.stride == (1, 1):
        turned = np.ascontiguousarray(W[::-1, ::-1].transpose(0, 1, 3, 2))
        return conv(dy, turned, window.turned(size, (dy.shape[1], dy.shape[2])))
    n, filters = dy.shape[0], dy.shape[-1]
    channels = W.shape[2]
    padded = _zeros(n, window, size, channels, np.result_type(dy, W))
    weights = W.reshape(-1, filters).T
    rows = max(1, PATCH_BLOCK // (dy.shape[1] * dy.shape[2] * weights.shape[1]))
    for start in range(0, n, rows):
        part = slice(start, start + rows)
        patches = (dy[part].reshape(-1, filters) @ weights).reshape(*dy[part].shape[:3], *window.size, channels)
        for u, v, place in _places(window, dy.shape[1:3]):
            padded[(part, *place)] += patches[:, :, :, u, v]
    return _crop(padded, window, size)


def taps(x: Array, window: Window, fill: float = 0.0) -> list[Array]:
    """Return views (N, rows, columns, C) of x, or of x with `fill` around it, one for each place in the window."""
    places = window.places(x.shape[1:3])
    padded = _pad(x, window, fill)
    return [padded[(slice(None), *place)] for _, _, place in _places(window, places)]


def spread(parts: Sequence[Array], window: Window, size: tuple[int, int]) -> Array:
    """Add each part to where its tap was read."""
    n, *places, channels = parts[0].shape
    padded = _zeros(n, window, size, channels, parts[0].dtype)
    for part, (_, _, place) in zip(parts, _places(window, (places[0], places[1])), strict=True):
        if window.is_tiling:
            padded[(slice(None), *place)] = part
        else:
            padded[(slice(None), *place)] += part
    return _crop(padded, window, size)


def _places(window: Window, places: tuple[int, int]) -> Iterator[tuple[int, int, tuple[slice, slice]]]:
    """Yield, for each tap (u, v), the rows and columns of the padded image that the windows see there."""
    for u in range(window.size[0]):
        for v in range(window.size[1]):
            starts = (u * window.dilation[0], v * window.dilation[1])
            rows, columns = (
                slice(start, start + (count - 1) * step + 1, step)
                for start, count, step in zip(starts, places, window.stride, strict=True)
            )
            yield u, v, (rows, columns)


def _patches(x: Array, window: Window, channels: int) -> Iterator[tuple[slice, Array]]:
    """Yield some samples and their patches, one a row: (samples · rows · columns, u · v · C)."""
    n, height, width = x.shape[:3]
    places = window.places((height, width))
    length = window.size[0] * window.size[1] * channels
    count = max(1, PATCH_BLOCK // (places[0] * places[1] * length))
    (sh, sw), (dh, dw) = window.stride, window.dilation
    for start in range(0, n, count):
        part = slice(start, min(start + count, n))
        padded = _pad(x[part], window, 0.0)
        sn, sy, sx, sc = padded.strides
        shape = (part.stop - start, *places, *window.size, channels)
        strides = (sn, sy * sh, sx * sw, sy * dh, sx * dw, sc)
        seen = np.lib.stride_tricks.as_strided(padded, shape, strides, writeable=False)
        if channels <= FEW_CHANNELS:
            # A patch is made of short pieces then, but all patches' values at one tap lie in whole rows of the image.
            yield part, np.ascontiguousarray(seen.transpose(3, 4, 5, 0, 1, 2)).reshape(length, -1).T
        else:
            yield part, np.ascontiguousarray(seen).reshape(-1, length)


def _pad(x: Array, window: Window, fill: float) -> Array:
    (top, bottom), (left, right) = window.padding
    if not (top or bottom or left or right):
        return x
    n, height, width, channels = x.shape
    padded = np.full((n, top + height + bottom, left + width + right, channels), fill, x.dtype)
    padded[:, top : top + height, left : left + width] = x
    return padded


def _zeros(n: int, window: Window, size: tuple[int, int], channels: int, dtype: np.dtype) -> Array:
    (top, bottom), (left, right) = window.padding
    return np.zeros((n, top + size[0] + bottom, left + size[1] + right, channels), dtype)


def _crop(padded: Array, window: Window, size: tuple[int, int]) -> Array:
    (top, _), (left, _) = window.padding
    return padded[:, top : top + size[0], left : left + size[1]]
