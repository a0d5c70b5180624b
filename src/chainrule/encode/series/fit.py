"""Fitting series: what the encoding of windows has to know, measured on the times of training and on no later one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from chainrule.encode.choices import ChoiceTable
from chainrule.encode.series.clock import Clock
from chainrule.encode.series.encoding import CIRCLES, SeriesEncoding, Sizes, carried, size_of
from chainrule.encode.series.panel import Layout, Panel, Series
from chainrule.encode.series.windows import distinct_times
from chainrule.encode.table import TableEncoding, fit_table, kind_of
from chainrule.errors import ConfigError, DataError, did_you_mean
from chainrule.sources.kinds import KINDS, LEFT_OUT, ColumnKind

# Of the longest series, so many values are looked at for a season, and so strong must it be.
_MOST_VALUES = 5000
_STRONG = 0.25
# A horizon that nobody chose is this share of the times.
_HORIZON_SHARE = 20


@dataclass(frozen=True)
class Wishes:
    """What a person wants of windows; None is to be found by the series.

    Attributes
    ----------
    window, horizon, season : int, optional
    known : sequence of str
        Columns that are known ahead.
    level, calendar : str
        As `SeriesEncoding` has `level`; `calendar` is auto, none, or names of `CIRCLES`.
    coverage : tuple of float
    quantiles : tuple of float
    kinds : mapping of str to str
        Kinds of columns that are not to be guessed.
    choices : ChoiceTable
        How columns become numbers.
    """

    window: int | None = None
    horizon: int | None = None
    season: int | None = None
    known: Sequence[str] = ()
    level: str = "last"
    calendar: tuple[str, ...] = ("auto",)
    coverage: tuple[float, ...] = (0.8, 0.95)
    quantiles: tuple[float, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    choices: ChoiceTable = field(default_factory=ChoiceTable)


@dataclass(frozen=True)
class Spans:
    """Window, horizon and season in steps, settled, and what to tell of it."""

    window: int
    horizon: int
    season: int
    notes: tuple[str, ...]


def settle(panel: Panel, wishes: Wishes, share: float) -> Spans:
    """Return window, horizon and season: as wished, or by the first `share` of the times, which are sure to be training's.

    Raises
    ------
    DataError
        If no series is as long as a window and a horizon.
    """
    times = distinct_times(panel)
    early = panel.series if share >= 1 else before(panel, float(times[max(1, int(share * len(times))) - 1])).series
    notes = []
    season = wishes.season or panel.clock.season
    if not wishes.season and season == 1:
        season = strongest_period(max(early, key=len).y) if early else 1
        found = f"{season} steps, by its autocorrelation" if season > 1 else "none is found"
        notes.append(f"the season: {found} (`season`)")
    elif not wishes.season:
        notes.append(f"the season is taken to be {season} steps of {panel.clock.describe()} (`season`)")
    longest = max(len(one) for one in panel.series)
    horizon = wishes.horizon or max(1, min(season if season > 1 else 10, len(times) // _HORIZON_SHARE))
    window = wishes.window or max(2, min(max(2 * season, 2 * horizon), (longest - horizon) // 4))
    if not wishes.horizon:
        notes.append(f"the horizon is chosen to be {horizon} steps (`horizon`)")
    if not wishes.window:
        notes.append(f"the window is chosen to be {window} steps (`window`)")
    if horizon >= longest:
        raise DataError(
            f"a series longer than the horizon of {horizon} steps",
            f"{longest} {'row' if longest == 1 else 'rows'}{' in the longest' if len(panel.series) > 1 else ''}",
            "Choose a smaller `horizon`, or give a longer table.",
        )
    if window + horizon > longest:
        raise DataError(
            f"a series of at least window and horizon, {window} + {horizon} steps",
            f"{longest} rows{' in the longest' if len(panel.series) > 1 else ''}",
            f"Choose a `window` of at most {max(1, (longest - horizon) // 2)}, or give a longer table.",
        )
    return Spans(window, horizon, season, tuple(notes))


def before(panel: Panel, until: float) -> Panel:
    """Return the part of a panel up to a time: what was known then; the rows of the frame are those too."""
    series = []
    for one in panel.series:
        n = int(np.searchsorted(one.times, until, side="right"))
        if n:
            series.append(Series(one.name, one.rows[:n], one.at[:n], one.times[:n], one.y[:n]))
    return replace(panel, series=tuple(series))


def fit_series(
    panel: Panel, layout: Layout, until: float, spans: Spans, wishes: Wishes
) -> tuple[SeriesEncoding, list[str]]:
    """Return the encoding, measured on what was known at the time `until`, and notes.

    Raises
    ------
    DataError
        If the values of training do not vary.
    """
    train = before(panel, until)
    sizes, typical = _sizes(train.series, wishes.level, spans.horizon, layout.target)
    rows = np.concatenate([one.rows[one.rows >= 0] for one in train.series])
    past, ahead, notes = _columns(panel, np.sort(rows), layout, wishes)
    circles = _circles(train, spans.window, wishes.calendar)
    encoding = SeriesEncoding(
        layout=layout,
        clock=panel.clock,
        window=spans.window,
        horizon=spans.horizon,
        season=spans.season,
        level=wishes.level,
        past=past,
        ahead=ahead,
        circles=circles,
        marks=any(bool(np.isnan(one.y).any()) for one in train.series),
        sizes=sizes,
        typical=typical,
        errors={one.name: seasonal_error(one, spans.season) for one in train.series},
        until=until,
        quantiles=wishes.quantiles,
        coverage=wishes.coverage,
    )
    return encoding, notes


def _sizes(series: Sequence[Series], level: str, horizon: int, target: str) -> tuple[dict[str, Sizes], float]:
    # A first pass finds what is typical, for the series that do not move.
    first = [size_of(one.y, level, horizon, 0.0).scale for one in series]
    moving = [scale for scale in first if scale > 0]
    if not moving:
        known = next((value for one in series for value in one.y if np.isfinite(value)), np.nan)
        raise DataError(
            f"values of {target!r} that vary in the training part",
            f"{known:g} at every time",
            "Choose another `target`.",
        )
    typical = float(np.median(moving))
    return {one.name: size_of(one.y, level, horizon, typical) for one in series}, typical


def seasonal_error(one: Series, season: int) -> float:
    """Return by how much values differ from those a season before, on average; of too short a series, from the one before.

    It is 0 where nothing can be said.
    """
    for lag in dict.fromkeys((season, 1)):
        if lag < len(one):
            apart = np.abs(one.y[lag:] - one.y[:-lag])[one.at[lag:] - one.at[:-lag] == lag]
            apart = apart[np.isfinite(apart)]
            if len(apart):
                return float(apart.mean())
    return 0.0


def strongest_period(y: np.ndarray) -> int:
    """Return the distance at which a series, its line taken off, is most like itself; 1 where it is nowhere much so."""
    values = carried(y[None, -_MOST_VALUES:])[0]
    n = len(values)
    if n < 12 or not np.isfinite(values).all():
        return 1
    steps = np.arange(n)
    rest = values - np.polyval(np.polyfit(steps, values, 1), steps)
    power = float(rest @ rest)
    if power <= 1e-12 * max(1.0, float(values @ values)):
        return 1
    likeness = np.array([rest[lag:] @ rest[: n - lag] for lag in range(n // 3 + 1)]) / power
    inner = np.arange(2, len(likeness) - 1)
    peaks = inner[(likeness[inner] > likeness[inner - 1]) & (likeness[inner] >= likeness[inner + 1])]
    if not len(peaks):
        return 1
    best = int(peaks[np.argmax(likeness[peaks])])
    return best if likeness[best] > max(_STRONG, 2 / np.sqrt(n)) else 1


def _circles(train: Panel, window: int, calendar: tuple[str, ...]) -> tuple[str, ...]:
    """Return the circles of the calendar: those asked for, or each that is longer than the window and was gone through twice."""
    step = train.clock.days
    if "none" in calendar:
        return ()
    if not step:
        if calendar != ("auto",):
            raise ConfigError(
                "dates for a `calendar`", "times that are numbers, or steps that are rows", "Leave it out."
            )
        return ()
    if calendar != ("auto",):
        return tuple(name for name in CIRCLES if name in calendar)
    times = distinct_times(train)
    span = float(times[-1] - times[0]) / 86400e6
    return tuple(
        name for name, days in CIRCLES.items() if step <= days / 2 and days > window * step and span >= 2 * days
    )


def _columns(
    panel: Panel, rows: np.ndarray, layout: Layout, wishes: Wishes
) -> tuple[TableEncoding | None, TableEncoding | None, list[str]]:
    """Return the encodings of the columns known up to now and of those known ahead, fitted on the rows of training."""
    names = [str(name) for name in panel.frame.columns]
    for name in wishes.known:
        if name not in names or name in (layout.target, layout.time):
            others = [other for other in names if other not in (layout.target, layout.time)]
            raise ConfigError(
                "the name of a column that is known ahead, under `known`", f"{name!r}", did_you_mean(name, others)
            )
    for name, kind in wishes.kinds.items():
        if name not in names:
            raise ConfigError("the name of a column under `columns`", f"{name!r}", did_you_mean(name, names))
        if kind not in KINDS:
            raise ConfigError(f"a kind for the column {name!r}", f"{kind!r}", did_you_mean(str(kind), KINDS))
    train = panel.frame.iloc[rows]
    inputs = [name for name in names if name not in layout.columns or name in wishes.known]
    kinds = [_kind(train, name, wishes) for name in inputs]
    wishes.choices.check({kind.name: kind.kind for kind in kinds})
    left_out = [f"{kind.name} ({kind.reason})" for kind in kinds if kind.kind in LEFT_OUT]
    notes = (
        [f"columns that are no inputs: {', '.join(left_out[:6])}" + " and others" * (len(left_out) > 6)]
        if left_out
        else []
    )
    used = [kind for kind in kinds if kind.kind not in LEFT_OUT]
    past = tuple(kind for kind in used if kind.name not in wishes.known)
    ahead = tuple(kind for kind in used if kind.name in wishes.known)
    if past:
        notes.append(
            f"known up to the last step alone: {', '.join(kind.name for kind in past[:6])} (`known` for those known ahead)"
        )
    fitted = [fit_table(train, part, _only(wishes.choices, part)) if part else None for part in (past, ahead)]
    return fitted[0], fitted[1], notes


def _kind(train: object, name: str, wishes: Wishes) -> ColumnKind:
    if name in wishes.kinds:
        return ColumnKind(name, wishes.kinds[name], "as asked")
    found = kind_of(train[name], None)  # type: ignore[index]
    if found.kind == "identifier" and name in wishes.known:
        # A running number that is known ahead, such as a price list's, may well be a number.
        return ColumnKind(name, "numeric", "known ahead") if train[name].dtype.kind in "iuf" else found  # type: ignore[index]
    return ColumnKind(name, "ignore", "texts of series are not read") if found.kind == "text" else found


def _only(choices: ChoiceTable, kinds: tuple[ColumnKind, ...]) -> ChoiceTable:
    """Return the choices for these columns alone."""
    names = {kind.name for kind in kinds} | {"*"}
    settings = {
        name: {column: item for column, item in value.items() if column in names}
        if isinstance(value, Mapping)
        else value
        for name, value in choices.settings.items()
    }
    return ChoiceTable(settings)


def clock_notes(clock: Clock) -> list[str]:
    """Return what is told of a clock."""
    return [f"one step is {clock.describe()}"]
