"""Layers as PyTorch's modules: the line of each, and its weights under PyTorch's names and axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.errors import ConfigError
from chainrule.exporters.table import IN_TIME, Table
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

# An entry takes the layer, the shape that it reads (as Chainrule has it, channels last) and its weights, and returns
# a Module.
LAYERS = Table("pytorch", "layer")

# Where the channels stand between modules: as in Chainrule, or right behind the batch, as PyTorch's layers of images
# and sequences have them.
LAST, FIRST, ANY = "last", "first", "any"


@dataclass(frozen=True)
class Module:
    """A module in a script.

    Attributes
    ----------
    line : str
        The expression that makes it.
    weights : mapping of str to array
        Its state by PyTorch's names.
    layout : str
        Where it wants the channels: `first`, `last`, or `any`.
    before, after : tuple of str
        Expressions of modules without weights around it.
    sources : mapping of str to str
        Classes that the script has to have.
    """

    line: str = ""
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    layout: str = ANY
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)


@LAYERS.entry(Identity)
def identity(layer: Layer, shape: Shape, p: Params) -> Module:
    """Nothing."""
    return Module("nn.Identity()")


@LAYERS.entry(Sigmoid, Tanh)
def same_name(layer: Layer, shape: Shape, p: Params) -> Module:
    """PyTorch calls it the same."""
    return Module(f"nn.{type(layer).__name__}()")


@LAYERS.entry(Relu, Gelu, Silu)
def upper(layer: Layer, shape: Shape, p: Params) -> Module:
    """ReLU, GELU (exact), SiLU."""
    return Module({"Relu": "nn.ReLU()", "Gelu": "nn.GELU()", "Silu": "nn.SiLU()"}[type(layer).__name__])


@LAYERS.entry(Softplus)
def softplus(layer: Layer, shape: Shape, p: Params) -> Module:
    """PyTorch goes over to x beyond a threshold of 20; here it must not."""
    return Module("nn.Softplus(threshold=80)")


@LAYERS.entry(LeakyRelu)
def leaky(layer: LeakyRelu, shape: Shape, p: Params) -> Module:
    """Its slope."""
    return Module(f"nn.LeakyReLU({layer.slope!r})")


@LAYERS.entry(Elu)
def elu(layer: Elu, shape: Shape, p: Params) -> Module:
    """Its alpha."""
    return Module(f"nn.ELU({layer.alpha!r})")


@LAYERS.entry(Dense)
def dense(layer: Dense, shape: Shape, p: Params) -> Module:
    """Linear has Wᵀ."""
    return Module(f"nn.Linear({shape[-1]}, {layer.units}{_no_bias(layer)})", _weights(p, p["W"].T), LAST)


@LAYERS.entry(DropConnect)
def drop_connect(layer: DropConnect, shape: Shape, p: Params) -> Module:
    """Linear with a mask on its weights."""
    line = f"DropConnect({layer.rate!r}, {shape[-1]}, {layer.units}{_no_bias(layer)})"
    return Module(line, _weights(p, p["W"].T), LAST, sources={"DropConnect": _DROP_CONNECT})


@LAYERS.entry(Dropout)
def dropout(layer: Dropout, shape: Shape, p: Params) -> Module:
    """Its rate."""
    return Module(f"nn.Dropout({layer.rate!r})")


@LAYERS.entry(SpatialDropout)
def spatial_dropout(layer: SpatialDropout, shape: Shape, p: Params) -> Module:
    """Whole channels."""
    kind = {1: "Dropout", 2: "Dropout1d", 3: "Dropout2d"}.get(len(shape), "Dropout3d")
    return Module(f"nn.{kind}({layer.rate!r})", layout=FIRST)


@LAYERS.entry(Flatten)
def flatten(layer: Flatten, shape: Shape, p: Params) -> Module:
    """In the order of Chainrule, channels last."""
    return Module("nn.Flatten()", layout=LAST)


@LAYERS.entry(Reshape)
def reshape(layer: Reshape, shape: Shape, p: Params) -> Module:
    """Flat, and then its shape."""
    before = ("nn.Flatten()",) if len(shape) > 1 else ()
    return Module(f"nn.Unflatten(1, {tuple(layer.shape)!r})", layout=LAST, before=before)


@LAYERS.entry(Conv2D)
def conv(layer: Conv2D, shape: Shape, p: Params) -> Module:
    """HWIO becomes OIHW; what `same` pads before and after the image may differ."""
    window = layer.window(shape)
    more, pads = _padding(window)
    line = (
        f"nn.Conv2d({shape[-1]}, {layer.filters}, {tuple(window.size)}{_moves(window)}{more}{_groups(layer)}"
        f"{_no_bias(layer)})"
    )
    return Module(line, _weights(p, p["W"].transpose(3, 2, 0, 1)), FIRST, pads)


@LAYERS.entry(Conv1D)
def conv1d(layer: Conv1D, shape: Shape, p: Params) -> Module:
    """As of images of one row."""
    window = layer._plane.window((1, *shape))
    left, right = window.padding[1]
    more = f", padding={left}" if left == right and left else ""
    pads = () if left == right else (f"nn.ConstantPad1d(({left}, {right}), 0.0)",)
    stride = f", stride={layer.stride}" if layer.stride > 1 else ""
    dilation = f", dilation={layer.dilation}" if layer.dilation > 1 else ""
    line = (
        f"nn.Conv1d({shape[-1]}, {layer.filters}, {layer.kernel}{stride}{dilation}{more}{_groups(layer)}"
        f"{_no_bias(layer)})"
    )
    return Module(line, _weights(p, p["W"].transpose(2, 1, 0)), FIRST, pads)


@LAYERS.entry(DepthwiseConv2D)
def depthwise(layer: DepthwiseConv2D, shape: Shape, p: Params) -> Module:
    """A convolution with as many groups as channels."""
    window = layer.window(shape)
    more, pads = _padding(window)
    channels = shape[-1]
    W = p["W"]
    W = W.transpose(2, 3, 0, 1).reshape(channels * layer.multiplier, 1, *W.shape[:2])
    line = (
        f"nn.Conv2d({channels}, {channels * layer.multiplier}, {tuple(window.size)}{_moves(window)}{more}"
        f", groups={channels}{_no_bias(layer)})"
    )
    return Module(line, _weights(p, W), FIRST, pads)


@LAYERS.entry(ConvTranspose2D)
def transposed(layer: ConvTranspose2D, shape: Shape, p: Params) -> Module:
    """The whole of what the kernels cover, of which `same` cuts off rows and columns."""
    size, stride, dilation = pair(layer.kernel), pair(layer.stride), pair(layer.dilation)
    reach = Window(size, dilation=dilation).reach
    wanted = layer.output_shape(shape)[:2]
    cuts = []
    for n, s, r, out in zip(shape[:2], stride, reach, wanted, strict=True):
        surplus = (n - 1) * s + r - out
        before = max(0, surplus) // 2
        cuts.append((-before, -(surplus - before)))
    (top, bottom), (left, right) = cuts
    after = (f"nn.ZeroPad2d(({left}, {right}, {top}, {bottom}))",) if any((top, bottom, left, right)) else ()
    more = f", stride={stride}" if stride != (1, 1) else ""
    more += f", dilation={dilation}" if dilation != (1, 1) else ""
    line = f"nn.ConvTranspose2d({shape[-1]}, {layer.filters}, {size}{more}{_no_bias(layer)})"
    weights = _weights(p, p["W"].transpose(3, 2, 0, 1))
    if after and layer.bias and min(top, bottom, left, right) >= 0:
        # What is added around y has to have the bias too.
        raise ConfigError(
            "a layer that pytorch can express",
            "ConvTranspose2D whose stride is longer than its kernel",
            "Give it a longer kernel.",
        )
    return Module(line, weights, FIRST, (), after)


@LAYERS.entry(MaxPool2D)
def max_pool(layer: MaxPool2D, shape: Shape, p: Params) -> Module:
    """What lies outside the image is never the largest."""
    window = layer.window(shape)
    pads = () if _is_unpadded(window) else (f"nn.ConstantPad2d({_sides(window)}, -torch.inf)",)
    return Module(f"nn.MaxPool2d({tuple(window.size)}, {tuple(window.stride)})", layout=FIRST, before=pads)


@LAYERS.entry(AvgPool2D)
def avg_pool(layer: AvgPool2D, shape: Shape, p: Params) -> Module:
    """What lies outside the image is not counted."""
    window = layer.window(shape)
    sizes = f"{tuple(window.size)}, {tuple(window.stride)}"
    if _is_unpadded(window):
        return Module(f"nn.AvgPool2d({sizes})", layout=FIRST)
    return Module(f"AvgPool({sizes}, {_sides(window)})", layout=FIRST, sources={"AvgPool": _AVG_POOL})


@LAYERS.entry(GlobalAvgPool, GlobalMaxPool)
def global_pool(layer: Layer, shape: Shape, p: Params) -> Module:
    """Over all places; equal largest values share the derivative, as `amax` has it."""
    kind = "mean" if isinstance(layer, GlobalAvgPool) else "amax"
    return Module(f'Global("{kind}")', layout=LAST, sources={"Global": _GLOBAL})


@LAYERS.entry(ZeroPad)
def zero_pad(layer: ZeroPad, shape: Shape, p: Params) -> Module:
    """How many on each side."""
    return Module(f"nn.ZeroPad2d({_sides(layer._window())})", layout=FIRST)


@LAYERS.entry(UpSample)
def up_sample(layer: UpSample, shape: Shape, p: Params) -> Module:
    """Every pixel repeated."""
    return Module(f"nn.Upsample(scale_factor={pair(layer.size)})", layout=FIRST)


@LAYERS.entry(BatchNorm)
def batch_norm(layer: BatchNorm, shape: Shape, p: Params) -> Module:
    """PyTorch's momentum is the other share."""
    kind = {1: 1, 2: 1, 3: 2}.get(len(shape), 3)
    line = f"nn.BatchNorm{kind}d({shape[-1]}, eps={layer.epsilon!r}, momentum=1 - {layer.momentum!r})"
    weights = {"weight": p["g"], "bias": p["b"], "running_mean": p["m"], "running_var": p["v"]}
    return Module(line, weights | {"num_batches_tracked": np.array(0)}, FIRST)


@LAYERS.entry(LayerNorm)
def layer_norm(layer: LayerNorm, shape: Shape, p: Params) -> Module:
    """Over the channels."""
    return Module(f"nn.LayerNorm({shape[-1]}, eps={layer.epsilon!r})", {"weight": p["g"], "bias": p["b"]}, LAST)


@LAYERS.entry(GroupNorm)
def group_norm(layer: GroupNorm, shape: Shape, p: Params) -> Module:
    """Over the places and the channels of each group."""
    line = f"nn.GroupNorm({layer.groups}, {shape[-1]}, eps={layer.epsilon!r})"
    return Module(line, {"weight": p["g"], "bias": p["b"]}, FIRST)


@LAYERS.entry(Embedding)
def embedding(layer: Embedding, shape: Shape, p: Params) -> Module:
    """The padding's vector is zero, and stays so."""
    W = np.array(p["W"])
    more = ""
    if layer.padding is not None:
        W[layer.padding] = 0
        more = f", padding_idx={layer.padding}"
    return Module(f"nn.Embedding({layer.ids}, {layer.units}{more})", {"weight": W}, LAST)


def _weights(p: Params, W: np.ndarray) -> dict[str, np.ndarray]:
    return {"weight": W, "bias": p["b"]} if "b" in p else {"weight": W}


def _no_bias(layer: Any) -> str:
    return "" if layer.bias else ", bias=False"


def _groups(layer: Any) -> str:
    return f", groups={layer.groups}" if layer.groups > 1 else ""


def _moves(window: Window) -> str:
    moves = f", stride={tuple(window.stride)}" if tuple(window.stride) != (1, 1) else ""
    return moves + (f", dilation={tuple(window.dilation)}" if tuple(window.dilation) != (1, 1) else "")


def _is_unpadded(window: Window) -> bool:
    return not any(n for side in window.padding for n in side)


def _sides(window: Window) -> tuple[int, int, int, int]:
    (top, bottom), (left, right) = window.padding
    return left, right, top, bottom


def _padding(window: Window) -> tuple[str, tuple[str, ...]]:
    """Return the argument of a convolution where all sides are alike, else a module before it."""
    (top, bottom), (left, right) = window.padding
    if _is_unpadded(window):
        return "", ()
    if top == bottom and left == right:
        return f", padding={(top, left)}", ()
    return "", (f"nn.ZeroPad2d({_sides(window)})",)


_DROP_CONNECT = '''
class DropConnect(nn.Linear):
    """Linear, of whose weights a share is dropped while it learns."""

    def __init__(self, rate, *sizes, **options):
        super().__init__(*sizes, **options)
        self.rate = rate

    def forward(self, x):
        return nn.functional.linear(x, nn.functional.dropout(self.weight, self.rate, self.training), self.bias)
'''

_AVG_POOL = '''
class AvgPool(nn.Module):
    """The mean of each window; what lies outside the image is not counted."""

    def __init__(self, size, stride, sides):
        super().__init__()
        self.pool, self.pad = nn.AvgPool2d(size, stride), nn.ZeroPad2d(sides)

    def forward(self, x):
        return self.pool(self.pad(x)) / self.pool(self.pad(torch.ones_like(x)))
'''

_GLOBAL = '''
class Global(nn.Module):
    """The mean, or the largest, of each channel over all places (N, …, C)."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def forward(self, x):
        return getattr(torch, self.kind)(x, dim=tuple(range(1, x.dim() - 1)))
'''

LAYERS.refuse(
    *IN_TIME, why="layers along time have no entry yet", remedy="Keep the model file, which has them, or leave it out."
)
