"""Layers in plain NumPy: the class of each, as the source that a script begins with. Forward, and right below it backward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chainrule.errors import ConfigError
from chainrule.exporters.table import Table
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
    Residual,
    Sequential,
    Sigmoid,
    Silu,
    Softplus,
    SpatialDropout,
    Tanh,
    UpSample,
    ZeroPad,
)
from chainrule.nn.window import pair
from chainrule.types import Shape

# An entry takes the layer, the shape that it reads and a function for the layers inside, and returns a Made.
LAYERS = Table("numpy", "layer")


@dataclass(frozen=True)
class Made:
    """A layer in a script: the expression that makes it, and the name of the class that has to be there.

    Attributes
    ----------
    call : str
        `Dense()`.
    lines : list of str
        Instead of it, where it takes several lines.
    kinds : tuple of str
        Names in `sources` that it needs.
    sources : mapping of str to (str, str)
        Source of a class of your own: what is needed to predict, and what is added to learn.
    """

    call: str
    kinds: tuple[str, ...] = ()
    lines: list[str] = field(default_factory=list)
    sources: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def _plain(call: str, kind: str, *more: str) -> Made:
    return Made(call, (*more, kind))


@LAYERS.entry(Sequential)
def stack(layer: Sequential, shape: Shape, inside: Any) -> Made:
    """A dict of layers, one a line."""
    shapes = layer.shapes_inside(shape)
    made = {name: inside(child, shapes[name]) for name, child in layer.children().items()}
    lines = ["Stack({"]
    for name, one in made.items():
        first, *rest = one.lines or [one.call]
        lines += [f"    {name!r}: {first}", *(f"    {line}" for line in rest)]
        lines[-1] += ","
    return Made("", ("Stack", *(kind for one in made.values() for kind in one.kinds)), [*lines, "})"], _all(made))


@LAYERS.entry(Residual)
def residual(layer: Residual, shape: Shape, inside: Any) -> Made:
    """The inner layer and the bypass."""
    made = {"inner": inside(layer.inner, shape), "shortcut": inside(layer.shortcut, shape)}
    lines = ["Residual("]
    for one in made.values():
        lines += [f"    {line}" for line in one.lines or [one.call]]
        lines[-1] += ","
    kinds = ("Residual", *(kind for one in made.values() for kind in one.kinds))
    return Made("", kinds, [*lines, ")"], _all(made))


def _all(made: Mapping[str, Made]) -> dict[str, tuple[str, str]]:
    return {name: source for one in made.values() for name, source in one.sources.items()}


@LAYERS.entry(Dense)
def dense(layer: Dense, shape: Shape, inside: Any) -> Made:
    """Weights, and a bias or none."""
    name = "Dense" if layer.bias else "Linear"
    return _plain(f"{name}()", name)


@LAYERS.entry(Identity)
def identity(layer: Layer, shape: Shape, inside: Any) -> Made:
    """Nothing."""
    return _plain("Identity()", "Identity")


@LAYERS.entry(Sigmoid, Tanh, Relu, Gelu, Silu, Softplus, Flatten, GlobalAvgPool, GlobalMaxPool)
def without_settings(layer: Layer, shape: Shape, inside: Any) -> Made:
    """A class of the same name."""
    name = type(layer).__name__
    return _plain(f"{name}()", name)


@LAYERS.entry(LeakyRelu)
def leaky(layer: LeakyRelu, shape: Shape, inside: Any) -> Made:
    """Its slope."""
    return _plain(f"LeakyRelu({layer.slope!r})", "LeakyRelu")


@LAYERS.entry(Elu)
def elu(layer: Elu, shape: Shape, inside: Any) -> Made:
    """Its alpha."""
    return _plain(f"Elu({layer.alpha!r})", "Elu")


@LAYERS.entry(Dropout, SpatialDropout)
def dropout(layer: Any, shape: Shape, inside: Any) -> Made:
    """Its rate, and on which axes a mask is the same."""
    name = type(layer).__name__
    return _plain(f"{name}({layer.rate!r})", name)


@LAYERS.entry(BatchNorm)
def batch_norm(layer: BatchNorm, shape: Shape, inside: Any) -> Made:
    """Its momentum and ε."""
    return _plain(f"BatchNorm({layer.momentum!r}, {layer.epsilon!r})", "BatchNorm")


@LAYERS.entry(LayerNorm)
def layer_norm(layer: LayerNorm, shape: Shape, inside: Any) -> Made:
    """Its ε."""
    return _plain(f"LayerNorm({layer.epsilon!r})", "LayerNorm")


@LAYERS.entry(Reshape)
def reshape(layer: Reshape, shape: Shape, inside: Any) -> Made:
    """Its shape."""
    return _plain(f"Reshape({tuple(layer.shape)!r})", "Reshape")


@LAYERS.entry(Conv2D)
def conv(layer: Conv2D, shape: Shape, inside: Any) -> Made:
    """Stride, dilation, and the zeros around the image."""
    if layer.groups > 1:
        raise ConfigError(
            "a layer that numpy can express", f"Conv2D with groups={layer.groups}", "Use `to=pytorch` or `to=onnx`."
        )
    window = layer.window(shape)
    call = f"Conv({tuple(window.stride)}, {tuple(window.dilation)}, {window.padding}, {layer.bias})"
    return _plain(call, "Conv", "windows")


@LAYERS.entry(MaxPool2D)
def max_pool(layer: MaxPool2D, shape: Shape, inside: Any) -> Made:
    """Size, stride, and what lies outside the image."""
    window = layer.window(shape)
    return _plain(f"MaxPool({tuple(window.size)}, {tuple(window.stride)}, {window.padding})", "MaxPool", "windows")


@LAYERS.entry(AvgPool2D)
def avg_pool(layer: AvgPool2D, shape: Shape, inside: Any) -> Made:
    """Size, stride, and what lies outside the image."""
    window = layer.window(shape)
    return _plain(f"AvgPool({tuple(window.size)}, {tuple(window.stride)}, {window.padding})", "AvgPool", "windows")


@LAYERS.entry(ZeroPad)
def zero_pad(layer: ZeroPad, shape: Shape, inside: Any) -> Made:
    """How many on each side."""
    return _plain(f"ZeroPad({layer._window().padding})", "ZeroPad")


@LAYERS.entry(UpSample)
def up_sample(layer: UpSample, shape: Shape, inside: Any) -> Made:
    """The size of a block."""
    return _plain(f"UpSample({pair(layer.size)})", "UpSample")


LAYERS.refuse(
    Conv1D,
    ConvTranspose2D,
    DepthwiseConv2D,
    DropConnect,
    GroupNorm,
    why="the script by hand has no lines for it",
    remedy="Use `to=pytorch`, `to=tensorflow` or `to=onnx`.",
)
