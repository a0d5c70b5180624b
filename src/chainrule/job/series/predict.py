"""What a model of series says of a table: the steps to come, or how good its forecasts of the table's own steps are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chainrule.encode.encoder import Findings, shown
from chainrule.encode.series.panel import panel_of
from chainrule.encode.series.windows import all_windows, horizon_times
from chainrule.errors import DataError
from chainrule.forecast.ahead import Forecast, encoding_of, forecast_table, require_columns
from chainrule.forecast.scores import scored, table_of
from chainrule.job.predict import Evaluation
from chainrule.job.series.prepare import series_reading
from chainrule.saved.model import Model
from chainrule.sources.read import read_source
from chainrule.sources.source import Reading, Source


def is_of_series(model: Model) -> bool:
    """Tell whether a model was trained on series."""
    return model.preparation is not None and model.preparation.kind == "series"


def read_history(model: Model, data: str, reading: Reading) -> Source:
    """Return a table as that of training was read."""
    layout = encoding_of(model).layout
    reading = series_reading(reading, layout.time, layout.group)
    source = read_source(data, replace(reading, stored=model.prepared_by.reading))
    if source.samples is not None:
        raise DataError("a table with the columns of training", f"{len(source)} {source.samples.noun}", "Name a table.")
    require_columns(source.frame, encoding_of(model))
    for name in encoding_of(model).used:
        if name in source.odd:
            raise DataError(
                f"{source.odd[name].wanted}, as in training",
                f"{source.odd[name]}",
                "Correct the cells, or leave them empty.",
            )
    return source


def predict_series(model: Model, data: str, reading: Reading) -> Forecast:
    """Return the forecast of the steps after the last known value of each series in a table."""
    source = read_history(model, data, reading)
    found = forecast_table(model, source.frame)
    return replace(found, notes=[*source.notes, *found.notes])


def evaluate_series(model: Model, data: str, reading: Reading) -> Evaluation:
    """Return how good forecasts from every place of a table are, beside the naive ones.

    Where the table goes on beyond the times that were trained on, only those are measured.
    """
    encoding = encoding_of(model)
    source = read_history(model, data, reading)
    panel = panel_of(source.frame, encoding.layout, encoding.clock)
    notes = [*source.notes, *panel.notes]
    windows = all_windows(panel, encoding.window, encoding.horizon)
    if not len(windows):
        longest = max(len(one) for one in panel.series)
        raise DataError(
            f"windows of {encoding.window} steps of history and {encoding.horizon} to compare with, without a gap",
            f"none, in series of at most {longest} steps",
            "Give a longer table; to forecast, `chainrule predict` needs the history alone.",
        )
    if encoding.clock.unit != "rows":
        first, _ = horizon_times(panel, windows, encoding.horizon)
        later = first > encoding.until
        known = np.isin([one.name for one in panel.series], list(encoding.sizes))[windows.series]
        learned = known & ~later
        until = encoding.clock.written(np.array([encoding.until]))[0]
        if learned.all():
            notes.append(f"all of these times, up to {until}, were learned from: scores on new ones will be worse")
        elif learned.any():
            notes.append(
                f"{int(learned.sum()):,} windows that reach into the times learned from, up to {until}, are left out"
            )
            windows = windows.take(np.flatnonzero(~learned))
    findings = Findings()
    outputs = model.outputs_of(encoding.inputs(panel, windows, findings))
    unseen = [
        one.name for i, one in enumerate(panel.series) if one.name not in encoding.sizes and (windows.series == i).any()
    ]
    if unseen:
        notes.append(
            f"series that training did not have are measured by their own history: {shown(unseen)}; they have no MASE"
        )
    metrics = table_of(encoding, {"data": scored("data", encoding, panel, windows, outputs)})
    return Evaluation(len(windows), metrics, notes + findings.lines())
