"""Which value of the derivation an array is, whatever its name: by its numbers alone."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.explain.why.program import FUNCTIONS, Line, Values, evaluate
from chainrule.explain.why.trace import Assigned, as_array

TOLERANCE = 1e-8


@dataclass(frozen=True)
class Seen:
    """A value that was recognised.

    Attributes
    ----------
    what : str
        The derivation's name for it, or the part of a line, such as `z * (1 - z)`.
    how : str
        `same`, `transposed`, `in a loop`, or `scaled`.
    factor : str
        Of a scaled value: −1, N, 1/N, 2 or ½.
    """

    what: str
    how: str
    factor: str = ""

    @property
    def right(self) -> bool:
        """Whether it is the derivation's own value, in whatever layout."""
        return self.how != "scaled"


def close(found: Any, right: Any, tolerance: float = TOLERANCE) -> bool:
    """Whether two arrays of one shape are equal, measured by the larger one."""
    found, right = np.asarray(found, dtype=float), np.asarray(right, dtype=float)
    if found.shape != right.shape or not (np.all(np.isfinite(found)) and np.all(np.isfinite(right))):
        return False
    scale = max(float(np.abs(right).max(initial=0.0)), 1e-30)
    return bool(np.all(np.abs(found - right) <= tolerance * scale))


def parts(lines: Iterable[Line], values: Values) -> dict[str, Any]:
    """Return the values that may be met: of all names, and of all parts of the lines."""
    known = {name: as_array(value) for name, value in values.items() if name not in "NDMKLP"}
    lines = list(lines)
    averaged = any("/ N" in line.source for line in lines)
    for line in lines:
        for node in ast.walk(line.tree):
            if isinstance(node, (ast.BinOp, ast.Call, ast.Compare, ast.UnaryOp)):
                source = ast.unparse(node)
                if source not in known and source != line.source and not source.startswith(tuple("0123456789-")):
                    known[source] = as_array(evaluate(source, values))
        if averaged and line.name.startswith("d"):
            # The division by N may come at any step, and is right if it comes at all.
            known[f"N * {line.name}"] = as_array(values[line.name]) * values["N"]
    return {name: value for name, value in known.items() if value is not None}


def recognise(assigned: Assigned, known: Mapping[str, Any], sizes: Mapping[str, int]) -> Seen | None:
    """Return what a statement's value is, or None if it is nothing of the derivation."""
    if not assigned.values:
        return None
    final = assigned.values[-1]
    if final.ndim == 0 and float(final) in sizes.values() and all(value == final for value in assigned.values):
        return Seen("a size", "same")
    for name, value in known.items():
        if value.ndim and close(final, value):
            return Seen(name, "same")
        if not value.ndim and final.ndim == 0 and len(assigned.values) == 1 and close(final, value):
            return Seen(name, "same")
    for name, value in known.items():
        if value.ndim == 2 and close(final.T, value):
            return Seen(name, "transposed")
        if final.shape != value.shape and value.ndim and close(final.squeeze(), value.squeeze()):
            return Seen(name, "same")
    for name, value in known.items():
        if len(assigned.values) > 1 and _in_a_loop(assigned, value):
            return Seen(name, "in a loop")
    factors = {"-1": -1.0, "N": sizes["N"], "1/N": 1 / sizes["N"], "2": 2.0, "1/2": 0.5}
    for name, value in known.items():
        if name in FUNCTIONS or not value.ndim:
            continue
        for factor, number in factors.items():
            if close(final, number * value) and np.any(value):
                return Seen(name, "scaled", factor)
            if factor == "-1" and len(assigned.values) > 1 and _in_a_loop(assigned, -value):
                return Seen(name, "scaled", factor)
    return None


def _in_a_loop(assigned: Assigned, value: Any) -> bool:
    """Whether a loop has gone through the rows, columns or entries of a value.

    A statement that adds shows partial sums as well; each entry of the value must come, but not only these.
    """
    one = assigned.values[-1]
    if one.ndim >= value.ndim or value.size < 4:
        return False
    for turned in (value, value.T):
        if one.ndim and turned.shape[turned.ndim - one.ndim :] != one.shape:
            continue
        rows = turned.reshape(-1, *one.shape) if one.ndim else turned.reshape(-1)
        met = [each for each in assigned.values if each.shape == one.shape]
        if len(met) < len(rows):
            continue
        if _in_order(rows, met) and (assigned.statement.adds or _in_order(met, rows, anyhow=True)):
            return True
    return False


def _in_order(wanted: Any, there: Any, *, anyhow: bool = False) -> bool:
    """Whether each of the arrays is one of the others, and they come first in this order, as in a loop over an index.

    They are compared by one number each, their sum along fixed weights.
    """
    wanted, there = np.asarray(wanted), np.asarray(there)
    weights = np.cos(np.arange(1, wanted[0].size + 1))
    asked = wanted.reshape(len(wanted), -1) @ weights
    keys = there.reshape(len(there), -1) @ weights
    equal = np.abs(asked[:, None] - keys[None]) <= TOLERANCE * max(float(np.abs(asked).max()), 1e-12)
    return bool(equal.any(axis=1).all()) and (anyhow or bool(np.all(np.diff(equal.argmax(axis=1)) >= 0)))
