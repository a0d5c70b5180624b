"""A scene: the parts of a Playground that change only when a person changes them, built once and then shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError
from chainrule.network.network import Network
from chainrule.nn import Activation
from chainrule.playground.build import network_of
from chainrule.playground.data import Data
from chainrule.playground.formula import Features, features_of
from chainrule.playground.plane import Plane, plane_of
from chainrule.playground.spec import Spec
from chainrule.types import PREDICT, Batch, Params

if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True, eq=False)
class Scene:
    """Spec, data, inputs, network and plane, which fit together.

    Attributes
    ----------
    x : array (N, F)
        The network's inputs for all rows of the data.
    """

    spec: Spec
    data: Data
    features: Features
    network: Network
    plane: Plane
    x: np.ndarray
    _grids: dict[int, np.ndarray] = field(default_factory=dict)

    @cached_property
    def train(self) -> Batch:
        """The rows to train on."""
        return Batch(self.x[self.data.train], self.data.t[self.data.train])

    @cached_property
    def test(self) -> Batch:
        """The rows to test on."""
        return Batch(self.x[self.data.test], self.data.t[self.data.test])

    def part(self, name: str) -> Batch:
        """Return `train` or `test`."""
        return self.train if name == "train" else self.test

    def grid(self, size: int) -> np.ndarray:
        """Return the inputs of each pixel of a map, in float32: a picture needs no more."""
        if size not in self._grids:
            values = self.features(self.plane.points(size))
            # A formula may have no value somewhere on the plane: there is nothing to see there.
            self._grids[size] = np.nan_to_num(values, posinf=1e6, neginf=-1e6).astype(np.float32)
        return self._grids[size]

    def units(self, params: Params, x: np.ndarray) -> dict[str, np.ndarray]:
        """Return the values of all units for inputs x: {"hidden1": (N, H), …, "output": (N, K)}."""
        values: dict[str, Any] = {}
        with np.errstate(all="ignore"):
            for name, child in self.network.layer.children().items():
                x, _ = child.forward(NUMPY, params[name], x, PREDICT)
                if isinstance(child, Activation):
                    values[f"hidden{len(values) + 1}"] = x
            # Along the few numbers of a row NumPy reduces slowly; along columns that lie in one piece, ten times faster.
            values["output"] = self.network.loss.link(NUMPY, np.asfortranarray(x))
        return values

    @property
    def is_probability(self) -> bool:
        """Whether outputs are probabilities."""
        return self.network.loss.is_exclusive

    @cached_property
    def target_range(self) -> tuple[float, float]:
        """Least and greatest target, of a regression."""
        t = self.data.t
        low, high = float(t.min()), float(t.max())
        return (low, high) if high > low else (low - 1, high + 1)


def scene_of(spec: Spec, data: Data, before: Scene | None = None) -> Scene:
    """Return the scene of a spec and its data, with whatever of the one before still fits."""
    features = features_of(tuple(spec.inputs), data.labels)
    same_inputs = before is not None and before.data is data and before.spec.inputs == spec.inputs
    x = before.x if same_inputs and before is not None else features.of_data(data.x)
    network = network_of(spec, data, x.shape[1])
    _require_modest(network)
    plane = plane_of(spec.view, data)
    same_plane = same_inputs and before is not None and before.spec.view == spec.view
    grids: dict[int, np.ndarray] = before._grids if same_plane and before is not None else {}
    return Scene(spec, data, features, network, plane, x, grids)


def _require_modest(network: Network) -> None:
    if network.n_parameters > 1_000_000:
        raise ConfigError(
            "at most 1,000,000 weights in the Playground",
            f"{network.n_parameters:,}",
            "Take fewer units or inputs, or use `chainrule train`.",
        )


def fitting(spec_inputs: Sequence[str], data: Data) -> tuple[str, ...]:
    """Return inputs that suit the data: those that were chosen if all of them can be read, else its own."""
    labels = data.labels
    if len(labels) == 2:
        try:
            features_of(tuple(spec_inputs), labels)
        except ConfigError:
            return ("x1", "x2")
        return ("x1", "x2") if tuple(spec_inputs) == ("all",) else tuple(spec_inputs)
    return ("all",)
