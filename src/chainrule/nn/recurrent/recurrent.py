"""Recurrent: what all recurrent layers share, a cell moved along the time axis and its derivative moved back."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from chainrule.constraints import flag, option, real, whole
from chainrule.errors import ShapeError
from chainrule.nn.dropout import mask_of
from chainrule.nn.init import WEIGHT_INITS
from chainrule.nn.layer import Layer, Param
from chainrule.nn.masked import places_there
from chainrule.nn.norm import in_dtype_of, standardised, through, widened
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape

# ε beside the variance of a normalised cell.
EPSILON = 1e-5

# What is added to a cell's equations by `layer_norm`.
NORMED_BACKWARD = {
    "de": r"\frac{\partial J}{\partial e} = \sum_t \sum_{n=1}^{N} \frac{\partial J}{\partial a_{nt}}"
    r"\odot n(x_{nt} W) \quad \text{with layer\_norm}",
    "dk": r"\frac{\partial J}{\partial k} = \sum_t \sum_{n=1}^{N} \frac{\partial J}{\partial u_{nt}}"
    r"\odot n(h_{n,t-1} U) \quad \text{with layer\_norm}",
}
NORMED_WHERE = {
    "e": "with layer_norm: factors of the normalised x W, as many as biases",
    "k": "with layer_norm: factors of the normalised h U, likewise",
}

# What a cell hands to the next step: h first, and what else it remembers.
State = tuple[Array, ...]


@dataclass(frozen=True)
class Recurrent(Layer):
    """A cell that reads x step by step and hands its state on: state[t], h[t] = cell(x[t] W + b, state[t-1]).

    ::

        forward    a[t] = x[t] W + b     s[t] = cell(a[t], s[t-1])     s[-1] = 0     y[t] = h[t], the first part of s[t]
        backward   ds[t] = dy[t] + what s[t+1] sends back     da[t], ds[t-1] = cell'(ds[t])     dx[t] = da[t] Wᵀ
                   dW = Σₜ x[t]ᵀ da[t]     db = Σₜ Σₙ da[t]
        normalised a[t] = e n(x[t] W) + b     h[t-1] U becomes k n(h[t-1] U)     n(z) = (z - μ) / √(σ² + ε) over all G H
                   dz = (e da - mean of e da - n · mean of e da n) / √(σ² + ε)     de = Σₜ Σₙ da n     likewise dk
        masked     s[t] = s[t-1]     y[t] = 0        where the mask says that there is no step t

    So padding changes no number: neither the states of the steps that there are, nor the last one, nor a gradient.

    Parameters
    ----------
    units : int
        H, values of the state.
    return_sequences : bool
        Whether y is every h[t], (N, T, H), or the last one, (N, H).
    reverse : bool
        Whether the steps are read from the last to the first. y[t] stays at the place of x[t].
    recurrent_dropout : float
        Probability, while learning, that a value of h[t-1] is dropped before it is multiplied by U: one mask for all steps.
    init, recurrent_init : str
        How W and U are drawn: glorot, he, lecun, normal, uniform, zeros, or orthogonal.
    layer_norm : bool
        Whether what x and h add at each step is normalised, each by itself, over all gates, with factors e and k of its own
        (Ba, Kiros & Hinton, 2016, Layer normalization, eq. 20; an LSTM's memory is shown as it is, without their eq. 22).
    """

    units: int = whole(1)
    return_sequences: bool = flag(False)
    reverse: bool = flag(False)
    recurrent_dropout: float = real(0.0, 1.0, high_open=True, default=0.0)
    init: str = option(*WEIGHT_INITS, "orthogonal", default="glorot")
    recurrent_init: str = option(*WEIGHT_INITS, "orthogonal", default="orthogonal")
    layer_norm: bool = flag(False)

    # Blocks of H columns in W and U, and parts of the state.
    gates: ClassVar[int]
    parts: ClassVar[int] = 1

    @property
    def is_random(self) -> bool:
        """A mask is drawn where values are dropped."""
        return self.recurrent_dropout > 0

    def backwards(self) -> Self:
        """Return the same layer, reading the other way."""
        return replace(self, reverse=not self.reverse)

    def params(self, shape: Shape) -> dict[str, Param]:
        """Return W (D, G H) and U (H, G H), penalised, b (G H,), and e and k (G H,) of a normalised cell."""
        d, h = self._steps(shape)[1], self.units
        factors = {name: Param((self.gates * h,), "ones") for name in ("e", "k")} if self.layer_norm else {}
        return {
            "W": Param((d, self.gates * h), self.init, 1.0, (d, h), penalised=True),
            "U": Param((h, self.gates * h), self.recurrent_init, 1.0, (h, h), penalised=True),
            "b": Param((self.gates * h,)),
            **factors,
        }

    def output_shape(self, shape: Shape) -> Shape:
        """(T, D) becomes (T, H), or (H,)."""
        steps, _ = self._steps(shape)
        return (steps, self.units) if self.return_sequences else (self.units,)

    def operations(self, shape: Shape) -> int:
        """One multiplication and one addition for each weight, and some ten for each value of the state, at each step."""
        steps, d = self._steps(shape)
        return steps * self.units * self.gates * (2 * (d + self.units) + 10)

    def in_turn(self, shape: Shape) -> int:
        """T: each state waits for the one before."""
        return self._steps(shape)[0]

    def by_state(self, xp: Namespace, p: Params, before: Array) -> tuple[Array, Cache]:
        """Return u = h[t-1] U, normalised where it is to be, and what `by_state_backward` will read."""
        u = before @ p["U"]
        if not self.layer_norm:
            return u, {"before": before}
        n, scale = standardised(xp, widened(u), -1, EPSILON)
        return in_dtype_of(u, n * p["k"]), {"before": before, "u_normed": n, "u_scale": scale}

    def by_state_backward(self, xp: Namespace, p: Params, cache: Cache, du: Array) -> tuple[Array, Params]:
        """Return dh[t-1] = du Uᵀ and dU = h[t-1]ᵀ du, through the normalisation where there is one, and dk."""
        grads = {}
        if self.layer_norm:
            n, wide = cache["u_normed"], widened(du)
            grads["k"] = xp.sum(wide * n, axis=0)
            du = in_dtype_of(du, through(xp, wide * p["k"], n, cache["u_scale"], -1))
        return du @ p["U"].T, {"U": cache["before"].T @ du, **grads}

    @abstractmethod
    def cell(self, xp: Namespace, p: Params, a: Array, state: State, drop: Array | None) -> tuple[State, Cache]:
        """Return the next state and what `cell_backward` will read, given a = x[t] W + b and the state before."""

    @abstractmethod
    def cell_backward(
        self, xp: Namespace, p: Params, cache: Cache, ds: State, drop: Array | None
    ) -> tuple[Array, State, Params]:
        """Return da, the ds of the state before, and the gradients of the parameters that `cell` read, by name."""

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """s[t] = cell(x[t] W + b, s[t-1]); y = h[t] at every step, or at the last."""
        y, cache, _ = self.forward_from(xp, p, x, ctx, None)
        return y, cache

    def start(self, xp: Namespace, n: int, dtype: Any) -> State:
        """Return s[-1] = 0 of n sequences."""
        return (xp.zeros((n, self.units), dtype),) * self.parts

    def forward_from(
        self, xp: Namespace, p: Params, x: Array, ctx: Context, state: State | None
    ) -> tuple[Array, Cache, State]:
        """As `forward`, from a state s[-1] that was carried over from the steps before; also return the last state.

        `backward` takes s[-1] for constant: what is learned from goes back to the first step of x and no further
        (truncated backpropagation through time; Williams & Peng, 1990, section 3).
        """
        # One product for all steps, over slices of which each has the same bits however many there are.
        x = x.swapaxes(0, 1)
        a, norm = x @ p["W"], None
        if self.layer_norm:
            norm = standardised(xp, widened(a), -1, EPSILON)
            a = in_dtype_of(a, norm[0] * p["e"])
        a = a + p["b"]
        zero = xp.zeros((x.shape[1], self.units), a.dtype)
        state = (zero,) * self.parts if state is None else state
        there = places_there(type(self).__name__, xp, x.swapaxes(0, 1), ctx)
        there = None if there is None else there.swapaxes(0, 1)
        drop = None
        if ctx.train and self.recurrent_dropout:
            drop = mask_of(xp, ctx, self.recurrent_dropout, zero.shape, a.dtype)

        def step(state: State, entry: tuple[Array, Array | None]) -> tuple[State, tuple[Array | None, Cache]]:
            a, there = entry
            new, cache = self.cell(xp, p, a, state, drop)
            if there is not None:
                new = tuple(xp.where(there, after, before) for after, before in zip(new, state, strict=True))
            return new, (new[0] if self.return_sequences else None, cache)

        last, (h, cell) = xp.scan(step, state, (a, there), reverse=self.reverse)
        cache = {"x": x, "there": there, "drop": drop, "cell": cell, "norm": norm}
        if not self.return_sequences:
            return last[0], cache, last
        return (h if there is None else h * there).swapaxes(0, 1), cache, last

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """ds[t-1] = cell'(ds[t]) and da[t], from the last step read to the first; dx[t] = da[t] Wᵀ."""
        grads, da = self._through_time(xp, p, cache, dy, with_dx=True)
        return (da @ p["W"].T).swapaxes(0, 1), grads

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """Return the gradients alone."""
        return self._through_time(xp, p, cache, dy, with_dx=False)[0]

    def _through_time(
        self, xp: Namespace, p: Params, cache: Cache, dy: Array, *, with_dx: bool
    ) -> tuple[Params, Array | None]:
        """Return the gradients, summed over the steps, and ∂J/∂(x W) (T, N, G H), which is da unless it was normalised."""
        drop = cache["drop"]
        cell = {name: cache["cell"][name] for name in cache["cell"]}
        every = dy.swapaxes(0, 1) if self.return_sequences else None
        zero = xp.zeros((cache["x"].shape[1], self.units), dy.dtype)
        last = (zero if self.return_sequences else dy, *(zero,) * (self.parts - 1))

        def step(carry: tuple[State, Params], entry: tuple[Any, ...]) -> tuple[object, Array | None]:
            ds, grads = carry
            x, there, dy, cell, norm = entry
            if dy is not None:
                ds = (ds[0] + (dy if there is None else dy * there), *ds[1:])
            # Where there is no step, the state before was the state after, and the cell has nothing to answer for.
            inside = ds if there is None else tuple(xp.where(there, part, 0) for part in ds)
            da, before, more = self.cell_backward(xp, p, cell, inside, drop)
            if there is not None:
                before = tuple(xp.where(there, part, after) for part, after in zip(before, ds, strict=True))
            more = {"b": xp.sum(da, axis=0), **more}
            if norm is not None:
                (n, scale), wide = norm, widened(da)
                more["e"] = xp.sum(wide * n, axis=0)
                da = in_dtype_of(da, through(xp, wide * p["e"], n, scale, -1))
            more["W"] = x.T @ da
            return (before, {name: grads[name] + more[name] for name in grads}), da if with_dx else None

        # A sum over a hundred steps needs more digits than a half-precision number has.
        start = (last, {name: widened(xp.zeros_like(p[name])) for name in p})
        entries = (cache["x"], cache["there"], every, cell, cache["norm"])
        (_, grads), da = xp.scan(step, start, entries, reverse=not self.reverse)
        return {name: in_dtype_of(p[name], total) for name, total in grads.items()}, da

    def _steps(self, shape: Shape) -> tuple[int, int]:
        """Return T and D of sequences (T, D); raise ShapeError for others."""
        if len(shape) != 2 or not shape[0]:
            raise ShapeError(
                f"{type(self).__name__} to receive sequences of shape (T, D) of at least one step",
                f"an input of shape {shape}",
                "Put an Embedding before it for ids (T,), a Reshape for series (T,) of numbers, and for images a Reshape "
                "that makes each row a step.",
            )
        return shape[0], shape[1]


def sigmoid(xp: Namespace, a: Array) -> Array:
    """σ(a) = ½ tanh(½ a) + ½: on both engines faster than with e⁻ᵃ, and it cannot overflow."""
    return 0.5 * xp.tanh(0.5 * a) + 0.5


def dropped(h: Array, drop: Array | None) -> Array:
    """Return h, or h times its mask; the derivative is the same of dh."""
    return h if drop is None else h * drop
