"""Events: training as a sequence of small frozen facts, numbered and timed, that survive a trip through JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from chainrule.errors import DataError

Scores = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Event:
    """What all events have: a running number and the seconds of training so far."""

    number: int
    seconds: float


@dataclass(frozen=True, slots=True)
class FitStarted(Event):
    """Training begins, or goes on at `epoch` after a stop."""

    engine: str
    dtype: str
    n_samples: int
    n_parameters: int
    epoch: int
    epochs: int
    batch_size: int
    steps_per_epoch: int
    seed: int


@dataclass(frozen=True, slots=True)
class EpochStarted(Event):
    """A pass over the data begins; epochs count from 1."""

    epoch: int


@dataclass(frozen=True, slots=True)
class StepsEnded(Event):
    """Some steps were taken: `step` of `steps` of the epoch are done, at the mean cost of these."""

    epoch: int
    step: int
    steps: int
    cost: float
    rate: float


@dataclass(frozen=True, slots=True)
class EpochEnded(Event):
    """A pass over the data is done.

    Attributes
    ----------
    cost : float
        Mean cost of its batches, each measured before its own step.
    rate : float
        Learning rate of its last step.
    samples_per_second : float
        Of the steps alone, without the evaluation.
    scores : dict
        {"valid": {"cost": ..., "accuracy": ...}, ...} of the weights at its end.
    """

    epoch: int
    step: int
    cost: float
    rate: float
    samples_per_second: float
    scores: Scores = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measured(Event):
    """The network as it stood after `epoch` epochs, on a fixed sample of training rows, without noise (see `train.measure`).

    Attributes
    ----------
    step : int
        Steps taken so far.
    cost : float
        Mean cost of the sample, without the penalty.
    baseline : float
        What the best answer that is the same for every row costs on the sample.
    penalty : float
        R, what is added to the cost.
    pull : float
        ‖∂R‖ / ‖∂J‖: how much stronger the penalty pulls at the weights than the data.
    weights, gradients : dict of float
        By layer: ‖W‖ and ‖∂J/∂W‖.
    moved : dict of float
        By layer: ‖ΔW‖ over this epoch; empty where the epoch's start was not seen.
    dead, saturated : dict of float
        By layer without weights: the share of units whose derivative is 0, or nearly so, in every row.
    alike : dict of float
        By layer: 1 where all its units have the same weights, else 0.
    """

    epoch: int
    step: int
    cost: float
    baseline: float
    penalty: float
    pull: float
    weights: dict[str, float] = field(default_factory=dict)
    gradients: dict[str, float] = field(default_factory=dict)
    moved: dict[str, float] = field(default_factory=dict)
    dead: dict[str, float] = field(default_factory=dict)
    saturated: dict[str, float] = field(default_factory=dict)
    alike: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decided(Event):
    """A policy decided and the loop acted: `decision` is stop, keep_weights or scale_rate."""

    epoch: int
    policy: str
    decision: str
    detail: str


@dataclass(frozen=True, slots=True)
class Advised(Event):
    """Something worth telling the person, with what to do about it."""

    epoch: int
    policy: str
    advice: str


@dataclass(frozen=True, slots=True)
class MembersStarted(Event):
    """An ensemble's members begin to learn: so many, each on all folds of the rows (see `chainrule.tables`)."""

    members: int
    folds: int
    n_samples: int
    seed: int


@dataclass(frozen=True, slots=True)
class MemberEnded(Event):
    """A member of an ensemble has learned from all folds: `member` of `members`, counted from 1 (see `chainrule.tables`).

    Attributes
    ----------
    done : int
        How many have ended.
    what : str
        The member in a few words.
    cost : float
        Of the rows that its networks did not learn from; NaN where one of them diverged.
    best : float
        The same of the ensemble that would be picked now.
    """

    member: int
    members: int
    done: int
    what: str
    cost: float
    best: float


@dataclass(frozen=True, slots=True)
class FitEnded(Event):
    """Training is over: why, after how many epochs, and of which epoch the weights are."""

    reason: str
    epochs: int
    best_epoch: int


EVENTS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        FitStarted,
        EpochStarted,
        StepsEnded,
        EpochEnded,
        Measured,
        Decided,
        Advised,
        MembersStarted,
        MemberEnded,
        FitEnded,
    )
}


def event_to_json(event: Event) -> dict[str, Any]:
    """Return an event as JSON-able data; JSON has no NaN, so numbers that are not finite become texts."""
    data = {field.name: getattr(event, field.name) for field in fields(event)}
    return {"event": type(event).__name__} | {name: _finite(value) for name, value in data.items()}


def event_from_json(data: Any) -> Event:
    """Return the event that `event_to_json` described; raise DataError for what it cannot have described."""
    kind = EVENTS.get(str(data.get("event"))) if isinstance(data, Mapping) else None
    if kind is None:
        raise DataError("an event of a journal", repr(data)[:80], "Use a journal.jsonl that Chainrule wrote.")
    read = {field.name: _READERS[str(field.type)] for field in fields(kind)}
    given = {name: value for name, value in data.items() if name != "event"}
    try:
        return kind(**{name: read[name](value) for name, value in given.items()})
    except (TypeError, KeyError) as error:
        raise DataError(f"the fields of {kind.__name__}", repr(given)[:80], "Use an undamaged journal.") from error


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**62:
        raise TypeError(value)
    return value


def _real(value: Any) -> float:
    if isinstance(value, bool) or not (isinstance(value, (int, float)) or value in ("nan", "inf", "-inf")):
        raise TypeError(value)
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _scores(value: Any) -> Scores:
    if not isinstance(value, dict) or not all(isinstance(part, dict) for part in value.values()):
        raise TypeError(value)
    return {where: {name: _real(score) for name, score in part.items()} for where, part in value.items()}


def _figures(value: Any) -> dict[str, float]:
    if not isinstance(value, dict):
        raise TypeError(value)
    return {name: _real(figure) for name, figure in value.items()}


# How a field's value is read, by its type.
_READERS: dict[str, Callable[[Any], Any]] = {
    "int": _whole,
    "float": _real,
    "str": _text,
    "Scores": _scores,
    "dict[str, float]": _figures,
}
