"""The network that most people mean: dense layers with bends between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.errors import ConfigError, did_you_mean
from chainrule.network.network import Network, as_shape
from chainrule.nn import ACTIVATIONS, Dense, Dropout, Flatten, Layer, Loss, Sequential
from chainrule.types import Shape

# Rectifiers let half of the signal through, so their weights start larger; the rest are nearly linear at zero.
_HE = ("relu", "leaky_relu", "elu", "gelu", "silu", "softplus")


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
