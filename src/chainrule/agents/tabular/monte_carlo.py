"""Monte Carlo: a value is the mean of what followed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from chainrule.agents.tabular.method import Step, TabularMethod
from chainrule.constraints import flag


@dataclass(eq=False)
class _Memory:
    """The episode so far, and how many returns each value is the mean of."""

    counts: np.ndarray
    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class MonteCarlo(TabularMethod):
    """On-policy first-visit control (Sutton and Barto, 2018, section 5.4).

    ::

        G       = rₜ + γ rₜ₊₁ + γ² rₜ₊₂ + …                 to the end of the episode
        Q(s, a) ← Q(s, a) + [ G - Q(s, a) ] / n(s, a)       at the first visit in the episode

    With `averages=False` the step size α stands for 1 / n, so that the returns of an earlier, worse policy fade. Where a
    time limit cut the episode, what would have followed counts as Q(s', a').
    """

    name: ClassVar[str] = "mc"
    about: ClassVar[str] = "Monte Carlo: the mean of what followed"

    averages: bool = flag(default=True)

    def memory(self, q: np.ndarray) -> _Memory:
        """Return an empty episode."""
        return _Memory(np.zeros(q.shape, int))

    def update(self, q: np.ndarray, step: Step, memory: _Memory) -> None:
        """Remember the step; at the end of the episode go back through it."""
        memory.steps.append(step)
        if not step.done:
            return
        first = {(past.state, past.action): t for t, past in reversed(list(enumerate(memory.steps)))}
        target = 0.0 if step.terminated else q[step.next_state, step.next_action]
        for t, past in reversed(list(enumerate(memory.steps))):
            target = past.reward + self.discount * target
            pair = past.state, past.action
            if first[pair] == t:
                memory.counts[pair] += 1
                q[pair] += (target - q[pair]) * (1 / memory.counts[pair] if self.averages else self.step_size)
        memory.steps.clear()
