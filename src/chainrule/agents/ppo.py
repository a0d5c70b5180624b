"""PPO: several steps on the same experience, kept near the policy that made it (Schulman et al., 2017)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.agents.deep import DeepMethod, on_numpy
from chainrule.agents.episodes import Episode
from chainrule.agents.objectives import ActorCritic, ClippedSurrogate
from chainrule.agents.returns import advantages
from chainrule.agents.rollout import Collector, Rollout
from chainrule.agents.vector import Environments
from chainrule.constraints import real, whole
from chainrule.engine import placed
from chainrule.engine.numpy import NUMPY
from chainrule.errors import TrainingError
from chainrule.network import Network
from chainrule.seeds import Purpose, generator
from chainrule.train import Learner
from chainrule.train.batches import epoch_rows
from chainrule.types import Batch, Params


@dataclass(frozen=True)
class PPO(DeepMethod):
    """Proximal policy optimisation, for discrete actions.

    ::

        for ever:   T steps in each of E environments with π
                    A by `advantages`, G = A + V;   A ← (A - mean A) / deviation of A
                    for each epoch, for each batch:   a step of Adam down `ClippedSurrogate`

    Parameters
    ----------
    n_steps : int
        T.
    epochs, batch_size : int
        How often each step is learned from, and how many in a batch.
    decay : float
        λ of the advantages: 0 trusts the value network, 1 what came.
    clip : float
        ε, how far from 1 the ratio of new to old probability is rewarded.
    value_share, entropy_share : float
        What the value network's error and the policy's entropy count for beside it.
    """

    name: ClassVar[str] = "ppo"
    about: ClassVar[str] = "PPO: clipped steps of a policy network, with a value network"

    n_steps: int = whole(1, 100_000, default=64)
    epochs: int = whole(1, 1000, default=10)
    batch_size: int = whole(2, 1_000_000, default=256)
    decay: float = real(0, 1, default=0.95)
    clip: float = real(0, low_open=True, default=0.2)
    value_share: float = real(0, default=0.5)
    entropy_share: float = real(0, default=0.0)

    def objective(self, policy: Network, value: Network) -> ActorCritic:
        """Return the clipped surrogate."""
        return ClippedSurrogate(policy, value, self.value_share, self.entropy_share, self.clip)

    def iterate(
        self, learner: Learner, environments: Environments, steps: int, seed: int, on_episode: Callable[[Episode], None]
    ) -> Iterator[tuple[int, float]]:
        """Collect and learn in turn."""
        objective, rng = learner.objective, generator(seed, Purpose.SAMPLE)
        assert isinstance(objective, ClippedSurrogate)  # noqa: S101 - made by `objective` above
        collector = Collector(environments, seed, on_episode)
        epoch = 0
        while collector.steps < steps:
            params = on_numpy(learner)
            rollout = collector.collect(objective.policy, params["policy"], rng, self.n_steps)
            batch = placed(learner.engine, self.batch_of(rollout, objective, params, collector.n_actions))
            costs = []
            for _ in range(self.epochs):
                rows = epoch_rows(batch.n_samples, min(self.batch_size, batch.n_samples), seed=seed, epoch=epoch)
                costs.append(learner.engine.numpy(learner.steps(batch, rows)).mean())
                epoch += 1
            cost = float(np.mean(costs))
            if not np.isfinite(cost):
                raise TrainingError("a finite cost", f"{cost}", "Learn with a smaller `learning_rate`.")
            yield collector.steps, cost

    def batch_of(self, rollout: Rollout, objective: ActorCritic, params: Params, n_actions: int) -> Batch:
        """Return a rollout as rows (T E, …); what was no step has weight 0, so that all rollouts have one shape."""
        shape = rollout.actions.shape
        values, next_values = (value_of(objective, params, x) for x in (rollout.x, rollout.next_x))
        a = advantages(
            rollout.rewards, values, next_values, rollout.terminated, rollout.truncated, self.discount, self.decay
        )
        target, counts = a + values, rollout.is_step
        # One reward in hundreds of equal ones must not be divided by a deviation of nothing.
        a = (a - a[counts].mean()) / (a[counts].std() + 1e-8)
        t = {
            "chosen": np.eye(n_actions)[rollout.actions],
            "advantage": np.where(counts, a, 0.0),
            "target": np.where(counts, target, 0.0),
            "log_before": rollout.log_before,
        }
        n = shape[0] * shape[1]
        rows = {name: array.reshape(n, *array.shape[2:]) for name, array in t.items()}
        return Batch(rollout.x.reshape(n, -1), rows, counts.reshape(n).astype(np.float32))


def value_of(objective: ActorCritic, params: Params, x: np.ndarray) -> np.ndarray:
    """Return V of observations (T, E, D), as (T, E)."""
    if objective.value is None:
        return np.zeros(x.shape[:2])
    flat = objective.value.forward(NUMPY, params["value"], x.reshape(-1, x.shape[-1]))
    return np.asarray(flat, np.float64).reshape(x.shape[:2])
