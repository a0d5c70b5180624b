"""Dynamics: a decision process whose probabilities are known, as two arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ConfigError, ShapeError


@dataclass(frozen=True, eq=False)
class Dynamics:
    """What each action does, in expectation.

    A transition that ends the episode has no state after it, so its probability is left out of p: rows of p sum to
    less than 1 by the probability to end, and no formula has to ask whether a state is terminal.

    Attributes
    ----------
    p : array (S, A, S)
        Probability to be in s' and to go on.
    r : array (S, A)
        Expected reward.
    """

    p: np.ndarray
    r: np.ndarray

    def __post_init__(self) -> None:
        """Find out at once whether these are probabilities."""
        n, k = self.r.shape
        if self.p.shape != (n, k, n):
            raise ShapeError(
                f"p of shape {(n, k, n)}, as r has {(n, k)}", f"{self.p.shape}", "Order the axes s, a, s'."
            )
        if self.p.min(initial=0) < 0 or self.p.sum(axis=2).max(initial=0) > 1 + 1e-9:
            raise ConfigError(
                "probabilities of at least 0 that sum to at most 1 over s'",
                f"a least of {self.p.min():g} and a greatest sum of {self.p.sum(axis=2).max():g}",
                "Leave out what ends the episode, and count nothing twice.",
            )

    def q(self, v: np.ndarray, discount: float) -> np.ndarray:
        """Return Q(s, a) = r(s, a) + γ Σₛ' p(s' | s, a) V(s')  (S, A)."""
        q: np.ndarray = self.r + discount * self.p @ v
        return q


def dynamics_of(environment: Any) -> Dynamics:
    """Return the dynamics of an environment that tells them: a `GridWorld`, or one of Gymnasium's tables `P`.

    Raises
    ------
    ConfigError
        If it does not.
    """
    inner = getattr(environment, "unwrapped", environment)
    if isinstance(getattr(inner, "dynamics", None), Dynamics):
        known: Dynamics = inner.dynamics
        return known
    table = getattr(inner, "P", None)
    if table is None:
        raise ConfigError(
            "an environment that tells its probabilities, to plan with",
            f"{type(inner).__name__}",
            "Take a method that learns from steps, such as q.",
        )
    n, k = len(table), len(table[0])
    p, r = np.zeros((n, k, n)), np.zeros((n, k))
    for state in range(n):
        for action in range(k):
            for probability, to, reward, ends in table[state][action]:
                r[state, action] += probability * reward
                if not ends:
                    p[state, action, to] += probability
    return Dynamics(p, r)
