"""Dense layers with bends between them, drawn and kept as scikit-learn draws and keeps them."""

from __future__ import annotations

from abc import abstractmethod
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from chainrule.errors import ConfigError
from chainrule.models.base import NetworkEstimator
from chainrule.models.learning import rule_of
from chainrule.models.saved import Attributes
from chainrule.network.network import Network
from chainrule.nn import ACTIVATIONS, Loss
from chainrule.optim import LBFGS, Rule
from chainrule.recipes.mlp import mlp
from chainrule.tree import fill, leaf
from chainrule.types import Params


class Perceptron(NetworkEstimator):
    """Dense layers with bends between them, whose weights are `coefs_` and `intercepts_`."""

    hidden_layer_sizes: Any
    activation: Any
    dropout: Any
    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]

    _fitted: ClassVar[Attributes] = {"coefs_": (list,), "intercepts_": (list,), "n_layers_": (int,)}

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **NetworkEstimator._parameter_constraints,
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions({"logistic", *ACTIVATIONS}), list, tuple],
        "dropout": [Interval(Real, 0, 1, closed="left"), list, tuple],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
    }

    @abstractmethod
    def _loss_of_targets(self) -> Loss:
        """Return the loss that suits the targets."""

    def _hidden(self) -> list[int]:
        given = np.atleast_1d(np.asarray(self.hidden_layer_sizes, dtype=float)).tolist()
        hidden = [int(units) for units in given]
        if hidden != given:
            raise ConfigError("whole numbers of units in hidden_layer_sizes", f"{given}", "Write (3,) for 3 units.")
        if any(units <= 0 for units in hidden):
            raise ConfigError(
                "hidden layers of at least one unit",
                f"{list(hidden)}",
                f"hidden_layer_sizes must be > 0, got {hidden}.",
            )
        return hidden

    def _bends(self) -> Any:
        """Return the activations by the names that `nn` has for them."""
        if isinstance(self.activation, str):
            return "sigmoid" if self.activation == "logistic" else self.activation
        return ["sigmoid" if name == "logistic" else name for name in self.activation]

    def _build(self, n_features: int, n_outputs: int, n_samples: int) -> Network:
        dropout = list(self.dropout) if isinstance(self.dropout, tuple) else self.dropout
        return mlp(
            (n_features,), self._hidden(), n_outputs, self._loss_of_targets(), activation=self._bends(), dropout=dropout
        )

    def _draw(self, network: Network, rng: np.random.RandomState) -> Params:
        """Draw weights and biases as scikit-learn does: Glorot's range, or a third of its variance for the logistic."""
        bends = self._bends()
        hidden = self._hidden()
        bends = [bends] * len(hidden) if isinstance(bends, str) else list(bends)
        sizes = [network.input_shape[0], *hidden, network.output_shape[0]]
        named: dict[str, np.ndarray] = {}
        for name, bend, (before, after) in zip(
            self._dense(network), [*bends, (bends or ["relu"])[-1]], pairwise(sizes), strict=True
        ):
            limit = np.sqrt((2.0 if bend == "sigmoid" else 6.0) / (before + after))
            named[f"{name}.W"] = rng.uniform(-limit, limit, (before, after))
            named[f"{name}.b"] = rng.uniform(-limit, limit, after)
        return fill(network.specs, named)

    @staticmethod
    def _dense(network: Network) -> list[str]:
        return [name for name, spec in network.specs.items() if spec]

    def _has_weights(self) -> bool:
        return hasattr(self, "coefs_")

    def _weights(self) -> Params:
        named: dict[str, np.ndarray] = {}
        for name, W, b in zip(self._dense(self.network_), self.coefs_, self.intercepts_, strict=False):
            named |= {f"{name}.W": W, f"{name}.b": b}
        missing = [name for name in self._dense(self.network_) if f"{name}.W" not in named]
        if missing:
            raise ConfigError(
                f"weights for the layers {self._dense(self.network_)}",
                f"none for {missing}",
                "A network that goes on learning keeps its layers: make a new estimator, or set warm_start=False.",
            )
        return fill(self.network_.specs, named)

    def _kept(self, params: Params) -> dict[str, Any]:
        names = self._dense(self.network_)
        return {
            "coefs_": [leaf(params, f"{name}.W") for name in names],
            "intercepts_": [leaf(params, f"{name}.b") for name in names],
            "n_layers_": len(names) + 1,
        }

    def _rule(self) -> Rule | LBFGS:
        return rule_of(
            self.solver,
            tol=self.tol,
            max_fun=self.max_fun,
            momentum=self.momentum,
            nesterov=self.nesterovs_momentum,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
        )
