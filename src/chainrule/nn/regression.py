"""Losses of values: squared error, Huber's, that of counts, and that of quantiles."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.constraints import Many, Range, constrained, real
from chainrule.errors import ConfigError
from chainrule.nn.layer import Equations
from chainrule.nn.loss import LEAST, Loss, register
from chainrule.types import Array, Cache, Namespace, Shape


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


@register
@dataclass(frozen=True)
class Pinball(Loss):
    """What is above a target costs 1 - q for each unit, what is below it q: so outputs become the quantiles q of their targets.

    With Q quantiles the outputs come in rows of Q, one for each, over and over: output k is that of q[k mod Q]. A target is
    said once for each output. With the quantile 0.5 alone the cost is half the absolute error, and the outputs are medians.

    ::

        link       y  = a
        forward    Jₙ = Σₖ max(qₖ (tₖ - yₖ), (qₖ - 1) (tₖ - yₖ))
        backward   da = 1 - qₖ where yₖ > tₖ, -qₖ where yₖ < tₖ, and 0 where yₖ = tₖ, which lies between them

    Parameters
    ----------
    quantiles : tuple of float
        q, each between 0 and 1, in increasing order.
    """

    quantiles: tuple[float, ...] = constrained(
        Many(Range(float, 0.0, 1.0, low_open=True, high_open=True), at_least=1), default=(0.5,)
    )

    name: ClassVar[str] = "pinball"
    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(
        forward=(r"J_n = \sum_k \max(q_k (t_{nk} - y_{nk}), (q_k - 1)(t_{nk} - y_{nk}))", "y = a"),
        backward={
            "da": r"\frac{\partial J_n}{\partial a_{nk}} = \begin{cases} 1 - q_k & y_{nk} > t_{nk} \\"
            r"-q_k & y_{nk} < t_{nk} \\ 0 & y_{nk} = t_{nk} \end{cases}"
        },
        where={"q_k": "the quantile that output k is to be"},
        source="Koenker & Bassett, 1978, Regression quantiles, eq. 2.1",
    )

    def __post_init__(self) -> None:
        """Make a list a tuple, and check that the quantiles are in order."""
        super().__post_init__()
        object.__setattr__(self, "quantiles", tuple(self.quantiles))
        if any(after <= before for before, after in zip(self.quantiles, self.quantiles[1:], strict=False)):
            raise ConfigError("quantiles in increasing order", f"{self.quantiles}", "Sort them, each once.")

    def accepts(self, shape: Shape) -> bool:
        """Tell whether there is an output for each quantile, once or several times over."""
        return len(shape) > 0 and shape[-1] % len(self.quantiles) == 0

    def levels(self, k: int) -> np.ndarray:
        """Return the quantile (K,) that each of K outputs is to be."""
        return np.tile(np.array(self.quantiles), k // len(self.quantiles))

    def each(self, xp: Namespace, a: Array, t: Array) -> tuple[Array, Cache]:
        """max(q e, (q - 1) e) = q max(e, 0) + (1 - q) max(-e, 0), e = t - a."""
        q, error = xp.cast(self.levels(a.shape[-1]), a.dtype.name), t - a
        costs = q * xp.maximum(error, 0) + (1 - q) * xp.maximum(-error, 0)
        return xp.sum(costs, axis=-1), {"error": error, "q": q}

    def each_backward(self, xp: Namespace, cache: Cache) -> Array:
        """∂Jₙ/∂a = 1 - q above the target, -q below it."""
        error, q = cache["error"], cache["q"]
        above = xp.where(error < 0, 1 - q, xp.zeros_like(error))
        return xp.where(error > 0, -q, above)

    def branches(self, xp: Namespace, cache: Cache) -> Iterator[Array]:
        """Yield on which side of its target each output lies."""
        yield cache["error"] > 0
        yield cache["error"] < 0
