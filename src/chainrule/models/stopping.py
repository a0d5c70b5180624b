"""When an estimator has learnt enough: scikit-learn's rules, as a policy of the loop."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from chainrule.constraints import Kind, Range, constrained, flag, real
from chainrule.figures import brief
from chainrule.optim import Horizon, Schedule
from chainrule.train import EpochEnded, Event, Policy
from chainrule.train.metrics import metric_named
from chainrule.train.policies import Decision, KeepWeights, Memory, ScaleRate, Stop

# Why a fit ends whose weights have run away.
DIVERGED = "the loss is not a number any more"
# Below this rate a step moves nothing: an adaptive rate that has come here ends the training.
_SMALLEST_RATE = 1e-6


@dataclass(frozen=True)
class Convergence(Policy):
    """Stop, or divide the rate by five, when nothing has improved by `tol` for more than `patience` epochs.

    What must improve is the training loss or, where `score` is named, that score of the validation data; then the
    weights of the best epoch are kept as well.

    Parameters
    ----------
    tol, patience : float
        Least improvement, and epochs to wait for it (perhaps forever).
    score : str
        Name of a metric; empty for the training loss.
    adaptive : bool
        Whether to go on with a smaller rate before stopping.
    best : float, optional
        Loss or score to improve on.
    waited : int
        Epochs without an improvement so far.
    """

    tol: float = real(0.0, default=1e-4)
    patience: float = 10
    score: str = constrained(Kind(str), default="")
    adaptive: bool = flag(False)
    best: float | None = None
    waited: int = constrained(Range(int, 0), default=0)

    def start(self) -> Memory:
        """Return what the fit before came to."""
        return {"best": self.best, "waited": self.waited, "kept": False}

    def fold(self, memory: Memory, event: Event) -> tuple[Memory, tuple[Decision, ...]]:
        """Count the epochs since the last improvement."""
        if not isinstance(event, EpochEnded):
            return memory, ()
        value = event.scores["valid"][self.score] if self.score else event.cost
        sign = metric_named(self.score or "cost").sign
        best = -sign * math.inf if memory["best"] is None else memory["best"]
        idle, improved = sign * value < sign * best + self.tol, sign * value > sign * best
        waited = memory["waited"] + 1 if idle else 0
        decisions: list[Decision] = []
        if improved:
            memory = {**memory, "best": value}
        if improved and self.score:
            memory["kept"] = True
            decisions.append(KeepWeights(f"validation {self.score} {brief(value)}"))
        if math.isnan(event.cost):
            decisions.append(Stop(DIVERGED))
        elif waited > self.patience:
            what = f"the validation {self.score}" if self.score else "the training loss"
            reason = f"{what} has not improved by more than tol={self.tol:g} for {self.patience:g} epochs"
            if self.adaptive and event.rate > _SMALLEST_RATE:
                waited = 0
                decisions.append(ScaleRate(0.2, f"{reason}: rate times 0.2"))
            else:
                decisions.append(Stop(reason))
        return {**memory, "waited": waited}, tuple(decisions)


@dataclass(frozen=True)
class PerSampleScaling(Schedule):
    """scikit-learn's `invscaling`: one rate for each epoch, (1 + samples seen so far)^-power.

    Parameters
    ----------
    power : float
    n_samples : int
        Samples of an epoch.
    seen : int
        Samples that earlier fits have seen.
    taken : int
        Steps that they took.
    fresh : bool
        Whether the optimizer is new: its first epoch has the full rate.
    """

    power: float = 0.5
    n_samples: int = 1
    seen: int = 0
    taken: int = 0
    fresh: bool = True

    def factor(self, step: np.ndarray, horizon: Horizon) -> np.ndarray:
        """Return the factor of the epoch that each step is in."""
        epoch = (step - self.taken) // horizon.steps_per_epoch
        factor = (1.0 + self.seen + self.n_samples * epoch) ** -self.power
        return np.where((epoch == 0) & self.fresh, 1.0, factor)
