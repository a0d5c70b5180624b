"""Spectra: where a tone is seen, how strong it is, and the bands on the mel scale."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.encode.spectrum import frames_of, hertz, mel, mel_bands, spectrogram

RATE = 8000


def tone(frequency: float, n: int = 2048) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(n) / RATE)


@pytest.mark.parametrize("frequency", [250.0, 1000.0, 3000.0])
def test_a_tone_is_seen_at_its_frequency_with_a_quarter_of_the_power_of_its_amplitude(frequency: float) -> None:
    power = spectrogram(tone(frequency), 256, 128)
    assert set(power.argmax(axis=1) * RATE / 256) == {frequency}
    # A wave of amplitude 1 is two exponentials of 1/2; this is the square of one.
    np.testing.assert_allclose(power.max(axis=1), 0.25, rtol=1e-6)


def test_a_window_is_what_the_fourier_sum_says() -> None:
    wave = np.random.default_rng(0).normal(size=16)
    w = np.sin(np.pi * np.arange(8) / 8) ** 2
    k, n = np.arange(5)[:, None], np.arange(8)
    expected = np.abs((w * wave[4:12] * np.exp(-2j * np.pi * k * n / 8)).sum(axis=1)) ** 2 / w.sum() ** 2
    np.testing.assert_allclose(spectrogram(wave, 8, 4)[1], expected, rtol=1e-12)


@pytest.mark.parametrize(("n", "window", "hop"), [(8, 8, 4), (15, 8, 4), (16, 8, 4), (100, 10, 3)])
def test_as_many_windows_as_fit_are_taken(n: int, window: int, hop: int) -> None:
    assert len(spectrogram(np.ones(n), window, hop)) == frames_of(n, window, hop)


def test_a_thousand_hertz_is_a_thousand_mel() -> None:
    assert mel(1000) == pytest.approx(1000, abs=0.1)
    assert hertz(mel(432.1)) == pytest.approx(432.1)


@pytest.mark.parametrize(("bands", "window"), [(40, 256), (40, 64), (10, 512)])
def test_each_band_is_a_mean_of_frequencies_that_rise_with_it(bands: int, window: int) -> None:
    shares = mel_bands(bands, window, RATE)
    np.testing.assert_allclose(shares.sum(axis=0), 1)
    assert (shares >= 0).all()
    centres = (shares * np.arange(window // 2 + 1)[:, None]).sum(axis=0)
    assert (np.diff(centres) >= 0).all()


def test_a_tone_is_loudest_in_the_band_around_it() -> None:
    bands = mel_bands(40, 256, RATE)
    loudest = (spectrogram(tone(1000), 256, 128) @ bands).mean(axis=0).argmax()
    edges = np.linspace(0, mel(RATE / 2), 42)
    assert edges[loudest] < 1000 < edges[loudest + 2]
