"""Losses: the cost of logits, fused with the link that turns logits into predictions. The only place that averages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from chainrule.constraints import check_fields, real
from chainrule.errors import ConfigError
from chainrule.nn.layer import Equations
from chainrule.types import Array, Cache, Namespace

# What is rounded to 0 has a logarithm all the same; in float32 too this is a number.
_LEAST = 1e-30


class Loss(ABC):
    """J, the cost of logits a (N, K) against targets t (N, K), a weighted mean over the samples.

    ::

        forward    J  = Σₙ wₙ Jₙ / Σₙ wₙ        (wₙ = 1 where there are no weights)
        backward   da = wₙ ∂Jₙ/∂a / Σₙ wₙ

    A subclass gives Jₙ, the cost of each sample summed over its K outputs, and right below it ∂Jₙ/∂a.
    `is_recordable` is what it is of a layer.
    """

    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations]

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self)

    def forward(
        self, xp: Namespace, a: Array, t: Array, w: Array | None = None, mask: Array | None = None
    ) -> tuple[Array, Cache]:
        """Return J and the cache for `backward`."""
        if mask is not None:
            raise ConfigError("no mask", "one", "Leave it out.")
        costs, cache = self.each(xp, a, t)
        if w is None:
            cache["share"] = 1.0 / a.shape[0]
            return xp.sum(costs) * cache["share"], cache
        total = xp.sum(w)
        # A batch of no weight (padding alone) costs nothing; dividing by its 0 would cost everything.
        cache["share"] = (w / xp.where(total > 0, total, xp.ones_like(total)))[:, None]
        return xp.sum(costs * cache["share"][:, 0]), cache

    def backward(self, xp: Namespace, cache: Cache) -> Array:
        """Return da = ∂J/∂a."""
        return self.each_backward(xp, cache) * cache["share"]

    @abstractmethod
    def each(self, xp: Namespace, a: Array, t: Array) -> tuple[Array, Cache]:
        """Return Jₙ (N,) and the cache for `each_backward`."""

    @abstractmethod
    def each_backward(self, xp: Namespace, cache: Cache) -> Array:
        """Return ∂Jₙ/∂a (N, K)."""

    @abstractmethod
    def link(self, xp: Namespace, a: Array) -> Array:
        """Return the predictions y that the logits a stand for."""

    @abstractmethod
    def unlink(self, xp: Namespace, y: Array) -> Array:
        """Return logits that stand for the predictions y: the inverse of `link`."""


T = TypeVar("T", bound=type[Loss])

LOSSES: dict[str, type[Loss]] = {}


def register(loss: T) -> T:
    """Enter a loss in the closed registry, the only place where a model file's names are looked up."""
    LOSSES[loss.__name__] = loss
    return loss


@register
@dataclass(frozen=True)
class SquaredError(Loss):
    """Half the squared distance, for regression.

    ::

        link       y  = a
        forward    Jₙ = ½ Σₖ (yₖ - tₖ)²
        backward   da = y - t
    """

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(
        forward=(r"J_n = \tfrac{1}{2} \sum_k (y_{nk} - t_{nk})^2", "y = a"),
        backward={"da": r"\frac{\partial J_n}{\partial a_{nk}} = y_{nk} - t_{nk}"},
    )

    def each(self, xp: Namespace, a: Array, t: Array) -> tuple[Array, Cache]:
        """Jₙ = ½ Σₖ (aₖ - tₖ)²."""
        error = a - t
        return 0.5 * xp.sum(error * error, axis=1), {"error": error}

    def each_backward(self, xp: Namespace, cache: Cache) -> Array:
        """∂Jₙ/∂a = y - t."""
        return cache["error"]

    def link(self, xp: Namespace, a: Array) -> Array:
        """y = a."""
        return a

    def unlink(self, xp: Namespace, y: Array) -> Array:
        """a = y."""
        return y


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
        return xp.sum(clipped * (error - 0.5 * clipped), axis=1), {"clipped": clipped}

    def each_backward(self, xp: Namespace, cache: Cache) -> Array:
        """∂Jₙ/∂a = clip(e, -δ, δ)."""
        return cache["clipped"]

    def link(self, xp: Namespace, a: Array) -> Array:
        """y = a."""
        return a

    def unlink(self, xp: Namespace, y: Array) -> Array:
        """a = y."""
        return y


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
        return xp.sum(entropy - t * a - t + y + tangent, axis=1), {"y": y, "t": t}

    def each_backward(self, xp: Namespace, cache: Cache) -> Array:
        """∂Jₙ/∂a = y - t."""
        return cache["y"] - cache["t"]

    def link(self, xp: Namespace, a: Array) -> Array:
        """y = eᵃ."""
        return xp.exp(xp.minimum(a, self._ceiling))

    def unlink(self, xp: Namespace, y: Array) -> Array:
        """a = log y."""
        return xp.log(xp.maximum(y, _LEAST))


@register
@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """The course's two-class cost; with K outputs, K independent questions about one sample (multi-label).

    ::

        link       y  = σ(a)
        forward    Jₙ = -Σₖ t log y + (1 - t) log(1 - y)
        backward   da = y - t
    """

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(
        forward=(
            r"J_n = -\sum_k t_{nk} \log y_{nk} + (1 - t_{nk}) \log(1 - y_{nk})",
            r"y = \sigma(a) = \frac{1}{1 + e^{-a}}",
        ),
        backward={"da": r"\frac{\partial J_n}{\partial a_{nk}} = y_{nk} - t_{nk}"},
        source="Bishop, 2006, Pattern recognition and machine learning, eq. 4.90",
    )

    def each(self, xp: Namespace, a: Array, t: Array) -> tuple[Array, Cache]:
        """-log σ(a) = log(1 + e⁻ᵃ), so Jₙ = Σₖ log(1 + eᵃ) - t a: no logarithm of a rounded 0."""
        return xp.sum(xp.logaddexp(a, xp.zeros_like(a)) - t * a, axis=1), {"a": a, "t": t}

    def each_backward(self, xp: Namespace, cache: Cache) -> Array:
        """∂Jₙ/∂a = y - t."""
        return xp.expit(cache["a"]) - cache["t"]

    def link(self, xp: Namespace, a: Array) -> Array:
        """y = σ(a)."""
        return xp.expit(a)

    def unlink(self, xp: Namespace, y: Array) -> Array:
        """a = log(y / (1 - y))."""
        return xp.log(xp.maximum(y, _LEAST)) - xp.log(xp.maximum(1 - y, _LEAST))


@register
@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss):
    """The course's cost for K classes. Each row of t is a distribution: an indicator, or a mixture of them.

    ::

        link       y  = eᵃ / Σₖ eᵃᵏ
        forward    Jₙ = -Σₖ sₖ log yₖ,   s = (1 - ε) t + ε / K
        backward   da = y - s            (because Σₖ sₖ = 1; y - t without smoothing)

    Parameters
    ----------
    smoothing : float
        ε, the share of the target that is spread evenly over the K classes.
    """

    smoothing: float = real(0.0, 1.0, high_open=True, default=0.0)

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(
        forward=(
            r"J_n = -\sum_k s_{nk} \log y_{nk}",
            r"y_{nk} = \frac{e^{a_{nk}}}{\sum_{j=1}^{K} e^{a_{nj}}}",
            r"s = (1 - \epsilon) t + \frac{\epsilon}{K}",
        ),
        backward={"da": r"\frac{\partial J_n}{\partial a_{nk}} = y_{nk} - s_{nk}"},
        where={r"\epsilon": "smoothing"},
        source="Bishop, 2006, Pattern recognition and machine learning, eq. 4.108 and 4.109; "
        "smoothing: Szegedy et al., 2016, Rethinking the Inception architecture, section 7",
    )

    def each(self, xp: Namespace, a: Array, t: Array) -> tuple[Array, Cache]:
        """-Σₖ sₖ log yₖ = log Σⱼ eᵃʲ - Σₖ sₖ aₖ, after the largest a is taken off so that no exponential overflows."""
        if self.smoothing:
            t = (1 - self.smoothing) * t + self.smoothing / t.shape[1]
        shifted = a - xp.max(a, axis=1, keepdims=True)
        y = xp.exp(shifted)
        total = xp.sum(y, axis=1, keepdims=True)
        y = y / total
        return xp.log(total)[:, 0] - xp.sum(t * shifted, axis=1), {"y": y, "t": t}

    def each_backward(self, xp: Namespace, cache: Cache) -> Array:
        """∂Jₙ/∂a = y - s."""
        return cache["y"] - cache["t"]

    def link(self, xp: Namespace, a: Array) -> Array:
        """y = eᵃ / Σₖ eᵃᵏ."""
        y = xp.exp(a - xp.max(a, axis=1, keepdims=True))
        return y / xp.sum(y, axis=1, keepdims=True)

    def unlink(self, xp: Namespace, y: Array) -> Array:
        """a = log y: of all the logits that stand for y, those with Σₖ eᵃᵏ = 1."""
        return xp.log(xp.maximum(y, _LEAST))
