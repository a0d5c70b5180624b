"""Populations: all folds × settings × seeds of one architecture, trained as one program instead of one by one."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from chainrule.data.batches import Stream, epoch_rows, stream
from chainrule.engine import Engine
from chainrule.engine.population import many_engine
from chainrule.errors import ConfigError, DataError, did_you_mean
from chainrule.network.network import Forward, Network
from chainrule.nn import Penalty
from chainrule.nn.loss import SoftmaxCrossEntropy
from chainrule.optim import Adam, Constant, Horizon, Rule, Schedule
from chainrule.select.crossval import CrossValidation, Progress
from chainrule.select.folds import Folds, draw_folds
from chainrule.train import Settings, Supervised, run
from chainrule.types import Array, Batch, Context, leaf, leaves, nest

AXES = ("learning_rate", "l1", "l2", "seed")
_LEARNING = Context(train=True)


@dataclass(frozen=True)
class MemberStep:
    """The program of one member's step: what `TrainingStep` does, with the strengths of the penalty as arguments."""

    network: Network
    rule: Rule

    def __call__(self, engine: Engine, carry: Any, batch: Batch, c: Mapping[str, Any]) -> tuple[Any, Array]:
        """(weights, moments, key), batch -> the same after the step, and the cost before it, without penalty."""
        params, moments, key = carry
        xp = engine.xp
        ctx = _LEARNING if key is None else Context(True, xp.fold(key, c["t"]))
        cost, grads, cache = self.network.loss_grads_and_cache(xp, params, batch, ctx)
        state = self.network.layer.update_state(xp, params, cache) if self.network.has_state else {}
        pulled = dict(leaves(grads))
        for path in self.network.penalised:
            W = leaf(params, path)
            if "l1" in c:
                pulled[path] = pulled[path] + c["l1"] * xp.sign(W)
            if "l2" in c:
                pulled[path] = pulled[path] + c["l2"] * W
        grads = {name: {} for name in params} | nest(pulled)
        params, moments = engine.each(self.rule.update, params, grads, moments, c)
        if state:
            params = engine.put(params, state)
        return (params, moments, key), cost


@dataclass(frozen=True, eq=False)
class Population:
    """What every setting scored on every fold; printed, the best ten.

    Attributes
    ----------
    settings : tuple of dict
        Rate, penalties and seed of each.
    scores, train_scores : array (settings, J)
        Accuracy, or R².
    metric : str
    folds : Folds
    seconds : float
        Of everything, compiling included.
    """

    settings: tuple[dict[str, float], ...]
    scores: np.ndarray
    train_scores: np.ndarray
    metric: str
    folds: Folds
    seconds: float

    @property
    def order(self) -> list[int]:
        """Numbers of the settings, best mean first; what diverged last."""
        means = np.nan_to_num(self.scores.mean(axis=1), nan=-np.inf)
        return [int(i) for i in np.argsort(-means, kind="stable")]

    @property
    def best(self) -> dict[str, float]:
        """The setting with the best mean."""
        return self.settings[self.order[0]]

    def of(self, i: int) -> CrossValidation:
        """Return the cross-validation of setting number i, which `compare_scores` takes."""
        seconds = np.full(len(self.folds), self.seconds / self.scores.size)
        name = ", ".join(f"{name} {value:.3g}" for name, value in self.settings[i].items())
        return CrossValidation(name, self.metric, self.scores[i], self.train_scores[i], seconds, self.folds)

    @property
    def advice(self) -> list[str]:
        """A warning for each rate or penalty whose best value is at the edge of what was tried."""
        found = []
        for name, value in self.best.items():
            tried = sorted({setting[name] for setting in self.settings})
            if name != "seed" and len(tried) > 1 and value in (tried[0], tried[-1]) and value > 0:
                beyond = value / 10 if value == tried[0] else value * 10
                found.append(
                    f"The best {name}, {value:.3g}, is at the edge of what was tried ({tried[0]:.3g} to "
                    f"{tried[-1]:.3g}): try up to {beyond:.3g}."
                )
        return found

    def __str__(self) -> str:
        """Return the best ten settings, and warnings."""
        names = list(self.settings[0])
        lines = [
            f"{len(self.settings)} settings, {self.folds}: {self.scores.size} trainings in {self.seconds:.2f} s",
            "  ".join(f"{name:>13}" for name in (*names, self.metric)),
        ]
        for i in self.order[:10]:
            cells = [f"{self.settings[i][name]:>13.4g}" for name in names]
            lines.append("  ".join([*cells, f"{self.scores[i].mean():>7.4f} ± {self.scores[i].std():.4f}"]))
        return "\n".join([*lines, *self.advice])


def population(
    network: Network,
    X: Any,
    y: Any,
    settings: Mapping[str, Sequence[float]],
    *,
    folds: Folds | int = 5,
    epochs: int = 50,
    batch_size: int = 32,
    optimizer: Rule | None = None,
    schedule: Schedule | None = None,
    prepare: Any = None,
    seed: int = 0,
    dtype: str = "float32",
    together: bool = True,
    progress: Progress | None = None,
) -> Population:
    """Train a network on every fold with every combination of settings.

    Parameters
    ----------
    network : Network
        The architecture and the loss, which all share.
    X : array (N, …)
    y : array (N,)
        Classes where the loss is softmax cross-entropy, else values.
    settings : mapping
        Values to try of `learning_rate`, `l1`, `l2` and `seed`; all combinations are.
    folds, seed
        See `draw_folds`.
    prepare : transformer, optional
        Of scikit-learn: fitted on the training rows of each fold alone.
    together : bool
        As one program, on JAX. Otherwise one by one with the ordinary loop, on NumPy: the same scores, slowly.
    progress : callable, optional
        Called after each epoch of the whole population (or, one by one, after each training).

    Raises
    ------
    ConfigError
        If a setting is unknown or out of its range, or jax is not installed.
    """
    began = time.perf_counter()
    grid = _grid(settings)
    x, t, labels = _arrays(network, X, y)
    if isinstance(folds, int):
        folds = draw_folds(np.asarray(y), folds=folds, classify=labels is not None, seed=seed)
    prepared = _prepared(x, folds, prepare)
    plan = Plan(network, optimizer or Adam(), schedule or Constant(), epochs, batch_size, dtype)
    trained = _together if together else _one_by_one
    scores, train_scores = trained(plan, prepared, t, labels, folds, grid, progress)
    metric = "R²" if labels is None else "accuracy"
    return Population(tuple(grid.members), scores, train_scores, metric, folds, time.perf_counter() - began)


@dataclass(frozen=True)
class Plan:
    """What all members share."""

    network: Network
    rule: Rule
    schedule: Schedule
    epochs: int
    batch_size: int
    dtype: str


@dataclass(frozen=True)
class Grid:
    """Seeds, and settings other than seeds."""

    seeds: tuple[int, ...]
    settings: tuple[dict[str, float], ...]

    @property
    def members(self) -> list[dict[str, float]]:
        """Every seed with every setting, in the order of the axes (R, S)."""
        return [{**setting, "seed": seed} for seed, setting in product(self.seeds, self.settings)]

    def column(self, name: str) -> np.ndarray:
        """Return one number of each setting (S,)."""
        return np.array([setting[name] for setting in self.settings], dtype=float)


def _grid(settings: Mapping[str, Sequence[float]]) -> Grid:
    for name, values in settings.items():
        if name not in AXES:
            raise ConfigError(
                "a setting that members of a population may differ in", f"{name!r}", did_you_mean(name, AXES)
            )
        if not len(values):
            raise ConfigError(f"values of {name} to try", "none", "Give some, such as [0.001, 0.01].")
    seeds = tuple(int(seed) for seed in settings.get("seed", (0,)))
    axes = {name: tuple(map(float, settings.get(name, (default,)))) for name, default in _DEFAULTS.items()}
    combined = tuple(dict(zip(axes, values, strict=True)) for values in product(*axes.values()))
    for setting in combined:
        # The declared ranges of the ordinary loop hold here too.
        Settings(learning_rate=setting["learning_rate"])
        Penalty(setting["l1"], setting["l2"])
    return Grid(seeds, combined)


_DEFAULTS = {"learning_rate": 0.001, "l1": 0.0, "l2": 0.0}


def _arrays(network: Network, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return x, t and, for classes, their numbers."""
    x = np.asarray(X)
    if isinstance(network.loss, SoftmaxCrossEntropy):
        classes, labels = np.unique(np.asarray(y), return_inverse=True)
        if len(classes) != network.output_shape[0]:
            raise DataError(
                f"{network.output_shape[0]} classes, one for each output of the network",
                f"{len(classes)} in y",
                "Build the network with as many outputs as there are classes.",
            )
        return x, np.eye(len(classes))[labels], labels
    return x, np.asarray(y, dtype=float).reshape(len(x), -1), None


def _prepared(x: np.ndarray, folds: Folds, prepare: Any) -> list[np.ndarray]:
    """Return all rows as each fold sees them: prepared by what its training rows alone have taught."""
    if prepare is None:
        return [x] * len(folds)
    from sklearn.base import clone

    return [np.asarray(clone(prepare).fit(x[train]).transform(x)) for train, _ in folds.pairs]


def _together(
    plan: Plan,
    prepared: list[np.ndarray],
    t: np.ndarray,
    labels: np.ndarray | None,
    folds: Folds,
    grid: Grid,
    progress: Progress | None,
) -> tuple[np.ndarray, np.ndarray]:
    engine = many_engine(plan.dtype)
    network, rule = plan.network, plan.rule
    f, s = len(folds), len(grid.settings)
    for x, (train, _) in zip(prepared, folds.pairs, strict=True):
        Supervised(network).check(Batch(x[train], t[train]))
    data = Batch(engine.array(np.stack(prepared)), engine.array(np.broadcast_to(t, (f, *t.shape))))
    initial = [dict(leaves(network.init(stream(seed, Stream.INIT)))) for seed in grid.seeds]
    stacked = {
        path: np.broadcast_to(
            np.stack([named[path] for named in initial])[None, :, None], (f, len(initial), s, *w.shape)
        )
        for path, w in initial[0].items()
    }
    params = engine.place({name: {} for name in network.specs} | nest(stacked))
    carry: Any = (params, {name: engine.zeros(params) for name in rule.moments})
    keys = [engine.key(seed, int(Stream.NOISE)) for seed in grid.seeds] if network.layer.is_random else None
    strengths = {name: grid.column(name) for name in ("l1", "l2") if grid.column(name).any()}
    step = MemberStep(network, rule)
    for epoch in range(plan.epochs):
        rows = _rows(plan, folds, grid.seeds, epoch)
        carry, costs = engine.run_many(step, carry, keys, data, rows, _numbers(plan, folds, grid, epoch), strengths)
        if progress is not None:
            progress(epoch + 1, plan.epochs, float(np.nanmean(engine.numpy(costs))))
    a = engine.numpy(engine.map_many(Forward(network), carry[0], data.x))
    return _scores(network, a.reshape(f, -1, *a.shape[3:]), t, labels, folds)


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
    factor = np.array([plan.schedule.factor(row, Horizon(n, plan.epochs)) for row, n in zip(t, counts, strict=True)])
    rate = grid.column("learning_rate")[None, :, None] * factor[:, None, :]
    numbers = plan.rule.coefficients(t[:, None, :] + 1, rate)
    return {name: np.broadcast_to(values, rate.shape) for name, values in numbers.items()} | {"t": t}


def _scores(
    network: Network, a: np.ndarray, t: np.ndarray, labels: np.ndarray | None, folds: Folds
) -> tuple[np.ndarray, np.ndarray]:
    """Return test and training scores (members, J) of logits a (J, members, N, K); NaN for what diverged."""
    from chainrule.engine.numpy import NUMPY

    tables = np.full((2, a.shape[1], len(folds)), np.nan)
    for j, (train, test) in enumerate(folds.pairs):
        for m in range(a.shape[1]):
            for table, part in zip(tables, (test, train), strict=True):
                logits = a[j, m, part]
                if not np.isfinite(logits).all():
                    continue
                if labels is not None:
                    table[m, j] = float((logits.argmax(axis=1) == labels[part]).mean())
                else:
                    error = np.square(network.loss.link(NUMPY, logits.astype(float)) - t[part]).mean(axis=0)
                    table[m, j] = float(1 - (error / t[part].var(axis=0)).mean())
    return tables[0], tables[1]


def _one_by_one(
    plan: Plan,
    prepared: list[np.ndarray],
    t: np.ndarray,
    labels: np.ndarray | None,
    folds: Folds,
    grid: Grid,
    progress: Progress | None,
) -> tuple[np.ndarray, np.ndarray]:
    from chainrule.engine import engine_by_name
    from chainrule.network.network import logits

    engine = engine_by_name("numpy", plan.dtype)
    members = grid.members
    k = plan.network.output_shape[0]
    a = np.empty((len(folds), len(members), len(t), k), plan.dtype)
    for done, (j, m) in enumerate(product(range(len(folds)), range(len(members))), start=1):
        train, member = folds.pairs[j][0], members[m]
        settings = Settings(
            epochs=plan.epochs,
            batch_size=plan.batch_size,
            learning_rate=member["learning_rate"],
            schedule=plan.schedule,
            seed=int(member["seed"]),
        )
        objective = Supervised(plan.network, Penalty(member["l1"], member["l2"]))
        batch = Batch(prepared[j][train], t[train])
        ended = run(objective, batch, settings, optimizer=plan.rule, engine=engine).finish()
        a[j, m] = logits(plan.network, engine, engine.place(ended.params), prepared[j])
        if progress is not None:
            progress(done, len(folds) * len(members), ended.history.cost[-1])
    return _scores(plan.network, a, t, labels, folds)
