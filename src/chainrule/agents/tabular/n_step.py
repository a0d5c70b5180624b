"""n-step SARSA: n rewards as they came, and what is believed of the rest."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.agents.tabular.method import Step, TabularMethod
from chainrule.constraints import whole


@dataclass(frozen=True)
class NStepSarsa(TabularMethod):
    """Between SARSA (n = 1) and Monte Carlo (n as long as the episode) (Sutton and Barto, 2018, 7.4 and 7.5).

    ::

        G       = rₜ + γ rₜ₊₁ + … + γⁿ⁻¹ rₜ₊ₙ₋₁ + γⁿ Q(sₜ₊ₙ, aₜ₊ₙ)
        Q(s, a) ← Q(s, a) + α [ G - Q(s, a) ]

    At an episode's end G is cut short: after a terminal state without the last term, after a time limit with it.
    """

    name: ClassVar[str] = "n-step"
    about: ClassVar[str] = "n-step SARSA: n rewards, then what is believed"

    n: int = whole(1, 10_000, default=4)

    def memory(self, q: np.ndarray) -> deque[Step]:
        """Return the steps whose values have not been moved yet."""
        return deque()

    def update(self, q: np.ndarray, step: Step, memory: deque[Step]) -> None:
        """Move the value of n steps ago; at the end, of all that are left, the oldest first."""
        memory.append(step)
        if len(memory) == self.n:
            self._move(q, memory)
        while step.done and memory:
            self._move(q, memory)

    def _move(self, q: np.ndarray, memory: deque[Step]) -> None:
        last, first = memory[-1], memory[0]
        target = 0.0 if last.terminated else q[last.next_state, last.next_action]
        for step in reversed(memory):
            target = step.reward + self.discount * target
        q[first.state, first.action] += self.step_size * (target - q[first.state, first.action])
        memory.popleft()
