"""Sounds as inputs: x (frames, bands, 1), the loudness of each band of frequencies at each moment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.encode.encoder import Findings
from chainrule.encode.encoding import DAMAGED, Encoding, require_fields
from chainrule.encode.spectrum import FLOOR, frames_of, mel_bands, spectrogram
from chainrule.errors import DataError, ModelFileError
from chainrule.sources.samples import Recordings, Samples
from chainrule.types import Shape

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("log_mel", "fft")
_WINDOW_SECONDS, _HOP_SECONDS = 0.032, 0.016
_BANDS = 40
# Of the training sounds, the share that is heard to its end.
_WHOLE = 0.95
_MOST_VALUES = 1 << 24


@dataclass(frozen=True)
class SoundEncoding(Encoding):
    """Spectra of short windows, standardised in each band.

    Attributes
    ----------
    method : str
        `log_mel`: the logarithm of the power in 40 bands on the mel scale; `fft`: the magnitude of each frequency.
    rate : int
        Samples a second.
    length : int
        Samples of a sound that are heard; a shorter one is followed by silence.
    window, hop : int
        Samples in a window, and from one to the next.
    means, deviations : tuple of float
        Of each band over all windows of the training sounds.
    """

    method: str
    rate: int
    length: int
    window: int
    hop: int
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    kind: ClassVar[str] = "sounds"

    @classmethod
    def fit(cls, sounds: Recordings, *, method: str = "log_mel", seconds: float | None = None) -> SoundEncoding:
        """Choose the length, unless it is given in seconds, and measure the bands."""
        window = max(2, 2 ** math.ceil(math.log2(_WINDOW_SECONDS * sounds.rate)))
        hop = max(1, round(_HOP_SECONDS * sounds.rate))
        lengths = [len(wave) for wave in sounds.waves]
        length = max(window, math.ceil(np.quantile(lengths, _WHOLE) if seconds is None else seconds * sounds.rate))
        bands = _BANDS if method == "log_mel" else window // 2 + 1
        plain = cls(method, sounds.rate, length, window, hop, (0.0,) * bands, (1.0,) * bands)
        total, squares = np.zeros(bands), np.zeros(bands)
        for wave in sounds.waves:
            features = plain.features_of(wave).astype(np.float64)
            total += features.mean(axis=0)
            squares += np.square(features).mean(axis=0)
        mean = total / len(sounds)
        deviation = np.sqrt(np.maximum(squares / len(sounds) - mean * mean, 0))
        # A band that never changes says nothing, whatever it is divided by.
        deviation[deviation < 1e-6] = 1.0
        return cls(method, sounds.rate, length, window, hop, tuple(mean.tolist()), tuple(deviation.tolist()))

    @property
    def shape(self) -> Shape:
        """(frames, bands, 1)."""
        return (frames_of(self.length, self.window, self.hop), len(self.means), 1)

    @property
    def features(self) -> list[str]:
        """None: a value has a moment and a band, not a name."""
        return []

    @property
    def used(self) -> list[str]:
        """None: sounds are no columns."""
        return []

    def features_of(self, wave: np.ndarray) -> np.ndarray:
        """Return the features (frames, bands) of one wave, cut or filled with silence, before they are standardised."""
        heard = np.zeros(self.length, np.float32)
        heard[: len(wave)] = wave[: self.length]
        power = spectrogram(heard, self.window, self.hop)
        if self.method == "fft":
            magnitude: np.ndarray = np.sqrt(power)
            return magnitude
        loudness: np.ndarray = np.log(FLOOR + power @ mel_bands(len(self.means), self.window, self.rate))
        return loudness

    def encode(self, frame: pd.DataFrame, samples: Samples | None, findings: Findings) -> np.ndarray:
        """Return the standardised features (N, frames, bands, 1)."""
        if not isinstance(samples, Recordings):
            came = f"a table of {len(frame)} rows" if samples is None else f"{len(samples)} {samples.noun}"
            raise DataError(f"{self.describe()}, as in training", came, "Name a folder of .wav files.")
        if samples.rate != self.rate:
            raise DataError(
                f"sounds of {self.rate:,} Hz, as in training", f"{samples.rate:,} Hz", "Add `resample=True`."
            )
        x = np.empty((len(samples), *self.shape), np.float32)
        means, deviations = np.array(self.means), np.array(self.deviations)
        for i, wave in enumerate(samples.waves):
            x[i, :, :, 0] = (self.features_of(wave) - means) / deviations
        return x

    def pictures(self, x: np.ndarray) -> np.ndarray:
        """Return spectrograms between 0 and 1 to look at: time to the right, high tones above."""
        raw = x[..., 0] * np.array(self.deviations) + np.array(self.means)
        low, high = raw.min(axis=(1, 2), keepdims=True), raw.max(axis=(1, 2), keepdims=True)
        return self.upright((raw - low) / np.where(high > low, high - low, 1))[..., None]

    def upright(self, values: np.ndarray) -> np.ndarray:
        """Return values (N, frames, bands) as (N, bands, frames), the lowest band at the bottom."""
        return values.transpose(0, 2, 1)[:, ::-1]

    def weights(self, values: np.ndarray) -> np.ndarray:
        """Return weights (N, frames, bands, 1) as they lie in `pictures`."""
        return self.upright(values[..., 0])

    def describe(self) -> str:
        """`sounds of 0.6 s at 8,000 Hz: 40 mel bands in 36 windows`."""
        frames, bands, _ = self.shape
        what = "mel bands" if self.method == "log_mel" else "frequencies"
        return f"sounds of {self.length / self.rate:.2g} s at {self.rate:,} Hz: {bands} {what} in {frames} windows"

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return {
            "kind": self.kind,
            "method": self.method,
            "rate": self.rate,
            "length": self.length,
            "window": self.window,
            "hop": self.hop,
            "means": list(self.means),
            "deviations": list(self.deviations),
        }

    @classmethod
    def from_json(cls, data: Any) -> SoundEncoding:
        """Return the encoding that `to_json` described, or raise ModelFileError."""
        names = ("method", "rate", "length", "window", "hop", "means", "deviations")
        require_fields(data, cls.kind, set(names))
        method, rate, length, window, hop, means, deviations = (data[name] for name in names)
        right = (
            method in METHODS
            and all(type(count) is int and 0 < count < _MOST_VALUES for count in (rate, length, window, hop))
            and window <= length
            and isinstance(means, list)
            and isinstance(deviations, list)
            and len(means) == len(deviations)
            and 0 < len(means) <= window
            and (method == "log_mel" or len(means) == window // 2 + 1)
            and frames_of(length, window, hop) * len(means) <= _MOST_VALUES
            and all(isinstance(value, float) and math.isfinite(value) for value in [*means, *deviations])
            and all(deviation > 0 for deviation in deviations)
        )
        if not right:
            raise ModelFileError(f"sounds with {', '.join(names)}", f"{data!r:.80}", DAMAGED)
        return cls(method, rate, length, window, hop, tuple(means), tuple(deviations))
