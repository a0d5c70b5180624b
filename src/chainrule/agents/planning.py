"""Planning: values and policies of a process whose probabilities are known (Sutton and Barto, 2018, chapter 4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.agents.dynamics import Dynamics
from chainrule.errors import ConfigError, ShapeError, TrainingError

# Two actions are equally good if their values differ by less than what rounding and the last sweep leave open.
TIE = 1e-8
MOST_SWEEPS = 100_000


@dataclass(frozen=True, eq=False)
class Plan:
    """What planning came to.

    Attributes
    ----------
    v : array (S,)
        V*, the value of each state.
    q : array (S, A)
        Q*, the value of each action.
    sweeps : int
        How often all states were gone through.
    """

    v: np.ndarray
    q: np.ndarray
    sweeps: int

    @property
    def actions(self) -> np.ndarray:
        """The best action of each state (S,); the first where several are."""
        actions: np.ndarray = self.best.argmax(axis=1)
        return actions

    @property
    def best(self) -> np.ndarray:
        """Which actions are as good as the best (S, A)."""
        best: np.ndarray = self.q >= self.q.max(axis=1, keepdims=True) - TIE
        return best


def evaluate_policy(
    dynamics: Dynamics,
    policy: np.ndarray,
    *,
    discount: float = 1.0,
    tolerance: float = 1e-10,
    most_sweeps: int = MOST_SWEEPS,
) -> np.ndarray:
    """Return V of a policy by sweeps (4.5) until none changes a value by more than `tolerance`.

    ::

        V(s) ← Σₐ π(a | s) [ r(s, a) + γ Σₛ' p(s' | s, a) V(s') ]

    Parameters
    ----------
    policy : array (S, A) of probabilities, or (S,) of actions

    Raises
    ------
    TrainingError
        Where the values do not settle, as of a policy that never ends an episode that is not discounted.
    """
    pi = _probabilities(dynamics, policy)
    r = np.sum(pi * dynamics.r, axis=1)
    p = np.einsum("sa,sat->st", pi, dynamics.p)
    v: np.ndarray = np.zeros(len(r))
    for _ in range(most_sweeps):
        new = r + _discount(discount) * p @ v
        change, v = np.abs(new - v).max(), new
        if change <= tolerance:
            return v
    raise _unsettled(discount, most_sweeps)


def iterate_policy(dynamics: Dynamics, *, discount: float = 0.99) -> Plan:
    """Return the optimal plan by evaluating a policy and becoming greedy to its values, in turn (4.3).

    A policy is given up only for an action that is better by more than a tie, or two equally good ones would take
    turns for ever. Evaluation solves (I - γ P) V = r, so it is exact. `sweeps` counts the improvements.
    """
    if not 0 <= discount < 1:
        raise ConfigError(
            "a `discount` from 0 to below 1, as the first policy may never end an episode",
            f"{discount}",
            "Take a discount such as 0.99, or iterate_value.",
        )
    states = np.arange(len(dynamics.r))
    actions = np.zeros(len(states), int)
    for improvements in range(1, MOST_SWEEPS):
        system = np.eye(len(states)) - discount * dynamics.p[states, actions]
        v = np.linalg.solve(system, dynamics.r[states, actions])
        q = dynamics.q(v, discount)
        better = q.max(axis=1) > q[states, actions] + TIE
        if not better.any():
            return Plan(v, q, improvements)
        actions = np.where(better, q.argmax(axis=1), actions)
    raise _unsettled(discount, MOST_SWEEPS)


def iterate_value(dynamics: Dynamics, *, discount: float = 0.99, tolerance: float = 1e-10) -> Plan:
    """Return the optimal plan by sweeps of Bellman's equation of optimality (4.10).

    ::

        V(s) ← maxₐ [ r(s, a) + γ Σₛ' p(s' | s, a) V(s') ]
    """
    v = np.zeros(len(dynamics.r))
    for sweeps in range(1, MOST_SWEEPS):
        new = dynamics.q(v, _discount(discount)).max(axis=1)
        change, v = np.abs(new - v).max(), new
        if change <= tolerance:
            return Plan(v, dynamics.q(v, discount), sweeps)
    raise _unsettled(discount, MOST_SWEEPS)


def _probabilities(dynamics: Dynamics, policy: np.ndarray) -> np.ndarray:
    policy = np.asarray(policy)
    n, k = dynamics.r.shape
    if policy.shape == (n,) and policy.dtype.kind in "iu":
        chosen: np.ndarray = np.eye(k)[policy]
        return chosen
    if policy.shape != (n, k) or not np.allclose(policy.sum(axis=1), 1) or policy.min() < 0:
        raise ShapeError(
            f"a policy of probabilities {(n, k)} that sum to 1, or of actions {(n,)}",
            f"an array of shape {policy.shape}",
            "Give a row for each state.",
        )
    return policy


def _discount(discount: float) -> float:
    if not 0 <= discount <= 1:
        raise ConfigError("a `discount` from 0 to 1", f"{discount}", "Take one such as 0.99.")
    return discount


def _unsettled(discount: float, sweeps: int) -> TrainingError:
    return TrainingError(
        f"values that settle within {sweeps:,} sweeps",
        f"values that still change, with discount={discount}",
        "Take a discount below 1: without one, an episode that need not end has no finite value.",
    )
