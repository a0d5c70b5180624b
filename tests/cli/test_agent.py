"""`chainrule agent`: from an environment to an agent, and what it comes to."""

from __future__ import annotations

import json
import sys

import pytest

from tests.cli.conftest import Command


def test_an_agent_is_trained_measured_and_let_play(chainrule: Command) -> None:
    trained = chainrule("agent", "train", "GridWorld", "--steps", 5000, "--quiet")
    assert (trained.code, trained.err) == (0, "")
    assert "the agent is in runs/GridWorld" in trained.out
    measured = chainrule("agent", "evaluate", "runs/GridWorld", "--episodes", 3, "--json")
    assert json.loads(measured.out)["returns"] == pytest.approx([0.84] * 3)
    assert (
        "mean return 0.84 ± 0 over 3 episodes" in chainrule("agent", "evaluate", "runs/GridWorld", "--episodes", 3).out
    )
    played = chainrule("agent", "play", "runs/GridWorld").out
    assert played.startswith("...G\n.#.X\n@...\n")
    assert played.endswith("episode 1: return 0.84 in 5 steps\n")
    again = chainrule("agent", "train", "GridWorld", "--steps", 10)
    assert again.code == 2
    assert "--force" in again.err


def test_settings_reach_the_method(chainrule: Command) -> None:
    done = chainrule(
        "agent", "train", "GridWorld", "--method", "ppo", "--envs", 2, "--steps", 40, "--set", "n_steps=8",
        "--set", "hidden=[4]", "--quiet",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert chainrule("agent", "evaluate", "runs/GridWorld", "--episodes", 1).code == 0


def test_methods_and_environments_are_listed(chainrule: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    listed = chainrule("agent", "list")
    assert "  ppo " in listed.out
    assert "pip install chainrule[rl]" in listed.out
    assert set(json.loads(chainrule("agent", "list", "--json").out)["environments"]) == {
        "GridWorld",
        "SlipperyGridWorld",
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("train", "CartPole-v1"), "pip install chainrule[rl]"),
        (("train", "GridWorld", "--method", "pp"), "Did you mean 'ppo'"),
        (("train", "GridWorld", "--set", "discount=2"), "discount of QLearning"),
        (("train", "GridWorld", "--set", "discount"), "KEY=VALUE"),
        (("train", "GridWorld", "--steps", 0), "at least one step"),
        (("train", "GridWorld", "--envs", 4), "one environment on NumPy for q"),
        (("train", "GridWorld", "--method", "ppo", "--envs", 0), "--envs"),
        (("train", "GridWorld", "--method", "reinforce", "--envs", 3), "one environment for reinforce"),
        (("evaluate", "nowhere"), "chainrule agent train"),
    ],
)
def test_a_mistake_is_told_in_three_lines(
    arguments: tuple[object, ...], words: str, chainrule: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    came = chainrule("agent", *arguments)
    assert came.code == 2
    assert words in came.err
    assert came.err.count("\n") == 3
