"""The history: the curves of a run, folded from its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from chainrule.train.events import EpochEnded, Event, FitEnded, FitStarted


@dataclass
class History:
    """One entry an epoch.

    Attributes
    ----------
    epochs : list of int
    cost, rate : list of float
        Mean cost of the epoch's batches, and the last learning rate.
    scores : dict
        {"valid": {"cost": [...], "accuracy": [...]}}
    """

    epochs: list[int] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    scores: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    started: FitStarted | None = None
    ended: FitEnded | None = None

    @classmethod
    def of(cls, events: Iterable[Event]) -> History:
        """Fold events into a history."""
        history = cls()
        for event in events:
            history.add(event)
        return history

    def add(self, event: Event) -> None:
        """Take in one event."""
        if isinstance(event, EpochEnded):
            self.epochs.append(event.epoch)
            self.cost.append(event.cost)
            self.rate.append(event.rate)
            for where, scores in event.scores.items():
                for metric, value in scores.items():
                    self.scores.setdefault(where, {}).setdefault(metric, []).append(value)
        elif isinstance(event, FitStarted):
            self.started = self.started or event
        elif isinstance(event, FitEnded):
            self.ended = event
