"""Losses of classes and labels: the cross-entropies, with the sigmoid and the softmax that belong to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chainrule.constraints import real
from chainrule.nn.layer import Equations
from chainrule.nn.loss import LEAST, Loss, register
from chainrule.types import Array, Cache, Namespace


@register
@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """The course's two-class cost; with K outputs, K independent questions about one sample (multi-label).

    ::

        link       y  = σ(a)
        forward    Jₙ = -Σₖ t log y + (1 - t) log(1 - y)
        backward   da = y - t
    """

    task: ClassVar[str] = "classification"
    target_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    link_name: ClassVar[str] = "logistic"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)
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
        """-log σ(a) = log(1 + e⁻ᵃ), so Jₙ = Σₖ log(1 + eᵃ) - t a: no logarithm of a rounded 0.

        log(1 + eᵃ) = max(a, 0) + log(1 + e⁻|ᵃ|), of which t a takes the max away before its digits hide the rest: the cost
        of an answer that is all but right is as exact as that of any other.
        """
        each = (xp.maximum(a, 0) - t * a) + xp.log1p(xp.exp(-xp.abs(a)))
        return xp.sum(each, axis=-1), {"a": a, "t": t}

    def each_backward(self, xp: Namespace, cache: Cache) -> Array:
        """∂Jₙ/∂a = y - t."""
        return xp.expit(cache["a"]) - cache["t"]

    def link(self, xp: Namespace, a: Array) -> Array:
        """y = σ(a)."""
        return xp.expit(a)

    def unlink(self, xp: Namespace, y: Array) -> Array:
        """a = log(y / (1 - y))."""
        return xp.log(xp.maximum(y, LEAST)) - xp.log(xp.maximum(1 - y, LEAST))


@register
@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss):
    """The course's cost for K classes. A target is a class number, or a distribution: an indicator, or a mixture of them.

    ::

        link       y  = eᵃ / Σₖ eᵃᵏ
        forward    Jₙ = -Σₖ sₖ log yₖ,   s = (1 - ε) t + ε / K
        backward   da = y - s            (because Σₖ sₖ = 1; y - t without smoothing)

    Of a class number, t is 1 at that class and 0 elsewhere; it is never written out.

    Parameters
    ----------
    smoothing : float
        ε, the share of the target that is spread evenly over the K classes.
    """

    smoothing: float = real(0.0, 1.0, high_open=True, default=0.0)

    task: ClassVar[str] = "classification"
    name: ClassVar[str] = "cross_entropy"
    is_exclusive: ClassVar[bool] = True
    target_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    link_name: ClassVar[str] = "softmax"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)
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
        shifted = a - xp.max(a, axis=-1, keepdims=True)
        y = xp.exp(shifted)
        total = xp.sum(y, axis=-1, keepdims=True)
        cost = xp.log(total)[..., 0]
        y = y / total
        if t.ndim == a.ndim:
            s = (1 - self.smoothing) * t + self.smoothing / t.shape[-1] if self.smoothing else t
            return cost - xp.sum(s * shifted, axis=-1), {"y": y, "s": s}
        number = xp.cast(t, "int32")[..., None]
        right = xp.take_along_axis(shifted, number, axis=-1)[..., 0]
        if self.smoothing:
            right = (1 - self.smoothing) * right + self.smoothing / a.shape[-1] * xp.sum(shifted, axis=-1)
        return cost - right, {"y": y, "number": number}

    def each_backward(self, xp: Namespace, cache: Cache) -> Array:
        """∂Jₙ/∂a = y - s."""
        if "s" in cache:
            return cache["y"] - cache["s"]
        y = cache["y"]
        is_right = xp.arange(y.shape[-1]) == cache["number"]
        if not self.smoothing:
            return y - is_right
        return xp.where(is_right, y - (1 - self.smoothing), y) - self.smoothing / y.shape[-1]

    def link(self, xp: Namespace, a: Array) -> Array:
        """y = eᵃ / Σₖ eᵃᵏ."""
        y = xp.exp(a - xp.max(a, axis=-1, keepdims=True))
        return y / xp.sum(y, axis=-1, keepdims=True)

    def unlink(self, xp: Namespace, y: Array) -> Array:
        """a = log y: of all the logits that stand for y, those with Σₖ eᵃᵏ = 1."""
        return xp.log(xp.maximum(y, LEAST))
