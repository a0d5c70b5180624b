"""The learner: a trainer with its past (earlier states, curve), its scores, its advice, and its reasons to stop."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.errors import ConfigError
from chainrule.playground.advice import Adviser
from chainrule.playground.past import PastStates
from chainrule.playground.runs import Curve
from chainrule.playground.scene import Scene
from chainrule.playground.scores import NO_SCORE, score
from chainrule.playground.stops import Start, reason_to_stop
from chainrule.playground.substeps import Anatomy, dissect, next_phase, phase_values, text_of
from chainrule.playground.trainer import Trainer, TrainerState
from chainrule.playground.wire import Message
from chainrule.tree import leaf
from chainrule.types import Params

# Scores may take this share of the time, and are not more frequent than a screen shows them.
_SCORE_SHARE = 0.08
_SCORE_EVERY = 0.014
_LOOK_EVERY = 1.0


class WatchedLearner:
    """Trains when told to, and by itself knows nothing of views, files or threads."""

    def __init__(self, scene: Scene, weights: Params) -> None:
        self.trainer = Trainer(scene.spec, scene.network, scene.train, weights)
        self.scene = scene
        self.initial = self.trainer.state()
        self._start = Start()
        self.events: list[Message] = []
        self._begin()

    def _begin(self) -> None:
        self.past = PastStates()
        self.past.add(self.initial)
        self.curve = Curve()
        self.adviser = Adviser()
        self._dissected: Anatomy | None = None
        self._costs: list[float] = []
        self._finished: deque[float] = deque(maxlen=64)
        self._debt = 0.0
        self._scored = self._looked = 0.0
        self._looked_epoch = 0
        self._score_seconds = 0.0
        self.train = self.test = NO_SCORE
        self.serial = getattr(self, "serial", 0) + 1
        self.measure()

    def fork(self) -> WatchedLearner:
        """Return another learner at the same place, with the same past; both go their own ways from here."""
        other = WatchedLearner(self.scene, self.trainer.params.like(self.initial.weights.copy()))
        other.initial = self.initial
        other.past, other.curve = self.past.fork(), self.curve.fork()
        other.trainer.restore(self.trainer.state())
        other._settle()
        return other

    def look_from(self, scene: Scene) -> None:
        """Take a scene with the same data and weights: another view, rate, rule or penalty."""
        if scene.network is not self.scene.network or scene.spec != self.scene.spec:
            self.trainer.configure(scene.spec, scene.network)
        self.scene = scene
        self._dissected = None
        self._debt = 0.0
        self.trainer.position = replace(self.trainer.position, substep="")
        self.changed()

    def changed(self) -> None:
        """Say that there is something new to be seen."""
        self.serial += 1

    # Training

    def begin(self) -> None:
        """Remember where training is told to go on: what is reached already is no reason to stop."""
        cost = self.train.cost
        self._start = Start(
            self.trainer.position.epoch, self.trainer.seconds, cost if math.isfinite(cost) else math.inf
        )

    def advance(self, seconds: float) -> float:
        """Train for about so long, at the speed that the view asks for; return how long to rest after it."""
        speed = self.scene.spec.view.speed
        started = time.perf_counter()
        if isinstance(speed, str):
            while time.perf_counter() - started < seconds:
                if self._some_steps(seconds):
                    return 0.0
            return 0.0
        # So many steps are due for the time since the last call; a rest no longer than a command may wait.
        per_second = speed * math.ceil(self.trainer.n / self.scene.spec.batch_size)
        self._debt = min(self._debt, per_second * 0.25 + 1)
        while self._debt >= 1 and time.perf_counter() - started < seconds:
            taken = self.trainer.position.step
            if self._some_steps(seconds, int(self._debt)):
                return 0.0
            self._debt -= self.trainer.position.step - taken
        rest = min(0.02, 1 / per_second)
        self._debt += per_second * (time.perf_counter() - started + rest)
        return rest

    def _some_steps(self, seconds: float, most: int = 1 << 30) -> bool:
        """Take steps of this epoch; return whether a condition to stop is met."""
        started = time.perf_counter()
        before = self.trainer.position.step
        steps = min(self.trainer.steps_left, most, self._steps_in(seconds))
        self._take(steps)
        spent = time.perf_counter() - started
        taken = max(1, self.trainer.position.step - before)
        self._step_seconds = 0.7 * getattr(self, "_step_seconds", spent / taken) + 0.3 * spent / taken
        return self._after_steps()

    def _steps_in(self, seconds: float) -> int:
        known = getattr(self, "_step_seconds", 0.0)
        return max(1, int(seconds / known)) if known else 1

    def _take(self, steps: int, size: int | None = None) -> None:
        started = time.perf_counter()
        epoch = self.trainer.position.epoch
        costs = self.trainer.take(steps, size)
        self.trainer.seconds += time.perf_counter() - started
        self._dissected = None
        self._costs += costs.tolist()
        if self.trainer.position.epoch != epoch:
            self._finished.append(time.perf_counter())
            self.past.add(self.trainer.state())
        self.changed()

    def _after_steps(self) -> bool:
        """Measure where it is time to, and return whether a condition to stop is met."""
        ended = self.trainer.position.sample == 0
        cost = float(np.mean(self._costs)) if self._costs else math.nan
        if ended:
            self._costs = []
        exploded = (not math.isfinite(cost) and not math.isnan(cost)) or (math.isnan(cost) and ended)
        now = time.perf_counter()
        if exploded or now - self._scored > max(_SCORE_EVERY, self._score_seconds / _SCORE_SHARE):
            self.measure()
        if exploded or not math.isfinite(self.train.cost):
            return True
        reason = reason_to_stop(
            self.scene.spec.stop,
            self._start,
            self.trainer.position.epoch,
            self.trainer.seconds,
            cost if ended else math.inf,
        )
        if reason is not None:
            self.measure()
            self._tell("stopped", reason)
        return reason is not None

    def _tell(self, kind: str, text: str) -> None:
        self.events.append(Message("event", {"kind": kind, "epoch": self.trainer.position.epoch, "text": text}))

    def measure(self) -> None:
        """Score both parts with the weights as they are now, and see whether there is something to say."""
        started = time.perf_counter()
        params, position = self.trainer.shown, self.trainer.position
        self.train, self.test = (score(self.scene, params, part) for part in ("train", "test"))
        epoch = position.epoch + round(position.sample / max(1, self.trainer.n), 4)
        self.curve.add(epoch, self.train.cost, self.test.cost)
        self.events += self.adviser.see(self.scene, position.epoch, self.train.cost, self.test.cost)
        self._scored = time.perf_counter()
        self._score_seconds = self._scored - started
        if self._is_due(position.epoch):
            self.events += self.adviser.look(self.scene, params, position.epoch)
            if position.epoch:
                self.events += self.adviser.look_at_units(self.scene, params, position.epoch)
            self._looked, self._looked_epoch = time.perf_counter(), position.epoch
        self.changed()

    def _is_due(self, epoch: int) -> bool:
        """Tell whether to look closer: at the start, after some time, and after twice as many epochs as the last time."""
        if not epoch or not self.adviser.measured:
            return not self.adviser.measured
        return self._scored - self._looked > _LOOK_EVERY or epoch > 2 * self._looked_epoch + 8

    @property
    def epochs_per_second(self) -> float:
        """Over the last epochs, however long they took."""
        if len(self._finished) < 2 or time.perf_counter() - self._finished[-1] > 2.0:
            return 0.0
        return (len(self._finished) - 1) / max(1e-9, self._finished[-1] - self._finished[0])

    def rest(self) -> None:
        """Forget the pace: training pauses here."""
        self._finished.clear()
        self._debt = 0.0

    # One step at a time

    def step(self, unit: str) -> dict[str, Any] | None:
        """Take one step of a unit; a sub-step returns what it shows."""
        if unit == "substep":
            return self._substep()
        position = self.trainer.position
        if position.sample or unit != "epoch":
            self.past.add(self.trainer.state())
        if unit == "epoch":
            self._take(self.trainer.steps_left)
        else:
            self._take(1, 1 if unit == "sample" else None)
        self._settle()
        return None

    def _settle(self) -> None:
        self.trainer.position = replace(self.trainer.position, substep="")
        if self.trainer.position.sample == 0:
            self._costs = []
        self.measure()

    def _substep(self) -> dict[str, Any]:
        position = self.trainer.position
        phase = next_phase(position.substep if self._dissected is not None else "")
        if self._dissected is None or phase == "forward":
            self._dissected = dissect(self.trainer)
        anatomy = self._dissected
        if phase == "update":
            self.past.add(self.trainer.state())
            self._take(1)
            self._dissected = anatomy
            self.measure()
        self.trainer.position = replace(self.trainer.position, substep=phase)
        self.changed()
        return {
            "phase": phase,
            "next": next_phase(phase),
            "rows": anatomy.rows.tolist(),
            "cost": anatomy.cost,
            "values": phase_values(anatomy, phase, self.trainer),
            "text": text_of(phase),
        }

    # Back, again, and by hand

    def back(self) -> None:
        """Return to the last checkpoint before this position; within a batch taken apart, to before it."""
        position = self.trainer.position
        found = self.past.before(position.step)
        if position.substep and position.substep != "update":
            self._restore(replace(self.trainer.state(), position=replace(position, substep="")))
            return
        if found is None:
            raise ConfigError("a checkpoint before this one", "the initial weights", "Train on, or reset for new ones.")
        self._restore(found)

    def goto(self, epoch: int) -> None:
        """Return to the checkpoint of an epoch."""
        self._restore(self.past.of_epoch(epoch))

    def rewind(self) -> None:
        """Return to the initial weights, and begin again."""
        self.trainer.restore(self.initial)
        self._begin()

    def start_from(self, weights: Mapping[str, Any]) -> None:
        """Take weights from elsewhere, by name, as the initial ones."""
        for path, value in weights.items():
            leaf(self.trainer.params, path)[...] = value
        self.trainer.forget()
        self.initial = self.trainer.state()
        self._begin()

    def resume(self, state: TrainerState) -> None:
        """Go on from a saved position; the way there is not known."""
        self.trainer.restore(state)
        self.past.add(state)
        self.curve = Curve()
        self._settle()

    def continue_curve(self, curve: Curve) -> None:
        """Take the curve of the way here, which a saved session knows."""
        self.curve = curve
        self.measure()

    def _restore(self, state: TrainerState) -> None:
        self.trainer.restore(state)
        self._dissected = None
        self._costs = []
        position = state.position
        self.curve.cut(position.epoch + position.sample / max(1, self.trainer.n))
        self.rest()
        self.measure()

    def edit(self, param: str, index: tuple[int, ...], value: float) -> None:
        """Put a number in the place of one weight or bias."""
        array = self._parameter(param)
        if len(index) != array.ndim or any(i >= n for i, n in zip(index, array.shape, strict=True)):
            raise ConfigError(f"an index into {param} of shape {array.shape}", f"{list(index)}", "Count from 0.")
        array[index] = value
        self._dissected = None
        if self.trainer.position.step == 0:
            # The network has not learned yet: an edited weight is an initial one, and rewind keeps it.
            self.trainer.forget()
            self.initial = self.trainer.state()
            self.past = PastStates()
            self.past.add(self.initial)
        self.measure()

    def _parameter(self, param: str) -> np.ndarray:
        names = [name for name, _ in self.trainer.params.layout]
        if param not in names:
            raise ConfigError("the name of a parameter", f"{param!r:.60}", f"There are {', '.join(names)}.")
        array: np.ndarray = leaf(self.trainer.params, param)
        return array
