"""Doubts: what in a table may be otherwise than it looks, each with the setting that says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from chainrule.sources.kinds import ColumnKind
from chainrule.sources.source import Source

if TYPE_CHECKING:
    import pandas as pd

# Numbers that stand for a gap in old files.
_STAND_INS = (-1.0, -9.0, -99.0, -999.0, -9999.0, -99999.0, 99.0, 999.0, 9999.0, 99999.0)
_TOTAL = re.compile(r"(grand |sub)?total|sum|summe|gesamt|insgesamt|mean|average|mittelwert", re.IGNORECASE)
_CODES = re.compile(
    r"(^|[_\s.-])(zip|zipcode|postcode|postal|plz|code|phone|isbn|ean|sku|fips|icd|cpt)($|[_\s.-])", re.I
)
# The first of 2000, in days since 1970, and days from there within which a date may well be one.
_NOW, _FAR_DAYS = 10_957, 250 * 365
_MOST_WORDS = 1000
# Cells among which rows that are there twice are looked for: beyond, it would take longer than reading them.
_MOST_CELLS = 4_000_000
_FEW_COLUMNS = 20
_MANY_TWICE = 0.05


def doubts(source: Source, target: str, kinds: tuple[ColumnKind, ...]) -> list[str]:
    """Return a sentence for each doubt about a table that was read from a file, the worst first; none for a clean one."""
    if source.reading is None or not len(source):
        return []
    frame = source.frame
    kind_of = {kind.name: kind for kind in kinds}
    notes = [_total_row(frame), _alike(frame, kind_of, target), _stand_ins(frame, kind_of), _codes(kind_of)]
    return [note for note in [*notes, _twice(frame)] if note]


def _total_row(frame: pd.DataFrame) -> str:
    for name in _texts(frame):
        last = frame[name].iloc[-1]
        if isinstance(last, str) and _TOTAL.fullmatch(last) and (frame[name] == last).sum() == 1 and len(frame) > 2:
            return f"the last row looks like a total of the others: {last!r} in {name}; leave it out of the file if it is one"
    return ""


def _texts(frame: pd.DataFrame) -> list[str]:
    """Return the columns that may have texts, by their dtypes."""
    return [name for name, dtype in zip(frame.columns, frame.dtypes, strict=True) if dtype.kind not in "iufbM"]


def _alike(frame: pd.DataFrame, kinds: Mapping[str, ColumnKind], target: str) -> str:
    """Name words of a column that differ in case or in blanks alone."""
    found = []
    for name in [target, *(name for name, kind in kinds.items() if kind.kind == "category")]:
        if frame[name].dtype != "str":
            continue
        words = frame[name].dropna().unique()
        if len(words) > _MOST_WORDS:
            continue
        groups: dict[str, list[str]] = {}
        for word in words:
            groups.setdefault(" ".join(str(word).lower().split()), []).append(str(word))
        alike = next((group for group in groups.values() if len(group) > 1), None)
        if alike is not None:
            found.append(f"{name} ({', '.join(map(repr, sorted(alike)[:3]))})")
    return f"words that differ in case or blanks alone count as different: {', '.join(found[:4])}" if found else ""


def _stand_ins(frame: pd.DataFrame, kinds: Mapping[str, ColumnKind]) -> str:
    """Name columns whose least or greatest number is far from the others, and is one that often stands for a gap."""
    dtypes = dict(zip(frame.columns, frame.dtypes, strict=True))
    names = [name for name, kind in kinds.items() if kind.kind == "numeric" and dtypes[name].kind in "if"]
    values = frame[names].to_numpy(float)
    found = {}
    for end in _STAND_INS:
        for place in np.flatnonzero((values == end).sum(axis=0) > 1):
            if _is_apart(values[:, place], end):
                found[names[place]] = end
    far = _far_dates(frame, kinds)
    if far and not found:
        return f"a date far from the others may stand for a gap: {far[1]} in {far[0]} (`missing={far[1]}`)"
    if not found:
        return ""
    listed = ", ".join(f"{name} ({value:g})" for name, value in list(found.items())[:4])
    return f"a number far from the others may stand for a gap: {listed} (`missing={next(iter(found.values())):g}`)"


def _far_dates(frame: pd.DataFrame, kinds: Mapping[str, ColumnKind]) -> tuple[str, str] | None:
    """Return a column of dates, and its last day, where that comes several times and lies far behind the others."""
    for name, kind in kinds.items():
        if kind.kind != "date" or frame[name].dtype.kind != "M":
            continue
        days = frame[name].dropna().to_numpy().astype("datetime64[D]").astype(float)
        for end in (days.max(), days.min()) if len(days) else ():
            if (days == end).sum() > 1 and _is_apart(days, end) and abs(end - _NOW) > _FAR_DAYS:
                return name, str(np.datetime64(int(end), "D"))
    return None


def _is_apart(values: np.ndarray, end: float) -> bool:
    values = values[np.isfinite(values)]
    rest = values[values != end]
    if len(rest) < 5 or not (end < rest.min() or end > rest.max()):
        return False
    return bool(np.abs(rest - end).min() > max(rest.max() - rest.min(), 1.0))


def _codes(kinds: Mapping[str, ColumnKind]) -> str:
    names = [name for name, kind in kinds.items() if kind.kind == "numeric" and kind.reason != "as asked"]
    found = [name for name in names if _CODES.search(name)]
    if not found:
        return ""
    return f"numbers in a column that is named like codes: {', '.join(found[:4])} (`columns.{found[0]}=category`)"


def _twice(frame: pd.DataFrame) -> str:
    if frame.size > _MOST_CELLS or frame.shape[1] < 3:
        return ""
    # Of a wide table the first columns tell at once that there is none.
    if frame.shape[1] > _FEW_COLUMNS and not frame.iloc[:, :_FEW_COLUMNS].duplicated().any():
        return ""
    count = int(frame.duplicated().sum())
    if count <= _MANY_TWICE * len(frame):
        return ""
    return f"rows that are there twice, perhaps in training and in test: {count:,} of {len(frame):,}"
