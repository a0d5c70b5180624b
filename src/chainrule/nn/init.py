"""Initial weights: random enough to break the symmetry, scaled so that signals neither die nor explode."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from chainrule.nn.layer import Param
from chainrule.types import Shape

Rng: TypeAlias = np.random.Generator
Init: TypeAlias = Callable[[Rng, Shape, tuple[int, int]], np.ndarray]


def glorot(rng: Rng, shape: Shape, fans: tuple[int, int]) -> np.ndarray:
    """U(-r, r), r = √(6 / (fan in + fan out)). Glorot & Bengio, 2010, Understanding the difficulty, eq. 16."""
    limit = math.sqrt(6.0 / (fans[0] + fans[1]))
    return rng.uniform(-limit, limit, shape)


def he(rng: Rng, shape: Shape, fans: tuple[int, int]) -> np.ndarray:
    """N(0, 2 / fan in), for rectifiers. He et al., 2015, Delving deep into rectifiers, eq. 10."""
    return rng.normal(0.0, math.sqrt(2.0 / fans[0]), shape)


def lecun(rng: Rng, shape: Shape, fans: tuple[int, int]) -> np.ndarray:
    """N(0, 1 / fan in). LeCun et al., 1998, Efficient backprop, eq. 16."""
    return rng.normal(0.0, math.sqrt(1.0 / fans[0]), shape)


def normal(rng: Rng, shape: Shape, fans: tuple[int, int]) -> np.ndarray:
    """N(0, 1), whatever the size of the layer: what the course's hand-written scripts draw."""
    return rng.normal(0.0, 1.0, shape)


def uniform(rng: Rng, shape: Shape, fans: tuple[int, int]) -> np.ndarray:
    """U(-½, ½), whatever the size of the layer: what TensorFlow Playground draws."""
    return rng.uniform(-0.5, 0.5, shape)


def zeros(rng: Rng, shape: Shape, fans: tuple[int, int]) -> np.ndarray:
    """0: right for biases; for weights it shows why symmetry must be broken."""
    return np.zeros(shape)


def ones(rng: Rng, shape: Shape, fans: tuple[int, int]) -> np.ndarray:
    """1: for factors, which then change nothing at first."""
    return np.ones(shape)


def orthogonal(rng: Rng, shape: Shape, fans: tuple[int, int]) -> np.ndarray:
    """Blocks Q of (rows, fan out), side by side, with QᵀQ = I or QQᵀ = I: multiplied again and again, none grows or fades.

    Saxe, McClelland & Ganguli, 2014, Exact solutions to the nonlinear dynamics of learning, section 3.
    """
    rows, width = shape[0], min(fans[1], shape[1])
    blocks = []
    for _ in range(shape[1] // width):
        q, r = np.linalg.qr(rng.normal(size=(max(rows, width), min(rows, width))))
        # With the signs of r's diagonal each orthogonal matrix is as likely as any other.
        q = q * np.sign(np.diag(r))
        blocks.append(q if rows >= width else q.T)
    return np.concatenate(blocks, axis=1)


def forget(rng: Rng, shape: Shape, fans: tuple[int, int]) -> np.ndarray:
    """1 in the second of four quarters, else 0: an LSTM's biases, whose forget gate is open at first.

    Jozefowicz, Zaremba & Sutskever, 2015, An empirical exploration of recurrent network architectures, section 2.2.
    """
    return np.repeat([0.0, 1.0, 0.0, 0.0], shape[0] // 4)


INITS: dict[str, Init] = {
    "glorot": glorot,
    "he": he,
    "lecun": lecun,
    "normal": normal,
    "uniform": uniform,
    "zeros": zeros,
}
WEIGHT_INITS = tuple(INITS)
# What layers ask for by themselves and nobody would choose for weights.
_ALL: dict[str, Init] = {**INITS, "ones": ones, "orthogonal": orthogonal, "forget": forget}


def draw(rng: Rng, tree: Mapping[str, object]) -> dict[str, object]:
    """Return initial values, in float64, for a tree of `Param`, drawn in the tree's order by one generator."""
    return {
        name: draw(rng, spec) if isinstance(spec, Mapping) else _draw_one(rng, spec)  # type: ignore[arg-type]
        for name, spec in tree.items()
    }


def _draw_one(rng: Rng, spec: Param) -> np.ndarray:
    return spec.gain * _ALL[spec.init](rng, spec.shape, spec.fans)
