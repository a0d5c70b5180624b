"""DepthwiseConv2D: a convolution that looks at each channel by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chainrule.constraints import flag, option, real, whole
from chainrule.nn.init import WEIGHT_INITS
from chainrule.nn.layer import Equations, Param, register
from chainrule.nn.window import PADDINGS, Kernel, Pair, pair, pair_field, require_image
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape


@register
@dataclass(frozen=True)
class DepthwiseConv2D(Kernel):
    """Each channel of an image has M kernels of its own and is mixed with no other: a `Conv2D` of 1 × 1 may follow.

    Output channel c M + m is input channel c under its m-th kernel.

    ::

        forward    y[n,i,j,cM+m] = Σ_{u,v} x[n, i s + u d - p, j s + v d - p, c] W[u,v,c,m] + b[cM+m]
        backward   dx[n,h,w,c]   = Σ dy[n,i,j,cM+m] W[u,v,c,m]   over all i s + u d - p = h, j s + v d - p = w, and m
                   dW[u,v,c,m]   = Σ_{n,i,j} x[n, i s + u d - p, j s + v d - p, c] dy[n,i,j,cM+m]
                   db[cM+m]      = Σ_{n,i,j} dy[n,i,j,cM+m]
        shapes     x (N, H, W, C)   W (kh, kw, C, M)   b (C M,)   y (N, H', W', C M)

    Parameters
    ----------
    kernel : int or (int, int)
        Height and width of the window.
    multiplier : int
        M, the number of kernels of each channel.
    stride, padding, dilation
        As in `Conv2D`.
    init, gain, bias
        As in `Dense`.
    """

    kernel: Pair = pair_field(3)
    multiplier: int = whole(1, default=1)
    stride: Pair = pair_field(1)
    padding: str = option(*PADDINGS, default="valid")
    dilation: Pair = pair_field(1)
    init: str = option(*WEIGHT_INITS, default="glorot")
    gain: float = real(0.0, low_open=True, default=1.0)
    bias: bool = flag(True)

    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(r"y_{n,i,j,cM+m} = \sum_{u,v} x_{n,\, is+ud-p,\, js+vd-p,\, c} W_{uvcm} + b_{cM+m}",),
        backward={
            "dx": r"\frac{\partial J}{\partial x_{nhwc}} = \sum_{\substack{u,v,i,j,m \\ h = is+ud-p \\ w = js+vd-p}}"
            r"\frac{\partial J}{\partial y_{n,i,j,cM+m}} W_{uvcm}",
            "dW": r"\frac{\partial J}{\partial W_{uvcm}} = \sum_{n,i,j} x_{n,\, is+ud-p,\, js+vd-p,\, c}"
            r"\frac{\partial J}{\partial y_{n,i,j,cM+m}}",
            "db": r"\frac{\partial J}{\partial b_{cM+m}} = \sum_{n,i,j} \frac{\partial J}{\partial y_{n,i,j,cM+m}}",
        },
        where={
            "W": "kernels (kh, kw, C, M)",
            "b": "biases (C M,)",
            "s": "stride",
            "d": "dilation",
            "p": "rows and columns of zeros before the image",
        },
        source="Howard et al., 2017, MobileNets, eq. 3",
    )

    def params(self, shape: Shape) -> dict[str, Param]:
        """Return W (kh, kw, C, M), penalised, and b (C M,)."""
        channels = require_image(self, shape)[2]
        kh, kw = pair(self.kernel)
        fans = (kh * kw, kh * kw * self.multiplier)
        return self.weights((kh, kw, channels, self.multiplier), fans, channels * self.multiplier)

    def output_shape(self, shape: Shape) -> Shape:
        """(H, W, C) becomes (H', W', C M)."""
        return (*self.places(shape), shape[2] * self.multiplier)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = Σ_{u,v} tap_{uv} W_{uv} + b."""
        taps = xp.taps(x, self.window(x.shape[1:]), 0.0)
        weights = self._weights(xp, p["W"])
        y = taps[0][..., None] * weights[0]
        for tap, W in zip(taps[1:], weights[1:], strict=True):
            y += tap[..., None] * W
        y = xp.reshape(y, (*y.shape[:3], -1))
        if self.bias:
            y += p["b"]
        return y, {"x": x}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx: dy W_{uv}, summed over m, to where tap_{uv} was read; and the gradients."""
        x = cache["x"]
        dym = self._by_channel(xp, dy)
        parts = [xp.sum(dym * W, axis=-1) for W in self._weights(xp, p["W"])]
        return xp.spread(parts, self.window(x.shape[1:]), x.shape[1:3]), self.gradients(xp, p, cache, dy)

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """dW_{uv} = Σ tap_{uv} dy; db = Σ dy."""
        x = cache["x"]
        dym = self._by_channel(xp, dy)
        taps = xp.taps(x, self.window(x.shape[1:]), 0.0)
        dW = xp.concatenate([xp.sum(tap[..., None] * dym, axis=(0, 1, 2))[None] for tap in taps])
        dW = xp.reshape(dW, p["W"].shape)
        return {"W": dW, "b": xp.sum(dy, axis=(0, 1, 2))} if self.bias else {"W": dW}

    def _weights(self, xp: Namespace, W: Array) -> Array:
        """(kh, kw, C, M) as (kh kw, C, M)."""
        return xp.reshape(W, (-1, *W.shape[2:]))

    def _by_channel(self, xp: Namespace, dy: Array) -> Array:
        """(N, H', W', C M) as (N, H', W', C, M)."""
        return xp.reshape(dy, (*dy.shape[:3], -1, self.multiplier))
