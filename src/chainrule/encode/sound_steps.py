"""Sounds as sequences: x (T, bands), the loudness of each band at each moment of a sound that is as long as it is."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.encode.encoder import Findings
from chainrule.encode.encoding import DAMAGED, Encoding, require_fields
from chainrule.encode.sounds import SoundEncoding
from chainrule.errors import DataError, ModelFileError
from chainrule.sources.samples import Recordings, Samples
from chainrule.types import Shape

if TYPE_CHECKING:
    import pandas as pd

# What a value of 0 becomes in a moment that there is: all zeros is padding.
_NEARLY_ZERO = np.finfo(np.float32).tiny


@dataclass(frozen=True)
class SoundSteps(Encoding):
    """Spectra of the windows of each sound, standardised in each band; after the last one the padding.

    Attributes
    ----------
    spectra : SoundEncoding
        What a window becomes, measured on the windows that there are; its length is what is heard at most.
    """

    spectra: SoundEncoding
    kind: ClassVar[str] = "sound_steps"

    @classmethod
    def fit(
        cls, sounds: Recordings, *, method: str = "log_mel", seconds: float | None = None, steps: int | None = None
    ) -> SoundSteps:
        """Hear every training sound to its end, unless it is said how many seconds or windows, and measure the bands."""
        spectra = SoundEncoding.fit(sounds, method=method, seconds=seconds)
        if seconds is None:
            longest = max(len(wave) for wave in sounds.waves)
            spectra = replace(spectra, length=max(spectra.window, longest))
        if steps is not None:
            spectra = replace(spectra, length=min(spectra.length, spectra.window + (steps - 1) * spectra.hop))
        bands = len(spectra.means)
        plain = cls(replace(spectra, means=(0.0,) * bands, deviations=(1.0,) * bands))
        windows = np.concatenate([plain.steps_of(wave) for wave in sounds.waves]).astype(np.float64)
        deviation = windows.std(axis=0)
        deviation[deviation < 1e-6] = 1.0
        return cls(replace(spectra, means=tuple(windows.mean(axis=0).tolist()), deviations=tuple(deviation.tolist())))

    @property
    def shape(self) -> Shape:
        """(T, bands)."""
        return self.spectra.shape[:2]

    @property
    def features(self) -> list[str]:
        """None: a value has a moment and a band, not a name."""
        return []

    @property
    def used(self) -> list[str]:
        """None: sounds are no columns."""
        return []

    def steps_of(self, wave: np.ndarray) -> np.ndarray:
        """Return the standardised features (steps, bands) of one wave, of the windows that it has; of none, one."""
        spectra = self.spectra
        windows = max(1, math.ceil((min(len(wave), spectra.length) - spectra.window) / spectra.hop) + 1)
        length = min(spectra.length, spectra.window + (windows - 1) * spectra.hop)
        features = replace(spectra, length=length).features_of(wave)
        steps: np.ndarray = ((features - np.array(spectra.means)) / np.array(spectra.deviations)).astype(np.float32)
        return np.where(steps == 0, _NEARLY_ZERO, steps)

    def encode(self, frame: pd.DataFrame, samples: Samples | None, findings: Findings) -> np.ndarray:
        """Return the standardised features (N, T, bands), 0 after the end of a sound."""
        if not isinstance(samples, Recordings):
            came = f"a table of {len(frame)} rows" if samples is None else f"{len(samples)} {samples.noun}"
            raise DataError(f"{self.describe()}, as in training", came, "Name a folder of .wav files.")
        if samples.rate != self.spectra.rate:
            raise DataError(
                f"sounds of {self.spectra.rate:,} Hz, as in training", f"{samples.rate:,} Hz", "Add `resample=True`."
            )
        x = np.zeros((len(samples), *self.shape), np.float32)
        for row, wave in zip(x, samples.waves, strict=True):
            steps = self.steps_of(wave)
            row[: len(steps)] = steps
        longer = sum(len(wave) > self.spectra.length for wave in samples.waves)
        heard = self.spectra.length / self.spectra.rate
        findings.sequences[f"sounds are heard for {heard:.2g} s and are longer (`seconds`)"] += longer
        return x

    def mask(self, x: np.ndarray) -> np.ndarray:
        """Return 1 for each moment (N, T), 0 for the padding."""
        there: np.ndarray = (x != 0).any(axis=-1).astype(np.float32)
        return there

    def pictures(self, x: np.ndarray) -> np.ndarray:
        """Return spectrograms between 0 and 1 to look at: time to the right, high tones above."""
        return self.spectra.pictures(x[..., None])

    def describe(self) -> str:
        """`sounds of up to 2.3 s at 8,000 Hz: 40 mel bands in up to 142 windows`."""
        steps, bands = self.shape
        what = "mel bands" if self.spectra.method == "log_mel" else "frequencies"
        heard = f"{self.spectra.length / self.spectra.rate:.2g} s at {self.spectra.rate:,} Hz"
        return f"sounds of up to {heard}: {bands} {what} in up to {steps} windows"

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return {"kind": self.kind, "spectra": self.spectra.to_json()}

    @classmethod
    def from_json(cls, data: Any) -> SoundSteps:
        """Return the encoding that `to_json` described, or raise ModelFileError."""
        require_fields(data, cls.kind, {"spectra"})
        spectra = data["spectra"]
        if not isinstance(spectra, dict) or spectra.get("kind") != SoundEncoding.kind:
            raise ModelFileError(f"inputs of the kind {SoundEncoding.kind}", f"{spectra!r:.60}", DAMAGED)
        return cls(SoundEncoding.from_json(spectra))
