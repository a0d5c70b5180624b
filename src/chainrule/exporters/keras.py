"""The .keras file: layers of Keras alone, no object of one's own, from prepared inputs to predictions."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.encode.target import REGRESSION
from chainrule.exporters.check import Difference, check_predictions
from chainrule.exporters.keras_layers import Call, keras_name
from chainrule.exporters.keras_time import LAYERS, both_ways, recurrent
from chainrule.exporters.lesson import Lesson
from chainrule.exporters.script import Written
from chainrule.exporters.table import Table
from chainrule.nn import (
    Bidirectional,
    BinaryCrossEntropy,
    Huber,
    Layer,
    Loss,
    Pinball,
    Poisson,
    Positions,
    Residual,
    SelfAttention,
    Sequential,
    SoftmaxCrossEntropy,
    SquaredError,
)
from chainrule.nn.attention import waves
from chainrule.nn.layer import part
from chainrule.types import Params, Shape

# An entry takes the layer, Keras' x, its shape, the weights, a name and the list of all weights in Keras' order by layer;
# it returns Keras' y.
COMPOSITIONS = Table("keras", "composition")
# An entry returns the layer that makes predictions of logits, or None where they are the same.
LINKS = Table("keras", "loss")


def write(lesson: Lesson) -> Written:
    """Return the file."""
    # What TensorFlow would tell on stderr about the machine.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    model = lesson.model
    network, preparation = model.network, model.preparation
    notes = list(lesson.notes)
    x = keras.Input(network.input_shape, dtype="int32" if network.layer.takes_ids else "float32", name="x")
    placed: list[tuple[Any, list[np.ndarray]]] = []
    y = apply(network.layer, x, network.input_shape, model.params, "net", placed)
    for name, call in _ending(lesson):
        y = _make(call, name)(y)
    net = keras.Model(x, y, name=lesson.slug)
    for layer, weights in placed:
        layer.set_weights(weights)
    if preparation is not None:
        notes.append(
            f"it takes prepared inputs x {preparation.input_shape}, not cells or pixels: `to=onnx` takes those"
        )
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "net.keras"
        net.save(path)
        content = path.read_bytes()
    name = f"{lesson.slug}.keras"
    return Written({name: content}, name, notes)


def apply(layer: Layer, x: Any, shape: Shape, p: Params, name: str, placed: list[tuple[Any, list[np.ndarray]]]) -> Any:
    """Return Keras' y of a layer."""
    if type(layer) in COMPOSITIONS:
        return COMPOSITIONS.find(layer)(layer, x, shape, p, name, placed)
    call: Call = LAYERS.find(layer)(layer, shape, p)
    made = _make(call, name)
    y = made(x)
    placed.append((made, [np.asarray(value) for value in call.weights.values()]))
    return y


def _make(call: Call, name: str) -> Any:
    import keras

    return getattr(keras.layers, call.kind)(**call.settings, name=keras_name(name))


@COMPOSITIONS.entry(Sequential)
def stack(layer: Sequential, x: Any, shape: Shape, p: Params, name: str, placed: list[Any]) -> Any:
    """One after the other; Keras wants names that differ throughout."""
    shapes = layer.shapes_inside(shape)
    for inner, child in layer.children().items():
        x = apply(child, x, shapes[inner], p[inner], inner if name == "net" else f"{name}.{inner}", placed)
    return x


@COMPOSITIONS.entry(Residual)
def residual(layer: Residual, x: Any, shape: Shape, p: Params, name: str, placed: list[Any]) -> Any:
    """The inner layer and the bypass, added."""
    import keras

    own = {key: tree for key, tree in p.items() if key != "shortcut"}
    inner = apply(layer.inner, x, shape, own, f"{name}.inner", placed)
    bypass = apply(layer.shortcut, x, shape, part(p, "shortcut"), f"{name}.shortcut", placed)
    return keras.layers.Add(name=keras_name(f"{name}.sum"))([bypass, inner])


@COMPOSITIONS.entry(Bidirectional)
def bidirectional(layer: Bidirectional, x: Any, shape: Shape, p: Params, name: str, placed: list[Any]) -> Any:
    """Keras' own, which turns around what the layer back says."""
    import keras

    calls = [recurrent(child, p[inner]) for inner, child in both_ways(layer).items()]
    ahead, back = (_make(call, inner) for call, inner in zip(calls, ("ahead", "back"), strict=True))
    made = keras.layers.Bidirectional(ahead, backward_layer=back, name=keras_name(name))
    y = made(x)
    placed.append((made, [np.asarray(value) for call in calls for value in call.weights.values()]))
    return y


@COMPOSITIONS.entry(SelfAttention)
def attention(layer: SelfAttention, x: Any, shape: Shape, p: Params, name: str, placed: list[Any]) -> Any:
    """Keras' own, which has matrices for q, k and v, with an axis for the heads."""
    import keras

    d = shape[1] // layer.heads
    made = keras.layers.MultiHeadAttention(layer.heads, d, name=keras_name(name))
    y = made(x, x, use_causal_mask=layer.causal)
    weights = []
    for W, b in zip(np.split(p["W"], 3, axis=1), np.split(p["b"], 3), strict=True):
        weights += [W.reshape(-1, layer.heads, d), b.reshape(layer.heads, d)]
    placed.append((made, [*weights, p["V"].reshape(layer.heads, d, -1), p["c"]]))
    return y


@COMPOSITIONS.entry(Positions)
def positions(layer: Positions, x: Any, shape: Shape, p: Params, name: str, placed: list[Any]) -> Any:
    """A normalisation by a mean of -P and a variance of 1: Keras has no other layer that adds a constant."""
    P = np.asarray(p["P"]) if layer.learned else waves(*shape)
    settings = {"axis": (1, 2), "mean": (-P).tolist(), "variance": np.ones(shape).tolist()}
    return _make(Call("Normalization", settings), name)(x)


@LINKS.entry(SoftmaxCrossEntropy)
def softmax(loss: Loss) -> Call | None:
    """Softmax."""
    return Call("Softmax")


@LINKS.entry(BinaryCrossEntropy)
def logistic(loss: Loss) -> Call | None:
    """The logistic function."""
    return Call("Activation", {"activation": "sigmoid"})


@LINKS.entry(SquaredError, Huber, Pinball)
def itself(loss: Loss) -> Call | None:
    """The logits."""
    return None


@LINKS.entry(Poisson)
def exponential(loss: Loss) -> Call | None:
    """Eᵃ; without the ceiling, which no count is near."""
    return Call("Activation", {"activation": "exponential"})


def _ending(lesson: Lesson) -> list[tuple[str, Call]]:
    """Return the layers behind the logits."""
    loss, preparation = lesson.model.network.loss, lesson.model.preparation
    link: Call | None = LINKS.find(loss)(loss)
    ending = [(f"{loss.link_name}.link", link)] if link else []
    if preparation is not None and preparation.target.task == REGRESSION:
        unit = {"scale": preparation.target.scale, "offset": preparation.target.mean}
        ending.append(("own.unit", Call("Rescaling", unit)))
    return ending


def check(lesson: Lesson, folder: Path, main: str) -> list[Difference]:
    """Load the file in safe mode on the tested rows, and compare."""
    return check_predictions(lesson, folder, _RUN, [main])


_RUN = """
import sys
import keras
import numpy as np

main, rows, result = sys.argv[1:]
net = keras.saving.load_model(main, safe_mode=True)
np.savez(result, y=net.predict(np.load(rows)["x"], verbose=0))
"""
