"""SmoothClip: numbers near zero stay what they are, and however far out one lies, it counts for a bounded amount."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chainrule.constraints import real
from chainrule.nn.activation import Activation
from chainrule.nn.layer import Equations, register
from chainrule.types import Array, Cache, Context, Namespace, Params


@register
@dataclass(frozen=True)
class SmoothClip(Activation):
    """Nearly x where x is small, and never beyond ± c: an outlier is drawn in, and still lies on its side and in its order.

    ::

        forward    y  = x u,   u = 1 / √(1 + (x / c)²)
        backward   dx = dy · u³

    because dy/dx = u - x² u³ / c² = u³ (u⁻² - (x / c)²) = u³.

    Parameters
    ----------
    limit : float
        c, which y approaches as x grows.
    """

    limit: float = real(0.0, low_open=True, default=3.0)

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(
        forward=(r"y = \frac{x}{\sqrt{1 + (x / c)^2}}",),
        backward={
            "dx": r"\frac{\partial J}{\partial x} = \frac{\partial J}{\partial y} \odot"
            r"\left(1 + (x / c)^2\right)^{-3/2}"
        },
        where={"c": "the limit"},
        source="Holzmüller, Grinsztajn & Steinwart, 2024, Better by default, section 3",
        local=r"\left(1 + (x / c)^2\right)^{-3/2}",
    )

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = x u."""
        share = x / self.limit
        u = 1 / xp.sqrt(1 + share * share)
        return x * u, {"u": u}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy · u³."""
        u = cache["u"]
        return dy * (u * u * u), {}
