"""Policies: pure folds over the events that decide; only the loop acts on what they decide."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, TypeAlias

from chainrule.constraints import Kind, check_fields, constrained, option, real, whole
from chainrule.errors import ConfigError, did_you_mean
from chainrule.figures import brief
from chainrule.train.events import EpochEnded, Event, StepsEnded
from chainrule.train.metrics import DIRECTIONS, METRICS

# What a policy remembers: JSON-able, so that it can lie in a checkpoint.
Memory: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Stop:
    """End training after this event."""

    reason: str


@dataclass(frozen=True)
class KeepWeights:
    """Remember the weights as they are now: they are the best so far."""

    detail: str


@dataclass(frozen=True)
class ScaleRate:
    """Multiply the learning rate, from here on, by `factor`."""

    factor: float
    detail: str


@dataclass(frozen=True)
class Advise:
    """Tell the person."""

    advice: str


# Why a run ended whose cost became NaN or infinite.
NOT_FINITE = "the cost is not finite"

Decision: TypeAlias = Stop | KeepWeights | ScaleRate | Advise


class Policy(ABC):
    """A frozen value with one pure method; what it knows of the past is its `memory`."""

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self)

    def start(self) -> Memory:
        """Return the memory before the first event."""
        return {}

    @abstractmethod
    def fold(self, memory: Memory, event: Event) -> tuple[Memory, tuple[Decision, ...]]:
        """Return the new memory and what is to be done."""


def monitored(event: EpochEnded, monitor: str) -> float:
    """Return the value called `monitor`: `cost`, or `valid.cost`, `train.accuracy`, …"""
    if monitor == "cost":
        return event.cost
    where, _, metric = monitor.partition(".")
    try:
        return event.scores[where][metric]
    except KeyError:
        names = ["cost", *(f"{part}.{name}" for part, scores in event.scores.items() for name in scores)]
        raise ConfigError(
            "a value to monitor that is measured", f"{monitor!r}", f"Choose one of: {', '.join(names)}."
        ) from None


def sign_of(monitor: str, better: str) -> int:
    """Return 1 where a higher value of `monitor` is better, else -1; `auto` asks the metric of that name.

    Raises
    ------
    ConfigError
        If no metric of that name is registered, so that nobody knows.
    """
    if better != "auto":
        return 1 if better == "higher" else -1
    name = monitor.rpartition(".")[2]
    if name not in METRICS:
        raise ConfigError(
            "a value to monitor of which it is known whether higher is better",
            f"{monitor!r}",
            f"{did_you_mean(name, METRICS)} Your own is entered by train.register_metric, "
            'or say better="higher" or better="lower".',
        )
    return METRICS[name].sign


class _Watch(Policy):
    """A policy that watches one value, `monitor`; the best in its memory is one to be made small."""

    monitor: str
    better: str

    def start(self) -> Memory:
        """Find out before the first step whether higher is better."""
        sign_of(self.monitor, self.better)
        return {}

    def _value(self, event: EpochEnded) -> float:
        """Return the value as one to be made small."""
        return -sign_of(self.monitor, self.better) * monitored(event, self.monitor)


def _watched() -> Any:
    return constrained(Kind(str), default="valid.cost")


def _better() -> Any:
    return option("auto", *DIRECTIONS, default="auto")


def _improves(memory: Memory, value: float, min_delta: float) -> bool:
    best = memory.get("best")
    return math.isfinite(value) and (best is None or value < best - min_delta)


@dataclass(frozen=True)
class KeepBest(_Watch):
    """Keep the weights of the epoch with the best value of `monitor`.

    Parameters
    ----------
    monitor : str
        `cost`, that of the steps; or a score of a part of the data: `valid.cost`, `train.accuracy`.
    better : str
        `higher` or `lower`; `auto` asks the metric that is registered under the score's name.
    """

    monitor: str = _watched()
    better: str = _better()

    def fold(self, memory: Memory, event: Event) -> tuple[Memory, tuple[Decision, ...]]:
        """Keep the weights whenever the value improves."""
        if not isinstance(event, EpochEnded):
            return memory, ()
        value = self._value(event)
        if not _improves(memory, value, 0.0):
            return memory, ()
        return {"best": value}, (KeepWeights(f"{self.monitor} {brief(monitored(event, self.monitor))}"),)


@dataclass(frozen=True)
class EarlyStopping(_Watch):
    """Stop when `monitor` (see `KeepBest`) has not improved by more than `min_delta` for `patience` epochs.

    Prechelt, 1998, Early stopping - but when?
    """

    monitor: str = _watched()
    patience: int = whole(1, default=10)
    min_delta: float = real(0.0, default=0.0)
    better: str = _better()

    def fold(self, memory: Memory, event: Event) -> tuple[Memory, tuple[Decision, ...]]:
        """Count the epochs since the last improvement."""
        if not isinstance(event, EpochEnded):
            return memory, ()
        value = self._value(event)
        if _improves(memory, value, self.min_delta):
            return {"best": value, "waited": 0}, ()
        waited = memory.get("waited", 0) + 1
        decisions = (Stop(f"{self.monitor} has not improved for {waited} epochs"),) if waited >= self.patience else ()
        return {**memory, "waited": waited}, decisions


@dataclass(frozen=True)
class ReduceOnPlateau(_Watch):
    """Multiply the learning rate by `factor` when `monitor` (see `KeepBest`) has not improved for `patience` epochs."""

    monitor: str = _watched()
    patience: int = whole(1, default=5)
    factor: float = real(0.0, 1.0, low_open=True, high_open=True, default=0.5)
    most: int = whole(1, default=8)
    better: str = _better()

    def fold(self, memory: Memory, event: Event) -> tuple[Memory, tuple[Decision, ...]]:
        """Count the epochs since the last improvement or reduction."""
        if not isinstance(event, EpochEnded):
            return memory, ()
        value = self._value(event)
        if _improves(memory, value, 0.0):
            return {**memory, "best": value, "waited": 0}, ()
        waited = memory.get("waited", 0) + 1
        times = memory.get("times", 0)
        if waited < self.patience or times >= self.most:
            return {**memory, "waited": waited}, ()
        detail = f"{self.monitor} has not improved for {waited} epochs: rate times {self.factor:g}"
        return {**memory, "waited": 0, "times": times + 1}, (ScaleRate(self.factor, detail),)


@dataclass(frozen=True)
class TimeLimit(Policy):
    """Stop after `seconds` of training."""

    seconds: float = real(0.0, low_open=True)

    def fold(self, memory: Memory, event: Event) -> tuple[Memory, tuple[Decision, ...]]:
        """Look at the clock that the event carries."""
        if isinstance(event, (StepsEnded, EpochEnded)) and event.seconds >= self.seconds:
            return memory, (Stop(f"the time limit of {self.seconds:g} s has passed"),)
        return memory, ()


@dataclass(frozen=True)
class StopOnNonFinite(Policy):
    """Stop as soon as the cost is NaN or infinite: the network would go on multiplying NaNs as if they were numbers."""

    def fold(self, memory: Memory, event: Event) -> tuple[Memory, tuple[Decision, ...]]:
        """Stop, and say what was seen."""
        if not isinstance(event, (StepsEnded, EpochEnded)) or math.isfinite(event.cost):
            return memory, ()
        advice = f"The cost became {'NaN' if math.isnan(event.cost) else 'infinite'} at a rate of {event.rate:.3g}."
        return memory, (Advise(advice), Stop(NOT_FINITE))
