"""Shake: how far rounding moves a cost and its gradient, measured by moving every number on the way in its last digit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.explain.slope import EPSILON
from chainrule.network.network import Network
from chainrule.nn import Equations, Layer
from chainrule.nn.layer import layer_field
from chainrule.types import Array, Batch, Cache, Context, Namespace, Params, Shape


@dataclass(frozen=True, eq=False)
class Shaken(Layer):
    """`inner`, with each y and dx moved by what its rounding may be.

    Of a slope such as 1 - y², which is small where y is near 1, the rounding is that of the 1: of dx = dy (1 - y²), dy's.
    """

    inner: Layer = layer_field(shares_names=True)
    rng: np.random.Generator = field(default_factory=np.random.default_rng)

    equations: ClassVar[Equations] = Equations(forward=("y = f(x)",), backward={"dx": "f'"})

    def output_shape(self, shape: Shape) -> Shape:
        """Return the inner layer's shape."""
        return self.inner.output_shape(shape)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y (1 ± ε)."""
        y, cache = self.inner.forward(xp, p, x, ctx)
        return y + _noise(self.rng, np.abs(y)), {"": cache}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx ± ε |dx|, and ± ε |dy| where each number has a slope of its own."""
        dx, grads = self.inner.backward(xp, p, cache[""], dy)
        size = np.abs(dx)
        if self.inner.equations.local and np.shape(dx) == np.shape(dy):
            size = size + np.abs(dy)
        return dx + _noise(self.rng, size), grads


def shaken_gradients(
    network: Network, params: Params, batch: Batch, context: Context, draws: int = 4, seed: int = 0
) -> Iterator[tuple[float, Params]]:
    """Yield the cost and the gradients of passes in which every number is moved in its last digit."""
    rng = np.random.default_rng(seed)
    layer = _inside(network.layer, rng)
    batch = network.numbers(NUMPY, params, batch)
    loss = network.loss
    for _ in range(draws):
        a, cache = layer.forward(NUMPY, params, batch.x, context.of(batch))
        cost, loss_cache = loss.forward(NUMPY, a, batch.t, batch.w, network.counted(batch.mask))
        da = np.asarray(loss.backward(NUMPY, loss_cache))
        # y - t is rounded as y and t are, however near they are to each other.
        size = np.abs(np.broadcast_to(loss.link(NUMPY, a), da.shape))
        if np.shape(batch.t) == da.shape:
            size = size + np.abs(batch.t)
        da = da + _noise(rng, size) * loss_cache.get("share", 1.0)
        yield float(cost), layer.gradients(NUMPY, params, cache, da)


def _inside(layer: Layer, rng: np.random.Generator) -> Layer:
    children = layer.children()
    if children:
        layer = layer.rebuilt({name: _inside(child, rng) for name, child in children.items()})
    return Shaken(layer, rng)


def _noise(rng: np.random.Generator, size: np.ndarray) -> np.ndarray:
    """Return random numbers up to half a unit in the last digit of a number of that size."""
    noise: np.ndarray = size * (0.5 * EPSILON * rng.uniform(-1, 1, np.shape(size)))
    return noise
