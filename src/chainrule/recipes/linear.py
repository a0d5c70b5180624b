"""The recipe of no hidden layer: every output is a weighted sum of the inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chainrule.network.network import Network
from chainrule.nn import Loss
from chainrule.recipes.mlp import MANY_ROWS, mlp
from chainrule.recipes.recipe import Pace, Recipe, register
from chainrule.types import Shape


@register
@dataclass(frozen=True)
class Linear(Recipe):
    """A single dense layer: linear regression or, before a softmax, logistic regression. It has no settings of its own."""

    name: ClassVar[str] = "linear"
    about: ClassVar[str] = "no hidden layer: weighted sums of the inputs, hard to beat on short series"

    def pace(self, n_train: int) -> Pace:
        """Return a smaller rate for many rows than for few."""
        return Pace(learning_rate=0.001 if n_train >= MANY_ROWS else 0.003)

    def network(self, input_shape: Shape, outputs: int, loss: Loss) -> Network:
        """Return the layer; what has several axes is flattened."""
        return mlp(input_shape, (), outputs, loss)

    def describe(self) -> str:
        """`no hidden layer`."""
        return "no hidden layer"
