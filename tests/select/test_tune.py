"""Search: resumed, shared, honest; a worker that is killed loses nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from optuna.trial import TrialState, create_trial
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits, load_iris
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from chainrule.errors import ConfigError, DataError, TrainingError
from chainrule.models import MLPClassifier
from chainrule.select import Workers, trials
from chainrule.select.space import Choice, Span
from chainrule.select.storage import Storage, _again
from chainrule.select.tune import tune

X, Y = load_iris(return_X_y=True)
SPACE = {"svc__C": Span(1e-2, 1e3), "svc__kernel": Choice(("rbf", "linear"))}


def svc() -> Any:
    return make_pipeline(StandardScaler(), SVC())


def test_a_search_finds_settings_that_hold_on_rows_it_never_saw() -> None:
    found = tune(svc(), X, Y, SPACE, trials=6)
    assert len(found.trials) == 6
    assert found.best.score == max(trial.score or 0 for trial in found.trials)
    assert found.n_held_out == 30
    assert found.held_out == found.model.score(X[aside(Y)], Y[aside(Y)])
    assert found.held_out > 0.85


def aside(y: np.ndarray) -> np.ndarray:
    from chainrule.select import draw_folds

    return draw_folds(y, folds=5).pairs[0][1]


def test_rows_held_out_are_in_no_fold() -> None:
    found = tune(svc(), X, Y, SPACE, trials=1)
    tested = sum(len(test) for _, test in found.folds.pairs)
    assert tested + found.n_held_out == len(Y)


def test_a_search_goes_on_where_it_ended(tmp_path: Path) -> None:
    place = str(tmp_path / "search.db")
    first = tune(svc(), X, Y, SPACE, trials=3, storage=place)
    second = tune(svc(), X, Y, SPACE, trials=5, storage=place)
    assert [trial.settings for trial in second.trials[:3]] == [trial.settings for trial in first.trials]
    assert len(second.trials) == 5
    # Enough is enough: nothing is tried again.
    assert len(tune(svc(), X, Y, SPACE, trials=5, storage=place).trials) == 5


def test_another_search_is_not_mixed_into_a_storage(tmp_path: Path) -> None:
    place = str(tmp_path / "search.db")
    tune(svc(), X, Y, SPACE, trials=1, storage=place)
    for change in ({"space": {"svc__C": Span(1e-2, 1e4)}}, {"scoring": "f1_macro"}, {"about": "other rows"}):
        options: dict[str, Any] = {"space": SPACE} | change
        with pytest.raises(ConfigError, match="to go on as it was begun"):
            tune(svc(), X, Y, options.pop("space"), trials=1, storage=place, **options)
    tune(svc(), X, Y, SPACE, trials=1, storage=Storage(place, name="other"), scoring="f1_macro")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_hopeless_trials_of_our_estimators_are_ended_by_their_events() -> None:
    x, y = load_digits(n_class=4, return_X_y=True)
    model = MLPClassifier((8,), max_iter=12, early_stopping=True, random_state=0, n_iter_no_change=30)
    space = {"learning_rate_init": Span(1e-9, 1e-1)}
    # By the validation cost: it is continuous, while all that learn nothing have the same accuracy.
    found = tune(model, x[:400] / 16, y[:400], space, trials=10, folds=2, held_out=0, scoring="accuracy")
    rates = {state: [t.settings["learning_rate_init"] for t in found.trials if t.state == state] for state in STATES}
    assert rates["pruned"]
    assert max(rates["pruned"]) < found.best.settings["learning_rate_init"]
    assert found.held_out is None


STATES = ("done", "pruned")


class Dying(ClassifierMixin, BaseEstimator):
    """Its first fit in a process that is not the test's own is killed, as the kernel kills what is out of memory."""

    def __init__(self, mark: str = "", strength: float = 1.0) -> None:
        self.mark = mark
        self.strength = strength

    def fit(self, x: np.ndarray, y: np.ndarray) -> Dying:
        try:
            Path(self.mark).touch(exist_ok=False)
        except FileExistsError:
            self.inner_ = KNeighborsClassifier(3).fit(x, y)
            self.classes_ = self.inner_.classes_
            return self
        Path(self.mark).write_text(repr(self.strength))
        os.kill(os.getpid(), signal.SIGKILL)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.inner_.predict(x)


def test_the_trial_of_a_killed_worker_is_tried_again_with_the_same_settings(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    place = Storage(str(tmp_path / "search.db"), heartbeat=1)
    found = tune(Dying(str(mark)), X, Y, {"strength": Span(1.0, 10.0)}, trials=4, storage=place, workers=Workers(2))
    killed = float(mark.read_text())
    lost = [trial for trial in found.trials if trial.state == "lost"]
    done = [trial.settings["strength"] for trial in found.trials if trial.state != "lost"]
    assert killed in [trial.settings["strength"] for trial in lost]
    assert killed in done
    # The other worker's trial may have been lost with it; all that was asked for was done all the same.
    assert len(done) == 4
    assert all(trial.settings["strength"] in done for trial in lost)


def test_one_trial_too_many_does_not_stand_for_one_that_was_asked_for(tmp_path: Path) -> None:
    place = str(tmp_path / "search.db")
    tune(svc(), X, Y, SPACE, trials=1, storage=place)
    study = Storage(place).open(seed=1)
    study.add_trial(create_trial(state=TrialState.PRUNED, user_attrs={"surplus": True}))
    found = tune(svc(), X, Y, SPACE, trials=3, storage=place)
    assert [trial.state for trial in found.trials] == ["done"] * 3


class GivenUp(ClassifierMixin, BaseEstimator):
    """While its first fit works, another worker takes it for dead."""

    def __init__(self, url: str = "", mark: str = "", strength: float = 1.0) -> None:
        self.url, self.mark, self.strength = url, mark, strength

    def fit(self, x: np.ndarray, y: np.ndarray) -> GivenUp:
        self.inner_ = KNeighborsClassifier(3).fit(x, y)
        self.classes_ = self.inner_.classes_
        try:
            Path(self.mark).touch(exist_ok=False)
        except FileExistsError:
            return self
        study = Storage(self.url).open(seed=1)
        (trial,) = study.get_trials(states=(TrialState.RUNNING,))
        study._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
        _again(study, trial)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.inner_.predict(x)


def test_a_trial_that_was_taken_for_dead_while_it_worked_is_tried_again(tmp_path: Path) -> None:
    url = str(tmp_path / "search.db")
    model = GivenUp(url, str(tmp_path / "mark"))
    found = tune(model, X, Y, {"strength": Span(1.0, 10.0)}, trials=3, storage=url, held_out=0)
    assert [trial.state for trial in found.trials] == ["lost", "done", "done", "done"]
    assert found.trials[1].settings == found.trials[0].settings


def test_two_workers_share_a_search_and_do_not_do_more_than_was_asked(tmp_path: Path) -> None:
    told: list[Any] = []
    found = tune(
        svc(),
        X,
        Y,
        SPACE,
        trials=7,
        storage=str(tmp_path / "s.db"),
        workers=Workers(2),
        progress=lambda *news: told.append(news),
    )
    assert len(found.trials) == 7
    assert told[-1] == (7, 7, found.best.score)


class Rising(ClassifierMixin, BaseEstimator):
    """The stronger, the better."""

    def __init__(self, strength: float = 1.0) -> None:
        self.strength = strength

    def fit(self, x: np.ndarray, y: np.ndarray) -> Rising:
        self.classes_ = np.unique(y)
        return self

    def score(self, x: np.ndarray, y: np.ndarray) -> float:
        return self.strength


def test_the_best_at_the_edge_is_told() -> None:
    found = tune(Rising(), X, Y, {"strength": Span(1.0, 10.0)}, trials=15, held_out=0)
    assert found.best.settings["strength"] == max(trial.settings["strength"] for trial in found.done)
    assert found.advice == [
        f"The best strength, {found.best.settings['strength']:.3g}, is at the edge of what was tried (1 to 10): "
        "search up to 100."
    ]
    assert found.advice[0] in str(found)


def test_importance_names_what_mattered() -> None:
    found = tune(svc(), X, Y, {"svc__C": Span(1e-6, 1e3), "svc__degree": Span(2, 5, whole=True)}, trials=10, seed=2)
    assert next(iter(found.importance)) == "svc__C"
    assert sum(found.importance.values()) == pytest.approx(1)


def test_scores_that_are_all_alike_say_nothing_of_importance() -> None:
    space = {"svc__C": Span(1e-6, 1e-5), "svc__degree": Span(2, 5, whole=True)}
    assert tune(svc(), X, Y, space, trials=5, held_out=0).importance == {}


def test_a_search_travels_as_json() -> None:
    found = tune(svc(), X, Y, SPACE, trials=2).to_json()
    assert (len(found["trials"]), found["held_out_rows"], found["folds"]) == (2, 30, "3 stratified folds (seed 0)")


def test_settings_that_cannot_be_trained_are_told_with_their_reason() -> None:
    with pytest.raises(TrainingError, match="a trial that comes to a score"):
        tune(svc(), X, Y, {"svc__C": Span(-2.0, -1.0)}, trials=2)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"space": {}}, "settings to search; got none"),
        ({"space": {"svc__c": Span(1, 2)}}, "a setting of SVC; got 'svc__c'. Did you mean 'svc__C'"),
        ({"trials": 0}, "at least 1 trial; got 0"),
        ({"held_out": 0.7}, "at most 0.5 to hold out"),
        ({"y": np.append(Y[:-1], 9)}, "single row of class '9'"),
    ],
)
def test_what_cannot_be_searched_is_answered(change: dict[str, Any], error: str) -> None:
    options: dict[str, Any] = {"y": Y, "space": SPACE, "trials": 1} | change
    with pytest.raises((ConfigError, DataError), match=error):
        tune(svc(), X, options.pop("y"), options.pop("space"), **options)


def test_what_others_are_at_work_on_is_waited_for_and_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    # Counted, running, waiting: three of five are done and two others' are running; then all are done.
    counts = iter([(3, 2, 0), (5, 0, 0)])
    slept: list[float] = []
    monkeypatch.setattr(trials, "_count", lambda study: next(counts))
    monkeypatch.setattr(trials, "_forget_stillborn", lambda study, storage: None)
    monkeypatch.setattr("optuna.storages.fail_stale_trials", lambda study: None)
    monkeypatch.setattr(trials.time, "sleep", slept.append)
    monkeypatch.setattr(trials, "_try_one", lambda *_: pytest.fail("a trial more than was asked for"))
    storage: Any = SimpleNamespace(heartbeat=10.0, url="")
    task: Any = None
    assert trials._until_done(task, storage, None, 5) == 0
    assert len(slept) == 1
