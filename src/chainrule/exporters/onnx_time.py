"""Layers along time as operators of ONNX: its own recurrence with its gates in ONNX' order, and attention by its formula."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.exporters.onnx_graph import Graph
from chainrule.exporters.onnx_layers import LAYERS
from chainrule.exporters.onnx_tables import LINKS, apply
from chainrule.nn import GRU, LSTM, Bidirectional, Positions, SelfAttention, SimpleRNN
from chainrule.nn.attention import waves
from chainrule.nn.recurrent.recurrent import Recurrent
from chainrule.types import Params, Shape

__all__ = ["LINKS", "apply"]

# The operator, and where each of its blocks stands among Chainrule's: i, o, f, g of i, f, o, g; z, r, g of r, z, g.
_CELLS = {"SimpleRNN": ("RNN", (0,)), "LSTM": ("LSTM", (0, 2, 1, 3)), "GRU": ("GRU", (1, 0, 2))}


@LAYERS.entry(SimpleRNN, LSTM, GRU)
def recurrent(layer: Recurrent, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """Time first, and an axis for the direction; no value is dropped when it predicts."""
    kind, order = _CELLS[type(layer).__name__]
    blocks = {name: np.split(np.asarray(p[name]), layer.gates, axis=-1) for name in ("W", "U", "b")}
    W, U, b = (np.concatenate([blocks[name][i] for i in order], axis=-1) for name in ("W", "U", "b"))
    second = np.zeros_like(b)
    if "c" in p:
        second[-layer.units :] = p["c"]
    given = [graph.const(part[None]) for part in (W.T, U.T, np.concatenate([b, second]))]
    more: dict[str, Any] = {"linear_before_reset": 1} if kind == "GRU" else {}
    direction = "reverse" if layer.reverse else "forward"
    h = graph.op(kind, graph.transposed(x, [1, 0, 2]), *given, hidden_size=layer.units, direction=direction, **more)
    # (T, 1, N, H): every state at its place, and the last to be read at one end.
    h = graph.op("Squeeze", h, graph.const([1], np.int64))
    if layer.return_sequences:
        return graph.transposed(h, [1, 0, 2])
    return graph.op("Gather", h, graph.const(0 if layer.reverse else shape[0] - 1, np.int64), axis=0)


@LAYERS.entry(Bidirectional)
def bidirectional(layer: Bidirectional, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """Both layers, side by side."""
    found = [apply(child, graph, x, shape, p[name]) for name, child in layer.children().items()]
    return graph.op("Concat", *found, axis=-1)


@LAYERS.entry(SelfAttention)
def attention(layer: SelfAttention, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """By its formula: queries, keys and values of each head, a softmax, and a product."""
    steps, d = shape
    z = graph.op("Add", graph.op("MatMul", x, graph.const(p["W"])), graph.const(p["b"]))
    z = graph.op("Reshape", z, graph.const([-1, steps, 3, layer.heads, d // layer.heads], np.int64))
    q, k, v = (graph.op("Gather", z, graph.const(i, np.int64), axis=2) for i in range(3))
    q, v = (graph.op("Transpose", part, perm=[0, 2, 1, 3]) for part in (q, v))
    s = graph.op("MatMul", q, graph.op("Transpose", k, perm=[0, 2, 3, 1]))
    s = graph.op("Mul", s, graph.const((d // layer.heads) ** -0.5))
    if layer.causal:
        s = graph.op("Where", graph.const(np.tri(steps), np.bool_), s, graph.const(-np.inf))
    o = graph.op("Transpose", graph.op("MatMul", graph.op("Softmax", s, axis=-1), v), perm=[0, 2, 1, 3])
    o = graph.op("Reshape", o, graph.const([-1, steps, d], np.int64))
    return graph.op("Add", graph.op("MatMul", o, graph.const(p["V"])), graph.const(p["c"]))


@LAYERS.entry(Positions)
def positions(layer: Positions, graph: Graph, x: str, shape: Shape, p: Params) -> str:
    """A constant, added."""
    return graph.op("Add", x, graph.const(p["P"] if layer.learned else waves(*shape)))
