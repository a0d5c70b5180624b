"""Conv1D: the same small weights look at every moment of a sequence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

from chainrule.constraints import flag, option, real, whole
from chainrule.errors import ShapeError
from chainrule.nn.conv import Conv2D
from chainrule.nn.init import WEIGHT_INITS
from chainrule.nn.layer import Equations, Layer, Param, register
from chainrule.nn.masked import places_there
from chainrule.nn.window import PADDINGS
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape


@register
@dataclass(frozen=True)
class Conv1D(Layer):
    """A weighted sum of the values in a window of time, for each filter and each place of the window.

    It is computed as a `Conv2D` on an image of one row. Moments that a mask leaves out are read as zeros.

    ::

        forward    y[n,i,k]    = Σ_{u,c} x[n, i s + u d - p, c] W[u,c,k] + b[k]
        backward   dx[n,t,c]   = Σ dy[n,i,k] W[u,c,k]   over all i s + u d - p = t, and k
                   dW[u,c,k]   = Σ_{n,i} x[n, i s + u d - p, c] dy[n,i,k]
                   db[k]       = Σ_{n,i} dy[n,i,k]
        shapes     x (N, T, C)   W (kt, C / G, K)   b (K,)   y (N, T', K)

    Parameters
    ----------
    filters : int
        K, the number of output channels.
    kernel : int
        Length of the window.
    stride, padding, dilation, groups
        As in `Conv2D`.
    init, gain, bias
        As in `Dense`.
    """

    filters: int = whole(1)
    kernel: int = whole(1, default=3)
    stride: int = whole(1, default=1)
    padding: str = option(*PADDINGS, default="valid")
    dilation: int = whole(1, default=1)
    groups: int = whole(1, default=1)
    init: str = option(*WEIGHT_INITS, default="glorot")
    gain: float = real(0.0, low_open=True, default=1.0)
    bias: bool = flag(True)

    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(r"y_{nik} = \sum_{u,c} x_{n,\, is+ud-p,\, c} W_{uck} + b_k", r"y = x * W + b"),
        backward={
            "dx": r"\frac{\partial J}{\partial x_{ntc}} = \sum_{\substack{u,i,k \\ t = is+ud-p}}"
            r"\frac{\partial J}{\partial y_{nik}} W_{uck}",
            "dW": r"\frac{\partial J}{\partial W_{uck}} = \sum_{n,i} x_{n,\, is+ud-p,\, c}"
            r"\frac{\partial J}{\partial y_{nik}}",
            "db": r"\frac{\partial J}{\partial b_k} = \sum_{n,i} \frac{\partial J}{\partial y_{nik}}",
        },
        where={
            "W": "kernels (kt, C / G, K)",
            "b": "biases (K,)",
            "s": "stride",
            "d": "dilation",
            "p": "zeros before the sequence",
        },
        source="Waibel et al., 1989, Phoneme recognition using time-delay neural networks, section II",
    )

    @cached_property
    def _plane(self) -> Conv2D:
        """Return the convolution of an image of one row."""
        return Conv2D(
            self.filters,
            (1, self.kernel),
            stride=(1, self.stride),
            padding=self.padding,
            dilation=(1, self.dilation),
            groups=self.groups,
            init=self.init,
            gain=self.gain,
            bias=self.bias,
        )

    def params(self, shape: Shape) -> dict[str, Param]:
        """Return W (kt, C / G, K), penalised, and b (K,)."""
        plane = self._plane.params(self._row(shape))
        return plane | {"W": replace(plane["W"], shape=plane["W"].shape[1:])}

    def output_shape(self, shape: Shape) -> Shape:
        """(T, C) becomes (T', K)."""
        row = self._row(shape)
        reach = self.dilation * (self.kernel - 1) + 1
        if self.padding == "valid" and reach > shape[0]:
            raise ShapeError(
                "the kernel of Conv1D to fit in the sequence",
                f"a kernel that reaches over {reach} on a sequence of {shape[0]} (input shape {shape})",
                "Use a smaller kernel, padding='same', or longer sequences.",
            )
        return self._plane.output_shape(row)[1:]

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = x * W + b."""
        there = places_there("Conv1D", xp, x, ctx)
        x = x if there is None else x * there
        y, cache = self._plane.forward(xp, self._planar(p), x[:, None], ctx)
        return y[:, 0], cache if there is None else {**cache, "there": there}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx: each dy goes back through W to when its window was; and the gradients."""
        dx, grads = self._plane.backward(xp, self._planar(p), cache, dy[:, None])
        dx = dx[:, 0] * cache["there"] if "there" in cache else dx[:, 0]
        return dx, {**grads, "W": grads["W"][0]}

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """dW: Σ over samples and times of what the window saw times dy; db = Σ dy."""
        grads = self._plane.gradients(xp, self._planar(p), cache, dy[:, None])
        return {**grads, "W": grads["W"][0]}

    def operations(self, shape: Shape) -> int:
        """One multiplication and one addition for each weight at each place."""
        return self._plane.operations(self._row(shape))

    def _planar(self, p: Params) -> Params:
        return {**p, "W": p["W"][None]}

    def _row(self, shape: Shape) -> Shape:
        if len(shape) != 2:
            raise ShapeError(
                "Conv1D to receive sequences of shape (T, C)",
                f"an input of shape {shape}",
                "Put Reshape((T, C)) before it, C = 1 for a plain series of numbers.",
            )
        return (1, *shape)
