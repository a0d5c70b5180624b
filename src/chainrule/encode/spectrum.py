"""From a sound wave to what the ear hears of it: windows, their spectra, and bands on the mel scale."""

from __future__ import annotations

import math

import numpy as np

# Below the power of -80 dB, as of full scale, there is silence: its logarithm goes no lower.
FLOOR = 1e-8


def spectrogram(wave: np.ndarray, window: int, hop: int) -> np.ndarray:
    """Return the power of each window's frequencies (frames, window / 2 + 1): |Σ w x e^(−2πikn/N)|² / (Σ w)².

    Parameters
    ----------
    wave : float array (n,)
        Between -1 and 1; n is at least `window`.
    window : int
        Samples in a window, which is Hann's: w = sin²(πn / N).
    hop : int
        Samples from one window to the next.
    """
    hann = np.sin(np.pi * np.arange(window) / window) ** 2
    frames = np.lib.stride_tricks.sliding_window_view(wave, window)[::hop]
    spectrum = np.fft.rfft(frames * hann, axis=1)
    power: np.ndarray = (spectrum.real**2 + spectrum.imag**2) / hann.sum() ** 2
    return power


def frames_of(n: int, window: int, hop: int) -> int:
    """Return the number of windows in n samples."""
    return 1 + (n - window) // hop


def mel(frequency: float) -> float:
    """Return the height of a tone on the mel scale (O'Shaughnessy, 1987): 2595 log₁₀(1 + f / 700)."""
    return 2595 * math.log10(1 + frequency / 700)


def hertz(height: float) -> float:
    """Return the frequency of a height on the mel scale."""
    return 700 * (10 ** (height / 2595) - 1)


def mel_bands(bands: int, window: int, rate: int) -> np.ndarray:
    """Return triangles (window / 2 + 1, bands), evenly spaced on the mel scale up to half the rate, each of sum 1.

    A triangle that is narrower than the distance of two frequencies takes the nearest one, so that none is empty.
    """
    heights = np.linspace(0, mel(rate / 2), bands + 2)
    edges = np.array([hertz(height) for height in heights])
    frequencies = np.arange(window // 2 + 1) * rate / window
    rising = (frequencies[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies[:, None]) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0, np.minimum(rising, falling))
    for band in np.flatnonzero(triangles.sum(axis=0) == 0):
        triangles[np.abs(frequencies - edges[band + 1]).argmin(), band] = 1
    shares: np.ndarray = triangles / triangles.sum(axis=0)
    return shares
