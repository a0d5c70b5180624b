"""Picking: which members make the ensemble, and how much each counts, by what they said of rows that they did not learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.seeds import Purpose, generator

# A probability of 0 for what was right would cost infinitely much.
_LEAST = 1e-7
_MOST = 40
# What another member has to lower the cost by, as a share, to be worth its place.
_WORTH = 1e-5
# A member that counts less is not worth keeping its networks.
_FAINT = 0.04


def cost_of(y: np.ndarray, t: np.ndarray, *, classify: bool) -> float:
    """Return the log-loss of probabilities y (N, K), or the mean squared error of values, against t (N, K)."""
    if classify:
        return float(-np.log(np.clip((y * t).sum(axis=1), _LEAST, 1)).mean())
    return float(((y - t) ** 2).mean())


def pick(
    each: Sequence[np.ndarray], t: np.ndarray, *, classify: bool, rounds: int = 1, seed: int = 0
) -> tuple[dict[int, float], float]:
    """Return the weights of the members that were picked, by their numbers, and the cost of their mean.

    The best member is first; then, again and again, the one that lowers the cost of the mean most is added to it, a
    member as often as it helps, until none does. That is done on as many samples of the rows, drawn with replacement, as
    there are rounds (on the rows themselves in a single one), and the weights are averaged: of few rows, the best on all
    of them owes much to chance. Caruana et al., 2004, Ensemble selection from libraries of models, with its bagging over
    rows instead of models.

    Parameters
    ----------
    each : sequence of arrays (N, K)
        Predictions of each member: probabilities, or values.
    t : array (N, K)
        Indicators of the classes, or values.
    rounds, seed : int
        Samples of the rows, and of their drawing.
    """
    # Of probabilities only that of the right class tells, and its mean is the mean's.
    seen = np.stack([(y * t).sum(axis=1) if classify else y.ravel() for y in each])
    truth = np.ones(0) if classify else t.ravel()
    rng = generator(seed, Purpose.SAMPLE)
    n = seen.shape[1]
    samples = [np.arange(n)] if rounds == 1 else [rng.integers(n, size=n) for _ in range(rounds)]
    shares = np.mean([_greedy(seen[:, rows], truth[rows] if len(truth) else truth) for rows in samples], axis=0)
    shares = np.where(shares >= min(_FAINT, shares.max()), shares, 0.0)
    shares /= shares.sum()
    return {int(i): float(shares[i]) for i in np.flatnonzero(shares)}, float(_costs(shares @ seen, truth))


def _costs(y: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the costs of predictions (…, N)."""
    if not len(truth):
        return np.asarray(-np.log(np.clip(y, _LEAST, 1)).mean(axis=-1))
    return np.asarray(((y - truth) ** 2).mean(axis=-1))


def _greedy(seen: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the weights (S,) of members whose predictions are seen (S, N)."""
    alone = _costs(seen, truth)
    first = int(alone.argmin())
    counts = np.zeros(len(seen))
    counts[first], total, best = 1, seen[first].copy(), float(alone[first])
    for n in range(1, _MOST):
        after = _costs((total + seen) / (n + 1), truth)
        i = int(after.argmin())
        if not after[i] < best * (1 - _WORTH):
            break
        counts[i], total, best = counts[i] + 1, total + seen[i], float(after[i])
    return np.asarray(counts / counts.sum())
