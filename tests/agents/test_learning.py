"""Methods with networks learn, alike on both engines, and an agent comes back from its folder as it was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from chainrule.agents import PPO, GridWorld, QLearning, Reinforce, Together, evaluate, iterate_value
from chainrule.agents.deep import DeepMethod, Progress
from chainrule.agents.environment import Guarded
from chainrule.agents.kept import Agent, load_agent, method_named, save_agent
from chainrule.errors import ConfigError, ModelFileError, RunFolderError
from chainrule.tree import leaves


@pytest.mark.parametrize(
    ("method", "steps"),
    [
        (PPO(n_steps=32, batch_size=128, learning_rate=0.01, hidden=(16,)), 8_000),
        (Reinforce(learning_rate=0.02, hidden=(16,)), 8_000),
        (Reinforce(learning_rate=0.02, hidden=(16,), baseline=False), 12_000),
    ],
    ids=["ppo", "baseline", "reinforce"],
)
def test_a_policy_comes_to_walk_the_best_way(method: DeepMethod, steps: int) -> None:
    worlds = Together([GridWorld() for _ in range(8 if isinstance(method, PPO) else 1)])
    policy = method.learn(worlds, steps=steps, seed=0)
    world = Guarded(GridWorld())
    came = evaluate(lambda state: policy.act(world.observation_space, state), world, episodes=1)
    best = iterate_value(GridWorld().dynamics, discount=1.0).v[GridWorld().start]
    np.testing.assert_allclose(came.totals, [best])


def test_both_engines_learn_the_same() -> None:
    method = PPO(n_steps=8, batch_size=16, epochs=2, hidden=(4,))
    a, b = (method.learn(Together([GridWorld()] * 4), steps=60, seed=3, engine=engine) for engine in ("numpy", "jax"))
    for (path, one), (_, other) in zip(leaves(a.params), leaves(b.params), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5, err_msg=path)


def test_the_same_seed_learns_the_same_to_the_bit_and_progress_is_told() -> None:
    told: list[Progress] = []
    method = Reinforce(episodes=2, hidden=(4,))
    once, again = (
        method.learn(GridWorld(limit=20), steps=100, seed=5, on_progress=told.append).params for _ in range(2)
    )
    for (_, one), (_, other) in zip(leaves(once), leaves(again), strict=True):
        assert np.array_equal(one, other)
    assert told[0].steps < told[len(told) // 2 - 1].steps >= 100


@pytest.mark.parametrize("name", ["ppo", "q"])
def test_an_agent_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    method = method_named(name, {"discount": 0.9})
    agent = Agent("GridWorld", method, method.learn(GridWorld(limit=30), steps=300, seed=1), 1)
    save_agent(agent, tmp_path / "agent")
    back = load_agent(tmp_path / "agent")
    assert (back.environment, back.method, back.seed) == ("GridWorld", method, 1)
    assert tuple(back.episodes) == tuple(agent.episodes)
    world = Guarded(GridWorld())
    assert [back.act(world, s) for s in range(12)] == [agent.act(world, s) for s in range(12)]
    back.check(world)
    with pytest.raises(ConfigError, match=r"of 12 inputs and 4 actions.*got 4 and 4"):
        back.check(Guarded(GridWorld(("S.", ".G"))))


def test_a_damaged_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="the folder of an agent"):
        load_agent(tmp_path)
    save_agent(Agent("GridWorld", QLearning(), QLearning().learn(GridWorld(), steps=5)), tmp_path)
    about = json.loads((tmp_path / "agent.json").read_text())
    for wrong in ({**about, "format": 2}, {**about, "settings": 3}, {**about, "method": "ppo"}, [], {"format": 1}):
        (tmp_path / "agent.json").write_text(json.dumps(wrong))
        with pytest.raises((ModelFileError, ConfigError)):
            load_agent(tmp_path)


def test_a_misspelt_method_or_setting_is_told() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'ppo'"):
        method_named("pp")
    with pytest.raises(ConfigError, match=r"a setting of q; got 'dicount'\. Did you mean 'discount'"):
        method_named("q", {"dicount": 1})
