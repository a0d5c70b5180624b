"""The recipe of the convolutional network: blocks of convolutions that look wider and wider, then dense layers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from chainrule.constraints import Many, Range, constrained, flag, option, real, whole
from chainrule.errors import ConfigError
from chainrule.network.cnn import CNN_DROPOUT, cnn, default_filters
from chainrule.network.network import Network
from chainrule.nn import ACTIVATIONS, INITS, Loss
from chainrule.recipes.mlp import LARGER, MANY_ROWS, MOST_UNITS, units_in_words
from chainrule.recipes.recipe import Pace, Recipe, register
from chainrule.types import Shape

# Pictures with shorter sides than this have too little in them to be worth a convolution's time.
_SHORTEST_SIDE = 16


@register
@dataclass(frozen=True)
class Cnn(Recipe):
    """A convolutional network for pictures (height, width, channels)."""

    name: ClassVar[str] = "cnn"
    about: ClassVar[str] = "blocks of convolutions, then dense layers, for pictures"
    for_pictures: ClassVar[bool] = True

    filters: tuple[int, ...] | None = constrained(
        Many(Range(int, 1, MOST_UNITS), at_least=1),
        default=None,
        optional=True,
        about="filters of each block; by size and number of the pictures if not set",
    )
    kernel: int = whole(1, default=3, about="height and width of the windows")
    convolutions: int = whole(1, 8, default=1, about="convolutions in each block")
    norm: bool = flag(True, about="batch normalisation after each convolution")
    hidden: tuple[int, ...] = constrained(
        Many(Range(int, 1, MOST_UNITS)),
        default=(128,),
        about="units of each hidden dense layer",
        search=((32,), (128,), (128, 64), (256, 128)),
    )
    activation: str = option(*ACTIVATIONS, default="relu", about="bend after each convolution and hidden layer")
    init: str = option("auto", *INITS, default="auto", about="how weights are drawn")
    dropout: float = real(
        0.0,
        1.0,
        high_open=True,
        default=CNN_DROPOUT,
        about="rate of dropping hidden values between the dense layers",
        search_between=(0.0, 0.5),
    )

    @classmethod
    def claims(cls, input_shape: Shape) -> bool:
        """Claim pictures with enough in them."""
        return len(input_shape) == 3 and min(input_shape[:2]) >= _SHORTEST_SIDE

    def resolved(self, n_train: int, input_shape: Shape) -> Cnn:
        """Return the recipe with as many filters as the pictures' size and number are worth."""
        return replace(self, filters=self.filters or default_filters(input_shape, n_train))

    def pace(self, n_train: int) -> Pace:
        """Return fewer epochs, and the one-cycle schedule, whose end is its best.

        Each step uses a weight at hundreds of places. Small batches are noisy, and a convolution's gradient is a sum over
        all places: there, a third of the rate.
        """
        return Pace(40, 12, 0.003 if n_train >= MANY_ROWS else 0.001, "one_cycle")

    def network(self, input_shape: Shape, outputs: int, loss: Loss) -> Network:
        """Return the convolutional network."""
        if self.filters is None:
            raise ConfigError("filters of each block", "none", "Set `filters`, or call resolved(n_train, input_shape).")
        return cnn(
            input_shape,
            outputs,
            loss,
            filters=self.filters,
            kernel=self.kernel,
            convolutions=self.convolutions,
            norm=self.norm,
            hidden=self.hidden,
            activation=self.activation,
            dropout=self.dropout,
            init=self.init,
        )

    def describe(self) -> str:
        """Return the blocks and the hidden layers."""
        filters = ", ".join(map(str, self.filters or ()))
        return f"cnn, blocks of {filters} filters {self.kernel}×{self.kernel}, then {units_in_words(self.hidden)}"

    def wider(self) -> dict[str, Any]:
        """Return twice the filters, which is where it learns."""
        return {"filters": tuple(2 * count for count in self.filters or ()) or LARGER}

    def calmer(self) -> dict[str, Any]:
        """Return dropout, where there is none yet."""
        return {} if self.dropout else {"dropout": 0.3}
