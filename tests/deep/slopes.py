"""A sweep of checks by number: on networks that are right none may say "differs", and of planted mistakes none may hide.

Every activation × loss × penalty × depth × epochs of training × one row and all rows: the derivative by weights and
biases of each network is held against the slope of the cost. Then the same derivatives are falsified, in each way in
which people go wrong, and the same measurements must find it.

    python -m tests.deep.slopes
    python -m tests.deep.slopes --every 50 --entries 2
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from chainrule import nn, optim
from chainrule.engine import engine_by_name
from chainrule.engine.numpy import NUMPY
from chainrule.explain.address import write
from chainrule.explain.check import Check
from chainrule.explain.ground import ground_of, one_of
from chainrule.network.network import Network
from chainrule.sources.synthetic import circle
from chainrule.train import Supervised
from chainrule.train.learner import Learner
from chainrule.tree import leaf, leaves, map_leaves
from chainrule.types import PREDICT, Batch, Params

EPOCHS = (0, 20, 300, 2000)
PENALTIES = {
    "no penalty": nn.Penalty(),
    "l2": nn.Penalty(l2=0.01),
    "l1": nn.Penalty(l1=0.003),
    "both, normalised": nn.Penalty(l1=0.01, l2=0.1, normalised=True),
}
LOSSES = {
    "softmax": nn.SoftmaxCrossEntropy(),
    "softmax, smoothed": nn.SoftmaxCrossEntropy(0.1),
    "binary": nn.BinaryCrossEntropy(),
    "squared error": nn.SquaredError(),
    "huber": nn.Huber(0.3),
    "pinball": nn.Pinball((0.1, 0.9)),
    "poisson": nn.Poisson(),
}
# What a derivative becomes by each mistake: g is right, `other` is that of a weight in another place.
MISTAKES = {
    "twice": lambda g, other, n: 2 * g,
    "half": lambda g, other, n: g / 2,
    "the other sign": lambda g, other, n: -g,
    "nothing": lambda g, other, n: 0.0,
    "a tenth more": lambda g, other, n: 1.1 * g,
    "summed, not averaged": lambda g, other, n: g * n if n > 1 else 2 * g,
    "averaged twice": lambda g, other, n: g / n if n > 1 else g / 2,
    "transposed": lambda g, other, n: other,
}


@dataclass
class Tally:
    """What came out."""

    verdicts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    false_alarms: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    planted: int = 0

    @property
    def checks(self) -> int:
        """How many derivatives were held against a slope."""
        return sum(self.verdicts.values())

    def __str__(self) -> str:
        """Return the counts."""
        verdicts = ", ".join(f"{count:,} {verdict}" for verdict, count in self.verdicts.most_common())
        reasons = "".join(f"\n    {count:,}: {reason}" for reason, count in self.reasons.most_common())
        return (
            f"{self.checks:,} checks: {verdicts}{reasons}\n"
            f"{len(self.false_alarms)} false alarms; {self.planted:,} planted mistakes, {len(self.hidden)} not found"
        )


def settings() -> Iterator[tuple[str, str, str, int]]:
    """Yield activation, loss, penalty and depth of every network."""
    yield from product(nn.ACTIVATIONS, LOSSES, PENALTIES, (0, 1, 2, 3))


def sweep(every: int = 1, entries: int = 6, epochs: tuple[int, ...] = EPOCHS) -> Tally:
    """Return the tally of all networks, or of each `every`-th."""
    tally = Tally()
    for number, (activation, loss, penalty, depth) in enumerate(settings()):
        if number % every == 0:
            _network(tally, number, activation, loss, penalty, depth, entries, epochs)
    return tally


def _network(
    tally: Tally,
    seed: int,
    activation: str,
    loss: str,
    penalty: str,
    depth: int,
    entries: int,
    epochs: tuple[int, ...],
) -> None:
    rng = np.random.default_rng(seed)
    batch = _batch(loss, rng)
    layers = [layer for _ in range(depth) for layer in (nn.Dense(4), nn.ACTIVATIONS[activation])]
    network = Network(nn.Sequential((*layers, nn.Dense(2))), (2,), LOSSES[loss])
    objective = Supervised(network, PENALTIES[penalty])
    learner = Learner(
        objective, network.init(rng), rule=optim.Adam(), engine=engine_by_name("numpy", "float64"), rate=0.02
    )
    rows = np.arange(batch.n_samples)
    taken = 0
    for epoch in epochs:
        if epoch > taken:
            learner.steps(batch, np.tile(rows, (epoch - taken, 1)))
            taken = epoch
        params = map_leaves(np.array, learner.params)
        row = int(rng.integers(batch.n_samples))
        for which, part in (("all rows", batch), (f"row {row}", batch.take(slice(row, row + 1)))):
            where = f"{activation}, {loss}, {penalty}, {depth} hidden layers, epoch {epoch}, {which}"
            _checks(tally, where, objective, params, part, entries, rng)


def _batch(loss: str, rng: np.random.Generator) -> Batch:
    if rng.random() < 0.3:
        x, number = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    else:
        x, number = circle(rng, 100, 0.5)
    t = np.eye(2)[number.astype(int)]
    return Batch(x, t if loss in ("softmax", "softmax, smoothed", "binary") else 3 * t)


def _checks(
    tally: Tally,
    where: str,
    objective: Supervised,
    params: Params,
    batch: Batch,
    entries: int,
    rng: np.random.Generator,
) -> None:
    ground = ground_of(objective, params, batch, PREDICT)
    _, grads = objective.loss_and_grads(NUMPY, params, batch, PREDICT)
    for name in rng.choice([name for name, _ in leaves(params)], entries):
        gradient = leaf(grads, name)
        index = tuple(int(rng.integers(size)) for size in gradient.shape)
        one = one_of(params, name, index)
        slope = ground.slope(name, one)
        derived = float(gradient[index])
        check = ground.judged(derived, slope, name, one)
        tally.verdicts[check.verdict] += 1
        if check.why:
            tally.reasons[_kind(check)] += 1
        if check.verdict == "differs":
            tally.false_alarms.append(
                f"{where}, {write(name, index)}: {check.analytic!r}, {check.measured}: {check.why}"
            )
        # What agrees because both are zero, to within the noise, would hide a mistake of that size as well.
        if not check.agrees or check.why:
            continue
        other = float(gradient.ravel()[(np.ravel_multi_index(index, gradient.shape) + 1) % gradient.size])
        for mistake, falsified in MISTAKES.items():
            wrong = falsified(derived, other, batch.n_samples)
            if abs(wrong - derived) <= 0.03 * abs(derived):
                continue
            tally.planted += 1
            if ground.judged(wrong, slope, name, one).verdict != "differs":
                tally.hidden.append(f"{where}, {write(name, index)}, {mistake}: {wrong!r}, {check.measured}")


def _kind(check: Check) -> str:
    if check.verdict == "differs":
        return "they differ"
    return next(kind for kind in ("kink", "both are zero", "too small", "not a finite") if kind in check.why)


def main() -> None:
    """Run the sweep and print its counts, and each false alarm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--entries", type=int, default=6)
    arguments = parser.parse_args()
    tally = sweep(arguments.every, arguments.entries)
    print(tally)
    for line in (*tally.false_alarms, *tally.hidden):
        print("   ", line)
    if tally.false_alarms or tally.hidden:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
