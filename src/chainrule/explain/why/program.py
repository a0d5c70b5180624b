"""A derivation as a program: one line a step, each an expression in NumPy, so that it can be run, read, and changed."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import CodeType
from typing import Any

import numpy as np

Values = dict[str, Any]


def sigmoid(a: Any) -> Any:
    """σ(a) = 1 / (1 + exp(−a)), as half of 1 + tanh(a / 2), in which no exp can overflow."""
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(a)))


def softmax(a: Any, axis: int = -1) -> Any:
    """y = exp(a) / Σ exp(a), with the largest a taken off first, which changes no y and keeps exp finite."""
    e = np.exp(a - np.max(a, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


# What the lines of a derivation may call.
FUNCTIONS: dict[str, Any] = {
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "softmax": softmax,
    "log": np.log,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "sign": np.sign,
    "abs": np.abs,
    "sin": np.sin,
    "cos": np.cos,
    "sum": np.sum,
    "max": np.max,
    "mean": np.mean,
    "diag": np.diag,
    "outer": np.outer,
    "eye": np.eye,
    "argmax": np.argmax,
}


_GLOBALS: dict[str, Any] = {"__builtins__": {}, **FUNCTIONS}


@lru_cache(maxsize=50_000)
def compiled(source: str) -> CodeType:
    """Return an expression that is ready to be evaluated."""
    return compile(source, "<derivation>", "eval")


def evaluate(source: str, values: Mapping[str, Any]) -> Any:
    """Return the value of an expression over named arrays."""
    # Only lines of this package's own catalogue come here, never what a user wrote.
    return eval(compiled(source), _GLOBALS, values)  # noqa: S307


@dataclass(frozen=True)
class Line:
    """One step: `name = source`.

    Attributes
    ----------
    name : str
        Such as `dz`.
    source : str
        An expression in NumPy over the names before it, such as `da2 @ V.T`.
    meaning : str
        What it is in mathematics, such as ∂J/∂z.
    """

    name: str
    source: str
    meaning: str = ""

    @cached_property
    def tree(self) -> ast.expr:
        """The expression, parsed."""
        return ast.parse(self.source, mode="eval").body

    @property
    def reads(self) -> frozenset[str]:
        """The names in the expression that are no functions."""
        return names_in(self.tree)

    def __str__(self) -> str:
        """Return the line as code."""
        return f"{self.name} = {self.source}"


def names_in(tree: ast.AST) -> frozenset[str]:
    """Return the names of values that an expression reads."""
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id not in FUNCTIONS)


def run(lines: Iterable[Line], values: Mapping[str, Any], fixed: Mapping[str, Any] | None = None) -> Values:
    """Return all values by name: those given and those of the lines.

    Parameters
    ----------
    lines : lines
    values : mapping
        What the first lines read.
    fixed : mapping, optional
        Values that stand in place of what the lines of these names would give.
    """
    found = dict(values)
    fixed = fixed or {}
    with np.errstate(all="ignore"):
        for line in lines:
            found[line.name] = fixed[line.name] if line.name in fixed else evaluate(line.source, found)
    return found


def needed(lines: Iterable[Line], answer: str) -> tuple[Line, ...]:
    """Return the lines that the answer is made of, in their order."""
    kept: list[Line] = []
    wanted = {answer}
    for line in reversed(list(lines)):
        if line.name in wanted:
            wanted |= line.reads
            kept.append(line)
    return tuple(reversed(kept))
