"""Rivals take raw rows of every kind, are bounded in time, and say what they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.target import Target
from chainrule.inspection import fit_rivals, told
from chainrule.inspection.inspected import OURS, Inspected
from chainrule.inspection.intervals import bootstrap
from chainrule.train.metrics import METRICS
from tests.inspection.conftest import KINDS, Case, columns


def test_both_learn_what_there_is_to_learn(classifier: Case) -> None:
    subject, rows = classifier
    found, notes = fit_rivals(KINDS, subject.target, rows.frame, rows.truth, seed=0, seconds=20)
    assert ([one.name for one in found], notes) == (["linear", "trees"], [])
    for one in found:
        y = one.predict(rows.frame)
        np.testing.assert_allclose(y.sum(axis=1), 1)
        assert METRICS["roc_auc"].function(y, rows.truth, None) > 0.8


def test_gaps_new_categories_dates_and_texts_are_no_hindrance() -> None:
    rng = np.random.default_rng(0)
    n = 120
    frame = pd.DataFrame(
        {
            "x": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
            "empty": np.nan,
            "c": rng.choice(["a", "b", None], n),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 99, n), unit="D"),
            "text": rng.choice(["good wine and cheese", "bad sour beer today", "nothing much said here"], n),
        }
    )
    kinds = columns(x="numeric", empty="numeric", c="category", day="date", text="text")
    truth = frame["text"].str.len().to_numpy(float) + 3
    found, notes = fit_rivals(kinds, Target("t", "regression"), frame, truth, seed=0, seconds=20)
    assert notes == []
    new = frame.assign(c="never seen", day=pd.NaT, text="unheard of")
    for one in found:
        assert one.predict(frame).shape == (n, 1)
        assert np.isfinite(one.predict(new)).all()


def test_a_class_without_a_training_row_has_no_probability(classifier: Case) -> None:
    _, rows = classifier
    target = Target("t", "classification", ("a", "b", "c"))
    found, _ = fit_rivals(KINDS, target, rows.frame[:200], np.where(rows.truth[:200] == 0, 0, 2), seed=0, seconds=20)
    assert all((one.predict(rows.frame[:5])[:, 1] == 0).all() for one in found)


def test_what_there_is_no_time_for_is_told(classifier: Case) -> None:
    subject, rows = classifier
    found, _ = fit_rivals(KINDS, subject.target, rows.frame, rows.truth, seed=0, seconds=1e-6)
    assert "ended after 5 of 100 rounds by the time" in found[1].about


def test_what_cannot_be_fitted_is_told() -> None:
    frame = pd.DataFrame({"text": ["!", "?", "!", "?"]})
    found, notes = fit_rivals(
        columns(text="text"), Target("t", "classification", ("a", "b")), frame, np.array([0, 1, 0, 1]), 0, 20
    )
    assert found == []
    assert "the linear model could not be fitted" in notes[0]


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [(0.05, 0.6, "better than"), (0.6, 0.05, "worse than"), (0.3, 0.3, "not surely different from")],
)
def test_the_verdict_is_that_of_the_difference(classifier: Case, ours: float, theirs: float, words: str) -> None:
    _, rows = classifier
    right = np.eye(2)[rows.truth]
    noise = np.random.default_rng(0).random(len(rows))[:, None]
    answers = {OURS: (1 - ours) * right + ours / 2, "linear": (1 - theirs) * right + theirs / 2}
    if ours == theirs:
        answers[OURS] = np.clip(answers[OURS] + 0.05 * (noise - 0.5) * np.array([1, -1]), 0, 1)
    target = Target("t", "classification", ("a", "b"))
    rivals, _ = fit_rivals(KINDS, target, rows.frame[:100], rows.truth[:100], 0, 1)
    found = Inspected("test", bootstrap([METRICS["log_loss"]], target, rows.truth, answers, 0), (rivals[0],))
    text = told.worth(found, METRICS["log_loss"])
    assert words in text
    assert ("A network is worth it here." in text) == (words == "better than")
    assert told.worth(Inspected("test", found.intervals), METRICS["log_loss"]) == ""
