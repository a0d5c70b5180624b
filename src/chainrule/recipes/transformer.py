"""The recipe of the transformer: blocks in which every step looks at all others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from chainrule.constraints import flag, option, whole
from chainrule.errors import ConfigError
from chainrule.nn import Dense, LayerNorm, Positions, transformer_block
from chainrule.recipes.mlp import MOST_UNITS
from chainrule.recipes.recipe import Pace, register
from chainrule.recipes.sequence import MAX, MEAN, Named, SequenceRecipe, pooled


@register
@dataclass(frozen=True)
class Transformer(SequenceRecipe):
    """Blocks of attention and dense layers, normalised before each part; the mean of all steps is what is answered from."""

    name: ClassVar[str] = "transformer"
    about: ClassVar[str] = "blocks of attention, for texts and other sequences"

    width: int = whole(1, MOST_UNITS, default=64, about="values of each step in the blocks")
    heads: int = whole(1, default=4, about="heads of each attention; they divide the width")
    blocks: int = whole(1, 100, default=2, about="blocks, one after the other")
    positions: str = option("waves", "learned", default="waves", about="how a step knows which one it is")
    pool: str = option(MEAN, MAX, default=MEAN, about="what the answer is made of: mean or max of all steps")
    causal: bool = flag(False, about="a step sees itself and those before it alone")

    def __post_init__(self) -> None:
        """Check that the heads divide the width."""
        super().__post_init__()
        if self.width % self.heads:
            raise ConfigError("heads that divide the width", f"{self.heads} heads, width {self.width}", "Change one.")

    def pace(self, n_train: int) -> Pace:
        """Return a smaller rate than recurrent layers learn at."""
        return Pace(30, 8, 0.001, "one_cycle", 1.0, 0.0)

    def readers(self, width: int, *, every_step: bool) -> Named:
        """Return the blocks, before them what brings the steps to their width and says which step is which."""
        named: Named = [] if width == self.width else [("project", Dense(self.width))]
        named.append(("positions", Positions(learned=self.positions == "learned")))
        for number in range(1, self.blocks + 1):
            block = transformer_block(self.width, self.heads, causal=self.causal, dropout=self.dropout)
            named.append((f"block{number}", block))
        named.append(("norm", LayerNorm()))
        return named + pooled(self.pool, every_step=every_step)

    def looking_back(self) -> Self:
        """Return the recipe with causal attention."""
        return replace(self, causal=True)

    def describe(self) -> str:
        """`transformer, 2 blocks of width 64 with 4 heads`."""
        return f"{self.name}, {self.blocks} blocks of width {self.width} with {self.heads} heads"

    def wider(self) -> dict[str, Any]:
        """Return twice the width."""
        return {"width": 2 * self.width}

    def calmer(self) -> dict[str, Any]:
        """Return more dropout, where there is little."""
        return {"dropout": 0.3} if self.dropout < 0.3 else {}
