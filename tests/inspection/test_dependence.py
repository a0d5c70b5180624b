"""Partial dependence: a value put into the table goes through everything, and comes out as scikit-learn has it."""

from __future__ import annotations

import numpy as np
from sklearn.inspection import partial_dependence

from chainrule.inspection import as_estimator, dependence
from tests.inspection.conftest import Case, logit


def test_it_is_what_scikit_learn_finds(classifier: Case) -> None:
    subject, rows = classifier
    (ours,) = dependence(subject, rows, ["strong"], (1,))
    few = rows.thinned(300)
    theirs = partial_dependence(
        as_estimator(subject), few.frame, ["strong"], custom_values={"strong": ours.values}, kind="both"
    )
    np.testing.assert_allclose(ours.average, theirs["average"])
    np.testing.assert_allclose(ours.individual, theirs["individual"][0])


def test_values_follow_the_column_as_the_model_does(regressor: Case) -> None:
    (found,) = dependence(*regressor, ["strong"], ())
    slope = np.diff(found.average[0]) / np.diff(found.values)
    np.testing.assert_allclose(slope, 1500)


def test_categories_words_for_true_and_dates_are_tried_too(classifier: Case) -> None:
    subject, rows = classifier
    town, flag, day = dependence(subject, rows, ["town", "flag", "day"], (1,))
    assert set(town.values) <= {f"town {i}" for i in range(40)}
    assert len(flag.values) == 2
    assert np.ptp(flag.average) == 0
    assert (np.diff(day.average[0]) > 0).all()
    assert day.values[0] > 1.7e9


def test_what_is_tried_lies_where_nearly_all_rows_do(classifier: Case) -> None:
    subject, rows = classifier
    frame = rows.frame.assign(strong=rows.frame["strong"].where(rows.frame.index != 7, 1e9))
    from chainrule.inspection import Rows

    (found,) = dependence(subject, Rows("test", frame, rows.truth, rows.y), ["strong"], (1,))
    assert max(found.values) < 4


def test_texts_have_no_values_to_try(classifier: Case) -> None:
    subject, rows = classifier
    from chainrule.inspection import Subject
    from tests.inspection.conftest import columns

    of_texts = Subject(subject.predict, subject.target, columns(town="text"))
    assert dependence(of_texts, rows, ["town"], (1,)) == ()


def test_a_column_of_whole_numbers_may_hold_fractions(regressor: Case) -> None:
    (found,) = dependence(*regressor, ["noise"], ())
    assert np.ptp(found.average) == 0
    assert np.isfinite(logit(regressor[1].frame)).all()
