"""REINFORCE: an action becomes as much more probable as what followed was better than expected (Williams, 1992)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.agents.deep import DeepMethod, on_numpy
from chainrule.agents.episodes import MOST_STEPS, Episode
from chainrule.agents.objectives import ActorCritic, LikelihoodRatio
from chainrule.agents.ppo import value_of
from chainrule.agents.returns import returns
from chainrule.agents.rollout import Collector, Rollout
from chainrule.agents.vector import Environments
from chainrule.constraints import flag, real, whole
from chainrule.errors import ConfigError, TrainingError
from chainrule.network import Network
from chainrule.seeds import Purpose, generator
from chainrule.train import Learner
from chainrule.types import Batch, Params


@dataclass(frozen=True)
class Reinforce(DeepMethod):
    """The policy gradient from whole episodes, with or without a baseline (Sutton and Barto, 2018, sections 13.3, 13.4).

    ::

        ∇J = - E[ Σₜ (Gₜ - b(sₜ)) ∇ log π(aₜ | sₜ) ]

    b is a value network, learned beside the policy, or 0. No b changes the mean of the estimate, and a good one makes its
    variance smaller. γᵗ before each term is left out, as usual: early and late steps count alike.

    Where a time limit cuts an episode, the baseline's V of its last observation stands for what would have followed;
    without a baseline there is nothing to put there, and the return is cut as well.

    Parameters
    ----------
    baseline : bool
        Whether b is learned.
    episodes : int
        Whole episodes for each step of learning.
    value_share, entropy_share : float
        What the value network's error and the policy's entropy count for.
    """

    name: ClassVar[str] = "reinforce"
    about: ClassVar[str] = "REINFORCE: whole episodes, with a value network as baseline"

    baseline: bool = flag(default=True)
    episodes: int = whole(1, 10_000, default=8)
    value_share: float = real(0, default=0.5)
    entropy_share: float = real(0, default=0.0)

    def objective(self, policy: Network, value: Network) -> ActorCritic:
        """Return the likelihood-ratio cost."""
        return LikelihoodRatio(policy, value if self.baseline else None, self.value_share, self.entropy_share)

    def iterate(
        self, learner: Learner, environments: Environments, steps: int, seed: int, on_episode: Callable[[Episode], None]
    ) -> Iterator[tuple[int, float]]:
        """Collect whole episodes and take a step, in turn."""
        objective, rng = learner.objective, generator(seed, Purpose.SAMPLE)
        assert isinstance(objective, LikelihoodRatio)  # noqa: S101 - made by `objective` above
        if environments.num_envs != 1:
            raise ConfigError(
                "one environment for reinforce, which learns from whole episodes of one policy",
                f"{environments.num_envs} side by side",
                "Give one, or take ppo.",
            )
        collector = Collector(environments, seed, on_episode)
        while collector.steps < steps:
            params = on_numpy(learner)
            episodes = [whole_episode(collector, objective.policy, params, rng) for _ in range(self.episodes)]
            cost = learner.step(self.batch_of(episodes, objective, params, collector.n_actions))
            if not np.isfinite(cost):
                raise TrainingError("a finite cost", f"{cost}", "Learn with a smaller `learning_rate`.")
            yield collector.steps, cost

    def batch_of(self, episodes: list[Rollout], objective: ActorCritic, params: Params, n_actions: int) -> Batch:
        """Return the steps of whole episodes as rows, with rows of weight 0 up to a power of two.

        Episodes are of any length, and JAX compiles a program for each number of rows.
        """
        x = np.concatenate([episode.x[:, 0] for episode in episodes])
        values = value_of(objective, params, x[:, None])[:, 0]
        target = np.concatenate([self._returns(episode, objective, params) for episode in episodes])
        actions, logs = (
            np.concatenate([getattr(e, name)[:, 0] for e in episodes]) for name in ("actions", "log_before")
        )
        n, room = len(x), 1 << (len(x) - 1).bit_length()
        rows = {
            "chosen": np.eye(n_actions)[actions],
            "advantage": target - values,
            "target": target,
            "log_before": logs,
        }
        full = {name: np.concatenate([a, np.zeros((room - n, *a.shape[1:]))]) for name, a in {"x": x, **rows}.items()}
        return Batch(full.pop("x").astype(np.float32), full, (np.arange(room) < n).astype(np.float32))

    def _returns(self, episode: Rollout, objective: ActorCritic, params: Params) -> np.ndarray:
        is_terminal = bool(episode.terminated[-1, 0])
        after = 0.0 if is_terminal else float(value_of(objective, params, episode.next_x[-1:])[0, 0])
        return returns(episode.rewards[:, 0], self.discount, after)


def whole_episode(collector: Collector, policy: Network, params: Params, rng: np.random.Generator) -> Rollout:
    """Return the steps of one whole episode, without the one that only began it."""
    steps: list[Rollout] = []
    while len(steps) < MOST_STEPS:
        one = collector.collect(policy, params["policy"], rng, 1)
        if one.is_step[0, 0]:
            steps.append(one)
            if one.terminated[0, 0] or one.truncated[0, 0]:
                names = Rollout.__dataclass_fields__
                return Rollout(*(np.concatenate([getattr(step, name) for step in steps]) for name in names))
    raise ConfigError(
        f"an episode that ends within {MOST_STEPS:,} steps",
        "one that goes on",
        "Give the environment a time limit (gymnasium.wrappers.TimeLimit), or take ppo.",
    )
