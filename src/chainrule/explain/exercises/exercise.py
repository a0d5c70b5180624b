"""One exercise: what is asked, with which arguments, from which slide; and the file that a student starts from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.explain.why.program import Line, run
from chainrule.explain.why.question import Question

_EXAMPLE = {"N": 2, "D": 2, "M": 3, "K": 2, "L": 2, "P": 2}


@dataclass(frozen=True)
class Exercise:
    """An exercise.

    Attributes
    ----------
    name : str
        Also of the function that is to be written.
    group : str
        forward, cost, or derivatives.
    slide : str
        What the slide is about that it is from.
    task : str
        What is asked, in one sentence.
    arguments : tuple of str
        What the function is given.
    question : Question
    loops : str
        The body of a right solution in loops.
    """

    name: str
    group: str
    slide: str
    task: str
    arguments: tuple[str, ...]
    question: Question
    loops: str

    @cached_property
    def steps(self) -> tuple[Line, ...]:
        """The lines that a solution has to compute from its arguments."""
        found: list[Line] = []
        wanted = {self.question.answer}
        for line in reversed(self.question.path):
            if line.name in wanted and line.name not in self.arguments:
                found.append(line)
                wanted |= line.reads
        return tuple(reversed(found))

    def stub(self) -> str:
        """Return the file that a student starts from: the task, the shapes, one example with numbers, an empty function."""
        example = self._example()
        shapes = "\n".join(f"    {name:4} {_shape(example[name])}" for name in (*self.arguments, self.question.answer))
        numbers = "\n".join(
            f"    {name} = {_numbers(example[name], len(name))}" for name in (*self.arguments, self.question.answer)
        )
        return (
            f'"""{self.task}\n\nFrom the slide on {self.slide}. Shapes, in the example below:\n\n{shapes}\n\n'
            f"With these numbers the answer is the last of them:\n\n{numbers}\n\n"
            f'Check it: chainrule learn check {self.name}.py\n"""\n\nimport numpy as np\n\n\n'
            f"def {self.name}({', '.join(self.arguments)}):\n    raise NotImplementedError  # here it goes\n"
        )

    def _example(self) -> dict[str, Any]:
        rng = np.random.default_rng(7)
        drawn = {
            name: np.round(one.draw(rng, _EXAMPLE), 1)
            if one.kind not in ("one-hot", "bits")
            else one.draw(rng, _EXAMPLE)
            for name, one in self.question.inputs.items()
        }
        return run(self.question.lines, {**_EXAMPLE, **drawn})

    def derivation(self) -> str:
        """Return the steps as code with what they are."""
        width = max(len(str(line)) for line in self.steps)
        told = [f"{line!s:{width}}   {line.meaning}".rstrip() for line in self.steps]
        return "\n".join([self.task, "", *told])


def _shape(value: Any) -> str:
    shape = np.shape(value)
    return f"{shape}" if shape else "a number"


def _numbers(value: Any, name: int) -> str:
    """Return numbers whose rows stand under each other, behind a name of some length."""
    text = np.array2string(np.asarray(value, dtype=float) + 0.0, precision=4, separator=", ", suppress_small=True)
    return text.replace("\n", "\n" + " " * (7 + name))
