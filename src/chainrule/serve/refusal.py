"""Refusals: what is answered to a request that cannot be, with the column and the row where there are some."""

from __future__ import annotations

from typing import Any

from chainrule.errors import ChainruleError, DataError


class CellError(DataError):
    """A cell that is not what its column has.

    Parameters
    ----------
    column : str
    row : int or None
        From 1; None where the column is to blame, and no row.
    """

    def __init__(self, expected: str, came: str, remedy: str, column: str, row: int | None) -> None:
        super().__init__(expected, came, remedy)
        self.column = column
        self.row = row

    def __reduce__(self) -> tuple[type[CellError], tuple[Any, ...]]:
        """Keep all parts when the error crosses a process boundary."""
        return type(self), (self.expected, self.came, self.remedy, self.column, self.row)


class RequestError(ChainruleError, ValueError):
    """A request that is refused before its cells are looked at: its status is that of HTTP."""

    def __init__(self, status: int, expected: str, came: str, remedy: str) -> None:
        super().__init__(expected, came, remedy)
        self.status = status

    def __reduce__(self) -> tuple[type[RequestError], tuple[Any, ...]]:
        """Keep all parts when the error crosses a process boundary."""
        return type(self), (self.status, self.expected, self.came, self.remedy)


def status_of(error: ChainruleError) -> int:
    """Return the status of HTTP that an error has."""
    return error.status if isinstance(error, RequestError) else 422


def as_json(error: ChainruleError) -> dict[str, Any]:
    """Return an error as JSON-able data: column and row are null where there is none."""
    return {
        "error": {
            "expected": error.expected,
            "came": error.came,
            "remedy": error.remedy,
            "column": getattr(error, "column", None),
            "row": getattr(error, "row", None),
        }
    }
