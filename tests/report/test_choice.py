"""The page of a choice: its pictures, hostile names, and nothing from outside."""

from __future__ import annotations

import re

import numpy as np
import pytest

from chainrule.report import choice_plots as plots
from chainrule.report.choice import ChoiceData, Section, render_choice

HOSTILE = "<script>alert(1)</script> $x^$"
SCORES = np.array([0.9, 0.92, 0.91, 0.97])

PICTURES = {
    "scores": lambda: plots.fold_scores({HOSTILE: SCORES, "b": SCORES * 0}, HOSTILE),
    "differences": lambda: plots.fold_differences(
        [plots.Difference(HOSTILE, SCORES - 0.92, (-0.1, 0.1), (-0.05, 0.05))], HOSTILE, 0.95
    ),
    "history": lambda: plots.search_history([0, 1, 2], [0.5, None, 0.7], HOSTILE),
    "importance": lambda: plots.importance({HOSTILE: 0.7, "b": 0.3}),
    "parallel": lambda: plots.parallel_coordinates(
        [plots.Axis(HOSTILE, SCORES, [(0.0, HOSTILE), (1.0, "1")]), plots.Axis("b", SCORES, [])], SCORES, HOSTILE
    ),
    "slices": lambda: plots.slices([(HOSTILE, SCORES, True), ("b", SCORES, False)], SCORES, HOSTILE),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_bear_hostile_names(name: str) -> None:
    picture = PICTURES[name]()
    assert picture.startswith("<svg")
    assert "<script" not in picture


def test_equal_scores_are_drawn_too() -> None:
    same = np.full(3, 0.5)
    plots.parallel_coordinates([plots.Axis("a", same, []), plots.Axis("b", same, [])], same, "accuracy")
    plots.search_history([0, 1], [0.5, 0.5], "accuracy")
    plots.fold_scores({"a": same}, "accuracy")


def test_the_page_escapes_what_it_is_given_and_fetches_nothing() -> None:
    section = Section(HOSTILE, HOSTILE, PICTURES["importance"](), ("a", HOSTILE), (("b", HOSTILE),), more=HOSTILE)
    page = render_choice(
        ChoiceData(HOSTILE, HOSTILE, [(HOSTILE, "1")], [section], [HOSTILE], [HOSTILE], {HOSTILE: HOSTILE}, {"v": "1"})
    )
    assert "<script" not in page
    assert not re.search(r'(src|href)="http', page)
    assert page.count("<section") == 3
