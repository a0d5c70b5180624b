"""Drawn faces: a small set of pictures with four moods, for networks that look at pixels, made from nothing."""

from __future__ import annotations

import numpy as np

SIZE = 24
MOODS = ("happy", "neutral", "sad", "surprised")


def draw_faces(rng: np.random.Generator, n: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Return n faces (n, 24, 24) from 0 (black) to 1, and their moods as numbers.

    Each has its own place, size, tilt, wide or narrow eyes, and strength of expression; `noise` is the standard
    deviation of each pixel, of which a little is always there.
    """
    moods = np.arange(n) % len(MOODS)
    # Coordinates of each pixel as each face sees them: moved, turned and scaled.
    y, x = np.mgrid[0:SIZE, 0:SIZE] / (SIZE - 1) * 2 - 1
    move, angle = rng.normal(0, 0.05, (2, n)), rng.normal(0, 0.12, n)
    size = rng.uniform(0.82, 1.0, n)
    dx, dy = x[None] - move[0][:, None, None], y[None] - move[1][:, None, None]
    sin, cos = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    u, v = (cos * dx + sin * dy) / size[:, None, None], (cos * dy - sin * dx) / size[:, None, None]
    pictures = 0.75 * _inside(np.hypot(u / 0.82, v / 0.95), 1.0)
    pictures += 0.1 * v * (pictures > 0.4)
    apart, opened = rng.uniform(0.28, 0.38, n)[:, None, None], rng.uniform(0.09, 0.13, n)[:, None, None]
    opened = opened + 0.05 * (moods == MOODS.index("surprised"))[:, None, None]
    for side in (-1, 1):
        pictures -= 0.6 * _inside(np.hypot((u - side * apart) / 0.13, (v + 0.25) / opened), 1.0, 6.0)
    pictures -= 0.6 * _mouth(u, v, moods, rng)
    pictures += rng.normal(0, 0.03 + noise, pictures.shape)
    return np.clip(pictures, 0, 1), moods


def _mouth(u: np.ndarray, v: np.ndarray, moods: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    strength = rng.uniform(0.5, 1.0, len(moods))[:, None, None]
    bend = np.array([1.0, 0.0, -1.0, 0.0])[moods][:, None, None] * strength
    middle = 0.45 + 0.05 * bend
    # A stroke along a parabola; a surprised mouth is a round hole instead.
    stroke = np.abs(v - (middle - 0.9 * bend * (u * u - 0.06))) / 0.08
    line = _inside(np.maximum(stroke, np.abs(u) / 0.42), 1.0, 5.0)
    hole = _inside(np.hypot(u / 0.18, (v - 0.48) / (0.14 + 0.12 * strength)), 1.0, 6.0)
    return np.where((moods == MOODS.index("surprised"))[:, None, None], hole, line)


def _inside(distance: np.ndarray, edge: float, sharpness: float = 9.0) -> np.ndarray:
    """1 inside the edge, 0 outside, with a soft border as of a camera."""
    return 1 / (1 + np.exp(np.clip(sharpness * (distance - edge), -50, 50)))
