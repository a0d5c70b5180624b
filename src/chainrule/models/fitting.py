"""One fit: the run that an estimator's parameters ask for, and what it came to as fitted attributes."""

from __future__ import annotations

import math
import warnings
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning

from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError, DataError
from chainrule.models.learning import Optimizer, Order, engine_of, schedule_of
from chainrule.models.stopping import DIVERGED, Convergence
from chainrule.models.watch import INTERRUPTED, Tasks, interruptible, observers
from chainrule.network.network import Network
from chainrule.optim import CONVERGED, Horizon
from chainrule.train import Decided, EpochEnded, Event, Run, Settings, StepsEnded
from chainrule.tree import leaves
from chainrule.types import Batch, Context, Params

_LEARNING = Context(train=True)


class Fitting:
    """Trains `estimator` on `train` and writes its fitted attributes.

    Parameters
    ----------
    estimator : NetworkEstimator
    network : Network
    train, valid : Batch
        Rows to learn from, and to validate on after each epoch or None.
    rng : RandomState
        Draws the order of the rows.
    incremental : bool
        Whether one epoch is all, and the optimizer of the call before goes on.
    stops_early : bool
        Whether `valid` decides when it is enough.
    """

    def __init__(
        self,
        estimator: Any,
        network: Network,
        train: Batch,
        valid: Batch | None,
        rng: np.random.RandomState,
        *,
        incremental: bool,
        stops_early: bool,
    ) -> None:
        self._estimator = estimator
        self._data = train
        self._n = train.n_samples
        self._epochs = int(estimator.max_iter)
        self._incremental = incremental
        self._stops_early = stops_early
        self._objective = estimator._objective(network)
        self._stochastic = estimator._is_stochastic()
        self._rule = estimator._rule()
        earlier = getattr(estimator, "_optimizer", None) if incremental else None
        if earlier is not None and not earlier.suits(self._rule):
            earlier = None
        self._rate: float = estimator._rate(train)
        self._optimizer = earlier or Optimizer(self._rate)
        self._settings = self._make_settings(rng, fresh=earlier is None)
        self._before = estimator._trainable(self._start_weights(network))
        self._run = self._make_run(network, train, valid, rng)
        self._steps = 0
        self._cost = math.nan
        self._scale = self._optimizer.scale
        self._ran_out = False

    def _make_settings(self, rng: np.random.RandomState, *, fresh: bool) -> Settings:
        e = self._estimator
        schedule = schedule_of(e.learning_rate, e.solver, e.power_t, self._n, e.t_, self._optimizer, fresh=fresh)
        # Without random layers nothing is drawn: the numbers then are those that scikit-learn draws.
        seed = int(rng.randint(np.iinfo(np.int32).max)) if self._objective.is_random else 0
        return Settings(
            epochs=self._epochs,
            batch_size=e._rows_a_step(self._n),
            learning_rate=self._rate * self._optimizer.scale,
            schedule=schedule,
            seed=seed,
        )

    def _start_weights(self, network: Network) -> Params:
        params: Params = self._estimator._weights()
        wanted = {path: spec.shape for path, spec in leaves(network.specs)}
        there = {path: np.shape(value) for path, value in leaves(params)}
        if wanted != there:
            raise ConfigError(
                f"weights of the shapes {list(wanted.values())}",
                f"those of the fit before, {list(there.values())}",
                "A network that goes on learning keeps its layers: make a new estimator, or set warm_start=False.",
            )
        return params

    def _make_run(self, network: Network, train: Batch, valid: Batch | None, rng: np.random.RandomState) -> Run:
        e, settings = self._estimator, self._settings
        rows = settings.batch_size if self._stochastic else self._n
        steps = -(-self._n // rows) * (1 if self._incremental else self._epochs)
        dtype = str(train.x.dtype)
        choice = engine_of(e.engine, dtype, network, rows=rows, steps=steps, sparse=issparse(train.x))
        e.engine_, e.engine_reason_ = choice.engine.name, choice.reason
        return Run(
            self._objective,
            train,
            settings,
            optimizer=self._rule,
            engine=choice.engine,
            policies=[self._policy()] if self._stochastic else [],
            evaluate={} if valid is None else {"valid": valid},
            params=self._before,
            order=Order(rng, self._n, shuffle=e.shuffle, epochs=1 if self._incremental else self._epochs),
            taken=self._optimizer.steps,
            state=self._optimizer.state,
        )

    def _policy(self) -> Convergence:
        e = self._estimator
        adaptive = e.learning_rate == "adaptive" and e.solver != "adam"
        score = e.score_name if self._stops_early else ""
        best = e.best_validation_score_ if score else e.best_loss_
        if best is not None and not math.isfinite(best):
            best = None
        # Without a best one the fit before, if any, went by the other measure.
        waited = 0 if best is None else e._no_improvement_count
        return Convergence(float(e.tol), float(e.n_iter_no_change), score, adaptive, best, waited)

    def run(self, X: Any, y: Any, w: Any) -> None:
        """Train to the end, to an interruption, or as long as nobody who looks on asks to stop."""
        e = self._estimator
        e.n_iter_ = 0
        tasks = Tasks(e, X, y, w, self._epochs)
        show_to = observers(e.callbacks, e.verbose)
        with closing(self._run), interruptible(self._run):
            try:
                for event in self._run:
                    self._note(event)
                    for show in show_to:
                        show(event)
                    if isinstance(event, EpochEnded) and tasks.epoch_ended(lambda: e._kept(self._run.latest)):
                        self._run.stop("a callback asked to stop")
            except KeyboardInterrupt:
                self._run.stop(INTERRUPTED)
            except BaseException:
                # Of a callback, for example: it comes out as it was raised, and the epochs that have ended are not lost.
                self._keep_so_far()
                raise
        self._finish()
        tasks.ended({})

    def _note(self, event: Event) -> None:
        """Write down an event that counts."""
        e = self._estimator
        if isinstance(event, StepsEnded):
            self._steps = (event.epoch - 1) * event.steps + event.step
            self._cost = event.cost
        elif isinstance(event, Decided) and event.decision == "scale_rate":
            self._scale = self._scale / 5
        elif isinstance(event, EpochEnded):
            e.n_iter_ = event.epoch
            e.loss_ = event.cost
            e.loss_curve_.append(event.cost)
            if self._stochastic:
                e.t_ += self._n
            if "valid" in event.scores:
                e.validation_scores_ = [*(e.validation_scores_ or []), event.scores["valid"][e.score_name]]
            # Before anybody asks to stop: only what the policies decided is in the reason yet.
            self._ran_out = event.epoch == self._epochs and not self._run.reason
            if self._incremental:
                self._run.stop("one epoch was asked for")
            event = replace(event, epoch=len(e.loss_curve_))
        e.history_.add(event)

    def _best(self) -> Params:
        """Return the best weights so far."""
        none_kept = self._stops_early and not self._run.memories[0]["kept"]
        return self._before if none_kept else self._run.params

    def _keep_so_far(self) -> None:
        """Keep the best weights, and what goes on from them, if there is an epoch that has ended."""
        params = self._best()
        if self._estimator.n_iter_ and _is_finite(params):
            self._estimator._keep(params)
            if self._stochastic:
                self._keep_optimizer()
            else:
                self._estimator.best_loss_ = self._estimator.loss_

    def _finish(self) -> None:
        """Keep the weights, unless they are none, and say how it ended."""
        e = self._estimator
        params = self._best()
        if not _is_finite(params):
            raise DataError(
                "weights that stay finite",
                f"NaN or infinity after {e.n_iter_} epochs",
                "Solver produced non-finite parameter weights. The input data may contain large values and need to be"
                " preprocessed. Or take a smaller learning_rate_init.",
            )
        e._keep(params)
        if e.n_iter_ == 0 and self._stochastic:
            # Interrupted in its first epoch.
            e.loss_ = self._cost
        elif e.n_iter_ == 0:
            # A search that starts at its goal: nothing has measured the loss yet.
            e.loss_ = float(self._objective.loss_and_grads(NUMPY, params, self._data, _LEARNING)[0])
        if self._stochastic:
            self._keep_optimizer()
        else:
            e.best_loss_ = e.loss_
        if self._run.reason == INTERRUPTED:
            warnings.warn(f"Training was interrupted after {e.n_iter_} epochs.", UserWarning, stacklevel=9)
        elif not self._incremental:
            self._warn_if_unfinished()

    def _keep_optimizer(self) -> None:
        e, settings = self._estimator, self._settings
        memory = self._run.memories[0]
        e._no_improvement_count = memory["waited"]
        best = memory["best"]
        if self._stops_early:
            e.best_validation_score_, e.best_loss_ = -math.inf if best is None else best, None
        else:
            e.best_loss_, e.best_validation_score_ = math.inf if best is None else best, None
        taken = self._optimizer.steps + self._steps
        horizon = Horizon(-(-self._n // settings.batch_size), settings.epochs)
        factor = float(settings.schedule.factor(np.array([taken]), horizon)[0])
        rate = self._rate * self._scale * factor
        e._optimizer = Optimizer(rate, self._scale, taken, self._run.optimizer_state)

    def _warn_if_unfinished(self) -> None:
        if self._ran_out:
            reason = f"all {self._epochs} epochs (max_iter) are done, and the loss has not settled within tol"
        elif self._run.reason == DIVERGED:
            # Only where earlier weights were kept: else that of finite weights has been told.
            score = self._estimator.best_validation_score_
            reason = f"{DIVERGED}; the weights are the best before that, of validation {self._estimator.score_name} {score:.3g}"
        elif not self._stochastic and self._run.reason not in (CONVERGED, "a callback asked to stop"):
            reason = self._run.reason
        else:
            return
        warnings.warn(f"Training has not converged: {reason}.", ConvergenceWarning, stacklevel=9)


def _is_finite(params: Params) -> bool:
    return all(np.isfinite(value).all() for _, value in leaves(params))
