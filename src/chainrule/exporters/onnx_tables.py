"""Layers of tables as operators of ONNX: encodings of numbers, layers side by side, and the mean of several networks."""

from __future__ import annotations

import math

import numpy as np

from chainrule.exporters.onnx_graph import Graph
from chainrule.exporters.onnx_layers import LAYERS, LINKS, apply
from chainrule.nn import Columns, Ensemble, Periodic, PiecewiseLinear, Scale, SmoothClip
from chainrule.types import Params, Shape

__all__ = ["LINKS", "apply"]

_FAR = float(np.finfo(np.float32).max)


@LAYERS.entry(SmoothClip)
def smooth_clip(layer: SmoothClip, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """By its formula."""
    share = graph.op("Div", x, graph.const(layer.limit))
    square = graph.op("Add", graph.op("Mul", share, share), graph.const(1.0))
    return graph.op("Div", x, graph.op("Sqrt", square))


@LAYERS.entry(Scale)
def scale(layer: Scale, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """The factors as they have become."""
    return graph.op("Mul", x, graph.const(layer.pace * np.asarray(p["s"])))


@LAYERS.entry(PiecewiseLinear)
def piecewise(layer: PiecewiseLinear, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """Each y reads its input, and is drawn in to its bin."""
    number, low, slope, least, most = layer.bins
    own = graph.op("Gather", x, graph.const(number, np.int64), axis=1)
    z = graph.op("Mul", graph.op("Sub", own, graph.const(low)), graph.const(slope))
    above = graph.op("Max", z, graph.const(np.maximum(least, -_FAR)))
    return graph.op("Min", above, graph.const(np.minimum(most, _FAR)))


@LAYERS.entry(Periodic)
def periodic(layer: Periodic, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """Cosines, a product for each input, and the number beside it."""
    each = graph.op("Unsqueeze", x, graph.const([2], np.int64))
    turns = graph.op("Add", graph.op("Mul", each, graph.const(p["f"])), graph.const(p["q"]))
    waves = graph.op("Cos", graph.op("Mul", turns, graph.const(2 * math.pi)))
    by_input = graph.op("MatMul", graph.op("Transpose", waves, perm=[1, 0, 2]), graph.const(p["W"]))
    h = graph.op("Add", graph.op("Transpose", by_input, perm=[1, 0, 2]), graph.const(p["b"]))
    beside = graph.op("Concat", each, h, axis=2)
    return graph.op("Reshape", beside, graph.const([-1, *layer.output_shape(shape)], np.int64))


@LAYERS.entry(Columns)
def columns(layer: Columns, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """Each part reads its inputs."""
    found = []
    for (name, child), own in zip(layer.children().items(), layer.inputs, strict=True):
        read = graph.op("Gather", x, graph.const(own, np.int64), axis=1)
        found.append(apply(child, graph, read, (len(own),), p[name]))
    return graph.op("Concat", *found, axis=1)


@LAYERS.entry(Ensemble)
def ensemble(layer: Ensemble, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """The logits of the mean, from logarithms."""
    each = [apply(child, graph, x, shape, p[name]) for name, child in layer.children().items()]
    if layer.link == "identity":
        parts = [graph.op("Mul", a, graph.const(share)) for a, share in zip(each, layer.shares, strict=True)]
        return graph.op("Sum", *parts)
    if layer.link == "exp":
        return _mean(layer, graph, each)
    if layer.link == "softmax":
        return _mean(layer, graph, [graph.op("LogSoftmax", a, axis=-1) for a in each])
    # log sigma(a) = -softplus(-a).
    no = [graph.op("Neg", graph.op("Softplus", a)) for a in each]
    yes = [graph.op("Neg", graph.op("Softplus", graph.op("Neg", a))) for a in each]
    return graph.op("Sub", _mean(layer, graph, yes), _mean(layer, graph, no))


def _mean(layer: Ensemble, graph: Graph, logs: list[str]) -> str:
    """log Σₘ wₘ e^lₘ."""
    axis = graph.const([0], np.int64)
    shifted = [
        graph.op("Unsqueeze", graph.op("Add", one, graph.const(math.log(share))), axis)
        for one, share in zip(logs, layer.shares, strict=True)
    ]
    return graph.op("ReduceLogSumExp", graph.op("Concat", *shifted, axis=0), axes=[0], keepdims=0)
