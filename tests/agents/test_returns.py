"""Returns and advantages of episodes worked by hand: time limits bootstrap, terminal states do not."""

from __future__ import annotations

import numpy as np

from chainrule.agents.returns import advantages, returns

R, V, AFTER = np.array([[1.0], [2.0], [4.0]]), np.array([[1.0], [2.0], [3.0]]), np.array([[2.0], [3.0], [8.0]])
NO = np.zeros((3, 1), bool)


def gae(terminated: np.ndarray, truncated: np.ndarray, decay: float = 0.5) -> list[float]:
    return advantages(R, V, AFTER, terminated, truncated, 0.5, decay)[:, 0].tolist()


def test_returns_by_hand() -> None:
    assert returns(np.array([1.0, 2.0, 4.0]), 0.5).tolist() == [3.0, 4.0, 4.0]
    assert returns(np.array([1.0, 2.0, 4.0]), 0.5, after=8.0).tolist() == [4.0, 6.0, 8.0]


def test_nothing_follows_a_terminal_state_and_a_value_follows_a_time_limit() -> None:
    # δ = 1 + ½·2 - 1, 2 + ½·3 - 2, 4 - 3 (terminal) or 4 + ½·8 - 3; A goes back with ½·½.
    last = np.array([[False], [False], [True]])
    assert gae(last, NO) == [1 + 0.25 * 1.75, 1.5 + 0.25 * 1, 1]
    assert gae(NO, last) == [1 + 0.25 * 2.75, 1.5 + 0.25 * 5, 5]


def test_nothing_of_the_next_episode_comes_through() -> None:
    middle = np.array([[False], [True], [False]])
    # δ₁ = 2 - 2 (terminal) or 2 + ½·3 - 2 (time limit), and A₁ = δ₁ whatever comes after.
    assert gae(middle, NO)[:2] == [1.0, 0.0]
    assert gae(NO, middle)[:2] == [1 + 0.25 * 1.5, 1.5]


def test_decay_0_is_one_step_and_decay_1_is_the_return() -> None:
    assert gae(NO, NO, 0.0) == [1.0, 1.5, 5.0]
    np.testing.assert_allclose(np.array(gae(NO, NO, 1.0)) + V[:, 0], returns(R[:, 0], 0.5, 8.0))
