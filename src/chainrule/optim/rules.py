"""Rules: how one array of weights moves, given its gradient. Each is written once, for an array of any shape."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeAlias, TypeVar

import numpy as np

from chainrule.constraints import check_fields, real
from chainrule.errors import ConfigError, did_you_mean
from chainrule.tree import leaves, map_leaves
from chainrule.types import Array, Namespace, Params

State: TypeAlias = Mapping[str, Array]
Coefficients: TypeAlias = Mapping[str, Any]


class Rule(ABC):
    """A frozen value with one pure method, elementwise in every array, so that it serves a leaf or a whole network.

    What depends on time alone is computed by `coefficients` on the host, in float64: 1 - βᵗ would lose half its
    digits in float32, and a schedule may use any arithmetic. `update` gets one number for each.

    Attributes
    ----------
    moments : tuple of str
        Names of the arrays, of the weights' shape, that the rule remembers between steps.
    is_recordable : bool
        Whether `update` may be recorded once and played again instead of being called, on NumPy. A class has to say so
        in its own body.
    by_rows : bool
        Whether `update` leaves a weight without a gradient, and its moments, exactly as they are, or the rule wants them
        left alone; of a table's gradient by rows, the named rows alone are handled then. Said in a class's own body too.
    by_array : bool
        Whether `update_array` is to be called for each array in its own shape, instead of `update` for any piece of them.
    usual_rate : float
        η where nobody says another.
    """

    is_recordable: ClassVar[bool] = False
    by_rows: ClassVar[bool] = False
    usual_rate: ClassVar[float] = 0.001
    moments: ClassVar[tuple[str, ...]] = ()
    equation: ClassVar[str]

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self)

    def coefficients(self, t: np.ndarray, rate: np.ndarray) -> dict[str, np.ndarray]:
        """Return the numbers that `update` needs for the steps t = 1, 2, …, whose learning rates η are `rate`."""
        return {"rate": rate}

    def start(self, xp: Namespace, w: Array) -> State:
        """Return the moments before the first step from the weights w: zeros, unless a rule says otherwise."""
        return {name: xp.zeros_like(w) for name in self.moments}

    @property
    def by_array(self) -> bool:
        """Whether arrays are moved as a whole."""
        return False

    def check(self, params: Params) -> None:
        """Raise ConfigError where the rule does not suit weights, before the first step."""

    @abstractmethod
    def update(self, xp: Namespace, w: Array, g: Array, state: State, c: Coefficients) -> tuple[Array, State]:
        """Return the new weights and the new state; g = ∂J/∂w."""

    def update_array(
        self, xp: Namespace, path: str, w: Array, g: Array, state: State, c: Coefficients
    ) -> tuple[Array, State]:
        """Return the same for a whole array in its own shape, under its dotted name."""
        return self.update(xp, w, g, state, c)

    def shown(self, params: Params, moments: Mapping[str, Params]) -> Params:
        """Return the weights, as a tree, to be evaluated and kept: those that move, unless a rule says otherwise."""
        return params

    @property
    def shows_another(self) -> bool:
        """Whether `shown` is of the rule's own: other weights than those that move."""
        return type(self).shown is not Rule.shown


def start_moments(rule: Rule, xp: Namespace, params: Params) -> dict[str, Params]:
    """Return what a rule remembers before the first step from `params`: for each moment a tree like theirs.

    Raises
    ------
    ConfigError
        If `start` returns other moments than the rule names, or one of another shape than the weights.
    """
    rule.check(params)
    for path, w in leaves(params):
        shapes = {name: np.shape(value) for name, value in rule.start(xp, w).items()}
        wanted = dict.fromkeys(rule.moments, np.shape(w))
        if shapes != wanted:
            raise ConfigError(
                f"{type(rule).__name__}.start to return {wanted} for {path}", f"{shapes}", "Return one array for each."
            )

    def start(name: str) -> Params:
        return map_leaves(lambda w: rule.start(xp, w)[name], params)

    return {name: start(name) for name in rule.moments}


T = TypeVar("T", bound=type[Rule])

RULES: dict[str, type[Rule]] = {}


def register(name: str) -> Any:
    """Enter a rule in the registry under the name that configurations use."""

    def enter(rule: T) -> T:
        if RULES.setdefault(name, rule) is not rule:
            raise ConfigError("an optimizer with a name of its own", f"a second {name!r}", "Give it another name.")
        return rule

    return enter


@register("gradient_descent")
@dataclass(frozen=True)
class GradientDescent(Rule):
    """w ← w - η ∂J/∂w."""

    is_recordable: ClassVar[bool] = True
    usual_rate: ClassVar[float] = 0.1
    by_rows: ClassVar[bool] = True
    equation: ClassVar[str] = r"w \leftarrow w - \eta \frac{\partial J}{\partial w}"

    def update(self, xp: Namespace, w: Array, g: Array, state: State, c: Coefficients) -> tuple[Array, State]:
        """Step against the gradient of the cost."""
        return w - c["rate"] * g, state


@register("gradient_ascent")
@dataclass(frozen=True)
class GradientAscent(Rule):
    """w ← w + η ∂L/∂w: uphill on the log-likelihood L = -J, which is the same step."""

    is_recordable: ClassVar[bool] = True
    usual_rate: ClassVar[float] = 0.1
    by_rows: ClassVar[bool] = True
    equation: ClassVar[str] = r"w \leftarrow w + \eta \frac{\partial L}{\partial w}, \quad L = -J"

    def update(self, xp: Namespace, w: Array, g: Array, state: State, c: Coefficients) -> tuple[Array, State]:
        """Step along the gradient of the log-likelihood."""
        dL = -g
        return w + c["rate"] * dL, state


@register("momentum")
@dataclass(frozen=True)
class Momentum(Rule):
    """v ← μ v - η ∂J/∂w,   w ← w + v. Polyak, 1964, Some methods of speeding up the convergence."""

    momentum: float = real(0.0, 1.0, default=0.9)

    moments: ClassVar[tuple[str, ...]] = ("velocity",)
    is_recordable: ClassVar[bool] = True
    usual_rate: ClassVar[float] = 0.03
    equation: ClassVar[str] = r"v \leftarrow \mu v - \eta \frac{\partial J}{\partial w}, \quad w \leftarrow w + v"

    def update(self, xp: Namespace, w: Array, g: Array, state: State, c: Coefficients) -> tuple[Array, State]:
        """Keep rolling in the old direction, corrected by the gradient."""
        v = self.momentum * state["velocity"]
        v -= c["rate"] * g
        return w + v, {"velocity": v}


@register("nesterov")
@dataclass(frozen=True)
class Nesterov(Rule):
    """v ← μ v - η ∂J/∂w,   w ← w + μ v - η ∂J/∂w: the gradient as if taken one step of v ahead.

    Sutskever et al., 2013, On the importance of initialization and momentum, eq. 3 and 4, in the form in which
    the stored weights are the looked-ahead ones.
    """

    momentum: float = real(0.0, 1.0, default=0.9)

    moments: ClassVar[tuple[str, ...]] = ("velocity",)
    is_recordable: ClassVar[bool] = True
    usual_rate: ClassVar[float] = 0.03
    equation: ClassVar[str] = (
        r"v \leftarrow \mu v - \eta \frac{\partial J}{\partial w}, \quad "
        r"w \leftarrow w + \mu v - \eta \frac{\partial J}{\partial w}"
    )

    def update(self, xp: Namespace, w: Array, g: Array, state: State, c: Coefficients) -> tuple[Array, State]:
        """Roll on, and look ahead."""
        step = c["rate"] * g
        v = self.momentum * state["velocity"]
        v -= step
        return w + self.momentum * v - step, {"velocity": v}


@register("rmsprop")
@dataclass(frozen=True)
class RMSProp(Rule):
    """s ← ρ s + (1 - ρ) g²,   w ← w - η g / (√s + ε). Tieleman & Hinton, 2012, Lecture 6.5. ε outside the root."""

    decay: float = real(0.0, 1.0, high_open=True, default=0.9)
    epsilon: float = real(0.0, low_open=True, default=1e-8)

    moments: ClassVar[tuple[str, ...]] = ("square",)
    is_recordable: ClassVar[bool] = True
    equation: ClassVar[str] = (
        r"s \leftarrow \rho s + (1 - \rho) g^2, \quad w \leftarrow w - \frac{\eta \, g}{\sqrt{s} + \epsilon}"
    )

    def update(self, xp: Namespace, w: Array, g: Array, state: State, c: Coefficients) -> tuple[Array, State]:
        """Divide the step by the recent size of the gradient."""
        s = self.decay * state["square"]
        s += (1 - self.decay) * (g * g)
        return w - c["rate"] * g / (xp.sqrt(s) + self.epsilon), {"square": s}


@register("adagrad")
@dataclass(frozen=True)
class AdaGrad(Rule):
    """s ← s + g²,   w ← w - η g / (√s + ε). Duchi, Hazan & Singer, 2011, Adaptive subgradient methods. ε outside."""

    epsilon: float = real(0.0, low_open=True, default=1e-8)

    moments: ClassVar[tuple[str, ...]] = ("square",)
    is_recordable: ClassVar[bool] = True
    usual_rate: ClassVar[float] = 0.03
    by_rows: ClassVar[bool] = True
    equation: ClassVar[str] = r"s \leftarrow s + g^2, \quad w \leftarrow w - \frac{\eta \, g}{\sqrt{s} + \epsilon}"

    def update(self, xp: Namespace, w: Array, g: Array, state: State, c: Coefficients) -> tuple[Array, State]:
        """Divide the step by the size of all gradients so far."""
        s = state["square"] + g * g
        return w - c["rate"] * g / (xp.sqrt(s) + self.epsilon), {"square": s}


@register("adam")
@dataclass(frozen=True)
class Adam(Rule):
    """Momentum and RMSProp together, both corrected for having started at zero.

    ::

        m ← β₁ m + (1 - β₁) g        m̂ = m / (1 - β₁ᵗ)
        v ← β₂ v + (1 - β₂) g²       v̂ = v / (1 - β₂ᵗ)
        w ← w - η m̂ / (√v̂ + ε)

    Kingma & Ba, 2015, Adam: a method for stochastic optimization, algorithm 1. ε outside the root.
    """

    beta1: float = real(0.0, 1.0, high_open=True, default=0.9)
    beta2: float = real(0.0, 1.0, high_open=True, default=0.999)
    epsilon: float = real(0.0, low_open=True, default=1e-8)

    moments: ClassVar[tuple[str, ...]] = ("mean", "square")
    is_recordable: ClassVar[bool] = True
    equation: ClassVar[str] = (
        r"m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad "
        r"w \leftarrow w - \eta \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}"
    )

    def coefficients(self, t: np.ndarray, rate: np.ndarray) -> dict[str, np.ndarray]:
        """η √(1 - β₂ᵗ) / (1 - β₁ᵗ) and ε √(1 - β₂ᵗ): both corrections in two numbers, none left for the arrays."""
        root = np.sqrt(1 - self.beta2**t)
        return {"rate": rate * root / (1 - self.beta1**t), "epsilon": self.epsilon * root}

    def update(self, xp: Namespace, w: Array, g: Array, state: State, c: Coefficients) -> tuple[Array, State]:
        """Step along the mean gradient, divided by its recent size."""
        m = self.beta1 * state["mean"]
        m += (1 - self.beta1) * g
        v = self.beta2 * state["square"]
        square = g * g
        square *= 1 - self.beta2
        v += square
        size = xp.sqrt(v)
        size += c["epsilon"]
        step = c["rate"] * m
        step /= size
        return w - step, {"mean": m, "square": v}


@register("adamw")
@dataclass(frozen=True)
class AdamW(Rule):
    """Adam, with all weights shrunk by η λ w at each step instead of a penalty in the cost.

    Loshchilov & Hutter, 2019, Decoupled weight decay regularization, algorithm 2 (λ times the learning rate, as
    PyTorch has it).
    """

    decay: float = real(0.0, default=0.01)
    beta1: float = real(0.0, 1.0, high_open=True, default=0.9)
    beta2: float = real(0.0, 1.0, high_open=True, default=0.999)
    epsilon: float = real(0.0, low_open=True, default=1e-8)

    moments: ClassVar[tuple[str, ...]] = ("mean", "square")
    is_recordable: ClassVar[bool] = True
    equation: ClassVar[str] = r"w \leftarrow (1 - \eta \lambda) w - \eta \frac{\hat m}{\sqrt{\hat v} + \epsilon}"

    @property
    def _adam(self) -> Adam:
        return Adam(self.beta1, self.beta2, self.epsilon)

    def coefficients(self, t: np.ndarray, rate: np.ndarray) -> dict[str, np.ndarray]:
        """Adam's, and 1 - η λ."""
        return {**self._adam.coefficients(t, rate), "keep": 1 - rate * self.decay}

    def update(self, xp: Namespace, w: Array, g: Array, state: State, c: Coefficients) -> tuple[Array, State]:
        """Shrink, then step as Adam."""
        return self._adam.update(xp, c["keep"] * w, g, state, c)


def rule_by_name(name: str, **settings: Any) -> Rule:
    """Return the rule called `name`, with those of `settings` that it has."""
    if name not in RULES:
        raise ConfigError("the name of an optimizer", f"{name!r}", did_you_mean(name, [*RULES, "lbfgs"]))
    rule = RULES[name]
    known = {field.name for field in fields(rule)}  # type: ignore[arg-type]
    return rule(**{key: value for key, value in settings.items() if key in known})
