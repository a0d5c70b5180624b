"""Between the derivation's names and the student's: what a function asks for, and how a line reads in its letters."""

from __future__ import annotations

import ast
import copy
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from chainrule.errors import ConfigError, did_you_mean
from chainrule.explain.why.program import FUNCTIONS, Line
from chainrule.explain.why.question import Question

_CODE = re.compile(r"`([^`]*)`")
_NUMPY = {"log", "exp", "sqrt", "sign", "abs", "sin", "cos", "sum", "max", "mean", "diag", "outer", "eye", "tanh"}


def bind(
    function: Callable[..., Any], question: Question, arguments: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return for each argument of a function the value that it is to get.

    Parameters
    ----------
    function : callable
    question : Question
    arguments : mapping, optional
        The derivation's name for arguments whose own name says nothing: {"inputs": "x"}.

    Raises
    ------
    ConfigError
        If an argument is none that the question has.
    """
    given = dict(arguments or {})
    bound = {}
    folded = {name.lower(): name for name in reversed(question.known)}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        wanted = given.get(name, name)
        for candidate in (wanted, question.aliases.get(wanted), folded.get(wanted.lower())):
            if candidate in question.known:
                bound[name] = str(candidate)
                break
        else:
            if parameter.default is not parameter.empty:
                continue
            raise ConfigError(
                f"arguments of {', '.join(question.known)}",
                f"`{name}` in {function.__name__}{inspect.signature(function)}",
                f"{did_you_mean(name, question.known)} Or say what it is: {name}=NAME.",
            )
    if not bound:
        raise ConfigError(
            f"a function of {', '.join(question.known)}",
            f"{function.__name__}{inspect.signature(function)}, which asks for none of them",
            "Name the arguments after what they are to get.",
        )
    return bound


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str], spelt: Mapping[str, ast.expr]) -> None:
        self._names = names
        self._spelt = spelt

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in FUNCTIONS:
            return ast.Name(f"np.{node.id}" if node.id in _NUMPY else node.id)
        if node.id in self._names:
            return ast.Name(self._names[node.id])
        if node.id in self._spelt:
            rest = {name: tree for name, tree in self._spelt.items() if name != node.id}
            spelt: ast.expr = _Renamed(self._names, rest).visit(copy.deepcopy(self._spelt[node.id]))
            return spelt
        return node


def in_names(source: str, names: Mapping[str, str], lines: tuple[Line, ...] = ()) -> str:
    """Return an expression in the student's names.

    Parameters
    ----------
    source : str
    names : mapping
        The student's name for each of the derivation's.
    lines : tuple of Line
        What the student has no name for is written out by its line.
    """
    spelt = {line.name: line.tree for line in lines}
    try:
        tree = ast.parse(source, mode="eval").body
    except SyntaxError:
        return source
    return ast.unparse(_Renamed(names, spelt).visit(tree))


def said_in(text: str, names: Mapping[str, str], lines: tuple[Line, ...] = ()) -> str:
    """Return a sentence with the code between its backticks in the student's names."""
    return _CODE.sub(lambda code: f"`{in_names(code[1], names, lines)}`", text)
