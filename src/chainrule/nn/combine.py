"""Compositions: a stack of layers, or a layer with a bypass, is a layer like any other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from chainrule.constraints import Kind, Many, constrained
from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.layer import Equations, Layer, register
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape

# Folded into the key of a shortcut: no stack has as many layers.
_SHORTCUT = 1_000_003


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
        distinct = len(set(self.names)) == len(self.names) == len(self.layers)
        if not distinct or any("." in name or not name for name in self.names):
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
    def has_state(self) -> bool:
        """Whether any of the layers has state."""
        return any(layer.has_state for layer in self.layers)

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

    def update_state(self, xp: Namespace, p: Params, cache: Cache, keep: float | None = None) -> Params:
        """Return the new state of each layer that has some."""
        return {
            name: layer.update_state(xp, p[name], cache[name], keep)
            for _, name, layer, _ in self._plan
            if layer.has_state
        }

    def operations(self, shape: Shape) -> int:
        """Return the sum over the layers."""
        return sum(layer.operations(before) for layer, before in zip(self.layers, self.shapes(shape), strict=False))


@register
@dataclass(frozen=True)
class Residual(Layer):
    """A layer and a bypass around it: what it learns is the difference from its input.

    ::

        forward    y  = s(x) + f(x)          s(x) = x without a shortcut layer
        backward   dx = s'(dy) + f'(dy)

    Parameters
    ----------
    inner : Layer
        f. Its parameters are this layer's own, under the same names.
    shortcut : Layer, optional
        s, where f changes the shape: a `Conv2D` of one by one with the same stride, for images. Its parameters are
        those under the name `shortcut`.
    """

    inner: Layer = constrained(Kind(Layer))
    shortcut: Layer | None = constrained(Kind(Layer), default=None, optional=True)

    equations: ClassVar[Equations] = Equations(
        forward=(r"y = s(x) + f(x)",),
        backward={
            "dx": r"\frac{\partial J}{\partial x} = \frac{\partial J}{\partial y} \frac{\partial s}{\partial x}"
            r"+ \frac{\partial J}{\partial y} \frac{\partial f}{\partial x}"
        },
        where={"f": "the inner layer", "s": "the shortcut; without one, s(x) = x"},
        source="He et al., 2016, Deep residual learning for image recognition, eq. 1 and 2",
    )

    @cached_property
    def is_random(self) -> bool:
        """Whether the inner layer or the shortcut is random."""
        return self.inner.is_random or (self.shortcut is not None and self.shortcut.is_random)

    @cached_property
    def has_state(self) -> bool:
        """Whether the inner layer or the shortcut has state."""
        return self.inner.has_state or (self.shortcut is not None and self.shortcut.has_state)

    def params(self, shape: Shape) -> Any:
        """Return the inner layer's parameters, and those of the shortcut under its name."""
        self.output_shape(shape)
        inner = dict(self.inner.params(shape))
        if self.shortcut is None:
            return inner
        if "shortcut" in inner:
            raise ConfigError(
                "layers inside Residual under other names than its shortcut",
                "a layer called 'shortcut' inside a Residual that has a shortcut",
                "Give the inner layer another name.",
            )
        return inner | {"shortcut": self.shortcut.params(shape)}

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of f(x), which must be that of s(x)."""
        inner = self.inner.output_shape(shape)
        if self.shortcut is None and inner != shape:
            raise ShapeError(
                f"the inner layer of Residual to keep the shape {shape}, so that x and f(x) can be added",
                f"an output of shape {inner}",
                f"Let the last layer inside have an output of shape {shape}, or give a shortcut layer that has one of "
                f"shape {inner}.",
            )
        bypass = shape if self.shortcut is None else self.shortcut.output_shape(shape)
        if inner != bypass:
            raise ShapeError(
                f"the shortcut of Residual to have an output of the inner layer's shape {inner}",
                f"one of shape {bypass} from an input of shape {shape}",
                "Give the shortcut the same stride, padding and number of filters as the inner layer has in all.",
            )
        return inner

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = s(x) + f(x)."""
        y, cache = self.inner.forward(xp, p, x, ctx)
        if self.shortcut is None:
            return x + y, cache
        # The inner layer has the key itself: a bypass that is random needs one of its own.
        bypass, bypass_cache = self.shortcut.forward(xp, p["shortcut"], x, ctx.child(xp, _SHORTCUT))
        return bypass + y, {"inner": cache, "shortcut": bypass_cache}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = s'(dy) + f'(dy)."""
        if self.shortcut is None:
            dx, grads = self.inner.backward(xp, p, cache, dy)
            return dy + dx, grads
        dx, grads = self.inner.backward(xp, p, cache["inner"], dy)
        ds, bypass = self.shortcut.backward(xp, p["shortcut"], cache["shortcut"], dy)
        return ds + dx, {**grads, "shortcut": bypass}

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """Return the inner layer's gradients and the shortcut's."""
        if self.shortcut is None:
            return self.inner.gradients(xp, p, cache, dy)
        inner = self.inner.gradients(xp, p, cache["inner"], dy)
        return {**inner, "shortcut": self.shortcut.gradients(xp, p["shortcut"], cache["shortcut"], dy)}

    def update_state(self, xp: Namespace, p: Params, cache: Cache, keep: float | None = None) -> Params:
        """Return the new state of the inner layer and of the shortcut."""
        if self.shortcut is None:
            return self.inner.update_state(xp, p, cache, keep)
        state = dict(self.inner.update_state(xp, p, cache["inner"], keep))
        if self.shortcut.has_state:
            state["shortcut"] = self.shortcut.update_state(xp, p["shortcut"], cache["shortcut"], keep)
        return state

    def operations(self, shape: Shape) -> int:
        """Return the inner layer's and the shortcut's, and one addition for each value."""
        bypass = 0 if self.shortcut is None else self.shortcut.operations(shape)
        return self.inner.operations(shape) + bypass + super().operations(shape)


def _running_names(layers: tuple[Layer, ...]) -> tuple[str, ...]:
    count: dict[str, int] = {}
    names = []
    for layer in layers:
        kind = type(layer).__name__.lower()
        count[kind] = count.get(kind, 0) + 1
        names.append(f"{kind}{count[kind]}")
    return tuple(names)
