"""What the estimators of any stack of layers share; flat rows are taken, so that images, sounds and sequences fit in."""

from __future__ import annotations

import math
from copy import deepcopy
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from chainrule.encode.augment import PRESETS, Augment, augment_by_name
from chainrule.engine import Engine
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError, DataError, ModelFileError
from chainrule.models.base import NetworkEstimator
from chainrule.models.saved import Attributes
from chainrule.network.network import Network, as_shape
from chainrule.nn import Dense, Flatten, Layer, Relu, Sequential
from chainrule.recipes import Recipe, recipe_from
from chainrule.saved.archive import REMEDY
from chainrule.saved.views import averaged_outputs
from chainrule.tree import map_leaves
from chainrule.types import Params, Shape

_SHAPE = "Set input_shape, such as (28, 28, 1), to the shape of one picture."


class AnyNetwork(NetworkEstimator):
    """A stack of layers that the user names, whose weights are the tree `params_`."""

    layers: Any
    input_shape: Any
    augment: Any
    views: Any

    _fitted: ClassVar[Attributes] = {"_params": (dict,)}

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **NetworkEstimator._parameter_constraints,
        "layers": [str, Recipe, list, tuple, None],
        "input_shape": [list, tuple, None],
        "augment": [StrOptions(set(PRESETS)), Augment, None],
        "views": [Interval(Integral, 1, None, closed="left")],
    }

    def _build(self, n_features: int, n_outputs: int, n_samples: int) -> Network:
        shape: Shape = (n_features,) if self.input_shape is None else as_shape(self.input_shape)
        if math.prod(shape) != n_features:
            raise DataError(
                f"rows of {math.prod(shape)} numbers for the input_shape {shape}",
                f"rows of {n_features}",
                "Set input_shape to the shape of one sample.",
            )
        if len(shape) != 3 and self._augmentation():
            raise ConfigError("input_shape=(height, width, channels), for pictures to be augmented", f"{shape}", _SHAPE)
        if isinstance(self.layers, (str, Recipe)):
            recipe = self.layers if isinstance(self.layers, Recipe) else recipe_from(self.layers, {})
            if recipe.for_pictures and len(shape) != 3:
                expected = f"input_shape=(height, width, channels) for the model {recipe.name}"
                raise ConfigError(expected, f"{shape}", _SHAPE)
            return recipe.resolved(n_samples, shape).network(shape, n_outputs, self._loss_of_targets())
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

    def _augmentation(self) -> Augment:
        if self.augment is None:
            return Augment()
        return self.augment if isinstance(self.augment, Augment) else augment_by_name(self.augment)

    def _answers(self, engine: Engine, params: Params, x: Any) -> np.ndarray:
        """Return logits; those of the mean prediction over several views of each picture, if asked for."""
        if self.views == 1:
            return super()._answers(engine, params, x)
        y = averaged_outputs(self.network_, engine, params, x, self._augmentation(), views=int(self.views))
        return np.asarray(self.network_.loss.unlink(NUMPY, y))

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

    def _check_loaded(self) -> None:
        """Check as every estimator; and a tree has names that no array tells of, those of layers without parameters."""
        super()._check_loaded()
        if map_leaves(lambda _: None, self._params) != map_leaves(lambda _: None, self.network_.specs):
            raise ModelFileError("a tree of weights with the network's layers", "other names", REMEDY)

    def _predicts_on(self, *, sparse: bool) -> str:
        return "numpy" if sparse else str(self.engine_)

    def _first_layer(self) -> Layer | None:
        """Return the layer that reads the rows, where the user has named one."""
        first = self.layers[0] if self.layers and not isinstance(self.layers, (str, Recipe)) else None
        return first[1] if isinstance(first, (tuple, list)) else first

    def __sklearn_tags__(self) -> Any:
        """Only rows that stay flat can be sparse."""
        tags = super().__sklearn_tags__()
        is_recipe = isinstance(self.layers, (str, Recipe))
        first = self._first_layer()
        tags.input_tags.sparse = (
            self.input_shape is None and not is_recipe and (first is None or isinstance(first, Dense))
        )
        return tags
