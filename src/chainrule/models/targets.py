"""What is predicted: classes, labels or values as the matrix t that a network learns, and predictions back again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels
from sklearn.utils.validation import check_is_fitted, column_or_1d

from chainrule.engine.numpy import NUMPY
from chainrule.errors import DataError
from chainrule.models.saved import Attributes
from chainrule.nn import BinaryCrossEntropy, Loss, SoftmaxCrossEntropy, losses_named

REGRESSION_LOSSES: dict[str, Loss] = {name: loss() for name, loss in losses_named("regression").items()}


def _learns_in_batches(estimator: Any) -> bool:
    return bool(estimator._is_stochastic())


class Classifier(ClassifierMixin):
    """Classes: one output that asks "is it the second?" for two, one for each of more, one for each label."""

    score_name = "accuracy"

    # What a fit leaves behind, for a file.
    _fitted: ClassVar[Attributes] = {"classes_": (np.ndarray,), "_label_binarizer": (LabelBinarizer,)}

    if TYPE_CHECKING:
        # What NetworkEstimator, beside which these stand, has.
        _logits: Callable[[Any], np.ndarray]
        _fit: Callable[..., Any]

    def _read_y(self, y: Any) -> np.ndarray:
        return cast(np.ndarray, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y)

    def _learn_targets(self, y: np.ndarray, *, anew: bool) -> None:
        """Learn which classes there are, or see whether these are those that are known."""
        if not hasattr(self, "classes_") or anew:
            self._set_classes(y)
            return
        here = unique_labels(y)
        if getattr(self, "warm_start", False):
            if set(here) != set(self.classes_):
                raise DataError(
                    "y to have the classes of the fit before",
                    f"{here} after {self.classes_}",
                    "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                    f"Previously got {self.classes_}, `y` has {here}",
                )
        elif unknown := set(here.tolist()) - set(self.classes_.tolist()):
            raise DataError(
                f"y to have no class but {self.classes_.tolist()}",
                f"{sorted(unknown, key=str)}",
                "Name all classes in the first call of partial_fit, or call fit.",
            )

    def _set_classes(self, y: Any) -> None:
        check_classification_targets(y)
        self._label_binarizer = LabelBinarizer().fit(y)
        self.classes_: np.ndarray = self._label_binarizer.classes_

    def _name_classes(self, y: Any, classes: Any) -> None:
        """Learn the classes from the first call of partial_fit; later calls may repeat them."""
        known = getattr(self, "classes_", None)
        if known is None and classes is None:
            raise DataError("classes in the first call of partial_fit", "none", "Give all classes that will come.")
        if known is None:
            # The columns of an indicator matrix are the labels.
            self._set_classes(y if type_of_target(y).startswith("multilabel") else classes)
        elif classes is not None and not np.array_equal(known, unique_labels(classes)):
            raise DataError(f"the classes of the first call, {known.tolist()}", f"{list(classes)}", "Leave them out.")

    def _check_known(self, y: np.ndarray) -> None:
        """Raise DataError if validation rows have classes that no training row has."""
        if unknown := set(unique_labels(y).tolist()) - set(self.classes_.tolist()):
            classes = self.classes_.tolist()
            raise DataError(f"y_val to have no class but {classes}", f"{sorted(unknown, key=str)}", "Mend y_val.")

    def _encode(self, y: np.ndarray) -> np.ndarray:
        """Return t (N, K), true and false."""
        return np.asarray(self._label_binarizer.transform(y)).astype(bool)

    def _loss_of_targets(self) -> Loss:
        several = self._label_binarizer.y_type_ == "multiclass"
        return SoftmaxCrossEntropy() if several else BinaryCrossEntropy()

    def _class_weights(self, y: np.ndarray, w: np.ndarray | None, *, incremental: bool) -> np.ndarray | None:
        """Return the samples' weights times those of their classes."""
        weights = getattr(self, "class_weight", None)
        if weights is None:
            return w
        if incremental and isinstance(weights, str):
            raise DataError(
                "class weights in numbers for partial_fit",
                f"{weights!r}",
                "A part of the data does not tell how frequent a class is: give a dict {class: weight}.",
            )
        known = set(weights) if isinstance(weights, dict) else set()
        if incremental and known:
            # Classes that this part lacks have a weight too.
            by_class = np.array([weights.get(name, 1.0) for name in self.classes_.tolist()], float)
            factor = by_class[np.searchsorted(self.classes_, y)]
        else:
            factor = compute_sample_weight(weights, y)
        return factor if w is None else w * factor

    def _target_kind(self) -> str:
        return self._loss_of_targets().link_name

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each row, or its labels (N, K).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        y = self._loss_of_targets().link(NUMPY, self._logits(X))
        return self._decode(y.ravel() if y.shape[1] == 1 else y)

    def _decode(self, y: np.ndarray) -> np.ndarray:
        return cast(np.ndarray, self._label_binarizer.inverse_transform(y))

    @available_if(_learns_in_batches)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Any:
        """Go once over the rows of X, from where the call before has left weights and optimizer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
        sample_weight : array-like of shape (n_samples,), optional
        classes : array-like of shape (n_classes,), optional
            All classes that will ever come; asked for in the first call.

        Returns
        -------
        self
        """
        self._name_classes(y, classes)
        return self._fit(X, y, sample_weight, (None, None, None), incremental=True)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class (N, K) in the order of `classes_`, or of each label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        y = self._loss_of_targets().link(NUMPY, self._logits(X))
        if y.shape[1] > 1 or len(self.classes_) < 2:
            return cast(np.ndarray, y if y.shape[1] > 1 else np.ones_like(y))
        return np.concatenate([1 - y, y], axis=1)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithm of `predict_proba`, also where a probability is rounded to 0.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        a = self._logits(X)
        if self._loss_of_targets().is_exclusive:
            shifted = a - a.max(axis=1, keepdims=True)
            return cast(np.ndarray, shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
        # Where y is rounded to 1 its logarithm is 0, so that both tell the same label to be the most likely one.
        log_y = np.where(a > 0, np.log(np.maximum(NUMPY.expit(a), 0.5)), -np.logaddexp(0, -a))
        if a.shape[1] > 1 or len(self.classes_) < 2:
            return cast(np.ndarray, log_y if a.shape[1] > 1 else np.zeros_like(log_y))
        return np.concatenate([-np.logaddexp(0, a), log_y], axis=1)

    def __sklearn_tags__(self) -> Any:
        """Several labels at once are welcome."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class Regressor(RegressorMixin):
    """Values: one output for each column of y."""

    score_name = "r2"

    if TYPE_CHECKING:
        # What NetworkEstimator, beside which these stand, has.
        _logits: Callable[[Any], np.ndarray]
        _fit: Callable[..., Any]

    def _read_y(self, y: Any) -> np.ndarray:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._loss_of_targets().check_range(y)
        return cast(np.ndarray, y)

    def _check_known(self, y: np.ndarray) -> None:
        """Values have no classes."""

    def _learn_targets(self, y: np.ndarray, *, anew: bool) -> None:
        """Values have no classes."""

    def _encode(self, y: np.ndarray) -> np.ndarray:
        """Return t (N, K)."""
        return y[:, None] if y.ndim == 1 else y

    def _loss_of_targets(self) -> Loss:
        loss = getattr(self, "loss", "squared_error")
        return loss if isinstance(loss, Loss) else REGRESSION_LOSSES[loss]

    def _class_weights(self, y: np.ndarray, w: np.ndarray | None, *, incremental: bool) -> np.ndarray | None:
        return w

    def _target_kind(self) -> str:
        return self._loss_of_targets().link_name

    def predict(self, X: Any) -> np.ndarray:
        """Return the value of each row (N,), or its values (N, K).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        y = self._loss_of_targets().link(NUMPY, self._logits(X))
        return cast(np.ndarray, y.ravel() if y.shape[1] == 1 else y)

    @available_if(_learns_in_batches)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Go once over the rows of X, from where the call before has left weights and optimizer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, (None, None, None), incremental=True)

    def __sklearn_tags__(self) -> Any:
        """Several values at once are welcome."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
