"""Averaged: any rule, with a moving average of the weights beside it; the average is what is shown and kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.constraints import Kind, constrained, real
from chainrule.optim.rules import Adam, Coefficients, Rule, State
from chainrule.types import Array, Namespace

# The moment that holds the averaged weights.
AVERAGE = "average"


@dataclass(frozen=True)
class Averaged(Rule):
    """w moves as `rule` says, and m ← δₜ m + (1 - δₜ) w follows it; m is evaluated, kept and returned.

    With δₜ = δ (1 - δᵗ⁻¹) / (1 - δᵗ) the average is that of all weights so far, those of k steps ago weighted by δᵏ,
    from the first step on. Polyak & Juditsky, 1992, Acceleration of stochastic approximation by averaging; Kingma &
    Ba, 2015, Adam, section 7.2. State, such as BatchNorm's running mean, is averaged too, one step behind.

    Parameters
    ----------
    rule : Rule
        Moves the weights.
    decay : float
        δ. The average reaches back over some 1 / (1 - δ) steps.
    """

    rule: Rule = constrained(Kind(Rule), default=Adam())
    decay: float = real(0.0, 1.0, high_open=True, default=0.999)

    is_recordable: ClassVar[bool] = True
    equation: ClassVar[str] = r"m \leftarrow \delta_t m + (1 - \delta_t) w"

    @property
    def moments(self) -> tuple[str, ...]:  # type: ignore[override]
        """The rule's, and the average."""
        return (*self.rule.moments, AVERAGE)

    def coefficients(self, t: np.ndarray, rate: np.ndarray) -> dict[str, np.ndarray]:
        """Return the rule's, and 1 - δₜ = (1 - δ) / (1 - δᵗ)."""
        return {**self.rule.coefficients(t, rate), "follow": (1 - self.decay) / (1 - self.decay**t)}

    def update(self, xp: Namespace, w: Array, g: Array, state: State, c: Coefficients) -> tuple[Array, State]:
        """Step as the rule does, then let the average follow."""
        w, moved = self.rule.update(xp, w, g, {name: state[name] for name in self.rule.moments}, c)
        average = state[AVERAGE]
        return w, {**moved, AVERAGE: average + c["follow"] * (w - average)}
