"""GRU: a state that a gate mixes with a new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chainrule.nn.layer import Equations, Param, register
from chainrule.nn.recurrent.recurrent import NORMED_BACKWARD, NORMED_WHERE, Recurrent, State, dropped, sigmoid
from chainrule.types import Array, Cache, Namespace, Params, Shape


@register
@dataclass(frozen=True)
class GRU(Recurrent):
    """A state h of which a gate z keeps a share and takes the rest from a new state g, for which a gate r resets h.

    ::

        forward    r, z = σ(a_r + h[t-1] U_r), σ(a_z + h[t-1] U_z)     a[t] = x[t] W + b
                   q = h[t-1] U_g + c     g = tanh(a_g + r q)     h[t] = (1 - z) g + z h[t-1]
        backward   da_g = dh (1 - z) (1 - g²)     da_r = da_g q r (1 - r)     da_z = dh (h[t-1] - g) z (1 - z)
                   du = (da_r, da_z, da_g r)     dh[t-1] = dy[t-1] + dh[t] z + du[t] Uᵀ     dx[t] = da[t] Wᵀ
                   dW = Σₜ x[t]ᵀ da[t]     dU = Σₜ h[t-1]ᵀ du[t]     db = Σₜ Σₙ da[t]     dc = Σₜ Σₙ da_g[t] r[t]
        shapes     x (N, T, D)   W (D, 3H)   U (H, 3H)   b (3H,)   c (H,)   y (N, T, H) or (N, H); blocks r, z, g

    The reset gate acts after the product with U (`reset_after`, as in cuDNN, PyTorch and Keras; in the paper it acts on
    h before the product), which therefore has a bias c of its own. Where a mask leaves out a step, h stays as it was and
    y[t] is 0.

    Parameters
    ----------
    units, return_sequences, reverse, recurrent_dropout, init, recurrent_init, layer_norm
        As in `Recurrent`.
    """

    gates: ClassVar[int] = 3
    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(
            r"(a^r_t, a^z_t, a^g_t) = x_t W + b, \quad (u^r_t, u^z_t, u^g_t) = h_{t-1} U",
            r"r_t = \sigma(a^r_t + u^r_t), \quad z_t = \sigma(a^z_t + u^z_t), \quad "
            r"g_t = \tanh(a^g_t + r_t \odot (u^g_t + c))",
            r"h_t = (1 - z_t) \odot g_t + z_t \odot h_{t-1}, \quad h_{-1} = 0",
            "y_t = h_t",
        ),
        backward={
            "dx": r"\frac{\partial J}{\partial x_t} = \frac{\partial J}{\partial a_t} W^\top",
            "da": r"\frac{\partial J}{\partial a^g_t} = \frac{\partial J}{\partial h_t} (1 - z_t)(1 - g_t^2), \quad "
            r"\frac{\partial J}{\partial a^r_t} = \frac{\partial J}{\partial a^g_t} (u^g_t + c) r_t (1 - r_t), \quad "
            r"\frac{\partial J}{\partial a^z_t} = \frac{\partial J}{\partial h_t} (h_{t-1} - g_t) z_t (1 - z_t)",
            "dh": r"\frac{\partial J}{\partial h_{t-1}} = \frac{\partial J}{\partial y_{t-1}}"
            r"+ \frac{\partial J}{\partial h_t} \odot z_t + \frac{\partial J}{\partial u_t} U^\top, \quad "
            r"\frac{\partial J}{\partial u_t} = \left(\frac{\partial J}{\partial a^r_t},"
            r"\frac{\partial J}{\partial a^z_t}, \frac{\partial J}{\partial a^g_t} \odot r_t\right)",
            "dW": r"\frac{\partial J}{\partial W} = \sum_t x_t^\top \frac{\partial J}{\partial a_t}",
            "dU": r"\frac{\partial J}{\partial U} = \sum_t h_{t-1}^\top \frac{\partial J}{\partial u_t}",
            "db": r"\frac{\partial J}{\partial b} = \sum_t \sum_{n=1}^{N} \frac{\partial J}{\partial a_{nt}}",
            **NORMED_BACKWARD,
            "dc": r"\frac{\partial J}{\partial c} = \sum_t \sum_{n=1}^{N} \frac{\partial J}{\partial a^g_{nt}} r_{nt}",
        },
        where={
            "W": "weights of the input (D, 3H), blocks in the order r, z, g",
            "U": "weights of the state (H, 3H), likewise",
            "b": "biases (3H,), likewise",
            **NORMED_WHERE,
            "c": "biases of the state's part in g (H,)",
            "r, z": "gates that reset and keep the state (N, H)",
            "g": "the new state (N, H)",
            "h_t": "state after step t (N, H)",
        },
        source="Cho et al., 2014, Learning phrase representations using RNN encoder-decoder, eq. 5 to 8",
    )

    def params(self, shape: Shape) -> dict[str, Param]:
        """Return W (D, 3H), U (H, 3H), b (3H,) and c (H,)."""
        return super().params(shape) | {"c": Param((self.units,))}

    def cell(self, xp: Namespace, p: Params, a: Array, state: State, drop: Array | None) -> tuple[State, Cache]:
        """h = (1 - z) g + z h."""
        H = self.units
        h = state[0]
        u, kept = self.by_state(xp, p, dropped(h, drop))
        gates = sigmoid(xp, a[:, : 2 * H] + u[:, : 2 * H])
        r, z = gates[:, :H], gates[:, H:]
        q = u[:, 2 * H :] + p["c"]
        g = xp.tanh(a[:, 2 * H :] + r * q)
        change = h - g
        return (g + z * change,), {"gates": gates, "g": g, "q": q, "change": change, **kept}

    def cell_backward(
        self, xp: Namespace, p: Params, cache: Cache, ds: State, drop: Array | None
    ) -> tuple[Array, State, Params]:
        """The gates' da; to the state before goes dh z, and du Uᵀ through the product with U."""
        H = self.units
        gates, g, dh = cache["gates"], cache["g"], ds[0]
        r, z = gates[:, :H], gates[:, H:]
        through_z = dh * z
        da_g = (dh - through_z) * (1 - g * g)
        dgates = xp.concatenate([da_g * cache["q"], dh * cache["change"]], axis=1) * gates * (1 - gates)
        dq = da_g * r
        du = xp.concatenate([dgates, dq], axis=1)
        before, grads = self.by_state_backward(xp, p, cache, du)
        before = through_z + dropped(before, drop)
        return xp.concatenate([dgates, da_g], axis=1), (before,), {**grads, "c": xp.sum(dq, axis=0)}
