"""Episodes: what one came to, whoever acted in it, and what the best actions of an agent come to in many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from chainrule.agents.environment import Guarded
from chainrule.errors import ConfigError


class Episode(NamedTuple):
    """An episode: how many steps had been taken at its end, the sum of its rewards, and its own steps."""

    at: int
    total: float
    length: int


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Episodes in which nothing was learned: `totals` and `lengths` (n,)."""

    totals: np.ndarray
    lengths: np.ndarray

    @property
    def mean(self) -> float:
        """Mean of the totals."""
        return float(self.totals.mean())

    @property
    def error(self) -> float:
        """Standard error of the mean; nan for one episode."""
        n = len(self.totals)
        return float(self.totals.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")


# Who walks into a wall for ever, in an environment without a time limit, would never come back.
MOST_STEPS = 100_000


def evaluate(
    act: Callable[[Any], int],
    environment: Any,
    *,
    episodes: int,
    seed: int = 0,
    most_steps: int = MOST_STEPS,
    on_step: Callable[[Any], None] | None = None,
) -> Evaluation:
    """Act through whole episodes and return what they came to.

    Parameters
    ----------
    act : function
        From an observation to an action.
    on_step : function
        Called with the environment after each reset and step, such as to draw it.

    Raises
    ------
    ConfigError
        Where an episode does not end within `most_steps`.
    """
    if episodes < 1:
        raise ConfigError("at least one episode", f"{episodes}", "Give a number such as 100.")
    guarded = environment if isinstance(environment, Guarded) else Guarded(environment)
    totals, lengths = np.zeros(episodes), np.zeros(episodes, int)
    for number in range(episodes):
        observation = guarded.reset(seed if number == 0 else None)
        if on_step:
            on_step(guarded.inner)
        for length in range(1, most_steps + 1):
            stepped = guarded.step(act(observation))
            observation = stepped.observation
            totals[number] += stepped.reward
            lengths[number] = length
            if on_step:
                on_step(guarded.inner)
            if stepped.done:
                break
        else:
            raise ConfigError(
                f"an episode that ends within {most_steps:,} steps",
                f"one of {guarded.name} that goes on",
                "Give the environment a time limit (gymnasium.wrappers.TimeLimit).",
            )
    return Evaluation(totals, lengths)
