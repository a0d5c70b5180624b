"""The encoding of series: a window of history, and what is known ahead, become x (T, D); measured on training times alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.encode.encoder import Encoder, Findings
from chainrule.encode.encoding import DAMAGED, Encoding, require_fields
from chainrule.encode.series.clock import DAY, Clock
from chainrule.encode.series.panel import Layout, Panel, Series
from chainrule.encode.series.windows import Windows, gathered, steps_of
from chainrule.encode.sparse import is_sparse
from chainrule.encode.table import TableEncoding
from chainrule.encode.target import Target
from chainrule.errors import DataError, ModelFileError
from chainrule.sources.kinds import ColumnKind
from chainrule.sources.samples import Samples
from chainrule.types import Array, Shape

if TYPE_CHECKING:
    import pandas as pd

LEVELS = ("last", "mean")
CIRCLES = {"year": 365.2425, "week": 7.0, "day": 1.0}
# Of long horizons, so many distances are looked at to find how far values move.
_LAGS = 48


@dataclass(frozen=True)
class Sizes:
    """How a series is measured: the level that its values are told from, and the unit that they are told in."""

    center: float
    scale: float


@dataclass(frozen=True)
class SeriesEncoding(Encoding):
    """Windows of series: (value - level) / scale at each step, beside what else is known of it.

    Of a step of the history x has the value, a mark where it is missing, the columns, and where it stands in the calendar; of a
    step of the horizon only the columns that are known ahead and the calendar, and nothing else of them is ever read. Where
    nothing is known ahead, the steps of the horizon are left out of x.

    Attributes
    ----------
    layout : Layout
        Which columns are what.
    clock : Clock
    window, horizon : int
        Steps of history that are read, and that are forecast.
    season : int
        Steps after which the series is like itself; 1 for none.
    level : str
        What values are told from: last, the last known one of the window; mean, that of the series in training.
    past, ahead : TableEncoding or None
        Of the columns that are known up to the last step, and of those that are known for the horizon too.
    circles : tuple of str
        Positions in the calendar that are inputs: year, week, day.
    marks : bool
        Whether missing values are marked.
    sizes : mapping of str to Sizes
        Of each series of training.
    typical : float
        The scale of a series that is like those of training.
    errors : mapping of str to float
        Of each series, what the seasonal-naive forecast of one step is off by, on average, in training (see MASE).
    until : float
        The last time that was trained on.
    quantiles : tuple of float
        What the outputs of each step are, where they are quantiles; one output a step where there are none.
    coverage : tuple of float
        Shares of the values that intervals are to hold.
    bands : tuple
        For each coverage, for each step, how far below and above the forecast the interval ends, in scales; empty where the
        quantiles say it.
    """

    layout: Layout
    clock: Clock
    window: int
    horizon: int
    season: int
    level: str
    past: TableEncoding | None
    ahead: TableEncoding | None
    circles: tuple[str, ...]
    marks: bool
    sizes: Mapping[str, Sizes]
    typical: float
    errors: Mapping[str, float]
    until: float
    quantiles: tuple[float, ...] = ()
    coverage: tuple[float, ...] = ()
    bands: tuple[tuple[tuple[float, float], ...], ...] = ()
    columns: tuple[ColumnKind, ...] = field(default=(), init=False)
    encoders: tuple[Encoder, ...] = field(default=(), init=False)
    kind: ClassVar[str] = "series"

    @property
    def features(self) -> list[str]:
        """None: x is no vector (see `channels`)."""
        return []

    @property
    def channels(self) -> list[str]:
        """What x has of each step."""
        names = [self.layout.target] + [f"{self.layout.target} is missing"] * self.marks
        names += [] if self.past is None else self.past.features
        names += [] if self.ahead is None else self.ahead.features
        names += [f"{name} {wave}" for name in self.circles for wave in ("sin", "cos")]
        return names + ["is ahead"] * self.sees_ahead

    @property
    def sees_ahead(self) -> bool:
        """Whether anything is known of the steps of the horizon."""
        return self.ahead is not None or bool(self.circles)

    @property
    def shape(self) -> Shape:
        """(T, D): the window, and the horizon where anything is known of it."""
        return (self.window + self.horizon * self.sees_ahead, len(self.channels))

    @property
    def used(self) -> list[str]:
        """Names of the columns that a table must have at predict."""
        more = [name for part in (self.past, self.ahead) if part is not None for name in part.used]
        return list(dict.fromkeys([*self.layout.columns, *more]))

    def outputs(self, target: Target) -> int:
        """Return the number of outputs: one a step, or one for each quantile of each step."""
        return self.horizon * max(1, len(self.quantiles))

    def encode(self, frame: pd.DataFrame, samples: Samples | None, findings: Findings) -> Array:
        """Refuse: rows of a series are no samples, and what the network says of a window is in no unit of its own."""
        raise DataError(
            "a forecast to be asked of this model",
            "a prediction for each row",
            "Use `chainrule predict`, or chainrule.forecast.forecast_table(model, frame).",
        )

    def inputs(self, panel: Panel, windows: Windows, findings: Findings) -> np.ndarray:
        """Return x (N, T, D) in float32 for windows of a panel.

        Raises
        ------
        DataError
            If a column is missing or has text where training had numbers.
        """
        steps = steps_of(windows, self.window, self.horizon * self.sees_ahead)
        history, x = steps[:, : self.window], np.zeros((len(windows), *self.shape), np.float32)
        level, scale = self.levels(panel, windows)
        y = gathered(windows, [one.y for one in panel.series], history)
        filled = carried(y)
        x[:, : self.window, 0] = (filled - level[:, None]) / scale[:, None]
        channel = 1
        if self.marks:
            x[:, : self.window, 1] = ~np.isfinite(y)
            channel = 2
        for part, reach in ((self.past, self.window), (self.ahead, steps.shape[1])):
            if part is not None:
                width = len(part.features)
                x[:, :reach, channel : channel + width] = gathered(
                    windows, _of_rows(panel, part, findings), steps[:, :reach]
                )
                channel += width
        if self.circles:
            width = 2 * len(self.circles)
            x[..., channel : channel + width] = gathered(windows, [self._calendar(one) for one in panel.series], steps)
        if self.sees_ahead:
            x[:, self.window :, -1] = 1
        return x

    def targets(self, panel: Panel, windows: Windows) -> np.ndarray:
        """Return t (N, H) in float32: what comes after each window, told from its level in its scale."""
        level, scale = self.levels(panel, windows)
        t: np.ndarray = ((self.truth(panel, windows) - level[:, None]) / scale[:, None]).astype(np.float32)
        return t

    def samples(self, panel: Panel, windows: Windows, findings: Findings) -> tuple[np.ndarray, np.ndarray]:
        """Return x (N, T, D) and what the network is to answer (N, K): each target, once for every quantile."""
        t = np.repeat(self.targets(panel, windows), max(1, len(self.quantiles)), axis=1)
        return self.inputs(panel, windows, findings), t

    def truth(self, panel: Panel, windows: Windows) -> np.ndarray:
        """Return the values (N, H) of each horizon, in their own unit."""
        steps = windows.origin[:, None] + np.arange(1, 1 + self.horizon)
        return gathered(windows, [one.y for one in panel.series], steps)

    def levels(self, panel: Panel, windows: Windows) -> tuple[np.ndarray, np.ndarray]:
        """Return level and scale (N,) of each window, of which nothing but its history decides, and what training measured."""
        sizes = [
            self.sizes.get(one.name) or self._unseen(one, windows.of_series(i)) for i, one in enumerate(panel.series)
        ]
        scale = np.array([size.scale for size in sizes])[windows.series]
        if self.level == "mean":
            return np.array([size.center for size in sizes])[windows.series], scale
        history = steps_of(windows, self.window, 0)
        y = gathered(windows, [one.y for one in panel.series], history)
        return carried(y)[:, -1], scale

    def _unseen(self, one: Series, origins: np.ndarray) -> Sizes:
        """Return the size of a series that training did not have: that of its first history, or what is typical."""
        first = one.y[: int(origins.min()) + 1] if len(origins) else one.y
        return size_of(first, self.level, self.horizon, self.typical)

    def points(self, y: np.ndarray) -> np.ndarray:
        """Return the forecast (N, H), in scales, that outputs y (N, H or H Q) hold: the median where they are quantiles."""
        if not self.quantiles:
            return y
        middle = int(np.argmin(np.abs(np.array(self.quantiles) - 0.5)))
        return self._sorted(y)[..., middle]

    def intervals(self, y: np.ndarray) -> np.ndarray:
        """Return the ends (N, C, H, 2) of the interval of each coverage, in scales, that outputs y (N, H or H Q) hold."""
        ends = np.full((len(y), len(self.coverage), self.horizon, 2), np.nan)
        for c, share in enumerate(self.coverage):
            if self.quantiles:
                each = self._sorted(y)
                for end, level in enumerate(((1 - share) / 2, (1 + share) / 2)):
                    ends[:, c, :, end] = each[..., int(np.argmin(np.abs(np.array(self.quantiles) - level)))]
            elif self.bands:
                ends[:, c] = y[..., None] + np.array(self.bands[c])
        return ends

    def _sorted(self, y: np.ndarray) -> np.ndarray:
        """Return quantiles (N, H, Q) in their order: those that cross change places (Chernozhukov et al., 2010)."""
        return np.sort(y.reshape(len(y), self.horizon, len(self.quantiles)), axis=-1)

    def _calendar(self, one: Series) -> np.ndarray:
        """Return sine and cosine (L, 2 C) of where each step stands in the year, the week and the day."""
        days = one.times / DAY
        angles = [2 * np.pi * days / CIRCLES[name] for name in self.circles]
        return np.column_stack([wave(angle) for angle in angles for wave in (np.sin, np.cos)])

    def describe(self) -> str:
        """`windows of 24 steps of 1 hour, to forecast 12`."""
        return f"windows of {self.window} steps of {self.clock.describe()}, to forecast {self.horizon}"

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return {
            "kind": self.kind,
            "layout": dict(vars(self.layout)),
            "clock": self.clock.to_json(),
            "past": None if self.past is None else self.past.to_json(),
            "ahead": None if self.ahead is None else self.ahead.to_json(),
            "sizes": {name: [size.center, size.scale] for name, size in self.sizes.items()},
            "errors": dict(self.errors),
            "bands": [[list(ends) for ends in steps] for steps in self.bands],
            **{name: getattr(self, name) for name in (*_NUMBERS, "level", "marks")},
            **{name: list(getattr(self, name)) for name in _LISTS},
        }

    @classmethod
    def from_json(cls, data: Any) -> SeriesEncoding:
        """Return the encoding that `to_json` described, or raise ModelFileError."""
        parts = {"layout", "clock", "past", "ahead", "sizes", "errors", "bands", "level", "marks"}
        require_fields(data, cls.kind, {*parts, *_NUMBERS, *_LISTS})
        if not _is_right(data):
            raise ModelFileError("the preparation of series", f"{data!r:.120}", DAMAGED)
        lists: dict[str, Any] = {name: tuple(data[name]) for name in _LISTS}
        tables: dict[str, Any] = {
            n: None if data[n] is None else TableEncoding.from_json(data[n]) for n in ("past", "ahead")
        }
        return cls(
            layout=Layout(**data["layout"]),
            clock=Clock.from_json(data["clock"]),
            sizes={name: Sizes(*size) for name, size in data["sizes"].items()},
            errors=data["errors"],
            bands=tuple(tuple((float(low), float(high)) for low, high in steps) for steps in data["bands"]),
            level=data["level"],
            marks=data["marks"],
            **tables,
            **{name: data[name] for name in _NUMBERS},
            **lists,
        )


_NUMBERS = ("window", "horizon", "season", "typical", "until")
_LISTS = ("circles", "quantiles", "coverage")
_WORDS = {"step_by": ("time", "rows"), "gaps": ("split", "fill")}


def _is_right(data: Mapping[str, Any]) -> bool:
    """Tell whether a file's fields are of the sorts, and within the bounds, that a fit leaves behind."""
    layout, horizon = data["layout"], data["horizon"]
    counts = all(type(data[name]) is int and 1 <= data[name] <= 10**6 for name in ("window", "horizon", "season"))
    lists = all(isinstance(data[name], list) for name in (*_LISTS, "bands"))
    dicts = all(isinstance(data[name], dict) for name in ("layout", "sizes", "errors"))
    if not (counts and lists and dicts and set(layout) == set(Layout.__dataclass_fields__)):
        return False
    texts = all(isinstance(layout[name], str) for name in ("target", "time"))
    words = all(layout[name] in allowed for name, allowed in _WORDS.items() if isinstance(layout[name], str))
    said = isinstance(layout["group"], (str, type(None))) and isinstance(layout["day_first"], (bool, type(None)))
    sizes = all(_are_numbers(size, 2) and size[1] > 0 for size in data["sizes"].values())
    errors = all(_is_number(error) and error >= 0 for error in data["errors"].values())
    shares = all(_is_number(share) and 0 < share < 1 for name in ("quantiles", "coverage") for share in data[name])
    bands = all(
        isinstance(steps, list) and len(steps) == horizon and all(_are_numbers(ends, 2) for ends in steps)
        for steps in data["bands"]
    )
    return (
        texts and words and said and sizes and errors and shares and bands
        and len(data["bands"]) in (0, len(data["coverage"]))
        and all(name in CIRCLES for name in data["circles"])
        and data["level"] in LEVELS
        and isinstance(data["marks"], bool)
        and _is_number(data["until"])
        and _is_number(data["typical"])
        and data["typical"] > 0
    )  # fmt: skip


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _are_numbers(value: Any, n: int) -> bool:
    return isinstance(value, list) and len(value) == n and all(map(_is_number, value))


def quantiles_for(coverage: Sequence[float]) -> tuple[float, ...]:
    """Return the median and the ends of the interval of each coverage, in order."""
    ends = [round(end, 6) for share in coverage for end in ((1 - share) / 2, (1 + share) / 2)]
    return tuple(sorted({0.5, *ends}))


def carried(y: np.ndarray) -> np.ndarray:
    """Return histories (N, W) in which the last value before a missing one stands in for it, or the first one known."""
    known = np.isfinite(y)
    at = np.where(known, np.arange(y.shape[1]), -1)
    last = np.maximum.accumulate(at, axis=1)
    first = known.argmax(axis=1)
    taken = np.where(last >= 0, last, first[:, None])
    found: np.ndarray = np.take_along_axis(y, taken, axis=1)
    return found


def size_of(y: np.ndarray, level: str, horizon: int, typical: float) -> Sizes:
    """Return how a series is measured, by values of its past.

    The scale is how far values move within a horizon, root mean square, where they are told from the last one, and else their
    standard deviation. Of a series that does not move it is what is typical of the others.
    """
    known = y[np.isfinite(y)]
    center = float(known.mean()) if len(known) else 0.0
    if level == "mean":
        scale = float(known.std()) if len(known) else 0.0
    else:
        lags = np.unique(np.linspace(1, horizon, min(horizon, _LAGS)).astype(int))
        moves = [np.square(y[lag:] - y[:-lag]) for lag in lags if lag < len(y)]
        found = np.concatenate([move[np.isfinite(move)] for move in moves]) if moves else np.empty(0)
        scale = float(np.sqrt(found.mean())) if len(found) else 0.0
    # What only rounding moves does not move.
    moves_at_all = scale > 1e-12 * max(1.0, abs(center))
    return Sizes(center, scale if moves_at_all else typical)


def _of_rows(panel: Panel, table: TableEncoding, findings: Findings) -> list[np.ndarray]:
    """Return the encoded columns (L, F) of each series; zeros for steps that the table does not have."""
    # The other columns have roles of their own: none of them is ignored.
    known = [column.name for column in table.columns if column.name in panel.frame.columns]
    encoded = table.encode(panel.frame[known], None, findings)
    encoded = np.asarray(encoded.toarray() if is_sparse(encoded) else encoded, np.float32)
    below = np.vstack([encoded, np.zeros((1, encoded.shape[1]), np.float32)])
    # Row -1 is the last: that of zeros.
    return [below[one.rows] for one in panel.series]
