"""Settings as an estimator: scikit-learn's protocol over sources, and nothing learned from rows outside the fold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier, is_regressor

from chainrule.errors import ConfigError, TrainingError
from chainrule.job.config import Config
from chainrule.job.estimator import SourceEstimator, truth_of
from chainrule.job.prepare import find_target
from chainrule.select import cross_validate
from chainrule.sources.read import read_source
from chainrule.sources.source import Source
from chainrule.train import EpochEnded

FAST: dict[str, Any] = {"epochs": 3, "hidden": (8,), "engine": "numpy"}


def opened(data: str, **settings: Any) -> tuple[SourceEstimator, Source, np.ndarray]:
    source, target = find_target(Config(data), read_source(data), [])
    estimator = SourceEstimator(data=data, target=target.name, task=target.task, **FAST | settings)
    return estimator, source, truth_of(source, target)


@pytest.mark.parametrize("data", ["iris", "digits", "diabetes"])
def test_tables_pictures_and_numbers_are_cross_validated(data: str) -> None:
    estimator, source, y = opened(data)
    found = cross_validate(estimator, source, y, folds=3)
    assert found.scores.shape == (3,)
    assert found.metric == ("R²" if data == "diabetes" else "accuracy")


def test_it_learns_what_train_learns() -> None:
    estimator, source, y = opened("iris", epochs=60)
    assert cross_validate(estimator, source, y, scoring="neg_log_loss").mean > -0.3
    assert cross_validate(estimator, source, y).mean > 0.9


def test_it_clones_and_its_settings_can_be_changed() -> None:
    estimator, *_ = opened("iris")
    twin = clone(estimator).set_params(learning_rate=0.5, callbacks=[print])
    assert twin.get_params() == estimator.get_params() | {"learning_rate": 0.5, "callbacks": [print]}
    assert "learning_rate" not in estimator.get_params()
    with pytest.raises(ConfigError, match="Did you mean 'learning_rate'"):
        twin.set_params(lerning_rate=1)


def test_it_is_a_classifier_or_a_regressor_by_its_task() -> None:
    assert is_classifier(opened("iris")[0])
    assert is_regressor(opened("diabetes")[0])


def test_nothing_is_learned_from_rows_outside_the_fold() -> None:
    # Scales, fill-ins, categories and classes: of rows that are not there, none may show in the fitted preparation.
    _, source, _ = opened("iris")
    frame = source.frame.assign(where=["home"] * 149 + ["abroad"])
    frame.iloc[149, 0] = 1e9
    whole = Source("iris", frame, "target", "classification")
    estimator = SourceEstimator(data="iris", target="target", task="classification", **FAST)
    estimator.fit(whole.take(np.arange(149)))
    preparation = str(estimator.model_.preparation.to_json())
    assert "abroad" not in preparation
    assert max(abs(estimator.model_.preparation.inputs(whole.take(np.arange(149)).frame)).ravel()) < 10


def test_callbacks_see_every_event_and_may_end_the_fit() -> None:
    seen: list[Any] = []

    class Enough(Exception):
        pass

    def watch(event: Any) -> None:
        seen.append(event)
        if isinstance(event, EpochEnded) and event.epoch == 2:
            raise Enough

    estimator, source, y = opened("iris")
    with pytest.raises(Enough):
        estimator.set_params(callbacks=[watch]).fit(source, y)
    assert sum(isinstance(event, EpochEnded) for event in seen) == 2
    # The best weights of these two epochs are not lost.
    assert (estimator.predict(source) == y).mean() > 1 / 3


def test_probabilities_add_up_and_a_regression_has_none() -> None:
    estimator, source, y = opened("iris")
    np.testing.assert_allclose(estimator.fit(source, y).predict_proba(source).sum(axis=1), 1)
    assert set(estimator.predict(source)) <= set(y)
    number, rows, values = opened("diabetes")
    assert not hasattr(number.fit(rows, values), "classes_")
    with pytest.raises(AttributeError):
        number.predict_proba(rows)


def test_weights_that_diverge_are_told(tmp_path: Path) -> None:
    estimator, source, y = opened("diabetes", learning_rate=1e30, optimizer="momentum", valid=0.0)
    with pytest.raises(TrainingError, match="a cost that stays finite"):
        estimator.fit(source, y)


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    estimator, source, y = opened("iris")
    estimator.fit(source, y)
    assert list(tmp_path.iterdir()) == []


def test_class_names_are_texts_whatever_the_cells_are() -> None:
    frame = pd.DataFrame({"a": np.arange(40.0) % 2, "class": np.arange(40) % 2})
    estimator = SourceEstimator(data="x", target="class", task="classification", **FAST | {"epochs": 80})
    found, target = find_target(Config("x"), Source("x", frame, "class"), [])
    assert cross_validate(estimator, found, truth_of(found, target), folds=2).mean > 0.9
