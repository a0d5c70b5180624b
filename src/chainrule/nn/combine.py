"""Compositions: a stack of layers, or a layer with a bypass, is a layer like any other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from chainrule.constraints import Kind, Many, constrained
from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.activation import Identity
from chainrule.nn.layer import Equations, Layer, joined, layer_field, part, register
from chainrule.tree import dotted
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

    is_recordable: ClassVar[bool] = True
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
        """Name the layers that have no name."""
        super().__post_init__()
        object.__setattr__(self, "names", self.names or _running_names(self.layers))
        distinct = len(set(self.names)) == len(self.names) == len(self.layers)
        if not distinct or any("." in name or not name for name in self.names):
            raise ConfigError(
                f"{len(self.layers)} different names without a dot, one for each layer",
                f"{self.names}",
                "Leave names out, and each layer is called by its kind and a number.",
            )

    @classmethod
    def of(cls, layers: Any) -> Sequential:
        """Return a stack of layers, some of them named by a pair: [("hidden", Dense(16)), Relu(), Dense(2)].

        Raises
        ------
        ConfigError
            If one is no layer, or there is none.
        """
        if not isinstance(layers, Iterable) or isinstance(layers, (str, bytes)):
            raise ConfigError("a layer, or a list of layers", f"{layers!r:.60}", "Write [Dense(16), Relu(), Dense(2)].")
        pairs = [pair if isinstance(pair, tuple) else ("", pair) for pair in layers]
        for pair in pairs:
            if len(pair) != 2 or not isinstance(pair[0], str):
                raise ConfigError("a layer, or a name and a layer", f"{pair!r:.60}", 'Write ("hidden", Dense(16)).')
            require_layer(pair[1])
        inside = tuple(layer for _, layer in pairs)
        usual = _running_names(inside)
        return cls(inside, tuple(name or other for (name, _), other in zip(pairs, usual, strict=True)))

    def children(self) -> dict[str, Layer]:
        """Return the layers, each under its name."""
        return dict(zip(self.names, self.layers, strict=True))

    def rebuilt(self, children: Mapping[str, Layer]) -> Sequential:
        """Return a stack of other layers under the same names."""
        return Sequential(tuple(children[name] for name in self.names), self.names)

    def shapes_inside(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape before each layer."""
        return dict(zip(self.names, self.shapes(shape), strict=False))

    def in_a_row(self) -> dict[str, Layer]:
        """Return the layers, and those of a stack in this stack in its place."""
        rows = ((name, layer.in_a_row()) for name, layer in self.children().items())
        return {dotted(name, inner): layer for name, row in rows for inner, layer in row.items()}

    @property
    def takes_sparse(self) -> bool:
        """What the first layer says."""
        return self.layers[0].takes_sparse

    @property
    def logits_of(self) -> str | None:
        """What the last layer says."""
        return self.layers[-1].logits_of

    # Asked for at each step, and of a stack that may be deep.
    @cached_property
    def is_random(self) -> bool:
        """Whether any of the layers is random."""
        return super().is_random

    @cached_property
    def has_state(self) -> bool:
        """Whether any of the layers has state."""
        return super().has_state

    @cached_property
    def _plan(self) -> tuple[tuple[int, str, Layer, bool], ...]:
        pairs = zip(self.names, self.layers, strict=True)
        return tuple((i, name, layer, layer.is_random) for i, (name, layer) in enumerate(pairs))

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

        forward    y  = s(x) + f(x)          s(x) = x by default
        backward   dx = s'(dy) + f'(dy)

    Parameters
    ----------
    inner : Layer
        f. Its parameters are this layer's own, under the same names.
    shortcut : Layer
        s. Where f changes the shape it is a `Conv2D` of one by one with the same stride, for images. Its parameters are
        those under the name `shortcut`.
    """

    inner: Layer = layer_field(shares_names=True)
    shortcut: Layer = layer_field(default=Identity())

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(
        forward=(r"y = s(x) + f(x)",),
        backward={
            "dx": r"\frac{\partial J}{\partial x} = \frac{\partial J}{\partial y} \frac{\partial s}{\partial x}"
            r"+ \frac{\partial J}{\partial y} \frac{\partial f}{\partial x}"
        },
        where={"f": "the inner layer", "s": "the shortcut; by default s(x) = x"},
        source="He et al., 2016, Deep residual learning for image recognition, eq. 1 and 2",
    )

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of f(x), which must be that of s(x)."""
        inner, bypass = self.inner.output_shape(shape), self.shortcut.output_shape(shape)
        if inner != bypass:
            raise ShapeError(
                "f(x) and s(x) of Residual to have one shape, so that they can be added",
                f"{inner} after the inner layer and {bypass} after the shortcut, from an input of shape {shape}",
                f"Let the last layer inside have an output of shape {bypass}, or give a shortcut layer that has one of "
                f"shape {inner}: the same stride, padding and number of filters as the inner layer has in all.",
            )
        return inner

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = s(x) + f(x)."""
        y, cache = self.inner.forward(xp, p, x, ctx.child(xp, 0))
        bypass, beside = self.shortcut.forward(xp, part(p, "shortcut"), x, ctx.child(xp, 1))
        return bypass + y, {"": cache, "shortcut": beside}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = s'(dy) + f'(dy)."""
        dx, grads = self.inner.backward(xp, p, cache[""], dy)
        ds, bypass = self.shortcut.backward(xp, part(p, "shortcut"), cache["shortcut"], dy)
        return ds + dx, joined({"": grads, "shortcut": bypass})

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """Return the inner layer's gradients and the shortcut's."""
        inner = self.inner.gradients(xp, p, cache[""], dy)
        bypass = self.shortcut.gradients(xp, part(p, "shortcut"), cache["shortcut"], dy)
        return joined({"": inner, "shortcut": bypass})


def require_layer(value: Any) -> Layer:
    """Return a layer, or raise ConfigError that says what to write instead."""
    if isinstance(value, Layer):
        return value
    if isinstance(value, type) and issubclass(value, Layer):
        name = value.__name__
        raise ConfigError("a layer", f"the class {name}", f"Call it, with its settings if it has any: {name}(…).")
    raise ConfigError("a layer", f"{value!r:.60}", "Take one of chainrule.nn, such as Dense(3).")


def _running_names(layers: tuple[Layer, ...]) -> tuple[str, ...]:
    count: dict[str, int] = {}
    names = []
    for layer in layers:
        kind = type(layer).__name__.lower()
        count[kind] = count.get(kind, 0) + 1
        names.append(f"{kind}{count[kind]}")
    return tuple(names)
