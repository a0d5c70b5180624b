"""Consulting: a cure is told only if a replay proves it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from chainrule.explain.doctor import DataFacts, Replayed, consult
from tests.explain.doctor.cases import case

BAD = case(train=[9.0, 5.0, 4.0], learning_rate=30.0)
SUSPECT = case(train=[0.5, 0.2] * 20)


def came(cost: float, *, spread: float = 0.0, epochs: int = 3, f1: float = 0.5) -> Replayed:
    rng = np.random.default_rng(0)
    return Replayed(cost + spread * rng.normal(size=200), {"macro_f1": f1}, epochs)


class Replays:
    """What each change comes to, and which were asked for."""

    def __init__(self, costs: Mapping[str, float], otherwise: float = 4.0) -> None:
        self.costs, self.otherwise = costs, otherwise
        self.asked: list[dict[str, Any]] = []
        self.shares: list[float] = []

    def __call__(self, change: Mapping[str, Any], share: float) -> Replayed | None:
        self.asked.append(dict(change))
        self.shares.append(share)
        key = " ".join(f"{name}={value}" for name, value in change.items())
        return came(self.costs.get(key, self.otherwise))


def test_a_cure_that_helped_is_told_with_its_number() -> None:
    verdict = consult(BAD, came(4.0), Replays({"learning_rate=0.003": 0.09}))
    assert verdict.cure is not None
    assert verdict.cure.change == {"learning_rate": 0.003}
    assert verdict.lines[0].endswith("`learning_rate=0.003`: validation log-loss 4 → 0.09 in 3 epochs, replayed.")


def test_a_cure_that_did_not_help_is_told_as_such() -> None:
    verdict = consult(BAD, came(4.0), Replays({}))
    assert verdict.cure is None
    assert verdict.is_alarm
    assert "none of these helped: `learning_rate=0.003`" in verdict.lines[0]


def test_a_suspicion_that_no_replay_confirms_is_not_told() -> None:
    verdict = consult(SUSPECT, came(0.2), Replays({}, otherwise=0.19))
    assert (verdict.findings, verdict.cure) == ((), None)
    assert verdict.lines[0].startswith("It looks sound")


def test_a_gain_that_may_be_chance_is_no_proof() -> None:
    # The mean is better by a sixth, but the rows differ by twenty times that.
    run = Replayed(np.array([0.0, 2.4] * 5), {}, 40)
    better = Replayed(np.array([2.0, 0.0] * 5), {}, 3)
    assert consult(SUSPECT, run, lambda change, share: better).cure is None


def test_a_run_that_broke_is_mended_by_what_beats_knowing_nothing() -> None:
    broken = case(train=[], broke=True, learning_rate=1e3)
    verdict = consult(broken, Replayed(np.empty(0), {}, 0), Replays({"learning_rate=0.003": 0.4}))
    assert "validation log-loss NaN → 0.4 in 3 epochs, replayed." in verdict.lines[0]


def test_without_a_replay_no_cure_is_named() -> None:
    verdict = consult(BAD, came(4.0), None)
    assert verdict.findings[0].name == "rate too high"
    assert verdict.cure is None
    assert "`" not in verdict.lines[0]


def test_all_that_is_unusual_is_undone_at_once_where_one_thing_does_not_mend_it() -> None:
    slow = case(train=[1.1, 0.99], learning_rate=1e-5, epochs=2)
    replays = Replays({"learning_rate=0.003 epochs=100": 0.1}, otherwise=1.1)
    verdict = consult(slow, came(1.1), replays)
    assert verdict.cure is not None
    assert verdict.cure.change == {"learning_rate": 0.003, "epochs": 100}
    assert replays.shares[-1] == 1.0


def test_replays_stop_as_soon_as_what_is_certain_is_mended() -> None:
    replays = Replays({"learning_rate=0.003": 0.09})
    consult(BAD, came(4.0), replays)
    assert replays.asked == [{"learning_rate": 0.003}]


def test_the_first_round_leaves_time_for_the_one_that_came_nearest() -> None:
    replays = Replays({})
    consult(BAD, came(4.0), replays)
    assert sum(replays.shares[:-1]) < 1
    assert replays.shares[-1] == 1.0


def test_a_sound_run_is_called_sound_only_if_it_was_measured() -> None:
    assert (
        consult(case(), came(0.05), Replays({})).lines[0].startswith("It looks sound: at epoch 40 training cost 0.05")
    )
    silent = case()
    object.__setattr__(silent, "measured", [])
    assert consult(silent, came(0.05), Replays({})).lines == ("Nothing was measured that a word could rest on.",)


@pytest.mark.parametrize(("after", "helps"), [(0.8, True), (0.52, False)])
def test_a_rare_class_is_judged_by_its_own_score(after: float, helps: bool) -> None:
    rare = case(data=DataFacts(1000, shares=(0.97, 0.03)), scores={"valid": {"accuracy": 0.97, "macro_f1": 0.5}})
    verdict = consult(rare, came(0.1), lambda change, share: came(0.3, f1=after))
    assert (verdict.cure is not None) == helps


def test_what_undoes_something_unusual_is_tried_before_what_is_certain() -> None:
    # Dead units are certain; that the columns are not scaled is a suspicion, and was asked for.
    facts = DataFacts(1000, largest=800.0, spread=2000.0)
    replays = Replays({})
    consult(case(train=[0.8] * 40, data=facts, scaling="none", figures={"dead": {"relu1": 0.9}}), came(0.8), replays)
    assert replays.asked[0] == {"scaling": "standard"}
