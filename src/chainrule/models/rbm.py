"""Restricted Boltzmann machines with scikit-learn's manners: features, free energies, likelihoods and dreams."""

from __future__ import annotations

import warnings
from contextlib import closing
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, cast

import numpy as np
from scipy.sparse import issparse
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from chainrule.engine import choose, engine_by_name
from chainrule.engine.numpy import NUMPY
from chainrule.errors import DataError, ModelFileError
from chainrule.models.base import DTYPES
from chainrule.models.contrastive import Contrast
from chainrule.models.learning import Order
from chainrule.models.saved import Attributes, Saved, register
from chainrule.models.watch import interruptible, observers
from chainrule.nn.boltzmann import Boltzmann
from chainrule.optim import GradientDescent, Momentum, Rule
from chainrule.saved.archive import REMEDY
from chainrule.saved.tensors import require_finite
from chainrule.train import History, Learner, Run, Settings, StopOnNonFinite
from chainrule.types import Batch, Params

# 2²⁰ states of one side are summed in a second; each unit more doubles it.
_MOST_UNITS = 20
_MOST_VALUES = 1 << 22
_ARRAYS = ("components_", "intercept_hidden_", "intercept_visible_", "h_samples_")


class BoltzmannEstimator(Saved, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """What machines share, whatever their visible units are."""

    _fitted: ClassVar[Attributes] = {
        "components_": (np.ndarray,),
        "intercept_hidden_": (np.ndarray,),
        "intercept_visible_": (np.ndarray,),
        "h_samples_": (np.ndarray,),
        "n_features_in_": (int,),
        "feature_names_in_": (np.ndarray,),
        "n_iter_": (int,),
        "t_": (int,),
        "history_": (History,),
        "engine_": (str,),
        "_memory": (dict,),
        "_n_features_out": (int,),
        "_sklearn_output_config": (dict,),
    }

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_iter": [Interval(Integral, 0, None, closed="left")],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "sweeps": [Interval(Integral, 1, None, closed="left")],
        "persistent": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "shuffle": ["boolean"],
        "engine": [StrOptions({"auto", "numpy", "jax"})],
        "callbacks": [list, tuple, None],
    }

    n_components: Any
    learning_rate: Any
    batch_size: Any
    n_iter: Any
    verbose: Any
    random_state: Any
    sweeps: Any
    persistent: Any
    momentum: Any
    alpha: Any
    shuffle: Any
    engine: Any
    callbacks: Any
    _memory: dict[str, np.ndarray]

    def _machine(self) -> Boltzmann:
        return Boltzmann()

    def _look_at(self, X: Any) -> None:
        """Tell of values that the visible units do not have."""

    def _read(self, X: Any, *, reset: bool) -> Any:
        X = validate_data(self, X, accept_sparse="csr" if self._takes_sparse else False, dtype=DTYPES, reset=reset)
        self._look_at(X)
        return X

    _takes_sparse: ClassVar[bool] = True

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Any:
        """Learn from the rows of X. Ctrl-C ends it after the steps in hand.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : None
            Not looked at.

        Returns
        -------
        self
        """
        X = self._read(X, reset=True)
        rng = check_random_state(self.random_state)
        params = self._drawn(X, rng)
        objective = self._objective()
        steps = -(-X.shape[0] // int(self.batch_size)) * int(self.n_iter)
        operations = 3.0 * objective.operations * int(self.batch_size)
        engine = choose(
            self.engine, str(X.dtype), steps=max(1, steps), operations=operations, sparse=issparse(X)
        ).engine
        self.engine_, self.history_ = engine.name, History()
        if self.n_iter == 0:
            return self
        run = Run(
            objective,
            Batch(X),
            Settings(
                epochs=int(self.n_iter),
                batch_size=int(self.batch_size),
                learning_rate=float(self.learning_rate),
                seed=int(rng.randint(np.iinfo(np.int32).max)),
            ),
            optimizer=self._rule(),
            engine=engine,
            policies=[StopOnNonFinite()],
            params=params,
            order=Order(rng, X.shape[0], shuffle=bool(self.shuffle), epochs=int(self.n_iter)),
        )
        show_to = observers(self.callbacks, self.verbose)
        with closing(run), interruptible(run):
            for event in run:
                for show in show_to:
                    show(event)
        self.history_ = run.history
        self.n_iter_ = len(run.history.epochs)
        self.t_ = steps
        self._memory = run.optimizer_state
        self._keep(run.latest)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any = None) -> Any:
        """Take one step on the rows of X, from where the call before has left weights and chains.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : None

        Returns
        -------
        self
        """
        fresh = not hasattr(self, "components_")
        X = self._read(X, reset=fresh)
        if fresh:
            self._drawn(X, check_random_state(self.random_state))
            self.engine_, self.history_ = "numpy", History()
        learner = Learner(
            self._objective(),
            self._params(),
            rule=self._rule(),
            engine=engine_by_name("numpy", str(self.components_.dtype)),
            rate=float(self.learning_rate),
            seed=_seed(self.random_state),
            count=self.t_,
        )
        if self._memory:
            learner.remember(self._memory)
        learner.step(Batch(X))
        self.t_, self._memory = learner.count, learner.memory
        self._keep(learner.state.params)
        return self

    def _drawn(self, X: Any, rng: np.random.RandomState) -> Params:
        """Draw the first weights as scikit-learn does, keep and return them."""
        H, D = int(self.n_components), X.shape[1]
        self.components_ = np.asarray(rng.normal(0, 0.01, (H, D)), dtype=X.dtype, order="F")
        self.intercept_hidden_ = np.zeros(H, X.dtype)
        self.intercept_visible_ = np.zeros(D, X.dtype)
        self.h_samples_ = np.zeros((int(self.batch_size), H), X.dtype)
        self._n_features_out, self.n_iter_, self.t_ = H, 0, 0
        self._memory = {}
        return self._params()

    @property
    def machine_(self) -> Boltzmann:
        """The mathematics: energies, and how each side is drawn from the other."""
        check_is_fitted(self)
        return self._machine()

    @property
    def params_(self) -> Params:
        """The weights W (D, H) and biases b (D,) and c (H,), as `machine_` takes them."""
        check_is_fitted(self)
        return {name: self._params()[name] for name in ("W", "b", "c")}

    def _objective(self) -> Contrast:
        H, D = self.components_.shape
        chains = len(self.h_samples_) if self.persistent else 0
        return Contrast(self._machine(), D, H, int(self.sweeps), chains, float(self.alpha))

    def _rule(self) -> Rule:
        return Momentum(float(self.momentum)) if self.momentum else GradientDescent()

    def _params(self) -> dict[str, np.ndarray]:
        weights = {"W": self.components_.T, "b": self.intercept_visible_, "c": self.intercept_hidden_}
        return {**weights, "chain": self.h_samples_} if self.persistent else weights

    def _keep(self, params: Params) -> None:
        if not all(np.isfinite(value).all() for value in params.values()):
            raise DataError(
                "weights that stay finite",
                f"NaN or infinity after {self.n_iter_} epochs",
                "Take a smaller learning_rate, or scale the columns of X.",
            )
        self.components_ = np.asarray(params["W"]).T
        self.intercept_visible_, self.intercept_hidden_ = params["b"], params["c"]
        if self.persistent:
            self.h_samples_ = params["chain"]

    def _rows(self, X: Any) -> tuple[Any, dict[str, np.ndarray]]:
        """Return rows, and the weights in their dtype."""
        check_is_fitted(self)
        X = self._read(X, reset=False)
        return X, {name: value.astype(X.dtype, copy=False) for name, value in self._params().items()}

    def transform(self, X: Any) -> np.ndarray:
        """Return p(h = 1|v) (N, n_components) of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        v, params = self._rows(X)
        return cast(np.ndarray, self._machine().hidden(NUMPY, params, v))

    def free_energy(self, X: Any) -> np.ndarray:
        """Return F(v) (N,) of each row: -log p(v) but for the constant log Z, the lower the likelier.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        v, params = self._rows(X)
        return cast(np.ndarray, self._machine().free_energy(NUMPY, params, v))

    def reconstruct(self, X: Any) -> np.ndarray:
        """Return the mean of p(v|h) at h = p(h|v) (N, n_features): each row, up and down once without a draw.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        v, params = self._rows(X)
        machine = self._machine()
        return cast(np.ndarray, machine.visible_mean(NUMPY, params, machine.hidden(NUMPY, params, v)))

    def gibbs(self, v: Any) -> np.ndarray:
        """Return rows after one sweep of Gibbs sampling: h from v, and v from h. Each call draws anew.

        Parameters
        ----------
        v : array-like of shape (n_samples, n_features)
        """
        rows, params = self._rows(v)
        machine, key = self._machine(), (_seed(None),)
        h = machine.draw_hidden(NUMPY, machine.hidden(NUMPY, params, rows), (*key, 0))
        return cast(np.ndarray, machine.draw_visible(NUMPY, machine.visible_mean(NUMPY, params, h), (*key, 1)))

    def sample(self, n_samples: int = 1, *, n_sweeps: int = 1000, random_state: Any = None) -> np.ndarray:
        """Return rows (n_samples, n_features) that the machine makes, each at the end of a chain of its own.

        A chain starts with each hidden unit on or off by the toss of a coin. Too few sweeps give what the start was, not what
        the machine has learnt.

        Parameters
        ----------
        n_samples : int
        n_sweeps : int
            Sweeps of Gibbs sampling.
        random_state : int, RandomState or None
            By default the estimator's own.
        """
        check_is_fitted(self)
        seed = _seed(self.random_state if random_state is None else random_state)
        half = np.full((int(n_samples), len(self.components_)), 0.5, self.components_.dtype)
        h = self._machine().draw_hidden(NUMPY, half, (seed, 0))
        chains = replace(self._objective(), sweeps=int(n_sweeps))
        return cast(np.ndarray, chains.dream(NUMPY, self._params(), h, (seed, 1))[0])

    def log_likelihood(self, X: Any) -> np.ndarray:
        """Return log p(v) (N,) of each row, exactly, of a machine that is small enough: see `log_partition`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        return np.asarray(-self.free_energy(X) - self.log_partition())

    def log_partition(self) -> float:
        """Return log Z, summed over every state of the hidden units (or of the visible ones, where they are fewer).

        Raises
        ------
        DataError
            If there are more than 20 units on that side.
        """
        check_is_fitted(self)
        machine = self._machine()
        W = self.components_.T.astype(np.float64)
        b, c = self.intercept_visible_.astype(np.float64), self.intercept_hidden_.astype(np.float64)
        over_visible = not machine.is_gaussian and len(b) < len(c)
        units = len(b) if over_visible else len(c)
        if units > _MOST_UNITS:
            side = "hidden units" if machine.is_gaussian else "visible or hidden units"
            raise DataError(
                f"at most {_MOST_UNITS} {side}, whose states can be summed one by one",
                f"{units}",
                "Compare free energies under the same weights, or score_samples.",
            )
        if over_visible:
            return _log_sum(units, lambda v: -machine.free_energy(NUMPY, {"W": W, "b": b, "c": c}, v))
        if not machine.is_gaussian:
            return _log_sum(units, lambda h: h @ c + np.logaddexp(0, b + h @ W.T).sum(axis=1))
        # ∫ exp(-½|v - b|²/σ² + (v/σ)·m) dv = (2πσ²)^(D/2) exp(b·m/σ + ½ |m|²),   m = W h
        whole = 0.5 * len(b) * np.log(2 * np.pi * machine.sigma**2)

        def of(h: np.ndarray) -> np.ndarray:
            m = h @ W.T
            return cast(np.ndarray, h @ c + m @ b / machine.sigma + 0.5 * np.square(m).sum(axis=1))

        return float(whole) + _log_sum(units, of)

    def score_samples(self, X: Any) -> np.ndarray:
        """Return minus the free energy of each row (N,): its log likelihood but for a constant.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        return -self.free_energy(X)

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean of `score_samples`."""
        return float(self.score_samples(X).mean())

    def _check_loaded(self) -> None:
        """Raise ModelFileError if what a file says of the weights is not one story."""
        arrays = {name: getattr(self, name) for name in _ARRAYS if hasattr(self, name)}
        require_finite(arrays, "Fit it again, with a smaller learning_rate.")
        H, D = self._n_features_out, self.n_features_in_
        shapes = {"components_": (H, D), "intercept_hidden_": (H,), "intercept_visible_": (D,)}
        right = all(arrays[name].shape == shape for name, shape in shapes.items())
        kinds = {array.dtype for array in arrays.values()}
        if not right or self.h_samples_.shape[1:] != (H,) or len(kinds) != 1 or not kinds <= set(map(np.dtype, DTYPES)):
            raise ModelFileError("weights, biases and chains of one size and dtype", "others", REMEDY)

    def __sklearn_is_fitted__(self) -> bool:
        """Whether there are weights."""
        return hasattr(self, "components_")

    def __sklearn_tags__(self) -> Any:
        """Sparse rows are welcome where the visible units are off or on."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self._takes_sparse
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _seed(random_state: Any) -> int:
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def _log_sum(units: int, log_of: Any) -> float:
    """Return log Σ exp(log_of(s)) over all 2^units states s of units that are off or on."""
    at_once = 1 << 14
    parts = []
    for start in range(0, 1 << units, at_once):
        numbers = np.arange(start, min(start + at_once, 1 << units))
        states = (numbers[:, None] >> np.arange(units) & 1).astype(np.float64)
        parts.append(logsumexp(log_of(states)))
    return float(logsumexp(parts))


@register
class BernoulliRBM(BoltzmannEstimator):
    """A restricted Boltzmann machine of units that are off or on: scikit-learn's, and more.

    A value between 0 and 1 is taken for the probability that a unit is on.

    Parameters
    ----------
    n_components : int, default=256
        Hidden units.
    learning_rate : float, default=0.1
        η.
    batch_size : int, default=10
        Rows a step, and persistent chains.
    n_iter : int, default=10
        Epochs.
    verbose : bool or int, default=0
        Whether to print each epoch.
    random_state : int, RandomState or None
        Draws first weights (as scikit-learn does), order and chains.
    sweeps : int, default=1
        k of CD-k: sweeps of Gibbs sampling in each step.
    persistent : bool, default=True
        Whether the chains go on from step to step; otherwise each step's start at its rows (contrastive divergence).
    momentum : float, default=0
        μ of v ← μ v - η ∂J/∂w, w ← w + v.
    alpha : float, default=0
        α of ½ α ΣW², added to the cost of each step.
    shuffle : bool, default=True
        Whether each epoch has an order of its own. scikit-learn's takes the rows as they come.
    engine : {"auto", "numpy", "jax"}, default="auto"
        Where to train.
    callbacks : list of callables, optional
        Each is called with every event of training.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        Wᵀ.
    intercept_hidden_, intercept_visible_ : ndarray
        c and b.
    h_samples_ : ndarray of shape (batch_size, n_components)
        The hidden units of the persistent chains.
    n_iter_, t_ : int
        Epochs and steps.
    history_ : History
        Of each epoch the mean difference of free energies between rows and chains, which is no measure of progress: as
        the machine learns it goes to 0, and it is there at the start.
    engine_ : str
        Where it was trained.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule import BernoulliRBM
    >>> X = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
    >>> BernoulliRBM(n_components=2, random_state=0).fit(X).transform(X).shape
    (4, 2)
    """

    def __init__(
        self,
        n_components: Any = 256,
        *,
        learning_rate: Any = 0.1,
        batch_size: Any = 10,
        n_iter: Any = 10,
        verbose: Any = 0,
        random_state: Any = None,
        sweeps: Any = 1,
        persistent: Any = True,
        momentum: Any = 0.0,
        alpha: Any = 0.0,
        shuffle: Any = True,
        engine: Any = "auto",
        callbacks: Any = None,
    ) -> None:
        self.n_components = n_components
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.verbose = verbose
        self.random_state = random_state
        self.sweeps = sweeps
        self.persistent = persistent
        self.momentum = momentum
        self.alpha = alpha
        self.shuffle = shuffle
        self.engine = engine
        self.callbacks = callbacks

    def _look_at(self, X: Any) -> None:
        """Warn of values that are no probabilities: as scikit-learn's, the machine takes them all the same."""
        low, high = X.min(), X.max()
        if low < 0 or high > 1:
            message = (
                f"Expected values between 0 and 1 for units that are off or on; got some from {low:g} to {high:g}, which "
                "the machine cannot make. Scale X with MinMaxScaler(), or take GaussianRBM."
            )
            warnings.warn(message, UserWarning, stacklevel=5)

    def score_samples(self, X: Any) -> np.ndarray:
        """Return the log pseudo-likelihood of each row (N,): Σᵢ log p(vᵢ|all others).

        It is the mean of what scikit-learn estimates by one column drawn at random, and the same at each call. It takes as
        long as n_features free energies.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        v, params = self._rows(X)
        v = np.asarray(v.toarray() if hasattr(v, "toarray") else v)
        W, b = params["W"], params["b"]
        total = np.zeros(len(v), v.dtype)
        rows = max(1, _MOST_VALUES // max(1, W.shape[1]))
        for start in range(0, len(v), rows):
            part = v[start : start + rows]
            u = part @ W + params["c"]
            before = np.logaddexp(0, u).sum(axis=1)
            for i in range(v.shape[1]):
                change = 1 - 2 * part[:, i]
                # F(v) - F(v with unit i turned over) is minus this.
                gain = change * b[i] + np.logaddexp(0, u + change[:, None] * W[i]).sum(axis=1) - before
                total[start : start + rows] -= np.logaddexp(0, gain)
        return total


@register
class GaussianRBM(BoltzmannEstimator):
    """A restricted Boltzmann machine whose visible units are numbers: normal around b + σ W h.

    Standardise the columns of X first: all of them have the same σ. `score_samples` is minus the free energy.

    Parameters
    ----------
    n_components : int, default=256
        Hidden units.
    sigma : float, default=1.0
        σ, the standard deviation of a visible unit when all hidden units are known.
    learning_rate : float, default=0.01
        η: a tenth of what suits units that are off or on, as visible units are not bounded.
    batch_size, n_iter, verbose, random_state, sweeps, persistent, momentum, alpha, shuffle, engine, callbacks
        As of `BernoulliRBM`.

    Attributes
    ----------
    components_, intercept_hidden_, intercept_visible_, h_samples_, n_iter_, t_, history_, engine_
        As of `BernoulliRBM`.
    """

    _takes_sparse: ClassVar[bool] = False

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BoltzmannEstimator._parameter_constraints,
        "sigma": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        n_components: Any = 256,
        *,
        sigma: Any = 1.0,
        learning_rate: Any = 0.01,
        batch_size: Any = 10,
        n_iter: Any = 10,
        verbose: Any = 0,
        random_state: Any = None,
        sweeps: Any = 1,
        persistent: Any = True,
        momentum: Any = 0.0,
        alpha: Any = 0.0,
        shuffle: Any = True,
        engine: Any = "auto",
        callbacks: Any = None,
    ) -> None:
        self.n_components = n_components
        self.sigma = sigma
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.verbose = verbose
        self.random_state = random_state
        self.sweeps = sweeps
        self.persistent = persistent
        self.momentum = momentum
        self.alpha = alpha
        self.shuffle = shuffle
        self.engine = engine
        self.callbacks = callbacks

    def _machine(self) -> Boltzmann:
        return Boltzmann("gaussian", float(self.sigma))
