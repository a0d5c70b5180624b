"""The recipe of the multilayer perceptron: dense layers with bends between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.constraints import Many, Range, constrained, option, real
from chainrule.network.mlp import mlp
from chainrule.network.network import Network
from chainrule.nn import ACTIVATIONS, INITS, Loss
from chainrule.recipes.recipe import Pace, Recipe, register
from chainrule.types import Shape

MOST_UNITS = 1_000_000
MANY_ROWS = 10_000
LARGER = (64, 32)


@register
@dataclass(frozen=True)
class Mlp(Recipe):
    """A multilayer perceptron; pictures are flattened. No hidden layer at all is logistic, or linear, regression."""

    name: ClassVar[str] = "mlp"
    about: ClassVar[str] = "dense layers with bends between them, for tables and small pictures"

    hidden: tuple[int, ...] = constrained(
        Many(Range(int, 1, MOST_UNITS)),
        default=(128, 64),
        about="units of each hidden dense layer",
        search=((32,), (128,), (128, 64), (256, 128)),
    )
    activation: str = option(*ACTIVATIONS, default="relu", about="bend after each hidden layer")
    init: str = option("auto", *INITS, default="auto", about="how weights are drawn")
    dropout: float = real(
        0.0, 1.0, high_open=True, default=0.0, about="rate of dropping hidden values", search_between=(0.0, 0.5)
    )

    @classmethod
    def claims(cls, input_shape: Shape) -> bool:
        """Claim every shape: it takes what no other kind is made for."""
        return True

    def pace(self, n_train: int) -> Pace:
        """Return a smaller rate for many rows than for few."""
        return Pace(learning_rate=0.001 if n_train >= MANY_ROWS else 0.003)

    def network(self, input_shape: Shape, outputs: int, loss: Loss) -> Network:
        """Return the perceptron."""
        return mlp(
            input_shape,
            self.hidden,
            outputs,
            loss,
            activation=self.activation,
            dropout=self.dropout,
            init=self.init,
        )

    def describe(self) -> str:
        """Return the hidden layers."""
        return units_in_words(self.hidden)

    def wider(self) -> dict[str, Any]:
        """Return twice the units; without a hidden layer, some."""
        return {"hidden": tuple(2 * units for units in self.hidden) or LARGER}

    def calmer(self) -> dict[str, Any]:
        """Return dropout, where there is none yet."""
        return {} if self.dropout else {"dropout": 0.3}


def units_in_words(hidden: tuple[int, ...]) -> str:
    """Return the hidden layers in a few words."""
    return f"hidden layers of {', '.join(map(str, hidden))} units" if hidden else "no hidden layer"
