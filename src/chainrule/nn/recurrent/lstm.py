"""LSTM: a cell whose memory is added to rather than multiplied, so that errors reach far back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from chainrule.nn.layer import Equations, Param, register
from chainrule.nn.recurrent.recurrent import NORMED_BACKWARD, NORMED_WHERE, Recurrent, State, dropped, sigmoid
from chainrule.types import Array, Cache, Namespace, Params, Shape


@register
@dataclass(frozen=True)
class LSTM(Recurrent):
    """A memory c that gates write to (i), forget from (f) and show (o); h = o tanh c. No peepholes.

    ::

        forward    i, f, o = σ(aᵢ), σ(a_f), σ(aₒ)     g = tanh(a_g)     a[t] = x[t] W + h[t-1] U + b
                   c[t] = f c[t-1] + i g     h[t] = o tanh c[t]
        backward   dh[t] = dy[t] + da[t+1] Uᵀ     dc[t] = dh[t] o (1 - tanh² c[t]) + dc[t+1] f[t+1]
                   da = (dc g i (1 - i), dc c[t-1] f (1 - f), dh tanh c o (1 - o), dc i (1 - g²))     dx[t] = da[t] Wᵀ
                   dW = Σₜ x[t]ᵀ da[t]     dU = Σₜ h[t-1]ᵀ da[t]     db = Σₜ Σₙ da[t]
        shapes     x (N, T, D)   W (D, 4H)   U (H, 4H)   b (4H,)   y (N, T, H) or (N, H); blocks in the order i, f, o, g

    The forget gate's biases start at 1, all others at 0. Where a mask leaves out a step, c and h stay as they were and
    y[t] is 0.

    Parameters
    ----------
    units, return_sequences, reverse, recurrent_dropout, init, recurrent_init, layer_norm
        As in `Recurrent`.
    """

    gates: ClassVar[int] = 4
    parts: ClassVar[int] = 2
    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(
            r"(a^i_t, a^f_t, a^o_t, a^g_t) = x_t W + h_{t-1} U + b",
            r"i_t = \sigma(a^i_t), \quad f_t = \sigma(a^f_t), \quad o_t = \sigma(a^o_t), \quad g_t = \tanh(a^g_t)",
            r"c_t = f_t \odot c_{t-1} + i_t \odot g_t, \quad h_t = o_t \odot \tanh c_t, \quad c_{-1} = h_{-1} = 0",
            "y_t = h_t",
        ),
        backward={
            "dx": r"\frac{\partial J}{\partial x_t} = \frac{\partial J}{\partial a_t} W^\top",
            "dh": r"\frac{\partial J}{\partial h_t} = \frac{\partial J}{\partial y_t}"
            r"+ \frac{\partial J}{\partial a_{t+1}} U^\top",
            "dc": r"\frac{\partial J}{\partial c_t} = \frac{\partial J}{\partial h_t} \odot o_t \odot (1 - \tanh^2 c_t)"
            r"+ \frac{\partial J}{\partial c_{t+1}} \odot f_{t+1}",
            "da": r"\frac{\partial J}{\partial a^i_t} = \frac{\partial J}{\partial c_t} g_t i_t (1 - i_t), \quad "
            r"\frac{\partial J}{\partial a^f_t} = \frac{\partial J}{\partial c_t} c_{t-1} f_t (1 - f_t), \quad "
            r"\frac{\partial J}{\partial a^o_t} = \frac{\partial J}{\partial h_t} \tanh(c_t) o_t (1 - o_t), \quad "
            r"\frac{\partial J}{\partial a^g_t} = \frac{\partial J}{\partial c_t} i_t (1 - g_t^2)",
            "dW": r"\frac{\partial J}{\partial W} = \sum_t x_t^\top \frac{\partial J}{\partial a_t}",
            "dU": r"\frac{\partial J}{\partial U} = \sum_t h_{t-1}^\top \frac{\partial J}{\partial a_t}",
            "db": r"\frac{\partial J}{\partial b} = \sum_t \sum_{n=1}^{N} \frac{\partial J}{\partial a_{nt}}",
            **NORMED_BACKWARD,
        },
        where={
            "W": "weights of the input (D, 4H), blocks in the order i, f, o, g",
            "U": "weights of the state (H, 4H), likewise",
            "b": "biases (4H,), likewise",
            **NORMED_WHERE,
            "i, f, o": "gates that write, forget and show (N, H)",
            "g": "what may be written (N, H)",
            "c_t": "memory after step t (N, H)",
            "h_t": "state after step t (N, H)",
        },
        source="Hochreiter & Schmidhuber, 1997, Long short-term memory; Gers et al., 2000, Learning to forget, eq. 1 to 6",
    )

    def params(self, shape: Shape) -> dict[str, Param]:
        """Return W (D, 4H), U (H, 4H) and b (4H,), which starts at 1 for the forget gate."""
        p = super().params(shape)
        return p | {"b": replace(p["b"], init="forget")}

    def cell(self, xp: Namespace, p: Params, a: Array, state: State, drop: Array | None) -> tuple[State, Cache]:
        """c = f c + i g, h = o tanh c."""
        H = self.units
        c_before = state[1]
        u, kept = self.by_state(xp, p, dropped(state[0], drop))
        a = a + u
        gates = sigmoid(xp, a[:, : 3 * H])
        i, f, o = gates[:, :H], gates[:, H : 2 * H], gates[:, 2 * H :]
        g = xp.tanh(a[:, 3 * H :])
        c = f * c_before + i * g
        tanh_c = xp.tanh(c)
        h = o * tanh_c
        return (h, c), {"gates": gates, "g": g, "tanh_c": tanh_c, "c_before": c_before, **kept}

    def cell_backward(
        self, xp: Namespace, p: Params, cache: Cache, ds: State, drop: Array | None
    ) -> tuple[Array, State, Params]:
        """dc gains dh o (1 - tanh² c); the gates' da; to the memory before goes dc f, to the state before da Uᵀ."""
        H = self.units
        gates, g, tanh_c = cache["gates"], cache["g"], cache["tanh_c"]
        i, f, o = gates[:, :H], gates[:, H : 2 * H], gates[:, 2 * H :]
        dh, dc = ds
        dc = dc + dh * o * (1 - tanh_c * tanh_c)
        dgates = xp.concatenate([dc * g, dc * cache["c_before"], dh * tanh_c], axis=1)
        da = xp.concatenate([dgates * gates * (1 - gates), dc * i * (1 - g * g)], axis=1)
        before, grads = self.by_state_backward(xp, p, cache, da)
        return da, (dropped(before, drop), dc * f), grads
