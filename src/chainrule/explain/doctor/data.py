"""Rules about the data: rows in two parts, a column that gives the answer away, a rare class, a loss that does not fit."""

from __future__ import annotations

from chainrule.explain.doctor.case import Case
from chainrule.explain.doctor.finding import Cure, Finding

# Share of rows, and how many times as many as chance has where columns have few values.
_COPIES, _TIMES = 0.05, 10.0
# One column tells the target on unseen rows so well, and the next so much worse.
_TELLS, _APART = 0.995, 0.02
# How rare a class must be beside the most frequent one, and how far macro F1 below accuracy if it is hardly ever found.
_RARE, _MISSED = 0.1, 0.3


def rows_in_two_parts(case: Case) -> Finding | None:
    """Test rows are training rows: their score is memory."""
    part, share = max(case.data.copies.items(), key=lambda item: item[1], default=("", 0.0))
    if share < _COPIES or share < _TIMES * case.data.chance_copies:
        return None
    seen = f"{share:.0%} of the {part} rows are training rows too, inputs and target: their score is memory. Leave copies out before the split."
    return Finding("rows in two parts", seen, certain=True, of_data=True)


def telltale_column(case: Case) -> Finding | None:
    """One column gives the answer away."""
    if case.data.telltale is None:
        return None
    column, share, second = case.data.telltale
    if share < _TELLS or share - second < _APART:
        return None
    seen = (
        f"The column {column!r} alone tells the target of {share:.1%} of unseen rows, the next one of {second:.1%}: "
        f"if it is known only afterwards, leave it out, `columns.{column}=identifier`."
    )
    return Finding("a column tells the target", seen, certain=True, of_data=True)


def rare_class(case: Case) -> Finding | None:
    """A class is so rare that it is never answered."""
    shares = case.data.shares
    scores = case.scores.get("valid") or case.scores.get("train") or {}
    if len(shares) < 2 or min(shares) > _RARE * max(shares) or "macro_f1" not in scores:
        return None
    if scores["accuracy"] - scores["macro_f1"] < 0.1:
        return None
    seen = (
        f"The rarest class has {min(shares):.1%} of the training rows, and is mostly missed: accuracy {scores['accuracy']:.3g}, "
        f"but macro F1, in which all classes count the same, {scores['macro_f1']:.3g}."
    )
    missed = scores["accuracy"] - scores["macro_f1"] > _MISSED
    return Finding(
        "rare class missed", seen, (Cure({"class_weight": "balanced"}, judged_by="macro_f1"),), certain=missed
    )


def loss_does_not_fit(case: Case) -> Finding | None:
    """Another loss than the task's own was chosen, and leaves more than it need."""
    changed = [
        name for name in ("loss", "huber_delta", "label_smoothing") if name in case.settings and not case.is_usual(name)
    ]
    valid = case.scores.get("valid") or case.scores.get("train")
    if not changed or case.broke or not valid:
        return None
    seen = (
        "Another cost than the usual one is made small: "
        + " and ".join(f"`{name}={case[name]}`" for name in changed)
        + "."
    )
    return Finding("loss does not fit", seen, (Cure({name: case.usual[name] for name in changed}),))
