"""Picking: which members make the ensemble, and how much each counts, by what they said of rows that they did not learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.seeds import Purpose, generator

# A probability of 0 for what was right would cost infinitely much.
_LEAST = 1e-7
_MOST = 40
# What a longer mean has to lower the cost by, as a share, to be worth it.
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

    The best member is first; then, again and again, the one is added whose mean with those before costs least, a member
    any number of times; the mean that cost least on the way is kept. That is done on as many samples of the rows, drawn with replacement, as
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
    """Return the weights (S,) of members whose predictions are seen (S, N): the mean that cost least on the way."""
    counts = np.zeros(len(seen))
    kept, least = np.ones(len(seen)), np.inf
    total = np.zeros(seen.shape[1])
    for n in range(_MOST):
        after = _costs((total + seen) / (n + 1), truth)
        i = int(after.argmin())
        counts[i], total = counts[i] + 1, total + seen[i]
        # Further on it may be better again: a second member can only come in with a small weight.
        if after[i] < least * (1 - _WORTH):
            kept, least = counts.copy(), float(after[i])
    return np.asarray(kept / kept.sum())
