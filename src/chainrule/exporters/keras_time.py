"""Layers along time as Keras has them: recurrence with its gates in Keras' order; a script has classes for the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import ConfigError
from chainrule.exporters.keras_layers import LAYERS, Call
from chainrule.nn import GRU, LSTM, Bidirectional, Positions, SelfAttention, SimpleRNN
from chainrule.nn.recurrent.recurrent import Recurrent
from chainrule.types import Params, Shape

__all__ = ["LAYERS", "both_ways", "recurrent"]

# Where each of Keras' blocks of H columns stands among Chainrule's: i, f, g, o of i, f, o, g; z, r, g of r, z, g.
_ORDER = {"SimpleRNN": (0,), "LSTM": (0, 1, 3, 2), "GRU": (1, 0, 2)}


@LAYERS.entry(SimpleRNN, LSTM, GRU)
def one_way(layer: Recurrent, shape: Shape, p: Params) -> Call:
    """The same; but what Keras reads from the end it also gives from the end."""
    if layer.reverse and layer.return_sequences:
        raise ConfigError(
            "a layer that keras and tensorflow can express",
            f"{type(layer).__name__} with reverse and return_sequences, whose places Keras turns around",
            "Use Bidirectional, or `to=pytorch`, `to=numpy` or `to=onnx`.",
        )
    return recurrent(layer, p)


def recurrent(layer: Recurrent, p: Params) -> Call:
    """Return the layer, and its weights with the gates in Keras' order."""
    kind = type(layer).__name__
    if layer.recurrent_dropout:
        raise ConfigError(
            "a layer that keras and tensorflow can express",
            f"{kind} with recurrent_dropout={layer.recurrent_dropout}, whose masks Keras draws otherwise",
            "Use `to=numpy`, or `to=onnx` to predict.",
        )
    settings: dict[str, Any] = {"units": layer.units}
    settings |= {"return_sequences": True} if layer.return_sequences else {}
    settings |= {"go_backwards": True} if layer.reverse else {}
    weights = {name: _blocks(p[name], layer) for name in ("W", "U", "b")}
    if "c" not in p:
        return Call(kind, settings, weights)
    second = np.zeros_like(weights["b"])
    second[-layer.units :] = p["c"]
    weights["b"] = np.stack([weights["b"], second])
    return Call(kind, settings, weights, cannot_learn=f"{kind}, of which Keras learns two biases for each gate")


def both_ways(layer: Bidirectional) -> dict[str, Recurrent]:
    """Return the two layers, or raise ConfigError unless Keras' Bidirectional can have them."""
    ahead, back = layer.ahead, layer.back
    if not isinstance(ahead, Recurrent) or not isinstance(back, Recurrent) or ahead.reverse or not back.reverse:
        raise ConfigError(
            "a layer that keras and tensorflow can express",
            "Bidirectional of others than a recurrent layer ahead and one with reverse=True back",
            "Use `to=pytorch`, `to=numpy` or `to=onnx`.",
        )
    return {"ahead": ahead, "back": back}


def _blocks(value: Any, layer: Recurrent) -> np.ndarray:
    blocks = np.split(np.asarray(value), layer.gates, axis=-1)
    found: np.ndarray = np.concatenate([blocks[i] for i in _ORDER[type(layer).__name__]], axis=-1)
    return found


@LAYERS.entry(SelfAttention)
def attention(layer: SelfAttention, shape: Shape, p: Params) -> Call:
    """In plain lines, as Keras' own is called with x twice."""
    settings: dict[str, Any] = {"heads": layer.heads} | ({"causal": True} if layer.causal else {})
    return Call("SelfAttention", settings, {name: np.asarray(p[name]) for name in "WbVc"}, source=_ATTENTION)


@LAYERS.entry(Positions)
def positions(layer: Positions, shape: Shape, p: Params) -> Call:
    """In plain lines: Keras has none."""
    if layer.learned:
        return Call("LearnedPositions", {}, {"P": np.asarray(p["P"])}, source=_LEARNED)
    return Call("Positions", source=_WAVES)


_ATTENTION = '''
class SelfAttention(layers.Layer):
    """Attention of a sequence to itself; causal: to no place that is behind."""

    def __init__(self, heads, name, causal=False):
        super().__init__(name=name)
        self.heads, self.causal = heads, causal

    def build(self, shape):
        D = shape[-1]
        self.W, self.b, self.V, self.c = (self.add_weight(shape=size) for size in [(D, 3 * D), (3 * D,), (D, D), (D,)])

    def call(self, x):
        T, D = x.shape[1:]
        split = tf.reshape(x @ self.W + self.b, (-1, T, 3, self.heads, D // self.heads))
        q, k, v = tf.unstack(tf.transpose(split, (2, 0, 3, 1, 4)))
        s = tf.matmul(q, k, transpose_b=True) / (D // self.heads) ** 0.5
        s = tf.where(np.tri(T, dtype=bool), s, -np.inf) if self.causal else s
        o = tf.reshape(tf.transpose(tf.nn.softmax(s) @ v, (0, 2, 1, 3)), (-1, T, D))
        return o @ self.V + self.c
'''

_LEARNED = '''
class LearnedPositions(layers.Layer):
    """A vector of each place, added to its values."""

    def build(self, shape):
        self.P = self.add_weight(shape=shape[1:])

    def call(self, x):
        return x + self.P
'''

_WAVES = '''
class Positions(layers.Layer):
    """Waves of each place, added to its values."""

    def call(self, x):
        i = np.arange(x.shape[2])
        turns = np.arange(x.shape[1])[:, None] / 10000 ** (i // 2 * 2 / x.shape[2])
        return x + tf.cast(np.where(i % 2, np.cos(turns), np.sin(turns)), x.dtype)
'''
