"""What a hidden layer makes of its input, as features for another estimator."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, _fit_context, clone
from sklearn.utils import get_tags
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from chainrule.errors import ModelFileError
from chainrule.models.base import NetworkEstimator
from chainrule.models.mlp import MLPClassifier
from chainrule.models.saved import Attributes, Saved, register
from chainrule.network.outputs import layer_name
from chainrule.saved.archive import REMEDY


@register
class LayerFeatures(Saved, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Fits a network, and transforms rows into the values of one of its layers.

    Parameters
    ----------
    estimator : NetworkEstimator, optional
        What learns the features; MLPClassifier() by default. It is cloned, not changed.
    layer : str or int, default=-1
        See `MLPClassifier.activations`; -1 is the last hidden layer.

    Attributes
    ----------
    estimator_ : NetworkEstimator
        The fitted clone.
    n_features_in_, feature_names_in_
        The columns of X.

    Examples
    --------
    >>> from chainrule.models import LayerFeatures, MLPClassifier
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> features = LayerFeatures(MLPClassifier(hidden_layer_sizes=3, max_iter=500, random_state=0)).fit(X, y)
    >>> features.transform(X).shape
    (150, 3)
    """

    _fitted: ClassVar[Attributes] = {
        "estimator_": (NetworkEstimator,),
        "n_features_in_": (int,),
        "feature_names_in_": (np.ndarray,),
        "_n_features_out": (int,),
        # What `set_output` was told.
        "_sklearn_output_config": (dict,),
    }

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "estimator": [NetworkEstimator, None],
        "layer": [str, Interval(Integral, None, None, closed="neither")],
    }

    def __init__(self, estimator: Any = None, *, layer: Any = -1) -> None:
        self.estimator = estimator
        self.layer = layer

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LayerFeatures:
        """Learn the features from the rows of X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self
        """
        self.estimator_ = MLPClassifier() if self.estimator is None else clone(self.estimator)
        self.estimator_.fit(X, y, sample_weight)
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimator_, name):
                setattr(self, name, getattr(self.estimator_, name))
        self._n_features_out = self._width()
        return self

    def _width(self) -> int:
        """Return the number of the layer's values."""
        network = self.estimator_.network_
        name = layer_name(network, self.layer)
        return next(math.prod(row.output_shape) for row in network.rows() if row.name == name)

    def _check_loaded(self) -> None:
        """Raise ModelFileError if the estimator of a file is not fitted, or has another width."""
        container = getattr(self, "_sklearn_output_config", {"transform": "default"})
        if container not in [{"transform": name} for name in ("default", "pandas", "polars")]:
            raise ModelFileError("rows as default, pandas or polars", f"{container!r:.60}", REMEDY)
        fitted = hasattr(self.estimator_, "network_")
        if not fitted or (self._width(), self.estimator_.n_features_in_) != (self._n_features_out, self.n_features_in_):
            raise ModelFileError("a fitted estimator of these columns and features", f"{self.estimator_!r:.80}", REMEDY)

    def transform(self, X: Any) -> np.ndarray:
        """Return the layer's values (N, units).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        y = self.estimator_.activations(X, self.layer)
        return y.reshape(len(y), -1)

    def __sklearn_tags__(self) -> Any:
        """What the estimator takes, this takes."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.sparse = get_tags(
            MLPClassifier() if self.estimator is None else self.estimator
        ).input_tags.sparse
        return tags
