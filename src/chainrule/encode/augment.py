"""Augmentation: pictures moved, turned and changed a little at each step, so that no picture is learned by heart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chainrule.constraints import check_fields, flag, real
from chainrule.errors import ConfigError, did_you_mean
from chainrule.types import Array, Batch, Key, Namespace

# Each kind of change draws from a key of its own, made by these numbers folded into the step's key, so that
# switching one off does not change what the others draw. A new kind takes a new number.
_FLIP, _SHIFT, _ROTATE, _ZOOM, _BRIGHTNESS, _CUTOUT, _MIXUP = range(7)


@dataclass(frozen=True)
class Augment:
    """Random changes to images (N, H, W, C), drawn anew for each sample and step; all of them off by default.

    First comes mixup. Then flip; shift, turn and zoom in one resampling of the image with bilinear interpolation (what
    comes in from outside continues the edge); brightness; cutout. The randomness of step t is that of the
    key fold(noise, t), noise being the seed's key of that name: the same seed gives the same pictures again on
    the same engine.

    Parameters
    ----------
    flip : bool
        Whether half of the images are mirrored, left and right exchanged. Not for digits and letters.
    shift : float
        Most shift along each axis, as a share of the image's height and width.
    rotate : float
        Most rotation in either direction, in degrees.
    zoom : float
        Most change of size, as a share: 0.1 is between 1 / 1.1 and 1.1 times.
    brightness : float
        Most that is added to all values of an image or taken from them, in the unit of x.
    cutout : float
        Side of a square that is set to zero, as a share of the image's sides. DeVries & Taylor, 2017, Improved
        regularization of convolutional neural networks with cutout, section 3.
    mixup : float
        α: each sample, its target too, becomes λ of itself and 1 - λ of the one before it in the batch (which is in
        random order), λ ~ Beta(α, α). Zhang et al., 2018, mixup: beyond empirical risk minimization, section 2.
    """

    flip: bool = flag(False)
    shift: float = real(0.0, 1.0, default=0.0)
    rotate: float = real(0.0, 180.0, default=0.0)
    zoom: float = real(0.0, 1.0, default=0.0)
    brightness: float = real(0.0, default=0.0)
    cutout: float = real(0.0, 1.0, default=0.0)
    mixup: float = real(0.0, default=0.0)

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self)

    def __bool__(self) -> bool:
        """Whether anything is changed."""
        return self._changes

    @property
    def is_recordable(self) -> bool:
        """What changes pictures draws random numbers, new ones at each step."""
        return not self

    @cached_property
    def _changes(self) -> bool:
        # Asked at every step: making another Augment to compare with took a quarter of a small network's step.
        return self != Augment()

    def __call__(self, xp: Namespace, batch: Batch, key: Key) -> Batch:
        """Return the batch with other pictures, and under mixup other targets."""
        # Mixup reads each picture twice. Before the resampling that is a copy; after it, XLA would resample twice too.
        batch = _mixed(xp, batch, self.mixup, xp.fold(key, _MIXUP)) if self.mixup else batch
        return batch._replace(x=self.pictures(xp, batch.x, key))

    def pictures(self, xp: Namespace, x: Array, key: Key, *, alike: bool = False) -> Array:
        """Return images changed each by itself, or all `alike`: all but mixup."""
        n = 1 if alike else x.shape[0]
        if self.flip:
            mirrored = xp.uniform(xp.fold(key, _FLIP), (n, 1, 1, 1)) < 0.5
            x = xp.where(mirrored, x[:, :, ::-1], x)
        if self.shift or self.rotate or self.zoom:
            x = _resampled(xp, x, *self._sources(xp, x, key, n))
        if self.brightness:
            x = x + self.brightness * _between(xp, key, _BRIGHTNESS, (n, 1, 1, 1), x)
        if self.cutout:
            x = xp.where(self._hole(xp, x, key, n), 0, x).astype(x.dtype)
        return x

    def _sources(self, xp: Namespace, x: Array, key: Key, n: int) -> tuple[Array, Array]:
        """Return from which row and column (n, H, W) of its image each pixel comes."""
        _, height, width, _ = x.shape
        rows, columns = _grid(xp, x)
        angle = math.radians(self.rotate) * _between(xp, key, _ROTATE, (n, 1, 1), x)
        scale = xp.exp(math.log1p(self.zoom) * _between(xp, key, _ZOOM, (n, 1, 1), x))
        shift = self.shift * _between(xp, key, _SHIFT, (n, 1, 2), x)
        sin, cos = xp.sin(angle) * scale, xp.cos(angle) * scale
        # About the middle of the image, in pixels.
        y, z = rows - (height - 1) / 2, columns - (width - 1) / 2
        return (
            cos * y - sin * z + ((height - 1) / 2 + height * shift[:, :, :1]),
            sin * y + cos * z + ((width - 1) / 2 + width * shift[:, :, 1:]),
        )

    def _hole(self, xp: Namespace, x: Array, key: Key, n: int) -> Array:
        """Return where (n, H, W, 1) the square lies; its middle is anywhere on the image."""
        _, height, width, _ = x.shape
        rows, columns = _grid(xp, x)
        middle = xp.uniform(xp.fold(key, _CUTOUT), (n, 1, 2)).astype(x.dtype)
        inside = (xp.abs(rows - height * middle[:, :, :1]) < self.cutout * height / 2) & (
            xp.abs(columns - width * middle[:, :, 1:]) < self.cutout * width / 2
        )
        return inside[..., None]


PRESETS: dict[str, Augment] = {
    "none": Augment(),
    "light": Augment(shift=0.08, rotate=8.0, zoom=0.08),
    "strong": Augment(shift=0.12, rotate=15.0, zoom=0.15, brightness=0.2, cutout=0.3, mixup=0.2),
}


def augment_by_name(name: str, **settings: Any) -> Augment:
    """Return a preset, `none`, `light` or `strong`, with some of its settings changed.

    No preset flips: what a picture shows decides whether its mirror image shows the same.
    """
    if name not in PRESETS:
        raise ConfigError("the name of an augmentation", f"{name!r}", did_you_mean(name, PRESETS))
    preset = PRESETS[name]
    return Augment(**({field: getattr(preset, field) for field in preset.__dataclass_fields__} | settings))


def _between(xp: Namespace, key: Key, purpose: int, shape: tuple[int, ...], like: Array) -> Array:
    """Return numbers between -1 and 1 in the dtype of an array."""
    return (2 * xp.uniform(xp.fold(key, purpose), shape) - 1).astype(like.dtype)


def _grid(xp: Namespace, x: Array) -> tuple[Array, Array]:
    """Return the number of each row (1, H, 1) and of each column (1, 1, W)."""
    _, height, width, _ = x.shape
    return xp.arange(height).astype(x.dtype)[None, :, None], xp.arange(width).astype(x.dtype)[None, None, :]


def _resampled(xp: Namespace, x: Array, rows: Array, columns: Array) -> Array:
    """Return the images read at rows and columns (N or 1, H, W) between their pixels, bilinearly."""
    n, height, width, channels = x.shape
    rows, columns = xp.clip(rows, 0, height - 1), xp.clip(columns, 0, width - 1)
    top, left = xp.minimum(xp.floor(rows), max(height - 2, 0)), xp.minimum(xp.floor(columns), max(width - 2, 0))
    down, right = (rows - top)[..., None], (columns - left)[..., None]
    first = (top * width + left).astype("int32")
    flat = xp.reshape(x, (n, height * width, channels))

    def read(step: int) -> Array:
        places = xp.reshape(xp.minimum(first + step, height * width - 1), (-1, height * width, 1))
        return xp.reshape(xp.take_along_axis(flat, places, axis=1), x.shape)

    above = read(0) * (1 - right) + read(1) * right
    below = read(width) * (1 - right) + read(width + 1) * right
    return above * (1 - down) + below * down


def _mixed(xp: Namespace, batch: Batch, alpha: float, key: Key) -> Batch:
    """Return λ of each sample and 1 - λ of the one before it."""
    if batch.t is None or batch.t.dtype.kind in "iu":
        raise ConfigError(
            "targets as numbers for mixup, which mixes them: a row for each sample",
            "none" if batch.t is None else "class numbers",
            "Give an indicator matrix, or leave mixup out.",
        )
    share = xp.beta(key, alpha, (batch.x.shape[0],)).astype(batch.x.dtype)

    def mixed(values: Array) -> Array:
        own = xp.reshape(share, (-1,) + (1,) * (values.ndim - 1)).astype(values.dtype)
        return own * values + (1 - own) * xp.concatenate((values[-1:], values[:-1]))

    return batch._replace(x=mixed(batch.x), t=mixed(batch.t))
