"""What a network may ask for: the values between its layers are bounded, as its parameters are by the file's size."""

from __future__ import annotations

import math
from dataclasses import dataclass

from chainrule.errors import ShapeError
from chainrule.network.network import Network
from chainrule.nn.layer import Layer, layer_field
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape

# A gigabyte in float32, of one sample between two layers; and some minutes for its forward pass.
MOST_VALUES = 1 << 28
MOST_OPERATIONS = 1 << 42
_REMEDY = "Use smaller images, fewer filters, or larger strides."


def check_bounds(network: Network) -> None:
    """Raise ShapeError if a sample has too many values before, between or after the layers; nothing is made for it."""
    _check_values(network.input_shape, "the input")
    _measured(network.layer).output_shape(network.input_shape)
    if network.operations > MOST_OPERATIONS:
        raise ShapeError(
            f"at most {MOST_OPERATIONS:,} operations a sample", f"{network.operations:,}", "Use a smaller network."
        )


@dataclass(frozen=True)
class _Measured(Layer):
    """A layer that looks at what its inner one makes of a shape: so are those seen that lie inside of others."""

    layer: Layer = layer_field(shares_names=True)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the layer's, if it is not too large."""
        after = self.layer.output_shape(shape)
        _check_values(after, f"the output of {type(self.layer).__name__}")
        return after

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """Return the layer's."""
        return self.layer.forward(xp, p, x, ctx)

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """Return the layer's."""
        return self.layer.backward(xp, p, cache, dy)


def _measured(layer: Layer) -> _Measured:
    inside = {name: _measured(child) for name, child in layer.children().items()}
    return _Measured(layer.rebuilt(inside) if inside else layer)


def _check_values(shape: Shape, what: str) -> None:
    if math.prod(shape) > MOST_VALUES:
        raise ShapeError(f"{what} to have at most {MOST_VALUES:,} values", f"the shape {shape}", _REMEDY)
