"""A part of a network as a network of its own: the layers from one name to another."""

from __future__ import annotations

from chainrule.errors import ConfigError, did_you_mean
from chainrule.network.network import Network
from chainrule.nn.combine import Sequential
from chainrule.nn.regression import SquaredError


def part(network: Network, first: str | None = None, last: str | None = None) -> Network:
    """Return the layers of a stack from `first` to `last`, both included; see `Network.part`."""
    stack = network.layer
    if not isinstance(stack, Sequential):
        raise ConfigError("a stack of layers, to take a part of", type(stack).__name__, "Build the network of a list.")
    for name in (first, last):
        if name is not None and name not in stack.names:
            raise ConfigError("the name of a layer of the stack", f"{name!r}", did_you_mean(str(name), stack.names))
    start = 0 if first is None else stack.names.index(first)
    stop = len(stack.names) if last is None else stack.names.index(last) + 1
    if start >= stop:
        raise ConfigError(
            f"a last layer that does not stand before {first!r}", f"{last!r}", "Name the layers from input to output."
        )
    # What ends within the network gives values: they are what they are, as squared error takes them.
    loss = network.loss if stop == len(stack.names) else SquaredError()
    inside = Sequential(stack.layers[start:stop], stack.names[start:stop])
    return Network(inside, stack.shapes(network.input_shape)[start], loss)
