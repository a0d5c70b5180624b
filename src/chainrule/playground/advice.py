"""Advice: what the doctor sees while the network learns, each thing once. Nothing is replayed here, so no cure is named."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.explain.doctor import Case, DataFacts, Point, diagnose
from chainrule.nn import Penalty
from chainrule.playground.scene import Scene
from chainrule.playground.spec import Spec
from chainrule.playground.wire import Message
from chainrule.train import Measured
from chainrule.train.measure import Meter, meter_of
from chainrule.train.objective import Supervised
from chainrule.types import Params

_SATURATED = 0.99
_ROWS = 500
# Points of the curve that the rules look at; beyond twice as many, every second one goes.
_MOST_POINTS = 300


@dataclass
class Adviser:
    """Remembers what it has seen and said since the run began."""

    points: list[Point] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    said: frozenset[str] = frozenset()
    _meter: Meter | None = None

    def see(self, scene: Scene, epoch: int, train: float, test: float) -> list[Message]:
        """Take in new costs; return what there is to say about them at once."""
        if not math.isfinite(train):
            text = f"The cost is no number any more: its weights have exploded, at a rate of {scene.spec.learning_rate:.3g}. Rewind."
            return self._once("exploded", epoch, text)
        if epoch and (not self.points or self.points[-1].epoch != epoch):
            # Training may have gone back to an earlier epoch.
            self.points = [point for point in self.points if point.epoch < epoch]
            self.points.append(Point(epoch, train, train, test))
            if len(self.points) > 2 * _MOST_POINTS:
                del self.points[::2]
        return []

    def look(self, scene: Scene, params: Params, epoch: int) -> list[Message]:
        """Measure the network; return what the doctor's rules say of it, and of the curve so far."""
        sample = scene.train
        if self._meter is None or self._meter.network is not scene.network:
            self._meter = meter_of(Supervised(scene.network, Penalty(scene.spec.l1, scene.spec.l2)), sample)
        if self._meter is None:
            return []
        self.measured = [each for each in self.measured if each.epoch < epoch][:1]
        figures = self._meter.figures(params)
        self.measured.append(Measured(0, 0.0, epoch=epoch, step=0, **figures))
        if not epoch or not self.points:
            return []
        case = Case(
            settings=_settings(scene.spec),
            usual=_settings(Spec()),
            points=self.points,
            measured=self.measured,
            data=DataFacts(n_train=sample.n_samples),
        )
        told: list[Message] = []
        for finding in diagnose(case):
            if finding.is_evident:
                told += self._once(finding.name.replace(" ", "_"), epoch, finding.seen)
        return told

    def look_at_units(self, scene: Scene, params: Params, epoch: int) -> list[Message]:
        """Return what there is to say about units that answer the same whatever comes in."""
        layers = scene.spec.layers
        values = scene.units(params, scene.train.x[:_ROWS])
        found = []
        for number, layer in enumerate(layers, start=1):
            y = values[f"hidden{number}"]
            if layer.activation == "relu":
                dead = np.flatnonzero((y <= 0).all(axis=0))
                found += self._flat(
                    f"hidden{number}", dead, "is 0 for every row, and so is its gradient: it is dead", epoch
                )
            elif layer.activation in ("tanh", "sigmoid"):
                edge = np.abs(y) if layer.activation == "tanh" else np.maximum(y, 1 - y)
                flat = np.flatnonzero((edge > _SATURATED).all(axis=0) & (y.std(axis=0) < 1e-3))
                found += self._flat(
                    f"hidden{number}", flat, "is saturated for every row, so that it hardly learns", epoch
                )
        return found

    def _flat(self, layer: str, units: np.ndarray, what: str, epoch: int) -> list[Message]:
        found = []
        for unit in units:
            found += self._once("dead_units", epoch, f"Unit {unit + 1} of {layer} {what}.", key=f"{layer}.{unit}")
        return found

    def _once(self, kind: str, epoch: int, text: str, key: str = "") -> list[Message]:
        if (key or kind) in self.said:
            return []
        self.said |= {key or kind}
        return [Message("event", {"kind": kind, "epoch": epoch, "text": text})]


def _settings(spec: Spec) -> dict[str, Any]:
    """Return a spec's settings by the names that the doctor's rules know."""
    return {
        "learning_rate": spec.learning_rate,
        "l1": spec.l1,
        "l2": spec.l2,
        "batch_size": spec.batch_size,
        "init": spec.init,
        "optimizer": spec.optimizer,
        "schedule": spec.schedule,
        "dropout": max((layer.dropout for layer in spec.layers), default=0.0),
    }
