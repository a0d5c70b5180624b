"""The doctor's rules: what each sees, what it lets pass, and that none goes on with what was just tried."""

from __future__ import annotations

import math

import pytest

from chainrule.explain.doctor import RULES, Case, DataFacts, Finding, diagnose, rule
from chainrule.explain.doctor.finding import Cure
from tests.explain.doctor.cases import FALLEN, USUAL, case, measured


def names(looked_at: Case) -> list[str]:
    return [finding.name for finding in diagnose(looked_at)]


def found(looked_at: Case, name: str) -> Finding:
    return next(finding for finding in diagnose(looked_at) if finding.name == name)


def changes(finding: Finding) -> list[dict[str, object]]:
    return [dict(cure.change) for cure in finding.cures]


def test_a_sound_run_gives_no_finding() -> None:
    assert names(case()) == []


FLAT = [0.8] * 40


@pytest.mark.parametrize(
    ("looked_at", "name"),
    [
        (case(train=[], broke=True), "exploded"),
        (case(train=[9.0, 5.0, 4.0], learning_rate=30.0), "rate too high"),
        (case(train=[0.5, 0.2] * 20), "rate too high"),
        (case(train=[1.2 - 0.001 * n for n in range(40)], learning_rate=1e-6), "rate too low"),
        (case(train=FLAT, l2=1.0, figures={"pull": 20.0}), "penalty too high"),
        (case(train=FLAT, dropout=0.9), "dropout too high"),
        (case(figures={"alike": {"hidden1": 1.0, "hidden2": 0.0, "output": 0.0}}), "units all alike"),
        (case(train=FLAT, figures={"dead": {"relu1": 0.9}}), "dead units"),
        (case(train=FLAT, figures={"saturated": {"tanh1": 0.9}}), "saturated units"),
        (case(train=FLAT, hidden=()), "too small"),
        (case(train=[0.9, 0.8], epochs=2, batch_size=32), "too few epochs"),
        (case(batch_size=900), "batch too large"),
        (case(data=DataFacts(1000, largest=800.0, spread=2000.0)), "inputs not scaled"),
        (case(data=DataFacts(1000, copies={"test": 0.4})), "rows in two parts"),
        (case(data=DataFacts(1000, telltale=("ward", 1.0, 0.8))), "a column tells the target"),
        (case(FALLEN, [1.0 + 0.05 * n for n in range(40)]), "no signal"),
        (case(train=[1.0] * 40), "learns nothing"),
        (case(loss="huber", scores={"valid": {"r2": 0.1}}), "loss does not fit"),
    ],
)
def test_a_planted_fault_is_seen(looked_at: Case, name: str) -> None:
    assert name in names(looked_at)


def test_a_gradient_that_gets_lost_on_its_way_back_is_seen() -> None:
    lost = measured(gradients={"hidden1": 1e-6, "hidden2": 1e-3, "output": 1.0})
    looked_at = case(train=FLAT)
    looked_at = Case(**{**vars_of(looked_at), "measured": [lost]})
    assert "1e-06 times as strong in the first layer" in found(looked_at, "gradient vanishes").seen


def vars_of(looked_at: Case) -> dict[str, object]:
    fields = ("settings", "usual", "points", "measured", "data", "scores", "wider", "calmer", "broke")
    return {name: getattr(looked_at, name) for name in fields}


def test_a_rare_class_that_is_missed_is_balanced_and_judged_by_f1() -> None:
    facts = DataFacts(1000, shares=(0.97, 0.03))
    finding = found(case(data=facts, scores={"valid": {"accuracy": 0.97, "macro_f1": 0.5}}), "rare class missed")
    assert [(cure.change, cure.judged_by) for cure in finding.cures] == [({"class_weight": "balanced"}, "macro_f1")]


def test_one_wobble_of_the_validation_cost_is_no_overfitting() -> None:
    # As on the spiral: 0.0255 at epoch 42 falls to 0.0179 later.
    valid = [*FALLEN[:20], 0.06, 0.07, 0.075, 0.07, 0.06, *FALLEN[25:]]
    assert "overfits" not in names(case(FALLEN, valid))


def test_a_validation_cost_that_rises_for_long_is_overfitting() -> None:
    valid = [*FALLEN[:10], *(FALLEN[9] + 0.02 * n for n in range(30))]
    assert "After epoch 10 only the training rows were learned better" in found(case(FALLEN, valid), "overfits").seen


def test_a_cost_that_rises_at_first_by_its_penalty_alone_is_no_high_rate() -> None:
    looked_at = case()
    heavy = [measured(penalty=100.0), measured(40, 0.05)]
    first = type(looked_at.points[0])(1, 80.0, 0.9, 0.9)
    looked_at = Case(**{**vars_of(looked_at), "measured": heavy, "points": [first, *looked_at.points[1:]]})
    assert names(looked_at) == []


def test_a_column_that_tells_no_more_than_the_next_is_no_leak() -> None:
    assert names(case(data=DataFacts(1000, telltale=("x1", 1.0, 0.995)))) == []


@pytest.mark.parametrize(
    ("looked_at", "setting", "further"),
    [
        (case(train=[9.0, 5.0, 4.0], learning_rate=30.0), "learning_rate", 1),
        (case(train=[1.2 - 0.001 * n for n in range(40)], learning_rate=1e-6), "learning_rate", -1),
        (case(train=FLAT, l2=1.0, figures={"pull": 20.0}), "l2", 1),
        (case(train=FLAT, dropout=0.9), "dropout", 1),
        (case(FALLEN, [*FALLEN[:10], *(FALLEN[9] + 0.02 * n for n in range(30))], l2=1.0, dropout=0.9), "l2", 1),
        (case(train=FLAT, hidden=(512, 512)), "hidden", 1),
    ],
)
def test_no_cure_is_more_of_what_was_just_tried(looked_at: Case, setting: str, further: int) -> None:
    now = looked_at[setting]
    size = sum if isinstance(now, tuple) else float
    steps = [
        size(change[setting]) - size(now) for f in diagnose(looked_at) for change in changes(f) if setting in change
    ]
    assert all(step * further < 0 for step in steps)


def test_what_is_unusual_is_brought_back_first() -> None:
    assert changes(found(case(train=[9.0, 5.0], learning_rate=30.0), "rate too high"))[0] == {"learning_rate": 0.003}


def test_a_cure_that_the_run_has_no_setting_for_is_left_out() -> None:
    looked_at = case(train=[], broke=True)
    without = {name: value for name, value in USUAL.items() if name != "clip_norm"}
    finding = found(Case(**{**vars_of(looked_at), "settings": without}), "exploded")
    assert {"clip_norm": 1.0} not in changes(finding)
    assert {"clip_norm": 1.0} in changes(found(looked_at, "exploded"))


def test_a_rule_of_ones_own_is_asked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainrule.explain.doctor.finding.RULES", dict(RULES))

    def friday(looked_at: Case) -> Finding | None:
        return Finding("friday", "It is Friday.", (Cure({"epochs": 7}),))

    rule(friday)
    assert "friday" in names(case())


def test_a_run_without_measurements_is_not_judged() -> None:
    looked_at = Case(**{**vars_of(case(train=FLAT)), "measured": []})
    assert math.isnan(looked_at.baseline)
    assert names(looked_at) == []


def test_a_rise_no_larger_than_the_unrest_is_no_overfitting() -> None:
    valid = [*FALLEN[:10], *(FALLEN[9] + (0.09 if n % 2 else -0.0) + 0.06 for n in range(30))]
    assert "overfits" not in names(case(FALLEN, valid))


def test_a_rise_that_is_small_beside_knowing_nothing_is_no_overfitting() -> None:
    valid = [*FALLEN[:10], *(FALLEN[9] + 0.001 * n for n in range(30))]
    assert "overfits" not in names(case(FALLEN, valid))
