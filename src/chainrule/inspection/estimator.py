"""A model in scikit-learn's manners: its tools for inspection then take raw rows, through the preparation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from chainrule.inspection.subject import Subject, probabilities

if TYPE_CHECKING:
    import pandas as pd


class _Fitted(BaseEstimator):
    """What both kinds share: they are fitted, and stay as they are."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    def fit(self, X: Any, y: Any = None) -> Any:
        """Return the model as it is: it has been fitted."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        """It always is."""
        return True


class FittedClassifier(ClassifierMixin, _Fitted):
    """A fitted model whose answers are probabilities of `classes_`."""

    @property
    def classes_(self) -> np.ndarray:
        """Names of the classes, in the order of the probabilities."""
        return np.array(self.subject.target.classes, dtype=object)

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Return probabilities (N, K) for raw rows."""
        return probabilities(self.subject.predict(X))

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the most probable class (N,) of raw rows."""
        named: np.ndarray = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return named


class FittedRegressor(RegressorMixin, _Fitted):
    """A fitted model whose answers are values in the target's own unit."""

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return values (N,) for raw rows."""
        return self.subject.predict(X)[:, 0]


def as_estimator(subject: Subject) -> FittedClassifier | FittedRegressor:
    """Return a fitted model as an estimator that takes raw rows: `sklearn.inspection` and `sklearn.metrics` can use it."""
    return FittedClassifier(subject) if subject.is_classification else FittedRegressor(subject)
