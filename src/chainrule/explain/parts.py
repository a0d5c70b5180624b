"""The parts of a derivation: letters, steps, terms, matrices, the update and the source line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chainrule.explain.notation import mathml, plain


@dataclass(frozen=True)
class Letter:
    """What a letter stands for."""

    latex: str
    meaning: str

    def to_json(self) -> dict[str, Any]:
        """Return the letter in every notation."""
        return {"latex": self.latex, "text": plain(self.latex), "mathml": mathml(self.latex), "meaning": self.meaning}


@dataclass(frozen=True)
class Step:
    """One step: a sentence, its formulas as lines of LaTeX, and the numbers that were put in, by name.

    `worked` steps hold results: a worksheet without the solution leaves their lines for the pupil to fill in.
    """

    name: str
    title: str
    text: str
    lines: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    worked: bool = False

    @property
    def latex(self) -> str:
        """The lines as one display."""
        return display(self.lines)

    @property
    def mathml(self) -> str:
        """One MathML element for each line."""
        return "".join(mathml(line) for line in self.lines)

    @property
    def plain(self) -> str:
        """The lines in Unicode."""
        return "\n".join(plain(line) for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "name": self.name,
            "title": self.title,
            "text": self.text,
            "plain": self.plain,
            "latex": self.latex,
            "mathml": self.mathml,
            "numbers": dict(self.numbers),
        }


@dataclass(frozen=True)
class Term:
    """One summand: a row, a path of units towards the cost, and what comes along it.

    Attributes
    ----------
    row : int or None
        Number of the row in X, from 0; None in the derivation of an output, whose sum is over classes.
    path : tuple of str
        The units that the derivative came through, from the weight's own onwards.
    neuron : str
        The one of them that this summand is told apart by: a unit of the next layer.
    symbols, figures : str
        The product as LaTeX, in letters and in numbers.
    given : tuple of (str, float)
        The value of each letter in it.
    value : float
        Of the product, 1/N included.
    step : int or None
        The step of the sequence at which a weight is used that a recurrent layer uses at every step.
    """

    row: int | None
    path: tuple[str, ...]
    neuron: str
    symbols: str
    figures: str
    value: float
    given: tuple[tuple[str, float], ...] = ()
    step: int | None = None

    @property
    def shown_path(self) -> tuple[str, ...]:
        """The units to tell the summand by: the weight's own is left out where it is the same in all, that of a dense layer."""
        return self.path[1:] if len(self.path) > 1 and "[" not in self.path[0] else self.path

    def to_json(self) -> dict[str, Any]:
        """Return the term; `latex` is the one in numbers."""
        return {
            "row": self.row,
            "neuron": self.neuron,
            "path": list(self.path),
            "symbols": self.symbols,
            "latex": self.figures,
            "text": plain(self.figures),
            "mathml": mathml(self.figures),
            "value": self.value,
        } | ({} if self.step is None else {"step": self.step})


@dataclass(frozen=True)
class Matrix:
    """A matrix, or the part of a large one around what matters.

    Attributes
    ----------
    latex, name : str
        Its letter, and what it is.
    shape : (int, int)
        Of the whole.
    rows, columns : tuple of int
        The numbers of those that are shown.
    values : tuple of tuple of float
        What is shown.
    row, column : int or None
        The row and the column (numbered as in the whole) that this weight's derivative is made of.
    is_result : bool
        Whether the derivative itself stands where they meet (or in the column, where no row is named).
    """

    latex: str
    name: str
    shape: tuple[int, int]
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    values: tuple[tuple[float, ...], ...]
    row: int | None = None
    column: int | None = None
    is_result: bool = False

    def hides(self, row: int, column: int) -> bool:
        """Whether a worksheet without the solution leaves this cell out."""
        return self.is_result and column == self.column and self.row in (None, row)

    def marks(self, row: int, column: int) -> bool:
        """Whether the derivative is made of this cell, or is it."""
        if self.row is None or self.column is None:
            return row == self.row or column == self.column
        return row == self.row and column == self.column

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "latex": self.latex,
            "text": plain(self.latex),
            "mathml": mathml(self.latex),
            "name": self.name,
            "shape": list(self.shape),
            "rows": list(self.rows),
            "columns": list(self.columns),
            "values": [list(line) for line in self.values],
            "highlight": {"row": self.row, "column": self.column},
        }


@dataclass(frozen=True)
class Vectorised:
    """The same for all weights of the layer at once."""

    lines: tuple[str, ...]
    matrices: tuple[Matrix, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the lines in every notation, and the matrices."""
        return {
            "latex": display(self.lines),
            "text": "\n".join(plain(line) for line in self.lines),
            "mathml": "".join(mathml(line) for line in self.lines),
            "matrices": [matrix.to_json() for matrix in self.matrices],
        }


@dataclass(frozen=True)
class Update:
    """How an optimizer's rule would move this weight."""

    rule: str
    lines: tuple[str, ...]
    note: str
    learning_rate: float
    before: float
    gradient: float
    after: float

    def to_json(self) -> dict[str, Any]:
        """Return the lines in every notation, and the numbers."""
        return {
            "rule": self.rule,
            "note": self.note,
            "latex": display(self.lines),
            "text": "\n".join(plain(line) for line in self.lines),
            "mathml": "".join(mathml(line) for line in self.lines),
            "learning_rate": self.learning_rate,
            "before": self.before,
            "gradient": self.gradient,
            "after": self.after,
        }


@dataclass(frozen=True)
class SourceLine:
    """Where the library computes it: file (relative to the package), line, its text, and the function around it."""

    file: str
    line: int
    text: str
    function: str

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {"file": self.file, "line": self.line, "text": self.text, "function": self.function}


def display(lines: tuple[str, ...]) -> str:
    """Return formulas as one LaTeX display, one below the other."""
    if len(lines) < 2:
        return "".join(lines)
    return r"\begin{gathered} " + r" \\ ".join(lines) + r" \end{gathered}"
