"""Advice: what a watchful teacher would say while the network learns, each thing once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from chainrule.playground.scene import Scene
from chainrule.playground.wire import Message
from chainrule.types import Params

_EXPLODED = 3.0
_WORSE = 1.1
_BETTER = 0.98
_SATURATED = 0.99
_ROWS = 500


@dataclass
class Adviser:
    """Remembers what it has seen and said since the run began."""

    first: float = math.nan
    best_test: float = math.inf
    train_then: float = math.nan
    epoch_then: int = 0
    said: frozenset[str] = frozenset()

    def see(self, scene: Scene, epoch: int, train: float, test: float) -> list[Message]:
        """Return what there is to say about new costs."""
        if math.isnan(self.first) and math.isfinite(train):
            self.first = train
        rate = scene.spec.learning_rate
        if not math.isfinite(train):
            text = (
                f"The cost is no number any more: its weights have exploded. Rewind, and try a rate of {rate / 10:.2g}."
            )
            return self._once("exploded", epoch, text)
        if train > _EXPLODED * max(self.first, 1e-3):
            text = f"The cost is {train / max(self.first, 1e-9):.3g} times that of the start: try a rate of {rate / 10:.2g}."
            return self._once("exploded", epoch, text, key="rising")
        if test < self.best_test:
            self.best_test, self.train_then, self.epoch_then = test, train, epoch
        elif test > _WORSE * self.best_test and train < _BETTER * self.train_then:
            text = (
                f"Since epoch {self.epoch_then} only the training rows are learned better: the test cost rose from "
                f"{self.best_test:.3g} to {test:.3g}. Go back to that epoch, or try L2, dropout, fewer units or more rows."
            )
            return self._once("validation_worsens", epoch, text)
        return []

    def look_at_units(self, scene: Scene, params: Params, epoch: int) -> list[Message]:
        """Return what there is to say about units that answer the same whatever comes in."""
        layers = scene.spec.layers
        values = scene.units(params, scene.train.x[:_ROWS])
        found = []
        for number, layer in enumerate(layers, start=1):
            y = values[f"hidden{number}"]
            if layer.activation == "relu":
                dead = np.flatnonzero((y <= 0).all(axis=0))
                found += self._dead(
                    f"hidden{number}", dead, "is 0 for every row, and so is its gradient: it is dead", epoch
                )
            elif layer.activation in ("tanh", "sigmoid"):
                edge = np.abs(y) if layer.activation == "tanh" else np.maximum(y, 1 - y)
                flat = np.flatnonzero((edge > _SATURATED).all(axis=0) & (y.std(axis=0) < 1e-3))
                found += self._dead(
                    f"hidden{number}", flat, "is saturated for every row, so that it hardly learns", epoch
                )
        return found

    def _dead(self, layer: str, units: np.ndarray, what: str, epoch: int) -> list[Message]:
        found = []
        for unit in units:
            name = f"{layer}.{unit}"
            text = f"Unit {unit + 1} of {layer} {what}. Try another seed, a smaller rate or leaky_relu."
            found += self._once("dead_units", epoch, text, key=name)
        return found

    def _once(self, kind: str, epoch: int, text: str, key: str = "") -> list[Message]:
        if (key or kind) in self.said:
            return []
        self.said |= {key or kind}
        return [Message("event", {"kind": kind, "epoch": epoch, "text": text})]
