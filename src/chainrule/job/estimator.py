"""Settings as an estimator: what `chainrule train` does with rows, inside each fold, so that nothing leaks."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from chainrule.encode.target import CLASSIFICATION, Target
from chainrule.errors import ConfigError, TrainingError, did_you_mean
from chainrule.job.config import config_from, setting_names
from chainrule.job.folder import RunFolder
from chainrule.job.prepare import prepare_source
from chainrule.job.train import Job
from chainrule.saved.model import Model
from chainrule.sources.kinds import cells_as_text
from chainrule.sources.source import Source
from chainrule.train import EpochEnded, Event
from chainrule.tree import leaves

# A job that only learns writes nothing.
_NOWHERE = RunFolder(Path(os.devnull))


class SourceEstimator(BaseEstimator):  # type: ignore[misc]
    """A network as `chainrule train` would make it, for scikit-learn's protocol.

    `fit` takes rows of a source, columns as they stand in the file: kinds of columns, encoders, scales and classes are
    found from these rows alone, and a part of them is set aside to stop early by.

    Parameters
    ----------
    callbacks : sequence of functions, optional
        Each is called with every event of training; what it raises ends the fit.
    **settings
        What `config_from` takes; `target` and `task` must be settled.

    Attributes
    ----------
    model_ : Model
    classes_ : array of str
        Of a classification.
    """

    def __init__(self, *, callbacks: Sequence[Callable[[Event], Any]] | None = None, **settings: Any) -> None:
        self.callbacks = callbacks
        self.settings = settings

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the settings that were given."""
        return {"callbacks": self.callbacks, **self.settings}

    def set_params(self, **settings: Any) -> SourceEstimator:
        """Change settings of a run or of its model, by name."""
        for name, value in settings.items():
            if name == "callbacks":
                self.callbacks = value
            elif name in setting_names():
                self.settings = self.settings | {name: value}
            else:
                raise ConfigError("a setting that exists", f"{name!r}", did_you_mean(name, setting_names()))
        return self

    def __sklearn_tags__(self) -> Any:
        """Tell whether this is a classifier or a regressor."""
        from sklearn.utils import ClassifierTags, RegressorTags

        tags = super().__sklearn_tags__()
        if self.settings.get("task") == CLASSIFICATION:
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        else:
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
        tags.target_tags.required = True
        return tags

    def fit(self, X: Source, y: Any = None) -> SourceEstimator:
        """Train on rows of a source, which have their targets with them.

        Raises
        ------
        TrainingError
            If the cost became NaN or infinite before any weights were worth keeping.
        """
        config = replace(config_from(self.settings), test=0.0)
        if config.valid == "auto":
            config = replace(config, valid=0.2)
        job = Job(config, _NOWHERE, prepared=prepare_source(config, replace(X, parts=None, notes=[])))
        has_learnt = False
        try:
            with closing(job.learn()) as events:
                for event in events:
                    has_learnt |= isinstance(event, EpochEnded)
                    for callback in self.callbacks or ():
                        callback(event)
        except BaseException:
            # Of a callback, for example: it comes out as it was raised, and the epochs that have ended are not lost.
            if has_learnt and _is_finite(job.model):
                self._keep(job)
            raise
        if not _is_finite(job.model):
            raise TrainingError(
                "a cost that stays finite",
                "weights that are NaN or infinite",
                f"Try a rate 10 times smaller: `learning_rate={(job.config.learning_rate or 0) / 10:.3g}`.",
            )
        self._keep(job)
        return self

    def _keep(self, job: Job) -> None:
        self.model_ = job.model
        self._engine = job.choice.engine
        if job.config.task == CLASSIFICATION:
            self.classes_ = np.array(self.model_.classes)

    def predict(self, X: Source) -> np.ndarray:
        """Return class names, or values in the target's own unit (N,)."""
        y = self.model_.outputs(X.frame, None, self._engine, samples=X.samples)
        return self.classes_[y.argmax(axis=1)] if hasattr(self, "classes_") else y[:, 0]

    def predict_proba(self, X: Source) -> np.ndarray:
        """Return the probability of each class (N, K)."""
        if not hasattr(self, "classes_"):
            raise AttributeError("a regression has no probabilities")
        y = self.model_.outputs(X.frame, None, self._engine, samples=X.samples)
        p: np.ndarray = y / y.sum(axis=1, keepdims=True)
        return p

    def score(self, X: Source, y: Any) -> float:
        """Return accuracy, or R²."""
        from sklearn.metrics import accuracy_score, r2_score

        measure = accuracy_score if hasattr(self, "classes_") else r2_score
        return float(measure(y, self.predict(X)))


def _is_finite(model: Model) -> bool:
    return all(np.isfinite(value).all() for _, value in leaves(model.params))


def truth_of(source: Source, target: Target) -> np.ndarray:
    """Return the targets of a source as an estimator's y: class names, or values."""
    column = source.frame[target.name]
    if target.task == CLASSIFICATION:
        # Class names are texts for a network, whatever the file's cells are.
        return np.asarray(cells_as_text(column).to_numpy(dtype=str))
    return target.values(column)
