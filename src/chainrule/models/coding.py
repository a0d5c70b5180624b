"""The layers of an autoencoder, from sizes or from two lists: an encoder, and a decoder that ends as wide as the input."""

from __future__ import annotations

import math
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ConfigError, ShapeError
from chainrule.network.network import Network
from chainrule.nn import ACTIVATIONS, Dense, Flatten, Identity, Layer, Loss, Sequential
from chainrule.types import Shape


@dataclass(frozen=True)
class Coding:
    """Layers with their names, how many of them make the code, and which weights of the decoder are the encoder's.

    Attributes
    ----------
    layers : tuple of Layer
    names : tuple of str
    n_encoder : int
    tied : tuple of (str, str)
        A layer of the decoder, and the layer of the encoder whose W it turns round.
    """

    layers: tuple[Layer, ...]
    names: tuple[str, ...]
    n_encoder: int
    tied: tuple[tuple[str, str], ...] = ()

    def network(self, shape: Shape, loss: Loss) -> Network:
        """Return the network for samples of a shape."""
        return Network(Sequential(self.layers, self.names), shape, loss)


def coding_of_sizes(shape: Shape, sizes: Any, activation: str, code_activation: str, *, tied: bool) -> Coding:
    """Return dense layers down to the code and the same sizes up again: encode1, …, code, decode1, …, output."""
    hidden = _sizes(sizes)
    init = "he" if activation in ("relu", "leaky_relu", "elu", "gelu", "silu") else "glorot"
    bend = ACTIVATIONS[activation]
    encoder: list[tuple[str, Layer]] = [("flatten", Flatten())] if len(shape) > 1 else []
    decoder: list[tuple[str, Layer]] = []
    for number, units in enumerate(hidden[:-1], start=1):
        encoder += _bent(f"encode{number}", Dense(units, init=init), activation, bend)
    encoder += _bent("code", Dense(hidden[-1]), code_activation, ACTIVATIONS[code_activation])
    for number, units in enumerate(reversed(hidden[:-1]), start=1):
        decoder += _bent(f"decode{number}", Dense(units, init=init), activation, bend)
    decoder.append(("output", Dense(math.prod(shape))))
    pairs = zip(reversed(_dense(decoder)), _dense(encoder), strict=True) if tied else ()
    names, layers = zip(*encoder, *decoder, strict=True)
    return Coding(layers, names, len(encoder), tuple(pairs))


def coding_of_layers(shape: Shape, halves: Any) -> Coding:
    """Return the layers of an encoder and a decoder as they were given, flat at the end."""
    if len(halves) != 2 or any(isinstance(half, Layer) or not isinstance(half, Iterable) for half in halves):
        raise ConfigError(
            "layers to be two lists, of the encoder and of the decoder",
            f"{halves!r:.80}",
            "Write layers=([Dense(32), Relu()], [Dense(64)]).",
        )
    encoder, decoder = (Sequential.of(deepcopy(list(half))) for half in halves)
    before = decoder.output_shape(encoder.output_shape(shape))
    if math.prod(before) != math.prod(shape):
        raise ShapeError(
            f"a decoder that gives as many numbers as the input {shape} has, {math.prod(shape)}",
            f"an output of shape {before}",
            f"End the decoder in Dense({math.prod(shape)}), for example.",
        )
    layers = [*encoder.layers, *decoder.layers, *([Flatten()] if len(before) > 1 else [])]
    taken = set(encoder.names)
    names = [*encoder.names, *(f"decoder_{name}" if name in taken else name for name in decoder.names)]
    return Coding(tuple(layers), (*names, *(["flat_output"] if len(before) > 1 else [])), len(encoder.layers))


def _bent(name: str, dense: Layer, kind: str, bend: Layer) -> list[tuple[str, Layer]]:
    return [(name, dense)] if isinstance(bend, Identity) else [(name, dense), (f"{name}_{kind}", bend)]


def _dense(half: list[tuple[str, Layer]]) -> list[str]:
    return [name for name, layer in half if isinstance(layer, Dense)]


def _sizes(given: Any) -> list[int]:
    numbers = np.atleast_1d(np.asarray(given, dtype=float)).tolist()
    sizes = [int(units) for units in numbers]
    if not sizes or sizes != numbers or min(sizes) < 1:
        raise ConfigError(
            "whole numbers of units in hidden_layer_sizes, the code's last",
            f"{numbers}",
            "hidden_layer_sizes must be > 0: write (256, 32) for a code of 32.",
        )
    return sizes
