"""Columns of numbers together: what their encoders do to each, done to all of them at once, to the same bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from chainrule.encode.encoder import Encoder, Findings
from chainrule.encode.numeric import FURTHEST, Numeric

if TYPE_CHECKING:
    import pandas as pd

# Columns from which on it pays, and numbers that are held at a time.
_MANY = 16
_FEW_ROWS = 1024
_MOST = 1 << 20


def dtypes_of(frame: pd.DataFrame) -> dict[str, str]:
    """Return the kind of each column's dtype, by its name, without touching the columns."""
    return {str(name): dtype.kind for name, dtype in zip(frame.columns, frame.dtypes, strict=True)}


def matrices(frame: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[list[str], np.ndarray]]:
    """Yield the columns of numbers among some columns, several together, as rows (D, N) of a matrix each."""
    kinds = dtypes_of(frame)
    typed = [name for name in names if kinds.get(name, "O") in "iuf"]
    size = max(1, _MOST // max(1, len(frame)))
    if len(typed) < _MANY or size < _MANY:
        return
    for start in range(0, len(typed), size):
        part = typed[start : start + size]
        yield part, np.ascontiguousarray(frame[part].to_numpy(float).T)


def different_numbers(frame: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[str, np.ndarray, int]]:
    """Yield the columns of finite numbers of which more than two are different: name, cells, and how many are different."""
    if len(frame) > _FEW_ROWS:
        # Sorting would take longer than looking each number up.
        return
    for part, values in matrices(frame, names):
        in_order = np.sort(values, axis=1)
        counts = 1 + (in_order[:, 1:] != in_order[:, :-1]).sum(axis=1)
        for i in np.flatnonzero(np.isfinite(values).all(axis=1) & (counts > 2)).tolist():
            yield part[i], values[i], int(counts[i])


def encoded(encoders: Sequence[Encoder], frame: pd.DataFrame, findings: Findings) -> dict[str, np.ndarray]:
    """Return what numeric encoders make of their columns, by name, as `Numeric.encode` does."""
    numeric = {encoder.name: encoder for encoder in encoders if isinstance(encoder, Numeric) and encoder.is_linear}
    done: dict[str, np.ndarray] = {}
    for names, values in matrices(frame, list(numeric)):
        those = [numeric[name] for name in names]
        missing = ~np.isfinite(values)
        fill, center, scale = (
            np.array([[getattr(encoder, field)] for encoder in those]) for field in ("fill", "center", "scale")
        )
        bounds = np.array([encoder.bounds or (-np.inf, np.inf) for encoder in those])
        filled = np.clip(np.where(missing, fill, values), bounds[:, :1], bounds[:, 1:])
        with np.errstate(over="ignore"):
            scaled = np.clip((filled - center) / scale, -FURTHEST, FURTHEST)
        counts = missing.sum(axis=1)
        for i, encoder in enumerate(those):
            if counts[i]:
                findings.imputed[encoder.name] += int(counts[i])
            done[encoder.name] = encoder.columns(scaled[i], missing[i])
    return done


def fitted(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, Numeric]:
    """Return the encoders of columns of finite numbers without gaps, by name, as `Numeric.fit` makes them by default."""
    done: dict[str, Numeric] = {}
    for part, values in matrices(frame, names):
        low, high = values.min(axis=1), values.max(axis=1)
        median = np.median(values, axis=1)
        # As `mean_and_deviation`: divided by a power of two, which rounds nothing.
        largest = np.abs(values).max(axis=1)
        plain = np.isfinite(largest)
        unit = np.ldexp(1.0, np.frexp(np.where(plain, largest, 1.0))[1] - 1)
        with np.errstate(invalid="ignore", over="ignore"):
            parts = values / unit[:, None]
            center, scale = parts.mean(axis=1) * unit, parts.std(axis=1) * unit
        for i in np.flatnonzero(plain).tolist():
            same = low[i] == high[i]
            middle = float(values[i, 0]) if same else float(center[i])
            deviation = 0.0 if same else float(scale[i])
            fill = float(median[i])
            done[part[i]] = Numeric(part[i], False, middle, deviation or 1.0, fill, [], "standard", 0.0, "median")
    return done
