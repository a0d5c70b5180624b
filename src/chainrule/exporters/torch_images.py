"""Layers of images (and convolutions along time) as PyTorch's modules: channels first, and padding that may differ by side."""

from __future__ import annotations

from typing import Any

from chainrule.errors import ConfigError
from chainrule.exporters.torch_layers import FIRST, LAST, LAYERS, Module, no_bias, weight_and_bias
from chainrule.nn import (
    AvgPool2D,
    Conv1D,
    Conv2D,
    ConvTranspose2D,
    DepthwiseConv2D,
    GlobalAvgPool,
    GlobalMaxPool,
    Layer,
    MaxPool2D,
    UpSample,
    ZeroPad,
)
from chainrule.nn.window import pair
from chainrule.types import Params, Shape
from chainrule.window import Window

__all__ = ["LAYERS"]


@LAYERS.entry(Conv2D)
def conv(layer: Conv2D, shape: Shape, p: Params) -> Module:
    """HWIO becomes OIHW; what `same` pads before and after the image may differ."""
    window = layer.window(shape)
    more, pads = _padding(window)
    line = (
        f"nn.Conv2d({shape[-1]}, {layer.filters}, {tuple(window.size)}{_moves(window)}{more}{_groups(layer)}"
        f"{no_bias(layer)})"
    )
    return Module(line, weight_and_bias(p, p["W"].transpose(3, 2, 0, 1)), FIRST, pads)


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
        f"{no_bias(layer)})"
    )
    return Module(line, weight_and_bias(p, p["W"].transpose(2, 1, 0)), FIRST, pads)


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
        f", groups={channels}{no_bias(layer)})"
    )
    return Module(line, weight_and_bias(p, W), FIRST, pads)


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
    line = f"nn.ConvTranspose2d({shape[-1]}, {layer.filters}, {size}{more}{no_bias(layer)})"
    weights = weight_and_bias(p, p["W"].transpose(3, 2, 0, 1))
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
