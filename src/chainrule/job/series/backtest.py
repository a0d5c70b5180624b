"""Backtest: the network is trained again and again on more of the past, and each time measured on what comes next."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.encode.series.panel import Panel
from chainrule.encode.series.windows import Cuts, distinct_times
from chainrule.errors import ConfigError, DataError
from chainrule.forecast.naive import NAIVE, SEASONAL
from chainrule.forecast.scores import Scored
from chainrule.job.config import Config
from chainrule.job.folder import RunFolder
from chainrule.job.run_report import versions
from chainrule.job.series.measure import measure_series
from chainrule.job.series.prepare import prepare_panel, read_series
from chainrule.job.series.report import score_rows
from chainrule.job.settings import to_toml
from chainrule.job.train import Job
from chainrule.report.choice import ChoiceData, Section, render_choice
from chainrule.report.choice_plots import fold_scores
from chainrule.report.plots import BLUE, GREEN, GREY

# Of what is trained on in each fold, the latest share validates.
_VALID = 0.2
_NETWORK = "network"


@dataclass(frozen=True, eq=False)
class Origin:
    """One fold: what was known, up to when it was tested, and the scores there.

    Attributes
    ----------
    until, tested : str
        The last time that was known, and the last that was tested.
    windows : int
        That were tested.
    metrics : mapping
        By forecast (network, naive, seasonal naive) and score.
    """

    until: str
    tested: str
    windows: int
    metrics: dict[str, dict[str, float]]


@dataclass(frozen=True, eq=False)
class Backtest:
    """The folds of a rolling origin, the settings and what was come upon."""

    name: str
    config: Config
    origins: tuple[Origin, ...]
    notes: list[str]

    @property
    def mean(self) -> dict[str, dict[str, float]]:
        """Each score of each forecast, as the mean over the folds that have it."""
        found: dict[str, dict[str, float]] = {}
        for forecast in self.origins[0].metrics:
            names = dict.fromkeys(name for origin in self.origins for name in origin.metrics[forecast])
            found[forecast] = {
                name: float(np.mean([o.metrics[forecast][name] for o in self.origins if name in o.metrics[forecast]]))
                for name in names
            }
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the folds and the means."""
        folds = [vars(origin) for origin in self.origins]
        return {"data": self.name, "folds": folds, "mean": self.mean, "settings": {"seed": self.config.seed}}

    def verdict(self) -> str:
        """Return in how many folds the network does better than the better of the naive forecasts."""
        won = sum(
            origin.metrics[_NETWORK]["rmse"] < min(v["rmse"] for name, v in origin.metrics.items() if name != _NETWORK)
            for origin in self.origins
        )
        n = len(self.origins)
        return f"In {won} of {n} folds its RMSE is less than that of every forecast without a network."


def backtest(config: Config, folds: int, progress: Callable[[int, int], None] = lambda done, total: None) -> Backtest:
    """Return the scores of `folds` trainings, each on all that came before what it is tested on.

    The times after the first `1 / (folds + 1)` of them, at least, are cut into as many blocks of the same length; fold k is
    trained and validated on what lies before block k, and tested on every window whose horizon lies in it.

    Raises
    ------
    ConfigError
        If `folds` is below 1.
    DataError
        If a block is shorter than the horizon, or the first fold has nothing to train on.
    """
    if folds < 1:
        raise ConfigError("at least one fold", f"{folds}", "Choose `folds=5`, for example.")
    source = read_series(config)
    whole = prepare_panel(config, source)
    assert whole.series is not None  # noqa: S101 (a panel was prepared)
    horizon = whole.preparation.encoding.horizon  # type: ignore[attr-defined]
    window = whole.preparation.encoding.window  # type: ignore[attr-defined]
    settled = replace(config, window=window, horizon=horizon)
    times, origins, notes = distinct_times(whole.series.panel), [], list(whole.notes)
    ends = block_ends(times, folds, horizon)
    for k, (known, end) in enumerate(ends):
        progress(k, folds)
        origins.append(_fold(settled, source, whole.series.panel, known, end))
    progress(folds, folds)
    # The parts of a single training are not those of the folds.
    notes = [note for note in notes if not note.startswith("the parts follow")]
    return Backtest(source.name, settled, tuple(origins), notes)


def block_ends(times: np.ndarray, folds: int, horizon: int) -> list[tuple[float, float]]:
    """Return for each fold the last time that is known, and the last of the block after it."""
    block = len(times) // (folds + 1)
    if block < horizon:
        most = len(times) // horizon - 1
        raise DataError(
            f"blocks of at least a horizon of {horizon} steps for {folds} folds",
            f"{len(times)} times, {block} in a block",
            f"Choose `folds={most}` or fewer, or a smaller `horizon`." if most >= 1 else "Choose a smaller `horizon`.",
        )
    starts = [len(times) - (folds - k) * block for k in range(folds)]
    return [(float(times[start - 1]), float(times[start + block - 1])) for start in starts]


def fold_cuts(panel: Panel, known: float, horizon: int) -> Cuts:
    """Return the cuts of a fold: of the times that are known, the latest fifth validates, a horizon at least."""
    times = distinct_times(panel)
    before = times[times <= known]
    n_valid = max(horizon, math.floor(_VALID * len(before)))
    if len(before) - n_valid < 2:
        raise DataError(
            f"times to train and to validate on before {panel.clock.written(np.array([known]))[0]}",
            f"{len(before)} of them, {n_valid} to validate",
            "Choose fewer `folds`, or a smaller `horizon`.",
        )
    return Cuts(float(before[len(before) - n_valid - 1]), known)


def _fold(config: Config, source: Any, panel: Panel, known: float, end: float) -> Origin:
    """Train on what is known, and return the scores on the block after it."""
    cuts = fold_cuts(panel, known, config.horizon or 1)
    until = source.frame.iloc[np.concatenate([one.rows[(one.times <= end) & (one.rows >= 0)] for one in panel.series])]
    cut = replace(source, frame=until.sort_index(), notes=[])
    prepared = prepare_panel(config, cut, cuts=cuts)
    if "test" not in prepared.parts:
        raise DataError(
            "windows to test in every block",
            f"none after {panel.clock.written(np.array([known]))[0]}",
            "Choose fewer `folds`.",
        )
    job = Job(config, RunFolder(Path()), prepared=prepared)
    for _ in job.learn():
        pass
    measured = measure_series(job.prepared, job.network, job.model.params, job.choice.engine)
    metrics = {_NETWORK: measured.metrics["test"], **{name: measured.metrics[name] for name in measured.last.beside}}
    written = panel.clock.written(np.array([known, end]))
    return Origin(written[0], written[1], _count(measured.parts["test"]), metrics)


def _count(seen: Scored) -> int:
    return len(seen.windows)


def backtest_page(found: Backtest) -> str:
    """Return the page."""
    names = list(found.origins[0].metrics)
    colours = {_NETWORK: BLUE, SEASONAL: GREEN, NAIVE: GREY}
    rmse = {name: np.array([origin.metrics[name]["rmse"] for origin in found.origins]) for name in names}
    mean = found.mean
    sections = [
        Section(
            "How it does on times that come later",
            "Each dot is one fold: trained on everything before, measured on the block of time that follows. The heavy line is the "
            "mean, the band one standard deviation to each side.",
            fold_scores(rmse, "RMSE", [colours[name] for name in names]),
        ),
        Section(
            "The means", "Over the folds, each counting the same.", header=("", *names), rows=score_rows(mean),
        ),
        Section(
            "Fold by fold",
            "What was known grows from fold to fold; nothing of what is tested, and nothing after it, was there to learn from.",
            header=("known up to", "tested up to", "windows", *(f"RMSE, {name}" for name in names), "MASE"),
            rows=[
                [
                    origin.until, origin.tested, f"{origin.windows:,}",
                    *(f"{origin.metrics[name]['rmse']:.4g}" for name in names),
                    f"{origin.metrics[_NETWORK]['mase']:.3f}" if "mase" in origin.metrics[_NETWORK] else "–",
                ]
                for origin in found.origins
            ],
            left=2,
        ),
    ]  # fmt: skip
    facts = [("mean RMSE", f"{mean[_NETWORK]['rmse']:.4g}")]
    facts += [(f"mean RMSE, {name} forecast", f"{mean[name]['rmse']:.4g}") for name in names[1:]]
    data = ChoiceData(
        title=f"{found.name}: backtest",
        subtitle=f"{len(found.origins)} folds of a rolling origin, {found.config.horizon} steps ahead",
        facts=facts,
        sections=sections,
        advice=[found.verdict()],
        notes=found.notes,
        configs={"Every setting": to_toml(found.config)},
        versions={**versions("numpy"), "seed": str(found.config.seed)},
    )
    return render_choice(data)


def table_rows(found: Backtest) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the folds, for a terminal."""
    names = list(found.origins[0].metrics)
    header = ["known up to", "tested up to", "windows", *(f"RMSE, {name}" for name in names)]
    rows = [
        [o.until, o.tested, f"{o.windows:,}", *(f"{o.metrics[name]['rmse']:.4g}" for name in names)]
        for o in found.origins
    ]
    return header, [*rows, ["mean", "", "", *(f"{found.mean[name]['rmse']:.4g}" for name in names)]]
