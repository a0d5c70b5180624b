"""What all tabular methods share: ε-greedy steps in an environment, and an update after each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from chainrule.agents.bandits import best
from chainrule.agents.environment import Guarded, count_of
from chainrule.agents.episodes import Episode
from chainrule.constraints import check_fields, real
from chainrule.errors import ConfigError
from chainrule.seeds import Purpose, generator


class Step(NamedTuple):
    """s, a, r, s', a': a step, and the action that the policy chose after it."""

    state: int
    action: int
    reward: float
    next_state: int
    next_action: int
    terminated: bool = False
    truncated: bool = False

    @property
    def done(self) -> bool:
        """Whether the episode is over, for either reason."""
        return self.terminated or self.truncated


@dataclass(frozen=True, eq=False)
class Learned:
    """What was learned: q (S, A), and the episodes on the way."""

    q: np.ndarray
    episodes: tuple[Episode, ...]


@dataclass(frozen=True)
class TabularMethod(ABC):
    """A method that keeps a value for each state and action.

    Parameters
    ----------
    discount : float
        γ, what a reward one step later counts for.
    step_size : float
        α, how far a value moves towards its target.
    epsilon, last_epsilon : float
        Probability of a random action, at the first step and, in a straight line from there, at the last.
    """

    name: ClassVar[str]
    about: ClassVar[str]

    discount: float = real(0, 1, default=0.99)
    step_size: float = real(0, 1, default=0.1, low_open=True)
    epsilon: float = real(0, 1, default=0.2)
    last_epsilon: float = real(0, 1, default=0.02)

    def __post_init__(self) -> None:
        """Check the settings."""
        check_fields(self)

    def memory(self, q: np.ndarray) -> Any:
        """Return what the method remembers beside q; nothing by default."""
        return None

    @abstractmethod
    def update(self, q: np.ndarray, step: Step, memory: Any) -> None:
        """Move q, in place, by what a step showed; at the end of an episode, forget it."""

    def learn(
        self,
        environment: Any,
        *,
        steps: int,
        seed: int = 0,
        on_episode: Callable[[Episode], None] | None = None,
    ) -> Learned:
        """Take `steps` steps, episode after episode; return the values.

        Parameters
        ----------
        environment : Environment
            With discrete states and actions.
        on_episode : function
            Called with each episode that has ended.
        """
        if steps < 1:
            raise ConfigError("at least one step", f"{steps}", "Give a number such as 100000.")
        guarded = environment if isinstance(environment, Guarded) else Guarded(environment)
        q = np.zeros((count_of(guarded.observation_space, "observations"), guarded.n_actions))
        rng, memory = generator(seed, Purpose.SAMPLE), self.memory(q)
        episodes: list[Episode] = []
        state, total, length = guarded.reset(seed), 0.0, 0
        action = self._choose(rng, q[state], 0.0)
        for t in range(steps):
            to, reward, terminated, truncated = guarded.step(action)
            after = self._choose(rng, q[to], t / steps)
            self.update(q, Step(state, action, reward, to, after, terminated, truncated), memory)
            state, action, total, length = to, after, total + reward, length + 1
            if terminated or truncated:
                episodes.append(Episode(t + 1, total, length))
                if on_episode:
                    on_episode(episodes[-1])
                state, total, length = guarded.reset(), 0.0, 0
                action = self._choose(rng, q[state], t / steps)
        return Learned(q, tuple(episodes))

    def _choose(self, rng: np.random.Generator, values: np.ndarray, progress: float) -> int:
        """Return a random action with probability ε, else the best."""
        epsilon = self.epsilon + (self.last_epsilon - self.epsilon) * progress
        return int(rng.integers(len(values))) if rng.random() < epsilon else best(rng, values)
