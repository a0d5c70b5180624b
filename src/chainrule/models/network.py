"""Estimators of any stack of layers; flat rows are taken, so that images, sounds and sequences fit where tables do."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from chainrule.errors import ConfigError, DataError
from chainrule.models.base import NetworkEstimator
from chainrule.models.targets import REGRESSION_LOSSES, Classifier, Regressor
from chainrule.network.network import Network, as_shape
from chainrule.nn import Dense, Flatten, Layer, Loss, Relu, Sequential
from chainrule.types import Params, Shape


class AnyNetwork(NetworkEstimator):
    """A stack of layers that the user names, whose weights are the tree `params_`."""

    layers: Any
    input_shape: Any

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **NetworkEstimator._parameter_constraints,
        "layers": [list, tuple, None],
        "input_shape": [list, tuple, None],
    }

    def _build(self, n_features: int, n_outputs: int) -> Network:
        shape: Shape = (n_features,) if self.input_shape is None else as_shape(self.input_shape)
        if math.prod(shape) != n_features:
            raise DataError(
                f"rows of {math.prod(shape)} numbers for the input_shape {shape}",
                f"rows of {n_features}",
                "Set input_shape to the shape of one sample.",
            )
        stack = self._named_layers()
        names, layers = [name for name, _ in stack], [layer for _, layer in stack]
        if stack:
            before = Sequential(tuple(layers), tuple(names)).output_shape(shape)
        else:
            before = shape
        if len(before) != 1:
            layers.append(Flatten())
            names.append("flatten")
        layers.append(Dense(n_outputs))
        names.append("output")
        return Network(Sequential(tuple(layers), tuple(names)), shape, self._loss_of_targets())

    def _named_layers(self) -> list[tuple[str, Layer]]:
        stack = (Dense(100, init="he"), Relu()) if self.layers is None else tuple(self.layers)
        pairs = [item if isinstance(item, (tuple, list)) and len(item) == 2 else (None, item) for item in stack]
        for _, layer in pairs:
            if not isinstance(layer, Layer):
                raise ConfigError(
                    "layers to be Layers, or pairs of a name and a Layer",
                    f"{layer!r:.60}",
                    "Call its class: Dense(3). The output layer need not be named.",
                )
        if not pairs:
            return []
        running = Sequential(tuple(layer for _, layer in pairs)).names
        # Copies: a layer that has worked remembers what it found out about itself, and a parameter must not change.
        return [(str(name or other), deepcopy(layer)) for (name, layer), other in zip(pairs, running, strict=True)]

    def _flat(self, X: Any) -> Any:
        """Return arrays of the shape of a sample as flat rows."""
        if self.input_shape is None or len(getattr(X, "shape", ())) <= 2:
            return X
        if tuple(X.shape[1:]) != tuple(self.input_shape):
            raise DataError(
                f"samples of shape {tuple(self.input_shape)}, or flat rows",
                f"samples of shape {tuple(X.shape[1:])}",
                "Set input_shape to the shape of one sample.",
            )
        return np.asarray(X).reshape(len(X), -1)

    def _draw(self, network: Network, rng: np.random.RandomState) -> Params:
        """Draw each layer's weights as the layer says."""
        return network.init(np.random.default_rng(int(rng.randint(np.iinfo(np.int32).max))))

    @property
    def params_(self) -> Params:
        """The weights as a tree; weights of the same shapes may be put in their place."""
        check_is_fitted(self)
        return self._params

    @params_.setter
    def params_(self, params: Params) -> None:
        self._params = params

    def _has_weights(self) -> bool:
        return hasattr(self, "_params")

    def _weights(self) -> Params:
        return self._params

    def _kept(self, params: Params) -> dict[str, Any]:
        return {"_params": params}

    def _predicts_on(self, *, sparse: bool) -> str:
        return "numpy" if sparse else str(self.engine_)

    def __sklearn_tags__(self) -> Any:
        """Only rows that stay flat can be sparse."""
        tags = super().__sklearn_tags__()
        first = self.layers[0] if self.layers else None
        first = first[1] if isinstance(first, (tuple, list)) else first
        tags.input_tags.sparse = self.input_shape is None and (first is None or isinstance(first, Dense))
        return tags


class NetworkClassifier(Classifier, AnyNetwork):
    """Any stack of layers that tells classes or labels apart.

    Parameters
    ----------
    layers : sequence of Layer, or of (name, Layer), optional
        The layers from the input up to the last hidden one; the output layer, and a Flatten where it is needed, are put
        behind them. By default Dense(100) and Relu().
    input_shape : tuple of int, optional
        Shape of one sample, such as (28, 28, 1). Rows of X may be flat, or arrays of this shape. By default (n_features,).
    solver : str, Rule or LBFGS, default="adam"
        lbfgs, sgd (with Nesterov's momentum of 0.9), or a name in `optim.RULES`; or one of `optim`'s own with settings.
    alpha : float, default=0.0001
        α, strength of the L2 penalty ½ α ΣW², which is divided by the number of samples.
    batch_size : int or "auto", default="auto"
        Rows a step; auto is 200, or all rows where there are fewer.
    learning_rate : str or Schedule, default="constant"
        constant, invscaling, adaptive, a name in `optim.SCHEDULES`, or a schedule with its settings.
    learning_rate_init : float, default=0.001
        η, the rate before scheduling.
    max_iter : int, default=200
        Most epochs.
    shuffle : bool, default=True
        Whether each epoch has an order of its own.
    random_state : int, RandomState or None
        Draws weights, held-out rows, order and noise.
    tol : float, default=0.0001
        Least improvement of the loss (or of the validation score) that counts.
    verbose : bool or int, default=False
        Whether to print each epoch.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the fit before.
    early_stopping : bool, default=False
        Whether to stop when the validation score does not improve, and keep the weights of the best epoch.
    validation_fraction : float, default=0.1
        Share of the rows to hold out for that, unless `fit` is given X_val.
    n_iter_no_change : int, default=10
        Epochs to wait for an improvement.
    class_weight : dict, "balanced" or None
        Weight of each class's samples; balanced gives all classes the same say.
    engine : {"auto", "numpy", "jax"}, default="auto"
        Where to train and predict; auto takes JAX when there is work enough to be worth compiling.
    callbacks : list of callables, optional
        Each is called with every event of training. Callbacks of scikit-learn's protocol are set by `set_callbacks`.

    Attributes
    ----------
    params_ : dict
        The weights as a tree: `params_["hidden1"]["W"]`.
    classes_ : ndarray
        The classes, in the order of `predict_proba`'s columns.
    network_ : Network
        What was trained; `layer_names_` are its layers.
    history_, loss_curve_, validation_scores_, loss_, best_loss_, best_validation_score_, n_iter_, t_, n_outputs_, engine_
        As of `MLPClassifier`.

    Examples
    --------
    >>> from chainrule import NetworkClassifier
    >>> from chainrule.nn import Dense, Dropout, Gelu
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> stack = [Dense(32), Gelu(), Dropout(0.1), Dense(16), Gelu()]
    >>> model = NetworkClassifier(stack, learning_rate_init=0.01, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.95
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **AnyNetwork._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }

    def __init__(
        self,
        layers: Any = None,
        input_shape: Any = None,
        *,
        solver: Any = "adam",
        alpha: Any = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.001,
        max_iter: Any = 200,
        shuffle: Any = True,
        random_state: Any = None,
        tol: Any = 1e-4,
        verbose: Any = False,
        warm_start: Any = False,
        early_stopping: Any = False,
        validation_fraction: Any = 0.1,
        n_iter_no_change: Any = 10,
        class_weight: Any = None,
        engine: Any = "auto",
        callbacks: Any = None,
    ) -> None:
        self.layers = layers
        self.input_shape = input_shape
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.engine = engine
        self.callbacks = callbacks


class NetworkRegressor(Regressor, AnyNetwork):
    """Any stack of layers that predicts values.

    Parameters
    ----------
    layers : sequence of Layer, or of (name, Layer), optional
        The layers from the input up to the last hidden one; the output layer, and a Flatten where it is needed, are put
        behind them. By default Dense(100) and Relu().
    input_shape : tuple of int, optional
        Shape of one sample, such as (28, 28, 1). Rows of X may be flat, or arrays of this shape. By default (n_features,).
    loss : {"squared_error", "poisson", "huber"} or Loss, default="squared_error"
        Half the squared error; half the Poisson deviance, for counts; or Huber's, which bounds the pull of outliers.
    solver : str, Rule or LBFGS, default="adam"
        lbfgs, sgd (with Nesterov's momentum of 0.9), or a name in `optim.RULES`; or one of `optim`'s own with settings.
    alpha : float, default=0.0001
        α, strength of the L2 penalty ½ α ΣW², which is divided by the number of samples.
    batch_size : int or "auto", default="auto"
        Rows a step; auto is 200, or all rows where there are fewer.
    learning_rate : str or Schedule, default="constant"
        constant, invscaling, adaptive, a name in `optim.SCHEDULES`, or a schedule with its settings.
    learning_rate_init : float, default=0.001
        η, the rate before scheduling.
    max_iter : int, default=200
        Most epochs.
    shuffle : bool, default=True
        Whether each epoch has an order of its own.
    random_state : int, RandomState or None
        Draws weights, held-out rows, order and noise.
    tol : float, default=0.0001
        Least improvement of the loss (or of the validation score) that counts.
    verbose : bool or int, default=False
        Whether to print each epoch.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the fit before.
    early_stopping : bool, default=False
        Whether to stop when the validation score does not improve, and keep the weights of the best epoch.
    validation_fraction : float, default=0.1
        Share of the rows to hold out for that, unless `fit` is given X_val.
    n_iter_no_change : int, default=10
        Epochs to wait for an improvement.
    engine : {"auto", "numpy", "jax"}, default="auto"
        Where to train and predict; auto takes JAX when there is work enough to be worth compiling.
    callbacks : list of callables, optional
        Each is called with every event of training. Callbacks of scikit-learn's protocol are set by `set_callbacks`.

    Attributes
    ----------
    params_ : dict
        The weights as a tree: `params_["hidden1"]["W"]`.
    network_ : Network
        What was trained; `layer_names_` are its layers.
    history_, loss_curve_, validation_scores_, loss_, best_loss_, best_validation_score_, n_iter_, t_, n_outputs_, engine_
        As of `MLPClassifier`.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **AnyNetwork._parameter_constraints,
        "loss": [StrOptions(set(REGRESSION_LOSSES)), Loss],
    }

    def __init__(
        self,
        layers: Any = None,
        input_shape: Any = None,
        *,
        loss: Any = "squared_error",
        solver: Any = "adam",
        alpha: Any = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.001,
        max_iter: Any = 200,
        shuffle: Any = True,
        random_state: Any = None,
        tol: Any = 1e-4,
        verbose: Any = False,
        warm_start: Any = False,
        early_stopping: Any = False,
        validation_fraction: Any = 0.1,
        n_iter_no_change: Any = 10,
        engine: Any = "auto",
        callbacks: Any = None,
    ) -> None:
        self.layers = layers
        self.input_shape = input_shape
        self.loss = loss
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.engine = engine
        self.callbacks = callbacks
