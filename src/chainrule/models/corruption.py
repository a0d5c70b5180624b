"""Corruption: what a denoising autoencoder is shown instead of its input, which it has to find again."""

from __future__ import annotations

import math
from dataclasses import dataclass

from chainrule.constraints import check_fields, option, real
from chainrule.errors import ConfigError
from chainrule.types import Array, Key, Namespace

# Folded into a step's key: the layers of both halves fold small numbers into the same key.
_WHERE, _WHAT = 1_000_033, 1_000_037
_SMALLEST = 1e-7

NOISES = ("none", "mask", "gaussian", "salt_and_pepper")


@dataclass(frozen=True)
class Corruption:
    """Noise on the inputs while the network learns; at predict there is none.

    ::

        mask             x̃ = x m,            m ~ Bernoulli(1 - level)     (not divided: what is gone is gone)
        gaussian         x̃ = x + level ε,    ε ~ Normal(0, 1)
        salt_and_pepper  x̃ = low or high, by the toss of a coin, with probability `level`; else x

    Source: Vincent et al., 2010, Stacked denoising autoencoders, section 3.3.

    Parameters
    ----------
    kind : str
        none, mask, gaussian or salt_and_pepper.
    level : float
        Share of the values that are changed, at most 1; of gaussian noise its standard deviation.
    low, high : float
        Pepper and salt: the least and the greatest value there is.
    """

    kind: str = option(*NOISES, default="none")
    level: float = real(0.0, default=0.3)
    low: float = real(default=0.0)
    high: float = real(default=1.0)

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints; more than all values cannot be changed."""
        check_fields(self)
        if self.kind in ("mask", "salt_and_pepper") and self.level > 1:
            raise ConfigError(
                f"a noise_level of at most 1 for {self.kind}", f"{self.level:g}", "It is the share that is changed."
            )

    def __bool__(self) -> bool:
        """Whether there is any noise."""
        return self.kind != "none" and self.level > 0

    def __call__(self, xp: Namespace, x: Array, key: Key) -> Array:
        """Return x̃, of x's shape and dtype."""
        where, what = xp.fold(key, _WHERE), xp.fold(key, _WHAT)
        if self.kind == "gaussian":
            return x + self.level * gaussian(xp, where, what, x)
        hit = xp.bernoulli(where, self.level, x.shape)
        if self.kind == "mask":
            return xp.where(hit, xp.zeros_like(x), x)
        salt = xp.bernoulli(what, 0.5, x.shape)
        one = xp.ones_like(x)
        return xp.where(hit, xp.where(salt, self.high * one, self.low * one), x)


def gaussian(xp: Namespace, radius: Key, angle: Key, like: Array) -> Array:
    """Return standard normal numbers of the shape and dtype of `like`, by Box & Muller's transform of uniform ones.

    √(-2 log u) cos 2πv; u = 0, which may be drawn, has no logarithm, and is taken for the smallest number drawn otherwise.
    """
    u = xp.maximum(xp.uniform(radius, like.shape), _SMALLEST)
    v = xp.uniform(angle, like.shape)
    return xp.cast(xp.sqrt(-2 * xp.log(u)) * xp.cos(2 * math.pi * v), like.dtype.name)
