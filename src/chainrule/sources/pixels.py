"""Tables of pixels: all of a picture in one cell, as FER2013 has them, or a column for each, as exports of MNIST have."""

from __future__ import annotations

import io
import math
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import DataError
from chainrule.sources.raw import first_bytes, read_bytes
from chainrule.sources.samples import Pictures
from chainrule.sources.source import Source
from chainrule.sources.unreadable import Unreadable, left_out

if TYPE_CHECKING:
    import pandas as pd

EMOTIONS = ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral")
_CELL = "pixels"
_USAGE = "usage"
_TARGETS = ("emotion", "label", "class", "target")
_COLUMN = re.compile(r"(pixel_?\d+|\d+x\d+)", re.IGNORECASE)
_LEAST_COLUMNS = 16


def is_pixel_cells(path: Path) -> bool:
    """Tell whether the first line of a text file names a column `pixels`."""
    line = first_bytes(path).split(b"\n", 1)[0].decode("utf-8", "replace").removeprefix("\ufeff")
    return _CELL in [cell.strip().strip('"').lower() for cell in line.split(",")]


def read_pixel_cells(path: Path, *, strict: bool = False) -> Source:
    """Return the pictures of a table whose column `pixels` holds all of a picture's values, 0 to 255.

    A column `Usage`, as FER2013 has it, names the published parts: PublicTest validates and PrivateTest tests;
    where there is no PrivateTest, PublicTest tests.
    """
    frame = _table(path)
    cells = frame.pop(next(name for name in frame.columns if name.lower() == _CELL))
    rows = [_values(cell) for cell in cells]
    sizes = [len(row) for row in rows if not isinstance(row, str)]
    size = max(set(sizes), key=sizes.count) if sizes else 0
    shape = _shape(size)
    bad = []
    for number, row in enumerate(rows):
        if isinstance(row, str) or len(row) != size:
            came = row if isinstance(row, str) else f"{len(row)} pixels where others have {size}"
            bad.append(Unreadable(f"row {number + 1}", came))
    notes = left_out(bad, len(rows), "rows", strict=strict, place=path.name)
    good = np.array([not isinstance(row, str) and len(row) == size for row in rows])
    values = np.array([row for row, fine in zip(rows, good, strict=True) if fine], np.uint8).reshape(-1, *shape)
    frame = frame[good].reset_index(drop=True)
    parts = _published(frame)
    target = next((name for name in frame.columns if name.lower() in _TARGETS), None)
    if target is not None and target.lower() == "emotion":
        frame[target] = _emotions(frame[target])
    task = "classification" if target is not None else None
    return Source(path.name, frame, target, task, Pictures(values), parts, notes=notes, unreadable=tuple(bad))


def pictures_of_columns(source: Source) -> Source:
    """Return a table as pictures where its columns are called pixel0, pixel1, … or 1x1, 1x2, …"""
    names = [name for name in source.frame.columns if _COLUMN.fullmatch(str(name))]
    side = math.isqrt(len(names))
    if len(names) < _LEAST_COLUMNS or side * side != len(names):
        return source
    values = source.frame[names].to_numpy()
    if values.dtype.kind not in "iuf" or not ((values >= 0) & (values <= 255)).all() or (values % 1).any():
        return source
    pictures = Pictures(values.astype(np.uint8).reshape(-1, side, side, 1))
    rest = source.frame.drop(columns=names)
    target = next((str(name) for name in rest.columns if str(name).lower() in _TARGETS), None)
    note = f"{len(names)} columns of pixels are read as pictures of {side}×{side}"
    task = "classification" if target is not None else None
    return Source(source.name, rest, target, task, pictures, notes=[*source.notes, note])


def _table(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_csv(io.BytesIO(read_bytes(path)), skipinitialspace=True)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"{path.name} to be a CSV of pixels", f"{error}".strip(), "Fetch the file again.") from error
    frame.columns = [str(name).strip() for name in frame.columns]
    if not len(frame):
        raise DataError(f"rows in {path.name}", "a header alone", "Fetch the file again.")
    return frame


def _values(cell: object) -> np.ndarray | str:
    """Return the numbers of a cell, or in words why there are none."""
    if not isinstance(cell, str):
        return "no pixels"
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        try:
            values = np.fromstring(cell, np.int32, sep=" ")
        except (DeprecationWarning, ValueError):
            return "something that is no number among the pixels"
    if len(values) == 0 or values.min() < 0 or values.max() > 255:
        return "a pixel that is not between 0 and 255" if len(values) else "no pixels"
    return values.astype(np.uint8)


def _shape(size: int) -> tuple[int, int, int]:
    side = math.isqrt(size)
    if side * side == size:
        return side, side, 1
    third = math.isqrt(size // 3)
    if 3 * third * third == size:
        return third, third, 3
    raise DataError("square pictures in the column pixels", f"{size} pixels in most rows", "Cut them to squares.")


def _published(frame: pd.DataFrame) -> dict[str, np.ndarray] | None:
    name = next((name for name in frame.columns if name.lower() == _USAGE), None)
    if name is None:
        return None
    usage = frame.pop(name).astype(str).str.strip().str.lower()
    rows = {use: np.flatnonzero(usage == use) for use in ("training", "publictest", "privatetest")}
    if len(rows["privatetest"]):
        parts = {"train": rows["training"], "valid": rows["publictest"], "test": rows["privatetest"]}
    else:
        parts = {"train": rows["training"], "test": rows["publictest"]}
    return parts if len(rows["training"]) else None


def _emotions(column: pd.Series) -> pd.Series:
    """Return the names that FER2013 gives its numbers; a column that holds others stays as it is."""
    known = column.isin(range(len(EMOTIONS)))
    return column.map(dict(enumerate(EMOTIONS))) if known.all() else column
