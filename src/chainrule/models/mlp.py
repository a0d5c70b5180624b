"""Multilayer perceptrons with scikit-learn's parameters, and what its users ask for and do not get."""

from __future__ import annotations

from typing import Any, ClassVar

from sklearn.utils._param_validation import StrOptions

from chainrule.models.perceptron import Perceptron
from chainrule.models.saved import register
from chainrule.models.targets import REGRESSION_LOSSES, Classifier, Regressor
from chainrule.nn import Loss


@register
class MLPClassifier(Classifier, Perceptron):
    """A multilayer perceptron that tells classes or labels apart: scikit-learn's, and more.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Units of each hidden layer; `()` for none.
    activation : str or list of str, default="relu"
        Of all hidden layers or one for each: identity, logistic (or sigmoid), tanh, relu, leaky_relu, elu, gelu, silu
        or softplus.
    solver : str, Rule or LBFGS, default="adam"
        lbfgs, sgd, adam, or another name in `optim.RULES`; or one of `optim`'s own with its settings, such as
        `optim.AdamW(decay=0.05)`.
    alpha : float, default=0.0001
        α, strength of the L2 penalty ½ α ΣW², which is divided by the number of samples.
    batch_size : int or "auto", default="auto"
        Rows a step; auto is 200, or all rows where there are fewer. L-BFGS takes all rows.
    learning_rate : str or Schedule, default="constant"
        constant, invscaling, adaptive, another name in `optim.SCHEDULES`, or a schedule with its settings. As in
        scikit-learn, adam does without invscaling and adaptive.
    learning_rate_init : float, default=0.001
        η, the rate before scheduling.
    power_t : float, default=0.5
        Exponent of invscaling.
    max_iter : int, default=200
        Most epochs, or most iterations of lbfgs.
    shuffle : bool, default=True
        Whether each epoch has an order of its own.
    random_state : int, RandomState or None
        Draws weights, held-out rows and order, exactly as scikit-learn's perceptron draws them; and the noise of dropout.
    tol : float, default=0.0001
        Least improvement of the loss (or of the validation score) that counts.
    verbose : bool or int, default=False
        Whether to print each epoch.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the fit before.
    momentum : float, default=0.9
    nesterovs_momentum : bool, default=True
        Of sgd.
    early_stopping : bool, default=False
        Whether to stop when the validation score does not improve, and keep the weights of the best epoch.
    validation_fraction : float, default=0.1
        Share of the rows to hold out for that, unless `fit` is given X_val.
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        Of adam and its kin.
    n_iter_no_change : int, default=10
        Epochs to wait for an improvement.
    max_fun : int, default=15000
        Most evaluations of the loss by lbfgs.
    dropout : float or list of float, default=0
        Share of the hidden values that is dropped while learning, of all hidden layers or one for each.
    class_weight : dict, "balanced" or None
        Weight of each class's samples; balanced gives all classes the same say. For several labels, a list of dicts.
    engine : {"auto", "numpy", "jax"}, default="auto"
        Where to train; auto takes JAX when there is work enough to be worth compiling.
    callbacks : list of callables, optional
        Each is called with every event of training. Callbacks of scikit-learn's protocol are set by `set_callbacks`.

    Attributes
    ----------
    coefs_, intercepts_ : list of ndarray
        W and b of each layer, from the input to the output.
    classes_ : ndarray
        The classes, in the order of `predict_proba`'s columns.
    history_ : History
        Loss, rate and validation scores of each epoch.
    loss_curve_, validation_scores_ : list of float
        The same, as scikit-learn has them; validation scores are accuracy or R², or None where nothing was validated.
    loss_, best_loss_, best_validation_score_ : float
        Last and least loss; best score, with early stopping.
    n_iter_, t_ : int
        Epochs of the last fit, and samples seen in all fits.
    n_layers_, n_outputs_, out_activation_
        Layers with the input's, logits, and the name of the link.
    network_ : Network
        What was trained; `layer_names_` are its layers.
    engine_, engine_reason_ : str
        Where it was trained, and why there.
    n_features_in_, feature_names_in_
        The columns of X.

    Examples
    --------
    >>> from chainrule import MLPClassifier
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(hidden_layer_sizes=20, learning_rate_init=0.02, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.95
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **Perceptron._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: Any = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.001,
        power_t: Any = 0.5,
        max_iter: Any = 200,
        shuffle: Any = True,
        random_state: Any = None,
        tol: Any = 1e-4,
        verbose: Any = False,
        warm_start: Any = False,
        momentum: Any = 0.9,
        nesterovs_momentum: Any = True,
        early_stopping: Any = False,
        validation_fraction: Any = 0.1,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: Any = 15000,
        dropout: Any = 0.0,
        class_weight: Any = None,
        engine: Any = "auto",
        callbacks: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.dropout = dropout
        self.class_weight = class_weight
        self.engine = engine
        self.callbacks = callbacks


@register
class MLPRegressor(Regressor, Perceptron):
    """A multilayer perceptron that predicts values: scikit-learn's, and more.

    Parameters
    ----------
    loss : {"squared_error", "huber", "poisson", "pinball"} or Loss, default="squared_error"
        Half the squared error; Huber's, which bounds the pull of outliers; half the Poisson deviance, for counts; or the
        pinball loss, of which the name alone means medians.
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Units of each hidden layer; `()` for none.
    activation : str or list of str, default="relu"
        Of all hidden layers or one for each: identity, logistic (or sigmoid), tanh, relu, leaky_relu, elu, gelu, silu
        or softplus.
    solver : str, Rule or LBFGS, default="adam"
        lbfgs, sgd, adam, or another name in `optim.RULES`; or one of `optim`'s own with its settings, such as
        `optim.AdamW(decay=0.05)`.
    alpha : float, default=0.0001
        α, strength of the L2 penalty ½ α ΣW², which is divided by the number of samples.
    batch_size : int or "auto", default="auto"
        Rows a step; auto is 200, or all rows where there are fewer. L-BFGS takes all rows.
    learning_rate : str or Schedule, default="constant"
        constant, invscaling, adaptive, another name in `optim.SCHEDULES`, or a schedule with its settings. As in
        scikit-learn, adam does without invscaling and adaptive.
    learning_rate_init : float, default=0.001
        η, the rate before scheduling.
    power_t : float, default=0.5
        Exponent of invscaling.
    max_iter : int, default=200
        Most epochs, or most iterations of lbfgs.
    shuffle : bool, default=True
        Whether each epoch has an order of its own.
    random_state : int, RandomState or None
        Draws weights, held-out rows and order, exactly as scikit-learn's perceptron draws them; and the noise of dropout.
    tol : float, default=0.0001
        Least improvement of the loss (or of the validation score) that counts.
    verbose : bool or int, default=False
        Whether to print each epoch.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the fit before.
    momentum : float, default=0.9
    nesterovs_momentum : bool, default=True
        Of sgd.
    early_stopping : bool, default=False
        Whether to stop when the validation score does not improve, and keep the weights of the best epoch.
    validation_fraction : float, default=0.1
        Share of the rows to hold out for that, unless `fit` is given X_val.
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        Of adam and its kin.
    n_iter_no_change : int, default=10
        Epochs to wait for an improvement.
    max_fun : int, default=15000
        Most evaluations of the loss by lbfgs.
    dropout : float or list of float, default=0
        Share of the hidden values that is dropped while learning, of all hidden layers or one for each.
    engine : {"auto", "numpy", "jax"}, default="auto"
        Where to train; auto takes JAX when there is work enough to be worth compiling.
    callbacks : list of callables, optional
        Each is called with every event of training. Callbacks of scikit-learn's protocol are set by `set_callbacks`.

    Attributes
    ----------
    coefs_, intercepts_ : list of ndarray
        W and b of each layer, from the input to the output.
    history_ : History
        Loss, rate and validation scores of each epoch.
    loss_curve_, validation_scores_ : list of float
        The same, as scikit-learn has them; validation scores are accuracy or R², or None where nothing was validated.
    loss_, best_loss_, best_validation_score_ : float
        Last and least loss; best score, with early stopping.
    n_iter_, t_ : int
        Epochs of the last fit, and samples seen in all fits.
    n_layers_, n_outputs_, out_activation_
        Layers with the input's, logits, and the name of the link.
    network_ : Network
        What was trained; `layer_names_` are its layers.
    engine_, engine_reason_ : str
        Where it was trained, and why there.
    n_features_in_, feature_names_in_
        The columns of X.

    Examples
    --------
    >>> from chainrule import MLPRegressor
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = MLPRegressor(solver="lbfgs", alpha=1.0, max_iter=500, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.5
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **Perceptron._parameter_constraints,
        "loss": [StrOptions(set(REGRESSION_LOSSES)), Loss],
    }

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: Any = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.001,
        power_t: Any = 0.5,
        max_iter: Any = 200,
        shuffle: Any = True,
        random_state: Any = None,
        tol: Any = 1e-4,
        verbose: Any = False,
        warm_start: Any = False,
        momentum: Any = 0.9,
        nesterovs_momentum: Any = True,
        early_stopping: Any = False,
        validation_fraction: Any = 0.1,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: Any = 15000,
        dropout: Any = 0.0,
        engine: Any = "auto",
        callbacks: Any = None,
    ) -> None:
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.dropout = dropout
        self.engine = engine
        self.callbacks = callbacks
