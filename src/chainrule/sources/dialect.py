"""The dialect of a text table: its delimiter, quotes, header and decimal comma, found by looking at the first rows."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from pathlib import Path

from chainrule.errors import DataError

# What a missing cell looks like, after the blanks around it are gone.
MISSING = ("", "?", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "null", "NULL", "None", "<NA>", "#N/A")
DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
_SAMPLE_LINES = 100
# A number that starts with a zero is none: 01 and 02139 are names, and would lose their zeros.
_CODE = re.compile(r"(?<![\w.+-])0\d+(?![\w.])")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
_DECIMAL_POINT = re.compile(r"[-+]?\d+\.\d+")


def find_dialect(path: Path, text: str) -> tuple[str, int]:
    """Return the delimiter that cuts the first lines into most equal rows, and whether quotes mean anything."""
    best: tuple[float, int, str, int] | None = None
    for delimiter in DELIMITERS:
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            widths = [len(row) for row in first_rows(text, delimiter, quoting)]
            if not widths:
                continue
            width, count = Counter(widths).most_common(1)[0]
            if width < 2:
                continue
            # Quotes mean something unless taking them literally makes the rows more equal.
            score = (count / len(widths), int(quoting == csv.QUOTE_MINIMAL), delimiter, quoting)
            if best is None or score[:2] > best[:2]:
                best = score
    if best is None:
        return ",", csv.QUOTE_MINIMAL
    if best[0] < 0.5:
        raise DataError(
            f"{path.name} to be a table: rows of equally many cells",
            f"rows of different lengths (only {best[0]:.0%} agree)",
            "Check that it is CSV or TSV.",
        )
    delimiter, quoting = best[2], best[3]
    if quoting == csv.QUOTE_MINIMAL and '"' in text and _quotes_are_letters(text, delimiter):
        quoting = csv.QUOTE_NONE
    return delimiter, quoting


def _quotes_are_letters(text: str, delimiter: str) -> bool:
    """Tell whether a stray quote mark would swallow lines that are whole rows by themselves."""
    lines = [line for line in text.splitlines() if line.strip()]
    width = lines[0].count(delimiter)
    if any(line.count(delimiter) != width for line in lines):
        return False
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        return sum(1 for row in reader if row) < len(lines)
    except csv.Error:
        # A cell longer than the csv module takes: the quote has swallowed the rest of the file.
        return True


def short_rows(text: str, delimiter: str, quoting: int, width: int) -> list[str]:
    """Return a note on rows that end before the last column, as some spreadsheets and all cut files have them."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, skipinitialspace=True)  # type: ignore[arg-type]
    try:
        short = [reader.line_num for row in reader if row and len(row) < width]
    except csv.Error:
        return []
    if not short:
        return []
    return [
        f"rows with fewer than {width} cells, whose last ones count as missing: {len(short)}, first in line {short[0]}"
    ]


def first_rows(text: str, delimiter: str, quoting: int) -> list[list[str]]:
    """Return the first hundred rows or so that are not empty, their cells without the blanks around them."""
    # Enough text for the sample, cut at a line's end so that the last row is whole.
    head = text[: 1 << 20]
    if len(head) < len(text):
        head = head[: head.rfind("\n") + 1] or head
    rows = []
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter, quoting=quoting, skipinitialspace=True)  # type: ignore[arg-type]
    try:
        for row in reader:
            if row:
                rows.append([cell.strip() for cell in row])
            if len(rows) > _SAMPLE_LINES:
                break
    except csv.Error:
        return rows
    return rows


def looks_like_header(rows: list[list[str]]) -> bool:
    """A header is a row of different words, none of them a number, none missing, none a value of its column."""
    first, rest = rows[0], rows[1:]
    # A nameless first column is what pandas and R write for row names.
    if any(_is_number(cell) or (cell in MISSING and i > 0) for i, cell in enumerate(first)) or not rest:
        return bool(rest) is False and not any(_is_number(cell) for cell in first)
    for i, cell in enumerate(first):
        if cell and any(len(row) > i and row[i] == cell for row in rest):
            return False
    return True


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def has_decimal_commas(rows: list[list[str]]) -> bool:
    """Tell whether cells are numbers with a comma in front of the decimals; 1,200 alone may be a thousand."""
    cells = [cell for row in rows for cell in row]
    with_comma = [cell for cell in cells if _DECIMAL_COMMA.fullmatch(cell)]
    if any(_DECIMAL_POINT.fullmatch(cell) for cell in cells):
        return False
    return any(len(cell.partition(",")[2]) != 3 for cell in with_comma)


def with_codes(text: str) -> bool:
    """Tell whether there may be cells of digits with a leading zero, such as 02139, anywhere in a table."""
    return _CODE.search(text) is not None
