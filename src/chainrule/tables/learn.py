"""One member on one fold: it learns from the fold's training rows, and is kept as it was best on the others."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from chainrule.engine import Engine
from chainrule.engine.numpy import NUMPY
from chainrule.network.network import Network
from chainrule.network.outputs import logits
from chainrule.nn import Penalty
from chainrule.optim import LBFGS, Adam, Averaged, Rule
from chainrule.tables.member import Effort, Member
from chainrule.train import EarlyStopping, KeepBest, Policy, Settings, StopOnNonFinite, Supervised, TimeLimit, run
from chainrule.types import Batch, Params

_SEARCHES = 200


def _never() -> bool:
    return False


@dataclass(frozen=True, eq=False)
class Learned:
    """What a member came to on one fold.

    Attributes
    ----------
    params : tree of NumPy arrays
    held_out : array (M, K)
        Logits for the rows that it did not learn from.
    cost : float
        Of these rows.
    epochs : int
        Of the weights that were kept.
    """

    params: Params
    held_out: np.ndarray
    cost: float
    epochs: int


def rows_a_step(n: int) -> int:
    """Return the rows of a batch: enough that a step is worth its overhead, few enough for a hundred steps and more."""
    return min(n, 64 if n < 2_000 else 128 if n < 6_000 else 256)


def epochs_for(effort: Effort, n: int) -> int:
    """Return the most passes over n rows: fewer over many rows, which have more steps in each."""
    steps = math.ceil(n / rows_a_step(n))
    return max(24, min(effort.most_epochs, math.ceil(6_000 / steps)))


def rule_of(member: Member) -> Rule:
    """Return Adam, with a moving average of the weights where the member has one."""
    return Averaged(Adam(), member.average) if member.average else Adam()


def learn(
    member: Member,
    network: Network,
    data: Batch,
    fold: tuple[np.ndarray, np.ndarray],
    effort: Effort,
    engine: Engine,
    until: float = math.inf,
    stopped: Callable[[], bool] = _never,
) -> Learned | None:
    """Return the member as it was best on the rows that the fold holds out; None if it never was finite.

    Parameters
    ----------
    data : Batch
        All rows.
    fold : (int array, int array)
        Rows to learn from, and the others.
    until : float
        When, by `time.monotonic`, to be done: it ends after the epoch in hand, and at least one is trained.
    stopped : callable
        Asked after each event whether to end now.
    """
    train, other = fold
    batch, held = data.take(train), data.take(other)
    policies: list[Policy] = [StopOnNonFinite(), KeepBest("valid.cost")]
    if until < math.inf:
        policies.append(TimeLimit(max(1e-3, until - time.monotonic())))
    penalty = Penalty(l2=member.decay / len(train))
    objective = Supervised(network, penalty, metrics=())
    if member.hidden:
        epochs = epochs_for(effort, len(train))
        policies.append(EarlyStopping("valid.cost", patience=effort.patience))
        settings = Settings(epochs, rows_a_step(len(train)), member.learning_rate, seed=member.seed)
        optimizer: Rule | LBFGS = rule_of(member)
    else:
        settings = Settings(_SEARCHES, len(train), seed=member.seed)
        # Its optimum is the answer: what it is on the way there is not looked at.
        policies = [policy for policy in policies if not isinstance(policy, KeepBest)]
        optimizer = LBFGS(tolerance=1e-5, cost_tolerance=1e-9)
    going = run(
        objective,
        batch,
        settings,
        optimizer=optimizer,
        engine=engine,
        policies=policies,
        evaluate={"valid": held} if member.hidden else {},
    )
    with closing(going):
        for _ in going:
            if stopped():
                going.stop("interrupted")
    ended = going
    a = logits(network, engine, engine.place(ended.params), held.x).astype(np.float64)
    cost = float(network.loss.forward(NUMPY, a, held.t)[0]) if np.isfinite(a).all() else math.nan
    if not math.isfinite(cost):
        return None
    best = ended.history.ended.best_epoch if ended.history.ended else 0
    return Learned(ended.params, a, cost, best)
