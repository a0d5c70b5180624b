"""The restricted Boltzmann machine: its energy, the free energy of what is seen, and how each side is drawn from the other."""

from __future__ import annotations

import math
from dataclasses import dataclass

from chainrule.constraints import check_fields, option, real
from chainrule.types import Array, Key, Namespace, Params

# A uniform number that is rounded to 0 has no logarithm.
_SMALLEST = 1e-7

VISIBLE = ("bernoulli", "gaussian")


@dataclass(frozen=True)
class Boltzmann:
    """Visible units v and hidden units h ∈ {0, 1}, with weights between the two sides and none within.

    ::

        bernoulli  E(v, h) = -v·b - h·c - v W h                  v ∈ {0, 1}
        gaussian   E(v, h) = ½ |v - b|²/σ² - h·c - (v/σ) W h     v any number
        p(v, h)  = exp(-E(v, h)) / Z
        p(h|v)   = σ(u),  u = v W + c  (gaussian: v/σ W + c)
        p(v|h)   = σ(b + W h), or Normal(b + σ W h, σ²)
        F(v)     = -log Σₕ exp(-E(v, h)) = -v·b - Σ log(1 + eᵘ), or ½ |v - b|²/σ² - Σ log(1 + eᵘ)
        -∂F/∂W   = v p(h|v)      -∂F/∂c = p(h|v)      -∂F/∂b = v     (gaussian: v/σ p(h|v), p(h|v), (v - b)/σ²)
        shapes     v (N, D)   h (N, H)   W (D, H)   b (D,)   c (H,)

    The gradient of the log likelihood is the mean of -∂F/∂θ over the data less its mean under the model:
    ∂ log p/∂W = ⟨v h⟩data - ⟨v h⟩model.

    Source: Hinton, 2010, A practical guide to training restricted Boltzmann machines, eq. 1-9 and section 13.2.

    Parameters
    ----------
    visible : str
        bernoulli or gaussian.
    sigma : float
        σ of gaussian visible units, the same for all.
    """

    visible: str = option(*VISIBLE, default="bernoulli")
    sigma: float = real(0.0, low_open=True, default=1.0)

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self)

    @property
    def is_gaussian(self) -> bool:
        """Whether the visible units are numbers."""
        return self.visible == "gaussian"

    def scaled(self, v: Array) -> Array:
        """Return v as the weights see it: v, or v/σ."""
        return v * (1 / self.sigma) if self.is_gaussian else v

    def drive(self, p: Params, v: Array) -> Array:
        """Return u (N, H), the logits of the hidden units."""
        return self.scaled(v) @ p["W"] + p["c"]

    def hidden(self, xp: Namespace, p: Params, v: Array) -> Array:
        """Return p(h = 1|v) (N, H)."""
        return xp.expit(self.drive(p, v))

    def visible_mean(self, xp: Namespace, p: Params, h: Array) -> Array:
        """Return the mean of p(v|h) (N, D)."""
        above = h @ p["W"].T
        return p["b"] + self.sigma * above if self.is_gaussian else xp.expit(p["b"] + above)

    def draw_hidden(self, xp: Namespace, mean: Array, key: Key) -> Array:
        """Return h ∈ {0, 1} of its means."""
        return xp.cast(xp.uniform(key, mean.shape) < mean, mean.dtype.name)

    def draw_visible(self, xp: Namespace, mean: Array, key: Key) -> Array:
        """Return v of its means."""
        if not self.is_gaussian:
            return self.draw_hidden(xp, mean, key)
        # Box & Muller's transform of uniform numbers to normal ones.
        radius = xp.sqrt(-2 * xp.log(xp.maximum(xp.uniform(xp.fold(key, 0), mean.shape), _SMALLEST)))
        angle = 2 * math.pi * xp.uniform(xp.fold(key, 1), mean.shape)
        return mean + self.sigma * xp.cast(radius * xp.cos(angle), mean.dtype.name)

    def free_energy(self, xp: Namespace, p: Params, v: Array, u: Array | None = None) -> Array:
        """Return F(v) (N,); `u` may be given where the drive of v is known already."""
        u = self.drive(p, v) if u is None else u
        softplus = xp.sum(xp.maximum(u, 0) + xp.log1p(xp.exp(-xp.abs(u))), axis=1)
        if self.is_gaussian:
            return 0.5 / self.sigma**2 * xp.sum(xp.square(v - p["b"]), axis=1) - softplus
        return -(v @ p["b"]) - softplus

    def statistics(self, xp: Namespace, p: Params, v: Array, share: Array, u: Array | None = None) -> dict[str, Array]:
        """Return Σₙ shareₙ · (-∂F/∂θ) of each parameter: ⟨v h⟩, ⟨v⟩ and ⟨h⟩.

        Parameters
        ----------
        share : array (N, 1)
            What each row counts for; together 1.
        u : array (N, H), optional
            The drive of v, where it is known already.
        """
        h = xp.expit(self.drive(p, v) if u is None else u) * share
        seen = (v - p["b"]) * (1 / self.sigma**2) if self.is_gaussian else v
        return {"W": self.scaled(v).T @ h, "b": (seen.T @ share)[:, 0], "c": xp.sum(h, axis=0)}
