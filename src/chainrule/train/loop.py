"""The loop: one for all models. It takes the steps, tells what happened, asks the policies, and acts."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.engine import Engine, placed
from chainrule.errors import DataError
from chainrule.large.streamed import Streamed
from chainrule.optim import LBFGS, Rule
from chainrule.seeds import Purpose, generator
from chainrule.train.accepted import as_batch, as_engine, as_rule
from chainrule.train.checkpoint import Checkpoint, require_alike, require_fit
from chainrule.train.events import (
    Advised,
    Decided,
    EpochEnded,
    EpochStarted,
    Event,
    FitEnded,
    FitStarted,
    Measured,
    StepsEnded,
)
from chainrule.train.history import History
from chainrule.train.measure import is_due, meter_of
from chainrule.train.objective import Objective, Rehearsing
from chainrule.train.policies import Advise, Decision, KeepWeights, Policy, ScaleRate, Stop
from chainrule.train.settings import Settings
from chainrule.train.stepper import Order, Stepper, stepper_of
from chainrule.tree import fill, leaves, map_leaves
from chainrule.types import Batch, Params


class Run:
    """A run of training: an iterator of events that owns the weights while they learn.

    Iterating trains; `break`, or `stop()` from a signal handler, ends it between two steps. `params` are the best
    weights where a policy kept some, else the latest.

    What a policy raises, or whoever looks on, comes out as it was raised. The run is over then, and `params` are as
    ever the best so far. After an exception in the body of a `for` loop, of which a run cannot know, `close` ends what
    still runs in the background: `with contextlib.closing(run): …`.

    Parameters
    ----------
    objective, data, settings, optimizer, engine
        What is minimised, on what, how long, by what and where.
    policies : sequence of Policy
        Asked after each event.
    evaluate : mapping of str to Batch, optional
        Data whose scores each epoch ends with.
    measure : Batch, optional
        Training rows, of which a fixed sample is looked at before the first epoch, after some and at the end: each time
        is told as `Measured`. Not of an objective without a network and a penalty to look at.
    params : tree, optional
        Weights to start from; by default the objective's own.
    resume : Checkpoint, optional
        A run to go on with as if it had not been stopped.
    order : callable, optional
        The rows of an epoch in their order, instead of the order that the seed names.
    taken : int
        Steps that were taken before, on other data: the rule and the schedule count on from there.
    state : mapping of str to array, optional
        What `optimizer_state` of the run before was.
    """

    def __init__(
        self,
        objective: Objective,
        data: Batch | Streamed,
        settings: Settings,
        *,
        optimizer: Rule | LBFGS,
        engine: Engine,
        policies: Sequence[Policy] = (),
        evaluate: Mapping[str, Batch] | None = None,
        measure: Batch | None = None,
        params: Params | None = None,
        resume: Checkpoint | None = None,
        order: Order | None = None,
        taken: int = 0,
        state: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.history = History()
        self.settings = settings
        self.engine = engine
        self._objective = objective
        # A stream is checked chunk by chunk.
        for batch in ([] if isinstance(data, Streamed) else [data]) + list((evaluate or {}).values()):
            objective.check(batch)
        self._n_samples = data.n_samples
        if self._n_samples == 0:
            raise DataError("at least one sample to train on", "none", "Give a table with rows in it.")
        self._batch_size = min(settings.batch_size, self._n_samples)
        self._policies = tuple(policies)
        self._evaluate = {name: placed(engine, batch) for name, batch in (evaluate or {}).items()}
        self._meter = meter_of(objective, measure)
        self._measured = -1
        initial = objective.init(generator(settings.seed, Purpose.INIT))
        if resume is not None:
            require_fit(resume, initial, len(self._policies))
            params = fill(initial, dict(leaves(resume.params)))
        if isinstance(objective, Rehearsing) and isinstance(data, Batch):
            objective.rehearse(engine, initial, data)
        self._stepper: Stepper = stepper_of(
            objective,
            data,
            initial if params is None else params,
            settings,
            optimizer=optimizer,
            engine=engine,
            order=order,
            taken=taken,
        )
        if resume is not None:
            require_alike("the optimizer's memory", resume.state, self._stepper.state())
            state = resume.state
        if state:
            self._stepper.restore(state)
        self._epoch = resume.epoch if resume else 0
        self._number = resume.number if resume else 0
        self._rate_scale = resume.rate_scale if resume else 1.0
        self._best = fill(initial, dict(leaves(resume.best))) if resume and resume.best else None
        self._best_epoch = resume.best_epoch if resume else 0
        self._memories: list[dict[str, Any]] = (
            list(resume.memories) if resume else [policy.start() for policy in self._policies]
        )
        self._began = time.perf_counter() - (resume.seconds if resume else 0.0)
        # What the policies decided before the run was broken off stays decided.
        self._reason = self._decided = resume.decided if resume else ""
        self._between = True
        self._events = self._train()

    def __iter__(self) -> Iterator[Event]:
        """Return the run itself."""
        return self

    def __next__(self) -> Event:
        """Train on until something is worth telling, and tell it."""
        event = next(self._events)
        self.history.add(event)
        return event

    def finish(self) -> Run:
        """Train to the end, without anybody listening."""
        for _ in self:
            pass
        return self

    def close(self) -> None:
        """End a run that is broken off: nothing more is told, and no thread of a search stays behind."""
        self._events.close()

    def stop(self, reason: str) -> None:
        """Ask the run to end after the steps in hand."""
        self._reason = self._reason or reason

    def _decide_to_stop(self, reason: str) -> None:
        """End the run for a reason that holds after a resumption too: a person who interrupts may want to go on."""
        self._decided = self._decided or reason
        self.stop(reason)

    @property
    def reason(self) -> str:
        """Why the run ended; empty while it goes on."""
        return self._reason

    @property
    def params(self) -> dict[str, Any]:
        """The weights as NumPy arrays: the best ones that a policy kept, else the latest."""
        return map_leaves(np.array, self._best) if self._best is not None else self.shown

    @property
    def shown(self) -> dict[str, Any]:
        """The latest weights as they are evaluated: what the rule shows (see `optim.Averaged`)."""
        return map_leaves(lambda leaf: np.array(self.engine.numpy(leaf)), self._stepper.shown)

    @property
    def latest(self) -> dict[str, Any]:
        """The latest weights as NumPy arrays."""
        return map_leaves(lambda leaf: np.array(self.engine.numpy(leaf)), self._stepper.params)

    @property
    def optimizer_state(self) -> dict[str, np.ndarray]:
        """What the optimizer remembers, by name."""
        return self._stepper.state()

    @property
    def memories(self) -> list[dict[str, Any]]:
        """What each policy remembers."""
        return list(self._memories)

    @property
    def best_epoch(self) -> int:
        """Epoch that `params` are of."""
        return self._best_epoch if self._best is not None else self._epoch

    @property
    def between_epochs(self) -> bool:
        """Whether the weights are those at the end of an epoch: only then can a checkpoint be gone on from."""
        return self._between

    def checkpoint(self) -> Checkpoint:
        """Return the state at the end of the last epoch; ask only while `between_epochs`."""
        return Checkpoint(
            epoch=self._epoch,
            number=self._number,
            seconds=self._seconds(),
            rate_scale=self._rate_scale,
            best_epoch=self._best_epoch,
            memories=list(self._memories),
            params=self.latest,
            best=self._best,
            state=self._stepper.state(),
            decided=self._decided,
        )

    def _seconds(self) -> float:
        return time.perf_counter() - self._began

    def _stamp(self) -> tuple[int, float]:
        self._number += 1
        return self._number, round(self._seconds(), 6)

    def _train(self) -> Generator[Event, None, None]:
        settings, stepper = self.settings, self._stepper
        yield FitStarted(
            *self._stamp(),
            engine=self.engine.name,
            dtype=self.engine.dtype,
            n_samples=self._n_samples,
            n_parameters=sum(int(np.size(leaf)) for _, leaf in leaves(stepper.params)),
            epoch=self._epoch,
            epochs=settings.epochs,
            batch_size=self._batch_size if stepper.steps_per_epoch > 1 else self._n_samples,
            steps_per_epoch=stepper.steps_per_epoch,
            seed=settings.seed,
        )
        try:
            if self._epoch == 0:
                yield from self._measure()
            while self._epoch < settings.epochs and not self._reason:
                yield from self._one_epoch()
            if self._measured != self._epoch:
                yield from self._measure()
        except Exception as error:
            self.stop(f"{type(error).__name__}: {error}")
            raise
        finally:
            stepper.close()
        self._reason = self._reason or f"all {settings.epochs} epochs are done"
        yield FitEnded(*self._stamp(), reason=self._reason, epochs=self._epoch, best_epoch=self.best_epoch)

    def _one_epoch(self) -> Iterator[Event]:
        epoch = self._epoch + 1
        yield EpochStarted(*self._stamp(), epoch=epoch)
        total, counted, steps, rate, spent = 0.0, 0.0, 0, 0.0, 0.0
        self._between = False
        due = self._meter is not None and is_due(epoch, self.settings.epochs)
        before = dict(leaves(self.latest)) if due else None
        started = time.perf_counter()
        for progress in self._stepper.epoch(self._epoch, self.settings.learning_rate * self._rate_scale):
            spent += time.perf_counter() - started
            # A small last batch counts for the samples that it has.
            count = float(progress.counts.sum())
            total, counted = total + progress.cost * count, counted + count
            steps, rate = progress.step, progress.rate
            event = StepsEnded(
                *self._stamp(),
                epoch=epoch,
                step=steps,
                steps=self._stepper.steps_per_epoch,
                cost=progress.cost,
                rate=rate,
            )
            yield event
            yield from self._ask(event)
            if self._reason and steps < self._stepper.steps_per_epoch:
                return
            started = time.perf_counter()
        if steps == 0:
            self._between = True
            self._decide_to_stop(self._stepper.ended)
            return
        scores = {
            name: self._objective.evaluate(self.engine, self._stepper.shown, data)
            for name, data in self._evaluate.items()
        }
        self._epoch = epoch
        ended = EpochEnded(
            *self._stamp(),
            epoch=epoch,
            step=epoch * self._stepper.steps_per_epoch,
            cost=total / (counted or 1.0),
            rate=rate,
            samples_per_second=self._n_samples / max(spent, 1e-9),
            scores=scores,
        )
        # Asked before anything is told, so that a checkpoint taken at any of these events knows what was decided.
        decided = [*self._ask(ended), *(self._measure(before) if due else ())]
        self._between = True
        yield ended
        yield from decided

    def _measure(self, before: Mapping[str, np.ndarray] | None = None) -> Iterator[Event]:
        """Tell how the network stands, where it can be looked at."""
        if self._meter is not None:
            self._measured = self._epoch
            figures = self._meter.figures(self.latest, before)
            step = self._epoch * self._stepper.steps_per_epoch
            yield Measured(*self._stamp(), epoch=self._epoch, step=step, **figures)

    def _ask(self, event: StepsEnded | EpochEnded) -> Iterator[Event]:
        ending = bool(self._reason)
        for i, policy in enumerate(self._policies):
            self._memories[i], decisions = policy.fold(self._memories[i], event)
            for decision in decisions:
                # A run that is ending may still find its best weights, but need not be stopped twice.
                if ending and isinstance(decision, (Stop, Advise)):
                    # Yet one that was interrupted at the very end must not train past it when it is resumed.
                    self._decided = self._decided or (decision.reason if isinstance(decision, Stop) else "")
                    continue
                yield self._act(event.epoch, type(policy).__name__, decision)

    def _act(self, epoch: int, policy: str, decision: Decision) -> Event:
        if isinstance(decision, Advise):
            return Advised(*self._stamp(), epoch=epoch, policy=policy, advice=decision.advice)
        if isinstance(decision, Stop):
            self._decide_to_stop(decision.reason)
            kind, detail = "stop", decision.reason
        elif isinstance(decision, KeepWeights):
            self._best, self._best_epoch = self.shown, epoch
            kind, detail = "keep_weights", decision.detail
        elif isinstance(decision, ScaleRate):
            self._rate_scale *= decision.factor
            kind, detail = "scale_rate", decision.detail
        return Decided(*self._stamp(), epoch=epoch, policy=policy, decision=kind, detail=detail)


def run(
    objective: Objective,
    data: Batch | Streamed | tuple[Any, ...],
    settings: Settings,
    *,
    optimizer: str | Rule | LBFGS = "adam",
    engine: str | Engine = "numpy",
    policies: Sequence[Policy] = (),
    evaluate: Mapping[str, Batch | tuple[Any, ...]] | None = None,
    params: Params | None = None,
    measure: Batch | None = None,
    resume: Checkpoint | None = None,
) -> Run:
    """Return a run of training, an iterator of events; nothing is computed before the first is asked for.

    As `Run`, and a tuple (x, t) is accepted for a Batch, a name for an optimizer or an engine.
    """
    return Run(
        objective,
        data if isinstance(data, Streamed) else as_batch(data),
        settings,
        optimizer=as_rule(optimizer),
        engine=as_engine(engine),
        policies=policies,
        evaluate={name: as_batch(part, name) for name, part in (evaluate or {}).items()},
        params=params,
        measure=measure,
        resume=resume,
    )
