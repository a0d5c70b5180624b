"""The order of the questions: can it be judged, is it right, where does it go wrong, why, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.explain.why import causes, pattern
from chainrule.explain.why.call import SECONDS, Called, TooLong, arguments_of, call, limit
from chainrule.explain.why.causes import Cause
from chainrule.explain.why.names import bind, in_names, said_in
from chainrule.explain.why.program import Line, Values, run
from chainrule.explain.why.question import SQUARE, Problem, Question
from chainrule.explain.why.recognise import TOLERANCE, close, parts, recognise
from chainrule.explain.why.trace import Assigned, Source, Statement, traced
from chainrule.explain.why.verdict import Verdict
from chainrule.explain.why.where import Walk, walk

_FLOAT32 = 2e-5


def judge(
    function: Callable[..., Any],
    question: Question,
    *,
    arguments: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
    source: Source | None = None,
) -> Verdict:
    """Say whether a function computes what is asked, and if not, where it goes wrong and why.

    Parameters
    ----------
    function : callable
    question : Question
    arguments : mapping, optional
        The derivation's name for arguments whose own name says nothing.
    seconds : float
        For each call.
    source : Source, optional
        The text of the function's file, where Python cannot find it itself.
    """
    bound = bind(function, question, arguments)
    problems = question.problems()
    called: list[Called] = []
    for problem in problems:
        called.append(call(function, bound, problem, seconds))
        if called[-1].too_long:
            return _not_valid(called[-1], called, source or Source.of(function))
    only_square = False
    if all(one.raised for one in called):
        squares = question.problems(SQUARE)
        again = [call(function, bound, problem, seconds) for problem in squares]
        if all(not one.fault for one in again):
            only_square, refused, problems, called = True, called[0], squares, again
    source = source or Source.of(function)
    for one in called:
        if one.fault:
            return _not_valid(one, called, source)
    notes = tuple(dict.fromkeys(note for one in called for note in one.notes))
    once_more = call(function, bound, problems[0], seconds).result
    if once_more is None or not np.array_equal(once_more, called[0].result):
        return Verdict("not valid", 0.0, "two calls with the same arguments give different numbers", notes=notes)
    results = [one.result for one in called]
    tolerance = _FLOAT32 if any(one.is_float32 for one in called) else 1e-6
    if not only_square:
        fits = [_fits(result, problem, tolerance) for result, problem in zip(results, problems, strict=True)]
        if all(fits):
            return Verdict("right", 1.0, _praise(question), notes=notes)
    if only_square:
        notes = (f"it runs only where all sizes are equal, so a factor is transposed; else {refused.fault}", *notes)
    told = _Told(function, question, bound, problems, results, source, tolerance, seconds)
    return told.verdict(notes)


def _fits(result: Any, problem: Problem, tolerance: float) -> bool:
    truth = problem.truth
    same = result.shape == truth.shape or (
        result.size == truth.size and result.squeeze().shape == truth.squeeze().shape
    )
    return same and close(result.reshape(truth.shape), truth, tolerance)


def _praise(question: Question) -> str:
    by = "the slope by number" if question.cost else "the numbers worked out"
    return f"{question.answer} agrees with {by} on three problems of different sizes"


def _not_valid(fault: Called, called: Sequence[Called], source: Source | None) -> Verdict:
    notes = list(fault.notes)
    fine = sum(not one.fault for one in called)
    if fine:
        notes.append(f"with the other sizes ({fine} of {len(called)}) it returns an array: a size is written into it")
    code = source.line(fault.line) if source is not None and fault.line is not None else ""
    return Verdict("not valid", 0.0, fault.fault, fault.line, code, notes=tuple(notes))


class _Told:
    """Everything that is looked at of a function that is wrong."""

    def __init__(
        self,
        function: Callable[..., Any],
        question: Question,
        bound: Mapping[str, str],
        problems: Sequence[Problem],
        results: Sequence[Any],
        source: Source | None,
        tolerance: float,
        seconds: float,
    ) -> None:
        self.question = question
        self.bound = bound
        self.problems = problems
        self.results = results
        self.tolerance = max(TOLERANCE, tolerance if tolerance == _FLOAT32 else TOLERANCE)
        self.source = source
        self.path = question.path
        self.given = set(bound.values())
        self.walk = self._walk(function, seconds)

    def _walk(self, function: Callable[..., Any], seconds: float) -> Walk | None:
        if self.source is None:
            return None
        problem = self.problems[0]
        try:
            with np.errstate(all="ignore"), pattern.quiet(), limit(10 * seconds):
                _, self._found = traced(function, arguments_of(self.bound, problem), self.source)
        except (Exception, TooLong):
            return None
        return walk(self._found, parts(self.path, problem.values), problem.sizes, self.source, self.question.answer)

    def _first_wrong(self, path: Sequence[Line], values: Values) -> Any:
        """Return the value of the student's first statement that is none of a derivation's."""
        if self.walk is None or self.source is None:
            return None
        sizes = self.problems[0].sizes
        wrong = walk(self._found, parts(path, values), sizes, self.source, self.question.answer).first_wrong
        return wrong.values[-1] if wrong is not None and wrong.values else None

    @property
    def right_names(self) -> set[str]:
        """The derivation's names whose values the student has right: given, or computed."""
        computed = set(self.walk.right) if self.walk is not None else set()
        return self.given | computed

    def verdict(self, notes: tuple[str, ...]) -> Verdict:
        asked = self._asked()
        right = self.right_names
        suspects = [line for line in asked if line.name not in right] or [self.path[-1]]
        found = causes.find(self.question, self.problems, self.results, suspects, self.tolerance, self._first_wrong)
        where = self._statement(found)
        role = self._role(found, where, suspects)
        names = self._names(where)
        # A factor of a number alone may have come in at any step: told where the student's line is.
        found = sorted(found, key=lambda one: one.slips[0].kind == "scale" and one.slips[0].line is not role)
        said = _distinct(found, names, self._unnamed(None))
        right_line = self._right_line(role, where, names)
        extra = [*notes]
        shape = self._shape()
        if shape:
            extra.append(shape)
        if not found:
            extra += pattern.of(self.results, self.problems, self.question)
        follows = (len(found) > 0 and len(found[0].slips) == 1) or self._follows(role, where)
        if follows and role is not None and role.name != self.question.answer:
            extra.append("the steps after it are right: they follow from your value")
        slips = len(found[0].slips) if found else 1
        score = self._score(asked, right, role, follows, slips)
        return Verdict(
            "wrong",
            score,
            self._reason(where, role),
            where.statement.line if where is not None else None,
            where.statement.text if where is not None else "",
            said,
            right_line,
            tuple(extra),
        )

    def _asked(self) -> list[Line]:
        """Return the lines that a function has to compute from what it is given."""
        asked: list[Line] = []
        wanted = {self.question.answer}
        for line in reversed(self.path):
            if line.name in wanted and (line.name not in self.given or line.name == self.question.answer):
                asked.append(line)
                wanted |= line.reads
        return asked[::-1]

    def _statement(self, found: Sequence[Cause]) -> Assigned | None:
        """Return where it goes wrong: where the slip's own value arises, else the first wrong statement."""
        if self.walk is None:
            return None
        for cause in found:
            slip = cause.slips[0]
            if slip.line.name not in cause.values:
                continue
            value = np.asarray(cause.values[slip.line.name])
            truth = np.asarray(self.problems[0].values[slip.line.name])
            if close(value, truth):
                continue
            sizes = self.problems[0].sizes
            met = [
                one
                for one in self.walk.assigned
                if one.statement.name
                and (seen := recognise(one, {"slip": value}, sizes))
                and seen.what == "slip"
                and seen.right
            ]
            # A value that is right in another place, as dz is where da should be, is wrong where it comes last.
            elsewhere = any(self.walk.seen[one.statement] is not None for one in met)
            if met:
                return met[-1] if elsewhere else met[0]
        return self.walk.first_wrong

    def _role(self, found: Sequence[Cause], where: Assigned | None, suspects: Sequence[Line]) -> Line | None:
        """Return the derivation's line that a wrong statement stands for."""
        if where is None:
            return found[0].slips[0].line if found else None
        value = where.values[-1] if where.values else None
        if not where.statement.name or value is None or close(value, self.results[0], self.tolerance):
            return self.path[-1]
        if found:
            values = found[0].values
            slipped = [
                line for line in self.path if line.name in values and close(value, values[line.name], self.tolerance)
            ]
            return slipped[0] if slipped else found[0].slips[0].line
        for line in suspects:
            if line.name != self.question.answer and self._explains(line, value):
                return line
        return None

    def _right_line(self, role: Line | None, where: Assigned | None, names: Mapping[str, str]) -> str:
        if role is None:
            return ""
        lines = self._unnamed(role)
        expression = in_names(role.source, {k: v for k, v in names.items() if k != role.name}, lines)
        if where is None:
            return f"{role.name} = {expression}"
        if len(where.values) > 1:
            return f"{where.statement.name or role.name} = {expression}, all loops in one line"
        return f"{where.statement.name} = {expression}" if where.statement.name else f"return {expression}"

    def _unnamed(self, role: Line | None) -> tuple[Line, ...]:
        """Return the lines for whose values the student may have no name, and which are written out then."""
        return tuple(line for line in self.path if line is not role and line.name not in self.given)

    def _explains(self, line: Line, value: Any) -> bool:
        """Whether the right steps, taken from a wrong value of one line, give the student's result."""
        if np.shape(value) != np.shape(self.problems[0].values[line.name]):
            return False
        try:
            values = run(self.path, self.problems[0].given, {line.name: value})
        except (ValueError, IndexError, TypeError):
            return False
        return close(self.results[0], values[self.question.answer], self.tolerance)

    def _follows(self, role: Line | None, where: Assigned | None) -> bool:
        if role is None or where is None or not where.values or role.name == self.question.answer:
            return False
        return self._explains(role, where.values[-1])

    def _names(self, where: Assigned | None) -> dict[str, str]:
        names = {known: name for name, known in self.bound.items()}
        if self.walk is not None:
            for what, statement in self.walk.right.items():
                earlier = where is None or statement.line < where.statement.line
                if statement.name and earlier and not self._in_a_loop(statement):
                    names.setdefault(what, statement.name)
        return names

    def _in_a_loop(self, statement: Statement) -> bool:
        seen = self.walk.seen[statement] if self.walk is not None else None
        return seen is not None and seen.how == "in a loop"

    def _shape(self) -> str:
        result, truth = self.results[0], self.problems[0].truth
        if result.shape == truth.shape:
            return ""
        after = f", as {self.question.wrt} has" if self.question.wrt else ""
        return f"the shape is {result.shape} where {truth.shape} is expected{after}"

    def _reason(self, where: Assigned | None, role: Line | None) -> str:
        if where is None:
            return f"{self.question.answer} is not the slope" if self.question.cost else "the numbers differ"
        mathematics = f", which should be {role.meaning}" if role is not None and role.meaning else ""
        met = self._met(where)
        before = f"; before it, {met}" if met else ""
        return f"it goes wrong in line {where.statement.line}{mathematics}{before}"

    def _met(self, where: Assigned) -> str:
        assert self.walk is not None  # noqa: S101 (a place is known only from a walk)
        meanings = {line.name: line.meaning for line in self.path if line.meaning}
        right = [
            f"`{statement.name}` is {meanings[what]}"
            for what, statement in self.walk.right.items()
            if what in meanings
            and statement.name
            and statement is not where.statement
            and statement.name != meanings[what]
        ]
        return ", ".join(right)

    def _score(self, asked: Sequence[Line], right: set[str], role: Line | None, follows: bool, slips: int) -> float:
        """Return the share of the steps that are right, also where they start from something wrong."""
        n = len(asked)
        if follows:
            return round((n - slips) / n, 2)
        if role is not None and role in asked and role.name != self.question.answer:
            return round(asked.index(role) / n, 2)
        return round(sum(line.name in right for line in asked) / n, 2)


def _distinct(found: Sequence[Cause], names: Mapping[str, str], lines: tuple[Line, ...]) -> tuple[str, ...]:
    """Return the causes in words; of one kind on one line, only the first."""
    said: dict[tuple[str, ...], str] = {}
    for cause in found:
        kinds = tuple(f"{slip.kind}" for slip in cause.slips)
        said.setdefault(kinds, "; and ".join(said_in(slip.said, names, lines) for slip in cause.slips))
    return tuple(said.values())
