"""How an engine holds what it is given: whole numbers stay whole numbers, everything else takes the engine's dtype."""

from __future__ import annotations

import numpy as np

from chainrule.engine.base import Engine
from chainrule.errors import DataError
from chainrule.types import Array, Batch

_NARROW = np.iinfo(np.int32)


def held_dtype(values: np.ndarray, dtype: str, *, wide: bool) -> str:
    """Return the dtype in which an engine of `dtype` holds an array; what is True or False counts as 0 or 1.

    Raises
    ------
    DataError
        For whole numbers beyond 32 bits, unless the engine is `wide` enough.
    """
    if values.dtype.kind not in "iu":
        return dtype
    if values.dtype.itemsize < 4 or values.dtype == np.int32 or not values.size:
        return "int32"
    least, most = int(values.min()), int(values.max())
    if _NARROW.min <= least and most <= _NARROW.max:
        return "int32"
    if wide and most <= np.iinfo(np.int64).max:
        return "int64"
    raise DataError(
        f"whole numbers from {_NARROW.min:,} to {_NARROW.max:,}",
        f"{least:,} to {most:,}",
        "Number what they stand for from 0, or make them floats with .astype(float).",
    )


def placed(engine: Engine, data: Batch) -> Batch:
    """Bring a batch to an engine: ids and class numbers as whole numbers; what weighs and masks, and so multiplies, not."""
    held = data._replace(w=None, mask=None).map(engine.array)
    return held._replace(w=_factors(engine, data.w), mask=_factors(engine, data.mask))


def _factors(engine: Engine, values: Array | None) -> Array | None:
    if values is None or values.dtype.kind not in "iu":
        return None if values is None else engine.array(values)
    return engine.array(engine.numpy(values).astype(engine.dtype))
