"""What was found, in sentences that end in a decision: is a network worth it, and what is missed."""

from __future__ import annotations

from chainrule.figures import figures, share
from chainrule.inspection.calibration import Calibration
from chainrule.inspection.inspected import OURS, Inspected
from chainrule.inspection.intervals import Interval
from chainrule.inspection.rivals import LINEAR, TREES
from chainrule.inspection.segments import Segments
from chainrule.inspection.thresholds import Imbalance
from chainrule.train.metrics import Metric

_PARTS = {"test": "test", "valid": "validation", "train": "training", "data": "given"}
_NAMES = {LINEAR: ("the linear model", "the linear model's"), TREES: ("boosted trees", "boosted trees'")}


def worth(found: Inspected, metric: Metric) -> str:
    """Return whether a network is worth it, by one metric against each rival; an empty text where there is no rival."""
    if not found.rivals:
        return ""
    parts, outcomes = [], {}
    for rival in found.rivals:
        difference = found.intervals.differences[rival.name][metric.name]
        ours, theirs = (found.intervals.metrics[name][metric.name].value for name in (OURS, rival.name))
        outcomes[rival.name] = _outcome(difference, metric)
        mine, its = figures([ours, theirs])
        words = {1: "better than", -1: "worse than", 0: "not surely different from"}[outcomes[rival.name]]
        parts.append(f"{words} {_NAMES[rival.name][1]} {its} ({_by(difference)})")
    n = found.intervals.rows
    lead = f"On the {n:,} {_PARTS[found.part]} rows its {metric.label}, {mine}, is " + ", and ".join(parts) + "."
    return f"{lead} {_decision(outcomes)}"


def _outcome(difference: Interval, metric: Metric) -> int:
    """Return 1 where the network is better by more than chance, -1 where it is worse, else 0."""
    if not difference.is_known or difference.low <= 0 <= difference.high:
        return 0
    return 1 if metric.sign * difference.value > 0 else -1


def _by(difference: Interval) -> str:
    """`a difference of -0.0108, and of -0.0140 to -0.0066 on 95 of 100 such draws of rows`."""
    if not difference.is_known:
        return "too few rows to tell"
    value, low, high = (_signed(text) for text in figures([difference.value, difference.low, difference.high]))
    return f"difference {value}, 95 % interval {low} to {high}"


def _signed(text: str) -> str:
    return f"−{text[1:]}" if text.startswith("-") else text if text.strip("0.") == "" else f"+{text}"


def _decision(outcomes: dict[str, int]) -> str:
    worse = [name for name, outcome in outcomes.items() if outcome < 0]
    equal = [name for name, outcome in outcomes.items() if outcome == 0]
    if worse:
        named = " and ".join(_NAMES[name][0] for name in worse)
        return f"As it stands, {named} would be the better choice on these rows."
    if LINEAR in equal:
        return "The linear model is the simpler one, and does about as well here."
    if equal:
        return "A network is worth it here as much as boosted trees are."
    return "A network is worth it here."


def rare_class(found: Imbalance, part: str, name: str, *, is_balanced: bool) -> str:
    """Return what is missed of a rare class, what another threshold would find, and the setting that learns for it.

    Parameters
    ----------
    part : str
        Whose rows were looked at.
    name : str
        Of the class.
    is_balanced : bool
        Whether rare classes have counted for more already.
    """
    rows = f"{_PARTS[part]} rows"
    text = f"{name!r} is {share(found.share)} of the {rows}, and of these {share(found.recall)} are found (recall {found.recall:.3f}"
    text += f", precision {found.precision:.3f})" if found.precision == found.precision else ")"
    text += " when the most probable class is the answer."
    if found.threshold is not None:
        text += (
            f" Answered from a probability of {found.threshold:g} on, the best F1 on the validation rows, {name!r} would have "
            f"recall {found.new_recall:.3f} and precision {found.new_precision:.3f}."
        )
    if not is_balanced:
        text += " `class_weight=balanced` trains with rare classes counting for more."
    return text


def calibrated(found: Calibration, n: int) -> str:
    """Return how far probabilities can be taken at their word."""
    rows = f"of {n:,} rows"
    if not found.is_more_than_chance:
        return (
            f"As far as {n:,} rows can tell, its probabilities can be taken at their word: what it says and what comes true "
            f"differ by {found.error:.3f} on average (expected calibration error), and chance alone would make up to "
            f"{found.chance:.3f}."
        )
    return (
        f"It is {found.leans}: what it says and what comes true differ by {found.error:.3f} on average (expected calibration "
        f"error), where chance alone would make up to {found.chance:.3f} {rows}."
    )


def worst_segment(found: Segments, part: str) -> str:
    """Return where the model surely does worse than elsewhere, or that there is no such place."""
    if found.worst is None:
        last = found.lowest
        value, low, high, whole = figures([last.value, last.low, last.high, found.whole])
        return (
            f"In none of the {len(found.found)} segments is it worse than on all rows by more than chance makes of so many. The "
            f"last of them is {last.column} {last.level!r}: {found.metric} {value} on {last.n:,} {_PARTS[part]} rows (95 % "
            f"interval {low} to {high}), against {whole} on all."
        )
    worst = found.worst
    value, low, high, whole = figures([worst.value, worst.low, worst.high, found.whole])
    return (
        f"It does worst where {worst.column} is {worst.level!r}: {found.metric} {value} on {worst.n:,} {_PARTS[part]} rows "
        f"(95 % interval {low} to {high}), against {whole} on all. Of {len(found.found)} segments looked at, this one is "
        "most surely worse."
    )
