"""Populations: all folds × settings × seeds of one architecture, trained as one program instead of one by one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.errors import DataError
from chainrule.network.network import Network
from chainrule.nn import Loss, Penalty
from chainrule.optim import Adam, Constant, Rule, Schedule
from chainrule.select.crossval import CrossValidation, Progress
from chainrule.select.folds import Folds, draw_folds
from chainrule.select.grid import Grid, Plan, grid_of
from chainrule.select.together import train_together
from chainrule.train import Settings, Supervised, run
from chainrule.train.metrics import COST, Metric, metric_named
from chainrule.types import Batch


@dataclass(frozen=True, eq=False)
class Population:
    """What every setting scored on every fold; printed, the best ten.

    Attributes
    ----------
    settings : tuple of dict
        Rate, penalties and seed of each.
    scores, train_scores : array (settings, J)
        By the first metric that the network's loss names, else its cost; what is better when it is lower is negated,
        so that higher is better, always.
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
        Classes where the loss is of classes that exclude each other, else values.
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
    grid = grid_of(settings)
    x, t, labels = _arrays(network, X, y)
    if isinstance(folds, int):
        folds = draw_folds(np.asarray(y), folds=folds, classify=labels is not None, seed=seed)
    prepared = _prepared(x, folds, prepare)
    plan = Plan(network, optimizer or Adam(), schedule or Constant(), epochs, batch_size, dtype)
    train = train_together if together else _train_one_by_one
    a = train(plan, prepared, t, folds, grid, progress)
    metric = metric_named(network.loss.metrics[0]) if network.loss.metrics else COST
    scores, train_scores = _scores(network.loss, metric, a, t if labels is None else labels, folds)
    name = metric.label if metric.better == "higher" else f"negative {metric.label}"
    return Population(tuple(grid.members), scores, train_scores, name, folds, time.perf_counter() - began)


def _arrays(network: Network, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return x, t and, for classes, their numbers."""
    x = np.asarray(X)
    if network.loss.is_exclusive:
        classes, labels = np.unique(np.asarray(y), return_inverse=True)
        if len(classes) != network.output_shape[-1]:
            raise DataError(
                f"{network.output_shape[-1]} classes, one for each output of the network",
                f"{len(classes)} in y",
                "Build the network with as many outputs as there are classes.",
            )
        return x, np.eye(len(classes))[labels], labels
    t = np.asarray(y, dtype=float)
    return x, t[:, None] if t.ndim == 1 else t, None


def _prepared(x: np.ndarray, folds: Folds, prepare: Any) -> list[np.ndarray]:
    """Return all rows as each fold sees them: prepared by what its training rows alone have taught."""
    if prepare is None:
        return [x] * len(folds)
    from sklearn.base import clone

    return [np.asarray(clone(prepare).fit(x[train]).transform(x)) for train, _ in folds.pairs]


def _scores(loss: Loss, metric: Metric, a: np.ndarray, t: np.ndarray, folds: Folds) -> tuple[np.ndarray, np.ndarray]:
    """Return test and training scores (members, J) of logits a (J, members, N, …, K); NaN for what diverged."""
    tables = np.full((2, a.shape[1], len(folds)), np.nan)
    for j, (train, test) in enumerate(folds.pairs):
        for m in range(a.shape[1]):
            for table, part in zip(tables, (test, train), strict=True):
                logits = a[j, m, part].astype(float)
                if not np.isfinite(logits).all():
                    continue
                if metric is COST:
                    table[m, j] = -float(loss.forward(NUMPY, logits, t[part])[0])
                else:
                    table[m, j] = metric.sign * metric.function(loss.link(NUMPY, logits), t[part], None)
    return tables[0], tables[1]


def _train_one_by_one(
    plan: Plan,
    prepared: list[np.ndarray],
    t: np.ndarray,
    folds: Folds,
    grid: Grid,
    progress: Progress | None,
) -> np.ndarray:
    from chainrule.engine import engine_by_name
    from chainrule.network.outputs import logits

    engine = engine_by_name("numpy", plan.dtype)
    members = grid.members
    a = np.empty((len(folds), len(members), len(t), *plan.network.output_shape), plan.dtype)
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
    return a
