"""Bandits: one choice, made again and again, between arms whose means nobody knows (Sutton and Barto, 2018, chapter 2)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.constraints import check_fields, option, real
from chainrule.errors import ConfigError
from chainrule.seeds import Purpose, generator


@dataclass(frozen=True)
class Bandit:
    """Arms with a mean each; `gaussian` rewards have a deviation of 1 about it, `bernoulli` ones are 1 or 0."""

    means: tuple[float, ...]
    rewards: str = option("bernoulli", "gaussian", default="bernoulli")

    def __post_init__(self) -> None:
        """Look at the means."""
        check_fields(self)
        object.__setattr__(self, "means", tuple(float(mean) for mean in self.means))
        is_share = self.rewards == "bernoulli"
        if len(self.means) < 2 or not np.all(np.isfinite(self.means)):
            raise ConfigError("finite means of at least two arms", f"{self.means}", "Write Bandit((0.2, 0.8)).")
        if is_share and not all(0 <= mean <= 1 for mean in self.means):
            raise ConfigError("means from 0 to 1 of bernoulli arms", f"{self.means}", "Or take `rewards=gaussian`.")

    def pull(self, rng: np.random.Generator, arm: int) -> float:
        """Return a reward of an arm."""
        if self.rewards == "bernoulli":
            return float(rng.random() < self.means[arm])
        return float(rng.normal(self.means[arm], 1.0))


@dataclass(eq=False)
class Tally:
    """What is known of the arms: n (K,) pulls, q (K,) estimates, and `total` (K,) of the rewards."""

    n: np.ndarray
    q: np.ndarray
    total: np.ndarray


@dataclass(frozen=True)
class Strategy(ABC):
    """A way to choose the next arm.

    ::

        Qₙ₊₁ = Qₙ + (Rₙ - Qₙ) / n           the mean so far (2.3)
        Qₙ₊₁ = Qₙ + α (Rₙ - Qₙ)             with a step size α, the recent ones count more (2.5)
    """

    def start(self, arms: int) -> Tally:
        """Return what is known before the first pull."""
        return Tally(np.zeros(arms, int), np.zeros(arms), np.zeros(arms))

    @abstractmethod
    def choose(self, rng: np.random.Generator, tally: Tally) -> int:
        """Return the arm to pull."""

    def learn(self, tally: Tally, arm: int, reward: float) -> None:
        """Take notice of a reward, in place."""
        tally.n[arm] += 1
        tally.total[arm] += reward
        tally.q[arm] += (reward - tally.q[arm]) * self.share(int(tally.n[arm]))

    def share(self, n: int) -> float:
        """Return what the n-th reward of an arm counts for."""
        return 1 / n


@dataclass(frozen=True)
class EpsilonGreedy(Strategy):
    """With probability ε any arm, else the best so far; ties are broken at random."""

    epsilon: float = real(0, 1, default=0.1)

    def __post_init__(self) -> None:
        """Check the settings."""
        check_fields(self)

    def choose(self, rng: np.random.Generator, tally: Tally) -> int:
        """A = argmaxₐ Q(a), or any."""
        if rng.random() < self.epsilon:
            return int(rng.integers(len(tally.q)))
        return best(rng, tally.q)


@dataclass(frozen=True)
class Optimistic(Strategy):
    """Greedy from estimates that start too high: each arm disappoints until it has been tried (2.6)."""

    start_value: float = real(default=5.0)
    step_size: float = real(0, 1, default=0.1, low_open=True)

    def __post_init__(self) -> None:
        """Check the settings."""
        check_fields(self)

    def start(self, arms: int) -> Tally:
        """Q₁ = the start value; with a step size it fades, by (1 - α)ⁿ, and is not forgotten at the first pull."""
        return Tally(np.zeros(arms, int), np.full(arms, self.start_value), np.zeros(arms))

    def choose(self, rng: np.random.Generator, tally: Tally) -> int:
        """A = argmaxₐ Q(a)."""
        return best(rng, tally.q)

    def share(self, n: int) -> float:
        """α."""
        return self.step_size


@dataclass(frozen=True)
class UCB1(Strategy):
    """The arm that may still be the best: its mean and what is not known of it.

    ::

        A = argmaxₐ Q(a) + c √( ln t / n(a) )        each arm once first

    Auer, Cesa-Bianchi and Fischer, 2002, fig. 1, has c = √2, for rewards from 0 to 1.
    """

    c: float = real(0, default=float(np.sqrt(2)))

    def __post_init__(self) -> None:
        """Check the settings."""
        check_fields(self)

    def choose(self, rng: np.random.Generator, tally: Tally) -> int:
        """The upper confidence bound's largest."""
        if not tally.n.all():
            return int(tally.n.argmin())
        return best(rng, tally.q + self.c * np.sqrt(np.log(tally.n.sum()) / tally.n))


@dataclass(frozen=True)
class Thompson(Strategy):
    """An arm as often as it is likely to be the best: draw a mean of each from what is believed, take the largest.

    ::

        bernoulli   θₐ ~ Beta(1 + successes, 1 + failures)          prior Beta(1, 1)
        gaussian    θₐ ~ N(total / (n + 1), 1 / (n + 1))            prior N(0, 1), deviation 1 known

    Thompson, 1933; Russo et al., 2018, algorithm 3.2.
    """

    rewards: str = option("bernoulli", "gaussian", default="bernoulli")

    def __post_init__(self) -> None:
        """Check the settings."""
        check_fields(self)

    def choose(self, rng: np.random.Generator, tally: Tally) -> int:
        """The largest of the means drawn."""
        if self.rewards == "bernoulli":
            return int(rng.beta(1 + tally.total, 1 + tally.n - tally.total).argmax())
        return int(rng.normal(tally.total / (tally.n + 1), 1 / np.sqrt(tally.n + 1)).argmax())

    def learn(self, tally: Tally, arm: int, reward: float) -> None:
        """Count; a bernoulli arm's reward must be 0 or 1."""
        if self.rewards == "bernoulli" and reward not in (0.0, 1.0):
            raise ConfigError("rewards of 0 or 1", f"{reward}", "Take Thompson(`rewards=gaussian`).")
        super().learn(tally, arm, reward)


@dataclass(frozen=True, eq=False)
class Played:
    """What came of it: `arms` and `rewards` (T,), and the `regret` so far (T,), Σ (best mean - mean pulled)."""

    arms: np.ndarray
    rewards: np.ndarray
    regret: np.ndarray
    tally: Tally


def play(bandit: Bandit, strategy: Strategy, pulls: int, *, seed: int = 0) -> Played:
    """Pull arms by a strategy."""
    if pulls < 1:
        raise ConfigError("at least one pull", f"{pulls}", "Give a number such as 1000.")
    rng = generator(seed, Purpose.SAMPLE)
    tally = strategy.start(len(bandit.means))
    arms, rewards = np.zeros(pulls, int), np.zeros(pulls)
    for t in range(pulls):
        arms[t] = strategy.choose(rng, tally)
        rewards[t] = bandit.pull(rng, int(arms[t]))
        strategy.learn(tally, int(arms[t]), float(rewards[t]))
    means = np.asarray(bandit.means)
    return Played(arms, rewards, np.cumsum(means.max() - means[arms]), tally)


def best(rng: np.random.Generator, values: Sequence[float] | Any) -> int:
    """Return the place of the largest value; any of them where several are."""
    values = np.asarray(values)
    ties = np.flatnonzero(values == values.max())
    return int(ties[0] if len(ties) == 1 else rng.choice(ties))
