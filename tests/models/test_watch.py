"""Who looks on: printed lines, observers, scikit-learn's callbacks, and Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import LogisticRegression, MLPClassifier, MLPRegressor, NetworkClassifier
from chainrule.train import EpochEnded, Event, FitEnded, FitStarted, StepsEnded

FLOWERS, SPECIES = load_iris(return_X_y=True)
QUICK: dict[str, Any] = {"hidden_layer_sizes": 8, "max_iter": 6, "random_state": 0, "learning_rate_init": 0.05}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Recorder:
    """A callback of scikit-learn's protocol that writes down what it is told, and may ask to stop."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.told: list[tuple[str, str]] = []
        self.scores: list[float] = []
        self.stop_after = stop_after

    def setup(self, estimator: Any, context: Any) -> None:
        self.told.append(("setup", context.task_name))

    def teardown(self, estimator: Any, context: Any) -> None:
        self.told.append(("teardown", context.task_name))

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        self.told.append(("begin", context.task_name))

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, X: Any = None, y: Any = None, fitted_estimator: Any = None
    ) -> bool:
        self.told.append(("end", context.task_name))
        # A search has no estimator to show for its own tasks.
        if fitted_estimator is not None:
            self.scores.append(fitted_estimator.score(X, y))
        return len(self.scores) == self.stop_after


@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier(**QUICK),
        MLPRegressor(**QUICK),
        LogisticRegression(max_iter=6),
        NetworkClassifier(max_iter=6, learning_rate_init=0.05, random_state=0),
    ],
)
def test_scikit_learns_callbacks_see_each_epoch_with_an_estimator_that_can_predict(model: Any) -> None:
    recorder = Recorder()
    model = clone(model).set_callbacks(recorder)
    model.fit(FLOWERS, SPECIES)
    epochs = [("begin", "epoch"), ("end", "epoch")] * 6
    assert recorder.told[:2] == [("setup", "fit"), ("begin", "fit")]
    assert recorder.told[2:-2] == epochs
    assert recorder.told[-2:] == [("end", "fit"), ("teardown", "fit")]
    assert recorder.scores[-1] == model.score(FLOWERS, SPECIES)
    assert len(set(recorder.scores)) > 1


def test_a_callback_may_stop_the_fit() -> None:
    model = MLPClassifier(**QUICK).set_callbacks(Recorder(stop_after=3)).fit(FLOWERS, SPECIES)
    assert model.n_iter_ == 3
    assert model.history_.ended.reason == "a callback asked to stop"


def test_scikit_learns_own_callbacks_work() -> None:
    monitor = ScoringMonitor(scoring="accuracy")
    model = MLPClassifier(**QUICK).set_callbacks(monitor, ProgressBar()).fit(FLOWERS, SPECIES)
    scores = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) == 6
    assert scores[-1] == model.score(FLOWERS, SPECIES)


def test_a_callback_of_a_pipeline_reaches_the_estimator() -> None:
    class Reaching(Recorder):
        max_propagation_depth = None

    recorder = Reaching()
    search = GridSearchCV(MLPClassifier(**QUICK), {"alpha": [0.1]}, cv=2)
    if not hasattr(search, "set_callbacks"):
        pytest.skip("this scikit-learn's searches take no callbacks")
    search.set_callbacks(recorder)
    search.fit(FLOWERS, SPECIES)
    assert ("end", "epoch") in recorder.told


def test_plain_observers_see_every_event() -> None:
    events: list[Event] = []
    model = MLPClassifier(callbacks=[events.append], **QUICK).fit(FLOWERS, SPECIES)
    assert isinstance(events[0], FitStarted)
    assert isinstance(events[-1], FitEnded)
    assert [event.cost for event in events if isinstance(event, EpochEnded)] == model.loss_curve_


def test_verbose_prints_a_line_for_each_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    MLPClassifier(verbose=True, early_stopping=True, **QUICK).fit(FLOWERS, SPECIES)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("Iteration 1, loss = ")
    assert "validation accuracy = " in lines[0]
    MLPClassifier(verbose=True, tol=1.0, n_iter_no_change=2, **QUICK).fit(FLOWERS, SPECIES)
    assert "has not improved by more than tol=1 for 2 epochs" in capsys.readouterr().out


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_ctrl_c_ends_the_fit_with_the_weights_so_far(engine: str) -> None:
    def press(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 4:
            os.kill(os.getpid(), signal.SIGINT)

    settings = {**QUICK, "max_iter": 10_000, "n_iter_no_change": np.inf, "engine": engine}
    with pytest.warns(UserWarning, match="interrupted after [45] epochs"):
        model = MLPClassifier(callbacks=[press], **settings).fit(FLOWERS, SPECIES)
    assert model.n_iter_ in (4, 5)
    assert model.history_.ended.reason == "interrupted by the user"
    # The same network as one that was asked for so many epochs.
    asked = MLPClassifier(**{**settings, "max_iter": model.n_iter_}).fit(FLOWERS, SPECIES)
    np.testing.assert_allclose(model.coefs_[0], asked.coefs_[0], rtol=1e-9)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interruption_from_an_observer_ends_the_fit_too() -> None:
    def refuse(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 2:
            raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="interrupted after 2 epochs"):
        model = MLPClassifier(callbacks=[refuse], **QUICK).fit(FLOWERS, SPECIES)
    assert model.predict(FLOWERS).shape == (150,)


def test_a_handler_of_ones_own_is_left_alone() -> None:
    pressed = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        MLPClassifier(callbacks=[lambda event: os.kill(os.getpid(), signal.SIGINT)], **QUICK).fit(FLOWERS, SPECIES)
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(pressed) > 6


def test_a_fit_in_a_thread_needs_no_handler() -> None:
    models: list[MLPClassifier] = []
    thread = threading.Thread(target=lambda: models.append(MLPClassifier(**QUICK).fit(FLOWERS, SPECIES)))
    thread.start()
    thread.join()
    assert models[0].n_iter_ == 6


def test_an_error_of_an_observer_is_not_swallowed() -> None:
    def fail(event: Event) -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        make_pipeline(StandardScaler(), MLPClassifier(callbacks=[fail], **QUICK)).fit(FLOWERS, SPECIES)


def test_an_interruption_in_the_first_epoch_keeps_the_steps_so_far() -> None:
    def refuse(event: Event) -> None:
        if isinstance(event, StepsEnded):
            raise KeyboardInterrupt

    model = MLPClassifier(callbacks=[refuse], **QUICK)
    with pytest.warns(UserWarning, match="interrupted after [01] epochs"):
        model.fit(FLOWERS, SPECIES)
    assert np.isfinite(model.loss_)
    assert model.predict(FLOWERS).shape == (150,)


def _failing_in(epoch: int, kind: type[Event] = EpochEnded) -> Any:
    def fail(event: Event) -> None:
        if isinstance(event, kind) and event.epoch == epoch:
            raise ZeroDivisionError("mine")

    return fail


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_an_error_of_an_observer_leaves_the_weights_of_the_epochs_before_it(solver: str) -> None:
    before = threading.active_count()
    model = MLPClassifier(callbacks=[_failing_in(3)], solver=solver, **QUICK)
    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        model.fit(FLOWERS, SPECIES)
    assert caught.traceback[-1].name == "fail"
    asked = MLPClassifier(solver=solver, **{**QUICK, "max_iter": 3}).fit(FLOWERS, SPECIES)
    np.testing.assert_array_equal(model.coefs_[0], asked.coefs_[0])
    assert (model.n_iter_, threading.active_count()) == (3, before)


def test_an_error_of_an_observer_while_stopping_early_leaves_the_best_weights() -> None:
    settings = {**QUICK, "early_stopping": True, "learning_rate_init": 2.0, "tol": 0.0, "n_iter_no_change": np.inf}
    model = MLPClassifier(callbacks=[_failing_in(6)], **settings)
    with pytest.raises(ZeroDivisionError, match="mine"):
        model.fit(FLOWERS, SPECIES)
    best = int(np.argmax(model.validation_scores_)) + 1
    assert best < 6
    asked = MLPClassifier(**{**settings, "max_iter": best}).fit(FLOWERS, SPECIES)
    np.testing.assert_array_equal(model.coefs_[0], asked.coefs_[0])


def test_an_error_before_the_first_epoch_has_ended_leaves_no_fitted_estimator() -> None:
    model = MLPClassifier(callbacks=[_failing_in(1, StepsEnded)], **QUICK)
    with pytest.raises(ZeroDivisionError, match="mine"):
        model.fit(FLOWERS, SPECIES)
    assert not hasattr(model, "coefs_")


def test_an_error_in_a_second_fit_does_not_leave_weights_that_were_only_drawn() -> None:
    model = MLPClassifier(**QUICK).fit(FLOWERS, SPECIES)
    model.set_params(callbacks=[_failing_in(1, StepsEnded)])
    with pytest.raises(ZeroDivisionError, match="mine"):
        model.fit(FLOWERS, SPECIES)
    assert not hasattr(model, "coefs_")


def test_what_was_learnt_before_an_error_can_be_learnt_on() -> None:
    settings = {**QUICK, "warm_start": True, "max_iter": 3}
    model = MLPClassifier(callbacks=[_failing_in(2)], **settings)
    with pytest.raises(ZeroDivisionError, match="mine"):
        model.fit(FLOWERS, SPECIES)
    model.set_params(callbacks=None).fit(FLOWERS, SPECIES)
    other = MLPClassifier(**{**settings, "max_iter": 2}).fit(FLOWERS, SPECIES)
    other.set_params(max_iter=3).fit(FLOWERS, SPECIES)
    np.testing.assert_array_equal(model.coefs_[0], other.coefs_[0])
