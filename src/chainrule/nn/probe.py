"""A probe around a layer: it writes down what passes through, so that every x, y, dx and dy has a name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from chainrule.nn.combine import Residual, Sequential
from chainrule.nn.layer import Equations, Layer
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape


@dataclass(frozen=True, eq=False)
class Probe(Layer):
    """`inner`, with its x, y, dx and dy written to `record` under `path`."""

    inner: Layer
    path: str
    record: dict[str, Array]

    equations: ClassVar[Equations] = Equations(forward=("y = f(x)",), backward={"dx": "f'"})

    @property
    def is_random(self) -> bool:
        """Whether the inner layer is random."""
        return self.inner.is_random

    @property
    def takes_ids(self) -> bool:
        """Whether the inner layer does."""
        return self.inner.takes_ids

    def params(self, shape: Shape) -> Any:
        """Return the inner layer's parameters."""
        return self.inner.params(shape)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the inner layer's shape."""
        return self.inner.output_shape(shape)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """Record x and y."""
        y, cache = self.inner.forward(xp, p, x, ctx)
        self.record.update({f"{self.path}.x": x, f"{self.path}.y": y})
        return y, cache

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """Record dy and dx."""
        dx, grads = self.inner.backward(xp, p, cache, dy)
        self.record.update({f"{self.path}.dy": dy, f"{self.path}.dx": dx})
        return dx, grads


def probe(layer: Layer, record: dict[str, Array], path: str = "") -> Layer:
    """Return `layer` with a probe around it and around every layer inside it, all writing to `record`."""
    if isinstance(layer, Sequential):
        inside = [
            probe(child, record, f"{path}.{name}" if path else name)
            for name, child in zip(layer.names, layer.layers, strict=True)
        ]
        layer = replace(layer, layers=tuple(inside))
    elif isinstance(layer, Residual):
        inner = _probe_inside(layer.inner, record, path)
        shortcut = layer.shortcut
        if shortcut is not None:
            shortcut = probe(shortcut, record, f"{path}.shortcut" if path else "shortcut")
        layer = replace(layer, inner=inner, shortcut=shortcut)
    return Probe(layer, path, record) if path else layer


def _probe_inside(layer: Layer, record: dict[str, Array], path: str) -> Layer:
    # The inner layer of a Residual shares its path: only a stack inside it has names of its own.
    if isinstance(layer, (Sequential, Residual)):
        probed = probe(layer, record, path)
        return probed.inner if isinstance(probed, Probe) else probed
    return layer
