"""Spreadsheets: the only sheet of an Excel file is a table, where the package that reads it is installed."""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from chainrule.errors import DataError
from chainrule.sources.raw import first_bytes
from chainrule.sources.source import Reading, Source, read_table_of

_WORKBOOK = "xl/workbook.xml"


def is_spreadsheet(path: Path) -> bool:
    """Tell whether a file is a workbook of Excel (.xlsx), or an OpenDocument sheet."""
    if first_bytes(path, 4) != b"PK\x03\x04":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            return _WORKBOOK in names or _is_open_document(archive, names)
    except (OSError, zipfile.BadZipFile):
        return False


def _is_open_document(archive: zipfile.ZipFile, names: list[str]) -> bool:
    return "mimetype" in names and archive.read("mimetype")[:64].startswith(b"application/vnd.oasis.opendocument")


def read_spreadsheet(path: Path, reading: Reading) -> Source:
    """Return the table of a workbook of one sheet.

    Raises
    ------
    DataError
        If there are several sheets with cells, if it is no workbook of Excel, or if openpyxl is not installed.
    """
    import pandas as pd

    if path.suffix.lower() not in (".xlsx", ".xlsm") or find_spec("openpyxl") is None:
        raise DataError(
            f"{path.name} to be a table of text (CSV, TSV) or Parquet",
            "a spreadsheet",
            "Save its sheet as CSV; or, for .xlsx, install openpyxl: pip install 'chainrule[excel]'.",
        )
    try:
        sheets: dict[Any, pd.DataFrame] = pd.read_excel(
            path, sheet_name=None, header=None, dtype=object, keep_default_na=False
        )
    except Exception as error:
        # openpyxl has no common base for what a damaged workbook raises.
        raise DataError(f"{path.name} to be a whole workbook", f"{error}"[:200], "Save it again.") from error
    full = {name: frame for name, frame in sheets.items() if (frame.notna() & (frame != "")).to_numpy().any()}
    if len(full) != 1:
        listed = ", ".join(map(repr, full)) or "none"
        raise DataError(f"one sheet with cells in {path.name}", listed, "Save the one to be read as CSV.")
    (frame,) = full.values()
    return read_table_of(path, frame.map(_written).to_csv(header=False, index=False).encode(), reading)


def _written(cell: Any) -> Any:
    """Return a cell as it would be written: 3 for 3.0."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell
