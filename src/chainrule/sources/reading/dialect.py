"""The dialect of a text table: what parts its cells and rows, and the rows that it makes of a text."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

from chainrule.errors import ModelFileError

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
SAMPLE_ROWS = 200
# Of a wide table fewer rows tell as much.
_FEWEST_ROWS = 8
_SAMPLE_CELLS = 10_000


@dataclass(frozen=True)
class Dialect:
    """How the cells of a text table are kept apart.

    Attributes
    ----------
    delimiter : str
    quote : str
        Empty where quote marks are letters.
    escape : str
        What makes a quote mark inside quotes a letter, besides doubling it; empty for nothing.
    comment : str
        Lines that begin with it are none of the table; empty for nothing.
    skip : int
        Lines above the header, or above the first row where there is no header.
    header : bool
        Whether a line names the columns.
    row_names : bool
        Whether the first column has no name in the header.
    encoding : str
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    comment: str = ""
    skip: int = 0
    header: bool = True
    row_names: bool = False
    encoding: str = "utf-8"

    def describe(self) -> str:
        """`semicolons, decimal commas …`: what is not as in most files."""
        words = [f"cells parted by {DELIMITERS.get(self.delimiter, repr(self.delimiter))}"]
        words += ["quote marks are letters"] * (self.quote == "")
        words += [f"{self.escape} before a quote mark makes it a letter"] * bool(self.escape)
        words += [f"lines that begin with {self.comment} are comments"] * bool(self.comment)
        words += [f"{self.skip} lines above the table"] * bool(self.skip)
        words += ["no header" if not self.header else "a header"]
        words += ["row names"] * self.row_names
        return ", ".join([*words, self.encoding])

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Any) -> Dialect:
        """Return the dialect that `to_json` described, or raise ModelFileError."""
        kinds = {field.name: type(field.default) for field in fields(cls)}
        if (
            not isinstance(data, dict)
            or set(data) != set(kinds)
            or not all(type(data[name]) is kind for name, kind in kinds.items())
        ):
            raise ModelFileError(f"a dialect of {', '.join(kinds)}", f"{data!r:.80}", "The model file is damaged.")
        return cls(**data)


def rows_of(text: str, dialect: Dialect, *, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, their cells without blanks around them, each with the line where it ends.

    Where it is to be strict, letters behind a quote that ends a cell raise csv.Error.
    """
    # One cell may be longer than the 131,072 letters that the csv module takes unless it is told otherwise.
    csv.field_size_limit(sys.maxsize)
    lines = _Lines(text, dialect.comment)
    reader: Any = csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        escapechar=dialect.escape or None,
        skipinitialspace=True,
        strict=strict,
    )
    for row in reader:
        lines.between_rows = True
        if row:
            yield lines.number, [cell.strip() for cell in row]


class _Lines:
    """The lines of a text; one that begins like a comment is none, unless it is inside a quoted cell."""

    def __init__(self, text: str, comment: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self._comment = comment
        self.between_rows = True
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        for line in self._lines:
            self.number += 1
            if self.between_rows and self._comment and line.startswith(self._comment):
                continue
            self.between_rows = False
            return line
        raise StopIteration


def first_rows(text: str, dialect: Dialect, most: int = SAMPLE_ROWS) -> list[list[str]]:
    """Return the first rows that are not empty; what the csv module cannot cut ends them."""
    rows: list[list[str]] = []
    cells = 0
    try:
        for _, row in rows_of(text, dialect):
            rows.append(row)
            cells += len(row)
            if len(rows) >= most or (len(rows) >= _FEWEST_ROWS and cells > _SAMPLE_CELLS):
                break
    except csv.Error:
        return rows
    return rows
