"""Objectives: what is minimised. A supervised network is one; the loop knows no more of it than this."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from chainrule.constraints import check_fields, option
from chainrule.encode.augment import Augment
from chainrule.engine import Engine
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.network.network import Network, logits
from chainrule.nn.loss import BinaryCrossEntropy, SoftmaxCrossEntropy
from chainrule.nn.penalty import Penalty
from chainrule.nn.precision import PRECISIONS, LowPrecision
from chainrule.types import Array, Batch, Cache, Context, Namespace, Params, as_dense

# Folded into a step's key for its augmentation: layers fold their numbers into the same key, and none is as large.
_AUGMENT = 1_000_033


def augmented(augment: Augment, xp: Namespace, batch: Batch, ctx: Context) -> Batch:
    """Return the batch as a network that learns sees it, with the pictures changed; at predict as it is."""
    return augment(xp, batch, xp.fold(ctx.key, _AUGMENT)) if augment and ctx.train else batch


class Objective(Hashable, Protocol):
    """A cost with parameters, its gradient, and how well it is doing."""

    @property
    def is_random(self) -> bool:
        """Whether `loss_and_grads` draws random numbers."""

    @property
    def operations(self) -> int:
        """Multiplications and additions of one sample's forward pass."""

    def init(self, rng: np.random.Generator) -> Params:
        """Return initial parameters as float64 NumPy arrays."""

    def loss_and_grads(self, xp: Namespace, params: Params, batch: Batch, ctx: Context) -> tuple[Array, Params]:
        """Return the cost of a batch and its derivative by every parameter."""

    def check(self, data: Batch) -> None:
        """Raise ShapeError unless `data` is what this objective can be computed on."""

    def evaluate(self, engine: Engine, params: Params, data: Batch) -> dict[str, float]:
        """Return `cost` and other scores of a whole data set, without noise or penalty."""


@runtime_checkable
class Stateful(Protocol):
    """An objective some of whose parameters are state: what no rule moves, but each step says anew."""

    @property
    def has_state(self) -> bool:
        """Whether there is any."""

    def loss_grads_and_state(
        self, xp: Namespace, params: Params, batch: Batch, ctx: Context, keep: float | None = None
    ) -> tuple[Array, Params, Params]:
        """Return cost, gradients, and the new state as a part of the parameters' tree (see `Layer.update_state`)."""


def stateful(objective: Objective) -> Stateful | None:
    """Return an objective that has state, None for one that has none."""
    return objective if isinstance(objective, Stateful) and objective.has_state else None


@dataclass(frozen=True)
class Supervised:
    """The cost of a network's predictions, plus a penalty on its weights.

    Parameters
    ----------
    network : Network
        What predicts.
    penalty : Penalty
        R, added to the cost.
    augment : Augment
        How the pictures of a batch are changed at each step while the network learns.
    precision : str
        `float32`: in the engine's own dtype. `bfloat16` (on JAX): the layers' arithmetic is rounded while the network
        learns; weights, cost, and all of evaluation stay in the engine's dtype.
    """

    network: Network
    penalty: Penalty = field(default_factory=Penalty)
    augment: Augment = field(default_factory=Augment)
    precision: str = option(*PRECISIONS, default="float32")

    is_recordable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Look whether there are pictures to augment."""
        check_fields(self)
        if self.augment and len(self.network.input_shape) != 3:
            raise ConfigError(
                "images (H, W, C) to augment",
                f"a network whose input has the shape {self.network.input_shape}",
                "Leave augmentation out.",
            )

    @cached_property
    def _learner(self) -> Network:
        """Return the network that learns: with the weights of `network`, perhaps in another precision."""
        if self.precision == "float32":
            return self.network
        return replace(self.network, layer=LowPrecision(self.network.layer, self.precision))

    @property
    def is_random(self) -> bool:
        """Whether a layer or the augmentation is random."""
        return bool(self.augment) or self.network.layer.is_random

    @property
    def operations(self) -> int:
        """Return the network's."""
        return self.network.operations

    def init(self, rng: np.random.Generator) -> Params:
        """Return the network's initial parameters."""
        return self.network.init(rng)

    @property
    def has_state(self) -> bool:
        """Whether a layer has state."""
        return self.network.has_state

    def loss_and_grads(self, xp: Namespace, params: Params, batch: Batch, ctx: Context) -> tuple[Array, Params]:
        """J + R and its gradients."""
        cost, grads, _ = self._learn(xp, params, batch, ctx)
        return cost, grads

    def loss_grads_and_state(
        self, xp: Namespace, params: Params, batch: Batch, ctx: Context, keep: float | None = None
    ) -> tuple[Array, Params, Params]:
        """J + R, its gradients, and what the layers' state is from now on."""
        cost, grads, cache = self._learn(xp, params, batch, ctx)
        return cost, grads, self._learner.layer.update_state(xp, params, cache, keep)

    def _learn(self, xp: Namespace, params: Params, batch: Batch, ctx: Context) -> tuple[Array, Params, Cache]:
        batch = augmented(self.augment, xp, self.network.numbers(xp, params, batch), ctx)
        cost, grads, cache = self._learner.loss_grads_and_cache(xp, params, batch, ctx)
        if not self.penalty:
            return cost, grads, cache
        penalised = self.network.penalised
        cost = cost + self.penalty.forward(xp, params, penalised)
        for path, dW in self.penalty.backward(xp, params, penalised).items():
            _add(xp, grads, path, dW)
        return cost, grads, cache

    def check(self, data: Batch) -> None:
        """Look at shapes and for NaN, before a step multiplies what does not fit."""
        shape, k = self.network.input_shape, self.network.output_shape[0]
        for name, part in data._asdict().items():
            for array in Batch(part).arrays():
                if not hasattr(array, "shape"):
                    raise ShapeError(f"{name} to be an array", type(array).__name__, "Make it one with numpy.asarray.")
        n = data.n_samples
        wanted = {"t": (n, k), "w": (n,)}
        if not isinstance(data.x, Mapping):
            wanted["x"] = (n, *shape)
        for name, array in ((name, array) for name, part in data._asdict().items() for array in Batch(part).arrays()):
            if name in wanted and tuple(array.shape) != wanted[name]:
                remedy = "Give one row for each sample."
                if name == "t" and len(array.shape) == 1:
                    remedy = f"Class numbers become an indicator matrix by numpy.eye({k})[t]; values by t[:, None]."
                raise ShapeError(f"{name} of shape {wanted[name]}", f"an array of shape {tuple(array.shape)}", remedy)
            # In float64 a sum of float32 is NaN or infinite only if one of them is.
            total = array.sum(dtype=np.float64)
            if not np.isfinite(total):
                raise DataError(f"finite numbers in {name}", f"NaN or infinity (their sum is {total})", "Fill them in.")

    def evaluate(self, engine: Engine, params: Params, data: Batch) -> dict[str, float]:
        """Return the cost, and accuracy (classes and labels) or R² (numbers)."""
        a = logits(self.network, engine, params, data.x)
        t = engine.numpy(data.t)
        w = None if data.w is None else engine.numpy(data.w)
        cost, _ = self.network.loss.forward(NUMPY, a.astype(np.float64), t.astype(np.float64), w)
        return {"cost": float(cost)} | _score(self.network, a, t, w)


def _score(network: Network, a: np.ndarray, t: np.ndarray, w: np.ndarray | None) -> dict[str, float]:
    if isinstance(network.loss, SoftmaxCrossEntropy):
        right = a.argmax(axis=1) == t.argmax(axis=1)
        return {"accuracy": float(np.average(right, weights=w))}
    if isinstance(network.loss, BinaryCrossEntropy):
        right = ((a > 0) == (t > 0.5)).all(axis=1)
        return {"accuracy": float(np.average(right, weights=w))}
    y = network.loss.link(NUMPY, a.astype(np.float64))
    error = np.average((y - t) ** 2, axis=0, weights=w)
    spread = np.average((t - np.average(t, axis=0, weights=w)) ** 2, axis=0, weights=w)
    # Targets that do not vary leave nothing to explain: 1 for meeting them exactly, else 0, as scikit-learn has it.
    exact = np.where(error > 0, 0.0, 1.0) + 0 * error
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = np.where(spread > 0, 1 - error / spread, exact)
    return {"r2": float(r2.mean())}


def _add(xp: Namespace, grads: Any, path: str, dW: Array) -> None:
    """Add to the leaf `path` of gradients that the backward pass has just made."""
    *parents, last = path.split(".")
    for name in parents:
        grads = grads[name]
    grads[last] = as_dense(xp, grads[last]) + dW
