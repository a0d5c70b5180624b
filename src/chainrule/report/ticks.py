"""Ticks of an axis as a person reads them: 50,000, not 50000 or 0.5 with 1e5 in a corner, and none that run together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

# Numbers from here on have their thousands set apart (a year has none); beyond, a power of ten.
_THOUSANDS, _HUGE = 10_000.0, 1e12
# Between these, an axis of powers is told in plain decimals.
_PLAIN = (1e-4, 1e6)
# A letter of a tick is about so wide, in inches at the size of the figures.
_LETTER = 0.085


def readable(figure: Figure) -> None:
    """Set the ticks of every axis of a figure whose numbers nobody has written by hand."""
    from matplotlib.ticker import LogFormatterSciNotation, MaxNLocator, ScalarFormatter

    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            size = max(abs(low), abs(high))
            if (
                isinstance(axis.get_major_formatter(), LogFormatterSciNotation)
                and _PLAIN[0] <= low
                and high <= _PLAIN[1]
            ):
                _in_decimals(axis, low, high)
            # A formatter of another type was chosen on purpose.
            if type(axis.get_major_formatter()) is not ScalarFormatter or not _THOUSANDS <= size < _HUGE:
                continue
            axis.set_major_formatter(_formatter())
            if axis is ax.xaxis and isinstance(axis.get_major_locator(), MaxNLocator):
                ax.xaxis.set_major_locator(MaxNLocator(_room(figure, ax, f"{size:,.0f}"), steps=[1, 2, 2.5, 5, 10]))


def _in_decimals(axis: Axis, low: float, high: float) -> None:
    """Write a log axis in plain decimals; where it has less than two powers of ten, a few numbers between them too."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.10g}"))
    if high > 100 * low:
        axis.set_minor_formatter(NullFormatter())
    elif high > 4 * low:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_minor_formatter(NullFormatter())
    else:
        axis.set_major_locator(MaxNLocator(5))
        axis.set_minor_locator(NullLocator())


def _formatter() -> Any:
    from matplotlib.ticker import Formatter

    class Thousands(Formatter):
        """Numbers with commas, and as many decimals as tell them apart."""

        def __call__(self, x: float, pos: int | None = None) -> str:
            return f"{x:,.0f}" if x == round(x) else f"{x:,.1f}"

        def format_ticks(self, values: Sequence[float]) -> list[str]:
            whole = all(value == round(value) for value in values)
            return [f"{value:,.0f}" if whole else f"{value:,.1f}" for value in values]

    return Thousands()


def _room(figure: Figure, ax: Axes, longest: str) -> int:
    """Return how many ticks of this width fit beneath one another's neighbour without touching."""
    spec = ax.get_subplotspec()
    columns = 1 if spec is None else spec.get_gridspec().ncols
    width = 0.8 * figure.get_figwidth() / columns
    return max(2, min(7, int(width / (_LETTER * (len(longest) + 2)))))


def as_dates(axis: Axis) -> None:
    """Show an axis of seconds since 1970 as dates."""
    import datetime

    from matplotlib.ticker import FuncFormatter, MaxNLocator

    low, high = axis.get_view_interval()
    days = (high - low) / 86400
    form = "%Y" if days > 365 * 6 else "%b %Y" if days > 120 else "%d %b"

    def written(x: float, _: Any = None) -> str:
        return (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=x)).strftime(form)

    axis.set_major_locator(MaxNLocator(4))
    axis.set_major_formatter(FuncFormatter(written))
