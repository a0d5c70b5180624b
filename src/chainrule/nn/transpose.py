"""ConvTranspose2D: a convolution run backward, from a small image to a large one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chainrule.constraints import flag, option, real, whole
from chainrule.nn.init import WEIGHT_INITS
from chainrule.nn.layer import Equations, Param, register
from chainrule.nn.window import PADDINGS, Kernel, Pair, pair, pair_field, require_image
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape
from chainrule.window import Window


@register
@dataclass(frozen=True)
class ConvTranspose2D(Kernel):
    """Each value of x lays a kernel down on y: what `Conv2D` does to dy on its way back to dx.

    So its forward pass is the dx of a convolution that makes x's shape out of y's, its dx is that convolution, and its
    dW is that convolution's with x and dy exchanged.

    ::

        forward    y[n,h,w,k]  = Σ x[n,i,j,c] W[u,v,k,c] + b[k]   over all i s + u d - p = h, j s + v d - p = w, and c
        backward   dx[n,i,j,c] = Σ_{u,v,k} dy[n, i s + u d - p, j s + v d - p, k] W[u,v,k,c]
                   dW[u,v,k,c] = Σ_{n,i,j} dy[n, i s + u d - p, j s + v d - p, k] x[n,i,j,c]
                   db[k]       = Σ_{n,h,w} dy[n,h,w,k]
        shapes     x (N, H, W, C)   W (kh, kw, K, C)   b (K,)   y (N, H', W', K)

    Parameters
    ----------
    filters : int
        K, the number of output channels.
    kernel, stride, dilation : int or (int, int)
        As in `Conv2D`; the stride spreads the kernels out.
    padding : str
        `valid`: y holds all that the kernels cover, H' = (H - 1) s + d (kh - 1) + 1. `same`: H' = H s.
    init, gain, bias
        As in `Dense`.
    """

    filters: int = whole(1)
    kernel: Pair = pair_field(3)
    stride: Pair = pair_field(1)
    padding: str = option(*PADDINGS, default="valid")
    dilation: Pair = pair_field(1)
    init: str = option(*WEIGHT_INITS, default="glorot")
    gain: float = real(0.0, low_open=True, default=1.0)
    bias: bool = flag(True)

    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(
            r"y_{nhwk} = \sum_{\substack{u,v,i,j,c \\ h = is+ud-p \\ w = js+vd-p}} x_{nijc} W_{uvkc} + b_k",
            r"y = x *^\top W + b",
        ),
        backward={
            "dx": r"\frac{\partial J}{\partial x_{nijc}} = \sum_{u,v,k}"
            r"\frac{\partial J}{\partial y_{n,\, is+ud-p,\, js+vd-p,\, k}} W_{uvkc}",
            "dW": r"\frac{\partial J}{\partial W_{uvkc}} = \sum_{n,i,j}"
            r"\frac{\partial J}{\partial y_{n,\, is+ud-p,\, js+vd-p,\, k}} x_{nijc}",
            "db": r"\frac{\partial J}{\partial b_k} = \sum_{n,h,w} \frac{\partial J}{\partial y_{nhwk}}",
        },
        where={
            "W": "kernels (kh, kw, K, C)",
            "b": "biases (K,)",
            "s": "stride",
            "d": "dilation",
            "p": "rows and columns cut off before y",
        },
        source="Zeiler et al., 2010, Deconvolutional networks, eq. 1",
    )

    def window(self, shape: Shape) -> Window:
        """Return how the window of the convolution from y to x moves over y."""
        return super().window(self.output_shape(shape))

    def places(self, shape: Shape) -> tuple[int, int]:
        """Return the size of x: each of its values lays a kernel down."""
        return (shape[0], shape[1])

    def params(self, shape: Shape) -> dict[str, Param]:
        """Return W (kh, kw, K, C), penalised, and b (K,)."""
        channels = require_image(self, shape)[2]
        kh, kw = pair(self.kernel)
        fans = (kh * kw * channels, kh * kw * self.filters)
        return self.weights((kh, kw, self.filters, channels), fans, self.filters)

    def output_shape(self, shape: Shape) -> Shape:
        """(H, W, C) becomes (H', W', K)."""
        size = require_image(self, shape)[:2]
        reach = Window(pair(self.kernel), dilation=pair(self.dilation)).reach
        ends = zip(size, pair(self.stride), reach, strict=True)
        if self.padding == "same":
            return (*(n * s for n, s, _ in ends), self.filters)
        return (*((n - 1) * s + r for n, s, r in ends), self.filters)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = x *ᵀ W + b."""
        height, width, _ = self.output_shape(x.shape[1:])
        y = xp.conv_dx(x, p["W"], self.window(x.shape[1:]), (height, width))
        if self.bias:
            # Not in place: y may be a part of a larger array.
            y = y + p["b"]
        return y, {"x": x}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy * W, and the gradients."""
        return xp.conv(dy, p["W"], self.window(cache["x"].shape[1:])), self.gradients(xp, p, cache, dy)

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """dW: Σ over samples and places of what the window sees of dy times x; db = Σ dy."""
        x = cache["x"]
        dW = xp.conv_dW(dy, x, self.window(x.shape[1:]))
        return {"W": dW, "b": xp.sum(dy, axis=(0, 1, 2))} if self.bias else {"W": dW}
