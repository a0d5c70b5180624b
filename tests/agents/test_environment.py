"""What an environment does wrong is told in one sentence, with what to do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from chainrule.agents import PPO, GridWorld, QLearning, Together, evaluate
from chainrule.agents.environment import Box, Discrete, Guarded
from chainrule.agents.making import make, make_many, names
from chainrule.errors import ConfigError, DataError, ShapeError


class Broken:
    """An environment that answers as it is told to."""

    def __init__(self, **answers: Any) -> None:
        self.observation_space: Any = answers.get("observations", Box((2,)))
        self.action_space: Any = answers.get("actions", Discrete(2))
        self._first = answers.get("first", (np.zeros(2), {}))
        self._answer: Callable[[int], Any] = answers.get("step", lambda a: (np.zeros(2), 1.0, False, False, {}))

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        return self._first

    def step(self, action: int) -> Any:
        return self._answer(action)


class Old:
    """As gym was before 0.26."""

    observation_space, action_space = Box((2,)), Discrete(2)

    def reset(self) -> Any:
        return np.zeros(2)

    def step(self, action: int) -> Any:
        return np.zeros(2), 1.0, False, {}


def fails(_: int) -> Any:
    raise RuntimeError("the simulator is gone")


@pytest.mark.parametrize(
    ("environment", "kind", "message"),
    [
        (Broken(step=fails), DataError, "RuntimeError: the simulator is gone"),
        (Broken(step=lambda a: (np.zeros(2), float("nan"), False, False, {})), DataError, "finite rewards.*got nan"),
        (Broken(step=lambda a: (np.full(2, np.nan), 1.0, False, False, {})), DataError, "finite observations.*got nan"),
        (Broken(step=lambda a: (np.zeros(3), 1.0, False, False, {})), ShapeError, r"shape \(2,\).*got .*\(3,\)"),
        (Broken(step=lambda a: (np.zeros(2), 1.0, False, {})), ConfigError, "4 parts from step, as of the old gym"),
        (Broken(first=np.zeros(2)), ConfigError, "reset that returns ndarray, as of the old gym"),
        (Old(), ConfigError, "reset that takes no seed, as of the old gym"),
        (Broken(actions=Box((1,))), ConfigError, r"actions from a Discrete space; got the space Box\(shape=\(1,\)\)"),
        (Broken(observations=Box((8, 8, 3))), ConfigError, r"got the space Box\(shape=\(8, 8, 3\)\)"),
        (Broken(observations=Discrete(2), first=(5, {})), DataError, "got 5"),
        (SimpleNamespace(reset=1), ConfigError, "without step"),
    ],
)
def test_an_environment_that_is_none_is_told(environment: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        PPO(n_steps=4).learn(environment, steps=8)


def test_a_table_needs_states_that_can_be_counted() -> None:
    with pytest.raises(ConfigError, match="Take a method with a network"):
        QLearning().learn(Broken(), steps=8)


def test_a_vector_environment_that_fails_is_told() -> None:
    environments: Any = Together([GridWorld()])
    environments.step = fails
    with pytest.raises(DataError, match="the simulator is gone"):
        PPO(n_steps=4).learn(environments, steps=8)


def test_actions_and_states_may_be_counted_from_another_number() -> None:
    asked: list[int] = []

    def step(action: int) -> Any:
        asked.append(action)
        return 7, 1.0, True, False, {}

    environment = Broken(observations=Discrete(1, start=7), actions=Discrete(2, start=5), first=(7, {}), step=step)
    QLearning(epsilon=1.0).learn(environment, steps=20)
    PPO(n_steps=4).learn(environment, steps=20)
    assert set(asked) == {5, 6}


def test_an_episode_without_an_end_is_told() -> None:
    with pytest.raises(ConfigError, match="time limit"):
        evaluate(lambda observation: 0, Broken(), episodes=1, most_steps=20)


def test_our_own_environments_need_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    assert make("GridWorld").n_actions == 4
    assert make_many("SlipperyGridWorld", 3).num_envs == 3
    assert [name for name, _ in names()] == ["GridWorld", "SlipperyGridWorld"]
    with pytest.raises(ConfigError, match=r"gymnasium to be installed for CartPole-v1.*pip install chainrule\[rl\]"):
        make("CartPole-v1")


def test_a_map_that_is_none_is_refused() -> None:
    for rows in (("S.", "..."), ("..",), ("SS",), ("S?",)):
        with pytest.raises(ConfigError, match="map"):
            GridWorld(rows)
    with pytest.raises(ConfigError, match="slip"):
        GridWorld(slip=0.7)


def test_the_grid_is_walked_and_cut_off() -> None:
    world = Guarded(GridWorld(limit=2))
    assert world.reset(0) == 8
    assert world.step(3).observation == 8  # over the edge: one stays
    last = world.step(0)
    assert (last.observation, last.terminated, last.truncated) == (4, False, True)
    assert GridWorld().render() == "...G\n.#.X\n@..."


def test_a_misspelt_name_is_told() -> None:
    pytest.importorskip("gymnasium", reason="the extra chainrule[rl] is not installed")
    with pytest.raises(ConfigError, match="Did you mean 'CartPole-v1'"):
        make("CartPol-v1")
    with pytest.raises(ConfigError, match="actions from a Discrete space; got the space Box"):
        make("Pendulum-v1")
