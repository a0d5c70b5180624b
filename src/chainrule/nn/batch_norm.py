"""Normalisation over the batch: each channel's values brought to mean 0 and variance 1, and a state for when it predicts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

from chainrule.constraints import real
from chainrule.nn.layer import Equations, Param, register
from chainrule.nn.masked import places_there
from chainrule.nn.norm import Norm, in_dtype_of, widened
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape


@register
@dataclass(frozen=True)
class BatchNorm(Norm):
    """Each channel brought to mean 0 and variance 1 over the batch (and over all places, for images).

    While learning, mean and variance are those of the batch, and a running mean m and variance v follow them; at
    predict, m and v stand in their place. Samples of weight zero, and places that a mask leaves out,
    are no part of the batch's mean and variance. Any other weight counts in the cost alone, as it does elsewhere in the
    field: to this layer a sample of weight 2 is one sample, not two.

    ::

        forward    μ = mean of x     σ² = mean of (x - μ)²     x̂ = (x - μ) / √(σ² + ε)     y = g x̂ + b
        backward   dx̂ = g dy     dx = (dx̂ - mean of dx̂ - x̂ · mean of dx̂ x̂) / √(σ² + ε)
                   dg = Σ dy x̂     db = Σ dy     dm = dv = 0
        afterwards m ← α m + (1 - α) μ     v ← α v + (1 - α) σ² n / (n - 1)
        shapes     x, y (N, …, C)   g, b, m, v (C,)   means and sums over n = N · … values

    At predict y = g (x - m) / √(v + ε) + b, and the derivatives are those of that: dx = g dy / √(v + ε),
    dm = -g db / √(v + ε), dv = -g dg / (2 (v + ε)).

    Parameters
    ----------
    momentum : float
        α, the share of the old running mean and variance in the new ones.
    epsilon : float
        ε, beside the variance under the root.
    """

    momentum: float = real(0.0, 1.0, high_open=True, default=0.9)
    epsilon: float = real(0.0, low_open=True, default=1e-5)

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(
        forward=(
            r"\hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}, \quad \mu = \frac{1}{n} \sum x, \quad"
            r"\sigma^2 = \frac{1}{n} \sum (x - \mu)^2",
            r"y = g \hat x + b",
        ),
        backward={
            "dx": r"\frac{\partial J}{\partial x} = \frac{g}{\sqrt{\sigma^2 + \epsilon}} \left("
            r"\frac{\partial J}{\partial y} - \frac{1}{n} \sum \frac{\partial J}{\partial y}"
            r"- \hat x \frac{1}{n} \sum \frac{\partial J}{\partial y} \hat x \right)",
            "dg": r"\frac{\partial J}{\partial g} = \sum \frac{\partial J}{\partial y} \hat x",
            "db": r"\frac{\partial J}{\partial b} = \sum \frac{\partial J}{\partial y}",
            "dm": r"\frac{\partial J}{\partial m} = 0, \quad m \leftarrow \alpha m + (1 - \alpha) \mu",
            "dv": r"\frac{\partial J}{\partial v} = 0, \quad "
            r"v \leftarrow \alpha v + (1 - \alpha) \frac{n}{n - 1} \sigma^2",
        },
        where={
            "g": "factors (C,)",
            "b": "biases (C,)",
            "m": "running mean (C,)",
            "v": "running variance (C,)",
            "n": "number of values a channel has in the batch",
            r"\alpha": "momentum",
            r"\epsilon": "a small number beside the variance",
        },
        source="Ioffe & Szegedy, 2015, Batch normalization, algorithms 1 and 2",
    )

    @property
    def has_state(self) -> bool:
        """The running mean and variance."""
        return True

    def params(self, shape: Shape) -> dict[str, Param]:
        """Return g and b, which learn, and m and v (C,), which are state."""
        learned = super().params(shape)
        return learned | {
            "m": replace(learned["b"], trained=False),
            "v": replace(learned["g"], trained=False),
        }

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = g x̂ + b."""
        wide = widened(x)
        if not ctx.train:
            scale = 1 / xp.sqrt(p["v"] + self.epsilon)
            xhat = (wide - p["m"]) * scale
            return in_dtype_of(x, xhat * p["g"] + p["b"]), {"xhat": xhat, "scale": scale}
        axes = tuple(range(x.ndim - 1))
        kept = _kept(xp, x, ctx)
        cache: Cache = {"count": math.prod(x.shape[:-1])}
        if kept is not None:
            kept = kept.astype(wide.dtype)
            # Each 1 in it stands for all places on the axes that it does not tell apart.
            alike = math.prod(n for n, told in zip(x.shape[:-1], kept.shape[:-1], strict=True) if told != n)
            cache = {"kept": kept, "count": xp.maximum(xp.sum(kept), 1) * alike}
        cache["mean"] = xp.sum(wide if kept is None else wide * kept, axis=axes) / cache["count"]
        centred = wide - cache["mean"]
        squares = xp.square(centred)
        cache["variance"] = xp.sum(squares if kept is None else squares * kept, axis=axes) / cache["count"]
        cache["scale"] = 1 / xp.sqrt(cache["variance"] + self.epsilon)
        cache["xhat"] = centred * cache["scale"]
        return in_dtype_of(x, cache["xhat"] * p["g"] + p["b"]), cache

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx: what is left of g dy when the mean and x̂ may not change, over the root; dg = Σ dy x̂; db = Σ dy."""
        xhat, scale = cache["xhat"], cache["scale"]
        axes = tuple(range(dy.ndim - 1))
        wide = widened(dy)
        db = xp.sum(wide, axis=axes)
        dg = xp.sum(wide * xhat, axis=axes)
        if "count" not in cache:
            dm = -p["g"] * scale * db
            dv = -0.5 * p["g"] * xp.square(scale) * dg
            return in_dtype_of(dy, wide * (p["g"] * scale)), {"g": dg, "b": db, "m": dm, "v": dv}
        count = cache["count"]
        through_statistics = xhat * (dg / count) + db / count
        if "kept" in cache:
            through_statistics = through_statistics * cache["kept"]
        dx = (wide - through_statistics) * (p["g"] * scale)
        zero = xp.zeros_like(p["m"])
        return in_dtype_of(dy, dx), {"g": dg, "b": db, "m": zero, "v": zero}

    def update_state(self, xp: Namespace, p: Params, cache: Cache, keep: float | None = None) -> Params:
        """M and v follow the batch's mean and (unbiased) variance; one value alone says nothing of a variance."""
        keep = self.momentum if keep is None else keep
        count = cache["count"]
        # A count without weights is a plain number, of no dtype.
        at_least, at_most = (max, min) if isinstance(count, int) else (xp.maximum, xp.minimum)
        unbiased = cache["variance"] * (count / at_least(count - 1, 1))
        change = (1 - keep) * at_most(count - 1, 1)
        return {
            "m": keep * p["m"] + (1 - keep) * cache["mean"],
            "v": p["v"] + change * (unbiased - p["v"]),
        }


def _kept(xp: Namespace, x: Array, ctx: Context) -> Array | None:
    """Return which values of x (N, …, C) count, (N, …, 1) or (N, T, …, 1): those that neither weight nor mask leaves out."""
    weighed = None if ctx.w is None else xp.reshape(ctx.w > 0, (-1,) + (1,) * (x.ndim - 1))
    there = places_there("BatchNorm", xp, x, ctx)
    return weighed if there is None else there if weighed is None else there & weighed
