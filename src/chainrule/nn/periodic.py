"""Periodic: a number as waves of it, whose frequencies are learned: what repeats, or turns quickly, becomes linear."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from chainrule.constraints import real, whole
from chainrule.nn.layer import Equations, Layer, Param, register, require_vector
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape

_TURN = 2 * math.pi


@register
@dataclass(frozen=True)
class Periodic(Layer):
    """Each number beside sums of cosines of it; the frequencies and phases of the cosines are learned too.

    ::

        forward    y  = [x, h],   h[u] = Σₖ c[k] W[k,u] + b[u],   c = cos θ,   θ = 2π (f x + q)
        backward   dθ = -dc sin θ   with dc = dh Wᵀ
                   dx = dy₀ + 2π Σₖ dθ f      df = 2π Σₙ dθ x      dq = 2π Σₙ dθ      dW = Σₙ c dh      db = Σₙ dh
        shapes     x (N, D)   f, q (D, F)   W (D, F, U)   b (D, U)   y (N, D (1 + U)), input by input

    Each of the D inputs has f, q, W and b of its own.

    Parameters
    ----------
    frequencies : int
        F, the cosines of an input.
    units : int
        U, the sums of them; beside the number itself, each input becomes 1 + U values.
    sigma : float
        Deviation of the first frequencies. The larger, the sooner y can turn, and the sooner it overfits.
    """

    frequencies: int = whole(1, default=16)
    units: int = whole(1, default=3)
    sigma: float = real(0.0, low_open=True, default=0.1)

    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(
            r"y_{nd} = \left(x_{nd}, h_{nd1}, \dots, h_{ndU}\right)",
            r"h_{ndu} = \sum_k \cos(\theta_{ndk}) \, W_{dku} + b_{du}",
            r"\theta_{ndk} = 2 \pi \, (f_{dk} \, x_{nd} + q_{dk})",
        ),
        backward={
            "dx": r"\frac{\partial J}{\partial x_{nd}} = \frac{\partial J}{\partial y_{nd0}}"
            r"+ 2 \pi \sum_k \frac{\partial J}{\partial \theta_{ndk}} \, f_{dk}",
            "df": r"\frac{\partial J}{\partial f_{dk}} = 2 \pi \sum_n"
            r"\frac{\partial J}{\partial \theta_{ndk}} \, x_{nd}, \quad \frac{\partial J}{\partial \theta_{ndk}} ="
            r"-\sin(\theta_{ndk}) \sum_u \frac{\partial J}{\partial h_{ndu}} \, W_{dku}",
            "dq": r"\frac{\partial J}{\partial q_{dk}} = 2 \pi \sum_n \frac{\partial J}{\partial \theta_{ndk}}",
            "dW": r"\frac{\partial J}{\partial W_{dku}} = \sum_n \cos(\theta_{ndk}) \frac{\partial J}{\partial h_{ndu}}",
            "db": r"\frac{\partial J}{\partial b_{du}} = \sum_n \frac{\partial J}{\partial h_{ndu}}",
        },
        where={
            "f": "frequencies (D, F)",
            "q": "phases, in turns (D, F)",
            "W": "weights of the cosines (D, F, U)",
            "b": "biases (D, U)",
        },
        source="Gorishniy, Rubachev & Babenko, 2022, On embeddings for numerical features, eq. 2; with phases, biases "
        "and the number beside it: Holzmüller, Grinsztajn & Steinwart, 2024, Better by default, section 3",
    )

    def params(self, shape: Shape) -> dict[str, Param]:
        """Return f, q (D, F), W (D, F, U), penalised, and b (D, U)."""
        d = require_vector(self, shape)
        waves = (d, self.frequencies)
        return {
            "f": Param(waves, "normal", self.sigma),
            "q": Param(waves, "uniform"),
            "W": Param((*waves, self.units), "lecun", 1.0, (self.frequencies, self.units), penalised=True),
            "b": Param((d, self.units)),
        }

    def output_shape(self, shape: Shape) -> Shape:
        """(D,) becomes (D (1 + U),)."""
        return (require_vector(self, shape) * (1 + self.units),)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = [x, cos θ W + b]."""
        angle = _TURN * (x[:, :, None] * p["f"] + p["q"])
        # One product for each input: (D, N, F) times (D, F, U).
        h = (xp.cos(angle).transpose(1, 0, 2) @ p["W"]).transpose(1, 0, 2) + p["b"]
        y = xp.concatenate([x[:, :, None], h], axis=2)
        return xp.reshape(y, (x.shape[0], -1)), {"x": x, "angle": angle}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dθ = -dc sin θ; from it dx, df and dq, and dW = Σₙ c dh, db = Σₙ dh."""
        x, angle = cache["x"], cache["angle"]
        dy = xp.reshape(dy, (*x.shape, 1 + self.units))
        dh = dy[:, :, 1:]
        by_input = dh.transpose(1, 0, 2)
        dc = (by_input @ p["W"].transpose(0, 2, 1)).transpose(1, 0, 2)
        turned = -_TURN * dc * xp.sin(angle)
        dx = dy[:, :, 0] + xp.sum(turned * p["f"], axis=2)
        return dx, {
            "f": xp.sum(turned * x[:, :, None], axis=0),
            "q": xp.sum(turned, axis=0),
            "W": xp.cos(angle).transpose(1, 2, 0) @ by_input,
            "b": xp.sum(dh, axis=0),
        }
