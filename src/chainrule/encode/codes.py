"""Codes: the number that a text has in a list of names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_WHOLE = re.compile(r"(-?\d+)(\.0)?")


def codes_of(text: pd.Series, names: Sequence[str]) -> np.ndarray:
    """Return the place of each text among the names (N,), and -1 for one that is missing or not there.

    A whole number is the same with `.0` behind it, as programs write it where other cells are missing, unless both are
    names.
    """
    import pyarrow as pa

    cells = pa.array(text, pa.string(), from_pandas=True)
    codes = _places(cells, list(names))
    unknown = (codes < 0) & np.asarray(cells.is_valid())
    others = _otherwise_written(names)
    if unknown.any() and others:
        places = _places(cells.filter(pa.array(unknown)), list(others))
        codes[unknown] = np.array([*others.values(), -1])[places]
    return codes


def _places(cells: pa.Array, names: list[str]) -> np.ndarray:
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.index_in(cells, value_set=pa.array(names, pa.string()))
    # A missing cell is in no list, though Arrow says so of a list without gaps only.
    return np.asarray(found.fill_null(-1)).astype(int)


def _otherwise_written(names: Sequence[str]) -> dict[str, int]:
    others = {}
    for place, name in enumerate(names):
        match = _WHOLE.fullmatch(name)
        other = None if match is None else match[1] if match[2] else f"{match[1]}.0"
        if other is not None and other not in names:
            others[other] = place
    return others
