"""Why: the slips that give exactly the student's numbers, on every problem."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.explain.why.mutants import Mutant, mutants
from chainrule.explain.why.program import Line, Values, evaluate
from chainrule.explain.why.question import Problem, Question
from chainrule.explain.why.recognise import TOLERANCE, close

# Two slips at once are looked for no longer than this, in seconds of the processor, so that other work changes nothing.
SECONDS = 0.5


@dataclass(frozen=True)
class Cause:
    """One slip, or two, that explain a result.

    Attributes
    ----------
    slips : tuple of Mutant
    values : dict
        What the derivation's values are with the slip, on the first problem.
    """

    slips: tuple[Mutant, ...]
    values: Values


def find(
    question: Question,
    problems: Sequence[Problem],
    results: Sequence[Any],
    lines: Iterable[Line],
    tolerance: float,
    first_wrong: FirstWrong | None = None,
) -> list[Cause]:
    """Return the slips whose numbers are the student's to 1e-8 on all problems: one slip if any does it, else several.

    Parameters
    ----------
    question : Question
    problems, results
        What the student's function returned, problem by problem.
    lines : iterable of Line
        The lines that may be wrong: those that were not recognised.
    tolerance : float
        1e-8, or what float32 can hold.
    first_wrong : function, optional
        From a derivation to the value of the student's first statement that is none of its values.
    """
    if all(not np.any(result) for result in results):
        # A result that is zero everywhere is given by too many slips to tell one.
        return []
    search = _Search(question, problems, results, max(tolerance, TOLERANCE))
    wanted = {line.name for line in lines}
    single = list(search.slips(search.path, wanted))
    found = [
        Cause((slip,), search.run(search.path, slip) or {}) for slip in single if search.explains(search.path, (slip,))
    ]
    if found:
        return found
    chained = search.chain(wanted, first_wrong) if first_wrong is not None else None
    pair = chained or search.pair(single)
    return [Cause(pair, search.run(search.path, pair[0]) or {})] if pair else []


# From the lines of a derivation and its values to the value of the first statement that is none of them.
FirstWrong = Callable[[Sequence[Line], Values], Any]
_CANNOT = (ValueError, IndexError, TypeError, AttributeError, ZeroDivisionError)
# More slips than these in one function are not told apart.
_MOST = 4


class _Search:
    def __init__(
        self, question: Question, problems: Sequence[Problem], results: Sequence[Any], tolerance: float
    ) -> None:
        self.path = question.path
        self._question = question
        self._problems = problems
        self._results = results
        self._tolerance = tolerance
        self._made: dict[Line, list[Mutant]] = {}

    def slips(self, path: Sequence[Line], wanted: Collection[str]) -> Iterator[Mutant]:
        """Yield the slips of some lines of a derivation."""
        for line in path:
            if line.name in wanted:
                if line not in self._made:
                    self._made[line] = list(mutants(line, self._question, self._alike(line)))
                yield from self._made[line]

    def _alike(self, line: Line) -> dict[str, tuple[str, ...]]:
        """Return for each name in a line the other values of its shape, on the problem whose sizes differ."""
        values = self._problems[0].values
        names = [one.name for one in self._question.lines]
        before = [*self._question.inputs, *names[: names.index(line.name)]]
        found = {}
        for name in line.reads:
            shape = np.shape(values[name])
            if shape:
                found[name] = tuple(n for n in before if n != name and np.shape(values[n]) == shape)
        return found

    def run(
        self, path: Sequence[Line], slip: Mutant | None, problem: int = 0, base: Values | None = None
    ) -> Values | None:
        """Return the values with a slip, or None where it cannot be computed; `base` holds those before it."""
        values = dict(self._problems[problem].values if base is None else base)
        begun = slip is None
        try:
            with np.errstate(all="ignore"):
                for line in path:
                    source = line.source
                    if slip is not None and line.name == slip.line.name:
                        source, begun = slip.source, True
                    if begun:
                        values[line.name] = evaluate(source, values)
        except _CANNOT:
            return None
        return values

    def explains(self, path: Sequence[Line], slips: tuple[Mutant, ...]) -> bool:
        """Whether a derivation with these slips gives the student's numbers on all problems, and neither the truth nor 0."""
        for slip in slips[:-1]:
            path = with_slip(path, slip)
        for problem, result in enumerate(self._results):
            values = self.run(path, slips[-1], problem) if len(slips) == 1 else self._whole(path, slips[-1], problem)
            if values is None or not close(result, values[self._question.answer], self._tolerance):
                return False
        return bool(np.any(self._results[0])) and not close(self._results[0], self._problems[0].truth)

    def _whole(self, path: Sequence[Line], slip: Mutant, problem: int) -> Values | None:
        return self.run(with_slip(path, slip), None, problem)

    def chain(self, wanted: Collection[str], first_wrong: FirstWrong) -> tuple[Mutant, ...]:
        """Explain the student's values one after the other: each slip is taken over, and the next is looked for."""
        path: Sequence[Line] = self.path
        slips: tuple[Mutant, ...] = ()
        base = self._problems[0].values
        while len(slips) < _MOST:
            value = first_wrong(path, base)
            if value is None:
                return ()
            for slip in self.slips(path, wanted):
                values = self.run(path, slip, base=base)
                if values is not None and self._gives(path, slip, values, base, value):
                    break
            else:
                return ()
            slips, path, base = (*slips, slip), with_slip(path, slip), values
            if len(slips) > 1 and self.explains(self.path, slips):
                return slips
        return ()

    def _gives(self, path: Sequence[Line], slip: Mutant, values: Values, base: Values, value: Any) -> bool:
        names = [line.name for line in path]
        return np.size(value) > 1 and any(
            close(value, np.asarray(values[name]), self._tolerance) and not close(value, np.asarray(base[name]))
            for name in names[names.index(slip.line.name) :]
        )

    def pair(self, single: Sequence[Mutant]) -> tuple[Mutant, ...]:
        """Try two slips at once, on one line or on two: first those of one kind, as = for += in both loops."""
        until = time.process_time() + SECONDS
        for alike in (True, False):
            for first in single:
                base = self.run(self.path, first)
                if base is None:
                    continue
                path = with_slip(self.path, first)
                names = [line.name for line in path]
                later = names[names.index(first.line.name) :]
                for second in self.slips(path, later):
                    if (second.kind == first.kind) != alike or second.source == first.line.source:
                        continue
                    if time.process_time() > until:
                        return ()
                    values = self.run(path, second, base=base)
                    good = values is not None and close(
                        self._results[0], values[self._question.answer], self._tolerance
                    )
                    if good and self.explains(self.path, (first, second)):
                        return first, second
        return ()


def with_slip(path: Sequence[Line], slip: Mutant) -> tuple[Line, ...]:
    """Return a derivation in which one line has a slip."""
    return tuple(Line(one.name, slip.source, one.meaning) if one.name == slip.line.name else one for one in path)
