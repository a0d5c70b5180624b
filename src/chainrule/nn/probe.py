"""A probe around a layer: it writes down what passes through, so that every x, y, dx and dy has a name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from chainrule.nn.layer import Equations, Layer, layer_field
from chainrule.tree import dotted
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape

# What is recorded of a network that is a single layer, and of a layer that shares the names of the one around it.
ROOT, INNER = "layer", "inner"


@dataclass(frozen=True, eq=False)
class Probe(Layer):
    """`inner`, with its x, y, dx and dy written to `record` under `path`."""

    inner: Layer = layer_field(shares_names=True)
    path: str = ROOT
    record: dict[str, Array] = field(default_factory=dict)

    equations: ClassVar[Equations] = Equations(forward=("y = f(x)",), backward={"dx": "f'"})

    def output_shape(self, shape: Shape) -> Shape:
        """Return the inner layer's shape."""
        return self.inner.output_shape(shape)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """Record x and y."""
        y, cache = self.inner.forward(xp, p, x, ctx)
        self.record.update({f"{self.path}.x": x, f"{self.path}.y": y})
        return y, {"": cache}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """Record dy and dx."""
        dx, grads = self.inner.backward(xp, p, cache[""], dy)
        self.record.update({f"{self.path}.dy": dy, f"{self.path}.dx": dx})
        return dx, grads


def probe(layer: Layer, record: dict[str, Array]) -> Layer:
    """Return `layer` with a probe around every layer inside it, or around itself where there is none inside."""
    return _inside(layer, record, "", "") if layer.children() else Probe(layer, ROOT, record)


def name_inside(path: str, key: str, name: str) -> str:
    """Return what the child called `name` is recorded as, of a layer that is recorded as `key` and whose path is `path`.

    The layer inside a layer inside `block`, both of which share its names, is `block.inner.inner`.
    """
    return dotted(path, name) if name else dotted(key, INNER)


def _inside(layer: Layer, record: dict[str, Array], path: str, key: str) -> Layer:
    children = layer.children()
    if not children:
        return layer
    probed = {}
    for name, child in children.items():
        inner = name_inside(path, key, name)
        probed[name] = Probe(_inside(child, record, dotted(path, name), inner), inner, record)
    return layer.rebuilt(probed)
