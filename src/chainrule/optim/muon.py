"""Muon: hidden matrices move as far in every direction; all other weights move by AdamW."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from chainrule.constraints import Kind, constrained, real
from chainrule.errors import ConfigError
from chainrule.optim.rules import Adam, Coefficients, Rule, State, register
from chainrule.tree import leaves
from chainrule.types import Array, Namespace, Params

# The coefficients of an odd polynomial that sends every number from 0 to 1 near 1 in five turns: steep at 0, and not
# exact at 1, where it wanders between 0.7 and 1.2. Which of them it is, changes little.
_POLYNOMIAL = (3.4445, -4.7750, 2.0315)
_TURNS = 5
_LEAST = 1e-7


@register("muon")
@dataclass(frozen=True)
class Muon(Rule):
    """The gradient's momentum with all its singular values brought near 1, as the step of a matrix.

    ::

        m ← μ m + (1 - μ) g          u = (1 - μ) g + μ m
        X ← u / ‖u‖,   five times    X ← a X + b (X Xᵀ) X + c (X Xᵀ)² X
        W ← (1 - η λ) W - η √max(1, H / D) X

    A gradient descends mostly along the few directions that are steep already; X has the directions of u, all of them as
    long. W (D, H) is a matrix of a layer whose name begins with `layers`; all other weights (the first and the last
    layer's if they are called otherwise, biases, factors) move by AdamW with a rate of their own. Jordan et al., 2024,
    Muon: an optimizer for hidden layers in neural networks; AdamW beside it as in Liu et al., 2025, Muon is scalable for
    LLM training.

    Parameters
    ----------
    layers : str
        What the names of layers with hidden matrices begin with. The last layer of a network should not be called so.
    momentum : float
        μ.
    decay : float
        λ, of both.
    elsewhere : float
        The rate of AdamW, as a share of η.
    beta1, beta2, epsilon : float
        Of AdamW.
    """

    layers: str = constrained(Kind(str), default="hidden")
    momentum: float = real(0.0, 1.0, high_open=True, default=0.95)
    decay: float = real(0.0, default=0.01)
    elsewhere: float = real(0.0, low_open=True, default=0.1)
    beta1: float = real(0.0, 1.0, high_open=True, default=0.9)
    beta2: float = real(0.0, 1.0, high_open=True, default=0.999)
    epsilon: float = real(0.0, low_open=True, default=1e-8)

    moments: ClassVar[tuple[str, ...]] = ("mean", "square")
    is_recordable: ClassVar[bool] = False
    usual_rate: ClassVar[float] = 0.02
    equation: ClassVar[str] = (
        r"m \leftarrow \mu m + (1 - \mu) g, \quad X \approx (u u^\top)^{-1/2} u, \quad u = (1 - \mu) g + \mu m, \quad "
        r"w \leftarrow (1 - \eta \lambda) w - \eta \sqrt{\max(1, H / D)} \, X"
    )

    @property
    def by_array(self) -> bool:
        """A matrix is moved as a whole."""
        return True

    @property
    def _adam(self) -> Adam:
        return _adam(self.beta1, self.beta2, self.epsilon)

    def coefficients(self, t: np.ndarray, rate: np.ndarray) -> dict[str, np.ndarray]:
        """AdamW's at its own rate, and η and 1 - η λ of the matrices."""
        elsewhere = self.elsewhere * rate
        others = {**self._adam.coefficients(t, elsewhere), "keep": 1 - elsewhere * self.decay}
        return {**others, "matrix_rate": rate, "matrix_keep": 1 - rate * self.decay}

    def check(self, params: Params) -> None:
        """Raise ConfigError where there is no hidden matrix: then it would be AdamW under another name."""
        if not any(self.is_hidden(path, np.shape(w)) for path, w in leaves(params)):
            names = sorted({path.rpartition(".")[0] for path, _ in leaves(params)})
            raise ConfigError(
                f"a layer whose name begins with {self.layers!r}, with a matrix that Muon moves",
                f"{', '.join(names[:6]) or 'none'}{', …' * (len(names) > 6)}",
                'Name the hidden layers so, ("hidden1", Dense(64)), set `layers`, or take AdamW.',
            )

    def is_hidden(self, path: str, shape: tuple[int, ...]) -> bool:
        """Tell whether an array of this dotted name is a matrix that is moved as a whole."""
        return len(shape) == 2 and any(name.startswith(self.layers) for name in path.split(".")[:-1])

    def update(self, xp: Namespace, w: Array, g: Array, state: State, c: Coefficients) -> tuple[Array, State]:
        """Shrink, then step as Adam: AdamW."""
        return self._adam.update(xp, c["keep"] * w, g, state, c)

    def update_array(
        self, xp: Namespace, path: str, w: Array, g: Array, state: State, c: Coefficients
    ) -> tuple[Array, State]:
        """Step along u with its singular values near 1; what is no hidden matrix, as AdamW."""
        if not self.is_hidden(path, tuple(w.shape)):
            return self.update(xp, w, g, state, c)
        m = self.momentum * state["mean"] + (1 - self.momentum) * g
        u = (1 - self.momentum) * g + self.momentum * m
        size = max(1.0, w.shape[1] / w.shape[0]) ** 0.5
        moved = c["matrix_keep"] * w - c["matrix_rate"] * (size * evened(xp, u))
        # What AdamW would remember besides, a matrix does not need: it stays zero.
        return moved, {"mean": m, "square": state["square"]}


# Asked for at each step, for every array.
@lru_cache(maxsize=16)
def _adam(beta1: float, beta2: float, epsilon: float) -> Adam:
    return Adam(beta1, beta2, epsilon)


def evened(xp: Namespace, u: Array) -> Array:
    """Return a matrix with the singular vectors of u (D, H) and all singular values near 1."""
    is_tall = u.shape[0] > u.shape[1]
    x = u.T if is_tall else u
    x = x / (xp.sqrt(xp.sum(x * x)) + _LEAST)
    a, b, c = _POLYNOMIAL
    for _ in range(_TURNS):
        square = x @ x.T
        x = a * x + (b * square + c * (square @ square)) @ x
    return x.T if is_tall else x
