"""The check agrees with right gradients and with no wrong one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from chainrule import nn, train
from chainrule.errors import ChainruleError
from chainrule.explain import check_gradients
from chainrule.network.network import Network
from chainrule.types import Array, Cache, Namespace, Params
from tests.explain import cases


@pytest.mark.parametrize("case", [*cases.dense_cases()[:5], *cases.layer_cases()], ids=str)
def test_right_gradients_agree(case: cases.Case) -> None:
    found = check_gradients(case.network, case.params, case.batch, context=case.context, entries=3)
    assert found.agrees, str(found)


def test_a_penalty_is_checked_with_its_objective() -> None:
    case = cases.dense_cases()[1]
    objective = train.Supervised(case.network, nn.Penalty(l1=0.1, l2=0.2))
    assert check_gradients(objective, case.params, case.batch).agrees


@dataclass(frozen=True)
class Wrong(nn.Dense):
    """A dense layer that averages its bias's gradient where it should sum."""

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        right: Any = super().gradients(xp, p, cache, dy)
        return {**right, "b": right["b"] / len(dy)}


def test_a_wrong_gradient_is_told_by_name() -> None:
    case = cases.dense_cases()[1]
    layers = nn.Sequential((Wrong(3), nn.Sigmoid(), nn.Dense(2)), ("hidden1", "sigmoid1", "output"))
    found = check_gradients(Network(layers, (2,), nn.SoftmaxCrossEntropy()), case.params, case.batch)
    assert not found.agrees
    assert [p.name for p in found.parameters if not p.agrees] == ["hidden1.b"]
    single, worst = (line for line in str(found).splitlines() if "differs" in line)
    assert single.startswith("hidden1.b")
    assert "worst of 3" in worst


def test_weights_are_as_they_were() -> None:
    case = cases.dense_cases()[1]
    before = case.params["hidden1"]["W"].copy()
    check_gradients(case.network, case.params, case.batch)
    np.testing.assert_array_equal(case.params["hidden1"]["W"], before)


def test_no_entries_are_refused() -> None:
    case = cases.dense_cases()[1]
    with pytest.raises(ChainruleError, match="entries"):
        check_gradients(case.network, case.params, case.batch, entries=0)
