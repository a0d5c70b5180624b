"""Inspecting what a run has trained: rows in their parts, rivals on the training rows, and what was found."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from chainrule.inspection import Inspected, Predict, Rival, Rows, Subject, fit_rivals, inspect
from chainrule.job.metrics import measured
from chainrule.job.prepare import Prepared
from chainrule.report.page import Evaluated

# Seconds of the processor that the rivals may take: about as long as training took, within bounds.
_LEAST_SECONDS, _MOST_SECONDS = 10.0, 60.0
_FEWEST_ROWS = 2


def inspect_run(
    predict: Predict,
    prepared: Prepared,
    evaluated: Mapping[str, Evaluated],
    seed: int,
    *,
    rivals: bool = True,
    seconds: float = 0.0,
) -> Inspected | None:
    """Return what a fitted model does with the rows that it is judged by; None where there are hardly any.

    Parameters
    ----------
    predict : function
        From raw rows to answers: any fitted model's.
    evaluated : mapping of str to Evaluated
        Its answers to the rows of each part.
    rivals : bool
        Whether a linear model and boosted trees are fitted beside it, where the data are a table.
    seconds : float
        That training took.
    """
    preparation = prepared.preparation
    last = evaluated[judged_part(evaluated)]
    if len(last.truth) < _FEWEST_ROWS:
        return None
    is_table = bool(preparation.encoders)
    subject = Subject(predict, preparation.target, preparation.columns if is_table else ())
    valid = evaluated["valid"] if "valid" in evaluated and last.part != "valid" else None
    found, notes = (
        _rivals(prepared, evaluated["train"], seed, float(np.clip(seconds, _LEAST_SECONDS, _MOST_SECONDS)))
        if rivals and is_table
        else ([], [])
    )
    metrics = measured(preparation.target, last.truth)
    inspected = inspect(subject, _rows(last), None if valid is None else _rows(valid), metrics, found, seed)
    prepared.notes.extend(notes)
    return inspected


def judged_part(evaluated: Mapping[str, Evaluated]) -> str:
    """Return the part that a model is judged by: the test rows, or what comes nearest to them."""
    return next(part for part in ("test", "valid", "train") if part in evaluated)


def _rows(part: Evaluated) -> Rows:
    return Rows(part.part, part.frame, part.truth, part.y)


def _rivals(prepared: Prepared, train: Evaluated, seed: int, seconds: float) -> tuple[list[Rival], list[str]]:
    if prepared.parts["train"].stream is not None:
        return [], ["no linear model and no boosted trees were fitted beside it: the training rows are streamed"]
    preparation = prepared.preparation
    return fit_rivals(preparation.columns, preparation.target, train.frame, train.truth, seed, seconds)
