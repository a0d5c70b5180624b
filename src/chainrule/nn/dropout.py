"""Dropout, SpatialDropout and DropConnect: noise that keeps units from relying on one another."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.constraints import flag, option, real, whole
from chainrule.nn.dense import Affine, as_places, as_rows
from chainrule.nn.init import WEIGHT_INITS
from chainrule.nn.layer import Equations, Layer, register
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape


def mask_of(xp: Namespace, ctx: Context, rate: float, shape: Shape, dtype: Any) -> Array:
    """Return m / (1 - rate), m ~ Bernoulli(1 - rate)."""
    mask = xp.bernoulli(ctx.key, 1 - rate, shape).astype(dtype)
    mask /= 1 - rate
    return mask


@dataclass(frozen=True)
class Dropping(Layer):
    """What both dropouts share: a mask on the values of x, some of which are the same bit."""

    rate: float = real(0.0, 1.0, high_open=True, default=0.5)

    @property
    def is_random(self) -> bool:
        """A mask is drawn."""
        return True

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of x."""
        return shape

    @abstractmethod
    def mask_shape(self, shape: Shape) -> Shape:
        """Return the shape of the mask of an x of `shape`, the batch's axis included."""

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = x · m / (1 - rate) while learning, x otherwise."""
        if not ctx.train or self.rate == 0:
            return x, {}
        mask = mask_of(xp, ctx, self.rate, self.mask_shape(x.shape), x.dtype)
        return x * mask, {"mask": mask}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy · m / (1 - rate)."""
        return (dy * cache["mask"] if "mask" in cache else dy), {}


@register
@dataclass(frozen=True)
class Dropout(Dropping):
    """Each value is set to zero with probability `rate` while the network learns; at predict, y = x.

    The kept values are divided by 1 - rate at once ("inverted" dropout), so that the mean stays what it was.

    ::

        forward    y  = x · m / (1 - rate),   m ~ Bernoulli(1 - rate)
        backward   dx = dy · m / (1 - rate)

    Parameters
    ----------
    rate : float
        Probability of dropping a value, at least 0 and below 1.
    """

    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(r"y = \frac{x \odot m}{1 - \rho}, \quad m \sim \mathrm{Bernoulli}(1 - \rho)",),
        backward={"dx": r"\frac{\partial J}{\partial x} = \frac{\partial J}{\partial y} \odot \frac{m}{1 - \rho}"},
        where={r"\rho": "rate of dropping", "m": "mask, of x's shape"},
        source="Srivastava et al., 2014, Dropout: a simple way to prevent neural networks from overfitting, section 4",
        local=r"\frac{m}{1 - \rho}",
    )

    def mask_shape(self, shape: Shape) -> Shape:
        """A bit for each value."""
        return shape


@register
@dataclass(frozen=True)
class SpatialDropout(Dropping):
    """Each channel of a sample is set to zero as a whole with probability `rate` while the network learns.

    Neighbouring pixels are so alike that dropping single ones takes little away. At predict, y = x.

    ::

        forward    y  = x · m / (1 - rate),   m[n,c] ~ Bernoulli(1 - rate), the same at all places
        backward   dx = dy · m / (1 - rate)
        shapes     x, y (N, …, C)   m (N, 1, …, C)

    Parameters
    ----------
    rate : float
        Probability of dropping a channel, at least 0 and below 1.
    """

    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(r"y_{nhwc} = \frac{x_{nhwc} \, m_{nc}}{1 - \rho}, \quad m_{nc} \sim \mathrm{Bernoulli}(1 - \rho)",),
        backward={
            "dx": r"\frac{\partial J}{\partial x_{nhwc}} = \frac{\partial J}{\partial y_{nhwc}} \frac{m_{nc}}{1 - \rho}"
        },
        where={r"\rho": "rate of dropping", "m": "mask (N, C)"},
        source="Tompson et al., 2015, Efficient object localization using convolutional networks, section 3.2",
    )

    def mask_shape(self, shape: Shape) -> Shape:
        """(N, 1, …, C): a bit for each channel of each sample."""
        return (shape[0], *(1 for _ in shape[1:-1]), shape[-1])


@register
@dataclass(frozen=True)
class DropConnect(Affine):
    """A dense layer in which each weight, rather than each unit, is dropped while the network learns.

    One mask serves the whole batch (Wan et al. draw one for each sample, which would need N copies of W).

    ::

        forward    y  = x V + b,   V = W · m / (1 - rate)
        backward   dx = dy Vᵀ      dW = (xᵀ dy) · m / (1 - rate)      db = Σₙ dy
        shapes     x (N, …, D)   W, m (D, H)   b (H,)   y (N, …, H)

    Parameters
    ----------
    units : int
        H, the number of outputs.
    rate : float
        Probability of dropping a weight, at least 0 and below 1.
    init, gain, bias
        As in `Dense`.
    """

    units: int = whole(1)
    rate: float = real(0.0, 1.0, high_open=True, default=0.5)
    init: str = option(*WEIGHT_INITS, default="glorot")
    gain: float = real(0.0, low_open=True, default=1.0)
    bias: bool = flag(True)

    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(r"y = x V + b, \quad V = \frac{W \odot m}{1 - \rho}, \quad m \sim \mathrm{Bernoulli}(1 - \rho)",),
        backward={
            "dx": r"\frac{\partial J}{\partial x} = \frac{\partial J}{\partial y} V^\top",
            "dW": r"\frac{\partial J}{\partial W} = x^\top \frac{\partial J}{\partial y} \odot \frac{m}{1 - \rho}",
            "db": r"\frac{\partial J}{\partial b} = \sum_{n=1}^{N} \frac{\partial J}{\partial y_n}",
        },
        where={"W": "weights (D, H)", "b": "biases (H,)", r"\rho": "rate of dropping", "m": "mask (D, H)"},
        source="Wan et al., 2013, Regularization of neural networks using DropConnect, eq. 2",
    )

    @property
    def is_random(self) -> bool:
        """DropConnect draws a mask."""
        return True

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = x V + b, where V is W with its mask while learning and W otherwise."""
        W = p["W"]
        cache: Cache = {"x": x, "V": W}
        if ctx.train and self.rate > 0:
            mask = mask_of(xp, ctx, self.rate, W.shape, W.dtype)
            cache |= {"V": W * mask, "mask": mask}
        y = as_rows(xp, x) @ cache["V"]
        if self.bias:
            y += p["b"]
        return as_places(xp, y, x), cache

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy Vᵀ, and the gradients."""
        return as_places(xp, as_rows(xp, dy) @ cache["V"].T, dy), self.gradients(xp, p, cache, dy)

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """dW = (xᵀ dy) · m / (1 - rate), db = Σₙ dy."""
        x, dy = as_rows(xp, cache["x"]), as_rows(xp, dy)
        dW = x.T @ dy
        if "mask" in cache:
            dW *= cache["mask"]
        return {"W": dW, "b": xp.sum(dy, axis=0)} if self.bias else {"W": dW}
