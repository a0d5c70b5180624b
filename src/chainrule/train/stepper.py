"""Steppers: how an epoch's steps are taken, by batches with a rule or over all data with L-BFGS."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from chainrule.engine import Engine, placed
from chainrule.errors import ConfigError
from chainrule.large.streamed import Streamed
from chainrule.optim import LBFGS, Clip, Horizon, Rule, Schedule
from chainrule.seeds import Purpose
from chainrule.train.batches import cut, epoch_rows
from chainrule.train.buckets import bucketed
from chainrule.train.learner import Learner
from chainrule.train.objective import Counting, Objective, stateful
from chainrule.train.settings import Settings
from chainrule.train.steps import LossAndGrads, WithState
from chainrule.tree import fill, leaves
from chainrule.types import Batch, Params

# The order of the rows in an epoch (0 is the first). Epochs are asked for in turn.
Order: TypeAlias = Callable[[int], np.ndarray]

# An event at least this often, in seconds of arithmetic at a modest speed, so that a progress bar moves.
_EVENT_SECONDS = 0.5
_OPERATIONS_PER_SECOND = 30e9


@dataclass(frozen=True, slots=True)
class Progress:
    """Some steps of an epoch: how many are done, their costs, the learning rate of the last, what each step counts for.

    A batch counts for the rows that it has; where rows have weights or places are masked, for the sum of these.
    """

    step: int
    costs: np.ndarray
    rate: float
    counts: np.ndarray

    @property
    def cost(self) -> float:
        """The mean cost of these steps; of batches that count for nothing, 0."""
        return float(self.costs[self.counts > 0] @ self.counts[self.counts > 0] / (self.counts.sum() or 1.0))


class Stepper(ABC):
    """Owns the weights while they move, and everything that must be saved to go on later."""

    # Why there is nothing left to do, where it was the stepper that found out.
    ended: str = ""

    @property
    @abstractmethod
    def params(self) -> Params:
        """The weights that move, on the engine."""

    @property
    def shown(self) -> Params:
        """The weights to be evaluated and kept: those that move, or what the rule shows instead."""
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
        if isinstance(data, Batch) and shuffle and order is None:
            data = bucketed(objective, data, engine) or data
        self._data = data if isinstance(data, Streamed) else placed(engine, data)
        self._n_samples = data.n_samples
        self._batch_size = batch_size
        self._seed = seed
        self._shuffle = shuffle
        horizon = Horizon(-(-self._n_samples // batch_size), epochs)
        self._steps = horizon.steps_per_epoch
        self._learner = Learner(
            objective,
            params,
            rule=rule,
            engine=engine,
            rate=0.0,
            schedule=schedule,
            horizon=horizon,
            clip=clip,
            seed=seed,
        )
        self._chunk = self._chunk_size(objective)
        # The rows of an epoch, drawn ahead of it.
        self._ahead = (-1, np.empty((0, 0), int))

    @property
    def params(self) -> Params:
        """The learner's."""
        return self._learner.params

    @property
    def shown(self) -> Params:
        """What the rule shows."""
        return self._learner.shown

    def _chunk_size(self, objective: Objective) -> int:
        work = 3 * objective.operations * self._n_samples
        chunks = max(1, math.ceil(work / _OPERATIONS_PER_SECOND / _EVENT_SECONDS))
        return math.ceil(self._steps / chunks)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in the data set, the last one perhaps smaller."""
        return self._steps

    def epoch(self, epoch: int, rate: float) -> Iterator[Progress]:
        """Run the steps of the epoch, chunk by chunk."""
        learner = self._learner
        learner.rate = rate
        learner.count = learner.rule_count = self._taken + epoch * self._steps
        done = told = 0
        in_batches = isinstance(self._data, Streamed) and self._data.in_batches
        taken: list[tuple[Any, np.ndarray]] = []
        for data, rows in self._chunks(epoch):
            costs = learner.steps(data, rows)
            taken.append((costs, counts_of(learner.objective, data, rows, self._engine)))
            done += len(rows)
            if done >= self._steps:
                # An engine that computes in the background is still at it: draw the next epoch's rows meanwhile.
                self._ahead = (epoch + 1, self._rows(epoch + 1))
            elif in_batches and done - told < self._chunk:
                continue
            told = done
            costs, counts = self._together(taken)
            yield Progress(done, costs, learner.latest_rate, counts)
            taken = []

    def _together(self, taken: list[tuple[Any, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
        """Return the costs of some steps, and what each counts for."""
        costs, counts = zip(*taken, strict=True)
        return np.concatenate([self._engine.numpy(part) for part in costs]), np.concatenate(counts)

    def _chunks(self, epoch: int) -> Iterator[tuple[Batch, np.ndarray]]:
        """Yield data on the engine with the rows of some of its batches."""
        if not isinstance(self._data, Streamed):
            rows = self._ahead[1] if self._ahead[0] == epoch else self._rows(epoch)
            yield from ((self._data, part) for part in _cut(rows, self._chunk))
            return
        options: dict[str, Any] = {"seed": self._seed, "batch_size": self._batch_size, "shuffle": self._shuffle}
        for chunk in self._data.epoch(epoch, **options):
            if not self._data.in_batches:
                self._learner.objective.check(chunk)
            # Its rows have been mixed already.
            rows = cut(np.arange(chunk.n_samples), self._batch_size)
            data = placed(self._engine, chunk)
            yield from ((data, part) for part in _cut(rows, self._chunk))

    def _rows(self, epoch: int) -> np.ndarray:
        """Return the rows of an epoch's batches. Of a stream, they are known when a chunk of it has been read."""
        if isinstance(self._data, Streamed):
            return np.empty((0, self._batch_size), int)
        if self._order is not None:
            return cut(self._order(epoch), self._batch_size)
        return epoch_rows(self._n_samples, self._batch_size, seed=self._seed, epoch=epoch, shuffle=self._shuffle)

    def state(self) -> dict[str, np.ndarray]:
        """Return the rule's moments."""
        return self._learner.memory

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back the rule's moments."""
        self._learner.remember(state)


def counts_of(objective: Objective, data: Batch, rows: np.ndarray, engine: Engine) -> np.ndarray:
    """Return what each batch of `rows` counts for in a mean over them: its rows, or their weights."""
    w, mask = (None if part is None else engine.numpy(part) for part in (data.w, data.mask))
    count = objective.counts(Batch(data.x, None, w, mask)) if isinstance(objective, Counting) else None
    real = rows >= 0
    each: np.ndarray = real.astype(float) if count is None else np.where(real, count[rows], 0.0)
    return np.asarray(each.sum(axis=1))


def _cut(rows: np.ndarray, steps: int) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), steps):
        yield rows[start : start + steps]


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
        self._params = engine.place(params)
        self._search: Generator[tuple[np.ndarray, float], None, str] | None = None

    @property
    def params(self) -> Params:
        """Where the search stands."""
        return self._params

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
            self._search = self._method.iterate(self._cost_and_gradient, self._flat(self._params), self._epochs - epoch)
        try:
            flat, cost = next(self._search)
        except StopIteration as end:
            self.ended = end.value
            return
        self._params = self._tree(flat)
        if self._with_state is not None:
            self._params = self._with_state(self._params, self._data, self._key)
        yield Progress(1, np.array([cost]), 1.0, np.ones(1))

    def close(self) -> None:
        """End the search."""
        if self._search is not None:
            self._search.close()


def stepper_of(
    objective: Objective,
    data: Batch | Streamed,
    params: Params,
    settings: Settings,
    *,
    optimizer: Rule | LBFGS,
    engine: Engine,
    order: Order | None = None,
    taken: int = 0,
) -> Stepper:
    """Return the stepper of an optimizer; see `Run`.

    Raises
    ------
    ConfigError
        If L-BFGS, which needs all rows at once, is to learn from a stream.
    """
    if not isinstance(optimizer, LBFGS):
        return BatchStepper(
            objective,
            data,
            params,
            rule=optimizer,
            schedule=settings.schedule,
            clip=settings.clip,
            engine=engine,
            batch_size=min(settings.batch_size, data.n_samples),
            epochs=settings.epochs,
            seed=settings.seed,
            shuffle=settings.shuffle,
            order=order,
            taken=taken,
        )
    if isinstance(data, Streamed):
        raise ConfigError("a rule that takes a step for each batch", "L-BFGS on a stream", "Use Adam.")
    return FullBatchStepper(
        objective, data, params, method=optimizer, engine=engine, epochs=settings.epochs, seed=settings.seed
    )
