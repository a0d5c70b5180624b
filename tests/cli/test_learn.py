"""`chainrule learn`, played through: list, start, a mistake, hints, right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command


def test_an_exercise_is_played_from_its_start_to_its_end(
    chainrule: Command, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINRULE_STATE", str(here / "state"))
    assert "0 of " in chainrule("learn").out
    assert chainrule("learn", "check").code == 2
    assert chainrule("learn", "start", "dV").code == 0
    stub = (here / "dV.py").read_text()
    assert chainrule("learn", "start", "dV").code == 2
    assert chainrule("learn", "show", "dV").code == 2
    assert "the steps: ∂J/∂a2, then ∂J/∂V" in chainrule("learn", "hint", "dV").out
    (here / "dV.py").write_text(stub.replace("raise NotImplementedError  # here it goes", "return z.T @ (t - y)"))
    wrong = chainrule("learn", "check", "--json")
    assert (wrong.code, json.loads(wrong.out)["cause"]) == (1, "the sign: `t - y` stands where `y - t` should")
    second = chainrule("learn", "hint", "dV").out
    assert "the sign" in second
    assert "(y - t)" not in second
    assert "should be  return z.T @ (y - t)" in chainrule("learn", "hint", "dV").out
    (here / "dV.py").write_text(stub.replace("raise NotImplementedError  # here it goes", "return z.T @ (y - t)"))
    assert chainrule("learn", "check", "dV.py").code == 0
    assert "dV = z.T @ da2" in chainrule("learn", "show", "dV").out
    assert "1 of " in chainrule("learn").out


def test_a_name_that_is_no_exercise_and_a_damaged_state_are_refused(
    chainrule: Command, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINRULE_STATE", str(here))
    assert "Did you mean 'dW'" in chainrule("learn", "start", "dw2").err
    (here / "learn.json").write_text("{")
    assert chainrule("learn").code == 2
