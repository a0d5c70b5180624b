"""What all estimators share: they look at their data, train a network through the loop, and keep what it learnt."""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, ClassVar, cast

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, _fit_context, is_classifier
from sklearn.callback import CallbackSupportMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from chainrule.encode.augment import Augment
from chainrule.engine import Engine, engine_by_name
from chainrule.errors import ConfigError, DataError, ModelFileError
from chainrule.models.fitting import Fitting
from chainrule.models.learning import LEARNING_RATES, SOLVERS, Optimizer, rule_of
from chainrule.models.objective import PenalisedOnce
from chainrule.models.saved import Attributes, Saved
from chainrule.network.network import Network
from chainrule.network.outputs import layer_output, logits
from chainrule.nn.loss import Loss
from chainrule.optim import LBFGS, Rule, Schedule
from chainrule.saved.archive import REMEDY
from chainrule.saved.tensors import require_finite
from chainrule.train import History, Objective
from chainrule.tree import leaves, map_leaves
from chainrule.types import Batch, Params

DTYPES = (np.float64, np.float32)


class NetworkEstimator(Saved, CallbackSupportMixin, BaseEstimator, ABC):
    """A network with scikit-learn's manners. Parameters are described by the classes that can be made."""

    _fitted: ClassVar[Attributes] = {
        "n_features_in_": (int,),
        "feature_names_in_": (np.ndarray,),
        "n_outputs_": (int,),
        "_n_first": (int,),
        "network_": (Network,),
        "n_iter_": (int,),
        "t_": (int,),
        "out_activation_": (str,),
        "loss_": (float,),
        "loss_curve_": (list,),
        "history_": (History,),
        "best_loss_": (float, type(None)),
        "validation_scores_": (list, type(None)),
        "best_validation_score_": (float, type(None)),
        "_no_improvement_count": (int,),
        "_optimizer": (Optimizer,),
        "engine_": (str,),
        "engine_reason_": (str,),
    }
    # Only a solver that takes steps has an optimizer to go on with.
    _may_lack: ClassVar[frozenset[str]] = Saved._may_lack | {"_optimizer"}

    score_name: ClassVar[str]

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "solver": [StrOptions(set(SOLVERS)), Rule, LBFGS],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions(set(LEARNING_RATES)), Schedule],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "engine": [StrOptions({"auto", "numpy", "jax"})],
        "callbacks": [list, tuple, None],
    }

    @abstractmethod
    def _build(self, n_features: int, n_outputs: int, n_samples: int) -> Network:
        """Return the network for data of this width, and of this many rows at the first fit."""

    @abstractmethod
    def _draw(self, network: Network, rng: np.random.RandomState) -> Params:
        """Return initial weights."""

    @abstractmethod
    def _has_weights(self) -> bool:
        """Whether there are weights to go on from."""

    @abstractmethod
    def _weights(self) -> Params:
        """Return the fitted attributes as the network's weights."""

    @abstractmethod
    def _kept(self, params: Params) -> dict[str, Any]:
        """Return the network's weights as fitted attributes."""

    def _keep(self, params: Params) -> None:
        """Take the network's weights as fitted attributes."""
        for name, value in self._kept(params).items():
            setattr(self, name, value)

    @abstractmethod
    def _loss_of_targets(self) -> Loss:
        """Return the loss that suits the targets."""

    def _rule(self) -> Rule | LBFGS:
        return rule_of(self.solver, tol=self.tol, max_fun=15000, momentum=0.9, nesterov=True)

    # What not every estimator lets its user choose.
    power_t: float = 0.5

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Any:
        """Learn from the rows of X.

        Ctrl-C ends it after the steps in hand: the estimator is then fitted, as far as it has come.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
            A weight of k counts as k equal rows.
        X_val, y_val, sample_weight_val : array-likes, optional
            Rows to validate on after each epoch, and to stop early by if `early_stopping`.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val), incremental=False)

    def _fit(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any, Any], *, incremental: bool) -> Any:
        if incremental and self.early_stopping:
            raise ConfigError(
                "early_stopping=False for partial_fit",
                "early_stopping=True",
                "partial_fit does not support early_stopping=True: it sees no epoch whole.",
            )
        goes_on = self.warm_start or incremental
        fresh = not (self._has_weights() and goes_on)
        X, y = self._read(X, y, reset=fresh)
        w = None if sample_weight is None else _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        self._learn_targets(y, anew=not goes_on)
        t = self._encode(y)
        self.n_outputs_ = t.shape[1]
        rng = check_random_state(self.random_state)
        if fresh or not hasattr(self, "_n_first"):
            self._n_first = X.shape[0]
        network = self._build(X.shape[1], self.n_outputs_, self._n_first)
        self.network_ = network
        if fresh:
            drawn = map_leaves(lambda leaf: np.asarray(leaf, X.dtype), self._draw(network, rng))
            self._keep(drawn)
        # Weights that were set by hand have no history yet.
        if fresh or not hasattr(self, "history_"):
            self._begin(scored=self.early_stopping and self._is_stochastic())
        self.n_iter_ = 0
        try:
            self._learn(network, X, y, t, w, validation, rng, incremental=incremental)
        except BaseException:
            # Weights as they were drawn are nothing to predict with; those of the epochs that have ended are.
            if fresh and not self.n_iter_:
                self._forget()
            raise
        return self

    def _forget(self) -> None:
        """Be as unfitted as before."""
        for name in self._kept(self._weights()):
            delattr(self, name)

    def _learn(
        self,
        network: Network,
        X: Any,
        y: Any,
        t: np.ndarray,
        w: np.ndarray | None,
        validation: tuple[Any, Any, Any],
        rng: np.random.RandomState,
        *,
        incremental: bool,
    ) -> None:
        """Train the network whose weights have been drawn, or learnt before."""
        stops_early = self.early_stopping and self._is_stochastic()
        weighed = self._class_weights(y, w, incremental=incremental)
        rows: Any = slice(None)
        valid = self._validation(network, *validation)
        if stops_early and valid is None:
            rows, held = self._hold_out(t, rng)
            valid = self._batch(network, X[held], t[held], None if w is None else w[held])
        train = self._batch(network, X[rows], t[rows], None if weighed is None else weighed[rows])

        def fit() -> None:
            fitting = Fitting(self, network, train, valid, rng, incremental=incremental, stops_early=stops_early)
            fitting.run(X, y, w)

        self._train(network, train, fit)

    def _batch(self, network: Network, X: Any, t: np.ndarray, w: np.ndarray | None) -> Batch:
        """Return rows as the network learns from them."""
        return Batch(self._inputs(network, X), t, w)

    def _objective(self, network: Network) -> Objective:
        """Return what is minimised."""
        return PenalisedOnce(network, self._alpha(), self._augmentation(), (self.score_name,))

    def _trainable(self, params: Params) -> Params:
        """Return the weights that the objective moves, of those of the network."""
        return params

    def _train(self, network: Network, train: Batch, fit: Callable[[], None]) -> None:
        """Train by the loop; a subclass may know a shorter way."""
        fit()

    def _alpha(self) -> float:
        """Return the strength of the penalty."""
        return float(self.alpha)

    def _augmentation(self) -> Augment:
        """Return how pictures are changed while the network learns; most estimators know of no pictures."""
        return Augment()

    def _rate(self, train: Batch) -> float:
        """Return the learning rate before scheduling."""
        return float(self.learning_rate_init)

    def _rows_a_step(self, n: int) -> int:
        """Return the number of rows in a batch."""
        if self.batch_size == "auto":
            return min(200, n)
        if self.batch_size > n:
            message = f"batch_size={self.batch_size} is more than the {n} rows there are: all of them are one batch."
            warnings.warn(message, UserWarning, stacklevel=9)
        return min(int(self.batch_size), n)

    def _is_stochastic(self) -> bool:
        return not (self.solver == "lbfgs" or isinstance(self.solver, LBFGS))

    def _read(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, np.ndarray]:
        X, y = validate_data(
            self,
            self._flat(X),
            y,
            accept_sparse="csr",
            multi_output=True,
            y_numeric=not is_classifier(self),
            dtype=DTYPES,
            reset=reset,
        )
        return X, self._read_y(y)

    def _flat(self, X: Any) -> Any:
        """Return X with one row for each sample; a subclass may know more shapes."""
        return X

    def _inputs(self, network: Network, X: Any) -> Any:
        """Return the rows of X in the shape that the network reads."""
        if network.input_shape == X.shape[1:]:
            return X
        if issparse(X):
            raise DataError(
                f"dense rows for inputs of shape {network.input_shape}", "a sparse matrix", "Use X.toarray()."
            )
        return X.reshape(len(X), *network.input_shape)

    def _begin(self, *, scored: bool) -> None:
        """Set all that counts to zero."""
        self.n_iter_ = self.t_ = 0
        self.out_activation_ = self._target_kind()
        self.loss_curve_: list[float] = []
        self.history_ = History()
        self._no_improvement_count = 0
        self.best_loss_ = None if scored else math.inf
        self.validation_scores_: list[float] | None = [] if scored else None
        self.best_validation_score_ = -math.inf if scored else None

    def _hold_out(self, t: np.ndarray, rng: np.random.RandomState) -> list[np.ndarray]:
        """Return the rows to train on and those to stop by, stratified where one output asks one question."""
        stratify = t if is_classifier(self) and t.shape[1] == 1 else None
        size = self.validation_fraction
        rows, held = train_test_split(np.arange(len(t)), random_state=rng, test_size=size, stratify=stratify)
        if len(held) < 2:
            raise DataError(
                "at least 2 rows to stop early by",
                f"{len(held)} of {len(t)} rows",
                "The validation set is too small: increase validation_fraction, or give X_val and y_val.",
            )
        return [rows, held]

    def _validation(self, network: Network, X: Any, y: Any, w: Any) -> Batch | None:
        if X is None and y is None and w is None:
            return None
        if X is None or y is None:
            raise DataError("X_val and y_val together", "one without the other", "Give both.")
        X, y = validate_data(self, self._flat(X), y, accept_sparse="csr", multi_output=True, dtype=DTYPES, reset=False)
        y = self._read_y(y)
        self._check_known(y)
        t = self._encode(y)
        if t.shape[1] != network.output_shape[0]:
            raise DataError(f"y_val of {network.output_shape[0]} columns", f"{t.shape[1]}", "Give the columns of y.")
        return Batch(
            self._inputs(network, X), t, None if w is None else _check_sample_weight(w, X, ensure_non_negative=True)
        )

    def _logits(self, X: Any) -> np.ndarray:
        """Return the network's logits a (N, K) of rows that nobody has looked at yet."""
        check_is_fitted(self)
        X = validate_data(self, self._flat(X), accept_sparse="csr", reset=False)
        params = self._weights()
        engine = engine_by_name(self._predicts_on(sparse=issparse(X)), str(_dtype(params)))
        return self._answers(engine, engine.place(params), self._inputs(self.network_, X))

    def _answers(self, engine: Engine, params: Params, x: Any) -> np.ndarray:
        """Return the logits of inputs in the shape that the network reads."""
        return logits(self.network_, engine, params, x)

    def _predicts_on(self, *, sparse: bool) -> str:
        """Return the engine for predictions. Dense layers gain nothing from being compiled anew for each size of X."""
        return "numpy"

    def activations(self, X: Any, layer: str | int) -> np.ndarray:
        """Return what a layer makes of the rows of X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        layer : str or int
            A name from `layer_names_`, such as `hidden1` (a, before the bend) or `relu1` (z, after it); or the number
            of a hidden layer, from 1, for its z. -1 is the last hidden layer.

        Returns
        -------
        ndarray of shape (n_samples, ...)
        """
        check_is_fitted(self)
        X = self._inputs(self.network_, validate_data(self, self._flat(X), accept_sparse="csr", reset=False))
        params = self._weights()
        engine = engine_by_name("numpy", str(_dtype(params)))
        return layer_output(self.network_, engine, params, engine.array(X), layer)

    @property
    def layer_names_(self) -> list[str]:
        """The names of the layers, from the input to the output."""
        check_is_fitted(self)
        return [row.name for row in self.network_.rows()]

    @property
    def params_(self) -> Params:
        """The weights by name, as `network_` and `chainrule.explain` take them."""
        check_is_fitted(self)
        return self._weights()

    def _check_loaded(self) -> None:
        """Raise ModelFileError if what a file says of the network, its weights and its columns is not one story."""
        network = self.network_
        wanted = {path: spec.shape for path, spec in leaves(network.specs)}
        there = {path: np.asarray(value) for path, value in leaves(self._weights())}
        if {path: value.shape for path, value in there.items()} != wanted:
            raise ModelFileError("weights of the shapes that the layers have", "others", REMEDY)
        kinds = {value.dtype for value in there.values()}
        if len(kinds) > 1 or not kinds <= set(map(np.dtype, DTYPES)):
            raise ModelFileError("weights in float32 or float64", f"{sorted(map(str, kinds))}", REMEDY)
        require_finite(there, "Fit it again, with a smaller learning_rate_init.")
        columns = getattr(self, "feature_names_in_", None)
        # One output asks for the second of two classes; also where there is but one.
        several = range(1, 3) if self.n_outputs_ == 1 else range(self.n_outputs_, self.n_outputs_ + 1)
        one_story = (
            math.prod(network.input_shape) == self.n_features_in_
            and (columns is None or columns.shape == (self.n_features_in_,))
            and network.output_shape == (self.n_outputs_,)
            and (not is_classifier(self) or (self.classes_.ndim == 1 and len(self.classes_) in several))
            and self.engine_ in ("numpy", "jax")
            and all(isinstance(value, float) for value in (*self.loss_curve_, *(self.validation_scores_ or ())))
        )
        if not one_story:
            raise ModelFileError(
                "columns, outputs, classes and curves as the network has them",
                f"{self.n_features_in_} columns and {self.n_outputs_} outputs of other kinds or numbers",
                REMEDY,
            )

    def __sklearn_is_fitted__(self) -> bool:
        """Whether there are weights to predict with."""
        return self._has_weights() and hasattr(self, "network_")

    def __sklearn_tags__(self) -> Any:
        """Sparse rows are welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _dtype(params: Params) -> np.dtype[Any]:
    return cast("np.dtype[Any]", next(value.dtype for _, value in leaves(params)))
