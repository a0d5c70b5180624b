"""Convolutions, pools and recurrence of ONNX as layers: windows with their padding, gates with their order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from chainrule import nn
from chainrule.importers.found import Node, Step, refused
from chainrule.importers.onnx_layers import ENTRIES
from chainrule.importers.onnx_reading import DIRECTIONS, Reading, Value, channels_first, entry, plain, want
from chainrule.types import Shape

__all__ = ["ENTRIES"]

# The order of ONNX' gates by Chainrule's: i, f, o, g of i, o, f, g; r, z, g of z, r, g.
_CELLS = {"RNN": (nn.SimpleRNN, (0,)), "LSTM": (nn.LSTM, (0, 2, 1, 3)), "GRU": (nn.GRU, (1, 0, 2))}
_AT_REST = {"RNN": [b"Tanh"], "LSTM": [b"Sigmoid", b"Tanh", b"Tanh"], "GRU": [b"Sigmoid", b"Tanh"]}


@entry("Conv")
def conv(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """OIHW becomes HWIO; zeros that are not those of `same` are put around before."""
    x = reading.x(node)
    plain(node, x, channels_first(len(x.shape) + 1))
    W = reading.const(node, 1)
    axes = len(x.shape) - 1
    if axes not in (1, 2) or W.ndim != axes + 2:
        raise refused(f"{node.op_type} {node.output[0]!r} on {axes} axes", "Only one or two can be read.")
    strides, dilations = (tuple(given.get(key) or [1] * axes) for key in ("strides", "dilations"))
    weights = {"W": W.transpose(*range(2, W.ndim), 1, 0)}
    weights |= {"b": reading.const(node, 2)} if reading.has(node, 2) else {}
    settings: dict[str, Any] = {"groups": given.get("group", 1), "bias": "b" in weights}
    layer: Any
    if axes == 1:
        layer = nn.Conv1D(W.shape[0], W.shape[2], strides[0], dilation=dilations[0], **settings)
    else:
        layer = nn.Conv2D(W.shape[0], W.shape[2:], strides, dilation=dilations, **settings)
    padding, sides = _padding(node, given, layer, x.shape, axes)
    before = [Step(nn.ZeroPad(sides))] if sides and axes == 2 else []
    if sides and axes == 1:
        raise refused(f"Conv {node.output[0]!r} with pads={list(sides)}", "Only no padding, or `same`, can be read.")
    reading.add(node, x, *before, Step(replace(layer, padding=padding), weights))


@entry("MaxPool", "AveragePool")
def pool(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """What lies outside the image is neither the largest nor counted."""
    want(node, given, ceil_mode=0, dilations=[1, 1], storage_order=0)
    x = reading.x(node)
    plain(node, x, (0, 3, 1, 2))
    strides = tuple(given.get("strides") or (1, 1))
    kind: Any = nn.MaxPool2D if node.op_type == "MaxPool" else nn.AvgPool2D
    layer = kind(tuple(given["kernel_shape"]), strides)
    padding, sides = _padding(node, given, layer, x.shape, 2)
    if sides:
        raise refused(
            f"{node.op_type} {node.output[0]!r} with pads={list(sides)}", "Only no padding, or `same`, can be read."
        )
    if padding == "same" and any(given.get("pads", [])):
        want(node, given, count_include_pad=0)
    reading.add(node, x, Step(replace(layer, padding=padding)))


def _padding(node: Any, given: dict[str, Any], layer: Any, shape: Shape, axes: int) -> tuple[str, Any]:
    """Return `valid` or `same`, or `valid` and the zeros (top, bottom, left, right) that it takes before."""
    auto = given.get("auto_pad", b"NOTSET")
    if auto in (b"VALID", b"SAME_UPPER"):
        return ("same" if auto == b"SAME_UPPER" else "valid"), None
    want(node, given, auto_pad=b"NOTSET")
    pads = given.get("pads") or [0] * (2 * axes)
    if not any(pads):
        return "valid", None
    same = replace(layer, padding="same")
    around = same._plane.window((1, *shape)).padding[1:] if axes == 1 else same.window(shape).padding
    sides = tuple(zip(pads[:axes], pads[axes:], strict=True))
    if tuple(map(tuple, around)) == sides:
        return "same", None
    return "valid", tuple(n for side in sides for n in side)


@entry("GlobalAveragePool", "GlobalMaxPool")
def global_pool(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """Over all places; axes of size 1 stay behind."""
    x = reading.x(node)
    plain(node, x, channels_first(len(x.shape) + 1))
    layer = nn.GlobalAvgPool() if node.op_type == "GlobalAveragePool" else nn.GlobalMaxPool()
    reading.add(node, x, Step(layer), perm=(0, 1, *[None] * (len(x.shape) - 1)))


@entry("ReduceMean", "ReduceMax")
def reduced(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """Over all places."""
    want(node, given, keepdims=0, noop_with_empty_axes=0)
    x = reading.x(node)
    axes = given.get("axes") or (reading.const(node, 1).tolist() if reading.has(node, 1) else [])
    gone = {x.perm[axis % len(x.perm)] for axis in axes}
    if "keepdims" not in given or gone != set(range(1, len(x.shape))) or x.order is not None or x.perm[0] != 0:
        raise refused(f"{node.op_type} {node.output[0]!r} over the axes {axes}", "Only all places can be read.")
    layer = nn.GlobalAvgPool() if node.op_type == "ReduceMean" else nn.GlobalMaxPool()
    reading.add(node, x, Step(layer), perm=(0, 1))


@entry("RNN", "LSTM", "GRU")
def recurrent(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """Every state with an axis for the direction, or the last."""
    kind = node.op_type
    both_ways = given.get("direction", b"forward") == b"bidirectional"
    want(node, given, activations=_AT_REST[kind] * (1 + both_ways), layout=0, input_forget=0)
    if "clip" in given or "activation_alpha" in given:
        raise refused(f"{kind} {node.output[0]!r} with a clip or other slopes", "Write it without.")
    if kind == "GRU":
        want(node, {"linear_before_reset": 0} | given, linear_before_reset=1)
    for i in range(4, len(node.input)):
        is_zero = node.input[i] in reading.constants and not reading.constants[node.input[i]].any()
        if reading.has(node, i) and (i == 4 or not is_zero):
            raise refused(f"{kind} {node.output[0]!r} with lengths, a first state or peepholes", "Write it without.")
    x = plain(node, reading.x(node), (1, 0, 2))
    every, last = (len(node.output) > i and reading.uses[node.output[i]] > 0 for i in (0, 1))
    if every == last or (len(node.output) > 2 and reading.uses[node.output[2]]):
        raise refused(f"{kind} {node.output[0]!r}, of which both states and the last are read", "Read one of them.")
    name = node.output[0 if every else 1]
    if both_ways:
        if last:
            raise refused(f"{kind} {name!r}, the last states of both directions", "Write a layer for each direction.")
        ahead, back = (_cell(reading, node, i, every=True, reverse=bool(i)) for i in (0, 1))
        layers: list[Any] = [ahead.layer, back.layer]
        step = Step(nn.Bidirectional(*layers), {"ahead": ahead.weights, "back": back.weights})
    else:
        step = _cell(reading, node, 0, every=every, reverse=given.get("direction") == b"reverse")
    reading.nodes[name] = Node(name, (x.maker,), (step,))
    perm = (1, DIRECTIONS if both_ways else None, 0, 2) if every else (None, 0, 1)
    layer: Any = step.layer
    reading.values[name] = Value(name, perm, layer.output_shape(x.shape))


def _cell(reading: Reading, node: Any, at: int, *, every: bool, reverse: bool) -> Step:
    """Return the layer of one direction."""
    layer_of, order = _CELLS[node.op_type]
    H = reading.const(node, 2).shape[-1]
    W, U = (_blocks(reading.const(node, i)[at], order, H).T for i in (1, 2))
    both = reading.const(node, 3)[at] if reading.has(node, 3) else np.zeros(2 * W.shape[1], W.dtype)
    b, second = (_blocks(part, order, H) for part in np.split(both, 2))
    weights = {"W": W, "U": U, "b": b + second}
    if node.op_type == "GRU":
        weights |= {"b": np.concatenate([weights["b"][: 2 * H], b[2 * H :]]), "c": second[2 * H :]}
    return Step(layer_of(H, return_sequences=every, reverse=reverse), weights)


def _blocks(value: np.ndarray, order: tuple[int, ...], H: int) -> np.ndarray:
    """Return the blocks of H rows in Chainrule's order."""
    blocks = [value[i * H : (i + 1) * H] for i in order]
    found: np.ndarray = np.concatenate(blocks)
    return found


@entry("Concat")
def concat(reading: Reading, node: Any, given: dict[str, Any]) -> None:
    """What two recurrent layers say that read the same from both ends."""
    if len(node.input) != 2:
        raise refused(f"Concat {node.output[0]!r} of {len(node.input)}", "Only two recurrent layers can be read.")
    ways = [reading.x(node, i) for i in (0, 1)]
    made = [reading.nodes.get(way.maker) for way in ways]
    steps = [each.steps[0] for each in made if each is not None and len(each.steps) == 1]
    layers: list[Any] = [step.layer for step in steps]
    if len(layers) != 2 or not all(isinstance(each, nn.GRU | nn.LSTM | nn.SimpleRNN) for each in layers):
        raise refused(f"Concat {node.output[0]!r}", "Only that of two recurrent layers can be read.")
    one, other = (each for each in made if each is not None)
    axis = given["axis"] % len(ways[0].perm)
    if one.reads != other.reads or ways[0].perm != ways[1].perm or ways[0].perm[axis] != len(ways[0].shape):
        raise refused(f"Concat {node.output[0]!r} of layers on different inputs", "Let both read the same.")
    for way in ways:
        del reading.nodes[way.maker]
    both = Step(nn.Bidirectional(*layers), {"ahead": steps[0].weights, "back": steps[1].weights})
    name = node.output[0]
    reading.nodes[name] = Node(name, one.reads, (both,))
    shape = (*ways[0].shape[:-1], ways[0].shape[-1] + ways[1].shape[-1])
    reading.values[name] = Value(name, ways[0].perm, shape)
