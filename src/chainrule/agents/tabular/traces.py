"""SARSA(λ): each error goes back along the way that led to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.agents.tabular.method import Step, TabularMethod
from chainrule.constraints import option, real


@dataclass(frozen=True)
class SarsaLambda(TabularMethod):
    """Eligibility traces (Sutton and Barto, 2018, section 12.7; the table is the linear case with indicators).

    ::

        δ       = r + γ Q(s', a') - Q(s, a)
        E       ← γ λ E,   then   E(s, a) ← E(s, a) + 1     (accumulating)   or   1     (replacing)
        Q       ← Q + α δ E                                  at every state and action

    λ = 0 is SARSA. E is zero at the beginning of each episode.
    """

    name: ClassVar[str] = "sarsa-lambda"
    about: ClassVar[str] = "SARSA(λ): errors go back along eligibility traces"

    decay: float = real(0, 1, default=0.9)
    traces: str = option("accumulating", "replacing", default="replacing")

    def memory(self, q: np.ndarray) -> np.ndarray:
        """E (S, A)."""
        return np.zeros(q.shape)

    def update(self, q: np.ndarray, step: Step, memory: np.ndarray) -> None:
        """Q ← Q + α δ E."""
        here = step.state, step.action
        after = 0.0 if step.terminated else q[step.next_state, step.next_action]
        error = step.reward + self.discount * after - q[here]
        memory *= self.discount * self.decay
        memory[here] = 1.0 if self.traces == "replacing" else memory[here] + 1.0
        q += self.step_size * error * memory
        if step.done:
            memory[:] = 0.0
