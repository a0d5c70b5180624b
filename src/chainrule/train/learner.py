"""The learner: weights that learn, and the one way in which they take a step, whoever asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chainrule.engine import Engine, placed
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError
from chainrule.optim import Clip, Constant, Horizon, Rule, Schedule, start_moments
from chainrule.seeds import Purpose
from chainrule.train.objective import Objective
from chainrule.train.steps import TrainingStep, shown_by, step_context
from chainrule.tree import fill, leaves, map_leaves
from chainrule.types import Array, Batch, Context, Params


def step_numbers(
    rule: Rule, schedule: Schedule, horizon: Horizon, rate: np.ndarray | float, steps: np.ndarray, since: int = 0
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the learning rates η of some steps, and the numbers that the rule needs for them.

    Parameters
    ----------
    rate : float, or array that `steps` broadcasts with
        η before scheduling.
    steps : int array
        Steps that were taken before each; 0 is the first.
    since : int
        The step at which the rule began to count.
    """
    rates = rate * schedule.factor(steps, horizon)
    return rates, rule.coefficients(steps - since + 1, rates)


@dataclass(frozen=True)
class LearnerState:
    """Everything that the next step depends on, as NumPy arrays of its own."""

    params: Params
    memory: Mapping[str, np.ndarray]
    count: int
    rule_count: int
    rate: float


class Learner:
    """Owns parameters, moments, step count and rate. `step` learns from one batch, `steps` from many in one call.

    ::

        learner = Learner(objective, params, rule=Adam(), engine=engine, rate=0.01)
        cost = learner.step(Batch(x, t))

    Parameters
    ----------
    objective : Objective
        What is minimised.
    params : tree
        Where it starts.
    rule : Rule
        How the weights move.
    engine : Engine
        Where it runs.
    rate : float
        η before scheduling; it may be set to another between two steps.
    schedule, horizon
        How η changes, and how long learning is to last: a schedule other than `Constant` has to know.
    clip : Clip
    seed : int
        Names the noise of the steps.
    count : int
        Steps that were taken before, elsewhere.

    Attributes
    ----------
    params : tree
        The weights that move, on the engine.
    moments : mapping of str to tree
        What the rule remembers, on the engine.
    count : int
        Steps so far: the schedule and the noise go by it.
    rule_count : int
        Steps since the rule began: corrections such as Adam's go by it.
    latest_rate : float
        η of the last step.
    """

    def __init__(
        self,
        objective: Objective,
        params: Params,
        *,
        rule: Rule,
        engine: Engine,
        rate: float,
        schedule: Schedule | None = None,
        horizon: Horizon | None = None,
        clip: Clip | None = None,
        seed: int = 0,
        count: int = 0,
    ) -> None:
        schedule = schedule or Constant()
        if horizon is None and not isinstance(schedule, Constant):
            raise ConfigError(
                f"a horizon, so that {type(schedule).__name__} knows how long learning lasts",
                "None",
                "Give horizon=Horizon(steps_per_epoch, epochs).",
            )
        self.objective = objective
        self.engine = engine
        self.rule = rule
        self.rate = self.latest_rate = rate
        self.count = self.rule_count = count
        self.params: Params = engine.place(params)
        self.moments: Mapping[str, Params] = {}
        self._schedule = schedule
        self._horizon = horizon or Horizon(1, 1)
        self._step = TrainingStep(objective, rule, clip or Clip())
        self._is_random = objective.is_random
        self._key = engine.key(seed, int(Purpose.NOISE)) if self._is_random else None
        self._place_moments()

    def _place_moments(self) -> None:
        moments = start_moments(self.rule, NUMPY, map_leaves(self.engine.numpy, self.params))
        self.moments = {name: self.engine.place(moment) for name, moment in moments.items()}

    @property
    def shown(self) -> Params:
        """The weights to be evaluated and kept, on the engine: those that move, or what the rule shows instead."""
        return shown_by(self.rule, self.engine, self.params, self.moments)

    def step(self, batch: Batch) -> float:
        """Take one step on a batch of arrays; return its cost before the step.

        Raises
        ------
        ShapeError, DataError
            If the objective cannot be computed on the batch.
        """
        self.objective.check(batch)
        costs = self.steps(placed(self.engine, batch), np.arange(batch.n_samples)[None])
        return float(self.engine.numpy(costs)[0])

    def steps(self, data: Batch, rows: np.ndarray) -> Array:
        """Take many steps in one call; return their costs, on the engine and perhaps still being computed.

        Parameters
        ----------
        data : Batch
            On the engine (see `train.batches.placed`).
        rows : int array (steps, batch size)
            Rows of each batch; -1, at the end of the last one, is padding.
        """
        t = self.count + np.arange(len(rows))
        since = self.count - self.rule_count
        rates, numbers = step_numbers(self.rule, self._schedule, self._horizon, self.rate, t, since)
        carry = (self.params, self.moments, self._key)
        (self.params, self.moments, self._key), costs = self.engine.run(
            self._step, carry, data, rows, {**numbers, "t": t} if self._is_random else numbers
        )
        self.count += len(rows)
        self.rule_count += len(rows)
        self.latest_rate = float(rates[-1])
        return costs

    def next_context(self) -> Context:
        """Return the context of the next step, with the noise that it will have."""
        return step_context(self.engine, self._key, self.count if self._is_random else None)

    def forget(self) -> None:
        """Let the rule begin anew at the weights as they are."""
        self.rule_count = 0
        self._place_moments()

    @property
    def memory(self) -> dict[str, np.ndarray]:
        """The moments as NumPy arrays by name, such as `mean.hidden1.W`."""
        return {
            f"{name}.{path}": np.array(self.engine.numpy(value))
            for name, moment in self.moments.items()
            for path, value in leaves(moment)
        }

    def remember(self, memory: Mapping[str, np.ndarray]) -> None:
        """Take the moments back that `memory` returned.

        Raises
        ------
        ConfigError
            If they are those of another rule or of other weights.
        """
        wanted = {
            f"{name}.{path}": np.shape(value) for name, moment in self.moments.items() for path, value in leaves(moment)
        }
        came = {name: np.shape(value) for name, value in memory.items()}
        if wanted != came:
            odd = sorted({name for name in {**wanted, **came} if wanted.get(name) != came.get(name)})
            raise ConfigError(
                f"the memory of {self.rule!r} for these weights",
                f"another one (see {', '.join(odd[:3])})",
                "Go on with the same rule and the same layers, or start without a memory.",
            )
        self.moments = {name: self.engine.place(fill(moment, memory, name)) for name, moment in self.moments.items()}

    @property
    def state(self) -> LearnerState:
        """A copy of everything that the next step depends on."""
        params = map_leaves(lambda value: np.array(self.engine.numpy(value)), self.params)
        return LearnerState(params, self.memory, self.count, self.rule_count, self.rate)

    def restore(self, state: LearnerState) -> None:
        """Go on from a state as if nothing had happened since; equal bits on NumPy."""
        self.remember(state.memory)
        self.params = self.engine.place(fill(self.params, dict(leaves(state.params))))
        self.count, self.rule_count, self.rate = state.count, state.rule_count, state.rate
