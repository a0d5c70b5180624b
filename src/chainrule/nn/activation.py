"""Activations: the bends between the layers, without which any depth would collapse into one linear map."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from chainrule.constraints import real
from chainrule.nn.layer import Equations, Layer, register
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape


class Activation(Layer):
    """A function applied to each number on its own: no parameters, and y has the shape of x."""

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of x."""
        return shape


def _elementwise(forward: str, derivative: str, source: str = "") -> Equations:
    dx = rf"\frac{{\partial J}}{{\partial x}} = \frac{{\partial J}}{{\partial y}} \odot {derivative}"
    return Equations(forward=(f"y = {forward}",), backward={"dx": dx}, source=source, local=derivative)


@register
@dataclass(frozen=True)
class Identity(Activation):
    """y = x: no bend at all; a network of these is one linear map.

    ::

        forward    y  = x
        backward   dx = dy
    """

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = _elementwise("x", "1")

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = x."""
        return x, {}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy."""
        return dy, {}

    def operations(self, shape: Shape) -> int:
        """Nothing is computed."""
        return 0


@register
@dataclass(frozen=True)
class Sigmoid(Activation):
    """The logistic function, the neuron of the course.

    ::

        forward    y  = 1 / (1 + e⁻ˣ)
        backward   dx = dy · y (1 - y)
    """

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = _elementwise(r"\sigma(x) = \frac{1}{1 + e^{-x}}", "y (1 - y)")

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = σ(x)."""
        y = xp.expit(x)
        return y, {"y": y}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy · y (1 - y)."""
        y = cache["y"]
        return dy * y * (1 - y), {}


@register
@dataclass(frozen=True)
class Tanh(Activation):
    """The hyperbolic tangent: a sigmoid centred on zero, tanh(x) = 2 σ(2x) - 1.

    ::

        forward    y  = tanh(x)
        backward   dx = dy · (1 - y²)
    """

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = _elementwise(r"\tanh(x) = \frac{e^x - e^{-x}}{e^x + e^{-x}}", "(1 - y^2)")

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = tanh(x)."""
        y = xp.tanh(x)
        return y, {"y": y}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy · (1 - y²)."""
        y = cache["y"]
        return dy * (1 - y * y), {}


@register
@dataclass(frozen=True)
class Relu(Activation):
    """The rectifier. At the kink, x = 0, the derivative is taken as 0.

    ::

        forward    y  = max(0, x)
        backward   dx = dy · [y > 0]
    """

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = _elementwise(
        r"\max(0, x)", "[x > 0]", "Nair & Hinton, 2010, Rectified linear units improve restricted Boltzmann machines"
    )

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = max(0, x)."""
        y = xp.maximum(x, 0)
        return y, {"y": y}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy · [y > 0]."""
        return dy * (cache["y"] > 0), {}

    def branches(self, xp: Namespace, cache: Cache) -> Iterator[Array]:
        """Yield on which side of 0 each x lies."""
        yield cache["y"] > 0


@register
@dataclass(frozen=True)
class LeakyRelu(Activation):
    """A rectifier that keeps a small slope below zero, so that no unit dies. At x = 0 the slope is `slope`.

    ::

        forward    y  = x where x > 0, else slope · x
        backward   dx = dy where x > 0, else slope · dy
    """

    slope: float = real(0.0, 1.0, low_open=True, high_open=True, default=0.01)

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = _elementwise(
        r"\begin{cases} x & x > 0 \\ \alpha x & x \le 0 \end{cases}",
        r"\begin{cases} 1 & x > 0 \\ \alpha & x \le 0 \end{cases}",
        "Maas, Hannun & Ng, 2013, Rectifier nonlinearities improve neural network acoustic models, eq. 2",
    )

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = max(x, slope · x), which is the same for a slope between 0 and 1."""
        return xp.maximum(x, self.slope * x), {"x": x}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy where x > 0, else slope · dy."""
        return xp.where(cache["x"] > 0, dy, self.slope * dy), {}

    def branches(self, xp: Namespace, cache: Cache) -> Iterator[Array]:
        """Yield on which side of 0 each x lies."""
        yield cache["x"] > 0


@register
@dataclass(frozen=True)
class Elu(Activation):
    """A rectifier that saturates smoothly at -alpha. At x = 0 the derivative is taken as alpha.

    ::

        forward    y  = x where x > 0, else alpha (eˣ - 1)
        backward   dx = dy where x > 0, else dy · (y + alpha)
    """

    alpha: float = real(0.0, low_open=True, default=1.0)

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = _elementwise(
        r"\begin{cases} x & x > 0 \\ \alpha (e^x - 1) & x \le 0 \end{cases}",
        r"\begin{cases} 1 & x > 0 \\ y + \alpha & x \le 0 \end{cases}",
        "Clevert, Unterthiner & Hochreiter, 2016, Fast and accurate deep network learning by ELUs, eq. 15",
    )

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = x where x > 0, else alpha (eˣ - 1)."""
        # The branch not taken must not overflow: its infinity would become NaN in an automatic derivative.
        y = xp.where(x > 0, x, self.alpha * xp.expm1(xp.minimum(x, 0)))
        return y, {"y": y}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy where y > 0, else dy · (y + alpha)."""
        y = cache["y"]
        return xp.where(y > 0, dy, dy * (y + self.alpha)), {}

    def branches(self, xp: Namespace, cache: Cache) -> Iterator[Array]:
        """Yield on which side of 0 each x lies."""
        yield cache["y"] > 0


_SQRT_HALF = math.sqrt(0.5)
_DENSITY = 1 / math.sqrt(2 * math.pi)


@register
@dataclass(frozen=True)
class Gelu(Activation):
    """x weighted by the normal distribution function Φ at x, exact (with erf, not the tanh approximation).

    ::

        forward    y  = x Φ(x)
        backward   dx = dy · (Φ(x) + x φ(x)),   φ = Φ'
    """

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = _elementwise(
        r"x \, \Phi(x)",
        r"\left(\Phi(x) + x \, \tfrac{1}{\sqrt{2\pi}} e^{-x^2/2}\right)",
        "Hendrycks & Gimpel, 2016, Gaussian error linear units, section 2",
    )

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = x Φ(x), Φ(x) = ½ (1 + erf(x / √2))."""
        phi = 0.5 * (1 + xp.erf(x * _SQRT_HALF))
        return x * phi, {"x": x, "phi": phi}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy · (Φ(x) + x φ(x))."""
        x = cache["x"]
        return dy * (cache["phi"] + x * (_DENSITY * xp.exp(-0.5 * x * x))), {}


@register
@dataclass(frozen=True)
class Silu(Activation):
    """x weighted by the logistic function at x, also called swish.

    ::

        forward    y  = x σ(x)
        backward   dx = dy · (s + y (1 - s)),   s = σ(x)
    """

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = _elementwise(
        r"x \, \sigma(x)",
        r"\left(\sigma(x) + y \, (1 - \sigma(x))\right)",
        "Elfwing, Uchibe & Doya, 2018, Sigmoid-weighted linear units, eq. 3 and 4",
    )

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = x σ(x)."""
        s = xp.expit(x)
        y = x * s
        return y, {"y": y, "s": s}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy · (s + y (1 - s))."""
        s = cache["s"]
        return dy * (s + cache["y"] * (1 - s)), {}


@register
@dataclass(frozen=True)
class Softplus(Activation):
    """A smooth rectifier, whose derivative is the logistic function.

    ::

        forward    y  = log(1 + eˣ)
        backward   dx = dy · σ(x)
    """

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = _elementwise(
        r"\log(1 + e^x)", r"\sigma(x)", "Dugas et al., 2001, Incorporating second-order functional knowledge, eq. 3"
    )

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = log(e⁰ + eˣ), in the form that does not overflow."""
        return xp.logaddexp(x, xp.zeros_like(x)), {"x": x}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy · σ(x)."""
        return dy * xp.expit(cache["x"]), {}


ACTIVATIONS: dict[str, Activation] = {
    "identity": Identity(),
    "sigmoid": Sigmoid(),
    "tanh": Tanh(),
    "relu": Relu(),
    "leaky_relu": LeakyRelu(),
    "elu": Elu(),
    "gelu": Gelu(),
    "silu": Silu(),
    "softplus": Softplus(),
}
