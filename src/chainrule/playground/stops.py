"""Reasons to stop: conditions that are met now, and were not when training was told to go on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from chainrule.playground.spec import StopSpec


@dataclass(frozen=True)
class Start:
    """Where training was told to go on: what is reached already is no reason to stop."""

    epoch: int = 0
    seconds: float = 0.0
    cost: float = math.inf


def reason_to_stop(stop: StopSpec, start: Start, epoch: int, seconds: float, cost: float) -> str | None:
    """Return the condition that is met, in a sentence; `cost` is infinite within an epoch."""
    if stop.epochs is not None and start.epoch < stop.epochs <= epoch:
        return f"Epoch {epoch} is done, as asked."
    if stop.cost is not None and cost <= stop.cost < start.cost:
        return f"The training cost is {cost:.4g}, below {stop.cost:g}."
    if stop.seconds is not None and start.seconds < stop.seconds <= seconds:
        return f"{seconds:.3g} seconds of training have passed."
    return None
