"""Planning agrees with itself by three ways, and with values known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.agents.dynamics import Dynamics, dynamics_of
from chainrule.agents.grid_world import GridWorld
from chainrule.agents.planning import evaluate_policy, iterate_policy, iterate_value
from chainrule.errors import ConfigError, ShapeError, TrainingError

# s0: action 0 ends with 1; action 1 goes to s1 with 0. s1: both end with 4.
TWO = Dynamics(np.array([[[0, 0], [0, 1]], [[0, 0], [0, 0]]], float), np.array([[1.0, 0.0], [4.0, 4.0]]))


def test_a_policy_is_worth_what_it_is_by_hand() -> None:
    # V(s0) = ½·1 + ½·½·4
    np.testing.assert_allclose(evaluate_policy(TWO, np.full((2, 2), 0.5), discount=0.5), [1.5, 4])
    np.testing.assert_allclose(evaluate_policy(TWO, np.array([0, 0]), discount=0.5), [1, 4])


def test_the_best_action_depends_on_the_discount() -> None:
    assert iterate_value(TWO, discount=0.5).actions[0] == 1
    assert iterate_value(TWO, discount=0.2).actions[0] == 0


def test_the_slippery_grid_is_walked_the_long_way_round() -> None:
    # Its policy is that of Russell and Norvig, 2020, fig. 17.2: away from the pit, even where that is longer.
    world = GridWorld(slip=0.1)
    assert world.arrows(iterate_value(world.dynamics, discount=1.0).actions) == "→→→G\n↑#↑X\n↑←←←"


@pytest.mark.parametrize("slip", [0.0, 0.1, 0.4])
def test_policy_iteration_and_value_iteration_agree(slip: float) -> None:
    dynamics = GridWorld(("....#...", ".X....#.", "..#.X...", "S.....#G"), slip=slip).dynamics
    by_policy, by_value = iterate_policy(dynamics, discount=0.95), iterate_value(dynamics, discount=0.95)
    np.testing.assert_allclose(by_policy.v, by_value.v, atol=1e-8)
    assert np.array_equal(by_policy.best, by_value.best)
    np.testing.assert_allclose(evaluate_policy(dynamics, by_value.actions, discount=0.95), by_value.v, atol=1e-8)


def test_values_that_never_settle_are_told() -> None:
    for_ever = Dynamics(np.ones((1, 1, 1)), np.ones((1, 1)))
    with pytest.raises(TrainingError, match="discount below 1"):
        evaluate_policy(for_ever, np.array([0]), most_sweeps=50)


def test_what_are_no_probabilities_is_refused() -> None:
    with pytest.raises(ConfigError, match="sum to at most 1"):
        Dynamics(np.ones((2, 1, 2)), np.zeros((2, 1)))
    with pytest.raises(ShapeError, match="p of shape"):
        Dynamics(np.ones((2, 1, 3)), np.zeros((2, 1)))
    with pytest.raises(ShapeError, match="a policy of probabilities"):
        evaluate_policy(TWO, np.ones((2, 2)))


def test_the_dynamics_are_those_of_the_steps() -> None:
    world = GridWorld(slip=0.2)
    rng, n = np.random.default_rng(0), 4000
    world.reset(seed=1)
    counts, reward, from_, action = np.zeros(12), 0.0, 2, int(rng.integers(4))
    for _ in range(n):
        world._at = from_
        to, r, ends, _, _ = world.step(action)
        counts[to] += not ends
        reward += r
    p, r = world.dynamics.p[from_, action], world.dynamics.r[from_, action]
    np.testing.assert_allclose(counts / n, p, atol=5 * 0.5 / np.sqrt(n))
    assert abs(reward / n - r) < 5 / np.sqrt(n)


def test_an_environment_that_tells_no_probabilities_is_named() -> None:
    with pytest.raises(ConfigError, match="got object"):
        dynamics_of(object())


def test_frozen_lake_is_solved_alike_by_both_ways() -> None:
    gymnasium = pytest.importorskip("gymnasium", reason="the extra chainrule[rl] is not installed")
    env = gymnasium.make("FrozenLake-v1", map_name="8x8", is_slippery=True)
    dynamics = dynamics_of(env)
    by_policy, by_value = iterate_policy(dynamics), iterate_value(dynamics)
    np.testing.assert_allclose(by_policy.v, by_value.v, atol=1e-7)
    assert np.array_equal(by_policy.best, by_value.best)
