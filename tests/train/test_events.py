"""Events survive a trip through JSON."""

from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError, replace

import pytest

from chainrule.errors import DataError
from chainrule.train import event_from_json, event_to_json
from chainrule.train.events import (
    EVENTS,
    Advised,
    Decided,
    EpochEnded,
    EpochStarted,
    Event,
    FitEnded,
    FitStarted,
    Measured,
    MemberEnded,
    MembersStarted,
    StepsEnded,
)

CASES: list[Event] = [
    FitStarted(1, 0.0, "numpy", "float32", 100, 42, 0, 10, 32, 4, 7),
    EpochStarted(2, 0.1, 1),
    StepsEnded(3, 0.2, 1, 2, 4, 0.7, 0.01),
    EpochEnded(4, 0.3, 1, 4, 0.6, 0.01, 5000.0, {"valid": {"cost": 0.5, "accuracy": 0.75}}),
    Measured(5, 0.35, 1, 4, 0.5, 0.7, 0.1, float("inf"), {"hidden1": 2.0}, {"hidden1": 0.1}, {}, {"relu1": 0.25}),
    Decided(5, 0.4, 1, "KeepBest", "keep_weights", "valid.cost 0.5"),
    Advised(6, 0.5, 1, "StopOnNonFinite", "The cost became NaN: try 0.001."),
    MembersStarted(7, 0.5, 9, 5, 100, 0),
    MemberEnded(8, 0.5, 3, 9, 1, "linear, numbers as they are", float("inf"), 0.4),
    FitEnded(7, 0.6, "all 10 epochs are done", 10, 3),
]


def through_json(event: Event) -> Event:
    """Return what comes back."""
    return event_from_json(json.loads(json.dumps(event_to_json(event), allow_nan=False)))


@pytest.mark.parametrize("kind", EVENTS)
def test_every_kind_of_event_has_a_case(kind: str) -> None:
    assert kind in {type(event).__name__ for event in CASES}


@pytest.mark.parametrize("event", CASES, ids=lambda event: type(event).__name__)
def test_an_event_survives_json(event: Event) -> None:
    assert through_json(event) == event


@pytest.mark.parametrize("event", CASES, ids=lambda event: type(event).__name__)
def test_an_event_cannot_be_changed(event: Event) -> None:
    with pytest.raises(FrozenInstanceError):
        event.number = 9  # type: ignore[misc]


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_an_infinite_cost_survives_json(value: float) -> None:
    event = replace(CASES[2], cost=value)  # type: ignore[call-arg]
    assert through_json(event) == event


def test_a_cost_of_nan_survives_json() -> None:
    event = through_json(replace(CASES[2], cost=math.nan))  # type: ignore[call-arg]
    assert math.isnan(event.cost)  # type: ignore[attr-defined]


def test_a_score_of_nan_survives_json() -> None:
    event = through_json(replace(CASES[3], scores={"valid": {"r2": math.nan}}))  # type: ignore[call-arg]
    assert math.isnan(event.scores["valid"]["r2"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("word", ["nan", "inf", "-inf"])
def test_a_text_that_reads_like_a_number_stays_a_text(word: str) -> None:
    event = replace(CASES[-1], reason=word)  # type: ignore[call-arg]
    assert through_json(event) == event


@pytest.mark.parametrize(
    "data",
    [None, [], "FitEnded", {}, {"event": "Exploded"}, {"event": ["FitEnded"]}, {"event": "EpochStarted", "number": 1}],
    ids=repr,
)
def test_what_is_no_event_is_refused(data: object) -> None:
    with pytest.raises(DataError, match="journal"):
        event_from_json(data)
