"""Finding a dialect: the delimiter, quotes, escapes and comments that cut a text into the most plausible rows."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path

from chainrule.errors import ConfigError, DataError, did_you_mean
from chainrule.sources.reading.dialect import DELIMITERS, SAMPLE_ROWS, Dialect, first_rows, rows_of

HEAD_BYTES = 1 << 20
_BY_NAME = {name: sign for sign, name in DELIMITERS.items()} | {"pipe": "|", "space": " ", "\\t": "\t"}
# A cell with another delimiter inside was perhaps cut in the wrong places.
_RIVALS = "\t;|"
_TIGHT_COMMA = re.compile(r",\S")
_NUMBER = re.compile(r"[-+]?[\d.,]+")
# Excel's hint of the delimiter, and lines that talk about the table, stand above it.
_SEP = re.compile(r"(?i)sep=(.)\r?\n")
_COMMENT = "#"
# A row that is one quoted cell: somebody quoted rows, and not their cells.
_QUOTED_ROW = re.compile(r'"((?:[^"]|"")*)"')
_FEW_LINES = 50


def find_dialect(path: Path, text: str, *, delimiter: str | None, comment: str | None, whole: bool = True) -> Dialect:
    """Return the dialect that cuts the first lines into most equal rows of the most plausible cells.

    Parameters
    ----------
    text : str
        The beginning of the file, or all of it.
    delimiter, comment : str, optional
        As the person says; else found.
    whole : bool
        Whether the last line of the text is whole.

    Raises
    ------
    DataError
        If nothing cuts it into rows of equally many cells, or it is known to be no table.
    """
    _refuse_known(path, text)
    if not whole and "\n" in text:
        text = text[: text.rfind("\n") + 1]
    _refuse_quoted_rows(path, text)
    base = Dialect(comment=_comments(text) if comment is None else comment)
    hint = _SEP.match(text)
    if hint is not None:
        base = replace(base, skip=1)
        delimiter, text = delimiter or hint[1], text[hint.end() :]
    signs = list(DELIMITERS) if delimiter is None else [delimiter_sign(delimiter)]
    best: tuple[float, Dialect] | None = None
    for sign in signs:
        candidate, rows = _best_quotes(text, replace(base, delimiter=sign))
        score = _score(rows, sign, single=delimiter is not None)
        if score is not None and (best is None or score > best[0] + 1e-9):
            best = score, candidate
    if best is None:
        return replace(base, delimiter=signs[0])
    if best[0] < 0.3:
        raise DataError(
            f"{path.name} to be a table: rows of equally many cells",
            "rows of different lengths",
            "Check that it is CSV or TSV, or say `delimiter`.",
        )
    chosen = best[1]
    if delimiter is None:
        _refuse_doubled(path, text, chosen.delimiter)
    if chosen.quote == '"' and not chosen.escape and '"' in text and _quotes_are_letters(text, chosen):
        chosen = replace(chosen, quote="")
    return chosen


def delimiter_sign(name: str) -> str:
    """Return the sign that a person calls comma, tab, semicolon, bar or space, or writes as it is."""
    sign = _BY_NAME.get(name.lower(), name)
    if len(sign) != 1 or sign in '"\r\n':
        raise ConfigError("a delimiter of one sign, or its name", f"{name!r}", did_you_mean(name, _BY_NAME))
    return sign


def _best_quotes(text: str, base: Dialect) -> tuple[Dialect, list[list[str]]]:
    """Return the quotes and the escape that make the rows most equal, and the first rows as they are cut by them.

    In this order: quotes mean something, and a backslash in front of them nothing, unless that makes the rows more equal,
    or leaves letters between the end of the quotes and the end of the cell.
    """
    tries = [('"', "")]
    tries += [('"', "\\")] * ('\\"' in text) + [("", "")] * ('"' in text) + [("'", "")] * _has_single_quotes(text)
    candidates = [replace(base, quote=quote, escape=escape) for quote, escape in tries]
    # Of equally good ones the first.
    return max(
        ((candidate, first_rows(text, candidate)) for candidate in candidates),
        key=lambda found: (*_equality(found[1]), _is_strict(text, found[0], len(found[1]))),
    )


def _is_strict(text: str, dialect: Dialect, most: int) -> bool:
    """Tell whether each quote that ends a cell has the end of the cell behind it."""
    try:
        for _ in islice(rows_of(text, dialect, strict=True), most):
            pass
    except csv.Error:
        return False
    return True


def _equality(rows: list[list[str]]) -> tuple[float, float]:
    """Return the share of the rows that are as wide as most, and how well the first one fits."""
    widths = Counter(len(row) for row in rows)
    if not widths:
        return 0.0, 0.0
    width, count = widths.most_common(1)[0]
    return count / len(rows) if width > 1 else 0.0, _fit(rows, width)


def _fit(rows: list[list[str]], width: int) -> float:
    """Return how well the first row fits: a header is as long as the rows, or lacks the row names."""
    if len(rows[0]) == 1 and len(rows) > 1:
        # A line above the table may be of any length; one that another delimiter cuts is a header.
        return 0.5 if any(sign in rows[0][0] for sign in DELIMITERS) else 1.0
    first = next((len(row) for row in rows if len(row) > 1), width)
    return 1.0 if first == width else 0.9 if first in (width - 1, width + 1) else 0.7


def _score(rows: list[list[str]], delimiter: str, *, single: bool) -> float | None:
    """Return how equal the rows are, and how little their cells look cut in the wrong places; None for one column."""
    widths = Counter(len(row) for row in rows)
    if not widths:
        return None
    width, count = widths.most_common(1)[0]
    if width < 2:
        return 0.4 if single else None
    share = count / len(rows)
    if share < 0.5:
        return 0.0
    cells = [cell for row in rows for cell in row]
    # Looked at together first: most tables have nothing of it.
    together = "".join(cells)
    is_clean = not any(sign in together for sign in (*_RIVALS, '"', "'", ",") if sign != delimiter)
    strange = 0.0 if is_clean else sum(_strangeness(cell, delimiter) for cell in cells) / len(cells)
    return share * (1 - strange) * (1 - 1 / (width + 1)) * _fit(rows, width) + 0.3


def _strangeness(cell: str, delimiter: str) -> float:
    """Return how much a cell looks cut in the wrong places, from 0 to 1; its own delimiter inside quotes is nothing."""
    if any(sign in cell for sign in _RIVALS if sign != delimiter):
        return 0.6
    if cell.startswith('"') or cell.endswith('"') or (len(cell) > 1 and cell[0] == cell[-1] == "'"):
        return 0.25
    return 0.5 if delimiter != "," and _TIGHT_COMMA.search(cell) and not _NUMBER.fullmatch(cell) else 0.0


def _has_single_quotes(text: str) -> bool:
    return re.search(r"(?m)(^|[,;\t|])'[^'\n]*'([,;\t|]|\r?$)", text[:HEAD_BYTES]) is not None


def _comments(text: str) -> str:
    """Return # where the first line begins with it and the lines of the table do not."""
    lines = [line for line in text[:HEAD_BYTES].splitlines()[:SAMPLE_ROWS] if line.strip()]
    begun = sum(line.startswith(_COMMENT) for line in lines)
    if not lines or not lines[0].startswith(_COMMENT) or begun > 0.5 * len(lines):
        return ""
    # One such line that is cut like the others is a header that somebody marked.
    if begun == 1 and len(lines) > 1:
        cuts = [sum(line.count(sign) for sign in DELIMITERS) for line in lines[:2]]
        if cuts[0] == cuts[1] > 0:
            return ""
    return _COMMENT


def _quotes_are_letters(text: str, dialect: Dialect) -> bool:
    """Tell whether a stray quote mark would swallow lines that are whole rows by themselves."""
    lines = [line for line in text.splitlines() if line.strip()]
    width = lines[0].count(dialect.delimiter)
    if any(line.count(dialect.delimiter) != width for line in lines):
        return False
    try:
        return sum(1 for _ in rows_of(text, dialect)) < len(lines)
    except csv.Error:
        return True


def _refuse_known(path: Path, text: str) -> None:
    """Raise DataError for a text that is something else than a table, by its name."""
    start = text[:HEAD_BYTES].lstrip()
    what = None
    if start[:1] in "{[" and start:
        line = start.partition("\n")[0]
        if _is_json(line) and "\n" in start:
            what = "JSON lines"
        elif _is_json(line) or re.match(r'[\[{]\s*["{\[\]}]', start):
            what = "JSON"
    elif re.match(r"(?i)<(!doctype|html|table|\?xml|svg)", start):
        what = "HTML or XML"
    elif re.match(r"(?i)@relation\s", start):
        what = "ARFF, the format of Weka"
    if what is not None:
        raise DataError(
            f"{path.name} to be a table of text (CSV, TSV) or Parquet",
            what,
            "Export the table as CSV; in Python, pandas reads many formats: `frame.to_csv(...)`.",
        )


def _first_lines(text: str) -> list[str]:
    return [line.strip() for line in islice(io.StringIO(text), _FEW_LINES) if line.strip()]


def _refuse_quoted_rows(path: Path, text: str) -> None:
    """Raise DataError where each line is one quoted cell, with the same number of delimiters inside."""
    if not text.lstrip().startswith('"'):
        return
    rows = [_QUOTED_ROW.fullmatch(line) for line in _first_lines(text)]
    inside = [row[1] for row in rows if row is not None]
    if len(inside) < len(rows) or len(rows) < 2:
        return
    if any(len({line.count(sign) for line in inside}) == 1 and sign in inside[0] for sign in DELIMITERS):
        raise DataError(
            f"quotes around the cells of {path.name}, if around anything",
            f"rows that are one quoted cell each: {inside[0]!r:.60}",
            "Take the quotes around the rows away, and make doubled ones inside single.",
        )


def _refuse_doubled(path: Path, text: str, sign: str) -> None:
    """Raise DataError where cells are parted by two signs, which would make an empty column beside each."""
    lines = _first_lines(text)
    if len(lines) > 1 and all(0 < line.count(sign) == 2 * line.count(2 * sign) for line in lines):
        raise DataError(
            f"one sign between the cells of {path.name}",
            f"two, {2 * sign!r}",
            f"Replace {2 * sign!r} by one sign; or, if every second column is empty, say `delimiter`.",
        )


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), (dict, list))
    except ValueError:
        return False
