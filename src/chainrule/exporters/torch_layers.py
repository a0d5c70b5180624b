"""Layers as PyTorch's modules: the line of each, and its weights under PyTorch's names and axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.exporters.table import Table
from chainrule.nn import (
    BatchNorm,
    Dense,
    DropConnect,
    Dropout,
    Elu,
    Embedding,
    Flatten,
    Gelu,
    GroupNorm,
    Identity,
    Layer,
    LayerNorm,
    LeakyRelu,
    Relu,
    Reshape,
    Sigmoid,
    Silu,
    Softplus,
    SpatialDropout,
    Tanh,
)
from chainrule.types import Params, Shape

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
    penalised : mapping of str to str
        PyTorch's names of the weights that a penalty counts, by Chainrule's; by default W is the `weight`.
    """

    line: str = ""
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    layout: str = ANY
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    penalised: Mapping[str, str] = field(default_factory=lambda: {"W": "weight"})


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
    return Module(f"nn.Linear({shape[-1]}, {layer.units}{no_bias(layer)})", weight_and_bias(p, p["W"].T), LAST)


@LAYERS.entry(DropConnect)
def drop_connect(layer: DropConnect, shape: Shape, p: Params) -> Module:
    """Linear with a mask on its weights."""
    line = f"DropConnect({layer.rate!r}, {shape[-1]}, {layer.units}{no_bias(layer)})"
    return Module(line, weight_and_bias(p, p["W"].T), LAST, sources={"DropConnect": _DROP_CONNECT})


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


def weight_and_bias(p: Params, W: np.ndarray) -> dict[str, np.ndarray]:
    """Return W under PyTorch's name, and b if there is one."""
    return {"weight": W, "bias": p["b"]} if "b" in p else {"weight": W}


def no_bias(layer: Any) -> str:
    """Return the argument that leaves a bias out, or nothing."""
    return "" if layer.bias else ", bias=False"


_DROP_CONNECT = '''
class DropConnect(nn.Linear):
    """Linear, of whose weights a share is dropped while it learns."""

    def __init__(self, rate, *sizes, **options):
        super().__init__(*sizes, **options)
        self.rate = rate

    def forward(self, x):
        return nn.functional.linear(x, nn.functional.dropout(self.weight, self.rate, self.training), self.bias)
'''
