"""Estimators of any stack of layers, where tables, images, sounds and sequences fit in."""

from __future__ import annotations

from typing import Any, ClassVar

from sklearn.utils._param_validation import StrOptions

from chainrule.models.saved import register
from chainrule.models.stack import AnyNetwork
from chainrule.models.targets import REGRESSION_LOSSES, Classifier, Regressor
from chainrule.nn import Loss


@register
class NetworkClassifier(Classifier, AnyNetwork):
    """Any stack of layers that tells classes or labels apart.

    Parameters
    ----------
    layers : sequence of Layer or of (name, Layer), Recipe, or the name of one, optional
        The layers from the input up to the last hidden one; the output layer, and a Flatten where it is needed, are put
        behind them. By default Dense(100) and Relu(). "cnn": blocks of convolutions as `chainrule train` chooses them by
        the size and the number of the pictures, and a dense layer of 128 with dropout.
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
    augment : {"light", "strong", "none"}, Augment or None
        How pictures (of an input_shape of height, width and channels) are changed at each step.
    views : int, default=1
        A prediction is the mean over so many views of a picture, shifted, turned, zoomed and mirrored as in training.
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
        augment: Any = None,
        views: Any = 1,
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
        self.augment = augment
        self.views = views
        self.engine = engine
        self.callbacks = callbacks


@register
class NetworkRegressor(Regressor, AnyNetwork):
    """Any stack of layers that predicts values.

    Parameters
    ----------
    layers : sequence of Layer or of (name, Layer), Recipe, or the name of one, optional
        The layers from the input up to the last hidden one; the output layer, and a Flatten where it is needed, are put
        behind them. By default Dense(100) and Relu(). "cnn": blocks of convolutions as `chainrule train` chooses them by
        the size and the number of the pictures, and a dense layer of 128 with dropout.
    input_shape : tuple of int, optional
        Shape of one sample, such as (28, 28, 1). Rows of X may be flat, or arrays of this shape. By default (n_features,).
    loss : {"squared_error", "huber", "poisson", "pinball"} or Loss, default="squared_error"
        Half the squared error; Huber's, which bounds the pull of outliers; half the Poisson deviance, for counts; or the
        pinball loss, of which the name alone means medians.
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
    augment : {"light", "strong", "none"}, Augment or None
        How pictures (of an input_shape of height, width and channels) are changed at each step.
    views : int, default=1
        A prediction is the mean over so many views of a picture, shifted, turned, zoomed and mirrored as in training.
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
        augment: Any = None,
        views: Any = 1,
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
        self.augment = augment
        self.views = views
        self.engine = engine
        self.callbacks = callbacks
