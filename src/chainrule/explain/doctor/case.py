"""A case: what is known of a run, as its events and its data tell it; the signs that all rules read are derived here."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from chainrule.train import EpochEnded, Event, Measured, StepsEnded

# A sound first step may raise the cost a little; to this many times the cost of knowing nothing, none does.
_WORSE = 1.5


@dataclass(frozen=True, slots=True)
class Point:
    """An epoch's costs: of its steps, and of training and validation rows at its end (NaN where not measured)."""

    epoch: int
    cost: float
    train: float
    valid: float = math.nan


@dataclass(frozen=True)
class DataFacts:
    """What the arrays say, whoever learns from them.

    Attributes
    ----------
    n_train, n_valid : int
    largest : float
        Largest root mean square of an input column.
    spread : float
        How many times that is the smallest one's that is not 0.
    shares : tuple of float
        Share of each class, of a classification.
    copies : mapping of str to float
        By part: the share of its rows that are training rows too, inputs and target.
    chance_copies : float
        The share that would be so by chance, if columns had nothing to do with each other.
    telltale : tuple of (str, float, float) or None
        The one column that tells the target best, how well it does on rows not seen, and how well the second best.
    """

    n_train: int
    n_valid: int = 0
    largest: float = 1.0
    spread: float = 1.0
    shares: tuple[float, ...] = ()
    copies: Mapping[str, float] = field(default_factory=dict)
    chance_copies: float = 0.0
    telltale: tuple[str, float, float] | None = None


@dataclass(frozen=True, eq=False)
class Case:
    """A run to be looked at.

    Attributes
    ----------
    settings, usual : mapping
        The settings it has, by name; and those it would have had if nobody had said anything.
    points : sequence of Point
        Its epochs.
    measured : sequence of Measured
        The network, looked at now and then.
    data : DataFacts
    scores : mapping
        {"valid": {"accuracy": …}, …, "baseline": {…}} of the weights that were kept; empty where they are not known.
    wider, calmer : mapping
        Changes of settings that make the network larger where it learns, or learn less by heart.
    broke : bool
        Whether a cost was NaN or infinite.
    """

    settings: Mapping[str, Any]
    usual: Mapping[str, Any]
    points: Sequence[Point]
    measured: Sequence[Measured]
    data: DataFacts
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    wider: Mapping[str, Any] = field(default_factory=dict)
    calmer: Mapping[str, Any] = field(default_factory=dict)
    broke: bool = False

    @classmethod
    def of(cls, events: Iterable[Event], **known: Any) -> Case:
        """Return the case of a run's events, with what else is known of it."""
        points, measured, broke = [], [], False
        for event in events:
            if isinstance(event, EpochEnded):
                costs = {part: event.scores.get(part, {}).get("cost", math.nan) for part in ("train", "valid")}
                points.append(Point(event.epoch, event.cost, **costs))
            elif isinstance(event, Measured):
                measured.append(event)
            if isinstance(event, (EpochEnded, StepsEnded)):
                broke = broke or not math.isfinite(event.cost)
        return cls(points=points, measured=measured, broke=broke, **known)

    # What everything is compared with

    @cached_property
    def baseline(self) -> float:
        """The cost of knowing nothing: of the best answer that is the same for every row. NaN where not measured."""
        return self.measured[0].baseline if self.measured else math.nan

    @cached_property
    def first(self) -> float:
        """The cost before the first step."""
        return self.measured[0].cost if self.measured and self.measured[0].epoch == 0 else math.nan

    @cached_property
    def train(self) -> list[float]:
        """The training rows' cost after each epoch."""
        return [point.cost if math.isnan(point.train) else point.train for point in self.points]

    @cached_property
    def valid(self) -> list[float]:
        """The validation rows' cost after each epoch; empty where there are none."""
        costs = [point.valid for point in self.points]
        return [] if any(map(math.isnan, costs)) and not self.broke else costs

    @cached_property
    def steps_at_worst(self) -> tuple[int, float]:
        """The epoch whose steps, or end, were the worst, and its cost, without what the penalty was at the start."""
        penalty = self.measured[0].penalty if self.measured else 0.0
        costs = [max(point.cost - penalty, train) for point, train in zip(self.points, self.train, strict=True)]
        worst = max(costs)
        return self.points[costs.index(worst)].epoch, worst

    @property
    def is_wild(self) -> bool:
        """Whether an epoch was much worse than knowing nothing, and than the start."""
        start = self.first if math.isfinite(self.first) else 0.0
        return bool(self.points) and self.steps_at_worst[1] > _WORSE * max(self.baseline, start)

    @property
    def last(self) -> float:
        """The training rows' cost at the end."""
        return self.train[-1] if self.train else math.nan

    @property
    def best(self) -> float:
        """The least cost of the training rows after any epoch."""
        return min((cost for cost in self.train if math.isfinite(cost)), default=math.nan)

    @property
    def best_valid(self) -> float:
        """The least cost of the validation rows after any epoch."""
        return min((cost for cost in self.valid if math.isfinite(cost)), default=math.nan)

    @property
    def left(self) -> float:
        """The share of the baseline's cost that is left on the training rows at their best: 1 is nothing learned."""
        return self.best / self.baseline if self.baseline > 0 else math.nan

    @cached_property
    def wobble(self) -> float:
        """How much the cost jumps up from one epoch to the next, on average over the second half, in baselines."""
        half = self.train[len(self.train) // 2 :]
        rises = [max(0.0, b - a) for a, b in itertools.pairwise(half)]
        return sum(rises) / len(rises) / self.baseline if len(rises) > 1 and self.baseline > 0 else 0.0

    @cached_property
    def slope(self) -> float:
        """The share of all that the training cost fell, that it fell in the last quarter of the epochs."""
        if len(self.train) < 2 or not math.isfinite(self.first):
            return 0.0
        then = self.train[max(0, len(self.train) - 1 - max(1, len(self.train) // 4))]
        fell = self.first - self.last
        return (then - self.last) / fell if fell > 0 else 0.0

    # The settings

    def __getitem__(self, name: str) -> Any:
        """Return a setting, None where the run has none of that name."""
        return self.settings.get(name)

    def above(self, name: str) -> float:
        """Return how many times its usual value a number is; 1 where either is not set."""
        return (
            _size(self[name]) / _size(self.usual.get(name))
            if _size(self.usual.get(name)) and _size(self[name])
            else 1.0
        )

    def is_usual(self, name: str) -> bool:
        """Tell whether a setting is as it would be if nobody had said anything."""
        return _same(self[name], self.usual.get(name))

    def undoes(self, change: Mapping[str, Any]) -> bool:
        """Tell whether a change brings something unusual back to the usual."""
        return any(not self.is_usual(name) and _same(self.usual.get(name), value) for name, value in change.items())

    def goes_on_with(self, change: Mapping[str, Any]) -> bool:
        """Tell whether a change goes further in the direction in which somebody has just gone from the usual."""
        for name, value in change.items():
            now, usual, then = (_number(x) for x in (self[name], self.usual.get(name), value))
            if None not in (now, usual, then) and (then - now) * (now - usual) > 0:  # type: ignore[operator]
                return True
        return False


def _number(value: Any) -> float | None:
    """Return how much a setting is: a number, or the units of several layers together; None of a word."""
    if isinstance(value, (tuple, list)) and all(isinstance(item, int) for item in value):
        return float(sum(value))
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _same(a: Any, b: Any) -> bool:
    """Tell whether two values are the same but for rounding."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=0.01)
    return bool(a == b)


def _size(value: Any) -> float:
    return _number(value) or 0.0
