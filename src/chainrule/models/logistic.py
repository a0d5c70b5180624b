"""Logistic and softmax regression: the sigmoid's and the softmax's form of one question."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from chainrule.errors import DataError
from chainrule.models.linear import Linear
from chainrule.models.saved import register
from chainrule.models.targets import Classifier
from chainrule.nn import Loss, SoftmaxCrossEntropy


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


@register
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


@register
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
