"""Rules about the network itself: units that cannot learn, gradients that get lost, inputs of the wrong size."""

from __future__ import annotations

import math

from chainrule.explain.doctor.case import Case
from chainrule.explain.doctor.finding import Cure, Finding

# Share of the units of a layer that may be dead, or saturated, without harm.
_MANY = 0.5
# The first layer's gradient beside the last one's, each in relation to its weights.
_VANISHED = 1e-3
# Inputs of standardised columns, or of pictures, lie about 1.
_LARGE, _SPREAD = 10.0, 30.0


def symmetric(case: Case) -> Finding | None:
    """All units of a hidden layer have the same weights, and so the same gradient: they stay the same."""
    if len(case.measured) < 2:
        return None
    last = case.measured[-1].alike
    layers = [name for name, alike in list(last.items()) if alike and name != list(case.measured[-1].weights)[-1]]
    if not layers:
        return None
    seen = f"All units of {layers[0]} have the same weights, so they get the same gradient and stay the same."
    return Finding("units all alike", seen, (Cure({"init": "auto"}),), certain=True, is_evident=True)


def vanishing(case: Case) -> Finding | None:
    """The gradient gets lost on its way back to the first layer."""
    if not case.measured or len(case.measured[0].gradients) < 3:
        return None
    figures = case.measured[0]
    pulls = [
        figures.gradients[name] / size
        for name, size in figures.weights.items()
        if size > 0 and name in figures.gradients
    ]
    if len(pulls) < 3 or not pulls[-1] > 0 or pulls[0] >= _VANISHED * pulls[-1]:
        return None
    seen = (
        f"The gradient gets lost on its way back: at the start it is {pulls[0] / pulls[-1]:.1g} times as strong "
        "in the first layer as in the last, each in relation to its weights."
    )
    hidden = case["hidden"] or ()
    fewer = (Cure({"hidden": tuple(hidden[:2])}),) if len(hidden) > 2 else ()
    return Finding("gradient vanishes", seen, (Cure({"activation": "relu"}), *fewer), certain=case.left > 0.5)


def inputs_not_scaled(case: Case) -> Finding | None:
    """Input columns are far from 1, or very unlike each other, in size."""
    data = case.data
    if data.largest < _LARGE and data.spread < _SPREAD:
        return None
    seen = f"The inputs are not of one size: the largest column is about {data.largest:.3g}, {data.spread:.3g} times the smallest."
    return Finding("inputs not scaled", seen, (Cure({"scaling": "standard"}),))


def dead_units(case: Case) -> Finding | None:
    """Most units of a layer are 0 for every row."""
    for figures in case.measured[-1:]:
        layer, share = max(figures.dead.items(), key=lambda item: item[1], default=("", 0.0))
        if share > _MANY:
            at_start = case.measured[0].dead.get(layer, 0.0)
            seen = f"{share:.0%} of the units of {layer} are dead: their derivative is 0 in every row ({at_start:.0%} before the first step)."
            rate = float(f"{(case['learning_rate'] or 0.001) / 10:.3g}")
            return Finding(
                "dead units",
                seen,
                (
                    *_lower(case),
                    Cure({"init": "auto"}),
                    Cure({"activation": "leaky_relu"}),
                    Cure({"activation": "leaky_relu", "learning_rate": rate}),
                ),
                certain=case.left > 0.5,
            )
    return None


def saturated_units(case: Case) -> Finding | None:
    """Most units of a layer are so far out that hardly any derivative comes through."""
    for figures in case.measured[-1:]:
        layer, share = max(figures.saturated.items(), key=lambda item: item[1], default=("", 0.0))
        if share > _MANY:
            at_start = case.measured[0].saturated.get(layer, 0.0)
            seen = f"{share:.0%} of the units of {layer} are saturated: less than 2 % of a derivative comes through ({at_start:.0%} before the first step)."
            cures = (*_lower(case), Cure({"scaling": "standard"}), Cure({"activation": "relu"}), Cure({"init": "auto"}))
            return Finding("saturated units", seen, cures)
    return None


def _lower(case: Case) -> tuple[Cure, ...]:
    """Return the usual rate where the present one is higher."""
    usual = case.usual.get("learning_rate")
    return (Cure({"learning_rate": usual}),) if usual and case.above("learning_rate") > 2 else ()


def starts_badly(case: Case) -> Finding | None:
    """Before the first step the network is much surer, and more wrong, than one that knows nothing."""
    if not case.baseline > 0 or not math.isfinite(case.first) or case.first < 5 * case.baseline:
        return None
    seen = f"Before the first step it costs {case.first:.3g}, where knowing nothing costs {case.baseline:.3g}: its first answers are far too large."
    return Finding("bad start", seen, (Cure({"init": "auto"}), Cure({"scaling": "standard"})))
