"""SelfAttention: every place of a sequence asks all others, and takes what answers best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.constraints import flag, option, whole
from chainrule.errors import ShapeError
from chainrule.nn.activation import Gelu
from chainrule.nn.combine import Residual, Sequential
from chainrule.nn.dense import Dense, as_rows
from chainrule.nn.dropout import Dropout
from chainrule.nn.init import WEIGHT_INITS
from chainrule.nn.layer import Equations, Layer, Param, register
from chainrule.nn.masked import places_there
from chainrule.nn.norm import LayerNorm, in_dtype_of, widened
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape


@register
@dataclass(frozen=True)
class SelfAttention(Layer):
    """Each place's query q meets every place's key k; y is the mean of the values v, weighed by how well they meet.

    In each of B heads, on D / B values of q, k and v:

    ::

        forward    (q, k, v) = x W + b     s = q kᵀ / √(D/B)     p = softmax(s) over the keys     o = p v     y = o V + c
        backward   do = dy Vᵀ     dv = pᵀ do     dp = do vᵀ     ds = p (dp - Σ dp p)
                   dq = ds k / √(D/B)     dk = dsᵀ q / √(D/B)     dx = (dq, dk, dv) Wᵀ
                   dW = Σ xᵀ (dq, dk, dv)     db = Σ (dq, dk, dv)     dV = Σ oᵀ dy     dc = Σ dy
        shapes     x, y (N, T, D)   W (D, 3D)   b (3D,)   V (D, D)   c (D,)   s, p (N, B, T, T)

    Places that a mask leaves out are nobody's keys, and their y is 0. Without `Positions` before it, the layer does not
    know which place is where.

    Parameters
    ----------
    heads : int
        B; it divides D.
    causal : bool
        Whether a place sees itself and those before it alone.
    init : str
        How W and V are drawn: glorot, he, lecun, normal, uniform or zeros.
    """

    heads: int = whole(1, default=1)
    causal: bool = flag(False)
    init: str = option(*WEIGHT_INITS, default="glorot")

    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(
            r"(q, k, v) = x W + b, \quad s_{ij} = \frac{q_i \cdot k_j}{\sqrt{D/B}}, \quad"
            r" p_{ij} = \frac{e^{s_{ij}}}{\sum_l e^{s_{il}}}, \quad o_i = \sum_j p_{ij} v_j",
            "y = o V + c",
        ),
        backward={
            "dx": r"\frac{\partial J}{\partial x} = \left(\frac{\partial J}{\partial q}, \frac{\partial J}{\partial k},"
            r"\frac{\partial J}{\partial v}\right) W^\top",
            "ds": r"\frac{\partial J}{\partial s_{ij}} = p_{ij} \left(\frac{\partial J}{\partial p_{ij}}"
            r"- \sum_l \frac{\partial J}{\partial p_{il}} p_{il}\right), \quad"
            r" \frac{\partial J}{\partial p_{ij}} = \frac{\partial J}{\partial o_i} \cdot v_j",
            "dq": r"\frac{\partial J}{\partial q_i} = \sum_j \frac{\partial J}{\partial s_{ij}} \frac{k_j}{\sqrt{D/B}},"
            r"\quad \frac{\partial J}{\partial k_j} = \sum_i \frac{\partial J}{\partial s_{ij}} \frac{q_i}{\sqrt{D/B}},"
            r"\quad \frac{\partial J}{\partial v_j} = \sum_i p_{ij} \frac{\partial J}{\partial o_i}",
            "dW": r"\frac{\partial J}{\partial W} = \sum_{n,t} x_{nt}^\top \left(\frac{\partial J}{\partial q_{nt}},"
            r"\frac{\partial J}{\partial k_{nt}}, \frac{\partial J}{\partial v_{nt}}\right)",
            "db": r"\frac{\partial J}{\partial b} = \sum_{n,t} \left(\frac{\partial J}{\partial q_{nt}},"
            r"\frac{\partial J}{\partial k_{nt}}, \frac{\partial J}{\partial v_{nt}}\right)",
            "dV": r"\frac{\partial J}{\partial V} = \sum_{n,t} o_{nt}^\top \frac{\partial J}{\partial y_{nt}}",
            "dc": r"\frac{\partial J}{\partial c} = \sum_{n,t} \frac{\partial J}{\partial y_{nt}}",
        },
        where={
            "W": "weights that make queries, keys and values (D, 3D)",
            "b": "their biases (3D,)",
            "V": "weights that mix the heads (D, D)",
            "c": "biases of y (D,)",
            "B": "number of heads, each with D / B values of q, k and v",
            "p_{ij}": "how much place i takes of place j",
        },
        source="Vaswani et al., 2017, Attention is all you need, eq. 1 and section 3.2.2",
    )

    def params(self, shape: Shape) -> dict[str, Param]:
        """Return W (D, 3D) and V (D, D), penalised, b (3D,) and c (D,)."""
        d = self.output_shape(shape)[1]
        return {
            "W": Param((d, 3 * d), self.init, 1.0, (d, d), penalised=True),
            "b": Param((3 * d,)),
            "V": Param((d, d), self.init, 1.0, (d, d), penalised=True),
            "c": Param((d,)),
        }

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape (T, D) of x, if B divides D."""
        _, d = _require_sequence(self, shape)
        if d % self.heads:
            raise ShapeError(
                "heads of SelfAttention to divide the values of each place",
                f"{self.heads} heads and an input of shape {shape}, {d} values",
                "Use a number of `heads` that divides the values.",
            )
        return shape

    def operations(self, shape: Shape) -> int:
        """One multiplication and one addition for each weight at each place, and for each pair of places."""
        t, d = shape
        return 2 * t * d * (4 * d + 2 * t)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """O = softmax(q kᵀ / √(D/B)) v in each head; y = o V + c."""
        there = places_there("SelfAttention", xp, x, ctx)
        q, k, v = self._heads(xp, x @ p["W"] + p["b"], 3)
        s = widened(q @ k.swapaxes(-1, -2)) * self._scale(x)
        keys = self._keys(x.shape[1], there)
        shares = in_dtype_of(x, _softmax(xp, s if keys is None else xp.where(keys, s, -np.inf)))
        o = self._places(xp, shares @ v)
        y = o @ p["V"] + p["c"]
        y = y if there is None else y * there
        return y, {"x": x, "q": q, "k": k, "v": v, "p": shares, "o": o, "there": there}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = (dq, dk, dv) Wᵀ, and the gradients."""
        x, q, k, v, shares = (cache[name] for name in ("x", "q", "k", "v", "p"))
        dy = dy if cache["there"] is None else dy * cache["there"]
        do = self._heads(xp, dy @ p["V"].T, 1)[0]
        dp = do @ v.swapaxes(-1, -2)
        ds = shares * (dp - xp.sum(dp * shares, axis=-1, keepdims=True)) * self._scale(x)
        parts = (ds @ k, ds.swapaxes(-1, -2) @ q, shares.swapaxes(-1, -2) @ do)
        dqkv = xp.concatenate([self._places(xp, part) for part in parts], axis=-1)
        rows, dy = as_rows(xp, dqkv), as_rows(xp, dy)
        grads = {
            "W": as_rows(xp, x).T @ rows,
            "b": xp.sum(rows, axis=0),
            "V": as_rows(xp, cache["o"]).T @ dy,
            "c": xp.sum(dy, axis=0),
        }
        return dqkv @ p["W"].T, grads

    def _scale(self, x: Array) -> float:
        """1 / √(D/B)."""
        return 1 / math.sqrt(x.shape[-1] // self.heads)

    def _keys(self, steps: int, there: Array | None) -> Array | None:
        """Return which keys each query sees, for (N, B, T, T); None where it sees all."""
        before = np.tri(steps, dtype=bool) if self.causal else None
        if there is None:
            return before
        # (N, T, 1) as (N, 1, 1, T): there for all heads and queries.
        keys = there[:, None].swapaxes(-1, -2)
        return keys if before is None else keys & before

    def _heads(self, xp: Namespace, z: Array, parts: int) -> list[Array]:
        """(N, T, parts D) as so many (N, B, T, D / B)."""
        split = xp.reshape(z, (*z.shape[:2], parts, self.heads, -1))
        return [split[:, :, i].swapaxes(1, 2) for i in range(parts)]

    def _places(self, xp: Namespace, z: Array) -> Array:
        """(N, B, T, D / B) as (N, T, D)."""
        return xp.reshape(z.swapaxes(1, 2), (z.shape[0], z.shape[2], -1))


@register
@dataclass(frozen=True)
class Positions(Layer):
    """Adds to each place of a sequence a vector that says which place it is.

    ::

        forward    y[n,t] = x[n,t] + P[t]
        backward   dx = dy     dP[t] = Σₙ dy[n,t]
        shapes     x, y (N, T, D)   P (T, D)

    Parameters
    ----------
    learned : bool
        Whether P are weights, which start small. By default they are waves, which nobody has to learn:
        P[t,2i] = sin(t / 10000^(2i/D)), and P[t,2i+1] the cosine of the same.
    """

    learned: bool = flag(False)

    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(
            r"y_{nt} = x_{nt} + P_t, \quad P_{t, 2i} = \sin \frac{t}{10000^{2i/D}}, \quad"
            r" P_{t, 2i+1} = \cos \frac{t}{10000^{2i/D}} \text{ or learned}",
        ),
        backward={
            "dx": r"\frac{\partial J}{\partial x} = \frac{\partial J}{\partial y}",
            "dP": r"\frac{\partial J}{\partial P_t} = \sum_{n=1}^{N} \frac{\partial J}{\partial y_{nt}}",
        },
        where={"P": "vectors of the places (T, D)"},
        source="Vaswani et al., 2017, Attention is all you need, section 3.5",
    )

    def params(self, shape: Shape) -> dict[str, Param]:
        """Return P (T, D) where it is learned."""
        self.output_shape(shape)
        return {"P": Param(shape, "normal", 0.02)} if self.learned else {}

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of x."""
        _require_sequence(self, shape)
        return shape

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = x + P."""
        return x + (p["P"] if self.learned else waves(*x.shape[1:]).astype(str(x.dtype))), {}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy, dP = Σₙ dy."""
        return dy, {"P": xp.sum(dy, axis=0)} if self.learned else {}


def waves(steps: int, d: int) -> np.ndarray:
    """Return P (T, D): sines and cosines of t, from a wavelength of 2π to one of 20000π."""
    even = np.arange(d) // 2 * 2
    angles = np.arange(steps)[:, None] / 10000 ** (even / d)
    return np.where(np.arange(d) % 2, np.cos(angles), np.sin(angles))


def transformer_block(
    width: int, heads: int, hidden: int | None = None, *, causal: bool = False, dropout: float = 0.0
) -> Sequential:
    """Return a block of a transformer, normalised before each part: x + attention, and then x + two dense layers.

    Xiong et al., 2020, On layer normalization in the transformer architecture, figure 1b.

    Parameters
    ----------
    width : int
        D, the values of each place.
    heads : int
        Heads of the attention; they divide D.
    hidden : int, optional
        Units between the dense layers; by default 4 D.
    causal : bool
        Whether a place sees itself and those before it alone.
    dropout : float
        Rate at which values are dropped, while learning, of what each part adds.
    """
    attend: list[Layer | tuple[str, Layer]] = [("norm", LayerNorm()), ("attention", SelfAttention(heads, causal))]
    think: list[Layer | tuple[str, Layer]] = [("norm", LayerNorm()), ("hidden", Dense(hidden or 4 * width)), Gelu()]
    think.append(("output", Dense(width)))
    noise = [("noise", Dropout(dropout))] if dropout else []
    return Sequential.of(
        [
            ("attend", Residual(Sequential.of([*attend, *noise]))),
            ("think", Residual(Sequential.of([*think, *noise]))),
        ]
    )


def _softmax(xp: Namespace, s: Array) -> Array:
    """Return e^s / Σ e^s over the last axis; 0 where there is no key at all."""
    most = xp.max(s, axis=-1, keepdims=True)
    e = xp.exp(s - xp.where(most > -np.inf, most, 0))
    total = xp.sum(e, axis=-1, keepdims=True)
    return e / xp.where(total > 0, total, 1)


def _require_sequence(layer: Layer, shape: Shape) -> tuple[int, int]:
    """Return T and D of sequences (T, D); raise ShapeError for others."""
    if len(shape) != 2 or not shape[0]:
        raise ShapeError(
            f"{type(layer).__name__} to receive sequences of shape (T, D) of at least one place",
            f"an input of shape {shape}",
            "Put an Embedding before it for ids (T,), or a Reshape.",
        )
    return shape[0], shape[1]
