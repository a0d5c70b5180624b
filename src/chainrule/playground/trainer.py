"""The trainer: the library's own learner on the library's own engine, one epoch, batch or sample at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from chainrule.engine import placed
from chainrule.engine.numpy import NumpyEngine
from chainrule.engine.store import Store
from chainrule.network.network import Network
from chainrule.playground.build import horizon_of, objective_of, rule_of, schedule_of
from chainrule.playground.spec import Spec
from chainrule.train.batches import cut, epoch_rows
from chainrule.train.learner import Learner
from chainrule.tree import fill, leaves
from chainrule.types import Batch, Context, Params


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
class TrainerState:
    """Everything that the next step depends on, as copies. Without moments, the rule begins anew."""

    position: Position
    rule_step: int
    seconds: float
    weights: np.ndarray
    rule: str
    moments: dict[str, np.ndarray]

    @property
    def nbytes(self) -> int:
        """Bytes that it holds in memory."""
        return int(self.weights.nbytes) + sum(moment.nbytes for moment in self.moments.values())


class Trainer:
    """A learner on the training rows, an epoch at a time or a part of one.

    The batches of an epoch are those of `train.batches.epoch_rows`, and its steps are those of `train.Learner`, so that
    what is watched here is what `chainrule train` does. The batch size may change in the middle of an epoch: the rows
    that are left keep their order.
    """

    def __init__(self, spec: Spec, network: Network, train: Batch, weights: Params) -> None:
        self._engine = NumpyEngine(spec.dtype)
        self._data = placed(self._engine, train)
        self.position = Position()
        self.seconds = 0.0
        self._order = (-1, np.empty(0, int))
        self._use(spec, network, weights)

    def _use(self, spec: Spec, network: Network, weights: Params) -> None:
        self.spec = spec
        self.network = network
        self.objective = objective_of(spec, network)
        self._learner = Learner(
            self.objective,
            weights,
            rule=rule_of(spec),
            engine=self._engine,
            rate=spec.learning_rate,
            schedule=schedule_of(spec),
            horizon=horizon_of(spec, self.n),
            seed=spec.init_seed,
        )

    def configure(self, spec: Spec, network: Network) -> None:
        """Go on with other settings and the same weights; the rule's memory stays where the rule does."""
        if [*leaves(network.specs)] != [*leaves(self.network.specs)]:
            raise AssertionError("other parameters call for another trainer")
        before, changed = self._learner, rule_of(spec) != rule_of(self.spec)
        # Dropout layers come and go: they have an empty place in the tree, which changes its layout.
        self._use(spec, network, fill(network.specs, dict(leaves(before.params))))
        self._learner.latest_rate = before.latest_rate
        self._learner.count = before.count
        self._learner.rule_count = 0 if changed else before.rule_count
        if not changed:
            self._learner.remember(before.memory)

    @property
    def params(self) -> Store:
        """The weights that move."""
        return cast(Store, self._learner.params)

    @property
    def shown(self) -> Params:
        """The weights that are scored."""
        return self._learner.shown

    @property
    def moments(self) -> dict[str, Store]:
        """What the rule remembers."""
        return cast(dict[str, Store], self._learner.moments)

    @property
    def rule_step(self) -> int:
        """Steps since the rule began."""
        return self._learner.rule_count

    @property
    def rate(self) -> float:
        """The learning rate of the last step."""
        return self._learner.latest_rate

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

    def next_context(self) -> Context:
        """Return the context of the step that comes next, with its noise."""
        return self._learner.next_context()

    def take(self, steps: int, size: int | None = None) -> np.ndarray:
        """Take `steps` batches, or as many as this epoch has left; return their costs."""
        size = size or self.spec.batch_size
        at = self.position
        order = self.order()[at.sample : at.sample + steps * size]
        rows = cut(order, size)
        costs: np.ndarray = self._learner.steps(self._data, rows)
        seen = at.sample + len(order)
        ended = seen >= self.n
        self.position = Position(at.epoch + ended, 0 if ended else seen, at.step + len(rows))
        return costs

    def forget(self) -> None:
        """Let the rule begin anew at the weights as they are."""
        self._learner.forget()

    def state(self) -> TrainerState:
        """Return a copy of everything that the next step depends on."""
        moments = {name: store.flat.copy() for name, store in self.moments.items()}
        weights = self.params.flat.copy()
        return TrainerState(self.position, self.rule_step, self.seconds, weights, self.spec.optimizer, moments)

    def restore(self, state: TrainerState) -> None:
        """Return to a state; the memory of another rule than the present one is of no use and is cleared."""
        self.params.flat[...] = state.weights
        self.position = state.position
        self.seconds = state.seconds
        self._learner.count = state.position.step
        if state.rule == self.spec.optimizer and set(state.moments) == set(self.moments):
            for name, store in self.moments.items():
                store.flat[...] = state.moments[name]
            self._learner.rule_count = state.rule_step
        else:
            self.forget()
