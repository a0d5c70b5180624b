"""The trainer: the library's own step on the library's own engine, one epoch, batch or sample at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.engine.numpy import NumpyEngine
from chainrule.engine.store import Store
from chainrule.network.network import Network
from chainrule.playground.build import horizon_of, rule_of, schedule_of, training_step
from chainrule.playground.spec import Spec
from chainrule.seeds import Purpose
from chainrule.train.batches import epoch_rows
from chainrule.tree import fill, leaves
from chainrule.types import Batch, Params


@dataclass(frozen=True)
class Position:
    """Where training stands: epochs done, samples seen of the next, steps in all, and the phase of a sub-step."""

    epoch: int = 0
    sample: int = 0
    step: int = 0
    substep: str = ""

    def to_json(self, batch_size: int) -> dict[str, Any]:
        """Return what a view shows of it."""
        return {
            "epoch": self.epoch,
            "batch": -(-self.sample // batch_size),
            "sample": self.sample,
            "step": self.step,
            "substep": self.substep,
        }


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Everything that the next step depends on, as copies."""

    position: Position
    rule_step: int
    seconds: float
    weights: np.ndarray
    moments: dict[str, np.ndarray]

    @property
    def nbytes(self) -> int:
        """Bytes that it holds in memory."""
        return int(self.weights.nbytes) + sum(moment.nbytes for moment in self.moments.values())


class Trainer:
    """Owns the weights while they move.

    The batches of an epoch are those of `train.batches.epoch_rows`, and its step is `train.steps.TrainingStep`, so that
    what is watched here is what `chainrule train` does. The batch size may change in the middle of an epoch: the rows
    that are left keep their order.
    """

    def __init__(self, spec: Spec, network: Network, train: Batch, weights: Params) -> None:
        self._engine = NumpyEngine(spec.dtype)
        self._data = Batch(self._engine.array(train.x), self._engine.array(train.t))
        self.params: Store = self._engine.place(weights)
        self.position = Position()
        self.rule_step = 0
        self.seconds = 0.0
        self.rate = spec.learning_rate
        self._order = (-1, np.empty(0, int))
        self.moments: dict[str, Store] = {}
        self._use(spec, network)
        self._forget()

    def _use(self, spec: Spec, network: Network) -> None:
        self.spec = spec
        self.network = network
        self.program = training_step(spec, network)
        self._rule = rule_of(spec)
        self._schedule = schedule_of(spec)
        self._horizon = horizon_of(spec, self.n)
        self._is_random = network.layer.is_random
        self.key = self._engine.key(spec.init_seed, int(Purpose.NOISE)) if self._is_random else None

    def _forget(self) -> None:
        self.moments = {name: self._engine.zeros(self.params) for name in self._rule.moments}
        self.rule_step = 0

    def configure(self, spec: Spec, network: Network) -> None:
        """Go on with other settings and the same weights; the rule's memory stays where the rule does."""
        if [*leaves(network.specs)] != [*leaves(self.network.specs)]:
            raise AssertionError("other parameters call for another trainer")
        # Dropout layers come and go: they have an empty place in the tree, which changes its layout.
        moved = [fill(network.specs, dict(leaves(tree))) for tree in (self.params, *self.moments.values())]
        self.params, *moments = (self._engine.place(tree) for tree in moved)
        self.moments = dict(zip(self.moments, moments, strict=True))
        changed = (spec.optimizer, spec.optimizer_settings) != (self.spec.optimizer, self.spec.optimizer_settings)
        self._use(spec, network)
        if changed:
            self._forget()

    @property
    def n(self) -> int:
        """Number of training rows."""
        return self._data.n_samples

    @property
    def steps_left(self) -> int:
        """Batches until the epoch ends."""
        return -(-(self.n - self.position.sample) // self.spec.batch_size)

    def order(self) -> np.ndarray:
        """Return the rows of this epoch in their order."""
        if self._order[0] != self.position.epoch:
            rows = epoch_rows(self.n, self.n, seed=self.spec.init_seed, epoch=self.position.epoch)
            self._order = (self.position.epoch, rows[0])
        return self._order[1]

    def next_rows(self, size: int | None = None) -> np.ndarray:
        """Return the rows of the batch that comes next."""
        start = self.position.sample
        return self.order()[start : start + (size or self.spec.batch_size)]

    def batch(self, rows: np.ndarray) -> Batch:
        """Return rows of the training data."""
        return self._data.take(rows)

    def take(self, steps: int, size: int | None = None) -> np.ndarray:
        """Take `steps` batches, or as many as this epoch has left; return their costs."""
        size = size or self.spec.batch_size
        at = self.position
        rows = self.order()[at.sample : at.sample + steps * size]
        steps = -(-len(rows) // size)
        seen = at.sample + len(rows)
        if steps * size != len(rows):
            rows = np.concatenate([rows, np.full(steps * size - len(rows), -1)])
        t = at.step + np.arange(steps)
        rates = self.spec.learning_rate * self._schedule.factor(t, self._horizon)
        numbers = self._rule.coefficients(self.rule_step + 1 + np.arange(steps), rates)
        if self._is_random:
            numbers = {**numbers, "t": t}
        carry = (self.params, self.moments, self.key)
        _, costs = self._engine.run(self.program, carry, self._data, rows.reshape(steps, size), numbers)
        self.rate = float(rates[-1])
        self.rule_step += steps
        ended = seen >= self.n
        self.position = Position(at.epoch + ended, 0 if ended else seen, at.step + steps)
        return costs

    def checkpoint(self) -> Checkpoint:
        """Return a copy of everything that the next step depends on."""
        moments = {name: store.flat.copy() for name, store in self.moments.items()}
        return Checkpoint(self.position, self.rule_step, self.seconds, self.params.flat.copy(), moments)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Return to a checkpoint; the memory of another rule than the present one is of no use and is cleared."""
        self.params.flat[...] = checkpoint.weights
        self.position = checkpoint.position
        self.seconds = checkpoint.seconds
        if set(checkpoint.moments) == set(self.moments):
            for name, store in self.moments.items():
                store.flat[...] = checkpoint.moments[name]
            self.rule_step = checkpoint.rule_step
        else:
            self._forget()
