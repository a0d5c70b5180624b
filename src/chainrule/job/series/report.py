"""The report of a run on series: the forecasts beside the truth and the naive ones, where they err, and when."""

from __future__ import annotations

import numpy as np

from chainrule.encode.series.windows import horizon_times
from chainrule.forecast.scores import Scored, label_of, scores
from chainrule.job.folder import RunFolder
from chainrule.job.run_report import Trained, facts_of_training, prepared_notes, versions
from chainrule.job.series.measure import MeasuredSeries, judged_part
from chainrule.job.settings import to_toml
from chainrule.report import plots, series_plots
from chainrule.report.choice import ChoiceData, Section, render_choice

_MOST_TRACKS, _MOST_FORECASTS, _MOST_STEPS = 4, 6, 400
_WORST = 12
_PARTS = {"train": "training", "valid": "validation", "test": "test"}


def series_report(trained: Trained, measured: MeasuredSeries, folder: RunFolder) -> str:
    """Return the page."""
    encoding, seen = measured.encoding, measured.last
    part = _PARTS[seen.part]
    sections = [
        _how_good(measured),
        Section(
            "Forecasts against the truth",
            f"Of the {part} part, which the network did not learn from: forecasts of {encoding.horizon} steps, each made at a dotted "
            "line from what was known there. The bands are meant to hold the shares of the values that they are named by."
            if seen.part == "test" else f"Of the {part} part: forecasts of {encoding.horizon} steps, each made at a dotted line.",
            series_plots.forecasts_against_truth(tracks_of(measured), encoding.coverage, encoding.layout.target),
        ),
        _how_far(measured),
        _residuals(measured),
        worst(measured),
        _curves(trained),
        _network(measured),
    ]  # fmt: skip
    n_series = len(np.unique(seen.windows.series))
    of = f" of {n_series:,} series" if n_series > 1 else ""
    sizes = ", ".join(f"{len(one.windows):,} {_PARTS[name]}" for name, one in measured.parts.items())
    data = ChoiceData(
        title=f"{trained.prepared.source.name}: {encoding.layout.target}",
        subtitle=f"{sizes} windows{of} · {measured.model.network.n_parameters:,} parameters",
        facts=[*_facts(measured), *facts_of_training(trained, folder)[1:]],
        sections=[section for section in sections if section is not None],
        advice=[trained.advice] if trained.advice else [],
        notes=prepared_notes(trained.prepared),
        configs={"Every setting (config.toml)": to_toml(trained.config)},
        versions={**versions(trained.engine.name), "seed": str(trained.config.seed)},
    )
    return render_choice(data)


def _facts(measured: MeasuredSeries) -> list[tuple[str, str]]:
    metrics = measured.metrics
    part = judged_part(metrics)
    facts = [(f"RMSE on the {_PARTS[part]} part", f"{metrics[part]['rmse']:.4g}")]
    return facts + [(f"RMSE, {name} forecast", f"{metrics[name]['rmse']:.4g}") for name in measured.last.beside]


def score_rows(metrics: dict[str, dict[str, float]]) -> list[list[str]]:
    """Return a row for each score, with its value on each part and of each naive forecast."""
    names = dict.fromkeys(name for values in metrics.values() for name in values)
    return [
        [label_of(name), *(f"{values[name]:.4g}" if name in values else "–" for values in metrics.values())]
        for name in names
    ]


def _how_good(measured: MeasuredSeries) -> Section:
    season = measured.encoding.season
    lead = "The naive forecast says the last known value for every step"
    lead += f", the seasonal-naive one the value {season} steps before" if season > 1 else ""
    return Section(
        "How good it is",
        f"{lead}; both are measured on the {_PARTS[measured.last.part]} part. MASE is the error in units of what the seasonal-naive "
        "forecast of one season is off by in training: below 1 is better than that.",
        header=("", *(_PARTS.get(name, name) for name in measured.metrics)),
        rows=score_rows(measured.metrics),
    )


def tracks_of(measured: MeasuredSeries) -> list[series_plots.Track]:
    """Return stretches of series with forecasts that do not overlap: the latest of some series, worst, best and between."""
    encoding, seen = measured.encoding, measured.last
    numbers = np.unique(seen.windows.series)
    if len(numbers) > _MOST_TRACKS:
        error = np.array([np.abs(seen.error[seen.windows.series == n]).mean() / _unit(measured, n) for n in numbers])
        numbers = numbers[np.argsort(-error)[np.linspace(0, len(numbers) - 1, _MOST_TRACKS).astype(int)]]
    tracks = []
    for number in numbers:
        mine = np.flatnonzero(seen.windows.series == number)
        one, horizon = seen.panel.series[number], encoding.horizon
        chosen: list[int] = []
        limit = np.inf
        for row in mine[::-1]:
            if seen.windows.origin[row] + horizon <= limit and len(chosen) < _MOST_FORECASTS:
                chosen.append(int(row))
                limit = seen.windows.origin[row]
        first = int(seen.windows.origin[chosen[-1]])
        last = int(seen.windows.origin[chosen[0]]) + horizon
        start = max(0, first - max(encoding.window, last - first) // 2, last - _MOST_STEPS - horizon)
        times = _axis(measured, one.times)
        forecasts = [
            (times[seen.windows.origin[row] + 1 : seen.windows.origin[row] + 1 + horizon], seen.y[row], seen.ends[row])
            for row in chosen[::-1]
        ]
        tracks.append(series_plots.Track(one.name, times[start : last + 1], one.y[start : last + 1], forecasts))
    return tracks


def _axis(measured: MeasuredSeries, times: np.ndarray) -> np.ndarray:
    """Return times as a plot takes them."""
    return np.rint(times).astype(np.int64).astype("datetime64[us]") if measured.encoding.clock.is_date else times


def _unit(measured: MeasuredSeries, number: int) -> float:
    error = measured.encoding.errors.get(measured.last.panel.series[number].name, 0.0)
    return error if error > 0 else measured.encoding.typical


def _errors_by_step(seen: Scored) -> dict[str, np.ndarray]:
    errors = {"network": seen.error} | {f"{name} forecast": y - seen.truth for name, y in seen.beside.items()}
    return {name: np.sqrt(np.square(error).mean(axis=0)) for name, error in errors.items()}


def _how_far(measured: MeasuredSeries) -> Section:
    encoding, seen = measured.encoding, measured.last
    step, part = encoding.clock.describe(), _PARTS[seen.part]
    pictures = [series_plots.errors_by_step(_errors_by_step(seen), encoding.layout.target, step)]
    inside = {}
    for c, share in enumerate(encoding.coverage):
        low, high = seen.ends[:, c, :, 0], seen.ends[:, c, :, 1]
        if np.isfinite(low).all():
            inside[share] = ((seen.truth >= low) & (seen.truth <= high)).mean(axis=0)
    pictures.append(series_plots.inside_by_step(inside, step))
    if encoding.quantiles:
        how = "The network was taught their ends as quantiles (pinball loss)."
    elif "valid" in measured.parts:
        how = "Their ends are the quantiles of the errors made on the validation part, step by step."
    else:
        how = (
            "Their ends are the quantiles of the errors of training, which are too small: there was no validation part."
        )
    return Section(
        "How far ahead it can see, and how sure it may be",
        "Left, the error of each step of the horizon beside those of forecasts that need no network; where the lines meet, nothing is "
        f"gained. Right, the share of the {part} part's values inside each interval; the dashed lines are what was asked for. {how}",
        f'<div class="two">{"".join(f"<div>{picture}</div>" for picture in pictures)}</div>',
    )


def _residuals(measured: MeasuredSeries) -> Section:
    encoding, seen = measured.encoding, measured.last
    first, _ = horizon_times(seen.panel, seen.windows, encoding.horizon)
    order = np.argsort(first, kind="stable")
    left = -seen.error[order]
    horizon = encoding.horizon
    labels = ("1 step ahead", f"{horizon} steps ahead" if horizon > 1 else "1 step ahead")
    return Section(
        "What is left, over time",
        "Truth minus forecast at the first time of each horizon: a level that drifts, or a wave, is something that the network has "
        "not learned.",
        series_plots.residuals_over_time(_axis(measured, first[order]), left[:, 0], left[:, -1], labels),
    )


def worst(measured: MeasuredSeries) -> Section:
    """Return the series that it does worst on or, of a single one, the forecasts that went most wrong."""
    seen, encoding = measured.last, measured.encoding
    numbers = np.unique(seen.windows.series)
    if len(numbers) > 1:
        rows = [(number, *_series_row(measured, int(number))) for number in numbers]
        rows.sort(key=lambda row: -row[1])
        beside = list(seen.beside)
        return Section(
            "The worst series",
            "By the error in units of what a season-ago forecast was off by in training (MASE).",
            header=("series", "windows", "MASE", "RMSE", *(f"RMSE, {name}" for name in beside)),
            rows=[row[2] for row in rows[:_WORST]],
            more=f"… and {len(rows) - _WORST} better ones." if len(rows) > _WORST else "",
        )
    size = np.sqrt(np.square(seen.error).mean(axis=1))
    chosen = np.argsort(-size, kind="stable")[:_WORST]
    one = seen.panel.series[int(numbers[0])]
    origin = seen.windows.origin[chosen]
    written = encoding.clock.written(one.times)
    header = (
        "made at",
        "RMSE",
        *(f"RMSE, {name}" for name in seen.beside),
        "last known",
        "first true value",
        "first forecast",
    )
    beside_sizes = [np.sqrt(np.square(y - seen.truth).mean(axis=1)) for y in seen.beside.values()]
    return Section(
        "The forecasts that went most wrong",
        "Each by its last known time; the error is over the whole horizon.",
        header=header,
        rows=[
            [
                written[at], f"{size[row]:.4g}", *(f"{sizes[row]:.4g}" for sizes in beside_sizes),
                f"{one.y[at]:.5g}", f"{seen.truth[row, 0]:.5g}", f"{seen.y[row, 0]:.5g}",
            ]
            for row, at in zip(chosen, origin, strict=True)
        ],
    )  # fmt: skip


def _series_row(measured: MeasuredSeries, number: int) -> tuple[float, list[str]]:
    seen = measured.last
    mine = np.flatnonzero(seen.windows.series == number)
    some = Scored(
        seen.part, seen.panel, seen.windows.take(mine), seen.truth[mine], seen.y[mine], seen.ends[mine],
        {name: y[mine] for name, y in seen.beside.items()},
    )  # fmt: skip
    own = scores(measured.encoding, some)
    beside = [f"{scores(measured.encoding, some, y)['rmse']:.4g}" for y in some.beside.values()]
    mase = own.get("mase", 0.0)
    return mase, [seen.panel.series[number].name, f"{len(mine)}", f"{mase:.3f}", f"{own['rmse']:.4g}", *beside]


def _curves(trained: Trained) -> Section | None:
    history = trained.history
    if not history.epochs:
        return None
    curves = history.scores or {"train": {"cost": history.cost}}
    best = history.ended.best_epoch if history.ended else 0
    return Section(
        "How it learned",
        "Cost on the training windows, and on those of the validation part, which come after them in time.",
        plots.learning_curves(history.epochs, curves, history.rate, best),
    )


def _network(measured: MeasuredSeries) -> Section:
    rows = [
        [row.name, row.kind, _shape(row.input_shape), _shape(row.output_shape), f"{row.n_parameters:,}"]
        for row in measured.model.network.rows()
    ]
    channels = ", ".join(measured.encoding.channels)
    return Section(
        "The network",
        f"Inputs are {measured.encoding.describe()}; of each step it sees: {channels}.",
        header=("layer", "kind", "input", "output", "parameters"),
        rows=rows,
        left=4,
    )


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
