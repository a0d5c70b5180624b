"""Layers as Keras has them: the class of each with its settings, and its weights in Keras' order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.errors import ConfigError
from chainrule.exporters.table import OF_TABLES, Table
from chainrule.nn import (
    AvgPool2D,
    BatchNorm,
    Conv1D,
    Conv2D,
    ConvTranspose2D,
    Dense,
    DepthwiseConv2D,
    DropConnect,
    Dropout,
    Elu,
    Embedding,
    Flatten,
    Gelu,
    GlobalAvgPool,
    GlobalMaxPool,
    GroupNorm,
    Identity,
    Layer,
    LayerNorm,
    LeakyRelu,
    MaxPool2D,
    Relu,
    Reshape,
    Sigmoid,
    Silu,
    Softplus,
    SpatialDropout,
    Tanh,
    UpSample,
    ZeroPad,
)
from chainrule.nn.window import pair
from chainrule.types import Params, Shape
from chainrule.window import Window

# An entry takes the layer, the shape that it reads and its weights, and returns a Call.
LAYERS = Table("keras and tensorflow", "layer")


@dataclass(frozen=True)
class Call:
    """A layer of Keras.

    Attributes
    ----------
    kind : str
        Its class in `keras.layers`.
    settings : mapping
        Its arguments.
    weights : mapping of str to array
        In Keras' order, by Chainrule's names.
    source : str
        A class of the same name that a script has in its place, because Keras' own learns in another way.
    cannot_learn : str
        Why a script cannot train it; empty if it can.
    """

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    source: str = ""
    cannot_learn: str = ""

    def line(self, name: str) -> str:
        """Return it as code."""
        given = [f"{key}={value!r}" for key, value in self.settings.items()] + [f"name={keras_name(name)!r}"]
        return f"{'' if self.source else 'layers.'}{self.kind}({', '.join(given)})"


def keras_name(name: str) -> str:
    """Return a layer's name as Keras allows it."""
    return name.replace("/", "_")


@LAYERS.entry(Identity)
def identity(layer: Layer, shape: Shape, p: Params) -> Call:
    """Nothing."""
    return Call("Identity")


@LAYERS.entry(Sigmoid, Tanh, Relu, Gelu, Silu, Softplus)
def activation(layer: Layer, shape: Shape, p: Params) -> Call:
    """By its name; Keras' gelu is exact unless told otherwise."""
    return Call("Activation", {"activation": type(layer).__name__.lower()})


@LAYERS.entry(LeakyRelu)
def leaky(layer: LeakyRelu, shape: Shape, p: Params) -> Call:
    """Keras' slope is 0.3 unless it is told."""
    return Call("LeakyReLU", {"negative_slope": layer.slope})


@LAYERS.entry(Elu)
def elu(layer: Elu, shape: Shape, p: Params) -> Call:
    """Its alpha."""
    return Call("ELU", {"alpha": layer.alpha})


@LAYERS.entry(Dense)
def dense(layer: Dense, shape: Shape, p: Params) -> Call:
    """The same."""
    return Call("Dense", {"units": layer.units} | _bias(layer), _weights(p))


@LAYERS.entry(DropConnect)
def drop_connect(layer: DropConnect, shape: Shape, p: Params) -> Call:
    """Dense, when it predicts."""
    why = "DropConnect, whose mask on weights Keras does not have"
    return Call("Dense", {"units": layer.units} | _bias(layer), _weights(p), cannot_learn=why)


@LAYERS.entry(Dropout)
def dropout(layer: Dropout, shape: Shape, p: Params) -> Call:
    """Its rate."""
    return Call("Dropout", {"rate": layer.rate})


@LAYERS.entry(SpatialDropout)
def spatial_dropout(layer: SpatialDropout, shape: Shape, p: Params) -> Call:
    """Whole channels."""
    kind = {1: "Dropout", 2: "SpatialDropout1D", 3: "SpatialDropout2D"}.get(len(shape), "SpatialDropout3D")
    return Call(kind, {"rate": layer.rate})


@LAYERS.entry(Flatten)
def flatten(layer: Flatten, shape: Shape, p: Params) -> Call:
    """The same."""
    return Call("Flatten")


@LAYERS.entry(Reshape)
def reshape(layer: Reshape, shape: Shape, p: Params) -> Call:
    """The same."""
    return Call("Reshape", {"target_shape": tuple(layer.shape)})


@LAYERS.entry(Conv2D)
def conv(layer: Conv2D, shape: Shape, p: Params) -> Call:
    """The same, padding included."""
    _not_both("Conv2D", pair(layer.stride), pair(layer.dilation))
    settings = {"filters": layer.filters, "kernel_size": pair(layer.kernel)} | _moves(layer)
    return Call("Conv2D", settings | _groups(layer) | _bias(layer), _weights(p))


@LAYERS.entry(Conv1D)
def conv1d(layer: Conv1D, shape: Shape, p: Params) -> Call:
    """The same."""
    _not_both("Conv1D", (layer.stride, 1), (layer.dilation, 1))
    settings: dict[str, Any] = {"filters": layer.filters, "kernel_size": layer.kernel, "padding": layer.padding}
    settings |= {"strides": layer.stride} if layer.stride > 1 else {}
    settings |= {"dilation_rate": layer.dilation} if layer.dilation > 1 else {}
    return Call("Conv1D", settings | _groups(layer) | _bias(layer), _weights(p))


@LAYERS.entry(DepthwiseConv2D)
def depthwise(layer: DepthwiseConv2D, shape: Shape, p: Params) -> Call:
    """The same; TensorFlow strides by as much in both directions."""
    stride = pair(layer.stride)
    _not_both("DepthwiseConv2D", stride, pair(layer.dilation))
    if stride[0] != stride[1]:
        raise ConfigError(
            "a layer that keras can express",
            f"DepthwiseConv2D with a stride of {stride}",
            "Use `to=pytorch` or `to=onnx`.",
        )
    settings: dict[str, Any] = {"kernel_size": pair(layer.kernel), "depth_multiplier": layer.multiplier}
    return Call("DepthwiseConv2D", settings | _moves(layer) | _bias(layer), _weights(p))


@LAYERS.entry(ConvTranspose2D)
def transposed(layer: ConvTranspose2D, shape: Shape, p: Params) -> Call:
    """The same where the kernels overlap or touch."""
    _not_both("ConvTranspose2D", pair(layer.stride), pair(layer.dilation))
    reach = Window(pair(layer.kernel), dilation=pair(layer.dilation)).reach
    if layer.padding == "valid" and any(s > r for s, r in zip(pair(layer.stride), reach, strict=True)):
        raise ConfigError(
            "a layer that keras can express",
            "ConvTranspose2D whose stride is longer than its kernel",
            "Give it a longer kernel, or use `to=onnx`.",
        )
    settings = {"filters": layer.filters, "kernel_size": pair(layer.kernel)} | _moves(layer)
    return Call("Conv2DTranspose", settings | _bias(layer), _weights(p))


@LAYERS.entry(MaxPool2D, AvgPool2D)
def pool(layer: Any, shape: Shape, p: Params) -> Call:
    """The same: what lies outside the image is neither the largest nor counted."""
    window = layer.window(shape)
    kind = "MaxPooling2D" if isinstance(layer, MaxPool2D) else "AveragePooling2D"
    settings = {"pool_size": tuple(window.size), "strides": tuple(window.stride), "padding": layer.padding}
    return Call(kind, settings)


@LAYERS.entry(GlobalAvgPool, GlobalMaxPool)
def global_pool(layer: Layer, shape: Shape, p: Params) -> Call:
    """Over time, or over the image."""
    kind = "Average" if isinstance(layer, GlobalAvgPool) else "Max"
    return Call(f"Global{kind}Pooling{len(shape) - 1}D")


@LAYERS.entry(ZeroPad)
def zero_pad(layer: ZeroPad, shape: Shape, p: Params) -> Call:
    """How many on each side."""
    return Call("ZeroPadding2D", {"padding": layer._window().padding})


@LAYERS.entry(UpSample)
def up_sample(layer: UpSample, shape: Shape, p: Params) -> Call:
    """The size of a block."""
    return Call("UpSampling2D", {"size": pair(layer.size)})


@LAYERS.entry(BatchNorm)
def batch_norm(layer: BatchNorm, shape: Shape, p: Params) -> Call:
    """Keras' running variance is that of the batch itself; a script therefore has its own."""
    weights = {name: p[name] for name in ("g", "b", "m", "v")}
    settings = {"momentum": layer.momentum, "epsilon": layer.epsilon}
    return Call("BatchNormalization", settings, weights, source=_BATCH_NORM)


@LAYERS.entry(LayerNorm)
def layer_norm(layer: LayerNorm, shape: Shape, p: Params) -> Call:
    """Over the channels."""
    return Call("LayerNormalization", {"epsilon": layer.epsilon}, {name: p[name] for name in ("g", "b")})


@LAYERS.entry(GroupNorm)
def group_norm(layer: GroupNorm, shape: Shape, p: Params) -> Call:
    """Over the places and the channels of each group."""
    settings = {"groups": layer.groups, "epsilon": layer.epsilon}
    return Call("GroupNormalization", settings, {name: p[name] for name in ("g", "b")})


@LAYERS.entry(Embedding)
def embedding(layer: Embedding, shape: Shape, p: Params) -> Call:
    """The padding's vector is zero; Keras would learn it."""
    W = np.array(p["W"])
    why = ""
    if layer.padding is not None:
        W[layer.padding] = 0
        why = "an Embedding with a padding, whose vector Keras would learn"
    return Call("Embedding", {"input_dim": layer.ids, "output_dim": layer.units}, {"W": W}, cannot_learn=why)


def _weights(p: Params) -> dict[str, np.ndarray]:
    return {name: p[name] for name in ("W", "b") if name in p}


def _bias(layer: Any) -> dict[str, Any]:
    return {} if layer.bias else {"use_bias": False}


def _groups(layer: Any) -> dict[str, Any]:
    return {"groups": layer.groups} if layer.groups > 1 else {}


def _moves(layer: Any) -> dict[str, Any]:
    moves: dict[str, Any] = {} if layer.padding == "valid" else {"padding": layer.padding}
    moves |= {"strides": pair(layer.stride)} if pair(layer.stride) != (1, 1) else {}
    return moves | ({"dilation_rate": pair(layer.dilation)} if pair(layer.dilation) != (1, 1) else {})


def _not_both(kind: str, stride: tuple[int, int], dilation: tuple[int, int]) -> None:
    if stride != (1, 1) and dilation != (1, 1):
        raise ConfigError(
            "a layer that keras can express", f"{kind} with a stride and a dilation", "Use `to=pytorch` or `to=onnx`."
        )


_BATCH_NORM = '''
class BatchNormalization(layers.Layer):
    """As Keras' own, but that the running variance is unbiased."""

    def __init__(self, momentum, epsilon, name):
        super().__init__(name=name)
        self.momentum, self.epsilon = momentum, epsilon

    def build(self, shape):
        self.g, self.b = (self.add_weight(shape=shape[-1:], initializer=init) for init in ("ones", "zeros"))
        self.m, self.v = (self.add_weight(shape=shape[-1:], trainable=False) for _ in range(2))

    def call(self, x, training=False):
        m, v = self.m.value, self.v.value
        if training:
            m, v = tf.nn.moments(x, list(range(len(x.shape) - 1)))
            n = tf.cast(tf.size(x) / x.shape[-1], x.dtype)
            self.m.assign(self.momentum * self.m + (1 - self.momentum) * m)
            follow = (1 - self.momentum) * tf.minimum(n - 1, 1)
            self.v.assign(self.v + follow * (v * n / tf.maximum(n - 1, 1) - self.v))
        return self.g * (x - m) / tf.sqrt(v + self.epsilon) + self.b
'''

LAYERS.refuse(
    *OF_TABLES, why="Keras has no layer like it", remedy="Use `to=onnx`, `to=pytorch` or `to=numpy`, which have it."
)
