"""Rules about what holds a network back: penalties and dropout."""

from __future__ import annotations

import math

from chainrule.explain.doctor.case import Case
from chainrule.explain.doctor.finding import Cure, Finding

# The penalty pulls at least so strongly against the data, and this share of the baseline's cost is left.
_PULL, _LEFT = 0.3, 0.25
_MUCH_DROPOUT = 0.5


def penalty_too_high(case: Case) -> Finding | None:
    """The penalty holds the weights so near to 0 that the training rows are not learned."""
    last = case.measured[-1] if case.measured else None
    if case.broke or last is None or not last.penalty > 0 or last.pull < _PULL or case.left < _LEFT:
        return None
    pull = (
        "no gradient of the data is left beside it"
        if math.isinf(last.pull)
        else f"it pulls {last.pull:.2g} times as hard as the data"
    )
    seen = f"The penalty holds the weights near 0: {pull}, while {case.left:.0%} of what knowing nothing costs are left on the training rows."
    usual = case.usual.get("l2") or 0.0
    l2, l1 = float(case["l2"] or 0.0), float(case["l1"] or 0.0)
    cures = [Cure({"l1": 0.0})] if l1 else []
    cures += [Cure({"l2": float(f"{value:.3g}")}) for value in (min(usual, l2), l2 / 100, 0.0)] if l2 else []
    heavy = l2 > 10 * usual or l1 > 10 * (case.usual.get("l1") or 0.0)
    return Finding("penalty too high", seen, tuple(cures), certain=heavy and case.left > 0.5)


def dropout_too_high(case: Case) -> Finding | None:
    """So many values are dropped that what is left cannot be learned from."""
    rate = float(case["dropout"] or 0.0)
    if case.broke or not case.points or rate < _MUCH_DROPOUT:
        return None
    noisy = case.points[-1].cost
    if noisy < _LEFT * case.baseline:
        return None
    seen = f"With dropout of {rate:g} the cost of a step is {noisy:.3g} at the end, without it {case.last:.3g}; knowing nothing costs {case.baseline:.3g}."
    usual = case.usual.get("dropout") or 0.0
    cures = (Cure({"dropout": min(usual, 0.3)}), Cure({"dropout": 0.3}), Cure({"dropout": 0.0}))
    return Finding("dropout too high", seen, cures, certain=noisy > 0.6 * case.baseline)
