"""Compositions: a stack of layers, or a layer with a bypass, is a layer like any other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from chainrule.constraints import Kind, Many, constrained
from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.layer import Equations, Layer, register
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape


@register
@dataclass(frozen=True)
class Sequential(Layer):
    """Layers in a row, each reading what the one before it wrote: the chain of the chain rule.

    ::

        forward    y  = f_L(… f₂(f₁(x)))
        backward   dx = f₁'(f₂'(… f_L'(dy)))

    Parameters
    ----------
    layers : tuple of Layer
        From the input to the output.
    names : tuple of str, optional
        One for each layer; by default its kind and a running number, such as `dense1`.
    """

    layers: tuple[Layer, ...] = constrained(Many(Kind(Layer), at_least=1))
    names: tuple[str, ...] = constrained(Many(Kind(str)), default=())

    equations: ClassVar[Equations] = Equations(
        forward=(r"y = f_L(\dots f_2(f_1(x)))",),
        backward={
            "dx": r"\frac{\partial J}{\partial x} = \frac{\partial J}{\partial y}"
            r"\frac{\partial f_L}{\partial f_{L-1}} \cdots \frac{\partial f_2}{\partial f_1}"
            r"\frac{\partial f_1}{\partial x}"
        },
        where={"f_l": "the layers, from the input to the output"},
    )

    def __post_init__(self) -> None:
        """Accept any sequence, name the layers that have no name."""
        super().__post_init__()
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "names", tuple(self.names) or _running_names(self.layers))
        if len(set(self.names)) != len(self.layers) or any("." in name or not name for name in self.names):
            raise ConfigError(
                f"{len(self.layers)} different names without a dot, one for each layer",
                f"{self.names}",
                "Leave names out, and each layer is called by its kind and a number.",
            )

    @cached_property
    def is_random(self) -> bool:
        """Whether any of the layers is random."""
        return any(layer.is_random for layer in self.layers)

    @cached_property
    def _plan(self) -> tuple[tuple[int, str, Layer, bool], ...]:
        pairs = zip(self.names, self.layers, strict=True)
        return tuple((i, name, layer, layer.is_random) for i, (name, layer) in enumerate(pairs))

    def params(self, shape: Shape) -> dict[str, Any]:
        """Return a tree: each layer's parameters under its name."""
        tree = {}
        for name, layer, before in zip(self.names, self.layers, self.shapes(shape), strict=False):
            tree[name] = layer.params(before)
        return tree

    def shapes(self, shape: Shape) -> list[Shape]:
        """Return the shape before the first layer, between the layers and after the last."""
        shapes = [shape]
        for name, layer in zip(self.names, self.layers, strict=True):
            try:
                shapes.append(layer.output_shape(shapes[-1]))
            except ShapeError as error:
                raise ShapeError(f"layer {name!r}: {error.expected}", error.came, error.remedy) from error
        return shapes

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape after the last layer."""
        return self.shapes(shape)[-1]

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = f_L(… f₁(x)); the cache holds each layer's under its name."""
        cache: Cache = {}
        for i, name, layer, is_random in self._plan:
            x, cache[name] = layer.forward(xp, p[name], x, ctx.child(xp, i) if is_random else ctx)
        return x, cache

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """The chain rule: each layer's dx is the dy of the one before it."""
        grads = {}
        for _, name, layer, _ in reversed(self._plan):
            dy, grads[name] = layer.backward(xp, p[name], cache[name], dy)
        return dy, grads

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """As `backward`, down to the first layer that has parameters and no further."""
        first = next((i for i, name, _, _ in self._plan if p[name]), len(self.layers))
        grads: dict[str, Any] = {name: {} for name in self.names[:first]}
        for i, name, layer, _ in reversed(self._plan):
            if i > first:
                dy, grads[name] = layer.backward(xp, p[name], cache[name], dy)
            elif i == first:
                grads[name] = layer.gradients(xp, p[name], cache[name], dy)
        return grads

    def operations(self, shape: Shape) -> int:
        """Return the sum over the layers."""
        return sum(layer.operations(before) for layer, before in zip(self.layers, self.shapes(shape), strict=False))


@register
@dataclass(frozen=True)
class Residual(Layer):
    """A layer and a bypass around it: what it learns is the difference from its input.

    ::

        forward    y  = x + f(x)
        backward   dx = dy + f'(dy)

    Parameters
    ----------
    inner : Layer
        f; its output has the shape of its input. Its parameters are this layer's own, under the same names.
    """

    inner: Layer = constrained(Kind(Layer))

    equations: ClassVar[Equations] = Equations(
        forward=(r"y = x + f(x)",),
        backward={
            "dx": r"\frac{\partial J}{\partial x} = \frac{\partial J}{\partial y}"
            r"+ \frac{\partial J}{\partial y} \frac{\partial f}{\partial x}"
        },
        where={"f": "the inner layer"},
        source="He et al., 2016, Deep residual learning for image recognition, eq. 1",
    )

    @cached_property
    def is_random(self) -> bool:
        """Whether the inner layer is random."""
        return self.inner.is_random

    def params(self, shape: Shape) -> Any:
        """Return the inner layer's parameters."""
        self.output_shape(shape)
        return self.inner.params(shape)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of x, which must be that of f(x)."""
        inner = self.inner.output_shape(shape)
        if inner != shape:
            raise ShapeError(
                f"the inner layer of Residual to keep the shape {shape}, so that x and f(x) can be added",
                f"an output of shape {inner}",
                f"Let the last layer inside have an output of shape {shape}.",
            )
        return shape

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = x + f(x)."""
        y, cache = self.inner.forward(xp, p, x, ctx)
        return x + y, cache

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy + f'(dy)."""
        dx, grads = self.inner.backward(xp, p, cache, dy)
        return dy + dx, grads

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """Return the inner layer's gradients."""
        return self.inner.gradients(xp, p, cache, dy)

    def operations(self, shape: Shape) -> int:
        """Return the inner layer's, and one addition for each value."""
        return self.inner.operations(shape) + super().operations(shape)


def _running_names(layers: tuple[Layer, ...]) -> tuple[str, ...]:
    count: dict[str, int] = {}
    names = []
    for layer in layers:
        kind = type(layer).__name__.lower()
        count[kind] = count.get(kind, 0) + 1
        names.append(f"{kind}{count[kind]}")
    return tuple(names)
