"""Ensemble: several networks as one, whose prediction is the mean of theirs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.constraints import Kind, Many, Range, constrained, option
from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.layer import Equations, Layer, register
from chainrule.nn.loss import Loss
from chainrule.nn.mixture import MIXTURES
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape


@register
@dataclass(frozen=True)
class Ensemble(Layer):
    """The logits of which the loss's link makes the mean of the members' predictions.

    ::

        forward    link(y) = Σₘ wₘ link(aₘ),   aₘ = fₘ(x)
                   identity  y = Σₘ wₘ aₘ                softmax  y = log p,   p = Σₘ wₘ pₘ, pₘ = softmax(aₘ)
                   exp       y = log Σₘ wₘ e^aₘ          logistic y = log(p / (1 - p)),   p = Σₘ wₘ σ(aₘ)
        backward   dx = Σₘ fₘ'(daₘ)
                   identity  daₘ = wₘ dy                 softmax  daₘ = rₘ dy - pₘ Σₖ rₘ dy,   rₘ = wₘ pₘ / p
                   exp       daₘ = dy wₘ e^aₘ / e^y      logistic daₘ = dy wₘ pₘ (1 - pₘ) / (p (1 - p))
        shapes     x (N, …)   aₘ, y (N, …, K)

    The mean of probabilities is not the softmax of mean logits, but the softmax of the logarithm of a distribution is that
    distribution: so the loss behind it, and every report, sees the mean itself. (Of `exp`, as far as e³⁰, where the loss
    cuts its own off.) Members read the same x, may begin with an encoding of their own and be of any depth.

    Parameters
    ----------
    members : tuple of Layer
        f₁, f₂, …, all with logits of one shape.
    link : str
        That of the network's loss (`Loss.link_name`); a network refuses another. `Ensemble.of` looks it up.
    weights : tuple of float, optional
        Above 0, one for each member; divided by their sum they are w. By default all count alike.
    """

    members: tuple[Layer, ...] = constrained(Many(Kind(Layer), at_least=1))
    link: str = option(*MIXTURES, default="softmax")
    weights: tuple[float, ...] = constrained(Many(Range(float, 0.0, low_open=True)), default=())

    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(
            r"\text{link}(y) = \sum_m w_m \, \text{link}(a_m), \quad a_m = f_m(x)",
            r"y = \log p, \quad p = \sum_m w_m p_m, \quad p_m = \text{softmax}(a_m)",
        ),
        backward={
            "dx": r"\frac{\partial J}{\partial x} = \sum_m \frac{\partial J}{\partial a_m} \frac{\partial f_m}{\partial x}",
            "da": r"\frac{\partial J}{\partial a_{mj}} = r_{mj} \frac{\partial J}{\partial y_j}"
            r"- p_{mj} \sum_k r_{mk} \frac{\partial J}{\partial y_k}, \quad r_m = \frac{w_m p_m}{p}",
        },
        where={"f_m": "the members", "w": "their weights, whose sum is 1", "r_m": "a member's share of the mean"},
        source="Breiman, 1996, Bagging predictors; of probabilities: Lakshminarayanan, Pritzel & Blundell, 2017, Simple "
        "and scalable predictive uncertainty estimation, section 2.4",
    )

    def __post_init__(self) -> None:
        """Refuse other counts of weights than of members."""
        super().__post_init__()
        object.__setattr__(self, "weights", tuple(map(float, self.weights)))
        if self.weights and len(self.weights) != len(self.members):
            raise ConfigError(
                f"a weight for each of the {len(self.members)} members of Ensemble",
                f"{len(self.weights)}",
                "Leave weights out, and all count alike.",
            )

    @classmethod
    def of(cls, members: Sequence[Layer], loss: Loss, weights: Sequence[float] = ()) -> Ensemble:
        """Return the ensemble for a loss, or raise ConfigError where no mean is known for its link."""
        if loss.link_name not in MIXTURES:
            raise ConfigError(
                f"a loss whose link is {', '.join(MIXTURES)}, to take a mean of its predictions",
                f"{type(loss).__name__}, whose link is {loss.link_name!r}",
                "Take another loss.",
            )
        return cls(tuple(members), loss.link_name, tuple(weights))

    @property
    def logits_of(self) -> str:
        """The link."""
        return self.link

    @property
    def shares(self) -> tuple[float, ...]:
        """The weights w, whose sum is 1."""
        weights = self.weights or (1.0,) * len(self.members)
        total = math.fsum(weights)
        return tuple(weight / total for weight in weights)

    def children(self) -> dict[str, Layer]:
        """Return the members as `member1`, `member2`, …"""
        return {f"member{number}": member for number, member in enumerate(self.members, start=1)}

    def rebuilt(self, children: Mapping[str, Layer]) -> Ensemble:
        """Return an ensemble of other members with the same weights."""
        return Ensemble(tuple(children[name] for name in self.children()), self.link, self.weights)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of the members' logits, which must all have the same."""
        found: dict[Shape, str] = {}
        for name, member in self.children().items():
            try:
                found.setdefault(member.output_shape(shape), name)
            except ShapeError as error:
                raise ShapeError(f"{name}: {error.expected}", error.came, error.remedy) from error
        if len(found) > 1:
            (first, a), (second, b), *_ = found.items()
            raise ShapeError(
                "members of Ensemble whose outputs have one shape, so that a mean can be taken",
                f"{first} of {a} and {second} of {b}",
                "Let every member end in as many units.",
            )
        return next(iter(found))

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """link(y) = Σₘ wₘ link(aₘ)."""
        cache: Cache = {}
        each = []
        for number, (name, member) in enumerate(self.children().items()):
            a, cache[name] = member.forward(xp, p[name], x, ctx.child(xp, number) if member.is_random else ctx)
            each.append(a)
        y, seen = MIXTURES[self.link].forward(xp, self.shares, each)
        return y, {**cache, "mean": dict(zip(cache, seen["each"], strict=True))}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = Σₘ fₘ'(daₘ)."""
        dx: Any = 0
        grads = {}
        for name, member in self.children().items():
            da = MIXTURES[self.link].backward(xp, cache["mean"][name], dy)
            through, grads[name] = member.backward(xp, p[name], cache[name], da)
            dx = dx + through
        return dx, grads

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """Return the members' gradients."""
        return {
            name: member.gradients(xp, p[name], cache[name], MIXTURES[self.link].backward(xp, cache["mean"][name], dy))
            for name, member in self.children().items()
        }
