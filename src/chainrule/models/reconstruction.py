"""What an autoencoder minimises: how far the output is from the input, and how sparse its code is."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.constraints import check_fields, option, real
from chainrule.engine import Engine
from chainrule.engine.numpy import NUMPY
from chainrule.models.corruption import Corruption
from chainrule.models.objective import penalised_once, total_weight
from chainrule.network.network import Network
from chainrule.network.outputs import logits
from chainrule.nn import Sequential
from chainrule.tree import map_leaves
from chainrule.types import Array, Batch, Cache, Context, Namespace, Params, as_dense

SPARSITIES = ("none", "l1", "kl")
# ρ̂ of units that are always off rounds to 0, of which there is no logarithm: there cost and slope are those of this ρ̂.
_LEAST = 1e-6


@dataclass(frozen=True)
class Sparsity:
    """What a code costs whose units are on too often.

    ::

        l1  forward    S  = λ Σₙ wₙ Σₕ |zₙₕ| / Σₙ wₙ                              (wₙ = 1 where there are no weights)
            backward   dz = λ wₙ sign(zₙₕ) / Σₙ wₙ                                 sign(0) = 0
        kl  forward    S  = λ Σₕ ρ log(ρ/ρ̂ₕ) + (1 - ρ) log((1 - ρ)/(1 - ρ̂ₕ)),     ρ̂ₕ = Σₙ wₙ zₙₕ / Σₙ wₙ
            backward   dz = λ wₙ ((1 - ρ)/(1 - ρ̂ₕ) - ρ/ρ̂ₕ) / Σₙ wₙ

    Source: Ng, 2011, Sparse autoencoder (lecture notes), section 3.

    Parameters
    ----------
    kind : str
        none, l1, or kl, for a code between 0 and 1.
    strength : float
        λ.
    target : float
        ρ, the mean that each unit of the code is to have under kl.
    """

    kind: str = option(*SPARSITIES, default="none")
    strength: float = real(0.0, default=0.001)
    target: float = real(0.0, 1.0, low_open=True, high_open=True, default=0.05)

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self)

    def __bool__(self) -> bool:
        """Whether it costs anything."""
        return self.kind != "none" and self.strength > 0

    def __call__(self, xp: Namespace, z: Array, batch: Batch) -> tuple[Array, Array]:
        """Return S and dz of a batch's code z (N, …)."""
        total = total_weight(xp, batch)
        share = xp.ones_like(z) / total
        if batch.w is not None:
            share = share * xp.reshape(xp.cast(batch.w, z.dtype.name), (-1,) + (1,) * (z.ndim - 1))
        if self.kind == "l1":
            return self.strength * xp.sum(xp.abs(z) * share), self.strength * xp.sign(z) * share
        rho = self.target
        mean = xp.clip(xp.sum(z * share, axis=0), _LEAST, 1 - _LEAST)
        on, off = xp.log(rho / mean), xp.log((1 - rho) / (1 - mean))
        slope = (1 - rho) / (1 - mean) - rho / mean
        return self.strength * xp.sum(rho * on + (1 - rho) * off), self.strength * slope * share


@dataclass(frozen=True)
class Reconstruction:
    """J + R + S of a batch whose target is its own input: `train(X, X)`.

    Where weights are tied, the decoder's W of a pair is the encoder's turned round. It is no parameter of its own, so its
    gradient goes where the weights are: dW = ∂J/∂W by the encoder + (∂J/∂V by the decoder)ᵀ, V = Wᵀ.

    Parameters
    ----------
    network : Network
        A stack of layers.
    n_encoder : int
        How many of them, from the first, make the code.
    alpha : float
        α of R = ½ α ΣW² / Σₙ wₙ.
    corruption : Corruption
        What is done to the input; the target stays clean.
    sparsity : Sparsity
    tied : tuple of (str, str)
        Pairs of a layer of the decoder and the layer of the encoder whose W it turns round.
    """

    network: Network
    n_encoder: int
    alpha: float = 0.0
    corruption: Corruption = field(default_factory=Corruption)
    sparsity: Sparsity = field(default_factory=Sparsity)
    tied: tuple[tuple[str, str], ...] = ()

    @cached_property
    def _halves(self) -> tuple[Sequential, Sequential]:
        """The encoder and the decoder."""
        stack: Any = self.network.layer
        n = self.n_encoder
        return Sequential(stack.layers[:n], stack.names[:n]), Sequential(stack.layers[n:], stack.names[n:])

    @property
    def is_random(self) -> bool:
        """Whether a layer or the corruption is random."""
        return bool(self.corruption) or self.network.layer.is_random

    @property
    def operations(self) -> int:
        """Return the network's."""
        return self.network.operations

    @property
    def has_state(self) -> bool:
        """Whether a layer has state."""
        return self.network.has_state

    @cached_property
    def _penalised(self) -> tuple[str, ...]:
        """Each weight once: those that are turned round are penalised where they are."""
        turned = {f"{name}.W" for name, _ in self.tied}
        return tuple(path for path in self.network.penalised if path not in turned)

    def init(self, rng: np.random.Generator) -> Params:
        """Return zeros: an estimator draws its weights itself, from its random_state."""
        return self.free(map_leaves(lambda spec: np.zeros(spec.shape), self.network.specs))

    def free(self, params: Params) -> Params:
        """Return the parameters that move: those of the network but the weights that are turned round."""
        turned = {name for name, _ in self.tied}
        return {
            name: {key: value for key, value in own.items() if name not in turned or key != "W"}
            for name, own in params.items()
        }

    def full(self, params: Params) -> dict[str, Any]:
        """Return the network's parameters: those that move, and the encoder's weights turned round."""
        return {**params, **{name: {**params[name], "W": params[other]["W"].T} for name, other in self.tied}}

    def loss_and_grads(self, xp: Namespace, params: Params, batch: Batch, ctx: Context) -> tuple[Array, Params]:
        """J + R + S and its gradients."""
        cost, grads, _ = self._learn(xp, params, batch, ctx)
        return cost, grads

    def loss_grads_and_state(
        self, xp: Namespace, params: Params, batch: Batch, ctx: Context, keep: float | None = None
    ) -> tuple[Array, Params, Params]:
        """J + R + S, its gradients, and what the layers' state is from now on."""
        cost, grads, caches = self._learn(xp, params, batch, ctx)
        state: dict[str, Any] = {}
        for half, cache in zip(self._halves, caches, strict=True):
            state |= half.update_state(xp, self.full(params), cache, keep)
        return cost, grads, state

    def _learn(
        self, xp: Namespace, params: Params, batch: Batch, ctx: Context
    ) -> tuple[Array, Params, tuple[Cache, Cache]]:
        encoder, decoder = self._halves
        full, ctx = self.full(params), ctx.of(batch)
        x = self.network.numbers(xp, params, batch).x
        seen = self.corruption(xp, x, ctx.key) if self.corruption and ctx.train else x
        inside, outside = (ctx.child(xp, 0), ctx.child(xp, 1)) if self.network.layer.is_random else (ctx, ctx)
        z, encoded = encoder.forward(xp, full, seen, inside)
        a, decoded = decoder.forward(xp, full, z, outside)
        cost, cache = self.network.loss.forward(xp, a, _flat(xp, x), batch.w)
        dz, back = decoder.backward(xp, full, decoded, self.network.loss.backward(xp, cache))
        if self.sparsity:
            extra, more = self.sparsity(xp, z, batch)
            cost, dz = cost + extra, dz + more
        there = encoder.gradients(xp, full, encoded, dz)
        grads: dict[str, Any] = {name: dict(own) for name, own in {**there, **back}.items()}
        for name, other in self.tied:
            grads[other]["W"] = as_dense(xp, grads[other]["W"]) + as_dense(xp, grads[name].pop("W")).T
        cost = penalised_once(xp, params, batch, cost, grads, self.alpha, self._penalised)
        return cost, grads, (encoded, decoded)

    def check(self, data: Batch) -> None:
        """Trust the estimator, which has looked at its data."""

    def evaluate(self, engine: Engine, params: Params, data: Batch) -> dict[str, float]:
        """Return the cost of clean inputs, without penalty and sparsity."""
        full = engine.place(self.full(map_leaves(engine.numpy, params))) if self.tied else params
        a = logits(self.network, engine, full, data.x).astype(np.float64)
        t = engine.numpy(data.x).reshape(len(a), -1).astype(np.float64)
        w = None if data.w is None else engine.numpy(data.w)
        with np.errstate(over="ignore", invalid="ignore"):
            return {"cost": float(self.network.loss.forward(NUMPY, a, t, w)[0])}


def _flat(xp: Namespace, x: Array) -> Array:
    return x if x.ndim == 2 else xp.reshape(x, (x.shape[0], -1))
