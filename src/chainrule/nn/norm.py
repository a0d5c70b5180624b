"""Normalisation within a sample: values brought to mean 0 and variance 1, then scaled and shifted as the network likes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.constraints import real, whole
from chainrule.errors import ShapeError
from chainrule.nn.layer import Equations, Layer, Param, last_axis, register
from chainrule.nn.masked import places_there
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape


class Norm(Layer):
    """What all normalisations share: y = g x̂ + b, with a factor and a bias for each of the C channels on the last axis."""

    def params(self, shape: Shape) -> dict[str, Param]:
        """Return g and b (C,)."""
        c = (self.output_shape(shape)[-1],)
        return {"g": Param(c, "ones"), "b": Param(c)}

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of x."""
        last_axis(self, shape)
        return shape

    def operations(self, shape: Shape) -> int:
        """Mean, variance, division, factor and bias: eight for each value."""
        return 8 * math.prod(shape)


@register
@dataclass(frozen=True)
class GroupNorm(Norm):
    """Each sample's channels, G groups of them, brought to mean 0 and variance 1 over all places of the sample.

    With one group it is the layer normalisation of a whole image, with as many groups as channels instance
    normalisation. It looks at no other sample and has no state. Places that a mask leaves out, padding, are
    normalised like the others but are no part of mean and variance.

    ::

        forward    x̂ = (x - μ) / √(σ² + ε)   μ, σ² over a sample's group     y = g x̂ + b
        backward   dx̂ = g dy     dx = (dx̂ - mean of dx̂ - x̂ · mean of dx̂ x̂) / √(σ² + ε)
                   dg = Σ dy x̂     db = Σ dy
        shapes     x, y (N, …, C)   g, b (C,)   means over a sample's places and C / G channels

    Parameters
    ----------
    groups : int
        G; it divides C.
    epsilon : float
        ε, beside the variance under the root.
    """

    groups: int = whole(1, default=1)
    epsilon: float = real(0.0, low_open=True, default=1e-5)

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(
        forward=(
            r"\hat x = \frac{x - \mu_{n\gamma}}{\sqrt{\sigma_{n\gamma}^2 + \epsilon}}",
            r"y = g \hat x + b",
        ),
        backward={
            "dx": r"\frac{\partial J}{\partial x} = \frac{1}{\sqrt{\sigma_{n\gamma}^2 + \epsilon}} \left("
            r"g \frac{\partial J}{\partial y} - \frac{1}{m} \sum g \frac{\partial J}{\partial y}"
            r"- \hat x \frac{1}{m} \sum g \frac{\partial J}{\partial y} \hat x \right)",
            "dg": r"\frac{\partial J}{\partial g} = \sum_{n, \dots} \frac{\partial J}{\partial y} \hat x",
            "db": r"\frac{\partial J}{\partial b} = \sum_{n, \dots} \frac{\partial J}{\partial y}",
        },
        where={
            "g": "factors (C,)",
            "b": "biases (C,)",
            r"\gamma": "the group of a channel",
            "m": "number of values in a sample's group",
        },
        source="Wu & He, 2018, Group normalization, eq. 1 to 7",
    )

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of x, if G divides its channels."""
        count = last_axis(self, shape)
        if count % self.groups:
            raise ShapeError(
                "groups of GroupNorm to divide the input's channels",
                f"{self.groups} groups and an input of shape {shape}, {count} channels",
                "Use a number of groups that divides the channels.",
            )
        return shape

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = g x̂ + b."""
        grouped = self._grouped(xp, widened(x))
        kept = self._kept(xp, x, ctx)
        xhat, scale = standardised(xp, grouped, (1, 3), self.epsilon, **kept)
        xhat = xp.reshape(xhat, x.shape)
        return in_dtype_of(x, xhat * p["g"] + p["b"]), {"xhat": xhat, "scale": scale, **kept}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx: what is left of g dy when mean and x̂ may not change, over the root; dg = Σ dy x̂; db = Σ dy."""
        wide, xhat = widened(dy), cache["xhat"]
        axes = tuple(range(dy.ndim - 1))
        grads = {"g": xp.sum(wide * xhat, axis=axes), "b": xp.sum(wide, axis=axes)}
        grouped = self._grouped(xp, wide * p["g"])
        kept = {name: cache[name] for name in ("kept", "count") if name in cache}
        dx = through(xp, grouped, self._grouped(xp, xhat), cache["scale"], (1, 3), **kept)
        return in_dtype_of(dy, xp.reshape(dx, dy.shape)), grads

    def _grouped(self, xp: Namespace, x: Array) -> Array:
        """(N, …, C) as (N, places, G, C / G)."""
        return xp.reshape(x, (x.shape[0], math.prod(x.shape[1:-1]), self.groups, x.shape[-1] // self.groups))

    def _kept(self, xp: Namespace, x: Array, ctx: Context) -> dict[str, Array]:
        """Return which places a mask keeps (N, places, 1, 1) and of how many values each group is then; nothing without one."""
        there = places_there("GroupNorm", xp, x, ctx)
        if there is None:
            return {}
        each = there * xp.ones_like(widened(x)[..., :1])
        kept = xp.reshape(each, (x.shape[0], math.prod(x.shape[1:-1]), 1, 1))
        count = xp.sum(kept, axis=1, keepdims=True) * (x.shape[-1] // self.groups)
        return {"kept": kept, "count": xp.maximum(count, 1)}


@register
@dataclass(frozen=True)
class LayerNorm(Norm):
    """Each sample (and, for images and sequences, each place) brought to mean 0 and variance 1 over its channels.

    ::

        forward    x̂ = (x - μ) / √(σ² + ε)   μ, σ² over the last axis     y = g x̂ + b
        backward   dx̂ = g dy     dx = (dx̂ - mean of dx̂ - x̂ · mean of dx̂ x̂) / √(σ² + ε)
                   dg = Σ dy x̂     db = Σ dy
        shapes     x, y (N, …, C)   g, b (C,)

    Parameters
    ----------
    epsilon : float
        ε, beside the variance under the root.
    """

    epsilon: float = real(0.0, low_open=True, default=1e-5)

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(
        forward=(
            r"\hat x_{n \dots c} = \frac{x_{n \dots c} - \mu_{n \dots}}{\sqrt{\sigma_{n \dots}^2 + \epsilon}}",
            r"y = g \hat x + b",
        ),
        backward={
            "dx": r"\frac{\partial J}{\partial x} = \frac{1}{\sqrt{\sigma_{n \dots}^2 + \epsilon}} \left("
            r"g \frac{\partial J}{\partial y} - \frac{1}{C} \sum_c g \frac{\partial J}{\partial y}"
            r"- \hat x \frac{1}{C} \sum_c g \frac{\partial J}{\partial y} \hat x \right)",
            "dg": r"\frac{\partial J}{\partial g} = \sum_{n, \dots} \frac{\partial J}{\partial y} \hat x",
            "db": r"\frac{\partial J}{\partial b} = \sum_{n, \dots} \frac{\partial J}{\partial y}",
        },
        where={"g": "factors (C,)", "b": "biases (C,)"},
        source="Ba, Kiros & Hinton, 2016, Layer normalization, eq. 3 and 4",
    )

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = g x̂ + b."""
        xhat, scale = standardised(xp, widened(x), -1, self.epsilon)
        return in_dtype_of(x, xhat * p["g"] + p["b"]), {"xhat": xhat, "scale": scale}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx: what is left of g dy when mean and x̂ may not change, over the root; dg = Σ dy x̂; db = Σ dy."""
        wide, xhat = widened(dy), cache["xhat"]
        axes = tuple(range(dy.ndim - 1))
        grads = {"g": xp.sum(wide * xhat, axis=axes), "b": xp.sum(wide, axis=axes)}
        return in_dtype_of(dy, through(xp, wide * p["g"], xhat, cache["scale"], -1)), grads


def standardised(
    xp: Namespace, x: Array, axes: Any, epsilon: float, kept: Array | None = None, count: Array | None = None
) -> tuple[Array, Array]:
    """x̂ = (x - μ) / √(σ² + ε) and 1 / √(σ² + ε), with mean and variance over `axes`, over the `count` values `kept` there."""
    centred = x - _mean(xp, x if kept is None else x * kept, axes, count)
    squares = xp.square(centred)
    scale = 1 / xp.sqrt(_mean(xp, squares if kept is None else squares * kept, axes, count) + epsilon)
    return centred * scale, scale


def through(
    xp: Namespace,
    dxhat: Array,
    xhat: Array,
    scale: Array,
    axes: Any,
    kept: Array | None = None,
    count: Array | None = None,
) -> Array:
    """dx = (dx̂ - mean of dx̂ - x̂ · mean of dx̂ x̂) / √(σ² + ε), the derivative of `standardised`."""
    through_mean, through_variance = _mean(xp, dxhat, axes, count), _mean(xp, dxhat * xhat, axes, count)
    if kept is not None:
        # What is not kept is normalised too, but moves neither mean nor variance.
        through_mean, through_variance = through_mean * kept, through_variance * kept
    return (dxhat - through_mean - xhat * through_variance) * scale


def _mean(xp: Namespace, x: Array, axes: Any, count: Array | None = None) -> Array:
    among = math.prod(x.shape[axis] for axis in (axes if isinstance(axes, tuple) else (axes,)))
    return xp.sum(x, axis=axes, keepdims=True) / (among if count is None else count)


def widened(x: Array) -> Array:
    """Return x, a half-precision one as float32: a sum of thousands of values needs more than three digits."""
    return x if x.dtype.itemsize > 2 else x.astype("float32")


def in_dtype_of(x: Array, y: Array) -> Array:
    """Return y in the dtype of x."""
    return y if y.dtype == x.dtype else y.astype(x.dtype)
