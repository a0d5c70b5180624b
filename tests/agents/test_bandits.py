"""Strategies choose as their formulas say, and find the better arm."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.agents.bandits import UCB1, Bandit, EpsilonGreedy, Optimistic, Strategy, Tally, Thompson, play
from chainrule.errors import ConfigError

ALL = (EpsilonGreedy(), Optimistic(start_value=2.0), UCB1(), Thompson())


def test_the_mean_is_kept_step_by_step() -> None:
    strategy = EpsilonGreedy()
    tally = strategy.start(2)
    for reward in (1.0, 0.0, 5.0):
        strategy.learn(tally, 1, reward)
    np.testing.assert_allclose(tally.q, [0, 2])


def test_optimism_fades_by_the_step_size() -> None:
    strategy = Optimistic(start_value=5.0, step_size=0.5)
    tally = strategy.start(1)
    strategy.learn(tally, 0, 1.0)
    strategy.learn(tally, 0, 1.0)
    assert tally.q[0] == 2.0  # 5 -> 3 -> 2


def test_ucb_tries_each_arm_and_then_the_highest_bound() -> None:
    rng = np.random.default_rng(0)
    assert UCB1().choose(rng, Tally(np.array([1, 0]), np.zeros(2), np.zeros(2))) == 1
    # √2 √(ln 10 / n): 0.715 at 9 pulls and 2.146 at 1; the bounds are 1.215 and 2.146.
    assert UCB1().choose(rng, Tally(np.array([9, 1]), np.array([0.5, 0.0]), np.zeros(2))) == 1
    assert UCB1(c=0.1).choose(rng, Tally(np.array([9, 1]), np.array([0.5, 0.0]), np.zeros(2))) == 0


def test_thompson_draws_each_arm_as_often_as_it_is_likely_the_best() -> None:
    # Beta(1, 1) against Beta(2, 1): P(the second is larger) = ∫ u · 2u du = 2/3.
    tally = Tally(np.array([0, 1]), np.zeros(2), np.array([0.0, 1.0]))
    rng = np.random.default_rng(0)
    share = np.mean([Thompson().choose(rng, tally) for _ in range(4000)])
    assert abs(share - 2 / 3) < 5 * 0.5 / np.sqrt(4000)


@pytest.mark.parametrize("strategy", ALL, ids=lambda strategy: type(strategy).__name__)
def test_every_strategy_comes_to_prefer_the_better_arm(strategy: Strategy) -> None:
    played = play(Bandit((0.2, 0.8)), strategy, 1000, seed=2)
    assert np.mean(played.arms[-200:]) > 0.8
    np.testing.assert_allclose(played.regret[-1], 0.6 * np.sum(played.arms == 0))


def test_the_same_seed_plays_the_same_game() -> None:
    once, again = (play(Bandit((0.0, 1.0), "gaussian"), UCB1(), 50, seed=7).rewards for _ in range(2))
    assert np.array_equal(once, again)


def test_what_means_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="means from 0 to 1"):
        Bandit((0.0, 2.0))
    with pytest.raises(ConfigError, match="at least two arms"):
        Bandit((1.0,))
    with pytest.raises(ConfigError, match="epsilon of EpsilonGreedy"):
        EpsilonGreedy(epsilon=2)
    with pytest.raises(ConfigError, match="rewards of 0 or 1"):
        play(Bandit((0.0, 2.0), "gaussian"), Thompson(), 5)
