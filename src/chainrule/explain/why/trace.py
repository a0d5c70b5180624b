"""What a function computes on its way: every value that its lines assign, recorded as it runs."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import CodeType, FrameType
from typing import Any

import numpy as np

# Of a line inside a loop no more values are kept than this.
MOST = 4_000


@dataclass(frozen=True)
class Statement:
    """A statement of the student's that gives a value a name, or returns one.

    Attributes
    ----------
    line, last : int
        The first and the last line, counted in the file.
    name : str
        What it assigns to; empty for a return.
    reads : frozenset of str
        The names that it reads.
    adds : bool
        Whether it adds to what was there, as += does.
    calls : frozenset of str
        The functions that it calls by name.
    copies : bool
        Whether it gives an old value another name, and no more.
    text : str
        Its code.
    """

    line: int
    last: int
    name: str
    reads: frozenset[str]
    adds: bool
    calls: frozenset[str]
    copies: bool
    text: str


@dataclass
class Assigned:
    """What a statement has assigned, in the order of time.

    Attributes
    ----------
    statement : Statement
    first, last : int
        When it ran first and last, as a count of steps.
    values : list
        Each value, copied.
    """

    statement: Statement
    first: int
    last: int = 0
    values: list[Any] = field(default_factory=list)


class Source:
    """The text of a function's file, by statements."""

    def __init__(self, text: str, first_line: int = 1) -> None:
        self.text = text
        self.offset = first_line - 1
        tree = ast.parse(text)
        self.functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        self.by_line: dict[int, Statement] = {}
        for node in ast.walk(tree):
            statement = self._statement(node)
            if statement is not None:
                for line in range(statement.line, statement.last + 1):
                    self.by_line.setdefault(line, statement)

    @classmethod
    def of(cls, function: Callable[..., Any]) -> Source | None:
        """Return the source of a function that Python knows the text of, else None."""
        try:
            lines, first = inspect.getsourcelines(function)
            return cls(textwrap.dedent("".join(lines)), max(first, 1))
        except (OSError, TypeError, SyntaxError):
            return None

    @cached_property
    def lines(self) -> list[str]:
        """The text, line by line."""
        return self.text.splitlines()

    def line(self, number: int) -> str:
        """Return a line by its number in the file."""
        at = number - 1 - self.offset
        return self.lines[at].strip() if 0 <= at < len(self.lines) else ""

    def _statement(self, node: ast.AST) -> Statement | None:
        target: ast.expr | None
        value: ast.expr | None
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            target, value = node.target, node.value
        elif isinstance(node, ast.Return):
            target, value = None, node.value
        else:
            return None
        if value is None:
            return None
        base = target
        while isinstance(base, (ast.Subscript, ast.Attribute, ast.Starred)):
            base = base.value
        if target is not None and not isinstance(base, ast.Name):
            return None
        reads = {one.id for one in ast.walk(value) if isinstance(one, ast.Name)}
        calls = {one.func.id for one in ast.walk(value) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)}
        name = base.id if isinstance(base, ast.Name) else ""
        adds = isinstance(node, ast.AugAssign)
        copies = isinstance(value, (ast.Name, ast.Attribute)) and not adds
        start, end = node.lineno + self.offset, (node.end_lineno or node.lineno) + self.offset
        text = ast.unparse(node)
        return Statement(start, end, name, frozenset(reads), adds, frozenset(calls), copies, text)


def traced(
    function: Callable[..., Any], arguments: Mapping[str, Any], source: Source
) -> tuple[Any, dict[Statement, Assigned]]:
    """Return what the function returns, and what each statement on the way assigned.

    Functions of the same file that it calls are followed too.
    """
    recorder = _Recorder(function.__code__, source)
    before = sys.gettrace()
    sys.settrace(recorder.begin)
    try:
        result = function(**arguments)
    finally:
        sys.settrace(before)
    return result, recorder.found


class _Recorder:
    def __init__(self, code: CodeType, source: Source) -> None:
        self._file = code.co_filename
        self._source = source
        self._clock = 0
        self.found: dict[Statement, Assigned] = {}

    def begin(self, frame: FrameType, event: str, _: Any) -> Any:
        code = frame.f_code
        if code.co_filename != self._file or code.co_name.startswith("<"):
            return None
        running: list[Statement | None] = [None]

        def step(frame: FrameType, event: str, value: Any) -> Any:
            self._clock += 1
            done = running[0]
            here = self._source.by_line.get(frame.f_lineno) if event == "line" else None
            if here is not None and here is done and done.last > done.line:
                # Still inside a statement of several lines, which has not assigned yet.
                return step
            if done is not None and done.name and event in ("line", "return"):
                self._keep(done, frame.f_locals.get(done.name))
            if event == "return" and done is not None and not done.name:
                self._keep(done, value)
            running[0] = here
            return step

        return step

    def _keep(self, statement: Statement, value: Any) -> None:
        assigned = self.found.setdefault(statement, Assigned(statement, self._clock))
        assigned.last = self._clock
        array = as_array(value)
        if array is not None and len(assigned.values) < MOST:
            assigned.values.append(array)


def as_array(value: Any) -> Any:
    """Return a copy as float64 of what is made of numbers, else None."""
    if isinstance(value, (bool, str, bytes)) or value is None:
        return None
    try:
        array = np.array(value)
    except (ValueError, TypeError):
        return None
    return array.astype(np.float64) if array.dtype.kind in "fiub" else None
