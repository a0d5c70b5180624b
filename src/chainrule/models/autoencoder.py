"""Autoencoder: a network that says its input again through a narrow code, as a transformer."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, ClassVar, cast

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin, _fit_context
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from chainrule.encode.augment import Augment
from chainrule.engine import engine_by_name
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError, DataError, ModelFileError
from chainrule.models.base import DTYPES
from chainrule.models.coding import Coding, coding_of_layers, coding_of_sizes
from chainrule.models.corruption import NOISES, Corruption
from chainrule.models.reconstruction import SPARSITIES, Reconstruction, Sparsity
from chainrule.models.saved import Attributes, register
from chainrule.models.stack import AnyNetwork
from chainrule.network.network import Network, as_shape
from chainrule.network.outputs import logits
from chainrule.nn import ACTIVATIONS, BinaryCrossEntropy, Loss, Sigmoid, SquaredError
from chainrule.saved.archive import REMEDY
from chainrule.types import Batch, Params, Shape

LOSSES: dict[str, Loss] = {"squared_error": SquaredError(), "cross_entropy": BinaryCrossEntropy()}


@register
class Autoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, AnyNetwork):
    """A network that learns to say its input again through a code: `train(X, X)`.

    A narrow code compresses; rows that are said again badly are unlike those that were learnt from. One linear layer each way
    under squared error finds the plane of principal component analysis; bends between them find curved surfaces.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(32,)
        Units from the input to the code, which is the last; the decoder has the same the other way round.
    activation : str, default="relu"
        Of the hidden layers on both sides of the code: a name in `nn.ACTIVATIONS`.
    code_activation : str, default="identity"
        Of the code.
    layers : pair of sequences of Layer or of (name, Layer), optional
        Encoder and decoder in place of the sizes. What the decoder gives must be as many numbers as the input has.
    input_shape : tuple of int, optional
        Shape of one sample, such as (28, 28, 1), for `layers` that read it. By default (n_features,).
    loss : {"squared_error", "cross_entropy"}, default="squared_error"
        Half the squared distance; or the cross-entropy of each number, for X between 0 and 1, behind a sigmoid.
    tied : bool, default=False
        Whether the decoder's weights are the encoder's turned round (of `hidden_layer_sizes` only).
    noise : {"mask", "gaussian", "salt_and_pepper"} or None
        What is done to the input while the network learns to find the clean one again: some values become 0, all get
        Gaussian noise, or some become the least or the greatest value of X.
    noise_level : float, default=0.3
        Share of the values that are changed; of Gaussian noise its standard deviation.
    sparsity : {"l1", "kl"} or None
        What a code costs that is on: λ Σ|z|; or λ times the divergence of each unit's mean from `sparsity_target`, for a
        code_activation of "sigmoid".
    sparsity_strength : float, default=0.001
        λ.
    sparsity_target : float, default=0.05
        ρ.
    solver, alpha, batch_size, learning_rate, learning_rate_init, max_iter, shuffle, random_state, tol, verbose, warm_start
        As of `NetworkRegressor`.
    early_stopping, validation_fraction, n_iter_no_change, engine, callbacks
        As of `NetworkRegressor`; what is watched is the cost on the validation rows.

    Attributes
    ----------
    encoder_, decoder_ : Network
        The two halves, parts of `network_`; both find their weights in `params_`.
    params_ : dict
        The weights as a tree: `params_["code"]["W"]`.
    n_code_ : int
        Numbers in a code.
    network_, history_, loss_curve_, validation_scores_, loss_, best_loss_, best_validation_score_, n_iter_, t_, n_outputs_
        As of `NetworkRegressor`; validation scores are costs, so that less is better.

    Examples
    --------
    >>> from chainrule import Autoencoder
    >>> from sklearn.datasets import load_digits
    >>> X = load_digits().data / 16
    >>> model = Autoencoder((32, 8), learning_rate_init=0.01, max_iter=20, tol=0, random_state=0).fit(X)
    >>> model.transform(X).shape
    (1797, 8)
    """

    score_name = "cost"
    # Its pictures are corrupted, not augmented.
    augment: Any = None
    views: Any = 1

    _fitted: ClassVar[Attributes] = {
        "_n_encoder": (int,),
        "_n_features_out": (int,),
        "_tied": (tuple,),
        "_span": (tuple,),
        "_sklearn_output_config": (dict,),
    }

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **{key: value for key, value in AnyNetwork._parameter_constraints.items() if key not in ("augment", "views")},
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "code_activation": [StrOptions(set(ACTIVATIONS))],
        "layers": [list, tuple, None],
        "loss": [StrOptions(set(LOSSES))],
        "tied": ["boolean"],
        "noise": [StrOptions(set(NOISES) - {"none"}), None],
        "noise_level": [Interval(Real, 0, None, closed="left")],
        "sparsity": [StrOptions(set(SPARSITIES) - {"none"}), None],
        "sparsity_strength": [Interval(Real, 0, None, closed="left")],
        "sparsity_target": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (32,),
        activation: Any = "relu",
        code_activation: Any = "identity",
        *,
        layers: Any = None,
        input_shape: Any = None,
        loss: Any = "squared_error",
        tied: Any = False,
        noise: Any = None,
        noise_level: Any = 0.3,
        sparsity: Any = None,
        sparsity_strength: Any = 0.001,
        sparsity_target: Any = 0.05,
        solver: Any = "adam",
        alpha: Any = 0.0,
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
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.code_activation = code_activation
        self.layers = layers
        self.input_shape = input_shape
        self.loss = loss
        self.tied = tied
        self.noise = noise
        self.noise_level = noise_level
        self.sparsity = sparsity
        self.sparsity_strength = sparsity_strength
        self.sparsity_target = sparsity_target
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

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, X_val: Any = None, sample_weight_val: Any = None
    ) -> Autoencoder:
        """Learn to say the rows of X again.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : None
            Not looked at: the target is X.
        sample_weight : array-like of shape (n_samples,), optional
            A weight of k counts as k equal rows.
        X_val, sample_weight_val : array-likes, optional
            Rows to validate on after each epoch, and to stop early by if `early_stopping`.

        Returns
        -------
        self
        """
        fitted: Autoencoder = self._fit(X, None, sample_weight, (X_val, None, sample_weight_val), incremental=False)
        return fitted

    def _read(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, np.ndarray]:
        X = validate_data(self, self._flat(X), dtype=DTYPES, reset=reset)
        self._check_range(X)
        # The target, which nobody gives.
        return X, X

    def _check_range(self, X: np.ndarray) -> None:
        low, high = self._loss_of_targets().target_range
        if X.min() < low or X.max() > high:
            raise DataError(
                f"X between {low:g} and {high:g} for loss='cross_entropy'",
                f"values from {X.min():g} to {X.max():g}",
                "Scale X, with MinMaxScaler() for example, or take loss='squared_error'.",
            )

    def _learn_targets(self, y: np.ndarray, *, anew: bool) -> None:
        """Note the least and the greatest value there is: pepper and salt."""
        self._span = (float(y.min()), float(y.max()))

    def _encode(self, y: np.ndarray) -> np.ndarray:
        return y

    def _class_weights(self, y: np.ndarray, w: np.ndarray | None, *, incremental: bool) -> np.ndarray | None:
        return w

    def _target_kind(self) -> str:
        return self._loss_of_targets().link_name

    def _loss_of_targets(self) -> Loss:
        return LOSSES[self.loss]

    def _first_layer(self) -> None:
        """Rows are never sparse, whatever reads them."""

    def _augmentation(self) -> Augment:
        return Augment()

    def _batch(self, network: Network, X: Any, t: np.ndarray, w: np.ndarray | None) -> Batch:
        """Return the rows without a target: they are their own."""
        return Batch(self._inputs(network, X), None, w)

    def _validation(self, network: Network, X: Any, y: Any, w: Any) -> Batch | None:
        if X is None:
            if w is not None:
                raise DataError("X_val beside sample_weight_val", "none", "Give both.")
            return None
        X = validate_data(self, self._flat(X), dtype=DTYPES, reset=False)
        self._check_range(X)
        weights = None if w is None else _check_sample_weight(w, X, ensure_non_negative=True)
        return self._batch(network, X, X, weights)

    def _build(self, n_features: int, n_outputs: int, n_samples: int) -> Network:
        shape: Shape = (n_features,) if self.input_shape is None else as_shape(self.input_shape)
        if math.prod(shape) != n_features:
            raise DataError(
                f"rows of {math.prod(shape)} numbers for the input_shape {shape}",
                f"rows of {n_features}",
                "Set input_shape to the shape of one sample.",
            )
        coding = self._coding(shape)
        self._tied, self._n_encoder = coding.tied, coding.n_encoder
        network = coding.network(shape, self._loss_of_targets())
        self._n_features_out = math.prod(network.part(None, coding.names[coding.n_encoder - 1]).output_shape)
        return network

    def _coding(self, shape: Shape) -> Coding:
        if self.layers is None:
            self._check_code(ACTIVATIONS[self.code_activation])
            return coding_of_sizes(
                shape, self.hidden_layer_sizes, self.activation, self.code_activation, tied=bool(self.tied)
            )
        if self.tied:
            raise ConfigError(
                "hidden_layer_sizes for tied=True", "layers", "Weights can be tied between dense layers by size only."
            )
        coding = coding_of_layers(shape, self.layers)
        self._check_code(coding.layers[coding.n_encoder - 1])
        return coding

    def _check_code(self, last: Any) -> None:
        if self.sparsity == "kl" and not isinstance(last, Sigmoid):
            raise ConfigError(
                "a code between 0 and 1 for sparsity='kl'",
                f"one behind {type(last).__name__}",
                "Set code_activation='sigmoid' (of layers: end the encoder in Sigmoid()), or sparsity='l1'.",
            )

    def _objective(self, network: Network) -> Reconstruction:
        low, high = self._span
        return Reconstruction(
            network,
            self._n_encoder,
            float(self.alpha),
            Corruption(self.noise or "none", float(self.noise_level), low, high),
            Sparsity(self.sparsity or "none", float(self.sparsity_strength), float(self.sparsity_target)),
            self._tied,
        )

    def _draw(self, network: Network, rng: np.random.RandomState) -> Params:
        return self._objective(network).full(super()._draw(network, rng))

    def _trainable(self, params: Params) -> Params:
        return self._objective(self.network_).free(params)

    def _kept(self, params: Params) -> dict[str, Any]:
        # The network's weights, those that are turned round among them: it can be drawn, exported and taken apart.
        return {"_params": self._objective(self.network_).full(params)}

    @property
    def encoder_(self) -> Network:
        """The layers from the input to the code."""
        check_is_fitted(self)
        return self.network_.part(None, self._names[self._n_encoder - 1])

    @property
    def decoder_(self) -> Network:
        """The layers from the code to the output."""
        check_is_fitted(self)
        return self.network_.part(self._names[self._n_encoder], None)

    @property
    def n_code_(self) -> int:
        """Numbers in a code."""
        check_is_fitted(self)
        return self._n_features_out

    @property
    def _names(self) -> tuple[str, ...]:
        return cast("tuple[str, ...]", self.network_.layer.names)  # type: ignore[attr-defined]

    def transform(self, X: Any) -> np.ndarray:
        """Return the codes z (N, n_code_) of the rows of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        z = self._through(self.encoder_, self._rows(X))
        return z.reshape(len(z), -1)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Return the rows (N, n_features) that codes stand for.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_code_)
        """
        check_is_fitted(self)
        z = check_array(X, dtype=DTYPES)
        if z.shape[1] != self.n_code_:
            raise DataError(f"codes of {self.n_code_} numbers", f"{z.shape[1]}", "Give what transform returns.")
        return np.asarray(self.network_.loss.link(NUMPY, self._through(self.decoder_, z)))

    def reconstruct(self, X: Any) -> np.ndarray:
        """Return what the network makes of the rows of X (N, n_features), by way of their codes."""
        return np.asarray(self._loss_of_targets().link(NUMPY, self._logits(X)))

    def score_samples(self, X: Any) -> np.ndarray:
        """Return minus the cost of saying each row again (N,): the lower, the less a row is like those learnt from.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        a = self._logits(X).astype(np.float64)
        rows = self._rows(X).astype(np.float64)
        self._check_range(rows)
        costs, _ = self._loss_of_targets().each(NUMPY, a, rows)
        return -np.asarray(costs)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return the mean of `score_samples`."""
        scores = self.score_samples(X)
        w = None if sample_weight is None else _check_sample_weight(sample_weight, scores, ensure_non_negative=True)
        return float(np.average(scores, weights=w))

    def _rows(self, X: Any) -> np.ndarray:
        return cast(np.ndarray, validate_data(self, self._flat(X), dtype=DTYPES, reset=False))

    def _through(self, half: Network, x: np.ndarray) -> np.ndarray:
        """Return what one half makes of flat rows."""
        params = {name: self._params[name] for name in half.layer.names}  # type: ignore[attr-defined]
        dtype = next((str(value.dtype) for own in params.values() for value in own.values()), str(x.dtype))
        engine = engine_by_name(self._predicts_on(sparse=False), dtype)
        return logits(half, engine, engine.place(params), x.reshape(len(x), *half.input_shape))

    def _check_loaded(self) -> None:
        """Check as every network; and that the halves are halves of it."""
        super()._check_loaded()
        names = self._names
        pairs: tuple[Any, ...] = self._tied
        tied = all(isinstance(pair, tuple) and len(pair) == 2 and set(pair) <= set(names) for pair in pairs)
        ends: tuple[Any, ...] = self._span
        span = len(ends) == 2 and all(isinstance(value, float) for value in ends)
        if not (0 < self._n_encoder < len(names) and tied and span):
            raise ModelFileError("a code between the layers of the network", f"{self._n_encoder!r:.40}", REMEDY)
        if self._n_features_out != math.prod(self.encoder_.output_shape):
            raise ModelFileError("a code of the encoder's width", f"{self._n_features_out}", REMEDY)

    def __sklearn_tags__(self) -> Any:
        """No target, and no sparse rows: every zero of a row has to be said again."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.target_tags.required = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
