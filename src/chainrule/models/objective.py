"""What scikit-learn's perceptron minimises: the mean cost, and a penalty that counts once for all samples together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from chainrule.encode.augment import Augment
from chainrule.engine import Engine
from chainrule.network.network import Network
from chainrule.nn import Penalty
from chainrule.train import Supervised
from chainrule.train.objective import augmented
from chainrule.tree import map_leaves
from chainrule.types import Array, Batch, Context, Namespace, Params, as_dense

_ONE = Penalty(l2=1.0)


def penalised_once(
    xp: Namespace, params: Params, batch: Batch, cost: Array, grads: Params, alpha: float, paths: tuple[str, ...]
) -> Array:
    """Return J + R, and add ∂R/∂W to the gradients of the weights that `paths` names."""
    if not alpha:
        return cost
    share = alpha / total_weight(xp, batch)
    for path in paths:
        *parents, last = path.split(".")
        node, weights = grads, params
        for name in parents:
            node, weights = node[name], weights[name]
        # In place on NumPy: the backward pass has just made this array.
        node[last] = as_dense(xp, node[last])  # type: ignore[index]
        node[last] += share * weights[last]  # type: ignore[index]
    return cost + share * _ONE.forward(xp, params, paths)


def total_weight(xp: Namespace, batch: Batch) -> Any:
    """Return Σₙ wₙ of a batch, which is never 0: a batch of no weight costs nothing, and no share of it is infinite."""
    if batch.w is None:
        return float(batch.n_samples)
    total = xp.sum(batch.w)
    return xp.where(total > 0, total, xp.ones_like(total))


@dataclass(frozen=True)
class PenalisedOnce:
    """J + R of a batch. A penalty of α is a normal prior on the weights, which more data outweighs.

    ::

        forward    R  = ½ α ΣW² / Σₙ wₙ        (wₙ = 1 where there are no weights)
        backward   dW = α W / Σₙ wₙ

    Parameters
    ----------
    network : Network
    alpha : float
        α.
    augment : Augment
        How the pictures of a batch are changed at each step while the network learns.
    metrics : tuple of str, optional
        What `evaluate` measures besides the cost; by default what the loss names.
    """

    network: Network
    alpha: float = 0.0
    augment: Augment = field(default_factory=Augment)
    metrics: tuple[str, ...] | None = None

    is_recordable: ClassVar[bool] = True

    @property
    def _cost(self) -> Supervised:
        return Supervised(self.network, metrics=self.metrics)

    @property
    def is_random(self) -> bool:
        """Whether a layer or the augmentation is random."""
        return bool(self.augment) or self.network.layer.is_random

    @property
    def operations(self) -> int:
        """Return the network's."""
        return self.network.operations

    def init(self, rng: np.random.Generator) -> Params:
        """Return zeros: an estimator draws its weights itself, from its random_state."""
        return map_leaves(lambda spec: np.zeros(spec.shape), self.network.specs)

    def loss_and_grads(self, xp: Namespace, params: Params, batch: Batch, ctx: Context) -> tuple[Array, Params]:
        """J + R and its gradients."""
        cost, grads, _ = self.loss_grads_and_state(xp, params, batch, ctx)
        return cost, grads

    @property
    def has_state(self) -> bool:
        """Whether a layer has state."""
        return self.network.has_state

    def loss_grads_and_state(
        self, xp: Namespace, params: Params, batch: Batch, ctx: Context, keep: float | None = None
    ) -> tuple[Array, Params, Params]:
        """J + R, its gradients, and what the layers' state is from now on."""
        batch = augmented(self.augment, xp, self.network.numbers(xp, params, batch), ctx)
        cost, grads, cache = self.network.loss_grads_and_cache(xp, params, batch, ctx)
        cost, grads = self._penalised(xp, params, batch, cost, grads)
        return cost, grads, self.network.layer.update_state(xp, params, cache, keep)

    def _penalised(
        self, xp: Namespace, params: Params, batch: Batch, cost: Array, grads: Params
    ) -> tuple[Array, Params]:
        return penalised_once(xp, params, batch, cost, grads, self.alpha, self.network.penalised), grads

    def check(self, data: Batch) -> None:
        """Trust the estimator, which has looked at its data."""

    def evaluate(self, engine: Engine, params: Params, data: Batch) -> dict[str, float]:
        """Return the cost, and a score for each metric, without the penalty."""
        return self._cost.evaluate(engine, params, data)
