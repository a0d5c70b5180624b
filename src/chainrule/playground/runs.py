"""Runs: the curves of this run and of those that were kept to compare it with, thinned to what a chart can show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chainrule.errors import ConfigError

MOST_POINTS = 600
MOST_RUNS = 24
_TAIL = 256


@dataclass
class Curve:
    """Epoch, train cost and test cost, point by point; `serial` counts all points that ever were."""

    points: list[tuple[float, float, float]] = field(default_factory=list)
    serial: int = 0

    def add(self, epoch: float, train: float, test: float) -> None:
        """Add a point; a second one of the same epoch takes the place of the first."""
        if self.points and self.points[-1][0] >= epoch:
            self.cut(epoch)
        self.points.append((epoch, train, test))
        self.serial += 1
        if len(self.points) > 2 * MOST_POINTS:
            # Every second point goes, but for the last.
            self.points = self.points[: -MOST_POINTS // 4 : 2] + self.points[-MOST_POINTS // 4 :]

    def cut(self, epoch: float) -> None:
        """Take away what was after (or at) an epoch that training has gone back to."""
        self.points = [point for point in self.points if point[0] < epoch]

    def since(self, serial: int) -> list[list[float]]:
        """Return the points that came after the first `serial` ones."""
        count = min(max(0, self.serial - serial), len(self.points))
        return [list(point) for point in self.points[len(self.points) - count :]]

    def fork(self) -> Curve:
        """Return a copy that grows by itself."""
        return Curve(list(self.points), self.serial)

    def tail(self) -> Curve:
        """Return a copy of the end: what came up since any view that still looks got its last frame."""
        return Curve(self.points[-_TAIL:], self.serial)

    def thinned(self) -> list[tuple[float, float, float]]:
        """Return at most `MOST_POINTS` points, first and last among them."""
        stride = max(1, math.ceil(len(self.points) / MOST_POINTS))
        thin = self.points[::stride]
        return thin if not self.points or thin[-1] == self.points[-1] else [*thin[: MOST_POINTS - 1], self.points[-1]]


@dataclass(frozen=True, eq=False)
class KeptRun:
    """A curve with the settings that it came from."""

    id: int
    name: str
    curve: Curve
    spec: Mapping[str, Any]

    def to_json(self, *, current: bool = False) -> dict[str, Any]:
        """Return the run as it travels."""
        epochs, train, test = ([point[i] for point in self.curve.thinned()] for i in range(3))
        return {
            "id": self.id,
            "name": self.name,
            "current": current,
            "epochs": epochs,
            "train": train,
            "test": test,
            "spec": dict(self.spec),
        }


class Runs:
    """The runs that are kept."""

    def __init__(self) -> None:
        self._kept: dict[int, KeptRun] = {}
        self._next = 1

    def fork(self) -> Runs:
        """Return the same runs, to be kept and dropped apart from these."""
        other = Runs()
        other._kept, other._next = dict(self._kept), self._next
        return other

    def keep(self, name: str, curve: Curve, spec: Mapping[str, Any]) -> KeptRun:
        """Keep a copy of a curve as it is now."""
        if len(self._kept) >= MOST_RUNS:
            raise ConfigError(f"at most {MOST_RUNS} kept runs", "one more", "Drop one first.")
        run = KeptRun(self._next, name[:80] or f"run {self._next}", curve.fork(), spec)
        self._kept[run.id] = run
        self._next += 1
        return run

    def drop(self, run: int) -> None:
        """Forget a run."""
        if run not in self._kept:
            known = ", ".join(map(str, self._kept)) or "none"
            raise ConfigError("the id of a kept run", f"{run}", f"Kept are: {known}.")
        del self._kept[run]

    def __iter__(self) -> Iterator[KeptRun]:
        """The runs, the oldest first."""
        return iter(self._kept.values())

    def to_json(self) -> list[dict[str, Any]]:
        """Return all kept runs as they travel."""
        return [run.to_json() for run in self._kept.values()]
