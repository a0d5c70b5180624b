"""The network that most people mean: dense layers with bends between them."""

from __future__ import annotations

from collections.abc import Sequence

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
    activation: str = "relu",
    dropout: float = 0.0,
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
    activation : str
        A name in `nn.ACTIVATIONS`.
    dropout : float
        Rate of dropping the hidden values.
    init : str
        A name in `nn.INITS`, or `auto`: he before rectifiers, glorot otherwise.
    """
    if activation not in ACTIVATIONS:
        raise ConfigError("the name of an activation", f"{activation!r}", did_you_mean(activation, ACTIVATIONS))
    hidden_init = ("he" if activation in _HE else "glorot") if init == "auto" else init
    named: list[tuple[str, Layer]] = [("flatten", Flatten())] if len(as_shape(input_shape)) > 1 else []
    for number, units in enumerate(hidden, start=1):
        named.append((f"hidden{number}", Dense(units, init=hidden_init)))
        named.append((f"{activation}{number}", ACTIVATIONS[activation]))
        if dropout > 0:
            named.append((f"dropout{number}", Dropout(dropout)))
    named.append(("output", Dense(outputs, init="glorot" if init == "auto" else init)))
    names, layers = zip(*named, strict=True)
    return Network(Sequential(layers, names), input_shape, loss)
