"""Each exercise: its reference and its loop version are right, and its slips are named as themselves."""

from __future__ import annotations

import pytest

from chainrule.explain.exercises import EXERCISES, Exercise
from tests.explain.why.judging import judged_source
from tests.explain.why.slipped import slips, solution


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.name)
def test_the_reference_and_the_loops_are_right(exercise: Exercise) -> None:
    assert judged_source(solution(exercise), exercise.question).is_right
    loops = f"import numpy as np\n\ndef f({', '.join(exercise.arguments)}):\n{exercise.loops}\n"
    verdict = judged_source(loops, exercise.question)
    assert verdict.is_right, verdict
    compile(exercise.stub(), exercise.name, "exec")


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.name)
def test_each_slip_is_named_in_its_line(exercise: Exercise) -> None:
    for slip in slips(exercise, 4):
        verdict = judged_source(solution(exercise, slip), exercise.question)
        assert verdict.outcome in ("wrong", "not valid"), (slip, verdict)
        if verdict.outcome == "wrong":
            assert verdict.causes, (slip, verdict)
            assert verdict.cause is not None
