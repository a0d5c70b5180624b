"""Together: all members of a population trained as one program, which takes the batches that the ordinary loop would."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from chainrule.engine import Engine
from chainrule.engine.numpy import NUMPY
from chainrule.engine.population import ManyEngine, many_engine
from chainrule.network.network import Network
from chainrule.network.outputs import Forward
from chainrule.optim import Horizon, Rule, start_moments
from chainrule.seeds import Purpose, generator
from chainrule.select.crossval import Progress
from chainrule.select.folds import Folds
from chainrule.select.grid import Grid, Plan
from chainrule.train import Supervised
from chainrule.train.batches import epoch_rows
from chainrule.train.learner import step_numbers
from chainrule.train.steps import moved, shown_by, step_context
from chainrule.tree import leaf, leaves, map_leaves, nest
from chainrule.types import Array, Batch, as_dense


@dataclass(frozen=True)
class MemberStep:
    """The program of one member's step: what `TrainingStep` does, with the strengths of the penalty as arguments."""

    network: Network
    rule: Rule

    def __call__(self, engine: Engine, carry: Any, batch: Batch, c: Mapping[str, Any]) -> tuple[Any, Array]:
        """(weights, moments, key), batch -> the same after the step, and the cost before it, without penalty."""
        params, moments, key = carry
        xp = engine.xp
        ctx = step_context(engine, key, c.get("t"))
        cost, grads, cache = self.network.loss_grads_and_cache(xp, params, batch, ctx)
        state = self.network.layer.update_state(xp, params, cache) if self.network.has_state else {}
        pulled = {path: as_dense(xp, gradient) for path, gradient in leaves(grads)}
        for path in self.network.penalised:
            W = leaf(params, path)
            if "l1" in c:
                pulled[path] = pulled[path] + c["l1"] * xp.sign(W)
            if "l2" in c:
                pulled[path] = pulled[path] + c["l2"] * W
        grads = {name: {} for name in params} | nest(pulled)
        params, moments = moved(engine, self.rule, params, grads, moments, c)
        if state:
            params = engine.put(params, state)
        return (params, moments, key), cost


def train_together(
    plan: Plan,
    prepared: list[np.ndarray],
    t: np.ndarray,
    folds: Folds,
    grid: Grid,
    progress: Progress | None,
) -> np.ndarray:
    """Return the logits (J, members, N, K) of every fold's members for all rows.

    On a CPU the settings are trained in as many groups as there are cores, side by side: a member's products are too small
    to be shared between cores.
    """
    engine = many_engine(plan.dtype)
    network = plan.network
    for x, (train, _) in zip(prepared, folds.pairs, strict=True):
        Supervised(network).check(Batch(x[train], t[train]))
    data = Batch(engine.array(np.stack(prepared)), engine.array(np.broadcast_to(t, (len(folds), *t.shape))))
    keys = [engine.key(seed, int(Purpose.NOISE)) for seed in grid.seeds] if network.layer.is_random else None
    penalties = [name for name in ("l1", "l2") if grid.column(name).any()]
    step = MemberStep(network, plan.rule)
    groups = grid.split(engine.lanes)
    carries = [_start(engine, plan, len(folds), group) for group in groups]

    def train_epoch(i: int, epoch: int, rows: np.ndarray) -> np.ndarray:
        numbers = _numbers(plan, folds, groups[i], epoch)
        strengths = {name: groups[i].column(name) for name in penalties}
        carries[i], costs = engine.run_many(step, carries[i], keys, data, rows, numbers, strengths)
        return engine.numpy(costs)

    with ThreadPoolExecutor(len(groups)) as pool:
        for epoch in range(plan.epochs):
            advance = partial(train_epoch, epoch=epoch, rows=_rows(plan, folds, grid.seeds, epoch))
            # The first epoch compiles. Groups of one size share a program, if the first is done before the next begins.
            costs = list((pool.map if epoch else map)(advance, range(len(groups))))
            if progress is not None:
                progress(epoch + 1, plan.epochs, float(np.nanmean(np.concatenate(costs, axis=-1))))
    shown = [shown_by(plan.rule, engine, params, moments) for params, moments in carries]
    a = np.concatenate([engine.numpy(engine.map_many(Forward(network), params, data.x)) for params in shown], axis=2)
    return a.reshape(len(folds), -1, *a.shape[3:])


def _start(engine: ManyEngine, plan: Plan, n_folds: int, grid: Grid) -> Any:
    """Return the weights (F, R, S, …) and moments to start from: a seed's own, the same in every fold and setting."""
    initial = [plan.network.init(generator(seed, Purpose.INIT)) for seed in grid.seeds]
    started = [start_moments(plan.rule, NUMPY, params) for params in initial]
    axes = (n_folds, len(initial), len(grid.settings))

    def spread(*of_seeds: np.ndarray) -> np.ndarray:
        values = np.stack(of_seeds)
        return np.broadcast_to(values[None, :, None], (*axes, *values.shape[1:]))

    moments = {
        name: engine.place(map_leaves(spread, *(moments[name] for moments in started))) for name in plan.rule.moments
    }
    return engine.place(map_leaves(spread, *initial)), moments


def _rows(plan: Plan, folds: Folds, seeds: Sequence[int], epoch: int) -> np.ndarray:
    """Return the rows of an epoch's batches (F, R, steps, batch): those that the ordinary loop would take."""
    sizes = [min(plan.batch_size, len(train)) for train, _ in folds.pairs]
    steps = max(math.ceil(len(train) / size) for (train, _), size in zip(folds.pairs, sizes, strict=True))
    rows = np.full((len(folds), len(seeds), steps, max(sizes)), -1)
    for i, ((train, _), size) in enumerate(zip(folds.pairs, sizes, strict=True)):
        for k, seed in enumerate(seeds):
            drawn = epoch_rows(len(train), size, seed=seed, epoch=epoch)
            rows[i, k, : len(drawn), :size] = np.where(drawn >= 0, train[drawn], -1)
    return rows


def _numbers(plan: Plan, folds: Folds, grid: Grid, epoch: int) -> dict[str, np.ndarray]:
    """Return each step's numbers (F, S, steps), and its number in each fold (F, steps)."""
    counts = [math.ceil(len(train) / min(plan.batch_size, len(train))) for train, _ in folds.pairs]
    steps = max(counts)
    t = np.array([epoch * count + np.arange(steps) for count in counts])
    rate = grid.column("learning_rate")[:, None]
    shape = (len(grid.settings), steps)
    folded: dict[str, list[np.ndarray]] = {}
    for of_fold, count in zip(t, counts, strict=True):
        numbers = step_numbers(plan.rule, plan.schedule, Horizon(count, plan.epochs), rate, of_fold)[1]
        for name, values in numbers.items():
            folded.setdefault(name, []).append(np.broadcast_to(values, shape))
    return {name: np.stack(values) for name, values in folded.items()} | {"t": t}
