"""Solutions of exercises, right or with one slip of one line."""

from __future__ import annotations

import ast
import random

import numpy as np

from chainrule.explain.exercises import Exercise
from chainrule.explain.why.mutants import Mutant, mutants
from chainrule.explain.why.program import FUNCTIONS, run
from chainrule.explain.why.recognise import close

_AHEAD = "import numpy as np\nfrom chainrule.explain.why.program import FUNCTIONS\nlocals().update(FUNCTIONS)\n"


def solution(exercise: Exercise, slip: Mutant | None = None) -> str:
    """Return the source of f, a line a step."""
    steps = [
        f"    {line.name} = {slip.source if slip is not None and line.name == slip.line.name else line.source}"
        for line in exercise.steps
    ]
    extra = [letter for letter in "NDMK" if letter not in exercise.arguments]
    arguments = ", ".join((*exercise.arguments, *extra))
    return f"{_AHEAD}\ndef f({arguments}):\n" + "\n".join([*steps, f"    return {exercise.question.answer}\n"])


def slips(exercise: Exercise, count: int) -> list[Mutant]:
    """Return some of the slips of an exercise, drawn by its name, that change its answer."""
    problem = exercise.question.problems()[0]
    made = []
    for line in exercise.steps:
        for slip in mutants(line, exercise.question, {}):
            reads = {name for name in _names(slip.source) if name not in FUNCTIONS}
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


def _names(source: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
