"""Objectives: what is minimised. A supervised network is one; the loop knows no more of it than this."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from chainrule.constraints import check_fields, option
from chainrule.encode.augment import Augment
from chainrule.engine import Engine, placed
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError
from chainrule.network.network import Network
from chainrule.network.outputs import logits
from chainrule.nn.penalty import Penalty
from chainrule.nn.precision import PRECISIONS, LowPrecision
from chainrule.nn.rehearsal import rehearsed
from chainrule.train.check import check_batch
from chainrule.train.metrics import Metric, as_metric, scores_of
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


@runtime_checkable
class Rehearsing(Protocol):
    """An objective that may be built of what a user wrote, and looks at it before the first step."""

    def rehearse(self, engine: Engine, params: Params, data: Batch) -> None:
        """Compute the gradient of one or two rows; raise ShapeError if a part gives something else than it must."""


@runtime_checkable
class Counting(Protocol):
    """An objective that knows what each row counts for in its cost."""

    def counts(self, data: Batch) -> np.ndarray | None:
        """Return Σ w m of each row (N,); None where all count alike."""


@runtime_checkable
class Piecewise(Protocol):
    """An objective that can tell where its cost is smooth."""

    def cost_and_branches(
        self, xp: Namespace, params: Params, batch: Batch, ctx: Context
    ) -> tuple[Array, Iterator[Array]]:
        """Return the cost, and on which pieces of their formulas its parts were (see `Layer.branches`)."""


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
    metrics : tuple of Metric or str, optional
        What `evaluate` measures besides the cost; by default what the loss names (`Loss.metrics`).
    """

    network: Network
    penalty: Penalty = field(default_factory=Penalty)
    augment: Augment = field(default_factory=Augment)
    precision: str = option(*PRECISIONS, default="float32")
    metrics: tuple[Metric | str, ...] | None = field(default=None, metadata={"in_step": False})

    is_recordable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Look whether there are pictures to augment, and whether the metrics are known."""
        check_fields(self)
        if self.metrics is not None:
            given: Any = self.metrics
            object.__setattr__(self, "metrics", (given,) if isinstance(given, (str, Metric)) else tuple(given))
        for metric in self.scored_by:
            if metric.task not in ("", self.network.loss.task):
                raise ConfigError(
                    f"metrics of a {self.network.loss.task}, as the loss {type(self.network.loss).__name__} is for",
                    f"{metric.name!r}, of a {metric.task}",
                    "Leave it out, or take another loss.",
                )
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

    def cost_and_branches(
        self, xp: Namespace, params: Params, batch: Batch, ctx: Context
    ) -> tuple[Array, Iterator[Array]]:
        """J + R, and on which pieces of their formulas the network and the penalty were."""
        batch = augmented(self.augment, xp, self.network.numbers(xp, params, batch), ctx)
        cost, branches = self._learner.cost_and_branches(xp, params, batch, ctx)
        if not self.penalty:
            return cost, branches
        penalised = self.network.penalised
        cost = cost + self.penalty.forward(xp, params, penalised)
        return cost, chain(branches, self.penalty.branches(xp, params, penalised))

    @cached_property
    def scored_by(self) -> tuple[Metric, ...]:
        """The metrics: those that were given, else the loss's own."""
        return tuple(map(as_metric, self.network.loss.metrics if self.metrics is None else self.metrics))

    def counts(self, data: Batch) -> np.ndarray | None:
        """Return the weight of each row, over the places that are not masked; None without weights and mask."""
        mask = self.network.counted(data.mask)
        if data.w is None and mask is None:
            return None
        n = len(np.asarray(data.w if mask is None else mask))
        shape = self.network.output_shape
        # Of sequences of a like length, without the padding that all of them share.
        shape = shape if mask is None else (*np.shape(mask)[1:], *shape[np.ndim(mask) - 1 :])
        return self.network.loss.counts(shape, n, data.w, mask)

    def check(self, data: Batch) -> None:
        """Look at shapes, for NaN, and for weights and targets that mean nothing, before a step multiplies them."""
        check_batch(self.network, data)

    def rehearse(self, engine: Engine, params: Params, data: Batch) -> None:
        """Let a user's own layers go forward and back on two rows, and look at what they return."""
        layer = rehearsed(self.network.layer)
        if layer is not self.network.layer:
            few = placed(engine, data.take(slice(2)))
            engine.compile(_Rehearsal(replace(self.network, layer=layer)))(
                engine.place(params), few, engine.key(0) if self.is_random else None
            )

    def evaluate(self, engine: Engine, params: Params, data: Batch) -> dict[str, float]:
        """Return the cost, and a score for each metric."""
        loss = self.network.loss
        a = logits(self.network, engine, params, data.x, mask=data.mask).astype(np.float64)
        t, w, mask = (None if part is None else engine.numpy(part) for part in data[1:])
        mask = self.network.counted(mask)
        # A cost that explodes is told by the policy that stops for it.
        with np.errstate(over="ignore", invalid="ignore"):
            cost, _ = loss.forward(NUMPY, a, t, w, mask)
            scores = {"cost": float(cost)}
            if self.scored_by:
                scores |= scores_of(self.scored_by, loss.link(NUMPY, a), t, w, mask)
        return scores


def _add(xp: Namespace, grads: Any, path: str, dW: Array) -> None:
    """Add to the leaf `path` of gradients that the backward pass has just made."""
    *parents, last = path.split(".")
    for name in parents:
        grads = grads[name]
    grads[last] = as_dense(xp, grads[last]) + dW


@dataclass(frozen=True)
class _Rehearsal:
    """A program: the gradient of a network while it learns."""

    network: Network

    def __call__(self, engine: Engine, params: Params, batch: Batch, key: Any) -> Params:
        return self.network.loss_and_grads(engine.xp, params, batch, Context(True, key))[1]
