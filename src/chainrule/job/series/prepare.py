"""From settings to windows of series: read the table, order it by time, split it by time, measure the training part."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from chainrule.encode.encoder import Findings, shown
from chainrule.encode.preparation import Preparation
from chainrule.encode.series.encoding import SeriesEncoding
from chainrule.encode.series.fit import Spans, Wishes, fit_series, settle
from chainrule.encode.series.panel import Layout, Panel, panel_of
from chainrule.encode.series.times import read_times
from chainrule.encode.series.windows import PARTS, Cuts, Windows, all_windows, cuts_at, distinct_times, gathered, parted
from chainrule.encode.target import REGRESSION, Target, require_column
from chainrule.errors import ConfigError, DataError
from chainrule.job.build import quantiles_of
from chainrule.job.config import Config
from chainrule.job.prepare import Part, Prepared, SeriesData, reading_of, sha256
from chainrule.job.readable import require_readable_target
from chainrule.sources.read import read_source
from chainrule.sources.source import Reading, Source
from chainrule.types import Batch

if TYPE_CHECKING:
    import pandas as pd

# Of the times, what validation and test get if nobody says otherwise.
_SHARE = 0.2
# Bytes that all windows may take; of more, windows are left out evenly.
_MOST_BYTES = 1 << 30
# Settings that say nothing of series, each with its default.
_NOT_OF_SERIES = ("class_weight", "augment", "stream", "missing_target", "target_scaling", "clip_predictions")


def prepare_series(config: Config) -> Prepared:
    """Return windows of the series that the settings name, ready to train on."""
    return prepare_panel(config, read_series(config))


def read_series(config: Config) -> Source:
    """Return the table, its times and the names of its series as they are written."""
    _require_suitable(config)
    source = read_source(config.data, series_reading(reading_of(config), config.time, config.group))
    if source.samples is not None:
        raise DataError("a table with a column of times", f"{len(source)} {source.samples.noun}", "Leave `time` out.")
    names = [str(name) for name in source.frame.columns]
    for role in ("time", "group"):
        name = getattr(config, role)
        if name is not None and name not in names:
            try:
                require_column(name, names, source.name)
            except DataError as error:
                remedy = error.remedy.replace("`target=", f"`{role}=")
                raise DataError(error.expected, error.came, remedy) from error
    return source


def series_reading(reading: Reading, time: str | None, group: str | None) -> Reading:
    """Return how a table of series is read: a time, with its zone, and a name are what is written in their cells."""
    as_written = {name: "text" for name in (time, group) if name is not None}
    return replace(reading, kinds={**reading.kinds, **as_written})


def layout_of(config: Config, source: Source) -> Layout:
    """Return which columns are what; the target is guessed where a single column of numbers is left."""
    roles = {config.time, config.group}
    others = [str(name) for name in source.frame.columns if name not in roles]
    target = config.target
    if target is None:
        numbers = [name for name in others if source.frame[name].dtype.kind in "iuf" and name not in config.known]
        if len(numbers) != 1:
            came = ", ".join(numbers[:6]) or "no column of numbers"
            raise DataError("the column to forecast, `target`", came, "Name it.")
        target = numbers[0]
    require_column(target, others, source.name)
    day_first = config.day_first
    if isinstance(day_first, dict):
        day_first = day_first.get(config.time or "")
    return Layout(target, str(config.time), config.group, config.step_by, config.gaps, day_first)


def wishes_of(config: Config) -> Wishes:
    """Return what the settings say of windows."""
    return Wishes(
        window=config.window,
        horizon=config.horizon,
        season=config.season,
        known=config.known,
        level=config.level,
        calendar=config.calendar,
        coverage=config.coverage,
        quantiles=quantiles_of(config) if config.loss == "pinball" else (),
        kinds={name: kind for name, kind in config.columns.items() if name not in (config.time, config.group)},
        choices=config.choices,
    )


def prepare_panel(config: Config, source: Source, *, cuts: Cuts | None = None) -> Prepared:
    """Return windows of a table of series that has been read.

    Parameters
    ----------
    cuts : Cuts, optional
        Where the parts end; by default as the settings say.
    """
    layout = layout_of(config, source)
    require_readable_target(replace(source, gaps={}), layout.target, config)
    panel = panel_of(source.frame, layout)
    wishes = wishes_of(config)
    spans = settle(panel, wishes, 1.0 if cuts is None else _share_until(panel, cuts.train))
    found = cuts or _cuts(config, panel, spans.horizon)
    if cuts is None:
        # Only now it is known which times are training's: what is chosen by the values is chosen by those.
        spans = settle(panel, wishes, _share_until(panel, found.train))
        found = _cuts(config, panel, spans.horizon)
    return _prepared(source, panel, layout, spans, wishes, found)


def _prepared(source: Source, panel: Panel, layout: Layout, spans: Spans, wishes: Wishes, cuts: Cuts) -> Prepared:
    notes = [*source.notes, *panel.notes, f"one step is {panel.clock.describe()}", *spans.notes]
    windows = parted(panel, all_windows(panel, spans.window, spans.horizon), spans.horizon, cuts)
    _require_windows(panel, windows, spans, cuts)
    encoding, more = fit_series(panel, layout, cuts.train, spans, wishes)
    notes += more + _split_notes(panel, windows, cuts) + _short_notes(panel, windows, spans)
    windows = _affordable(windows, encoding, notes)
    preparation = Preparation(encoding, Target(layout.target, REGRESSION), source.reading)
    findings, parts = Findings(), {}
    for name, part in windows.items():
        batch = Batch(*encoding.samples(panel, part, findings))
        parts[name] = Part(_origins(panel, part, layout), batch)
    return Prepared(
        source, preparation, parts, notes + findings.lines(), sha256(parts["train"].batch), SeriesData(panel, windows)
    )


def _require_suitable(config: Config) -> None:
    """Raise ConfigError for settings that have nothing to say of series."""
    silent = Config(config.data)
    for name in _NOT_OF_SERIES:
        if getattr(config, name) != getattr(silent, name):
            raise ConfigError(
                f"{name} to be left out beside `time`", f"{getattr(config, name)}", f"Leave `{name}` out."
            )
    if config.task == "classification":
        raise ConfigError("the task regression beside `time`", config.task, "Leave `task` out.")
    if config.loss == "poisson":
        raise ConfigError(
            "the loss squared_error, huber or pinball beside `time`: values are told from a level, and may be below it",
            config.loss,
            "Leave `loss` out.",
        )
    if len({config.time, config.group, config.target} - {None}) < sum(
        name is not None for name in (config.time, config.group, config.target)
    ):
        raise ConfigError(
            "`time`, `group` and `target` to be different columns",
            f"{config.time}, {config.group}, {config.target}",
            "Mend one.",
        )


def _share_until(panel: Panel, until: float) -> float:
    times = distinct_times(panel)
    return float((times <= until).mean())


def _cuts(config: Config, panel: Panel, horizon: int) -> Cuts:
    """Return the cuts that `valid` and `test` ask for: a share of the times, or the first time of the part."""
    shares: dict[str, int] = {}
    times = distinct_times(panel)
    test_from = _first_time(config.test, "test", panel)
    valid_from = _first_time(config.valid, "valid", panel)
    for name, first, end in (("test", test_from, len(times)), ("valid", valid_from, None)):
        setting = getattr(config, name)
        if first is not None:
            n = len(times) - int(np.searchsorted(times, first))
            shares[name] = n - (shares.get("test", 0) if end is None else 0)
            if shares[name] < horizon:
                raise DataError(
                    f"at least a horizon of {horizon} steps in the {name} part", f"{max(0, shares[name])} from {setting!r} on",
                    "Name an earlier time.",
                )  # fmt: skip
        else:
            share = _SHARE if setting == "auto" else setting
            shares[name] = max(horizon, round(share * len(times))) if share else 0
    return cuts_at(panel, shares["valid"] / len(times), shares["test"] / len(times), horizon)


def _first_time(setting: float | str, name: str, panel: Panel) -> float | None:
    """Return the time that a part is said to begin with; None for a share."""
    if not isinstance(setting, str) or setting == "auto":
        return None
    import pandas as pd

    try:
        times = read_times(pd.Series([setting], name=name))
    except DataError as error:
        remedy = f"Write `{name}=0.2` or `{name}=2020-01-01`; another table is for `chainrule evaluate`."
        raise ConfigError(
            f"a share, or the first time, of the {name} part of series", f"{setting!r}", remedy
        ) from error
    if times.is_date != panel.clock.is_date:
        kind = "a date" if panel.clock.is_date else "a number"
        raise ConfigError(f"{kind} for `{name}`, as the times are", f"{setting!r}", "Write it as the table does.")
    return float(times.values[0])


def _require_windows(panel: Panel, windows: dict[str, Windows], spans: Spans, cuts: Cuts) -> None:
    if "train" in windows and len(windows["train"]) >= 2:
        return
    early = [int((one.times <= cuts.train).sum()) for one in panel.series]
    raise DataError(
        f"windows to train on, each of {spans.window} steps of history and {spans.horizon} to forecast, without a gap",
        f"{len(windows.get('train', ()))}, in series of at most {max(early)} training steps",
        "Choose a smaller `window` or `horizon`, say `gaps=fill`, or give a longer table.",
    )


def _split_notes(panel: Panel, windows: dict[str, Windows], cuts: Cuts) -> list[str]:
    """Return when the parts end."""
    clock = panel.clock
    train, valid, last = clock.written(np.array([cuts.train, cuts.valid, distinct_times(panel)[-1]]))
    ends = {"train": train, "valid": valid, "test": last}
    told = [f"{name} up to {ends[name]}" for name in PARTS if name in windows]
    return [f"the parts follow each other in time: {', '.join(told)} (`valid`, `test`)"]


def _short_notes(panel: Panel, windows: dict[str, Windows], spans: Spans) -> list[str]:
    used = np.unique(np.concatenate([part.series for part in windows.values()]))
    lost = [panel.series[i].name for i in range(len(panel.series)) if i not in set(used.tolist())]
    if not lost:
        return []
    return [
        f"series without a window of {spans.window} + {spans.horizon} steps are not learned from: {shown(lost)}"
        f"{' (seen once)' if all(len(one) == 1 for one in panel.series if one.name in set(lost)) else ''}"
    ]


def _affordable(windows: dict[str, Windows], encoding: SeriesEncoding, notes: list[str]) -> dict[str, Windows]:
    """Return the windows, thinned evenly where their arrays would take too much memory."""
    total = sum(map(len, windows.values()))
    most = max(2, _MOST_BYTES // (4 * int(np.prod(encoding.shape))))
    stride = -(-total // most)
    if stride <= 1:
        return windows
    notes.append(f"of {total:,} windows every {stride}th is taken: all of them would not fit into memory")
    return {name: part.take(np.arange(0, len(part), stride)) for name, part in windows.items()}


def _origins(panel: Panel, windows: Windows, layout: Layout) -> pd.DataFrame:
    """Return a row for each window: its series, and the last time that it knows."""
    import pandas as pd

    last = gathered(windows, [one.times for one in panel.series], windows.origin[:, None])[:, 0]
    columns: dict[str, object] = {layout.time: panel.clock.written(last)}
    if layout.group is not None:
        names = np.array([one.name for one in panel.series], dtype=object)
        columns = {layout.group: names[windows.series], **columns}
    return pd.DataFrame(columns)
