"""Figures as a person reads them: 0.8731, 15,149 and 143,000, never 1.43e+05 or 15148.6352."""

from __future__ import annotations

import math
from collections.abc import Sequence

# From here on a number is told by its first digits and a power of ten.
_HUGE = 1e15
# Below this, four decimals would leave nothing.
_SMALL = 5e-4


def figure(value: float) -> str:
    """Return a number with about four digits that count, its thousands set apart by commas.

    Examples
    --------
    >>> [figure(v) for v in (0.87312, 23.456, 415.27, 15148.6352, 143000.0, 0.0000123)]
    ['0.8731', '23.46', '415.3', '15,149', '143,000', '1.23e-05']
    """
    return _written(value, _decimals(abs(value)))


def figures(values: Sequence[float]) -> list[str]:
    """Return numbers of one kind, such as a row of a table, with the decimals that the largest of them has."""
    finite = [abs(value) for value in values if math.isfinite(value)]
    decimals = _decimals(max(finite, default=0.0))
    return [_written(value, decimals) for value in values]


def _decimals(size: float) -> int | None:
    """Return how many decimals a number of this size has; None where it needs a power of ten."""
    if not math.isfinite(size) or size >= _HUGE or 0 < size < _SMALL:
        return None
    return next((decimals for end, decimals in ((10, 4), (100, 2), (1000, 1)) if size < end), 0)


def _written(value: float, decimals: int | None) -> str:
    if decimals is None:
        return f"{value:.3g}"
    text = f"{value:,.{decimals}f}"
    # A loss of nothing is 0, not -0.
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def brief(value: float) -> str:
    """Return a number as it stands in the middle of a sentence: four digits that count, and commas where it is large.

    Examples
    --------
    >>> [brief(v) for v in (0.302, 12.5, 180796.06)]
    ['0.302', '12.5', '180,796']
    """
    return f"{value:,.0f}" if 10_000 <= abs(value) < _HUGE else f"{value:.4g}"


def cell(value: float) -> str:
    """Return a number of a table's cell as it would be written by hand: 7, 0.25, 1,234.5, without zeros at its end."""
    if not math.isfinite(value):
        return f"{value:g}"
    size = abs(value)
    if value == int(value) and size < _HUGE:
        return f"{int(value):,}" if size >= 10_000 else f"{int(value)}"
    if size >= _HUGE or 0 < size < 1e-4:
        return f"{value:.3g}"
    decimals = max(0, 4 - math.floor(math.log10(size)))
    return f"{value:,.{min(decimals, 6)}f}".rstrip("0").rstrip(".")


def share(value: float) -> str:
    """Return a share in per cent, with a decimal where it is small: 51 %, 4.2 %."""
    percent = 100 * value
    return f"{percent:.0f} %" if percent >= 10 or percent == 0 else f"{percent:.2g} %"
