"""Generated problems: the course's own, and those of TensorFlow Playground with its own domain [-6, 6]²."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

Rng: TypeAlias = np.random.Generator
# Samples (N, D) and targets (N,): class numbers, or values.
Sample: TypeAlias = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Problem:
    """A generated problem.

    Attributes
    ----------
    make : callable
        (rng, n, noise) -> x (n, D), t (n,).
    task : str
        classification or regression.
    about : str
        One line for `chainrule datasets`.
    samples : int
        Default size.
    noise : float
        Default noise, in the units of x.
    """

    make: Callable[[Rng, int, float], Sample]
    task: str
    about: str
    samples: int = 500
    noise: float = 0.0


def _halves(n: int) -> tuple[int, int]:
    return n - n // 2, n // 2


def xor(rng: Rng, n: int, noise: float) -> Sample:
    """Four squares; neighbours differ. No straight line separates them."""
    x = rng.uniform(-5, 5, (n, 2))
    # A gap around the axes, so that the classes do not touch.
    x += np.where(x > 0, 0.3, -0.3)
    t = (x[:, 0] * x[:, 1] < 0).astype(int)
    return x + rng.normal(0, 1, x.shape) * noise, t


def donut(rng: Rng, n: int, noise: float) -> Sample:
    """Two rings around one centre, of radius 5 and 10, as the course draws them."""
    inner, outer = _halves(n)
    radius = np.concatenate([np.full(inner, 5.0), np.full(outer, 10.0)]) + rng.normal(0, 1, n) * noise
    angle = rng.uniform(0, 2 * math.pi, n)
    x = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return x, np.repeat([0, 1], [inner, outer])


def clouds(rng: Rng, n: int, noise: float) -> Sample:
    """Three Gaussian clouds around (0, -2), (2, 2) and (-2, 2), as in the course's softmax example."""
    t = np.arange(n) % 3
    centres = np.array([[0.0, -2.0], [2.0, 2.0], [-2.0, 2.0]])
    return centres[t] + rng.normal(0, 1, (n, 2)) * noise, t


def circle(rng: Rng, n: int, noise: float) -> Sample:
    """A disc of radius 2.5 inside a ring from 3.5 to 5."""
    inside, outside = _halves(n)
    radius = np.concatenate([rng.uniform(0, 2.5, inside), rng.uniform(3.5, 5, outside)])
    angle = rng.uniform(0, 2 * math.pi, n)
    x = np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])
    return x + rng.normal(0, 1, x.shape) * noise, np.repeat([1, 0], [inside, outside])


def gaussians(rng: Rng, n: int, noise: float) -> Sample:
    """Two Gaussian clouds around (2, 2) and (-2, -2)."""
    first, second = _halves(n)
    centre = np.repeat([2.0, -2.0], [first, second])[:, None]
    return centre + rng.normal(0, 1, (n, 2)) * (1 + noise), np.repeat([1, 0], [first, second])


def spiral(rng: Rng, n: int, noise: float) -> Sample:
    """Two arms, each winding almost twice around the centre."""
    parts, labels = [], []
    for label, (count, start) in enumerate(zip(_halves(n), (0.0, math.pi), strict=True)):
        share = np.arange(count) / max(1, count)
        angle = 1.75 * share * 2 * math.pi + start
        parts.append(np.column_stack([5 * share * np.sin(angle), 5 * share * np.cos(angle)]))
        labels.append(np.full(count, label))
    x = np.concatenate(parts)
    return x + rng.uniform(-1, 1, x.shape) * noise, np.concatenate(labels)


def plane(rng: Rng, n: int, noise: float) -> Sample:
    """A tilted plane: t = (x₁ + x₂) / 10."""
    x = rng.uniform(-6, 6, (n, 2))
    return x, (x + rng.normal(0, 1, x.shape) * noise).sum(axis=1) / 10


def six_gaussians(rng: Rng, n: int, noise: float) -> Sample:
    """Six cones of alternating sign: t falls from ±1 at each centre to 0 at a distance of 2."""
    x = rng.uniform(-6, 6, (n, 2))
    centres = np.array([[-4, 2.5], [0, 2.5], [4, 2.5], [-4, -2.5], [0, -2.5], [4, -2.5]])
    signs = np.array([1, -1, 1, -1, 1, -1])
    seen = x + rng.normal(0, 1, x.shape) * noise
    distance = np.linalg.norm(seen[:, None] - centres, axis=2)
    height = signs * np.clip(1 - distance / 2, 0, 1)
    strongest = np.abs(height).argmax(axis=1)
    return x, height[np.arange(n), strongest]


PROBLEMS: dict[str, Problem] = {
    "xor": Problem(xor, "classification", "the course's XOR: four squares, neighbours differ", noise=0.2),
    "donut": Problem(donut, "classification", "the course's donut: two rings", 1000, 1.0),
    "clouds": Problem(clouds, "classification", "the course's three Gaussian clouds", 1500, 1.0),
    "circle": Problem(circle, "classification", "a disc inside a ring (TensorFlow Playground)", noise=0.1),
    "gaussians": Problem(gaussians, "classification", "two Gaussian clouds (TensorFlow Playground)"),
    "spiral": Problem(spiral, "classification", "two arms around each other (TensorFlow Playground)", noise=0.1),
    "plane": Problem(plane, "regression", "a tilted plane (TensorFlow Playground)", 1200),
    "six_gaussians": Problem(six_gaussians, "regression", "six cones of alternating sign (Playground)", 1200),
}
