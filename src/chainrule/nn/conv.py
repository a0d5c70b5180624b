"""Conv2D: the same small weights look at every place of an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chainrule.constraints import flag, option, real, whole
from chainrule.errors import ShapeError
from chainrule.nn.init import WEIGHT_INITS
from chainrule.nn.layer import Equations, Param, register
from chainrule.nn.window import PADDINGS, Kernel, Pair, pair, pair_field, require_image
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape


@register
@dataclass(frozen=True)
class Conv2D(Kernel):
    """A weighted sum of the values in a window, for each filter and each place of the window on the image.

    As in every library of neural networks, the kernel is not turned round: a mathematician's cross-correlation.

    ::

        forward    y[n,i,j,k]  = Σ_{u,v,c} x[n, i s + u d - p, j s + v d - p, c] W[u,v,c,k] + b[k]
        backward   dx[n,h,w,c] = Σ dy[n,i,j,k] W[u,v,c,k]   over all i s + u d - p = h, j s + v d - p = w, and k
                   dW[u,v,c,k] = Σ_{n,i,j} x[n, i s + u d - p, j s + v d - p, c] dy[n,i,j,k]
                   db[k]       = Σ_{n,i,j} dy[n,i,j,k]
        shapes     x (N, H, W, C)   W (kh, kw, C / G, K)   b (K,)   y (N, H', W', K)

    With G groups, each K / G filters see their own C / G channels.

    Parameters
    ----------
    filters : int
        K, the number of output channels.
    kernel : int or (int, int)
        Height and width of the window.
    stride : int or (int, int)
        s, the step from one window to the next.
    padding : str
        `valid`: the window stays on the image, H' = ⌊(H - d (kh - 1) - 1) / s⌋ + 1. `same`: zeros around it make
        H' = ⌈H / s⌉, the odd one after the image.
    dilation : int or (int, int)
        d, the step from one value in the window to the next.
    groups : int
        G; it divides C and K.
    init, gain, bias
        As in `Dense`.
    """

    filters: int = whole(1)
    kernel: Pair = pair_field(3)
    stride: Pair = pair_field(1)
    padding: str = option(*PADDINGS, default="valid")
    dilation: Pair = pair_field(1)
    groups: int = whole(1, default=1)
    init: str = option(*WEIGHT_INITS, default="glorot")
    gain: float = real(0.0, low_open=True, default=1.0)
    bias: bool = flag(True)

    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(
            r"y_{nijk} = \sum_{u,v,c} x_{n,\, is+ud-p,\, js+vd-p,\, c} W_{uvck} + b_k",
            r"y = x * W + b",
        ),
        backward={
            "dx": r"\frac{\partial J}{\partial x_{nhwc}} = \sum_{\substack{u,v,i,j,k \\ h = is+ud-p \\ w = js+vd-p}}"
            r"\frac{\partial J}{\partial y_{nijk}} W_{uvck}",
            "dW": r"\frac{\partial J}{\partial W_{uvck}} = \sum_{n,i,j} x_{n,\, is+ud-p,\, js+vd-p,\, c}"
            r"\frac{\partial J}{\partial y_{nijk}}",
            "db": r"\frac{\partial J}{\partial b_k} = \sum_{n,i,j} \frac{\partial J}{\partial y_{nijk}}",
        },
        where={
            "W": "kernels (kh, kw, C / G, K)",
            "b": "biases (K,)",
            "s": "stride",
            "d": "dilation",
            "p": "rows and columns of zeros before the image",
        },
        source="LeCun et al., 1998, Gradient-based learning applied to document recognition, section II",
    )

    def params(self, shape: Shape) -> dict[str, Param]:
        """Return W (kh, kw, C / G, K), penalised, and b (K,)."""
        channels = self._channels(shape)
        kh, kw = pair(self.kernel)
        fans = (kh * kw * channels, kh * kw * self.filters // self.groups)
        return self.weights((kh, kw, channels, self.filters), fans, self.filters)

    def output_shape(self, shape: Shape) -> Shape:
        """(H, W, C) becomes (H', W', K)."""
        self._channels(shape)
        return (*self.places(shape), self.filters)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = x * W + b."""
        window = self.window(x.shape[1:])
        parts = [xp.conv(x_g, W_g, window) for x_g, W_g in zip(self._split(x), self._split(p["W"]), strict=True)]
        y = _join(xp, parts)
        if self.bias:
            y += p["b"]
        return y, {"x": x}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx: each dy goes back through W to where its window was; and the gradients."""
        shape = cache["x"].shape[1:]
        window = self.window(shape)
        pairs = zip(self._split(dy), self._split(p["W"]), strict=True)
        parts = [xp.conv_dx(dy_g, W_g, window, (shape[0], shape[1])) for dy_g, W_g in pairs]
        return _join(xp, parts), self.gradients(xp, p, cache, dy)

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """dW: Σ over samples and places of what the window saw times dy; db = Σ dy."""
        x = cache["x"]
        window = self.window(x.shape[1:])
        pairs = zip(self._split(x), self._split(dy), strict=True)
        dW = _join(xp, [xp.conv_dW(x_g, dy_g, window) for x_g, dy_g in pairs])
        return {"W": dW, "b": xp.sum(dy, axis=(0, 1, 2))} if self.bias else {"W": dW}

    def _split(self, array: Array) -> list[Array]:
        """Return each group's share of the last axis."""
        if self.groups == 1:
            return [array]
        share = array.shape[-1] // self.groups
        return [array[..., g * share : (g + 1) * share] for g in range(self.groups)]

    def _channels(self, shape: Shape) -> int:
        """Return C / G."""
        channels = require_image(self, shape)[2]
        if channels % self.groups or self.filters % self.groups:
            raise ShapeError(
                f"groups of Conv2D to divide its {self.filters} filters and the input's channels",
                f"{self.groups} groups and an input of shape {shape}, {channels} channels",
                "Use a number of groups that divides both, or groups=1.",
            )
        return channels // self.groups


def _join(xp: Namespace, parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else xp.concatenate(parts, axis=-1)
