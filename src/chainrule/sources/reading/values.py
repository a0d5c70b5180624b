"""Values: the cells of a column as numbers, dates and texts, all of them at once where none needs a closer look."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.sources.reading.numbers import LARGEST
from chainrule.sources.reading.words import GAPS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

NO_TIME = np.iinfo(np.int64).min


def as_texts(cells: pa.Array) -> pa.Array:
    """Return typed cells as they would be written: 3 for 3.0, 2024-01-31 for midnight."""
    import pyarrow as pa

    def text(cell: Any) -> str | None:
        if isinstance(cell, float):
            return str(int(cell)) if cell.is_integer() else None if cell != cell else repr(cell)  # noqa: PLR0124
        return None if cell is None else str(cell).removesuffix(" 00:00:00")

    coded = cells.dictionary_encode()
    return pa.array([text(cell) for cell in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)


def plain_numbers(cells: pa.Array, decimal: str) -> np.ndarray | None:
    """Return numbers that need no looking at one by one, as most do; None if some do."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if decimal == ",":
        if pc.any(pc.match_substring(cells, ".")).as_py():
            return None
        cells = pc.replace_substring(cells, ",", ".")
    try:
        return np.asarray(pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False), float)
    except pa.ArrowInvalid:
        return None


def plain_dates(cells: pa.Array) -> np.ndarray | None:
    """Return dates as ISO writes them, without a zone; None if some are written otherwise."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        found = pc.cast(cells, pa.timestamp("us"))
    except pa.ArrowInvalid:
        return None
    return np.asarray(found.to_numpy(zero_copy_only=False), "datetime64[us]")


def value_of_each(
    cells: pa.Array, value: Callable[[str], Any], gap: Any, dtype: Any
) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Return the value of each cell, looked at once for all cells that are the same; which are odd; and words for gaps."""
    coded = cells.dictionary_encode()
    texts = coded.dictionary.to_pylist()
    values = [value(text) for text in texts]
    # One more for null, whose code is -1.
    bad = np.array([one is None for one in values] + [False])
    words = np.array([text.lower() in GAPS for text in texts] + [False]) & bad
    found = np.array([gap if one is None else one for one in values] + [gap], dtype)
    codes = np.asarray(coded.indices.fill_null(-1))
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    return found[codes], (bad & ~words)[codes], {texts[i]: int(counts[i]) for i in np.flatnonzero(words)}


def whole(values: np.ndarray) -> np.ndarray:
    """Return whole numbers as such."""
    with np.errstate(invalid="ignore"):
        if len(values) and (values == np.rint(values)).all() and (np.abs(values) <= LARGEST).all():
            return values.astype(np.int64)
    return values


def texts(cells: pa.Array) -> pd.Series:
    """Return texts as pandas has them."""
    import pandas as pd

    return pd.Series(cells.to_pandas(), dtype="str")
