"""The recipe of the multilayer perceptron: dense layers with bends between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.constraints import Many, Range, constrained, option, real
from chainrule.errors import ConfigError, did_you_mean
from chainrule.network.network import Network, as_shape
from chainrule.nn import ACTIVATIONS, INITS, Dense, Dropout, Flatten, Layer, Loss, Sequential
from chainrule.recipes.recipe import Pace, Recipe, register
from chainrule.types import Shape

MOST_UNITS = 1_000_000
MANY_ROWS = 10_000
LARGER = (64, 32)
# Rectifiers let half of the signal through, so their weights start larger; the rest are nearly linear at zero.
_HE = ("relu", "leaky_relu", "elu", "gelu", "silu", "softplus")


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


def mlp(
    input_shape: Shape,
    hidden: Sequence[int],
    outputs: int,
    loss: Loss,
    *,
    activation: str | Sequence[str] = "relu",
    dropout: float | Sequence[float] = 0.0,
    init: str = "auto",
) -> Network:
    """Return a multilayer perceptron.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one sample; images are flattened.
    hidden : sequence of int
        Units of each hidden layer; none at all gives logistic or linear regression.
    outputs : int
        K, the number of logits.
    activation : str, or one for each hidden layer
        A name in `nn.ACTIVATIONS`.
    dropout : float, or one for each hidden layer
        Rate of dropping the hidden values.
    init : str
        A name in `nn.INITS`, or `auto`: he before rectifiers, glorot otherwise.
    """
    bends = _for_each("activation", activation, hidden)
    rates = _for_each("dropout", dropout, hidden)
    named: list[tuple[str, Layer]] = [("flatten", Flatten())] if len(as_shape(input_shape)) > 1 else []
    for number, (units, bend, rate) in enumerate(zip(hidden, bends, rates, strict=True), start=1):
        if bend not in ACTIVATIONS:
            raise ConfigError("the name of an activation", f"{bend!r}", did_you_mean(str(bend), ACTIVATIONS))
        named.append((f"hidden{number}", Dense(units, init=init_before(bend) if init == "auto" else init)))
        named.append((f"{bend}{number}", ACTIVATIONS[bend]))
        # Not `rate > 0`: a rate that is out of its range is for Dropout to refuse.
        if rate != 0:
            named.append((f"dropout{number}", Dropout(rate)))
    named.append(("output", Dense(outputs, init="glorot" if init == "auto" else init)))
    names, layers = zip(*named, strict=True)
    return Network(Sequential(layers, names), input_shape, loss)


def init_before(activation: str) -> str:
    """Return how the weights before this bend are best drawn: he before rectifiers, glorot otherwise."""
    return "he" if activation in _HE else "glorot"


def _for_each(what: str, value: Any, hidden: Sequence[int]) -> list[Any]:
    """Return one value for each hidden layer."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        return [value] * len(hidden)
    if len(value) != len(hidden):
        raise ConfigError(
            f"one {what}, or one for each of the {len(hidden)} hidden layers",
            f"{len(value)} of them: {list(value)}",
            "Give as many as there are hidden layers.",
        )
    return list(value)
