"""Rollouts keep episodes apart: the step that only begins a new one is none, and a last observation stays its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from chainrule.agents import PPO, Reinforce, Together
from chainrule.agents.environment import Box, Discrete
from chainrule.agents.episodes import Episode
from chainrule.agents.reinforce import whole_episode
from chainrule.agents.rollout import Collector
from chainrule.agents.vector import as_environments
from chainrule.errors import ConfigError
from chainrule.network import Network
from chainrule.nn import Dense, SoftmaxCrossEntropy, SquaredError


@dataclass
class Count:
    """Counts 0, 1, 2, 3 = the end; the reward is the count. With a limit it is cut off there instead."""

    limit: int = 99
    start_action: int = 0
    observation_space: Box = field(default=Box((1,)))
    action_space: Discrete = field(default=Discrete(2))
    asked: list[int] = field(default_factory=list)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict[str, Any]]:
        self.at = 0
        return np.array([0.0]), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        self.asked.append(action)
        self.at += 1
        ends = self.at == 3
        return np.array([float(self.at)]), float(self.at), ends, not ends and self.at == self.limit, {}


def collected(environments: Any, n: int = 6) -> tuple[Any, list[Episode]]:
    episodes: list[Episode] = []
    network = Network([Dense(2)], (1,), SoftmaxCrossEntropy())
    collector = Collector(as_environments(environments), 0, episodes.append)
    return collector.collect(network, network.init(np.random.default_rng(0)), np.random.default_rng(0), n), episodes


def test_an_episode_and_the_next_are_kept_apart() -> None:
    rollout, episodes = collected(Count())
    assert rollout.x[:, 0, 0].tolist() == [0, 1, 2, 3, 0, 1]
    assert rollout.next_x[:, 0, 0].tolist() == [1, 2, 3, 0, 1, 2]
    assert rollout.is_step[:, 0].tolist() == [True, True, True, False, True, True]
    assert rollout.terminated[:, 0].tolist() == [False, False, True, False, False, False]
    assert episodes == [Episode(3, 6.0, 3)]


def test_what_was_no_step_counts_for_nothing_and_the_rest_by_hand() -> None:
    method = PPO(discount=0.5, decay=1.0)
    network = Network([Dense(2)], (1,), SoftmaxCrossEntropy())
    objective = method.objective(network, network)
    objective = type(objective)(network)
    rollout, _ = collected(Count())
    batch = method.batch_of(rollout, objective, {}, 2)
    assert batch.w is not None
    assert batch.w.tolist() == [1, 1, 1, 0, 1, 1]
    # Without values: G = 1 + ½ (2 + ½·3), 2 + ½·3, 3 | - | 1 + ½·2, 2 (cut by the rollout's end, where V is 0).
    assert batch.t["target"].tolist() == [2.75, 3.5, 3.0, 0.0, 2.0, 2.0]
    counted = batch.t["advantage"][batch.w > 0]
    assert abs(counted.mean()) < 1e-9
    assert abs(counted.std() - 1) < 1e-6


def test_environments_side_by_side_begin_anew_each_at_its_own_time() -> None:
    rollout, episodes = collected(Together([Count(), Count(limit=2)]))
    assert rollout.is_step.T.tolist() == [[1, 1, 1, 0, 1, 1], [1, 1, 0, 1, 1, 0]]
    assert rollout.truncated[:, 1].tolist() == [0, 1, 0, 0, 1, 0]
    assert [(episode.total, episode.length) for episode in episodes] == [(3.0, 2), (6.0, 3), (3.0, 2)]


def test_the_time_limit_leaves_its_own_last_observation() -> None:
    rollout, _ = collected(Count(limit=2))
    assert rollout.next_x[1, 0, 0] == 2.0
    assert rollout.truncated[1, 0]


def test_reinforce_learns_from_no_step_that_only_begins_an_episode() -> None:
    environment = Count()
    policy = Reinforce(episodes=2, hidden=(4,)).learn(environment, steps=12)
    assert [episode.length for episode in policy.episodes] == [3] * 4
    assert len(environment.asked) == 12


def test_another_way_to_begin_anew_is_refused() -> None:
    other = SimpleNamespace(num_envs=2, metadata={"autoreset_mode": SimpleNamespace(name="SAME_STEP")})
    with pytest.raises(ConfigError, match="NEXT_STEP; got SAME_STEP"):
        as_environments(other)
    with pytest.raises(ConfigError, match="one environment for reinforce"):
        Reinforce().learn(Together([Count(), Count()]), steps=4)


@pytest.mark.parametrize("kind", ["sync", "vector_entry_point"])
def test_gymnasiums_vector_environments_are_read_the_same_way(kind: str) -> None:
    gymnasium = pytest.importorskip("gymnasium", reason="the extra chainrule[rl] is not installed")
    environments = gymnasium.make_vec("CartPole-v1", 2, vectorization_mode=kind)
    network = Network([Dense(2)], (4,), SoftmaxCrossEntropy())
    episodes: list[Episode] = []
    collector = Collector(as_environments(environments), 0, episodes.append)
    rng = np.random.default_rng(0)
    rollout = collector.collect(network, network.init(rng), rng, 60)
    done = rollout.terminated | rollout.truncated
    assert np.array_equal(rollout.is_step[1:], ~done[:-1])
    assert (~rollout.is_step).sum() >= 2
    # A pole at its first observation stands; where the episode ended it had fallen, or the cart was out.
    assert np.abs(rollout.next_x[~rollout.is_step]).max() <= 0.05
    last = rollout.next_x[done]
    assert ((np.abs(last[:, 2]) > 0.2) | (np.abs(last[:, 0]) > 2.4)).all()
    assert (rollout.rewards[rollout.is_step] == 1).all()


@pytest.mark.parametrize(
    ("limit", "targets"),
    [
        # To the terminal state: 1 + ½ (2 + ½·3), 2 + ½·3, 3, of both episodes.
        (99, [2.75, 3.5, 3.0]),
        # Cut after two steps, where V is 8: 1 + ½ (2 + ½·8), 2 + ½·8.
        (2, [4.0, 6.0]),
    ],
)
def test_reinforce_counts_whole_episodes_by_hand(limit: int, targets: list[float]) -> None:
    policy = Network([Dense(2)], (1,), SoftmaxCrossEntropy())
    value = Network([Dense(1)], (1,), SquaredError())
    params = {
        "policy": policy.init(np.random.default_rng(0)),
        "value": {"dense1": {"W": np.zeros((1, 1)), "b": np.full(1, 8.0)}},
    }
    method = Reinforce(discount=0.5)
    collector = Collector(as_environments(Count(limit)), 0, lambda episode: None)
    rng = np.random.default_rng(0)
    episodes = [whole_episode(collector, policy, params, rng) for _ in range(2)]
    batch = method.batch_of(episodes, method.objective(policy, value), params, 2)
    counted = batch.w > 0
    assert batch.t["target"][counted].tolist() == targets * 2
    assert batch.t["advantage"][counted].tolist() == [target - 8 for target in targets * 2]
    assert batch.x[counted, 0].tolist() == [*range(len(targets))] * 2
