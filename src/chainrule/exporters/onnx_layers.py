"""Layers and links as operators of ONNX."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.exporters.onnx_graph import INT64, Graph
from chainrule.exporters.table import Table
from chainrule.nn import (
    AvgPool2D,
    BatchNorm,
    BinaryCrossEntropy,
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
    Huber,
    Identity,
    Layer,
    LayerNorm,
    LeakyRelu,
    Loss,
    MaxPool2D,
    Pinball,
    Poisson,
    Relu,
    Reshape,
    Residual,
    Sequential,
    Sigmoid,
    Silu,
    SoftmaxCrossEntropy,
    Softplus,
    SpatialDropout,
    SquaredError,
    Tanh,
    UpSample,
    ZeroPad,
)
from chainrule.nn.layer import part
from chainrule.nn.window import pair
from chainrule.types import Params, Shape
from chainrule.window import Window

# An entry takes the layer, the graph, the name of x, its shape and the weights, and returns the name of y.
LAYERS = Table("onnx", "layer")
# An entry takes the loss, the graph and the name of the logits, and returns the name of the predictions.
LINKS = Table("onnx", "loss")


def apply(layer: Layer, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """Add a layer to the graph and return the name of y."""
    y: str = LAYERS.find(layer)(layer, graph, x, shape, p)
    return y


@LAYERS.entry(Sequential)
def stack(layer: Sequential, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """One after the other."""
    shapes = layer.shapes_inside(shape)
    for name, child in layer.children().items():
        x = apply(child, graph, x, shapes[name], p[name])
    return x


@LAYERS.entry(Residual)
def residual(layer: Residual, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """The inner layer and the bypass, added."""
    bypass = apply(layer.shortcut, graph, x, shape, part(p, "shortcut"))
    return graph.op("Add", bypass, apply(layer.inner, graph, x, shape, p))


@LAYERS.entry(Identity, Dropout, SpatialDropout)
def nothing(layer: Layer, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """What drops values drops none when it predicts."""
    return x


@LAYERS.entry(Sigmoid, Tanh, Relu, Softplus)
def same_name(layer: Layer, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """ONNX calls it the same."""
    return graph.op(type(layer).__name__, x)


@LAYERS.entry(LeakyRelu)
def leaky(layer: LeakyRelu, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """Its slope."""
    return graph.op("LeakyRelu", x, alpha=layer.slope)


@LAYERS.entry(Elu)
def elu(layer: Elu, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """Its alpha."""
    return graph.op("Elu", x, alpha=layer.alpha)


@LAYERS.entry(Gelu)
def gelu(layer: Gelu, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """X · ½ (1 + erf(x / √2))."""
    erf = graph.op("Erf", graph.op("Mul", x, graph.const(math.sqrt(0.5))))
    phi = graph.op("Mul", graph.op("Add", erf, graph.const(1.0)), graph.const(0.5))
    return graph.op("Mul", x, phi)


@LAYERS.entry(Silu)
def silu(layer: Silu, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """X · σ(x)."""
    return graph.op("Mul", x, graph.op("Sigmoid", x))


@LAYERS.entry(Dense, DropConnect)
def dense(layer: Layer, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """X W + b; no weight is dropped when it predicts."""
    y = graph.op("MatMul", x, graph.const(p["W"]))
    return graph.op("Add", y, graph.const(p["b"])) if "b" in p else y


@LAYERS.entry(Flatten, Reshape)
def reshape(layer: Layer, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """The same values in the same order."""
    return graph.op("Reshape", x, graph.const([-1, *layer.output_shape(shape)], np.int64))


@LAYERS.entry(Conv2D)
def conv(layer: Conv2D, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """HWIO becomes OIHW."""
    return _conv(graph, x, layer.window(shape), p["W"].transpose(3, 2, 0, 1), p, layer.groups)


@LAYERS.entry(Conv1D)
def conv1d(layer: Conv1D, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """As of images of one row."""
    window = layer._plane.window((1, *shape))
    sides: dict[str, Any] = {"pads": list(window.padding[1]), "strides": [layer.stride], "dilations": [layer.dilation]}
    W = graph.const(p["W"].transpose(2, 1, 0))
    inputs = [graph.transposed(x, [0, 2, 1]), W, *([graph.const(p["b"])] if "b" in p else [])]
    return graph.transposed(graph.op("Conv", *inputs, group=layer.groups, **sides), [0, 2, 1])


@LAYERS.entry(DepthwiseConv2D)
def depthwise(layer: DepthwiseConv2D, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """A convolution with as many groups as channels."""
    W = p["W"].transpose(2, 3, 0, 1)
    return _conv(graph, x, layer.window(shape), W.reshape(-1, 1, *W.shape[2:]), p, shape[-1])


def _conv(graph: Graph, x: str, window: Window, W: np.ndarray, p: Params, groups: int) -> str:
    inputs = [_first(graph, x), graph.const(W), *([graph.const(p["b"])] if "b" in p else [])]
    y = graph.op("Conv", *inputs, group=groups, **_moves(window), dilations=list(window.dilation))
    return _last(graph, y)


@LAYERS.entry(ConvTranspose2D)
def transposed(layer: ConvTranspose2D, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """The whole of what the kernels cover, of which `same` cuts off rows and columns."""
    size, stride, dilation = pair(layer.kernel), pair(layer.stride), pair(layer.dilation)
    reach = Window(size, dilation=dilation).reach
    surplus = [
        (n - 1) * s + r - out
        for n, s, r, out in zip(shape[:2], stride, reach, layer.output_shape(shape)[:2], strict=True)
    ]
    before = [max(0, cut) // 2 for cut in surplus]
    after = [max(0, cut) - first for cut, first in zip(surplus, before, strict=True)]
    inputs = [_first(graph, x), graph.const(p["W"].transpose(3, 2, 0, 1))]
    inputs += [graph.const(p["b"])] if "b" in p else []
    y = graph.op(
        "ConvTranspose",
        *inputs,
        strides=list(stride),
        dilations=list(dilation),
        pads=[*before, *after],
        output_padding=[max(0, -cut) for cut in surplus],
    )
    return _last(graph, y)


@LAYERS.entry(MaxPool2D, AvgPool2D)
def pool(layer: Any, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """What lies outside the image is neither the largest nor counted."""
    window = layer.window(shape)
    kind = "MaxPool" if isinstance(layer, MaxPool2D) else "AveragePool"
    return _last(graph, graph.op(kind, _first(graph, x), kernel_shape=list(window.size), **_moves(window)))


@LAYERS.entry(GlobalAvgPool, GlobalMaxPool)
def global_pool(layer: Layer, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """Over all places."""
    kind = "ReduceMean" if isinstance(layer, GlobalAvgPool) else "ReduceMax"
    return graph.op(kind, x, axes=list(range(1, len(shape))), keepdims=0)


@LAYERS.entry(ZeroPad)
def zero_pad(layer: ZeroPad, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """How many on each side."""
    (top, bottom), (left, right) = layer._window().padding
    return graph.op("Pad", x, graph.const([0, top, left, 0, 0, bottom, right, 0], np.int64))


@LAYERS.entry(UpSample)
def up_sample(layer: UpSample, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """Every pixel repeated: a Tile on axes of its own."""
    height, width, channels = shape
    a, b = pair(layer.size)
    x = graph.op("Reshape", x, graph.const([-1, height, 1, width, 1, channels], np.int64))
    x = graph.op("Tile", x, graph.const([1, 1, a, 1, b, 1], np.int64))
    return graph.op("Reshape", x, graph.const([-1, height * a, width * b, channels], np.int64))


@LAYERS.entry(BatchNorm)
def batch_norm(layer: BatchNorm, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """When it predicts, a factor and a bias for each channel."""
    factor = p["g"] / np.sqrt(np.asarray(p["v"], np.float64) + layer.epsilon)
    centred = graph.op("Sub", x, graph.const(p["m"]))
    return graph.op("Add", graph.op("Mul", centred, graph.const(factor)), graph.const(p["b"]))


@LAYERS.entry(LayerNorm)
def layer_norm(layer: LayerNorm, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """Over the channels."""
    given = [x, graph.const(p["g"]), graph.const(p["b"])]
    return graph.op("LayerNormalization", *given, axis=-1, epsilon=layer.epsilon)


@LAYERS.entry(GroupNorm)
def group_norm(layer: GroupNorm, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """Over the places and the channels of each group."""
    grouped = [-1, math.prod(shape[:-1]), layer.groups, shape[-1] // layer.groups]
    parts = graph.op("Reshape", x, graph.const(grouped, np.int64))
    centred = graph.op("Sub", parts, graph.op("ReduceMean", parts, axes=[1, 3], keepdims=1))
    variance = graph.op("ReduceMean", graph.op("Mul", centred, centred), axes=[1, 3], keepdims=1)
    root = graph.op("Sqrt", graph.op("Add", variance, graph.const(layer.epsilon)))
    xhat = graph.op("Reshape", graph.op("Div", centred, root), graph.const([-1, *shape], np.int64))
    return graph.op("Add", graph.op("Mul", xhat, graph.const(p["g"])), graph.const(p["b"]))


@LAYERS.entry(Embedding)
def embedding(layer: Embedding, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """The row of each id; the padding's is zero."""
    W = np.array(p["W"])
    if layer.padding is not None:
        W[layer.padding] = 0
    return graph.op("Gather", graph.const(W), graph.cast(x, INT64))


def _first(graph: Graph, x: str) -> str:
    return graph.transposed(x, [0, 3, 1, 2])


def _last(graph: Graph, x: str) -> str:
    return graph.transposed(x, [0, 2, 3, 1])


def _moves(window: Window) -> dict[str, Any]:
    (top, bottom), (left, right) = window.padding
    return {"strides": list(window.stride), "pads": [top, left, bottom, right]}


@LINKS.entry(SoftmaxCrossEntropy)
def softmax(loss: Loss, graph: Graph, a: str) -> str:
    """Softmax."""
    return graph.op("Softmax", a, axis=-1)


@LINKS.entry(BinaryCrossEntropy)
def logistic(loss: Loss, graph: Graph, a: str) -> str:
    """The logistic function."""
    return graph.op("Sigmoid", a)


@LINKS.entry(SquaredError, Huber, Pinball)
def itself(loss: Loss, graph: Graph, a: str) -> str:
    """The logits."""
    return a


@LINKS.entry(Poisson)
def exponential(loss: Poisson, graph: Graph, a: str) -> str:
    """Eᵃ, up to the ceiling."""
    return graph.op("Exp", graph.op("Min", a, graph.const(loss._ceiling)))
