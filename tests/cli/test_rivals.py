"""What `train` ends with on a table: rivals, a verdict and what is missed; and without them, on request."""

from __future__ import annotations

import json

from tests.cli.conftest import Command

RUN = ("train", "wine", "--epochs", "2", "--engine", "numpy", "--no-replay", "--out", "run", "--force")


def test_a_linear_model_and_boosted_trees_stand_beside_the_network(chainrule: Command) -> None:
    result = chainrule(*RUN)
    assert result.code == 0
    header, *_ = [line for line in result.out.splitlines() if "baseline" in line]
    assert header.split()[-3:] == ["baseline", "linear", "trees"]
    worth = next(line for line in result.out.splitlines() if line.startswith("worth"))
    assert "the linear model's" in worth
    assert "boosted trees'" in worth


def test_they_are_left_out_on_request(chainrule: Command) -> None:
    found = json.loads(chainrule(*RUN, "--no-rivals", "--json").out)
    assert found["rivals"] == {}
    low, high = found["intervals"]["accuracy"]
    assert low <= found["metrics"]["test"]["accuracy"] <= high
