"""Returns, advantages and targets: what is counted of what came, and where it ends.

Arrays are (T, E): time, and environments side by side. A terminal state has nothing after it. A time limit has: there the
value of the last observation stands for what would have come. Neither lets anything of the next episode through.
"""

from __future__ import annotations

import numpy as np


def returns(rewards: np.ndarray, discount: float, after: float = 0.0) -> np.ndarray:
    """Return G of each step of one episode (T,).

    ::

        Gₜ = rₜ + γ Gₜ₊₁,     G_T = after

    Parameters
    ----------
    after : float
        0 after a terminal state, V of the last observation after a time limit.
    """
    result = np.empty(len(rewards))
    for t in range(len(rewards) - 1, -1, -1):
        after = float(rewards[t]) + discount * after
        result[t] = after
    return result


def advantages(
    rewards: np.ndarray,
    values: np.ndarray,
    next_values: np.ndarray,
    terminated: np.ndarray,
    truncated: np.ndarray,
    discount: float,
    decay: float,
) -> np.ndarray:
    """Return the generalised advantages (T, E) (Schulman et al., 2016, eq. 16).

    ::

        δₜ = rₜ + γ V(sₜ₊₁) [not terminated] - V(sₜ)
        Aₜ = δₜ + γ λ Aₜ₊₁ [neither terminated nor truncated]

    Parameters
    ----------
    values, next_values : array (T, E)
        V of the observation before each step, and of the one that it led to: the episode's own last one, where it
        ended, not the next episode's first.
    """
    errors = rewards + discount * next_values * ~terminated - values
    goes_on = ~(terminated | truncated)
    result: np.ndarray = np.empty_like(errors)
    following = np.zeros(errors.shape[1:])
    for t in range(len(errors) - 1, -1, -1):
        following = errors[t] + discount * decay * goes_on[t] * following
        result[t] = following
    return result
