"""A network in a table: each layer with the shape that it gives and the parameters that it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from chainrule.types import Shape

_HEADER = ("layer", "kind", "output", "parameters")


@dataclass(frozen=True)
class LayerRow:
    """One line of a network's description."""

    name: str
    kind: str
    input_shape: Shape
    output_shape: Shape
    n_parameters: int
    operations: int


@dataclass(frozen=True)
class Summary:
    """What `network.summary()` returns: printed, a table; in a notebook too.

    Attributes
    ----------
    rows : sequence of LayerRow
        From the input to the output.
    input_shape : tuple of int
        Of one sample.
    loss : str
        The name of the loss.
    operations : int
        Multiplications and additions of one sample's forward pass.
    """

    rows: Sequence[LayerRow]
    input_shape: Shape
    loss: str
    operations: int

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        return sum(row.n_parameters for row in self.rows)

    def _cells(self) -> list[tuple[str, str, str, str]]:
        return [(row.name, row.kind, by(row.output_shape), f"{row.n_parameters:,}") for row in self.rows]

    def _closing(self) -> str:
        return (
            f"input {by(self.input_shape)}, {self.n_parameters:,} parameters, "
            f"{self.operations:,} operations a sample, {self.loss}"
        )

    def __str__(self) -> str:
        """Return the table as text."""
        table = [_HEADER, *self._cells()]
        widths = [max(len(line[i]) for line in table) for i in range(4)]
        lines = [
            f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:<{widths[2]}}  {d:>{widths[3]}}".rstrip() for a, b, c, d in table
        ]
        return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], self._closing()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the table for a notebook."""
        head = "".join(f"<th>{name}</th>" for name in _HEADER)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>" for cells in self._cells()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{escape(self._closing())}</p>"


def by(shape: Shape) -> str:
    """Return a shape as it is read aloud: 8 × 8 × 16; one number where there is one."""
    return " × ".join(map(str, shape)) if shape else "a number"
