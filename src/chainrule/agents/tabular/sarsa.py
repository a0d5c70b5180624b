"""SARSA: towards what is done next (Rummery and Niranjan, 1994)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.agents.tabular.method import Step, TabularMethod


@dataclass(frozen=True)
class Sarsa(TabularMethod):
    """On-policy control by one step (Sutton and Barto, 2018, 6.7).

    ::

        Q(s, a) ← Q(s, a) + α [ r + γ Q(s', a') - Q(s, a) ]
    """

    name: ClassVar[str] = "sarsa"
    about: ClassVar[str] = "SARSA: one step, towards the next action taken"

    def update(self, q: np.ndarray, step: Step, memory: Any) -> None:
        """Q(s, a) ← Q(s, a) + α δ."""
        after = 0.0 if step.terminated else q[step.next_state, step.next_action]
        q[step.state, step.action] += self.step_size * (
            step.reward + self.discount * after - q[step.state, step.action]
        )
