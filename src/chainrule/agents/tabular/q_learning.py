"""Q-learning: towards the best of what may be done next, whatever is done (Watkins, 1989)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.agents.tabular.method import Step, TabularMethod


@dataclass(frozen=True)
class QLearning(TabularMethod):
    """Off-policy control by one step (Sutton and Barto, 2018, 6.8).

    ::

        Q(s, a) ← Q(s, a) + α [ r + γ maxₐ' Q(s', a') - Q(s, a) ]

    Nothing comes after a terminal state; after a time limit it does, so there the maximum counts.
    """

    name: ClassVar[str] = "q"
    about: ClassVar[str] = "Q-learning: one step, towards the best next action"

    def update(self, q: np.ndarray, step: Step, memory: Any) -> None:
        """Q(s, a) ← Q(s, a) + α δ."""
        after = 0.0 if step.terminated else q[step.next_state].max()
        q[step.state, step.action] += self.step_size * (
            step.reward + self.discount * after - q[step.state, step.action]
        )
