"""What a policy minimises: the likelihood-ratio cost of REINFORCE and the clipped one of PPO, each above its derivative."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.agents.categorical import entropy, entropy_dz, log_probability_dz, log_softmax
from chainrule.engine import Engine, placed
from chainrule.errors import ShapeError
from chainrule.network import Network
from chainrule.types import Array, Batch, Context, Namespace, Params


@dataclass(frozen=True)
class ActorCritic(ABC):
    """A policy and a value network side by side; `policy_cost` is the method's own.

    ::

        J  = Σₙ wₙ [ Pₙ + c_v ½ (V(sₙ) - Gₙ)² - c_H Hₙ ] / Σₙ wₙ
        dz = wₙ/Σw ( ∂Pₙ/∂z - c_H ∂Hₙ/∂z )          dV = wₙ/Σw c_v (V - G)

    A batch has x, the observations (N, D), and t, a mapping: `chosen` (N, A) is 1 at the action taken, `advantage` (N,),
    `target` (N,) is G, and `log_before` (N,) is log π(a | s) of the policy that acted. A row of weight 0 is no step.

    Parameters
    ----------
    policy : Network
        From observations to the logits z (N, A).
    value : Network, optional
        From observations to V (N, 1).
    value_share, entropy_share : float
        c_v and c_H.
    """

    policy: Network
    value: Network | None = None
    value_share: float = 0.5
    entropy_share: float = 0.0

    @property
    def is_random(self) -> bool:
        """Whether a layer draws random numbers."""
        return self.policy.layer.is_random or (self.value is not None and self.value.layer.is_random)

    @property
    def operations(self) -> int:
        """Multiplications and additions of one sample's forward pass."""
        return self.policy.operations + (self.value.operations if self.value else 0)

    def init(self, rng: np.random.Generator) -> Params:
        """Return initial parameters under `policy` and `value`."""
        params = {"policy": self.policy.init(rng)}
        return params | ({"value": self.value.init(rng)} if self.value else {})

    @abstractmethod
    def policy_cost(self, xp: Namespace, log_taken: Array, t: Any) -> tuple[Array, Array]:
        """Return P (N,) and ∂P/∂ log π(a | s) (N,)."""

    def loss_and_grads(self, xp: Namespace, params: Params, batch: Batch, ctx: Context) -> tuple[Array, Params]:
        """J and its gradients."""
        t, share = batch.t, _shares(xp, batch)
        z, cache = self.policy.layer.forward(xp, params["policy"], batch.x, ctx.child(xp, 0))
        logs = log_softmax(xp, z)
        costs, d_log = self.policy_cost(xp, xp.sum(logs * t["chosen"], axis=-1), t)
        costs = costs - self.entropy_share * entropy(xp, logs)
        dz = d_log[:, None] * log_probability_dz(xp, logs, t["chosen"]) - self.entropy_share * entropy_dz(xp, logs)
        grads = {"policy": self.policy.layer.gradients(xp, params["policy"], cache, share[:, None] * dz)}
        if self.value is not None:
            v, cache = self.value.layer.forward(xp, params["value"], batch.x, ctx.child(xp, 1))
            error = v[:, 0] - t["target"]
            costs = costs + self.value_share * 0.5 * error * error
            dv = (share * self.value_share * error)[:, None]
            grads["value"] = self.value.layer.gradients(xp, params["value"], cache, dv)
        return xp.sum(share * costs), grads

    def check(self, data: Batch) -> None:
        """Raise ShapeError unless the batch has observations and what belongs to each."""
        n, wanted = len(data.x), {"chosen", "advantage", "target", "log_before"}
        came = set(data.t) if isinstance(data.t, dict) else set()
        if not wanted <= came:
            raise ShapeError(f"t with {', '.join(sorted(wanted))}", f"{sorted(came)}", "Give all of them (N, …).")
        shapes = {"chosen": (n, *self.policy.output_shape), "advantage": (n,), "target": (n,), "log_before": (n,)}
        for name, shape in {"x": (n, *self.policy.input_shape), **shapes}.items():
            array = data.x if name == "x" else data.t[name]
            if np.shape(array) != shape:
                raise ShapeError(f"{name} of shape {shape}", f"{np.shape(array)}", "Give a row for each step.")

    def evaluate(self, engine: Engine, params: Params, data: Batch) -> dict[str, float]:
        """Return the cost of a batch."""
        cost, _ = self.loss_and_grads(engine.xp, params, placed(engine, data), Context())
        return {"cost": float(engine.numpy(cost))}


@dataclass(frozen=True)
class LikelihoodRatio(ActorCritic):
    """The policy gradient of REINFORCE (Williams, 1992; Sutton and Barto, 2018, 13.11).

    ::

        Pₙ = - Aₙ log π(aₙ | sₙ)           ∂Pₙ/∂log π = - Aₙ
    """

    def policy_cost(self, xp: Namespace, log_taken: Array, t: Any) -> tuple[Array, Array]:
        """- A log π."""
        return -t["advantage"] * log_taken, -t["advantage"]


@dataclass(frozen=True)
class ClippedSurrogate(ActorCritic):
    """The clipped objective of PPO (Schulman et al., 2017, eq. 7).

    ::

        ρₙ = π(aₙ | sₙ) / π_before(aₙ | sₙ)
        Pₙ = - min( ρₙ Aₙ, clip(ρₙ, 1 - ε, 1 + ε) Aₙ )
        ∂Pₙ/∂log π = - ρₙ Aₙ where the first is the smaller or both are equal, else 0

    Once the ratio has left the interval in the direction that A wants, there is no more to be had by going on.
    """

    clip: float = 0.2

    def policy_cost(self, xp: Namespace, log_taken: Array, t: Any) -> tuple[Array, Array]:
        """- min(ρ A, clip(ρ) A)."""
        a = t["advantage"]
        ratio = xp.exp(log_taken - t["log_before"])
        free, clipped = ratio * a, xp.clip(ratio, 1 - self.clip, 1 + self.clip) * a
        return -xp.minimum(free, clipped), xp.where(free <= clipped, -free, xp.zeros_like(free))


def _shares(xp: Namespace, batch: Batch) -> Array:
    """Return what each row counts for (N,); rows of weight 0 for nothing, and a batch of none but those for nothing."""
    w = xp.ones_like(batch.t["advantage"]) if batch.w is None else batch.w
    total = xp.sum(w)
    return w / xp.where(total > 0, total, xp.ones_like(total))
