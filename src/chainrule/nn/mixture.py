"""Mixtures: the logits of a mean of predictions, and how much of it each of those that are averaged answers for.

The mean of probabilities is not the softmax of the mean logits. These are logits a of which the loss's own link makes the
mean: link(a) = Σₘ wₘ link(aₘ). They are computed from logarithms, so that no probability is rounded to 0 on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from math import log
from typing import NamedTuple, TypeAlias

from chainrule.types import Array, Cache, Namespace

Weights: TypeAlias = Sequence[float]


class Mixture(NamedTuple):
    """How predictions of a link are averaged, forward and backward.

    `forward(xp, w, each)` takes the weights wₘ, whose sum is 1, and the logits aₘ, and returns a and what `backward` reads,
    by the numbers of the members; `backward(xp, seen, dy, name)` returns daₘ of one of them.
    """

    forward: Callable[[Namespace, Weights, list[Array]], tuple[Array, Cache]]
    backward: Callable[[Namespace, Cache, Array], Array]


def _total(xp: Namespace, w: Weights, logs: list[Array]) -> Array:
    """log Σₘ wₘ e^lₘ, without an exponential that overflows."""
    return reduce(xp.logaddexp, [log(share) + one for share, one in zip(w, logs, strict=True)])


def identity_forward(xp: Namespace, w: Weights, each: list[Array]) -> tuple[Array, Cache]:
    """a = Σₘ wₘ aₘ."""
    return sum(share * a for share, a in zip(w, each, strict=True)), {"each": [{"w": share} for share in w]}


def identity_backward(xp: Namespace, seen: Cache, dy: Array) -> Array:
    """daₘ = wₘ dy."""
    return seen["w"] * dy


def softmax_forward(xp: Namespace, w: Weights, each: list[Array]) -> tuple[Array, Cache]:
    """a = log Σₘ wₘ pₘ,   pₘ = softmax(aₘ); the softmax of the logarithm of a distribution is that distribution."""
    logs = [_log_softmax(xp, a) for a in each]
    a = _total(xp, w, logs)
    # Which share of the mean probability is a member's own: rₘ = wₘ pₘ / p.
    own = [{"p": xp.exp(one), "r": xp.exp(log(share) + one - a)} for share, one in zip(w, logs, strict=True)]
    return a, {"each": own}


def softmax_backward(xp: Namespace, seen: Cache, dy: Array) -> Array:
    """daₘ = rₘ dy - pₘ Σₖ rₘ dy, because ∂aₖ/∂aₘⱼ = rₘₖ (1[k = j] - pₘⱼ)."""
    through = seen["r"] * dy
    return through - seen["p"] * xp.sum(through, axis=-1, keepdims=True)


def logistic_forward(xp: Namespace, w: Weights, each: list[Array]) -> tuple[Array, Cache]:
    """a = log p - log(1 - p),   p = Σₘ wₘ σ(aₘ), 1 - p = Σₘ wₘ σ(-aₘ)."""
    yes, no = ([-xp.logaddexp(sign * a, xp.zeros_like(a)) for a in each] for sign in (-1, 1))
    p, q = _total(xp, w, yes), _total(xp, w, no)
    # wₘ pₘ (1 - pₘ) / (p (1 - p)): what a gains from aₘ.
    slopes = [xp.exp(log(share) + one + other - p - q) for share, one, other in zip(w, yes, no, strict=True)]
    return p - q, {"each": [{"slope": slope} for slope in slopes]}


def logistic_backward(xp: Namespace, seen: Cache, dy: Array) -> Array:
    """daₘ = dy · wₘ pₘ (1 - pₘ) / (p (1 - p)), because da/dp = 1 / (p (1 - p)) and dpₘ/daₘ = pₘ (1 - pₘ)."""
    return seen["slope"] * dy


def exp_forward(xp: Namespace, w: Weights, each: list[Array]) -> tuple[Array, Cache]:
    """a = log Σₘ wₘ e^aₘ."""
    a = _total(xp, w, each)
    return a, {"each": [{"slope": xp.exp(log(share) + one - a)} for share, one in zip(w, each, strict=True)]}


def exp_backward(xp: Namespace, seen: Cache, dy: Array) -> Array:
    """daₘ = dy · wₘ e^aₘ / e^a."""
    return seen["slope"] * dy


def _log_softmax(xp: Namespace, a: Array) -> Array:
    """aₖ - log Σⱼ e^aⱼ, after the largest a is taken off so that no exponential overflows."""
    shifted = a - xp.max(a, axis=-1, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))


# By the link of the loss that reads the logits.
MIXTURES: dict[str, Mixture] = {
    "identity": Mixture(identity_forward, identity_backward),
    "softmax": Mixture(softmax_forward, softmax_backward),
    "logistic": Mixture(logistic_forward, logistic_backward),
    "exp": Mixture(exp_forward, exp_backward),
}
