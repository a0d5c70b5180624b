"""Environments side by side, by Gymnasium's vector interface, which begins an ended episode anew at the *next* step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from chainrule.agents.environment import Guarded
from chainrule.errors import ChainruleError, ConfigError, DataError


class Environments(Protocol):
    """What Gymnasium calls a `VectorEnv`, with the autoreset mode `NEXT_STEP`."""

    num_envs: int
    single_observation_space: Any
    single_action_space: Any

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """Begin all episodes."""

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Take an action in each. One that has ended ignores it, begins anew and says so by a reward of 0."""


class Together:
    """Several environments, stepped one after the other; each is `Guarded`.

    The step after an episode's end ignores its action, and answers with the first observation of the next episode.
    """

    def __init__(self, environments: Sequence[Any]) -> None:
        if not environments:
            raise ConfigError("at least one environment", "none", "Give a list of them.")
        self._members = [one if isinstance(one, Guarded) else Guarded(one) for one in environments]
        self.num_envs = len(self._members)
        self.single_observation_space = self._members[0].observation_space
        self.single_action_space = self._members[0].action_space
        self._ended = np.zeros(self.num_envs, bool)
        self._start = int(self.single_action_space.start)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin all episodes; member i is seeded with seed + i."""
        self._ended[:] = False
        first = [one.reset(None if seed is None else seed + i) for i, one in enumerate(self._members)]
        return np.stack([self._raw(observation) for observation in first]), {}

    def step(self, actions: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Take an action in each member; begin those anew that had ended."""
        observations = []
        rewards = np.zeros(self.num_envs)
        terminated, truncated = np.zeros(self.num_envs, bool), np.zeros(self.num_envs, bool)
        for i, member in enumerate(self._members):
            if self._ended[i]:
                observations.append(self._raw(member.reset()))
            else:
                stepped = member.step(int(actions[i]) - self._start)
                observations.append(self._raw(stepped.observation))
                rewards[i], terminated[i], truncated[i] = stepped[1:]
        self._ended = terminated | truncated
        return np.stack(observations), rewards, terminated, truncated, {}

    def _raw(self, observation: Any) -> Any:
        """Return a state in the space's own counting, as a vector environment would give it."""
        space = self.single_observation_space
        return np.asarray(observation + int(space.start) if type(space).__name__ == "Discrete" else observation)


def as_environments(environment: Any) -> Environments:
    """Return an environment as several side by side; refuse a vector environment that begins anew in another way.

    Raises
    ------
    ConfigError
        Where it resets in the same step, or not at all: which observation belongs to which episode would be mistaken.
    """
    if not hasattr(environment, "num_envs"):
        return Together([environment])
    mode = getattr(environment, "metadata", {}).get("autoreset_mode")
    called = getattr(mode, "name", mode)
    if called not in (None, "NEXT_STEP"):
        raise ConfigError(
            "a vector environment with the autoreset mode NEXT_STEP",
            f"{called}",
            "Make it with autoreset_mode=gymnasium.vector.AutoresetMode.NEXT_STEP.",
        )
    known: Environments = environment
    return known


def stepped(environments: Environments, actions: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray]:
    """Step all, and look at what came: an error is told as the environment's, and rewards must be finite."""
    start = int(environments.single_action_space.start)
    try:
        observations, rewards, terminated, truncated, _ = environments.step(actions + start)
    except ChainruleError:
        raise
    except Exception as error:
        raise DataError(
            "the environment to take a step", f"{type(error).__name__}: {error}", "Mend the environment."
        ) from error
    rewards = np.asarray(rewards, np.float64)
    if not np.isfinite(rewards).all():
        raise DataError(
            "finite rewards from the environment", f"{rewards[~np.isfinite(rewards)][0]}", "Mend the environment."
        )
    return observations, rewards, np.asarray(terminated, bool), np.asarray(truncated, bool)
