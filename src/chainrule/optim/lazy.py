"""Lazy: any rule, which leaves rows of a table alone that a batch has not read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.constraints import Kind, constrained
from chainrule.optim.rules import Adam, Coefficients, Rule, State
from chainrule.types import Array, Namespace, Params


@dataclass(frozen=True)
class Lazy(Rule):
    """The step of `rule`, for a table with a gradient by rows (see `RowGradient`) in the rows that have one alone.

    With momentum a row goes on rolling, and with weight decay it shrinks, in steps whose batch has not read it. That
    takes a pass over the whole table; this rule lets such a row and its moments rest until it is read again. It is
    another rule therefore, much faster on a large table. All other parameters move as `rule` moves them. It goes around
    other rules: inside `Averaged`, whose average moves in every row, it rests no row.

    Parameters
    ----------
    rule : Rule
        Moves what is moved.
    """

    rule: Rule = constrained(Kind(Rule), default=Adam())

    is_recordable: ClassVar[bool] = True
    by_rows: ClassVar[bool] = True
    equation: ClassVar[str] = r"w_v \leftarrow w_v + \Delta w_v \text{ for each row } v \text{ of the batch}"

    @property
    def moments(self) -> tuple[str, ...]:  # type: ignore[override]
        """The rule's."""
        return self.rule.moments

    @property
    def by_array(self) -> bool:
        """Whether the rule does."""
        return self.rule.by_array

    def check(self, params: Params) -> None:
        """Ask the rule."""
        self.rule.check(params)

    def coefficients(self, t: np.ndarray, rate: np.ndarray) -> dict[str, np.ndarray]:
        """Return the rule's."""
        return self.rule.coefficients(t, rate)

    def start(self, xp: Namespace, w: Array) -> State:
        """Return the rule's."""
        return self.rule.start(xp, w)

    def update(self, xp: Namespace, w: Array, g: Array, state: State, c: Coefficients) -> tuple[Array, State]:
        """Step as the rule does."""
        return self.rule.update(xp, w, g, state, c)

    def update_array(
        self, xp: Namespace, path: str, w: Array, g: Array, state: State, c: Coefficients
    ) -> tuple[Array, State]:
        """Step as the rule does."""
        return self.rule.update_array(xp, path, w, g, state, c)

    def shown(self, params: Params, moments: Mapping[str, Params]) -> Params:
        """Return what the rule shows."""
        return self.rule.shown(params, moments)

    @property
    def shows_another(self) -> bool:
        """Whether the rule does."""
        return self.rule.shows_another
