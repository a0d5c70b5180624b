"""What a Boltzmann machine learns by: the data's free energy against that of what the machine dreams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.engine import Engine
from chainrule.nn.boltzmann import Boltzmann
from chainrule.types import Array, Batch, Context, Namespace, Params

# Numbers that a step's key is folded with; each of the k sweeps has two of its own behind them.
_START, _SWEEP = 1, 2


@dataclass(frozen=True)
class Contrast:
    """J = mean F(v) - mean F(v'), where v' is drawn by k sweeps of Gibbs sampling, and counts as a constant.

    ::

        forward    J  = Σₙ wₙ F(vₙ) / Σₙ wₙ - Σₘ wₘ F(v'ₘ) / Σₘ wₘ + ½ α ΣW²
        backward   dW = ⟨v h⟩v' - ⟨v h⟩v + α W      db = ⟨v⟩v' - ⟨v⟩v      dc = ⟨h⟩v' - ⟨h⟩v

    The sweeps start at the batch (contrastive divergence), or go on where those of the step before have ended (persistent
    chains: the state `chain`, hidden units of as many chains as a batch has rows).

    Source: Hinton, 2002, Training products of experts by minimizing contrastive divergence, eq. 5; Tieleman, 2008, Training
    restricted Boltzmann machines using approximations to the likelihood gradient, section 2.

    Parameters
    ----------
    machine : Boltzmann
    n_visible, n_hidden : int
    sweeps : int
        k.
    chains : int
        Persistent chains; 0 for none.
    alpha : float
        α.
    """

    machine: Boltzmann
    n_visible: int
    n_hidden: int
    sweeps: int = 1
    chains: int = 0
    alpha: float = 0.0

    @property
    def is_random(self) -> bool:
        """Chains are drawn."""
        return True

    @property
    def operations(self) -> int:
        """A product with the weights up, and two for each sweep."""
        return 2 * self.n_visible * self.n_hidden * (1 + 2 * self.sweeps)

    @property
    def has_state(self) -> bool:
        """Whether there are chains that persist."""
        return self.chains > 0

    def init(self, rng: np.random.Generator) -> Params:
        """Return small weights, biases of zero, and chains that start with all hidden units off."""
        params: dict[str, np.ndarray] = {
            "W": rng.normal(0, 0.01, (self.n_visible, self.n_hidden)),
            "b": np.zeros(self.n_visible),
            "c": np.zeros(self.n_hidden),
        }
        return {**params, "chain": np.zeros((self.chains, self.n_hidden))} if self.chains else params

    def loss_and_grads(self, xp: Namespace, params: Params, batch: Batch, ctx: Context) -> tuple[Array, Params]:
        """J and its gradients."""
        cost, grads, _ = self.loss_grads_and_state(xp, params, batch, ctx)
        return cost, grads

    def loss_grads_and_state(
        self, xp: Namespace, params: Params, batch: Batch, ctx: Context, keep: float | None = None
    ) -> tuple[Array, Params, Params]:
        """J, its gradients, and the chains as they stand after the sweeps."""
        v, share = batch.x, _shares(xp, batch, params["W"])
        if self.chains:
            h = params["chain"]
            below = xp.ones_like(h[:, :1]) / self.chains
        else:
            h = self.machine.draw_hidden(xp, self.machine.hidden(xp, params, v), xp.fold(ctx.key, _START))
            below = share
        dreamt, h = self.dream(xp, params, h, ctx.key)
        cost, grads = self.contrast(xp, params, v, share, dreamt, below)
        return cost, grads, {"chain": h} if self.chains else {}

    def dream(self, xp: Namespace, params: Params, h: Array, key: Any) -> tuple[Array, Array]:
        """Return v (M, D) and h (M, H) after k sweeps from the hidden units h (M, H)."""
        machine = self.machine
        v: Array = None
        for sweep in range(self.sweeps):
            number = _SWEEP + 2 * sweep
            v = machine.draw_visible(xp, machine.visible_mean(xp, params, h), xp.fold(key, number))
            h = machine.draw_hidden(xp, machine.hidden(xp, params, v), xp.fold(key, number + 1))
        return v, h

    def contrast(
        self, xp: Namespace, params: Params, v: Array, share: Array, dreamt: Array, below: Array
    ) -> tuple[Array, Params]:
        """Return J and its gradients, of data v and of what was dreamt, with what each row counts for (N, 1)."""
        machine, W = self.machine, params["W"]
        # Energies and statistics read the same drive: two of the step's products less.
        above, beneath = machine.drive(params, v), machine.drive(params, dreamt)
        cost = xp.sum(machine.free_energy(xp, params, v, above) * share[:, 0])
        cost = cost - xp.sum(machine.free_energy(xp, params, dreamt, beneath) * below[:, 0])
        seen = machine.statistics(xp, params, v, share, above)
        made = machine.statistics(xp, params, dreamt, below, beneath)
        grads = {name: made[name] - seen[name] for name in seen}
        if self.alpha:
            cost, grads["W"] = cost + 0.5 * self.alpha * xp.vdot(W, W), grads["W"] + self.alpha * W
        if self.chains:
            grads["chain"] = xp.zeros_like(params["chain"])
        return cost, grads

    def check(self, data: Batch) -> None:
        """Trust the estimator, which has looked at its data."""

    def evaluate(self, engine: Engine, params: Params, data: Batch) -> dict[str, float]:
        """Return the mean free energy, which is comparable between data sets under the same weights alone."""
        F = self.machine.free_energy(engine.xp, params, data.x)
        return {"cost": float(engine.numpy(F).mean())}


def _shares(xp: Namespace, batch: Batch, like: Array) -> Array:
    """Return w / Σ w (N, 1)."""
    if batch.w is None:
        return xp.zeros((batch.n_samples, 1), like.dtype) + 1.0 / batch.n_samples
    w = xp.cast(batch.w, like.dtype.name)
    total = xp.sum(w)
    return xp.reshape(w / xp.where(total > 0, total, xp.ones_like(total)), (-1, 1))
