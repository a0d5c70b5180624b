"""Segments: the one that is surely worse is named with its size, and chance is not."""

from __future__ import annotations

import numpy as np

from chainrule.inspection import Rows, segments, told
from tests.inspection.conftest import Case


def test_a_planted_segment_is_the_worst(classifier: Case) -> None:
    subject, rows = classifier
    at = (rows.frame["colour"] == "green").to_numpy()
    truth = np.where(at, 1 - rows.y.argmax(axis=1), rows.y.argmax(axis=1))
    found = segments(subject, Rows("test", rows.frame, truth, rows.y), 1)
    assert found is not None
    assert found.worst is not None
    assert (found.worst.column, found.worst.level, found.worst.n) == ("colour", "green", at.sum())
    assert found.worst.value == 0
    text = told.worst_segment(found, "test")
    assert all(part in text for part in ("colour", "'green'", f"{at.sum():,} test rows", "95 % interval"))


def test_chance_is_not_blamed(classifier: Case) -> None:
    found = segments(*classifier, 1)
    assert found is not None
    assert found.worst is None
    assert "In none of the" in told.worst_segment(found, "test")
    assert f"{found.lowest.n:,} test rows" in told.worst_segment(found, "test")


def test_of_values_the_worst_is_where_errors_are_large(regressor: Case) -> None:
    subject, rows = regressor
    far = rows.truth + 4000 * rows.frame["flag"].to_numpy()
    found = segments(subject, Rows("test", rows.frame, far, rows.y), 0)
    assert found is not None
    assert found.worst is not None
    assert (found.metric, found.worst.column, found.worst.level) == ("MAE", "flag", "True")
    assert found.worst.came - found.worst.said > 3500


def test_small_segments_are_counted_and_gaps_are_one(classifier: Case) -> None:
    subject, rows = classifier
    colours = rows.frame["colour"].to_numpy(object).copy()
    colours[:30] = None
    colours[30:33] = "violet"
    found = segments(subject, Rows("test", rows.frame.assign(colour=colours), rows.truth, rows.y), 1)
    assert found is not None
    levels = {one.level for one in found.found if one.column == "colour"}
    assert levels == {"red", "green", "blue", "(missing)"}
    assert found.too_small >= 1


def test_what_matters_is_told_of_first(classifier: Case) -> None:
    found = segments(*classifier, 1, order=("noise", "flag", "town"))
    assert found is not None
    assert list(dict.fromkeys(one.column for one in found.found)) == ["flag", "town", "colour"]
