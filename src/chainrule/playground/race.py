"""A race: several optimizers from the same weights on the same batches, side by side."""

from __future__ import annotations

import math
import time
from dataclasses import replace

from chainrule.errors import ConfigError, did_you_mean
from chainrule.playground.build import initial_weights
from chainrule.playground.runs import Curve
from chainrule.playground.scene import Scene, scene_of
from chainrule.playground.scores import score
from chainrule.playground.spec import OPTIMIZERS, Spec, spec_with
from chainrule.playground.trainer import Trainer, TrainerState

MOST_RUNNERS = 8
_POINTS = 200


class Race:
    """Each optimizer takes an epoch in turn, so that the curves grow side by side."""

    def __init__(self, scene: Scene, initial: TrainerState, optimizers: tuple[str, ...], epochs: int) -> None:
        self.epochs = epochs
        self._every = max(1, epochs // _POINTS)
        self.lanes: list[tuple[str, Scene, Trainer, Curve]] = []
        for name in dict.fromkeys(optimizers):
            if name not in OPTIMIZERS:
                raise ConfigError("the name of an optimizer", f"{name!r:.60}", did_you_mean(name, OPTIMIZERS))
            spec = _with_optimizer(scene.spec, name)
            lane = scene_of(spec, scene.data, scene)
            trainer = Trainer(spec, lane.network, scene.train, initial_weights(spec, lane.network))
            trainer.restore(replace(initial, moments={}))
            self.lanes.append((name, lane, trainer, Curve()))
            self._measure(len(self.lanes) - 1)
        if len(self.lanes) > MOST_RUNNERS:
            raise ConfigError(f"at most {MOST_RUNNERS} optimizers in a race", f"{len(self.lanes)}", "Leave some out.")

    @property
    def is_over(self) -> bool:
        """Whether all have done their epochs."""
        return all(trainer.position.epoch >= self.epochs for _, _, trainer, _ in self.lanes)

    def advance(self, seconds: float) -> None:
        """Let those that are behind run for about so long."""
        started = time.perf_counter()
        while not self.is_over and time.perf_counter() - started < seconds:
            lane = min(range(len(self.lanes)), key=lambda i: self.lanes[i][2].position.step)
            _, _, trainer, _ = self.lanes[lane]
            epoch = trainer.position.epoch
            trainer.take(trainer.steps_left if trainer.steps_left < 100 else 100)
            if trainer.position.epoch != epoch and trainer.position.epoch % self._every == 0:
                self._measure(lane)

    def _measure(self, lane: int) -> None:
        _, scene, trainer, curve = self.lanes[lane]
        train, test = (score(scene, trainer.shown, part).cost for part in ("train", "test"))
        curve.add(trainer.position.epoch, train, test)

    def verdict(self) -> str:
        """Return who is ahead, in a sentence."""
        costs = {name: curve.points[-1][1] for name, _, _, curve in self.lanes}
        ahead = sorted(costs, key=lambda name: costs[name] if math.isfinite(costs[name]) else math.inf)
        figures = ", ".join(f"{name} {costs[name]:.3g}" for name in ahead)
        return f"After {self.epochs} epochs from the same weights, the training costs are: {figures}."


def _with_optimizer(spec: Spec, name: str) -> Spec:
    return spec if spec.optimizer == name else spec_with(spec, "optimizer", name)
