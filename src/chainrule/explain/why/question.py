"""What is asked: a value with the lines that lead to it, the data to try it on, and the slope that judges it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.explain.why.program import Line, Values, needed, run

# No two of a problem's sizes are equal, so that no transposed or mistaken axis fits by accident.
SIZES: tuple[Mapping[str, int], ...] = (
    {"N": 7, "D": 3, "M": 5, "K": 4, "L": 6, "P": 8},
    {"N": 5, "D": 6, "M": 4, "K": 3, "L": 8, "P": 7},
    {"N": 9, "D": 4, "M": 3, "K": 5, "L": 7, "P": 6},
)
# Only where a function fails at all of those: a transposed factor fits here.
SQUARE: tuple[Mapping[str, int], ...] = (dict.fromkeys("NDMKLP", 4), dict.fromkeys("NDMKLP", 5))


@dataclass(frozen=True)
class Input:
    """An array that a question draws.

    Attributes
    ----------
    shape : str
        A letter an axis, such as ND; empty for a single number.
    kind : str
        `normal`, `one-hot` (one 1 in each row), `bits` (each 0 or 1), `positive`, or `rate` (one small number).
    """

    shape: str
    kind: str = "normal"

    def draw(self, rng: np.random.Generator, sizes: Mapping[str, int]) -> Any:
        """Return the array in float64."""
        shape = tuple(sizes[letter] for letter in self.shape)
        if self.kind == "one-hot":
            # Each class comes, as far as there are rows, so that no column of t is zero.
            classes = rng.permutation(np.arange(int(np.prod(shape[:-1], dtype=int))) % shape[-1])
            return np.eye(shape[-1])[classes].reshape(shape)
        if self.kind == "bits":
            return rng.permutation(np.arange(int(np.prod(shape, dtype=int))) % 2).reshape(shape).astype(float)
        if self.kind == "positive":
            return rng.uniform(0.2, 1.5, shape)
        if self.kind == "rate":
            return float(rng.uniform(0.1, 0.4))
        return rng.normal(size=shape) if shape else float(rng.normal())


@dataclass(frozen=True)
class Question:
    """One value that a function is to compute.

    Attributes
    ----------
    answer : str
        Its name, such as dW.
    lines : tuple of Line
        All steps to it, forward and backward; the last is the answer.
    inputs : mapping
        What is drawn, by name.
    cost : str
        An expression over the forward values whose slope by `wrt` the answer is; empty if the answer is no derivative.
    wrt : str
        The input by which is derived.
    aliases : mapping
        Other names under which a function may ask for a value.
    told : str
        What is asked for, in words: ∂J/∂W of softmax(sigmoid(x W + b) V + c).
    """

    answer: str
    lines: tuple[Line, ...]
    inputs: Mapping[str, Input]
    cost: str = ""
    wrt: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    told: str = ""

    @cached_property
    def path(self) -> tuple[Line, ...]:
        """The lines that the answer is made of."""
        return needed(self.lines, self.answer)

    @property
    def known(self) -> tuple[str, ...]:
        """The names that a function may ask for: inputs, values of forward lines, and sizes."""
        forward = [line.name for line in self.lines if line.name != self.answer and not line.name.startswith("d")]
        return (*self.inputs, *forward, *(letter for letter in "NDMK" if letter not in self.inputs))

    def to_dict(self) -> dict[str, Any]:
        """Return the question as plain data, for another process."""
        return asdict(self)

    @classmethod
    def from_dict(cls, held: Mapping[str, Any]) -> Question:
        """Make a question of what `to_dict` returned."""
        lines = tuple(Line(**line) for line in held["lines"])
        inputs = {name: Input(**one) for name, one in held["inputs"].items()}
        return cls(**{**held, "lines": lines, "inputs": inputs})

    def problems(self, sizes: tuple[Mapping[str, int], ...] = SIZES) -> tuple[Problem, ...]:
        """Return the problems on which a function is tried."""
        return tuple(Problem.of(self, size, seed) for seed, size in enumerate(sizes))


@dataclass(frozen=True)
class Problem:
    """A question with numbers in it.

    Attributes
    ----------
    sizes : mapping
        The length of each axis by its letter.
    given : dict
        What was drawn, and the sizes.
    values : dict
        All values of the right derivation.
    truth : array
        The answer: the slope by number if it is a derivative.
    """

    sizes: Mapping[str, int]
    given: Values
    values: Values
    truth: Any

    def given_to(self, name: str) -> Any:
        """Return the value of a name, for an argument of a function."""
        return self.values[name]

    @classmethod
    def of(cls, question: Question, sizes: Mapping[str, int], seed: int) -> Problem:
        """Draw the numbers and work the question out."""
        rng = np.random.default_rng([2026, seed])
        drawn = {name: one.draw(rng, sizes) for name, one in question.inputs.items()}
        given = {**{k: v for k, v in sizes.items() if k not in drawn}, **drawn}
        values = run(question.lines, given)
        truth = np.asarray(values[question.answer], dtype=float)
        if question.cost:
            slope = slope_of(question, given)
            if not np.allclose(slope, truth, rtol=1e-6, atol=1e-6 * np.abs(slope).max()):
                raise AssertionError(f"the derivation of {question.answer} is not the slope of {question.cost}")
        return cls(sizes, given, values, truth)


def slope_of(question: Question, given: Values) -> Any:
    """Return the slope of the question's cost by each entry of `wrt`, by central differences of fourth order.

    A cost that is an array has its own axes first: the slopes of all its entries.
    """
    at = np.asarray(given[question.wrt], dtype=float)
    forward = needed((*question.lines, Line("cost", question.cost)), "cost")
    h = 1e-3

    def cost(moved: Any) -> Any:
        values = run(forward, {**given, question.wrt: moved if moved.ndim else float(moved)})
        return np.asarray(values["cost"], dtype=float)

    slopes = []
    for flat in range(at.size):
        step = np.zeros(at.size)
        step[flat] = h
        along = step.reshape(at.shape)
        near, far = cost(at + along) - cost(at - along), cost(at + 2 * along) - cost(at - 2 * along)
        slopes.append((8 * near - far) / (12 * h))
    stacked = np.stack(slopes, axis=-1)
    return stacked.reshape(*stacked.shape[:-1], *at.shape)
