"""Each exercise: its reference and its loop version are right, and its slips are named as themselves."""

from __future__ import annotations

import random

import numpy as np
import pytest

from chainrule.explain.exercises import EXERCISES, Exercise
from chainrule.explain.why.mutants import Mutant, mutants
from chainrule.explain.why.program import FUNCTIONS, run
from chainrule.explain.why.recognise import close
from tests.explain.why.judging import judged_source

_AHEAD = "import numpy as np\nfrom chainrule.explain.why.program import FUNCTIONS\nlocals().update(FUNCTIONS)\n"


def _source(exercise: Exercise, slip: Mutant | None = None) -> str:
    steps = [
        f"    {line.name} = {slip.source if slip is not None and line.name == slip.line.name else line.source}"
        for line in exercise.steps
    ]
    extra = [letter for letter in "NDMK" if letter not in exercise.arguments]
    arguments = ", ".join((*exercise.arguments, *extra))
    return f"{_AHEAD}\ndef f({arguments}):\n" + "\n".join([*steps, f"    return {exercise.question.answer}\n"])


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.name)
def test_the_reference_and_the_loops_are_right(exercise: Exercise) -> None:
    assert judged_source(_source(exercise), exercise.question).is_right
    loops = f"import numpy as np\n\ndef f({', '.join(exercise.arguments)}):\n{exercise.loops}\n"
    verdict = judged_source(loops, exercise.question)
    assert verdict.is_right, verdict
    compile(exercise.stub(), exercise.name, "exec")


def _slips(exercise: Exercise, count: int) -> list[Mutant]:
    """Return some of the slips of an exercise that change its answer."""
    problem = exercise.question.problems()[0]
    made = []
    for line in exercise.steps:
        for slip in mutants(line, exercise.question, {}):
            reads = {name for name in ast_names(slip.source) if name not in FUNCTIONS}
            if not reads <= {*exercise.arguments, *(one.name for one in exercise.steps), *"NDMK"}:
                continue
            lines = tuple(
                type(one)(one.name, slip.source) if one.name == slip.line.name else one
                for one in exercise.question.path
            )
            try:
                value = np.asarray(run(lines, problem.given)[exercise.question.answer], dtype=float)
            except (ValueError, IndexError, TypeError, AttributeError):
                continue
            if np.all(np.isfinite(value)) and value.any() and not close(value, problem.truth, 1e-5):
                made.append(slip)
    return random.Random(exercise.name).sample(made, min(count, len(made)))


def ast_names(source: str) -> set[str]:
    import ast

    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.name)
def test_each_slip_is_named_in_its_line(exercise: Exercise) -> None:
    for slip in _slips(exercise, 4):
        verdict = judged_source(_source(exercise, slip), exercise.question)
        assert verdict.outcome in ("wrong", "not valid"), (slip, verdict)
        if verdict.outcome == "wrong":
            assert verdict.causes, (slip, verdict)
            assert verdict.cause is not None
