"""Formulas that a person types as inputs: parsed to a whitelisted syntax tree, and never given to Python to run."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule.errors import ConfigError, DataError, did_you_mean

MOST_NODES = 100
MOST_EXPONENT = 20

_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
}
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
# Nothing but this reaches the parser: no quotes, brackets, underscores, commas or letters beyond a-z.
_LETTERS = re.compile(r"[a-z0-9.+\-*/^() ]*")
_REMEDY = "Use x1, x2, …, numbers, + - * / ^, and " + ", ".join(_FUNCTIONS) + "."


@dataclass(frozen=True, eq=False)
class Formula:
    """A checked formula.

    Attributes
    ----------
    text : str
        As typed.
    names : frozenset of str
        The columns that it reads.
    """

    text: str
    names: frozenset[str]
    _tree: ast.expr

    def __call__(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the value for each row; where it has none (a logarithm below zero) it is NaN or infinite."""
        with np.errstate(all="ignore"):
            value = _value(self._tree, columns)
        n = len(next(iter(columns.values())))
        return np.broadcast_to(np.asarray(value, dtype=np.float64), (n,))


@lru_cache(maxsize=1024)
def parse_formula(text: str) -> Formula:
    """Return the formula that `text` says, or raise ConfigError for whatever is not arithmetic of columns."""
    expected = f"a formula of columns, such as x1^2 or sin(x1 * x2), in {text!r:.60}"
    if not _LETTERS.fullmatch(text) or not text.strip():
        strange = next((letter for letter in text if not _LETTERS.fullmatch(letter)), "nothing")
        raise ConfigError(expected, f"{strange!r}", _REMEDY)
    try:
        # In Python ^ is another operator, which binds more weakly than +.
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ConfigError(expected, "something that does not read as one", _REMEDY) from error
    names: set[str] = set()
    count = sum(1 for _ in ast.walk(tree))
    if count > MOST_NODES:
        raise ConfigError(f"a formula of at most {MOST_NODES} parts", f"{count}", "Split it into several inputs.")
    _check(tree, names, expected)
    if not names:
        raise ConfigError(expected, "a constant", "Name at least one column; the bias is there already.")
    return Formula(text, frozenset(names), tree)


def _check(node: ast.expr, names: set[str], expected: str) -> None:
    """Accept exactly these kinds of nodes; everything else that Python's grammar has is refused."""
    match node:
        case ast.Constant(value=float() | int() as value) if not isinstance(value, bool) and abs(value) <= 1e12:
            return
        case ast.Name(id=name) if re.fullmatch(r"x[1-9][0-9]{0,3}", name):
            names.add(name)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=inner):
            _check(inner, names, expected)
        case ast.BinOp(left=left, op=ast.Pow(), right=right) if _exponent(right) is not None:
            _check(left, names, expected)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), right=right):
            _check(left, names, expected)
            _check(right, names, expected)
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in _FUNCTIONS:
            _check(inner, names, expected)
        case _:
            raise ConfigError(expected, _describe(node), _REMEDY)


def _exponent(node: ast.expr) -> float | None:
    sign = 1.0
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node, sign = node.operand, -1.0
    if isinstance(node, ast.Constant) and type(node.value) in (int, float) and abs(node.value) <= MOST_EXPONENT:  # type: ignore[arg-type]
        return sign * float(node.value)  # type: ignore[arg-type]
    return None


def _describe(node: ast.expr) -> str:
    text = ast.unparse(node).replace("**", "^")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return f"{text!r:.60}, whose exponent is not a number from -{MOST_EXPONENT} to {MOST_EXPONENT}"
    return f"{text!r:.60}"


def _value(node: ast.expr, columns: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            # NumPy's: a power of Python's own numbers may be complex, or no number but an error.
            return np.float64(value)  # type: ignore[arg-type]
        case ast.Name(id=name):
            return columns[name]
        case ast.UnaryOp(op=op, operand=inner):
            return -_value(inner, columns) if isinstance(op, ast.USub) else _value(inner, columns)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            exponent = _exponent(right)
            base = _value(left, columns)
            # A whole power of a negative number is a number; NumPy says so for whole exponents alone, and fast for 2.
            return base**exponent if exponent is not None else math.nan
        case ast.BinOp(left=left, op=op, right=right):
            return (
                np.true_divide(_value(left, columns), _value(right, columns))
                if isinstance(op, ast.Div)
                else _OPERATORS[type(op)](_value(left, columns), _value(right, columns))
            )
        case ast.Call(func=ast.Name(id=name), args=[inner]):
            return _FUNCTIONS[name](_value(inner, columns))
    raise AssertionError("checked when it was parsed")


ALL = "all"


@dataclass(frozen=True, eq=False)
class Features:
    """From the columns of the data to the inputs of the network.

    Attributes
    ----------
    names, labels : tuple of str
        Of the inputs: as the spec has them, and as a person reads them.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    formulas: tuple[Formula, ...]
    width: int
    everything: bool

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the inputs (N, F) of rows x (N, D) of the data's columns."""
        if self.everything:
            return x
        read = {name for formula in self.formulas for name in formula.names}
        columns = {name: x[:, int(name[1:]) - 1] for name in read}
        return np.column_stack([formula(columns) for formula in self.formulas])

    def of_data(self, x: np.ndarray) -> np.ndarray:
        """Return the inputs of the data itself, where every value must be a number."""
        values = self(x)
        bad = ~np.isfinite(values)
        if bad.any():
            row, column = (int(i) for i in np.argwhere(bad)[0])
            raise DataError(
                f"a finite number in every row of the input {self.names[column]!r}",
                f"{values[row, column]} in row {row + 1}",
                "Choose a formula that has a value everywhere: log(abs(x1) + 1), for example.",
            )
        return values


def features_of(inputs: tuple[str, ...], labels: tuple[str, ...]) -> Features:
    """Return the inputs that a spec names, for data whose columns are called `labels`."""
    width = len(labels)
    if inputs == (ALL,):
        return Features(tuple(f"x{i + 1}" for i in range(width)), labels, (), width, True)
    formulas = tuple(parse_formula(text) for text in inputs)
    for formula in formulas:
        for name in sorted(formula.names):
            if int(name[1:]) > width:
                raise ConfigError(
                    f"columns up to x{width} in the formula {formula.text!r:.60}",
                    f"{name}",
                    did_you_mean(name, [f"x{i + 1}" for i in range(width)]),
                )
    plain = {f"x{i + 1}": label for i, label in enumerate(labels)}
    return Features(inputs, tuple(plain.get(text, text) for text in inputs), formulas, width, False)
