"""Ahead: from the history in a table to the values of the next steps, with their times and intervals."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from chainrule.encode.encoder import Findings, shown
from chainrule.encode.series.encoding import SeriesEncoding
from chainrule.encode.series.panel import Panel, Series, extended, panel_of
from chainrule.encode.series.windows import Windows
from chainrule.engine import Engine
from chainrule.errors import ConfigError, DataError, nearest
from chainrule.saved.model import Model

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Forecast:
    """The steps to come.

    Attributes
    ----------
    table : DataFrame
        A row for each step of each series: the group, the time, the value, and the ends of each interval.
    panel : Panel
        The histories, each with its future behind it.
    windows : Windows
        Where each forecast begins: one for each series.
    y : array (S, H)
    ends : array (S, C, H, 2)
    notes : list of str
    """

    table: pd.DataFrame
    panel: Panel
    windows: Windows
    y: np.ndarray
    ends: np.ndarray
    notes: list[str] = field(default_factory=list)


def encoding_of(model: Model) -> SeriesEncoding:
    """Return how a model sees series, or raise ConfigError for one that does not."""
    encoding = model.prepared_by.encoding
    if not isinstance(encoding, SeriesEncoding):
        raise ConfigError(
            "a model that was trained on series, with `time`", encoding.describe(), "Use `chainrule predict`."
        )
    return encoding


def require_columns(frame: pd.DataFrame, encoding: SeriesEncoding) -> None:
    """Raise DataError unless a table has every column that the model needs."""
    names = [str(name) for name in frame.columns]
    missing = [name for name in encoding.used if name not in names]
    if missing:
        match = nearest(missing[0], [name for name in names if name not in encoding.used])
        raise DataError(
            f"the column {missing[0]!r}, which the model was trained on",
            f"a table without it (missing: {', '.join(missing[:5])})",
            f"Rename {match!r} to {missing[0]!r}?" if match else "Add the column.",
        )


def forecast_table(model: Model, frame: pd.DataFrame, engine: Engine | None = None) -> Forecast:
    """Return the forecast of the steps after the last known value of each series in a table.

    Parameters
    ----------
    model : Model
        Trained with `time`.
    frame : DataFrame
        The history. Where columns are known ahead, rows without a value follow for the steps of the horizon.

    Raises
    ------
    DataError
        If a history is shorter than the window or has a gap in it, or a column known ahead is missing for a step.
    """
    encoding = encoding_of(model)
    require_columns(frame, encoding)
    panel = panel_of(frame, encoding.layout, encoding.clock)
    # What is said of missing values in a horizon is of no concern here: the whole horizon is.
    notes = [note for note in panel.notes if "values of" not in note]
    series = tuple(extended(one, panel.clock, encoding.horizon) for one in panel.series)
    series, left_out = _long_enough(series, encoding)
    if left_out:
        notes.append(
            f"series too short for a window of {encoding.window} steps, or with a gap in it, have no forecast: {shown(left_out)}"
        )
    panel = replace(panel, series=series)
    windows = Windows(np.arange(len(series)), np.array([len(one) - encoding.horizon - 1 for one in series]))
    _require_known_ahead(panel, encoding)
    findings = Findings()
    outputs = model.outputs_of(encoding.inputs(panel, windows, findings), engine)
    level, scale = encoding.levels(panel, windows)
    y = level[:, None] + scale[:, None] * encoding.points(outputs)
    ends = level[:, None, None, None] + scale[:, None, None, None] * encoding.intervals(outputs)
    unseen = [one.name for one in series if one.name not in encoding.sizes]
    if unseen:
        notes.append(f"series that training did not have are measured by their own history: {shown(unseen)}")
    return Forecast(_table(encoding, panel, y, ends), panel, windows, y, ends, notes + findings.lines())


def _long_enough(series: tuple[Series, ...], encoding: SeriesEncoding) -> tuple[tuple[Series, ...], list[str]]:
    """Return the series that have a window without a gap, and the names of the others."""
    span = encoding.window + encoding.horizon
    good: list[Series] = []
    bad: list[Series] = []
    for one in series:
        whole = len(one) >= span and one.at[-1] - one.at[-span] == span - 1
        (good if whole and np.isfinite(one.y[-span : -encoding.horizon]).any() else bad).append(one)
    if not good:
        longest = max(bad, key=len)
        n = len(longest) - encoding.horizon
        came = f"{n} steps up to the last value" if n < encoding.window else "a missing step among the last ones"
        raise DataError(
            f"a history of {encoding.window} steps without a gap, each {encoding.clock.describe()} after the other",
            came,
            "Give the steps that are missing; a value may be left empty.",
        )
    return tuple(good), [one.name for one in bad]


def _require_known_ahead(panel: Panel, encoding: SeriesEncoding) -> None:
    if encoding.ahead is None:
        return
    for one in panel.series:
        lacking = np.flatnonzero(one.rows[-encoding.horizon :] < 0)
        if len(lacking):
            first = panel.clock.written(one.times[-encoding.horizon :][lacking[:1]])[0]
            names = ", ".join(encoding.ahead.used[:5])
            raise DataError(
                f"rows for the {encoding.horizon} steps to come, with what is known ahead: {names}",
                f"none for {first}" + (f" of {one.name!r}" if one.name else ""),
                f"Add these rows, and leave {encoding.layout.target!r} empty in them.",
            )


def _table(encoding: SeriesEncoding, panel: Panel, y: np.ndarray, ends: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    layout, horizon = encoding.layout, encoding.horizon
    columns: dict[str, object] = {}
    if layout.group is not None:
        columns[layout.group] = np.repeat([one.name for one in panel.series], horizon)
    columns[layout.time] = np.concatenate([_times(encoding, one) for one in panel.series])
    columns[layout.target] = y.reshape(-1)
    if np.isfinite(ends).all():
        for c, share in enumerate(encoding.coverage):
            for end, word in enumerate(("low", "high")):
                columns[f"{word} {100 * share:g}%"] = ends[:, c, :, end].reshape(-1)
    return pd.DataFrame(columns)


def _times(encoding: SeriesEncoding, one: Series) -> np.ndarray:
    """Return the times of the horizon as they are written; of steps that are rows, which step after the last it is."""
    if encoding.clock.unit == "rows":
        return np.array([f"+{step}" for step in range(1, encoding.horizon + 1)], dtype=object)
    return np.array(encoding.clock.written(one.times[-encoding.horizon :]), dtype=object)
