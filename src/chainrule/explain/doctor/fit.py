"""Rules about what was learned: too little, or the training rows by heart."""

from __future__ import annotations

import itertools
import math
import statistics

from chainrule.explain.doctor.case import Case
from chainrule.explain.doctor.finding import Cure, Finding

_LEFT = 0.25
# A rise of the validation cost counts if it is this many times as large as its own unrest, and this share of the baseline.
_TIMES, _RISE = 3.0, 0.05
_USELESS = 0.9
# By the time that the training rows have this share left, validation rows without a signal still have the first of these,
# and never come below the second; nothing is told of a run that was so many times worse than knowing nothing.
_HALFWAY, _NEAR, _NEARLY, _WILD = 0.85, 0.97, 0.95, 10.0


def too_small(case: Case) -> Finding | None:
    """The training rows are not learned, although the cost has settled."""
    if case.broke or not case.points or not case.left > _LEFT or case.slope > 0.15:
        return None
    hidden = case["hidden"]
    if hidden is not None and not hidden and case["model"] == "mlp":
        seen = f"Without a hidden layer it is a line, which leaves {case.left:.0%} of what knowing nothing costs: a line cannot cut this."
    else:
        seen = f"The training rows are not learned: {case.left:.0%} of what knowing nothing costs are left, and the cost has settled."
    usual = {name: case.usual.get(name) for name in case.wider if case.usual.get(name)}
    smaller = usual and not case.goes_on_with(usual) and usual != {name: case[name] for name in usual}
    cures = ([Cure(usual)] if smaller else []) + ([Cure(case.wider)] if case.wider else [])
    tiny = bool(smaller) and case.above("hidden") < 0.25
    return Finding("too small", seen, tuple(cures), certain=tiny and case.left > 0.9)


def overfits(case: Case) -> Finding | None:
    """After an epoch only the training rows are learned better, for longer than by chance."""
    valid = case.valid
    if case.broke or len(valid) < 8:
        return None
    best = min(range(len(valid)), key=valid.__getitem__)
    after = valid[best + 1 :]
    unrest = statistics.median(abs(b - a) for a, b in itertools.pairwise(valid))
    tail = after[-max(4, len(after) // 3) :]
    if len(after) < max(5, len(valid) // 10) or len(tail) < 4:
        return None
    rise = statistics.median(tail) - valid[best]
    if rise < max(_TIMES * unrest, _RISE * case.baseline) or not case.last < case.train[best]:
        return None
    seen = (
        f"After epoch {case.points[best].epoch} only the training rows were learned better: the validation cost rose from {valid[best]:.3g} "
        f"to {statistics.median(tail):.3g}, {rise / max(unrest, 1e-12):.0f} times its unrest, while theirs fell from "
        f"{case.train[best]:.3g} to {case.last:.3g}."
    )
    l2 = float(case["l2"] or 0.0)
    cures = [Cure(case.calmer)] if case.calmer else []
    cures.append(Cure({"l2": float(f"{max(1e-3, 10 * l2):.3g}")}))
    # Where validation rows were never learned, holding back only makes it know less.
    useful = case.best_valid < _USELESS * case.baseline
    return Finding("overfits", seen, tuple(cures) if useful else (), is_evident=True)


def no_signal(case: Case) -> Finding | None:
    """What is learned of the training rows says nothing of others."""
    if case.broke or not case.valid or not case.points:
        return None
    if case.steps_at_worst[1] > _WILD * case.baseline:
        # So wild a run says nothing of the data.
        return None
    # By the time that the training rows are learned to a good part, something of it must be true of others.
    then = next((n for n, cost in enumerate(case.train) if cost < _HALFWAY * case.baseline), None)
    if then is None or case.valid[then] < _NEAR * case.baseline or min(case.valid[then:]) < _NEARLY * case.baseline:
        return None
    seen = (
        f"What is learned of the training rows is not true of others: when their cost had fallen to {case.train[then]:.3g}, the validation "
        f"rows cost {case.valid[then]:.3g}, and knowing nothing costs {case.baseline:.3g}. Look whether the target can be known from these inputs at all."
    )
    return Finding("no signal", seen, certain=True, of_data=True)


def learns_nothing(case: Case) -> Finding | None:
    """Not even the training rows are learned."""
    if case.broke or not case.points or not case.left > _NEAR or not math.isfinite(case.left):
        return None
    seen = f"Nothing was learned: {case.best:.3g} is the training rows' cost at best, where knowing nothing costs {case.baseline:.3g}."
    return Finding("learns nothing", seen, certain=True)
