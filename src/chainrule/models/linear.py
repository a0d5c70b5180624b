"""Networks without hidden layers: logistic, softmax and linear regression, each solved in more than one way."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from chainrule.engine.numpy import NUMPY
from chainrule.errors import DataError
from chainrule.models.base import NetworkEstimator
from chainrule.models.learning import SOLVERS
from chainrule.models.least_squares import least_squares, steepest
from chainrule.models.objective import PenalisedOnce
from chainrule.models.targets import Classifier, Regressor
from chainrule.network.network import Network
from chainrule.nn import Dense, Loss, Sequential, SoftmaxCrossEntropy
from chainrule.optim import LBFGS, Rule
from chainrule.types import PREDICT, Batch, Params

_SHARED = (
    "learning_rate",
    "learning_rate_init",
    "batch_size",
    "max_iter",
    "shuffle",
    "random_state",
    "tol",
    "verbose",
    "warm_start",
    "n_iter_no_change",
    "engine",
    "callbacks",
)


class Linear(NetworkEstimator):
    """One dense layer from the columns to the logits: `coef_` (K, D) and `intercept_` (K,)."""

    fit_intercept: Any
    coef_: Any
    intercept_: Any
    early_stopping = False
    _one_row = False

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "fit_intercept": ["boolean"],
        **{name: NetworkEstimator._parameter_constraints[name] for name in ("solver", *_SHARED)},
    }

    def _build(self, n_features: int, n_outputs: int) -> Network:
        layer = Dense(n_outputs, init="zeros", bias=bool(self.fit_intercept))
        return Network(Sequential((layer,), ("output",)), (n_features,), self._loss_of_targets())

    def _draw(self, network: Network, rng: np.random.RandomState) -> Params:
        """Start at zero: a cost with one valley needs no luck."""
        return network.init(np.random.default_rng(0))

    def _rule(self) -> Rule | LBFGS:
        # The cost has one valley: go all the way down.
        return LBFGS(tolerance=float(self.tol)) if self.solver == "lbfgs" else super()._rule()

    def _has_weights(self) -> bool:
        return hasattr(self, "coef_")

    def _weights(self) -> Params:
        W = np.atleast_2d(self.coef_).T
        return {"output": {"W": W} | ({"b": np.atleast_1d(self.intercept_)} if self.fit_intercept else {})}

    def _kept(self, params: Params) -> dict[str, Any]:
        output = params["output"]
        coef, intercept = output["W"].T, output.get("b", np.zeros(output["W"].shape[1], output["W"].dtype))
        if self._one_row:
            return {"coef_": coef[0], "intercept_": intercept[0]}
        return {"coef_": coef, "intercept_": intercept}


class LinearClassifier(Classifier, Linear):
    """What logistic and softmax regression share."""

    C: Any

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **Linear._parameter_constraints,
        "C": [Interval(Real, 0, None, closed="right")],
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }

    def _alpha(self) -> float:
        return 1 / float(self.C)

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the logits (N, K), or the one logit (N,) of two classes: its sign is the answer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        a = self._logits(X)
        if a.shape[1] == 2 and len(self.classes_) == 2 and self._label_binarizer.y_type_ == "binary":
            a = a[:, 1:] - a[:, :1]
        return a.ravel() if a.shape[1] == 1 else a


class LogisticRegression(LinearClassifier):
    """Logistic regression: one neuron that asks whether it is the second class; for more classes, the softmax.

    ::

        y = σ(x W + b)        J = mean of -t log y - (1 - t) log(1 - y), + ½ α ΣW² / N

    For two classes it is `SoftmaxRegression` with half of its C: both give the same probabilities.

    Parameters
    ----------
    C : float, default=1.0
        Inverse of the L2 penalty's strength, as scikit-learn has it: α = 1 / C; infinity for no penalty.
    fit_intercept : bool, default=True
        Whether there are biases; they are not penalised.
    solver : str, Rule or LBFGS, default="lbfgs"
        lbfgs, sgd, adam, or another name in `optim.RULES`, or one of `optim`'s own.
    tol, max_iter
        lbfgs: largest component of the gradient at the end, and most iterations. Otherwise as of `MLPClassifier`.
    learning_rate, learning_rate_init, batch_size, shuffle, random_state, n_iter_no_change
        As of `MLPClassifier`, for solvers other than lbfgs.
    class_weight, verbose, warm_start, engine, callbacks
        As of `MLPClassifier`.

    Attributes
    ----------
    coef_ : ndarray of shape (1 or n_classes, n_features)
        The weights W, transposed.
    intercept_ : ndarray
        The biases b.
    classes_, history_, loss_, n_iter_, network_, engine_
        As of `MLPClassifier`.
    """

    def __init__(
        self,
        *,
        C: Any = 1.0,
        fit_intercept: Any = True,
        solver: Any = "lbfgs",
        tol: Any = 1e-4,
        max_iter: Any = 200,
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.1,
        batch_size: Any = "auto",
        shuffle: Any = True,
        random_state: Any = None,
        class_weight: Any = None,
        verbose: Any = False,
        warm_start: Any = False,
        n_iter_no_change: Any = 10,
        engine: Any = "auto",
        callbacks: Any = None,
    ) -> None:
        self.C = C
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.random_state = random_state
        self.class_weight = class_weight
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_iter_no_change = n_iter_no_change
        self.engine = engine
        self.callbacks = callbacks


class SoftmaxRegression(LinearClassifier):
    """Softmax regression: one row of weights for each class, also where there are two.

    ::

        y = softmax(x W + b)        J = mean of -Σₖ tₖ log yₖ, + ½ α ΣW² / N

    Parameters
    ----------
    C : float, default=1.0
        Inverse of the L2 penalty's strength, as scikit-learn has it: α = 1 / C; infinity for no penalty.
    fit_intercept : bool, default=True
        Whether there are biases; they are not penalised.
    solver : str, Rule or LBFGS, default="lbfgs"
        lbfgs, sgd, adam, or another name in `optim.RULES`, or one of `optim`'s own.
    tol, max_iter
        lbfgs: largest component of the gradient at the end, and most iterations. Otherwise as of `MLPClassifier`.
    learning_rate, learning_rate_init, batch_size, shuffle, random_state, n_iter_no_change
        As of `MLPClassifier`, for solvers other than lbfgs.
    class_weight, verbose, warm_start, engine, callbacks
        As of `MLPClassifier`.

    Attributes
    ----------
    coef_ : ndarray of shape (n_classes, n_features)
        The weights W, transposed.
    intercept_ : ndarray
        The biases b.
    classes_, history_, loss_, n_iter_, network_, engine_
        As of `MLPClassifier`.
    """

    def __init__(
        self,
        *,
        C: Any = 1.0,
        fit_intercept: Any = True,
        solver: Any = "lbfgs",
        tol: Any = 1e-4,
        max_iter: Any = 200,
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.1,
        batch_size: Any = "auto",
        shuffle: Any = True,
        random_state: Any = None,
        class_weight: Any = None,
        verbose: Any = False,
        warm_start: Any = False,
        n_iter_no_change: Any = 10,
        engine: Any = "auto",
        callbacks: Any = None,
    ) -> None:
        self.C = C
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.random_state = random_state
        self.class_weight = class_weight
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_iter_no_change = n_iter_no_change
        self.engine = engine
        self.callbacks = callbacks

    def _encode(self, y: np.ndarray) -> np.ndarray:
        """Return t (N, K), one column for each class."""
        if self._label_binarizer.y_type_ not in ("binary", "multiclass"):
            raise DataError("one class for each row", "several labels", "Use LogisticRegression or MLPClassifier.")
        t = super()._encode(y)
        return np.concatenate([~t, t], axis=1) if t.shape[1] == 1 and len(self.classes_) == 2 else t

    def _loss_of_targets(self) -> Loss:
        return SoftmaxCrossEntropy()

    def _decode(self, y: np.ndarray) -> np.ndarray:
        two_columns = y.ndim == 2 and len(self.classes_) == 2
        return self.classes_[y.argmax(axis=1)] if two_columns else super()._decode(y)

    def __sklearn_tags__(self) -> Any:
        """One class for each row."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = False
        return tags


class LinearRegression(Regressor, Linear):
    """Linear regression: the least squares in closed form, or by going down the gradient.

    ::

        y = x W + b        J = mean of ½ Σₖ (yₖ - tₖ)², + ½ α ΣW² / N

    Parameters
    ----------
    alpha : float, default=0
        α, strength of the L2 penalty; the biases are not penalised.
    fit_intercept : bool, default=True
        Whether there are biases.
    solver : str, Rule or LBFGS, default="closed_form"
        closed_form, gradient_descent, lbfgs, sgd, adam, or another name in `optim.RULES`, or one of `optim`'s own.
    learning_rate_init : float or "auto", default="auto"
        η of a solver that takes steps. auto is 1 / λ, where λ is the largest curvature of J: with all rows a step,
        gradient descent can go no faster and be sure to go down.
    batch_size : int or "auto", default="auto"
        Rows a step; auto is all of them.
    tol, max_iter, n_iter_no_change
        When it is enough: see `MLPRegressor`.
    learning_rate, shuffle, random_state, verbose, warm_start, engine, callbacks
        As of `MLPRegressor`.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_outputs, n_features)
        The weights W, transposed.
    intercept_ : float or ndarray of shape (n_outputs,)
        The biases b.
    history_, loss_, n_iter_, network_, engine_
        As of `MLPRegressor`.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **Linear._parameter_constraints,
        "alpha": [Interval(Real, 0, None, closed="left")],
        "solver": [StrOptions({"closed_form", *SOLVERS}), Rule, LBFGS],
        "learning_rate_init": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        *,
        alpha: Any = 0.0,
        fit_intercept: Any = True,
        solver: Any = "closed_form",
        tol: Any = 1e-10,
        max_iter: Any = 1000,
        learning_rate: Any = "constant",
        learning_rate_init: Any = "auto",
        batch_size: Any = "auto",
        shuffle: Any = True,
        random_state: Any = None,
        verbose: Any = False,
        warm_start: Any = False,
        n_iter_no_change: Any = 10,
        engine: Any = "auto",
        callbacks: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_iter_no_change = n_iter_no_change
        self.engine = engine
        self.callbacks = callbacks

    def _learn_targets(self, y: np.ndarray, *, anew: bool) -> None:
        """Remember whether y is one column: then so are the coefficients."""
        self._one_row = y.ndim == 1

    def _is_stochastic(self) -> bool:
        return super()._is_stochastic() and self.solver != "closed_form"

    def _rows_a_step(self, n: int) -> int:
        return n if self.batch_size == "auto" else super()._rows_a_step(n)

    def _rate(self, train: Batch) -> float:
        if self.learning_rate_init == "auto":
            return 1 / steepest(train.x, train.w, float(self.alpha), intercept=bool(self.fit_intercept))
        return super()._rate(train)

    def _train(self, network: Network, train: Batch, fit: Any) -> None:
        if self.solver != "closed_form":
            fit()
            return
        W, b = least_squares(train.x, train.t, train.w, float(self.alpha), intercept=bool(self.fit_intercept))
        output = {"W": W.astype(train.x.dtype)} | ({"b": b.astype(train.x.dtype)} if self.fit_intercept else {})
        self._keep({"output": output})
        objective = PenalisedOnce(network, float(self.alpha))
        self.loss_ = float(objective.loss_and_grads(NUMPY, self._weights(), train, PREDICT)[0])
        self.best_loss_, self.n_iter_ = self.loss_, 1
        self.engine_, self.engine_reason_ = "numpy", "the closed form is one equation to solve"
