"""The categorical policy: a probability for each action, its logarithm, its entropy, and their derivatives by the logits."""

from __future__ import annotations

import numpy as np

from chainrule.types import Array, Namespace


def log_softmax(xp: Namespace, z: Array) -> Array:
    """Return log π = z - log Σₖ e^{zₖ} (N, K); the largest logit is taken away first, so that nothing overflows."""
    z = z - xp.max(z, axis=-1, keepdims=True)
    return z - xp.log(xp.sum(xp.exp(z), axis=-1, keepdims=True))


def entropy(xp: Namespace, logs: Array) -> Array:
    """Return H = -Σₖ πₖ log πₖ (N,)."""
    return -xp.sum(xp.exp(logs) * logs, axis=-1)


def log_probability_dz(xp: Namespace, logs: Array, chosen: Array) -> Array:
    """∂ log π(a) / ∂zₖ = [k = a] - πₖ  (N, K); `chosen` (N, K) is 1 at a."""
    return chosen - xp.exp(logs)


def entropy_dz(xp: Namespace, logs: Array) -> Array:
    """∂H/∂zₖ = -πₖ (log πₖ + H)  (N, K)."""
    return -xp.exp(logs) * (logs + entropy(xp, logs)[:, None])


def draw(rng: np.random.Generator, logs: np.ndarray) -> np.ndarray:
    """Return an action of each row (N,): the largest of log π plus Gumbel noise is drawn with probability π."""
    actions: np.ndarray = np.argmax(logs + rng.gumbel(size=logs.shape), axis=-1)
    return actions
