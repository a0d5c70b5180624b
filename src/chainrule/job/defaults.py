"""What suits data of some size where nobody says otherwise: how many rows a step, how long, how fast, how calm."""

from __future__ import annotations

import math

from chainrule.recipes import Pace

_STEPS_WORTH_TAKING = 3000
_PATIENCE = 20
_BEST_AT_THE_END = ("one_cycle", "coslog4", "flat_cos")
_SLOW_RULES = {
    "gradient_descent": 0.1,
    "gradient_ascent": 0.1,
    "momentum": 0.03,
    "nesterov": 0.03,
    "adagrad": 0.03,
    "muon": 0.02,
}


def batch_size(n_train: int) -> int:
    """Return rows a step: small batches for small data."""
    return min(n_train, 32 if n_train < 10_000 else 128)


def epochs(pace: Pace, steps: int) -> int:
    """Return passes over the data with so many steps each: many for small data, for a few thousand steps to learn in."""
    return min(pace.most_epochs, max(pace.least_epochs, math.ceil(_STEPS_WORTH_TAKING / steps)))


def learning_rate(pace: Pace, optimizer: str) -> float:
    """Return η: the kind of network's own, or a higher one for a rule that does not scale its steps."""
    return _SLOW_RULES.get(optimizer, pace.learning_rate)


def l2(optimizer: str, n_train: int) -> float:
    """Return the penalty 1 / rows.

    It is what the mean cost makes of a normal prior of variance 1 on each weight (Bishop, 2006, eq. 3.55). AdamW and Muon
    have a decay of their own.
    """
    return 0.0 if optimizer in ("adamw", "muon") else 1.0 / n_train


def patience(schedule: str, n_epochs: int) -> int:
    """Return epochs without improvement before stopping.

    A schedule that falls to nothing must not be stopped before its end, where it is best.
    """
    return 0 if schedule in _BEST_AT_THE_END else max(_PATIENCE, math.ceil(n_epochs / 5))
