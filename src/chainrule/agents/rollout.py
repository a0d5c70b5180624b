"""Rollouts: what happened in environments side by side, and which of it were steps at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.agents.categorical import draw, log_softmax
from chainrule.agents.environment import count_of, seen
from chainrule.agents.episodes import Episode
from chainrule.agents.vector import Environments, stepped
from chainrule.engine.numpy import NUMPY
from chainrule.errors import TrainingError
from chainrule.network import Network
from chainrule.types import Params


@dataclass(frozen=True, eq=False)
class Rollout:
    """T steps in E environments; all arrays are (T, E) or (T, E, …).

    Attributes
    ----------
    x, next_x : observations before and after each step
        After the last step of an episode that is its own last observation.
    actions, rewards, terminated, truncated : what was done and what came of it
    is_step : bool
        False where an environment only began a new episode: its action was ignored, so nothing can be learned from it.
    log_before : log π(a | s) of the policy that acted
    """

    x: np.ndarray
    next_x: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    is_step: np.ndarray
    log_before: np.ndarray


class Collector:
    """Goes on in environments where it stopped, and counts the episodes."""

    def __init__(self, environments: Environments, seed: int, on_episode: Callable[[Episode], None]) -> None:
        self.environments = environments
        self.space = environments.single_observation_space
        self.n_actions = count_of(environments.single_action_space, "actions")
        self.steps = 0
        self._on_episode = on_episode
        observations, _ = environments.reset(seed=seed)
        self._x = seen(self.space, observations)
        # Whether each environment's next step will only begin a new episode.
        self._begins = np.zeros(environments.num_envs, bool)
        self._totals = np.zeros(environments.num_envs)
        self._lengths = np.zeros(environments.num_envs, int)

    def collect(self, policy: Network, params: Params, rng: np.random.Generator, n_steps: int) -> Rollout:
        """Take `n_steps` steps in each environment, with actions drawn from the policy, on NumPy."""
        rows: list[tuple[Any, ...]] = []
        for _ in range(n_steps):
            logs = log_softmax(NUMPY, policy.forward(NUMPY, params, self._x))
            require_probabilities(logs)
            actions = draw(rng, logs)
            observations, rewards, terminated, truncated = stepped(self.environments, actions)
            is_step, next_x = ~self._begins, seen(self.space, observations)
            log_before = np.take_along_axis(logs, actions[:, None], axis=1)[:, 0]
            rows.append((self._x, next_x, actions, rewards, terminated, truncated, is_step, log_before))
            self._count(rewards, is_step, terminated | truncated)
            self._x, self._begins = next_x, terminated | truncated
        return Rollout(*(np.stack(part) for part in zip(*rows, strict=True)))

    def _count(self, rewards: np.ndarray, is_step: np.ndarray, done: np.ndarray) -> None:
        self._totals += rewards * is_step
        self._lengths += is_step
        self.steps += int(is_step.sum())
        for i in np.flatnonzero(done):
            self._on_episode(Episode(self.steps, float(self._totals[i]), int(self._lengths[i])))
            self._totals[i], self._lengths[i] = 0.0, 0


def require_probabilities(logs: np.ndarray) -> None:
    """Raise TrainingError where the policy is no longer one."""
    if not np.isfinite(logs).all():
        raise TrainingError(
            "a policy of finite logits", "NaN or an infinity", "Learn with a smaller `learning_rate`, or scale rewards."
        )
