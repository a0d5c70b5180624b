"""`TableClassifier` and `TableRegressor`: the best small model for a table, with scikit-learn's manners."""

from __future__ import annotations

from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_feature_names, _check_n_features, check_is_fitted, validate_data

from chainrule.encode.encoder import Findings
from chainrule.encode.preparation import Preparation
from chainrule.encode.table import column_kinds, fit_table
from chainrule.encode.target import CLASSIFICATION, REGRESSION, Target, fit_target
from chainrule.errors import ConfigError, DataError
from chainrule.nn import Loss, SoftmaxCrossEntropy, SquaredError
from chainrule.saved.file import save_model
from chainrule.saved.model import Model
from chainrule.sources.kinds import ColumnKind
from chainrule.tables.member import EFFORTS
from chainrule.tables.plan import numbers_of, plan_search
from chainrule.tables.threshold import choose_threshold

# A name that no column of a table has: the target is given beside it.
_TARGET = "target"
_FEWEST_ROWS = 2


class _TableEstimator(BaseEstimator):
    """What both have in common: columns as they are, a search, and an ordinary model."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "effort": [StrOptions(set(EFFORTS))],
        "time_limit": [Interval(Real, 0, None, closed="neither"), None],
        "jobs": [Interval(Integral, 1, None, closed="left")],
        "engine": [StrOptions({"numpy", "jax"})],
        "random_state": [Interval(Integral, 0, 2**32 - 1, closed="both")],
        "columns": [dict, None],
    }

    def __sklearn_tags__(self) -> Any:
        """Say that missing cells are accepted, and columns of texts."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    def _frame(self, X: Any, *, reset: bool) -> pd.DataFrame:
        """Return X as a table: a DataFrame's own columns, or x0, x1, … of an array."""
        if isinstance(X, pd.DataFrame):
            _check_feature_names(self, X, reset=reset)
            _check_n_features(self, X, reset=reset)
            if X.shape[0] < 1 or X.shape[1] < 1:
                raise DataError("a table with rows and columns", f"one of {X.shape}", "Give some.")
            frame = X.copy(deep=False)
            frame.columns = [str(name) for name in X.columns]
            doubled = frame.columns[frame.columns.duplicated()]
            if len(doubled):
                raise DataError("columns of different names", f"{doubled[0]!r} twice", "Rename one of them.")
            return frame.reset_index(drop=True)
        X = validate_data(self, X, reset=reset, dtype="numeric", ensure_all_finite="allow-nan", ensure_min_samples=1)
        return pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])

    def _prepare(self, frame: pd.DataFrame, target: Target, *, is_table: bool) -> Any:
        """Find out how the columns become inputs, and return these."""
        if is_table:
            kinds = column_kinds(frame, "", dict(self.columns or {}))
        else:
            kinds = tuple(ColumnKind(str(name), "numeric", "a column of an array") for name in frame.columns)
        self._preparation = Preparation(fit_table(frame, kinds), target)
        return self._preparation.encoding.encode(frame, None, Findings())

    def _search(self, x: Any, t: np.ndarray, loss: Loss, groups: Any) -> None:
        """Search, and keep the model."""
        search = plan_search(
            x,
            t.astype(np.float32),
            loss,
            self.effort,
            seed=int(self.random_state),
            groups=groups,
            numbers=numbers_of(self._preparation.encoders),
            jobs=self.jobs,
            engine=self.engine,
            seconds=self.time_limit,
        )
        for _ in search:
            pass
        self.picked_ = search.picked()
        self.ended_early_ = search.reason
        self.n_iter_ = self.picked_.tried

    def _outputs(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "model_")
        frame = self._frame(X, reset=False)
        return self.model_.outputs(frame)

    def save(self, path: Path | str) -> None:
        """Write a model file, as `chainrule train` does: no code, no pickle; `chainrule.load_model` reads it."""
        check_is_fitted(self, "model_")
        save_model(self.model_, path)

    def _keep(self, threshold: float | None = None) -> None:
        summary = {"effort": self.effort, "ensemble": self.picked_.to_json(), "seed": int(self.random_state)}
        self.model_ = Model(self.picked_.network, self.picked_.params, self._preparation, summary, threshold=threshold)


class TableClassifier(ClassifierMixin, _TableEstimator):
    """Classes from the columns of a table, by the best small model that is found.

    Parameters
    ----------
    effort : {'quick', 'standard', 'best'}
        quick: one network, stopped by a fifth of the rows. standard: linear, additive and deep members with sampled
        settings, each on five folds, picked by what they say of rows that they did not learn from. best: many more.
    metric : str, optional
        Of two classes: what the threshold of the answer is chosen for, on rows that were held out: accuracy,
        macro_f1 or balanced_accuracy. By default the likelier class is the answer. Probabilities are the same.
    time_limit : float, optional
        Seconds after which the best so far is taken.
    jobs : int
        Trainings at once, in threads; the result is the same.
    engine : {'numpy', 'jax'}
        numpy: one training after the other; jax: members of one architecture on all folds as one program.
    random_state : int
        Names folds, members and everything that is drawn.
    columns : dict, optional
        Kinds of columns that are not to be guessed: {"zip": "category"}.

    Attributes
    ----------
    classes_ : array (K,)
    model_ : Model
        An ordinary model: chainrule explains, exports and saves it.
    picked_ : Picked
        What was picked; printed, `7 of 9 members: 1 linear, …`.
    threshold_ : float or None
        From which probability of `classes_[1]` on it is the answer.
    ended_early_ : str
        Why not all members were tried; else empty.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **_TableEstimator._parameter_constraints,
        "metric": [str, None],
    }

    def __init__(
        self,
        effort: str = "standard",
        *,
        metric: str | None = None,
        time_limit: float | None = None,
        jobs: int = 1,
        engine: str = "numpy",
        random_state: int = 0,
        columns: dict[str, str] | None = None,
    ) -> None:
        self.effort = effort
        self.metric = metric
        self.time_limit = time_limit
        self.jobs = jobs
        self.engine = engine
        self.random_state = random_state
        self.columns = columns

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, *, groups: Any = None) -> Self:
        """Learn from the rows of a table.

        Parameters
        ----------
        X : DataFrame, or array (N, D)
        y : array (N,)
            Classes.
        groups : array (N,), optional
            Rows of one group are never parted: they are all learned from, or all held out.
        """
        frame = self._frame(X, reset=True)
        y = _column(self, frame, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(
                "at least two classes in y", f"one class, {self.classes_[0]!r}, in all rows", "Give rows of another."
            )
        target = Target(_TARGET, CLASSIFICATION, _names(self.classes_))
        x = self._prepare(frame, target, is_table=isinstance(X, pd.DataFrame))
        self._search(x, np.eye(len(self.classes_))[codes], SoftmaxCrossEntropy(), groups)
        self.threshold_ = None
        if self.metric is not None:
            self.threshold_ = choose_threshold(self.metric, self.picked_.out_of_fold, codes)
        self._keep(self.threshold_)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class (N, K)."""
        y = self._outputs(X)
        return np.asarray(y / y.sum(axis=1, keepdims=True))

    def predict(self, X: Any) -> np.ndarray:
        """Return the classes (N,): the likelier ones or, where a metric was asked for, those from the threshold on."""
        y = self._outputs(X)
        return np.asarray(self.classes_[self.model_.numbers(y)])


class TableRegressor(RegressorMixin, _TableEstimator):
    """Values from the columns of a table, by the best small model that is found.

    Parameters
    ----------
    effort, time_limit, jobs, engine, random_state, columns
        As of `TableClassifier`.

    Attributes
    ----------
    model_, picked_, ended_early_
        As of `TableClassifier`.
    """

    def __init__(
        self,
        effort: str = "standard",
        *,
        time_limit: float | None = None,
        jobs: int = 1,
        engine: str = "numpy",
        random_state: int = 0,
        columns: dict[str, str] | None = None,
    ) -> None:
        self.effort = effort
        self.time_limit = time_limit
        self.jobs = jobs
        self.engine = engine
        self.random_state = random_state
        self.columns = columns

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, *, groups: Any = None) -> Self:
        """Learn from the rows of a table.

        Parameters
        ----------
        X : DataFrame, or array (N, D)
        y : array (N,)
            Values.
        groups : array (N,), optional
            Rows of one group are never parted: they are all learned from, or all held out.
        """
        frame = self._frame(X, reset=True)
        y = _column(self, frame, y, numeric=True)
        column = pd.Series(y, name=_TARGET)
        # What a prediction may be is what was seen: no network goes on where there were no rows.
        target = fit_target(column, REGRESSION, is_bounded=True)
        x = self._prepare(frame, target, is_table=isinstance(X, pd.DataFrame))
        self._search(x, target.encode(column), SquaredError(), groups)
        self._keep()
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the values (N,)."""
        return np.asarray(self._outputs(X)[:, 0])


def _column(estimator: Any, frame: pd.DataFrame, y: Any, *, numeric: bool = False) -> np.ndarray:
    """Return y (N,), one for each row of the table."""
    from sklearn.utils import check_consistent_length, column_or_1d
    from sklearn.utils.validation import _check_y

    if y is None:
        name = type(estimator).__name__
        raise ValueError(f"requires y to be passed, but the target y is None: {name} learns from rows with answers")
    y = _check_y(y, y_numeric=True, estimator=estimator) if numeric else column_or_1d(y, warn=True)
    check_consistent_length(frame, y)
    if len(y) < _FEWEST_ROWS:
        raise DataError(f"at least {_FEWEST_ROWS} rows to learn from", f"n_samples = {len(y)}", "Give more rows.")
    if not numeric and y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError("Input y contains NaN or infinity: fill in or remove these rows")
    return np.asarray(y)


def _names(classes: np.ndarray) -> tuple[str, ...]:
    """Return the classes as different texts, which a model file has."""
    names = tuple(str(name) for name in classes.tolist())
    if len(set(names)) < len(names):
        raise ConfigError("classes whose texts differ", f"{names!r:.60}", "Name them otherwise.")
    return names
