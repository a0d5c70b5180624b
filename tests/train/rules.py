"""A rule of a user's own: its moments do not start at zero, and what it shows is not what moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from chainrule.optim import Rule
from chainrule.optim.rules import Coefficients, State
from chainrule.tree import map_leaves
from chainrule.types import Array, Namespace, Params


@dataclass(frozen=True)
class Leashed(Rule):
    """s ← s + g², w ← w - η g / √s, held back by a tenth of the way from where it began; shown is halfway back."""

    moments: ClassVar[tuple[str, ...]] = ("anchor", "square")
    equation: ClassVar[str] = r"w \leftarrow w - \eta g / \sqrt{s}"

    def start(self, xp: Namespace, w: Array) -> State:
        """Return the weights themselves, and a half."""
        return {"anchor": w, "square": 0.5 * xp.ones_like(w)}

    def update(self, xp: Namespace, w: Array, g: Array, state: State, c: Coefficients) -> tuple[Array, State]:
        """Step, and be held back."""
        square = state["square"] + g * g
        w = w - c["rate"] * g / xp.sqrt(square)
        return w - 0.1 * (w - state["anchor"]), {"anchor": state["anchor"], "square": square}

    def shown(self, params: Params, moments: Mapping[str, Params]) -> Params:
        """Return the middle."""
        return map_leaves(lambda w, anchor: (w + anchor) / 2, params, moments["anchor"])
