"""Averaged: any rule, with a moving average of the weights beside it; the average is what is shown and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.constraints import Kind, constrained, real
from chainrule.errors import ConfigError
from chainrule.optim.rules import Adam, Coefficients, Rule, State
from chainrule.types import Array, Namespace, Params

# The moment that holds the averaged weights.
_AVERAGE = "average"


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

    def __post_init__(self) -> None:
        """Refuse the average of an average: both would be remembered under one name."""
        super().__post_init__()
        if _AVERAGE in self.rule.moments:
            raise ConfigError(
                f"a rule that remembers no {_AVERAGE} of its own", f"{self.rule!r}", "Average the rule inside it."
            )

    equation: ClassVar[str] = r"m \leftarrow \delta_t m + (1 - \delta_t) w"

    @property
    def moments(self) -> tuple[str, ...]:  # type: ignore[override]
        """The rule's, and the average."""
        return (*self.rule.moments, _AVERAGE)

    @property
    def by_array(self) -> bool:
        """Whether the rule does."""
        return self.rule.by_array

    def check(self, params: Params) -> None:
        """Ask the rule."""
        self.rule.check(params)

    def coefficients(self, t: np.ndarray, rate: np.ndarray) -> dict[str, np.ndarray]:
        """Return the rule's, and 1 - δₜ = (1 - δ) / (1 - δᵗ)."""
        return {**self.rule.coefficients(t, rate), "follow": (1 - self.decay) / (1 - self.decay**t)}

    def start(self, xp: Namespace, w: Array) -> State:
        """The rule's, and the weights themselves: the average of no step."""
        return {**self.rule.start(xp, w), _AVERAGE: w}

    def update(self, xp: Namespace, w: Array, g: Array, state: State, c: Coefficients) -> tuple[Array, State]:
        """Step as the rule does, then let the average follow."""
        return self._followed(*self.rule.update(xp, w, g, self._own(state), c), state, c)

    def update_array(
        self, xp: Namespace, path: str, w: Array, g: Array, state: State, c: Coefficients
    ) -> tuple[Array, State]:
        """The same, of a whole array."""
        return self._followed(*self.rule.update_array(xp, path, w, g, self._own(state), c), state, c)

    def _own(self, state: State) -> State:
        return {name: state[name] for name in self.rule.moments}

    def _followed(self, w: Array, moved: State, state: State, c: Coefficients) -> tuple[Array, State]:
        average = state[_AVERAGE]
        return w, {**moved, _AVERAGE: average + c["follow"] * (w - average)}

    def shown(self, params: Params, moments: Mapping[str, Params]) -> Params:
        """Return the average."""
        return moments[_AVERAGE]
