"""Rules about the steps: too far, too short, too few of them."""

from __future__ import annotations

import math

from chainrule.explain.doctor.case import Case
from chainrule.explain.doctor.finding import Cure, Finding

# Rises from epoch to epoch of this share of the baseline are more than the noise of small batches.
_WOBBLE = 0.02
# Of all that the cost fell, this share in the last quarter of the epochs: it was not at its end.
_FALLING = 0.08
# Steps with which hardly any network learns.
_FEW_STEPS = 600


def _rates(case: Case, *factors: float) -> list[Cure]:
    """Return cures by the rate: the usual one where it lies that way, then the present one times each factor."""
    rate, usual = float(case["learning_rate"] or 0), float(case.usual.get("learning_rate") or 0)
    down = factors[0] < 1
    rates = [usual] if usual and (usual < rate / 2 if down else usual > rate * 2) else []
    return [Cure({"learning_rate": float(f"{value:.3g}")}) for value in [*rates, *(rate * f for f in factors)]]


def exploded(case: Case) -> Finding | None:
    """The cost became NaN or infinite."""
    if not case.broke:
        return None
    after = len([point for point in case.points if math.isfinite(point.cost)])
    when = f"after {after} epochs" if after else "in the first epoch"
    cures = [*_rates(case, 0.1, 0.01), Cure({"clip_norm": 1.0}), Cure({"scaling": "standard"})]
    return Finding(
        "exploded",
        f"The cost became NaN or infinite {when}, at a rate of {case['learning_rate']:.3g}.",
        tuple(cures),
        True,
    )


def rate_too_high(case: Case) -> Finding | None:
    """An epoch was worse than knowing nothing, or the cost jumps up and down."""
    if case.broke or not case.points or not case.baseline > 0:
        return None
    at, worst = case.steps_at_worst
    cures = tuple(_rates(case, 0.1, 0.01))
    if case.is_wild:
        seen = f"In epoch {at} the cost was {worst:.3g}, where knowing nothing costs {case.baseline:.3g}: the steps are too long."
        # A good epoch among wild ones may have been kept.
        certain = min(case.best, case.best_valid) > 0.5 * case.baseline if case.valid else case.left > 0.5
        return Finding("rate too high", seen, cures, certain, is_evident=True)
    if case.wobble > _WOBBLE:
        seen = f"The training cost jumps up and down, by {case.wobble:.1%} of what knowing nothing costs in each epoch."
        return Finding("rate too high", seen, cures)
    if case.above("learning_rate") > 5 and case.left > 0.5:
        seen = f"Of the {case.baseline:.3g} that knowing nothing costs, {case.best:.3g} are left at a rate of {case['learning_rate']:.3g}."
        return Finding("rate too high", seen, cures)
    return None


def rate_too_low(case: Case) -> Finding | None:
    """The cost falls to the end, and a long rate would have brought it there sooner."""
    if case.broke or case["optimizer"] == "lbfgs" or not math.isfinite(case.first) or case["schedule"] == "one_cycle":
        return None
    moved = _moved(case)
    low = case.above("learning_rate")
    falls = case.slope > (_FALLING if low > 0.5 else _FALLING / 4)
    if not falls and not (moved is not None and moved < 0.02 and case.left > 0.9):
        return None
    far = "" if moved is None else f" and all weights together moved by {moved:.2g} of their size in the last epoch"
    seen = f"The training cost was still falling when it ended, from {case.first:.3g} to {case.last:.3g}{far}: the steps are short."
    cures = tuple(_rates(case, 10.0, 100.0, 1000.0) if low < 0.5 else _rates(case, 3.0, 10.0))
    return Finding("rate too low", seen, cures, certain=low < 0.2 and case.left > 0.5)


def _moved(case: Case) -> float | None:
    for figures in reversed(case.measured):
        if figures.moved:
            size = math.hypot(*figures.weights.values())
            return math.hypot(*figures.moved.values()) / size if size > 0 else None
    return None


def batch_too_large(case: Case) -> Finding | None:
    """So many rows a step that there were few steps."""
    size, usual = case["batch_size"], case.usual.get("batch_size")
    if case["optimizer"] == "lbfgs" or not size or not usual or size < 4 * usual or case.broke:
        return None
    steps = len(case.points) * math.ceil(case.data.n_train / size)
    seen = f"With {size} rows a step it took {steps} steps in {len(case.points)} epochs."
    return Finding("batch too large", seen, (Cure({"batch_size": usual}),))


def too_few_epochs(case: Case) -> Finding | None:
    """It was still learning when it ended, before its usual time."""
    usual, epochs = case.usual.get("epochs") or 0, case["epochs"] or 0
    ran_out = len(case.points) >= epochs
    if case.broke or not ran_out or not case.points:
        return None
    steps = len(case.points) * math.ceil(case.data.n_train / (case["batch_size"] or 1))
    short = usual >= 3 * epochs and steps < _FEW_STEPS
    if not short and not (case.slope > _FALLING and usual > epochs):
        return None
    seen = f"After {len(case.points)} epochs, {steps} steps, it had {case.last:.3g} left of the {case.baseline:.3g} that knowing nothing costs, and was still falling."
    return Finding("too few epochs", seen, (Cure({"epochs": usual}),), certain=short and case.left > 0.5)
