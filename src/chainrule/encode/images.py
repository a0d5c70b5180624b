"""Pictures as inputs: x (N, H, W, C) in float32, 0 black and 1 white."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.encode.encoder import Findings
from chainrule.encode.encoding import DAMAGED, Encoding, require_fields
from chainrule.errors import DataError, ModelFileError
from chainrule.sources.samples import Pictures, Samples
from chainrule.types import Shape

if TYPE_CHECKING:
    import pandas as pd

# Pictures that are scaled at a time: the float32 copy of a block stays small beside the array.
_BLOCK = 4096


@dataclass(frozen=True)
class ImageEncoding(Encoding):
    """Pixels divided by the value of white, and standardised for each channel where that was asked for.

    Attributes
    ----------
    size : tuple of int
        (height, width, channels), the shape of x.
    white : float
        The pixel value of the training pictures that became 1; other pictures may have another.
    means, deviations : tuple of float
        Of each channel of the scaled training pixels; 0 and 1 where they are not standardised.
    bits : int
        How many bits the pixels of 16-bit training pictures used.
    """

    size: Shape
    white: float
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    bits: int = 16
    kind: ClassVar[str] = "images"

    @classmethod
    def fit(cls, pictures: Pictures, *, standardise: bool = False) -> ImageEncoding:
        """Measure the channels of the training pictures where they are to be standardised."""
        channels = pictures.shape[-1]
        if not standardise:
            return cls(pictures.shape[1:], pictures.white, (0.0,) * channels, (1.0,) * channels, pictures.bits)
        total, squares, count = np.zeros(channels), np.zeros(channels), 0
        for start in range(0, len(pictures), _BLOCK):
            pixels = pictures[start : start + _BLOCK].reshape(-1, channels) / pictures.white
            total += pixels.sum(axis=0)
            squares += np.square(pixels).sum(axis=0)
            count += len(pixels)
        mean = total / count
        deviation = np.sqrt(np.maximum(squares / count - mean * mean, 0))
        # A channel that never changes says nothing, whatever it is divided by.
        deviation[deviation < 1e-6] = 1.0
        means, deviations = tuple(mean.tolist()), tuple(deviation.tolist())
        return cls(pictures.shape[1:], pictures.white, means, deviations, pictures.bits)

    @property
    def shape(self) -> Shape:
        """(H, W, C)."""
        return self.size

    @property
    def features(self) -> list[str]:
        """None: a pixel has a place, not a name."""
        return []

    @property
    def used(self) -> list[str]:
        """None: pictures are no columns."""
        return []

    @property
    def is_standardised(self) -> bool:
        """Whether x has been brought to mean 0 and deviation 1 in each channel."""
        return any(self.means) or any(deviation != 1 for deviation in self.deviations)

    def encode(self, frame: pd.DataFrame, samples: Samples | None, findings: Findings) -> np.ndarray:
        """Scale the pixels, and standardise them if training did."""
        pictures = self._of_this_shape(frame, samples)
        x = np.empty(pictures.shape, np.float32)
        for start in range(0, len(x), _BLOCK):
            self._scale(pictures[start : start + _BLOCK], pictures.white, out=x[start : start + _BLOCK])
        return x

    def _scale(self, pixels: np.ndarray, white: float, out: np.ndarray) -> None:
        """Write x of some pixels (N, H, W, C), of which `white` is to become 1, into `out`."""
        np.multiply(pixels, np.float32(1 / white), out=out, casting="unsafe")
        if self.is_standardised:
            out -= np.array(self.means, np.float32)
            out /= np.array(self.deviations, np.float32)

    def pictures(self, x: np.ndarray) -> np.ndarray:
        """Return pictures between 0 and 1 to look at, of inputs x (N, H, W, C)."""
        shown: np.ndarray = np.clip(x * np.array(self.deviations) + np.array(self.means), 0, 1)
        return shown

    def weights(self, values: np.ndarray) -> np.ndarray:
        """Return the mean over the channels."""
        maps: np.ndarray = values.mean(axis=-1)
        return maps

    def _of_this_shape(self, frame: pd.DataFrame, samples: Samples | None) -> Pictures:
        height, width, channels = self.size
        wanted = f"{self.describe()}, as in training"
        if not isinstance(samples, Pictures):
            came = f"a table of {len(frame)} rows" if samples is None else f"{len(samples)} {samples.noun}"
            raise DataError(wanted, came, "Name a folder of pictures, or a file of them in a known format.")
        if samples.shape[1:] != self.size:
            h, w, c = samples.shape[1:]
            raise DataError(
                wanted,
                f"pictures of {h}×{w} pixels, {c} a pixel",
                f"Resize them to {height}×{width}, {channels} a pixel.",
            )
        return samples

    def describe(self) -> str:
        """`pictures of 28×28 pixels, grey`."""
        height, width, channels = self.size
        colour = {1: "grey", 3: "in colour"}.get(channels, f"{channels} channels")
        return f"pictures of {height}×{width} pixels, {colour}"

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return {
            "kind": self.kind,
            "size": list(self.size),
            "white": self.white,
            "means": list(self.means),
            "deviations": list(self.deviations),
            "bits": self.bits,
        }

    @classmethod
    def from_json(cls, data: Any) -> ImageEncoding:
        """Return the encoding that `to_json` described, or raise ModelFileError."""
        # Older files do not say it: all had 16.
        data = {"bits": 16} | data if isinstance(data, dict) else data
        require_fields(data, cls.kind, {"size", "white", "means", "deviations", "bits"})
        size, white, means, deviations = (data[name] for name in ("size", "white", "means", "deviations"))
        right = (
            isinstance(size, list)
            and len(size) == 3
            and all(type(axis) is int and 0 < axis < 1 << 16 for axis in size)
            and _are_numbers([white])
            and white > 0
            and isinstance(means, list)
            and isinstance(deviations, list)
            and len(means) == len(deviations) == size[2]
            and _are_numbers(means)
            and _are_numbers(deviations)
            and all(deviation > 0 for deviation in deviations)
            and data["bits"] in (10, 12, 14, 16)
        )
        if not right:
            raise ModelFileError("pictures with a size, a white, means, deviations and bits", f"{data!r:.80}", DAMAGED)
        return cls(tuple(size), white, tuple(means), tuple(deviations), data["bits"])


def _are_numbers(values: list[Any]) -> bool:
    return all(isinstance(value, float) and math.isfinite(value) for value in values)
