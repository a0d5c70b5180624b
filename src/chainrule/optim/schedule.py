"""Schedules: how the learning rate η changes while training goes on, as a factor on the rate that was set."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np

from chainrule.constraints import check_fields, real, whole
from chainrule.errors import ConfigError, did_you_mean


@dataclass(frozen=True)
class Horizon:
    """How long training is to last: what a schedule may know."""

    steps_per_epoch: int
    epochs: int

    @property
    def steps(self) -> int:
        """Steps in all."""
        return self.steps_per_epoch * self.epochs


class Schedule(ABC):
    """A frozen value with one pure method, evaluated on the host for many steps at once."""

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self)

    @abstractmethod
    def factor(self, step: np.ndarray, horizon: Horizon) -> np.ndarray:
        """Return the factor on η for the steps (0 is the first)."""


T = TypeVar("T", bound=type[Schedule])

SCHEDULES: dict[str, type[Schedule]] = {}


def register(name: str) -> Any:
    """Enter a schedule in the registry under the name that configurations use."""

    def enter(schedule: T) -> T:
        if SCHEDULES.setdefault(name, schedule) is not schedule:
            raise ConfigError("a schedule with a name of its own", f"a second {name!r}", "Give it another name.")
        return schedule

    return enter


@register("constant")
@dataclass(frozen=True)
class Constant(Schedule):
    """1 throughout."""

    def factor(self, step: np.ndarray, horizon: Horizon) -> np.ndarray:
        """Return ones."""
        return np.ones(len(step))


@register("step")
@dataclass(frozen=True)
class StepDecay(Schedule):
    """`drop` to the power of the number of times that `every` epochs have passed."""

    every: int = whole(1, default=10)
    drop: float = real(0.0, 1.0, low_open=True, default=0.5)

    def factor(self, step: np.ndarray, horizon: Horizon) -> np.ndarray:
        """drop^⌊epoch / every⌋."""
        return self.drop ** (step // (self.every * horizon.steps_per_epoch)).astype(float)


@register("inverse_scaling")
@dataclass(frozen=True)
class InverseScaling(Schedule):
    """(1 + step)^-power."""

    power: float = real(0.0, default=0.5)

    def factor(self, step: np.ndarray, horizon: Horizon) -> np.ndarray:
        """(1 + step)^-power."""
        return (1.0 + step) ** -self.power


@register("exponential")
@dataclass(frozen=True)
class Exponential(Schedule):
    """`decay` for each epoch, falling smoothly within it."""

    decay: float = real(0.0, 1.0, low_open=True, default=0.95)

    def factor(self, step: np.ndarray, horizon: Horizon) -> np.ndarray:
        """decay^(step / steps per epoch)."""
        return self.decay ** (step / horizon.steps_per_epoch)


@register("cosine")
@dataclass(frozen=True)
class Cosine(Schedule):
    """From 1 to `floor` along half a cosine. Loshchilov & Hutter, 2017, SGDR, eq. 5, without restarts."""

    floor: float = real(0.0, 1.0, default=0.0)

    def factor(self, step: np.ndarray, horizon: Horizon) -> np.ndarray:
        """floor + (1 - floor) ½ (1 + cos(π step / steps))."""
        return self.floor + (1 - self.floor) * 0.5 * (1 + np.cos(math.pi * _share(step, horizon)))


@register("warm_up")
@dataclass(frozen=True)
class WarmUp(Schedule):
    """A straight line from near 0 to 1 over the first `share` of training, then a cosine down to `floor`."""

    share: float = real(0.0, 1.0, low_open=True, high_open=True, default=0.1)
    floor: float = real(0.0, 1.0, default=0.0)

    def factor(self, step: np.ndarray, horizon: Horizon) -> np.ndarray:
        """(step + 1) / warm steps, then the cosine over the rest."""
        warm = max(1, round(self.share * horizon.steps))
        rest = np.clip((step - warm) / max(1, horizon.steps - warm), 0, 1)
        down = self.floor + (1 - self.floor) * 0.5 * (1 + np.cos(math.pi * rest))
        return np.where(step < warm, (step + 1) / warm, down)


@register("one_cycle")
@dataclass(frozen=True)
class OneCycle(Schedule):
    """From `start` up to 1 at `peak` of the way, then down to `end`, both along half a cosine.

    Smith & Topin, 2018, Super-convergence. The rate that was set is the highest one.
    """

    peak: float = real(0.0, 1.0, low_open=True, high_open=True, default=0.3)
    start: float = real(0.0, 1.0, low_open=True, default=0.04)
    end: float = real(0.0, 1.0, default=0.0001)

    def factor(self, step: np.ndarray, horizon: Horizon) -> np.ndarray:
        """Two half cosines that meet at the peak."""
        share = _share(step, horizon)
        up = self.start + (1 - self.start) * 0.5 * (1 - np.cos(math.pi * np.clip(share / self.peak, 0, 1)))
        fall = np.clip((share - self.peak) / (1 - self.peak), 0, 1)
        down = self.end + (1 - self.end) * 0.5 * (1 + np.cos(math.pi * fall))
        return np.where(share < self.peak, up, down)


@register("coslog4")
@dataclass(frozen=True)
class CosLog4(Schedule):
    """Four waves from 0 up to 1 and back, each twice as long as the one before: fast again and again, ever more rarely.

    Holzmüller, Grinsztajn & Steinwart, 2024, Better by default, section 3.
    """

    def factor(self, step: np.ndarray, horizon: Horizon) -> np.ndarray:
        """½ (1 - cos(2π log₂(1 + 15 share)))."""
        waves: np.ndarray = np.log2(1 + 15 * _share(step, horizon))
        return 0.5 * (1 - np.cos(2 * math.pi * waves))


@register("flat_cos")
@dataclass(frozen=True)
class FlatCos(Schedule):
    """1 for the first `share` of training, then down to 0 along half a cosine.

    Holzmüller, Grinsztajn & Steinwart, 2024, Better by default, section 3 (with a share of ½, for dropout and decay).
    """

    share: float = real(0.0, 1.0, high_open=True, default=0.5)

    def factor(self, step: np.ndarray, horizon: Horizon) -> np.ndarray:
        """1, then ½ (1 + cos(π rest))."""
        rest = np.clip((_share(step, horizon) - self.share) / (1 - self.share), 0, 1)
        return 0.5 * (1 + np.cos(math.pi * rest))


def _share(step: np.ndarray, horizon: Horizon) -> np.ndarray:
    """How much of training lies behind each step: 0 at the first, 1 at the last."""
    return np.clip(step / max(1, horizon.steps - 1), 0, 1)


def schedule_by_name(name: str, **settings: Any) -> Schedule:
    """Return the schedule called `name`; `settings` are its own fields."""
    if name not in SCHEDULES:
        raise ConfigError("the name of a schedule", f"{name!r}", did_you_mean(name, SCHEDULES))
    schedule = SCHEDULES[name]
    known = [field.name for field in fields(schedule)]  # type: ignore[arg-type]
    for key in settings:
        if key not in known:
            remedy = did_you_mean(key, known) if known else "Leave it out."
            raise ConfigError(f"a setting of the schedule {name}", f"{key!r}", remedy)
    return schedule(**settings)
