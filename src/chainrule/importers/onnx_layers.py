"""Operators of ONNX as layers: each entry follows the axes, and refuses a setting that means something else here."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule import nn
from chainrule.importers.found import Node, Softmax, Step, refused
from chainrule.importers.onnx_reading import (
    DIRECTIONS,
    ENTRIES,
    Reading,
    Value,
    as_it_is,
    called,
    channels_first,
    entry,
    plain,
    want,
)
from chainrule.saved.bounds import MOST_VALUES
from chainrule.types import Params

__all__ = ["ENTRIES"]


@entry("Identity", "Dropout")
def same(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """What drops values drops none when it predicts."""
    reading.alias(node, reading.x(node))


@entry("Cast")
def cast(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """Whole numbers stay whole, floats floats."""
    x = reading.x(node)
    if (given["to"] in (6, 7)) is not x.takes_ids:
        raise refused(f"{called(node)} between whole numbers and floats", "Give the network what it reads.")
    reading.alias(node, x)


@entry("Relu", "Sigmoid", "Tanh", "Softplus", "LeakyRelu", "Elu", "Gelu")
def activation(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """Value by value: any axes will do."""
    want(node, given, approximate=b"none")
    layers: dict[str, Callable[[], nn.Layer]] = {
        "LeakyRelu": lambda: nn.LeakyRelu(_short(given.get("alpha", 0.01))),
        "Elu": lambda: nn.Elu(_short(given.get("alpha", 1.0))),
    }
    make = layers.get(node.op_type) or getattr(nn, node.op_type)
    x = reading.x(node)
    reading.add(node, x, Step(make()), order=x.order)


def _short(value: float) -> float:
    """Return a number of 32 bits as it was written: 0.2, not 0.20000000298."""
    return float(str(np.float32(value)))


@entry("Softmax")
def softmax(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """Over the last axis."""
    x = as_it_is(node, reading.x(node))
    if given.get("axis", -1) not in (-1, len(x.shape)):
        want(node, given, axis=-1)
    reading.add(node, x, Step(Softmax()))


@entry("Gemm")
def gemm(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """X W + b of vectors."""
    want(node, given, alpha=1.0, beta=1.0, transA=0)
    x = reading.x(node)
    if x.perm != (0, 1):
        plain(node, x, (0, 1))
    W = reading.const(node, 1)
    weights = {"W": _rows(x, W.T if given.get("transB") else W)}
    if reading.has(node, 2):
        weights["b"] = np.broadcast_to(reading.const(node, 2).reshape(-1), weights["W"].shape[1:])
    reading.add(node, x, Step(nn.Dense(weights["W"].shape[1], bias="b" in weights), weights))


@entry("MatMul")
def matmul(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """X W on the last axis."""
    x, W = reading.x(node), reading.const(node, 1)
    if x.order is None:
        as_it_is(node, x)
    if W.ndim != 2:
        raise refused(f"{called(node)} by an array of shape {W.shape}", "Only a matrix can be read.")
    reading.add(node, x, Step(nn.Dense(W.shape[1], bias=False), {"W": _rows(x, W)}))


def _rows(x: Value, W: np.ndarray) -> np.ndarray:
    """Return the rows of W in the order of the layers' vector."""
    if W.ndim != 2 or W.shape[0] != x.shape[-1]:
        raise refused(f"a matrix of shape {W.shape} on {x.shape[-1]} values", "Look at the file.", "matching weights")
    if x.order is None:
        return W
    rows = np.empty_like(W)
    rows[x.order] = W
    return rows


@entry("Add")
def add(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """A bias behind a product, vectors of places, or a bypass."""
    constant = next((i for i in (0, 1) if node.input[i] in reading.constants), None)
    if constant is None:
        one, other = reading.x(node), reading.x(node, 1)
        if (one.perm, one.shape) != (other.perm, other.shape) or one.order is not None or other.order is not None:
            raise refused(f"{called(node)} of {one.shape} and {other.shape} in other axes", "Write them in one order.")
        name = node.output[0]
        reading.nodes[name] = Node(name, (one.maker, other.maker), is_sum=True)
        reading.values[name] = replace(one, maker=name)
        return
    x, b = as_it_is(node, reading.x(node, 1 - constant)), reading.const(node, constant)
    made = reading.nodes.get(x.maker)
    last: Any = made.steps[-1] if made and made.steps else None
    is_bias = b.ndim > 0 and b.size == b.shape[-1] == x.shape[-1] and type(getattr(last, "layer", None)) is nn.Dense
    if made is not None and is_bias and not last.layer.bias and reading.is_read_once(x):
        dense = Step(replace(last.layer, bias=True), {**last.weights, "b": b.reshape(-1)})
        reading.nodes[x.maker] = replace(made, steps=(*made.steps[:-1], dense))
        reading.alias(node, x)
        return
    if len(x.shape) == 2 and b.shape[-2:] == x.shape and b.size == x.shape[0] * x.shape[1]:
        reading.add(node, x, Step(nn.Positions(learned=True), {"P": b.reshape(x.shape)}))
        return
    raise refused(f"{called(node)} of a constant of shape {b.shape}", "Only a bias behind a product can be read.")


@entry("Transpose")
def transpose(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """The same numbers: the axes are followed."""
    x = reading.x(node)
    order = given.get("perm", list(range(len(x.perm)))[::-1])
    if sorted(order) != list(range(len(x.perm))) or x.order is not None:
        raise refused(f"{called(node)} with perm={order}", "Look at the file.")
    reading.alias(node, replace(x, perm=tuple(x.perm[i] for i in order)))


@entry("Squeeze")
def squeeze(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """Axes of size 1 that no layer has."""
    x = reading.x(node)
    axes = given.get("axes") or (reading.const(node, 1).tolist() if reading.has(node, 1) else None)
    none = [i for i, axis in enumerate(x.perm) if axis is None]
    gone = none if axes is None else [axis % len(x.perm) for axis in axes]
    if not set(gone) <= set(none):
        raise refused(f"{called(node)} of the axes {axes}", "Write the network without it.")
    reading.alias(node, replace(x, perm=tuple(axis for i, axis in enumerate(x.perm) if i not in gone)))


@entry("Flatten", "Reshape")
def flatten(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """To a vector in the file's order, or, with the layers' axes, to another shape."""
    x = reading.x(node)
    size = math.prod(x.shape)
    if size > MOST_VALUES:
        raise refused(
            f"{called(node)} of the shape {x.shape}", "Write a smaller network.", f"at most {MOST_VALUES:,} values"
        )
    if node.op_type == "Flatten":
        want(node, given, axis=1)
        target = [0, size]
    else:
        want(node, given, allowzero=0)
        target = [int(n) for n in reading.const(node, 1)]
    if DIRECTIONS in x.perm:
        _side_by_side(reading, node, x, target)
        return
    if not target or target[0] not in (0, -1) or x.perm[0] != 0:
        raise refused(f"{called(node)} to {target}, which moves the batch", "Keep the batch as the first axis.")
    rest = target[1:]
    if rest == [-1]:
        rest = [size]
    if rest == [size]:
        if len(x.shape) == 1:
            reading.alias(node, replace(x, perm=(0, 1)))
            return
        places = np.arange(size).reshape(x.shape)
        order = places.transpose([axis - 1 for axis in x.perm[1:] if axis is not None]).ravel()
        is_same = bool((order == np.arange(size)).all())
        reading.add(node, x, Step(nn.Flatten()), perm=(0, 1), order=None if is_same else order)
        return
    as_it_is(node, x)
    if any(n <= 0 for n in rest) or math.prod(rest) != size:
        raise refused(f"{called(node)} to {target}", "Write the sizes out.")
    reading.add(node, x, Step(nn.Reshape(tuple(rest))), perm=tuple(range(len(rest) + 1)))


def _side_by_side(reading: Reading, node: Any, x: Value, target: list[int]) -> None:
    """Put what both directions say on the last axis, where a Bidirectional has it from the start."""
    if x.perm[2:] != (DIRECTIONS, 2) or len(target) != 3 or target[:2] != [0, 0] or target[2] not in (-1, x.shape[-1]):
        raise refused(f"{called(node)} of both directions to {target}", "Write a layer for each, and a Concat of them.")
    reading.alias(node, replace(x, perm=(*x.perm[:2], 2)))


@entry("BatchNormalization")
def batch_norm(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """Of the channels, right behind the batch."""
    want(node, given, training_mode=0, spatial=1)
    x = reading.x(node)
    if len(x.perm) < 2 or x.perm[1] != len(x.shape) or None in x.perm:
        plain(node, x, channels_first(len(x.shape) + 1))
    found = {name: reading.const(node, i) for i, name in enumerate("gbmv", start=1)}
    weights: Params = {name: _rows(x, value.reshape(-1, 1))[:, 0] for name, value in found.items()}
    layer = nn.BatchNorm(_short(given.get("momentum", 0.9)), _short(given.get("epsilon", 1e-5)))
    reading.add(node, x, Step(layer, weights), order=x.order)


@entry("LayerNormalization")
def layer_norm(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """Over the channels, last."""
    x = as_it_is(node, reading.x(node))
    if given.get("axis", -1) not in (-1, len(x.shape)):
        want(node, given, axis=-1)
    g = reading.const(node, 1)
    b = reading.const(node, 2) if reading.has(node, 2) else np.zeros_like(g)
    reading.add(node, x, Step(nn.LayerNorm(_short(given.get("epsilon", 1e-5))), {"g": g, "b": b}))


@entry("Gather")
def gather(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """Rows of a table by ids, or the last state of a recurrent layer."""
    axis = given.get("axis", 0)
    if node.input[0] in reading.constants:
        W, x = reading.const(node, 0), reading.x(node, 1)
        if axis or W.ndim != 2 or not x.takes_ids:
            raise refused(f"{called(node)} of an array of shape {W.shape}", "Only an embedding of ids can be read.")
        as_it_is(node, x)
        perm = tuple(range(len(x.shape) + 2))
        reading.add(node, x, Step(nn.Embedding(*W.shape), {"W": W}), perm=perm)
        return
    x, at = reading.x(node), reading.const(node, 1)
    made = reading.nodes.get(x.maker)
    last: Any = made.steps[-1].layer if made and made.steps else None
    is_time = len(x.perm) > axis and x.perm[axis] == 1 and at.ndim == 0
    if (
        made is None
        or not is_time
        or not isinstance(last, nn.GRU | nn.LSTM | nn.SimpleRNN)
        or not last.return_sequences
    ):
        raise refused(called(node), "Only the last state of a recurrent layer can be read.")
    if int(at) % x.shape[0] != (0 if last.reverse else x.shape[0] - 1) or not reading.is_read_once(x):
        raise refused(f"{called(node)} of the state {int(at)}", "Only the last state can be read by itself.")
    step = Step(replace(last, return_sequences=False), made.steps[-1].weights)
    reading.nodes[x.maker] = replace(made, steps=(*made.steps[:-1], step))
    left = tuple(None if a is None else 1 if a == 2 else a for i, a in enumerate(x.perm) if i != axis)
    reading.alias(node, Value(x.maker, left, x.shape[1:]))
