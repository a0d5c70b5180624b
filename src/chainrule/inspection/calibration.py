"""Calibration: whether of the answers that are 70 % sure seven in ten are right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.inspection.intervals import CONFIDENCE, wilson
from chainrule.inspection.subject import probabilities
from chainrule.seeds import Purpose, generator

_BINS = 10
_FEWEST_ROWS = 30
_DRAWS = 200
_MOST_ROWS = 20_000


@dataclass(frozen=True, eq=False)
class Calibration:
    """How sure the answers are against how often they are right, in bins of about as many rows each.

    Attributes
    ----------
    said, came, low, high : array (B,)
        The mean probability in each bin, the share that came true, and its 95 % interval.
    counts : array (B,)
        Rows in each.
    error : float
        ECE, the expected calibration error: Σ counts · |came − said| / N.
    chance : float
        What a perfectly calibrated model's error would stay under in 95 of 100 draws of so many rows.
    of : int or None
        The class whose probability it is, of two; None where it is that of whichever class was answered.
    """

    said: np.ndarray
    came: np.ndarray
    low: np.ndarray
    high: np.ndarray
    counts: np.ndarray
    error: float
    chance: float
    of: int | None

    @property
    def is_more_than_chance(self) -> bool:
        """Whether the error is larger than so few rows would show of a perfect model."""
        return self.error > self.chance

    @property
    def leans(self) -> str:
        """`too sure` where more is said than comes true, `not sure enough` where less."""
        sure = np.abs(self.said - 0.5) if self.of is not None else self.said
        right = np.where(self.said >= 0.5, self.came - 0.5, 0.5 - self.came) if self.of is not None else self.came
        return "too sure" if float(self.counts @ (sure - right)) > 0 else "not sure enough"


def calibration(truth: np.ndarray, y: np.ndarray, positive: int, seed: int) -> Calibration | None:
    """Return the calibration of probabilities; None where the rows are too few to tell.

    Guo et al., 2017, On calibration of modern neural networks, eq. 3; bins by quantiles: Nguyen & O'Connor, 2015.

    Parameters
    ----------
    truth : array (N,)
        Class numbers.
    y : array (N, K)
    positive : int
        Of two classes, the one whose probability is looked at.
    seed : int
        Names the draws that tell chance.
    """
    if len(truth) < _FEWEST_ROWS:
        return None
    p = probabilities(y)
    of = positive if p.shape[1] == 2 else None
    said = p[:, positive] if of is not None else p.max(axis=1)
    came = truth == (positive if of is not None else p.argmax(axis=1))
    # Equal answers share a bin: the edges are answers, and a bin begins after its lower edge.
    edges = np.unique(np.quantile(said, np.linspace(0, 1, _BINS + 1)[1:-1]))
    place = np.searchsorted(edges, said, side="left")
    counts = np.bincount(place, minlength=len(edges) + 1)
    filled = counts > 0
    hits = np.bincount(place, came, minlength=len(counts))
    mean = np.bincount(place, said, minlength=len(counts))[filled] / counts[filled]
    low, high = wilson(hits[filled], counts[filled])
    error = float(np.abs(hits - np.bincount(place, said, minlength=len(counts))).sum() / len(truth))
    return Calibration(
        mean, hits[filled] / counts[filled], low, high, counts[filled], error, _by_chance(said, place, seed), of
    )


def _by_chance(said: np.ndarray, place: np.ndarray, seed: int) -> float:
    """Return the error that truths drawn by the very probabilities stay under, in 95 of 100 draws."""
    n = len(said)
    bins = int(place.max()) + 1
    sums = np.bincount(place, said, minlength=bins)
    rng = generator(seed, Purpose.SAMPLE, 3)
    if n > _MOST_ROWS:
        # Hits of a bin of so many rows are as good as normal.
        spread = np.sqrt(np.bincount(place, said * (1 - said), minlength=bins))
        errors = np.abs(rng.normal(size=(_DRAWS, bins)) * spread).sum(axis=1) / n
    else:
        errors = np.array(
            [np.abs(np.bincount(place, rng.random(n) < said, minlength=bins) - sums).sum() / n for _ in range(_DRAWS)]
        )
    return float(np.quantile(errors, CONFIDENCE))
