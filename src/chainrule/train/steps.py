"""Steppers: how an epoch's steps are taken, by batches with a rule or over all data with L-BFGS."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar, TypeAlias

import numpy as np

from chainrule.engine import Engine, placed
from chainrule.large.streamed import Streamed
from chainrule.optim import AVERAGE, LBFGS, Clip, Horizon, Rule, Schedule
from chainrule.seeds import Purpose
from chainrule.train.batches import cut, epoch_rows
from chainrule.train.objective import Objective, Stateful, stateful
from chainrule.tree import fill, leaves, map_leaves
from chainrule.types import Array, Batch, Context, Key, Params, as_dense, says

# The order of the rows in an epoch (0 is the first). Epochs are asked for in turn, one perhaps again: at a new rate.
Order: TypeAlias = Callable[[int], np.ndarray]

_LEARNING = Context(train=True)
# An event at least this often, in seconds of arithmetic at a modest speed, so that a progress bar moves.
_EVENT_SECONDS = 0.5
_OPERATIONS_PER_SECOND = 30e9


@dataclass(frozen=True, slots=True)
class Progress:
    """Some steps of an epoch: how many are done, their costs, and the learning rate of the last."""

    step: int
    costs: np.ndarray
    rate: float


@dataclass(frozen=True, slots=True)
class Plan:
    """An epoch before it is run: the rows of each batch, each step's rate, and each step's numbers for the rule.

    Of a stream, the rows are known when a chunk of it has been read.
    """

    epoch: int
    rate: float
    rows: np.ndarray
    rates: np.ndarray
    numbers: Mapping[str, np.ndarray]

    def is_for(self, epoch: int, rate: float) -> bool:
        """Tell whether this is the plan for an epoch at a rate (which a policy may have changed meanwhile)."""
        return self.epoch == epoch and self.rate == rate


class Stepper(ABC):
    """Owns the weights while they move, and everything that must be saved to go on later."""

    # The weights that move.
    params: Params
    # Why there is nothing left to do, where it was the stepper that found out.
    ended: str = ""

    @property
    def shown(self) -> Params:
        """The weights to be evaluated and kept: those that move, or their average where the rule keeps one."""
        return self.params

    @property
    @abstractmethod
    def steps_per_epoch(self) -> int:
        """Steps in each epoch."""

    @abstractmethod
    def epoch(self, epoch: int, rate: float) -> Iterator[Progress]:
        """Take the steps of an epoch (0 is the first) at the learning rate `rate` before scheduling."""

    def state(self) -> dict[str, np.ndarray]:
        """Return arrays by name beyond the weights that the next step depends on."""
        return {}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back what `state` returned."""

    def close(self) -> None:
        """End what runs in the background."""


@dataclass(frozen=True)
class TrainingStep:
    """The program of one step: cost, gradients, clipping, rule; then the state that no rule moves."""

    objective: Objective
    rule: Rule
    clip: Clip

    is_recordable: ClassVar[bool] = True

    @cached_property
    def _stateful(self) -> Stateful | None:
        return stateful(self.objective)

    def __call__(self, engine: Engine, carry: Any, batch: Batch, c: Mapping[str, Any]) -> tuple[Any, Array]:
        """(weights, moments, key), batch -> the same after the step, and the cost before it."""
        params, moments, key = carry
        ctx = Context(True, engine.xp.fold(key, c["t"])) if "t" in c else _LEARNING
        state: Params = {}
        if self._stateful is None:
            cost, grads = self.objective.loss_and_grads(engine.xp, params, batch, ctx)
        else:
            # Before the rule: it may move the weights in place, and the new state depends on the old.
            cost, grads, state = self._stateful.loss_grads_and_state(engine.xp, params, batch, ctx)
        if self.clip:
            grads = self.clip(engine.xp, grads)
        by_rows = says(self.rule, "by_rows")
        params, moments = engine.each(self.rule.update, params, grads, moments, c, by_rows=by_rows)
        if state:
            params = engine.put(params, state)
        return (params, moments, key), cost


class BatchStepper(Stepper):
    """One step for each batch."""

    def __init__(
        self,
        objective: Objective,
        data: Batch | Streamed,
        params: Params,
        *,
        rule: Rule,
        schedule: Schedule,
        clip: Clip,
        engine: Engine,
        batch_size: int,
        epochs: int,
        seed: int,
        shuffle: bool = True,
        order: Order | None = None,
        taken: int = 0,
    ) -> None:
        self._engine = engine
        self._order = order
        self._taken = taken
        self._objective = objective
        self._data = data if isinstance(data, Streamed) else placed(engine, data)
        self._n_samples = data.n_samples
        self._batch_size = batch_size
        self._seed = seed
        self._shuffle = shuffle
        self._rule = rule
        self._schedule = schedule
        self._horizon = Horizon(-(-self._n_samples // batch_size), epochs)
        self._step = TrainingStep(objective, rule, clip)
        self._is_random = objective.is_random
        self._ahead = Plan(-1, 0.0, np.empty((0, 0), int), np.empty(0), {})
        self._chunk = self._chunk_size(objective)
        self.params = engine.place(params)
        self._key = engine.key(seed, int(Purpose.NOISE)) if self._is_random else None
        # An average starts at the weights, whatever else a rule remembers at zero.
        self._moments: Mapping[str, Params] = {
            name: engine.place(params) if name == AVERAGE else engine.zeros(self.params) for name in rule.moments
        }

    @property
    def shown(self) -> Params:
        """The average where the rule keeps one."""
        return self._moments.get(AVERAGE, self.params)

    def _chunk_size(self, objective: Objective) -> int:
        work = 3 * objective.operations * self._n_samples
        chunks = max(1, math.ceil(work / _OPERATIONS_PER_SECOND / _EVENT_SECONDS))
        return math.ceil(self.steps_per_epoch / chunks)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in the data set, the last one perhaps smaller."""
        return self._horizon.steps_per_epoch

    def epoch(self, epoch: int, rate: float) -> Iterator[Progress]:
        """Run the steps of the epoch's plan, chunk by chunk."""
        plan = self._ahead if self._ahead.is_for(epoch, rate) else self._plan(epoch, rate)
        start = 0
        for data, rows in self._chunks(plan):
            part = slice(start, start + len(rows))
            (self.params, self._moments, self._key), costs = self._engine.run(
                self._step,
                (self.params, self._moments, self._key),
                data,
                rows,
                {name: column[part] for name, column in plan.numbers.items()},
            )
            start = part.stop
            if start >= len(plan.rates):
                # An engine that computes in the background is still at it: plan the next epoch meanwhile.
                self._ahead = self._plan(epoch + 1, rate)
            yield Progress(start, self._engine.numpy(costs), float(plan.rates[part][-1]))

    def _chunks(self, plan: Plan) -> Iterator[tuple[Batch, np.ndarray]]:
        """Yield data on the engine with the rows of some of its batches."""
        if not isinstance(self._data, Streamed):
            yield from ((self._data, rows) for rows in _cut(plan.rows, self._chunk))
            return
        options: dict[str, Any] = {"seed": self._seed, "batch_size": self._batch_size, "shuffle": self._shuffle}
        for chunk in self._data.epoch(plan.epoch, **options):
            self._objective.check(chunk)
            # Its rows have been mixed already.
            rows = cut(np.arange(chunk.n_samples), self._batch_size)
            data = placed(self._engine, chunk)
            yield from ((data, part) for part in _cut(rows, self._chunk))

    def _plan(self, epoch: int, rate: float) -> Plan:
        if isinstance(self._data, Streamed):
            rows = np.empty((0, self._batch_size), int)
        elif self._order is None:
            rows = epoch_rows(self._n_samples, self._batch_size, seed=self._seed, epoch=epoch, shuffle=self._shuffle)
        else:
            rows = cut(self._order(epoch), self._batch_size)
        steps = self.steps_per_epoch
        t = self._taken + epoch * steps + np.arange(steps)
        rates = rate * self._schedule.factor(t, self._horizon)
        numbers = self._rule.coefficients(t + 1, rates)
        return Plan(epoch, rate, rows, rates, {**numbers, "t": t} if self._is_random else numbers)

    def state(self) -> dict[str, np.ndarray]:
        """Return the rule's moments."""
        return {
            f"{name}.{path}": np.array(self._engine.numpy(value))
            for name, moment in self._moments.items()
            for path, value in leaves(moment)
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Place the rule's moments."""
        self._moments = {name: self._engine.place(fill(moment, state, name)) for name, moment in self._moments.items()}


def _cut(rows: np.ndarray, steps: int) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), steps):
        yield rows[start : start + steps]


@dataclass(frozen=True)
class LossAndGrads:
    """The program of a whole data set's cost and gradients."""

    objective: Objective

    def __call__(self, engine: Engine, params: Params, data: Batch, ctx: Key) -> tuple[Array, Params]:
        """Return the cost and the gradients; randomness, if any, is drawn once for the whole search."""
        cost, grads = self.objective.loss_and_grads(engine.xp, params, data, Context(True, ctx))
        return cost, map_leaves(partial(as_dense, engine.xp), grads)


@dataclass(frozen=True)
class WithState:
    """The program that returns parameters with the state that a whole data set, seen at once, gives them."""

    objective: Stateful

    def __call__(self, engine: Engine, params: Params, data: Batch, key: Key) -> Params:
        """Return the parameters, with nothing of their old state."""
        state = self.objective.loss_grads_and_state(engine.xp, params, data, Context(True, key), 0.0)[2]
        return engine.put(params, state)


class FullBatchStepper(Stepper):
    """One iteration of L-BFGS an epoch. Its memory of curvature lives in SciPy: a resumed run builds it anew.

    State, such as BatchNorm's running mean, has a gradient of zero and so stays out of the search; after each
    iteration it is what the whole training data give at the new weights.
    """

    steps_per_epoch = 1

    def __init__(
        self,
        objective: Objective,
        data: Batch,
        params: Params,
        *,
        method: LBFGS,
        engine: Engine,
        epochs: int,
        seed: int,
    ) -> None:
        self._engine = engine
        self._data = placed(engine, data)
        self._program = engine.compile(LossAndGrads(objective))
        with_state = stateful(objective)
        self._with_state = None if with_state is None else engine.compile(WithState(with_state))
        self._key = engine.key(seed, int(Purpose.NOISE))
        self._layout = [(path, np.shape(value)) for path, value in leaves(params)]
        self._template = params
        self._method = method
        self._epochs = epochs
        self.params = engine.place(params)
        self._search: Generator[tuple[np.ndarray, float], None, str] | None = None

    def _tree(self, flat: np.ndarray) -> Params:
        named, start = {}, 0
        for path, shape in self._layout:
            stop = start + math.prod(shape)
            named[path] = flat[start:stop].reshape(shape)
            start = stop
        return self._engine.place(fill(self._template, named))

    def _flat(self, tree: Params) -> np.ndarray:
        named = dict(leaves(tree))
        parts = [np.asarray(self._engine.numpy(named[path]), np.float64).reshape(-1) for path, _ in self._layout]
        return np.concatenate(parts)

    def _cost_and_gradient(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        cost, grads = self._program(self._tree(flat), self._data, self._key)
        return float(cost), self._flat(grads)

    def epoch(self, epoch: int, rate: float) -> Iterator[Progress]:
        """Ask the search for its next iteration; no progress at all means that it has converged."""
        if self._search is None:
            self._search = self._method.iterate(self._cost_and_gradient, self._flat(self.params), self._epochs - epoch)
        try:
            flat, cost = next(self._search)
        except StopIteration as end:
            self.ended = end.value
            return
        self.params = self._tree(flat)
        if self._with_state is not None:
            self.params = self._with_state(self.params, self._data, self._key)
        yield Progress(1, np.array([cost]), 1.0)

    def close(self) -> None:
        """End the search."""
        if self._search is not None:
            self._search.close()
