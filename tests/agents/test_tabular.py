"""Tabular methods move their values as the books' updates say, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.agents.episodes import evaluate
from chainrule.agents.grid_world import GridWorld
from chainrule.agents.planning import iterate_value
from chainrule.agents.tabular import MonteCarlo, NStepSarsa, QLearning, Sarsa, SarsaLambda, Step, TabularMethod
from chainrule.errors import ConfigError

# Two steps, 0 -a1-> 1 -a0-> 2, with rewards 1 and 2; discount 1/2, step size 1/2. Actions 0 and 1.
Q = np.array([[0.0, 4.0], [2.0, 6.0], [8.0, 10.0]])
HALF = {"discount": 0.5, "step_size": 0.5}


def after(method: TabularMethod, *, terminated: bool = True) -> np.ndarray:
    q = Q.copy()
    memory = method.memory(q)
    method.update(q, Step(0, 1, 1.0, 1, 0), memory)
    method.update(q, Step(1, 0, 2.0, 2, 0, terminated, not terminated), memory)
    return q[[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("method", "ends", "limited"),
    [
        # 4 + ½ (1 + ½·6 - 4) = 4;             2 + ½ (2 - 2) = 2, or 2 + ½ (2 + ½·10 - 2) = 4.5
        (QLearning(**HALF), (4, 2), (4, 4.5)),
        # 4 + ½ (1 + ½·2 - 4) = 3;             2, or 2 + ½ (2 + ½·8 - 2) = 4
        (Sarsa(**HALF), (3, 2), (3, 4)),
        # G = 1 + ½·2 = 2, or 1 + ½ (2 + ½·8) = 4: 4 + ½ (2 - 4) = 3, or 4
        (NStepSarsa(n=2, **HALF), (3, 2), (4, 4)),
        (NStepSarsa(n=9, **HALF), (3, 2), (4, 4)),
        (NStepSarsa(n=1, **HALF), (3, 2), (3, 4)),
        (MonteCarlo(averages=False, **HALF), (3, 2), (4, 4)),
        # The first return is the mean: 2 and 2, or 4 and 6.
        (MonteCarlo(**HALF), (2, 2), (4, 6)),
        # δ₁ = -2, then δ₂ = 0 or 4 with E(0, 1) = ½·½: 3 + ½·4·¼
        (SarsaLambda(decay=0.5, **HALF), (3, 2), (3.5, 4)),
        (SarsaLambda(decay=0.0, **HALF), (3, 2), (3, 4)),
    ],
    ids=lambda value: f"{value.name}" if isinstance(value, TabularMethod) else "",
)
def test_an_episode_worked_by_hand(
    method: TabularMethod, ends: tuple[float, float], limited: tuple[float, float]
) -> None:
    np.testing.assert_allclose(after(method), ends)
    np.testing.assert_allclose(after(method, terminated=False), limited)


@pytest.mark.parametrize("terminated", [True, False])
@pytest.mark.parametrize("method", [NStepSarsa(n=3), MonteCarlo(), SarsaLambda()], ids=lambda method: method.name)
def test_nothing_of_an_episode_is_remembered_after_either_end(method: TabularMethod, terminated: bool) -> None:
    q = np.zeros((3, 2))
    memory = method.memory(q)
    method.update(q, Step(0, 0, 1.0, 1, 0, terminated, not terminated), memory)
    before = q[0].copy()
    method.update(q, Step(1, 0, 5.0, 2, 0, terminated=True), memory)
    assert np.array_equal(q[0], before)


def test_monte_carlo_counts_the_first_visit_alone_and_takes_the_mean() -> None:
    method = MonteCarlo(discount=1.0)
    q = np.zeros((2, 1))
    memory = method.memory(q)
    for rewards in ((1.0, 2.0), (5.0, 0.0)):
        method.update(q, Step(0, 0, rewards[0], 0, 0), memory)
        method.update(q, Step(0, 0, rewards[1], 1, 0, terminated=True), memory)
    # Returns at the first visits are 3 and 5; at every visit they would be 3, 2, 5, 0.
    assert q[0, 0] == 4.0


@pytest.mark.parametrize(("kind", "value"), [("accumulating", 1.5), ("replacing", 1.0)])
def test_traces_add_up_or_begin_anew_where_a_state_comes_again(kind: str, value: float) -> None:
    method = SarsaLambda(discount=1.0, decay=0.5, step_size=1.0, traces=kind)
    q = np.zeros((2, 1))
    memory = method.memory(q)
    method.update(q, Step(0, 0, 0.0, 0, 0), memory)
    method.update(q, Step(0, 0, 1.0, 1, 0, terminated=True), memory)
    assert q[0, 0] == value
    assert not memory.any()


@pytest.mark.parametrize(
    "method",
    [
        QLearning(),
        Sarsa(last_epsilon=0.0),
        NStepSarsa(last_epsilon=0.0),
        MonteCarlo(averages=False, last_epsilon=0.0, epsilon=0.5),
        SarsaLambda(last_epsilon=0.0),
    ],
    ids=lambda method: method.name,
)
def test_every_method_finds_the_way_that_value_iteration_finds(method: TabularMethod) -> None:
    world = GridWorld()
    learned = method.learn(world, steps=6_000, seed=1)
    plan = iterate_value(world.dynamics, discount=method.discount)
    shown = evaluate(lambda state: int(learned.q[state].argmax()), world, episodes=1)
    np.testing.assert_allclose(shown.totals, [1 - 4 * 0.04])
    path = [8, 4, 0, 1, 2] if learned.q[8].argmax() == 0 else [8, 9, 10, 6, 2]
    assert all(plan.best[state, learned.q[state].argmax()] for state in path)


def test_learning_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    q, again, other = (QLearning().learn(GridWorld(slip=0.1), steps=500, seed=seed).q for seed in (3, 3, 4))
    assert np.array_equal(q, again)
    assert not np.array_equal(q, other)


def test_episodes_are_told_as_they_end() -> None:
    told: list[int] = []
    learned = QLearning().learn(GridWorld(), steps=1000, on_episode=lambda episode: told.append(episode.at))
    assert told == [episode.at for episode in learned.episodes]
    assert told == np.cumsum([episode.length for episode in learned.episodes]).tolist()


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="discount of QLearning"):
        QLearning(discount=1.5)
    with pytest.raises(ConfigError, match="at least one step"):
        QLearning().learn(GridWorld(), steps=0)
