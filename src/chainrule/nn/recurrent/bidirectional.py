"""Bidirectional: a sequence read from both ends, by a layer each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.layer import Equations, Layer, layer_field, register
from chainrule.nn.recurrent.recurrent import Recurrent
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape


@register
@dataclass(frozen=True)
class Bidirectional(Layer):
    """What one layer says that reads a sequence from the start, and beside it what another says that reads from the end.

    ::

        forward    y  = (f(x), g(x)), side by side on the last axis
        backward   dx = f'(dy of f's part) + g'(dy of g's part)
        shapes     x (N, T, D)   f(x) (N, …, H)   g(x) (N, …, H')   y (N, …, H + H')

    Parameters
    ----------
    ahead : Layer
        f, such as LSTM(64).
    back : Layer, optional
        g. By default it is f with `reverse` the other way around, with weights of its own.
    """

    ahead: Layer = layer_field()
    # None until it is known which way the other one reads.
    back: Layer = layer_field(default=None)

    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(r"y = (f(x), g(x))",),
        backward={
            "dx": r"\frac{\partial J}{\partial x} = \frac{\partial J}{\partial f} \frac{\partial f}{\partial x}"
            r"+ \frac{\partial J}{\partial g} \frac{\partial g}{\partial x}"
        },
        where={"f": "the layer that reads from the start", "g": "the layer that reads from the end"},
        source="Schuster & Paliwal, 1997, Bidirectional recurrent neural networks, section II.C",
    )

    def __post_init__(self) -> None:
        """Let a copy of the layer read the other way where no other is given."""
        given: Any = self.back
        if given is None:
            if not isinstance(self.ahead, Recurrent):
                raise ConfigError(
                    "a recurrent layer, whose copy can read the other way",
                    f"{self.ahead!r:.60}",
                    "Give LSTM(64) or another recurrent layer, or two layers: ahead=…, back=….",
                )
            object.__setattr__(self, "back", self.ahead.backwards())
        super().__post_init__()

    def output_shape(self, shape: Shape) -> Shape:
        """(T, D) becomes (T, H + H'), or (H + H',)."""
        ahead, back = self.ahead.output_shape(shape), self.back.output_shape(shape)
        if ahead[:-1] != back[:-1]:
            raise ShapeError(
                "both layers of Bidirectional to return every state, or both the last one",
                f"outputs of shape {ahead} and {back}",
                "Give both the same return_sequences.",
            )
        return (*ahead[:-1], ahead[-1] + back[-1])

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = (f(x), g(x))."""
        f, ahead = self.ahead.forward(xp, p["ahead"], x, ctx.child(xp, 0))
        g, back = self.back.forward(xp, p["back"], x, ctx.child(xp, 1))
        return xp.concatenate([f, g], axis=-1), {"ahead": ahead, "back": back, "width": f.shape[-1]}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = f'(dy of f's part) + g'(dy of g's part)."""
        width = cache["width"]
        through_f, ahead = self.ahead.backward(xp, p["ahead"], cache["ahead"], dy[..., :width])
        through_g, back = self.back.backward(xp, p["back"], cache["back"], dy[..., width:])
        return through_f + through_g, {"ahead": ahead, "back": back}

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """Return the gradients alone."""
        width = cache["width"]
        return {
            "ahead": self.ahead.gradients(xp, p["ahead"], cache["ahead"], dy[..., :width]),
            "back": self.back.gradients(xp, p["back"], cache["back"], dy[..., width:]),
        }
