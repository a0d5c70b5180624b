"""Compositions as a user may write them: they say what they compute, and nothing of what is inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.nn import Equations, Layer, Param, register
from chainrule.nn.layer import layer_field
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape


@register
@dataclass(frozen=True)
class Highway(Layer):
    """Of each value a learned share is that of the inner layer, the rest that of the input.

    ::

        forward    y  = g f(x) + (1 - g) x      g = σ(a)      a = gate(x)
        backward   dx = f'(g dy) + gate'(da) + (1 - g) dy      da = dy (f(x) - x) g (1 - g)
    """

    inner: Layer
    gate: Layer

    equations: ClassVar[Equations] = Equations(
        forward=(r"y = g \odot f(x) + (1 - g) \odot x", r"g = \sigma(a)"),
        backward={"dx": r"\frac{\partial J}{\partial x} = f' + a' + (1 - g) \odot \frac{\partial J}{\partial y}"},
        source="Srivastava, Greff & Schmidhuber, 2015, Highway networks, eq. 3",
    )

    def output_shape(self, shape: Shape) -> Shape:
        return self.inner.output_shape(shape)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        f, inner = self.inner.forward(xp, p["inner"], x, ctx.child(xp, 0))
        a, gate = self.gate.forward(xp, p["gate"], x, ctx.child(xp, 1))
        g = xp.expit(a)
        return g * f + (1 - g) * x, {"inner": inner, "gate": gate, "x": x, "f": f, "g": g}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        x, f, g = cache["x"], cache["f"], cache["g"]
        through_f, inner = self.inner.backward(xp, p["inner"], cache["inner"], g * dy)
        through_g, gate = self.gate.backward(xp, p["gate"], cache["gate"], dy * (f - x) * g * (1 - g))
        return through_f + through_g + (1 - g) * dy, {"inner": inner, "gate": gate}


@register
@dataclass(frozen=True)
class Scaled(Layer):
    """A layer of 2 x times a factor s that is learned: y = s f(2 x). The layer shares its names with the factor."""

    inner: Layer = layer_field(shares_names=True)

    equations: ClassVar[Equations] = Equations(
        forward=(r"y = s f(2 x)",),
        backward={"dx": r"2 f'(s \, dy)", "ds": r"\sum_n f(2 x) \, dy"},
        where={"s": "the factor (1,)"},
    )

    def params(self, shape: Shape) -> dict[str, Any]:
        return {"s": Param((1,), "ones"), **super().params(shape)}

    def output_shape(self, shape: Shape) -> Shape:
        return self.inner.output_shape(shape)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        f, cache = self.inner.forward(xp, p, 2 * x, ctx.child(xp, 0))
        return p["s"] * f, {"": cache, "f": f}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        dx, grads = self.inner.backward(xp, p, cache[""], p["s"] * dy)
        return 2 * dx, {"s": xp.reshape(xp.sum(cache["f"] * dy), (1,)), **grads}


@register
@dataclass(frozen=True)
class Mean(Layer):
    """The mean of what several layers make of the same input."""

    members: tuple[Layer, ...]

    equations: ClassVar[Equations] = Equations(
        forward=(r"y = \frac{1}{M} \sum_m f_m(x)",),
        backward={"dx": r"\frac{1}{M} \sum_m f_m'"},
    )

    def output_shape(self, shape: Shape) -> Shape:
        return self.members[0].output_shape(shape)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        total: Any = 0.0
        cache: Cache = {}
        for number, (name, member) in enumerate(self.children().items()):
            y, cache[name] = member.forward(xp, p[name], x, ctx.child(xp, number))
            total = total + y
        return total / len(self.members), cache

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        dx: Any = 0.0
        grads = {}
        for name, member in self.children().items():
            part, grads[name] = member.backward(xp, p[name], cache[name], dy / len(self.members))
            dx = dx + part
        return dx, grads
