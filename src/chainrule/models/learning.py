"""From an estimator's parameters to the parts of a run: rule, schedule, policies, settings, engine."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from chainrule.engine import EngineChoice, choose, engine_by_name
from chainrule.models.stopping import PerSampleScaling
from chainrule.network.network import Network
from chainrule.optim import (
    LBFGS,
    RULES,
    SCHEDULES,
    Adam,
    Constant,
    GradientDescent,
    Momentum,
    Nesterov,
    Rule,
    Schedule,
    rule_by_name,
    schedule_by_name,
)
from chainrule.optim.rules import Coefficients, State
from chainrule.types import Array, Namespace

SOLVERS = ("lbfgs", "sgd", *RULES)
LEARNING_RATES = ("constant", "invscaling", "adaptive", *(name for name in SCHEDULES if name != "constant"))

# What SciPy, and scikit-learn with it, takes for an improvement that is not worth another iteration.
_COST_TOLERANCE = 1e7 * float(np.finfo(float).eps)


@dataclass
class Optimizer:
    """Where a fit has left its optimizer: `partial_fit` goes on from here.

    Attributes
    ----------
    learning_rate : float
        Of the next step.
    scale : float
        Product of all that an adaptive rate was divided by.
    steps : int
        Steps taken.
    state : dict of str to array
        What the rule remembers.
    """

    learning_rate: float
    scale: float = 1.0
    steps: int = 0
    state: dict[str, np.ndarray] = field(default_factory=dict)

    def suits(self, rule: Rule | LBFGS) -> bool:
        """Tell whether a rule can go on from what is remembered; one that cannot begins anew."""
        remembered = {name.partition(".")[0] for name in self.state}
        return isinstance(rule, Rule) and remembered == set(rule.moments)


@dataclass(frozen=True)
class PlainAdam(Rule):
    """Adam as scikit-learn has it: ε is added to √v before the corrections, not to √v̂ after them.

    Kingma & Ba, 2015, Adam: a method for stochastic optimization, end of section 2 (their ε̂). It is the same rule
    but for weights whose gradient is nearly zero.
    """

    adam: Adam = Adam()

    is_recordable: ClassVar[bool] = True
    moments: ClassVar[tuple[str, ...]] = Adam.moments
    equation: ClassVar[str] = (
        r"w \leftarrow w - \eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} \frac{m}{\sqrt{v} + \hat\epsilon}"
    )

    def coefficients(self, t: np.ndarray, rate: np.ndarray) -> dict[str, np.ndarray]:
        """Adam's, but for ε."""
        return {**self.adam.coefficients(t, rate), "epsilon": np.full(len(t), self.adam.epsilon)}

    def update(self, xp: Namespace, w: Array, g: Array, state: State, c: Coefficients) -> tuple[Array, State]:
        """Step as Adam."""
        return self.adam.update(xp, w, g, state, c)


class Order:
    """The rows of each epoch, shuffled on and on by the estimator's own random state, as scikit-learn does it."""

    def __init__(self, rng: np.random.RandomState, n_samples: int, *, shuffle: bool, epochs: int) -> None:
        self._rng = rng if shuffle else None
        self._rows = np.arange(n_samples)
        self._epochs = epochs
        self._latest = -1

    def __call__(self, epoch: int) -> np.ndarray:
        """Return the rows of the next epoch, or of this one again; one that will not be trained draws nothing."""
        if self._rng is not None and self._latest < epoch < self._epochs:
            self._latest = epoch
            shuffled = np.arange(len(self._rows))
            self._rng.shuffle(shuffled)
            self._rows = self._rows[shuffled]
        return self._rows


def rule_of(
    solver: Any, *, tol: float, max_fun: int, momentum: float, nesterov: bool, **settings: float
) -> Rule | LBFGS:
    """Return the optimizer that a solver's name stands for, or the optimizer that was given."""
    if isinstance(solver, (Rule, LBFGS)):
        return solver
    if solver == "lbfgs":
        return LBFGS(tolerance=float(tol), max_evaluations=int(max_fun), cost_tolerance=_COST_TOLERANCE)
    if solver == "sgd":
        if momentum == 0:
            return GradientDescent()
        return Nesterov(float(momentum)) if nesterov else Momentum(float(momentum))
    rule = rule_by_name(solver, momentum=float(momentum), **{name: float(value) for name, value in settings.items()})
    return PlainAdam(rule) if isinstance(rule, Adam) else rule


def schedule_of(
    learning_rate: Any, solver: Any, power: float, n_samples: int, seen: int, optimizer: Optimizer, *, fresh: bool
) -> Schedule:
    """Return the schedule that a learning rate's name stands for, or the schedule that was given."""
    if isinstance(learning_rate, Schedule):
        return learning_rate
    # As in scikit-learn, whose adam adapts its steps itself.
    ignored = isinstance(solver, str) and solver == "adam" and learning_rate == "invscaling"
    if learning_rate in ("constant", "adaptive") or ignored:
        return Constant()
    if learning_rate == "invscaling":
        return PerSampleScaling(float(power), n_samples, seen, optimizer.steps, fresh)
    return schedule_by_name(learning_rate)


def engine_of(name: str, dtype: str, network: Network, *, rows: int, steps: int, sparse: bool) -> EngineChoice:
    """Return the engine that was asked for or, for `auto`, the one that will be done first."""
    if sparse and name == "jax":
        reason = "the input is sparse, and JAX would have to fill in its zeros"
        warnings.warn(f"engine='numpy' is used instead of 'jax': {reason}", UserWarning, stacklevel=9)
        return EngineChoice(engine_by_name("numpy", dtype), reason)
    return choose(
        name, dtype, steps=steps, operations=3.0 * network.operations * rows, in_turn=network.in_turn, sparse=sparse
    )
