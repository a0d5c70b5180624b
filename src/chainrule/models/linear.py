"""Networks without hidden layers, and linear regression: in closed form and down the gradient."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from chainrule.engine.numpy import NUMPY
from chainrule.models.base import NetworkEstimator
from chainrule.models.learning import SOLVERS
from chainrule.models.least_squares import least_squares, steepest
from chainrule.models.objective import PenalisedOnce
from chainrule.models.saved import Attributes, register
from chainrule.models.targets import Regressor
from chainrule.network.network import Network
from chainrule.nn import Dense, Sequential
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

    _fitted: ClassVar[Attributes] = {"coef_": (np.ndarray,), "intercept_": (np.ndarray, np.floating)}

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "fit_intercept": ["boolean"],
        **{name: NetworkEstimator._parameter_constraints[name] for name in ("solver", *_SHARED)},
    }

    def _build(self, n_features: int, n_outputs: int, n_samples: int) -> Network:
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


@register
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

    _fitted: ClassVar[Attributes] = {"_one_row": (bool,)}

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
