"""Together: members of one architecture on all folds as one program on JAX, each stopped and kept by its own held-out rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.engine import Engine
from chainrule.engine.numpy import NUMPY
from chainrule.engine.population import ManyEngine
from chainrule.network.network import Network
from chainrule.network.outputs import Forward
from chainrule.optim import Constant, Horizon, start_moments
from chainrule.seeds import Purpose, generator
from chainrule.select.together import MemberStep
from chainrule.tables.learn import Learned, epochs_for, rows_a_step, rule_of
from chainrule.tables.member import Effort, Member
from chainrule.train.batches import epoch_rows
from chainrule.train.learner import step_numbers
from chainrule.train.steps import shown_by
from chainrule.tree import fill, leaves, map_leaves
from chainrule.types import Array, Batch, Params

Fold = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Keep:
    """The program that takes the weights of those that have improved."""

    def __call__(self, engine: Engine, best: Params, now: Params, improved: Array) -> Params:
        """Return `now` where improved (F,), and `best` elsewhere; leaves are (F, 1, 1, …)."""
        xp = engine.xp

        def chosen(old: Array, new: Array) -> Array:
            return xp.where(xp.reshape(improved, (-1,) + (1,) * (new.ndim - 1)), new, old)

        return map_leaves(chosen, best, now)


@dataclass(eq=False)
class Standing:
    """How far each training has come: the best cost of its held-out rows, its logits for them, and when that was."""

    cost: np.ndarray
    held_out: list[np.ndarray]
    epoch: np.ndarray
    waited: np.ndarray
    done: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Begin with none done."""
        self.done = np.zeros(len(self.cost), bool)

    def see(self, epoch: int, costs: np.ndarray, logits: Sequence[np.ndarray], patience: int) -> np.ndarray:
        """Take in an epoch; return which of those that still learn have improved."""
        improved = np.isfinite(costs) & (costs < self.cost) & ~self.done
        for i in map(int, np.flatnonzero(improved)):
            self.held_out[i] = logits[i]
        self.cost = np.where(improved, costs, self.cost)
        self.epoch = np.where(improved, epoch, self.epoch)
        self.waited = np.where(improved, 0, self.waited + 1)
        self.done |= (self.waited >= patience) | ~np.isfinite(costs)
        return np.asarray(improved)


def alike(members: Sequence[Member], networks: Sequence[Network]) -> list[list[int]]:
    """Return the numbers of the members in groups that one program can train: one network, one rule, not linear."""
    groups: dict[Any, list[int]] = {}
    for number, (member, network) in enumerate(zip(members, networks, strict=True)):
        if member.hidden:
            groups.setdefault((network, rule_of(member)), []).append(number)
    return list(groups.values())


def learn_together(
    members: Sequence[Member],
    network: Network,
    data: Batch,
    folds: Sequence[Fold],
    effort: Effort,
    engine: ManyEngine,
    stopped: Callable[[], bool],
) -> Iterator[list[Learned | None]] | None:
    """Return what each member came to on each fold; None where it was stopped before all had learned.

    All start from the weights, and take the batches, that `learn` gives them on NumPy; noise is drawn once for all of them.
    """
    pairs = [(member, fold) for member in members for fold in folds]
    rule = rule_of(members[0])
    x, t = data.x, data.t
    inputs = Batch(
        engine.array(np.broadcast_to(x, (len(pairs), *x.shape))),
        engine.array(np.broadcast_to(t, (len(pairs), *t.shape))),
    )
    held = engine.array(_padded([x[test] for _, (_, test) in pairs]))
    initial = [network.init(generator(member.seed, Purpose.INIT)) for member, _ in pairs]
    started = [start_moments(rule, NUMPY, params) for params in initial]
    carry = (
        _stacked(engine, initial),
        {name: _stacked(engine, [one[name] for one in started]) for name in rule.moments},
    )
    keys = [engine.key(members[0].seed, int(Purpose.NOISE))] if network.layer.is_random else None
    step, keep = MemberStep(network, rule), engine.compile(Keep())
    n = len(pairs)
    standing = Standing(np.full(n, np.inf), [np.empty(0)] * n, np.zeros(n, int), np.zeros(n, int))
    best = None
    for epoch in range(max(epochs_for(effort, len(train)) for train, _ in folds)):
        if stopped():
            return None
        rows, numbers = _epoch(pairs, epoch, effort, rule)
        carry, _ = engine.run_many(step, carry, keys, inputs, rows, numbers, {})
        shown = shown_by(rule, engine, *carry)
        a = engine.numpy(engine.map_many(Forward(network), shown, held))[:, 0, 0].astype(np.float64)
        logits = [a[i, : len(test)] for i, (_, (_, test)) in enumerate(pairs)]
        with np.errstate(over="ignore", invalid="ignore"):
            costs = np.array(
                [
                    float(network.loss.forward(NUMPY, one, t[test])[0])
                    for one, (_, (_, test)) in zip(logits, pairs, strict=True)
                ]
            )
        improved = standing.see(epoch + 1, costs, logits, effort.patience)
        # The carry is given up to the next steps, so that what is kept has to be a copy.
        best = keep(shown if best is None else best, shown, improved)
        if standing.done.all():
            break
    assert best is not None  # noqa: S101 (there is one epoch at least)
    # JAX has the names of a tree in the alphabet's order; the layers' own is what the last layer is known by.
    ordered = fill(network.specs, {name: engine.numpy(value) for name, value in leaves(best)})
    return _per_member(standing, ordered, len(members), len(folds))


def _per_member(standing: Standing, best: Params, members: int, folds: int) -> Iterator[list[Learned | None]]:
    """Yield what each member came to."""
    for m in range(members):
        found: list[Learned | None] = []
        for i in range(m * folds, (m + 1) * folds):
            own = map_leaves(lambda leaf, i=i: np.array(leaf[i, 0, 0]), best)
            finite = np.isfinite(standing.cost[i])
            found.append(
                Learned(own, standing.held_out[i], float(standing.cost[i]), int(standing.epoch[i])) if finite else None
            )
        yield found


def _epoch(
    pairs: Sequence[tuple[Member, Fold]], epoch: int, effort: Effort, rule: Any
) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
    """Return the rows of each step (F, 1, steps, batch), and its numbers (F, 1, steps)."""
    sizes = [rows_a_step(len(train)) for _, (train, _) in pairs]
    counts = [math.ceil(len(train) / size) for (_, (train, _)), size in zip(pairs, sizes, strict=True)]
    steps = max(counts)
    rows = np.full((len(pairs), 1, steps, max(sizes)), -1)
    numbers: dict[str, list[np.ndarray]] = {}
    t = np.array([epoch * count + np.arange(steps) for count in counts])
    for i, (member, (train, _)) in enumerate(pairs):
        drawn = epoch_rows(len(train), sizes[i], seed=member.seed, epoch=epoch)
        rows[i, 0, : len(drawn), : sizes[i]] = np.where(drawn >= 0, train[drawn], -1)
        horizon = Horizon(counts[i], epochs_for(effort, len(train)))
        own = step_numbers(rule, Constant(), horizon, np.array([[member.learning_rate]]), t[i])[1]
        own = {**own, "l2": np.full((1, steps), member.decay / len(train))}
        for name, values in own.items():
            numbers.setdefault(name, []).append(np.broadcast_to(values, (1, steps)))
    return rows, {**{name: np.stack(values) for name, values in numbers.items()}, "t": t}


def _padded(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Return arrays (n, D) of different length on top of each other, with zeros below the shorter ones."""
    out = np.zeros((len(parts), max(map(len, parts)), *parts[0].shape[1:]), parts[0].dtype)
    for i, one in enumerate(parts):
        out[i, : len(one)] = one
    return out


def _stacked(engine: ManyEngine, trees: Sequence[Params]) -> Params:
    """Return trees as one whose leaves are (F, 1, 1, …), on the engine."""
    placed: Params = engine.place(map_leaves(lambda *values: np.stack(values)[:, None, None], *trees))
    return placed
