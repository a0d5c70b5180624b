"""Losses of values: squared error, Huber's, and that of counts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from chainrule.constraints import real
from chainrule.nn.layer import Equations
from chainrule.nn.loss import LEAST, Loss, register
from chainrule.types import Array, Cache, Namespace


@register
@dataclass(frozen=True)
class SquaredError(Loss):
    """Half the squared distance, for regression.

    ::

        link       y  = a
        forward    Jₙ = ½ Σₖ (yₖ - tₖ)²
        backward   da = y - t
    """

    name: ClassVar[str] = "squared_error"
    metrics: ClassVar[tuple[str, ...]] = ("r2",)
    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(
        forward=(r"J_n = \tfrac{1}{2} \sum_k (y_{nk} - t_{nk})^2", "y = a"),
        backward={"da": r"\frac{\partial J_n}{\partial a_{nk}} = y_{nk} - t_{nk}"},
    )

    def each(self, xp: Namespace, a: Array, t: Array) -> tuple[Array, Cache]:
        """Jₙ = ½ Σₖ (aₖ - tₖ)²."""
        error = a - t
        return 0.5 * xp.sum(error * error, axis=-1), {"error": error}

    def each_backward(self, xp: Namespace, cache: Cache) -> Array:
        """∂Jₙ/∂a = y - t."""
        return cache["error"]


@register
@dataclass(frozen=True)
class Huber(Loss):
    """Squared error near the target, absolute error beyond `delta`, so that outliers pull with a bounded force.

    ::

        link       y  = a
        forward    Jₙ = Σₖ ½ eₖ² where |eₖ| ≤ δ, else δ (|eₖ| - ½ δ),   e = y - t
        backward   da = clip(e, -δ, δ)
    """

    delta: float = real(0.0, low_open=True, default=1.0)

    name: ClassVar[str] = "huber"
    metrics: ClassVar[tuple[str, ...]] = ("r2",)
    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(
        forward=(
            r"J_n = \sum_k \begin{cases} \tfrac{1}{2} e_{nk}^2 & |e_{nk}| \le \delta \\"
            r"\delta (|e_{nk}| - \tfrac{1}{2} \delta) & \text{otherwise} \end{cases}",
            "e = y - t",
            "y = a",
        ),
        backward={"da": r"\frac{\partial J_n}{\partial a_{nk}} = \min(\max(e_{nk}, -\delta), \delta)"},
        source="Huber, 1964, Robust estimation of a location parameter",
    )

    def each(self, xp: Namespace, a: Array, t: Array) -> tuple[Array, Cache]:
        """With c = clip(e, -δ, δ), both branches are c (e - ½ c)."""
        error = a - t
        clipped = xp.clip(error, -self.delta, self.delta)
        return xp.sum(clipped * (error - 0.5 * clipped), axis=-1), {"clipped": clipped}

    def each_backward(self, xp: Namespace, cache: Cache) -> Array:
        """∂Jₙ/∂a = clip(e, -δ, δ)."""
        return cache["clipped"]

    def branches(self, xp: Namespace, cache: Cache) -> Iterator[Array]:
        """Yield where the cost is straight, on either side."""
        yield cache["clipped"] >= self.delta
        yield cache["clipped"] <= -self.delta


@register
@dataclass(frozen=True)
class Poisson(Loss):
    """Half the Poisson deviance, for counts and other targets that are never negative.

    Beyond a = 30 the exponential goes on along its tangent: no count is near e³⁰, and neither the cost nor its
    derivative can overflow.

    ::

        link       y  = eᵃ
        forward    Jₙ = Σₖ t log t - t a - t + y
        backward   da = y - t
    """

    name: ClassVar[str] = "poisson"
    target_range: ClassVar[tuple[float, float]] = (0.0, math.inf)
    link_name: ClassVar[str] = "exp"
    metrics: ClassVar[tuple[str, ...]] = ("r2",)
    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(
        forward=(r"J_n = \sum_k t_{nk} \log t_{nk} - t_{nk} a_{nk} - t_{nk} + y_{nk}", r"y = e^a"),
        backward={"da": r"\frac{\partial J_n}{\partial a_{nk}} = y_{nk} - t_{nk}"},
        source="McCullagh & Nelder, 1989, Generalized linear models, section 6.2",
    )
    _ceiling: ClassVar[float] = 30.0

    def each(self, xp: Namespace, a: Array, t: Array) -> tuple[Array, Cache]:
        """Jₙ = Σₖ t log t - t a - t + y."""
        y = self.link(xp, a)
        tangent = y * xp.maximum(a - self._ceiling, 0)
        # 0 log 0 = 0: the logarithm of a positive stand-in, multiplied by 0.
        entropy = t * xp.log(xp.where(t > 0, t, xp.ones_like(t)))
        return xp.sum(entropy - t * a - t + y + tangent, axis=-1), {"y": y, "t": t}

    def each_backward(self, xp: Namespace, cache: Cache) -> Array:
        """∂Jₙ/∂a = y - t."""
        return cache["y"] - cache["t"]

    def branches(self, xp: Namespace, cache: Cache) -> Iterator[Array]:
        """Yield where the exponential has gone over into its tangent."""
        yield cache["y"] == self.link(xp, xp.zeros_like(cache["y"]) + self._ceiling)

    def link(self, xp: Namespace, a: Array) -> Array:
        """y = eᵃ."""
        return xp.exp(xp.minimum(a, self._ceiling))

    def unlink(self, xp: Namespace, y: Array) -> Array:
        """a = log y."""
        return xp.log(xp.maximum(y, LEAST))
