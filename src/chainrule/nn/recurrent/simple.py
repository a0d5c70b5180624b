"""SimpleRNN: a state that is a bend of the input and of the state before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chainrule.nn.layer import Equations, register
from chainrule.nn.recurrent.recurrent import NORMED_BACKWARD, NORMED_WHERE, Recurrent, State, dropped
from chainrule.types import Array, Cache, Namespace, Params


@register
@dataclass(frozen=True)
class SimpleRNN(Recurrent):
    """A state h that is handed from step to step: h[t] = tanh(x[t] W + h[t-1] U + b).

    ::

        forward    h[t] = tanh(a[t])     a[t] = x[t] W + h[t-1] U + b     h[-1] = 0
        backward   dh[t] = dy[t] + da[t+1] Uᵀ     da[t] = dh[t] (1 - h[t]²)     dx[t] = da[t] Wᵀ
                   dW = Σₜ x[t]ᵀ da[t]     dU = Σₜ h[t-1]ᵀ da[t]     db = Σₜ Σₙ da[t]
        shapes     x (N, T, D)   W (D, H)   U (H, H)   b (H,)   y (N, T, H) or (N, H)

    Where a mask leaves out a step, the state stays as it was and y[t] is 0.

    Parameters
    ----------
    units, return_sequences, reverse, recurrent_dropout, init, recurrent_init, layer_norm
        As in `Recurrent`.
    """

    gates: ClassVar[int] = 1
    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(r"h_t = \tanh(x_t W + h_{t-1} U + b), \quad h_{-1} = 0", r"y_t = h_t"),
        backward={
            "dx": r"\frac{\partial J}{\partial x_t} = \frac{\partial J}{\partial a_t} W^\top, \quad "
            r"\frac{\partial J}{\partial a_t} = \frac{\partial J}{\partial h_t} \odot (1 - h_t^2), \quad "
            r"\frac{\partial J}{\partial h_t} = \frac{\partial J}{\partial y_t} + \frac{\partial J}{\partial a_{t+1}} U^\top",
            "dW": r"\frac{\partial J}{\partial W} = \sum_t x_t^\top \frac{\partial J}{\partial a_t}",
            "dU": r"\frac{\partial J}{\partial U} = \sum_t h_{t-1}^\top \frac{\partial J}{\partial a_t}",
            "db": r"\frac{\partial J}{\partial b} = \sum_t \sum_{n=1}^{N} \frac{\partial J}{\partial a_{nt}}",
            **NORMED_BACKWARD,
        },
        where={
            "W": "weights of the input (D, H)",
            "U": "weights of the state (H, H)",
            "b": "biases (H,)",
            **NORMED_WHERE,
            "h_t": "state after step t (N, H)",
            "a_t": r"what \tanh is taken of (N, H)",
        },
        source="Elman, 1990, Finding structure in time; Werbos, 1990, Backpropagation through time, eq. 9 to 14",
    )

    def cell(self, xp: Namespace, p: Params, a: Array, state: State, drop: Array | None) -> tuple[State, Cache]:
        """h = tanh(a + h U)."""
        u, kept = self.by_state(xp, p, dropped(state[0], drop))
        h = xp.tanh(a + u)
        return (h,), {"h": h, **kept}

    def cell_backward(
        self, xp: Namespace, p: Params, cache: Cache, ds: State, drop: Array | None
    ) -> tuple[Array, State, Params]:
        """da = dh (1 - h²); to the state before goes da Uᵀ."""
        h = cache["h"]
        da = ds[0] * (1 - h * h)
        before, grads = self.by_state_backward(xp, p, cache, da)
        return da, (dropped(before, drop),), grads
