"""Forecasts of series that ship in packages, beside the naive ones: one split, and a backtest with a rolling origin.

    python benchmarks/forecasts.py               measure all, and write them into docs/figures.md
    python benchmarks/forecasts.py sunspots co2  some of them
    python benchmarks/forecasts.py --dry         write nothing

The series are the CSV files of statsmodels, found through the package or, without it, in the folder that STATSMODELS_DATA names
(its `datasets`). Every setting but window, horizon and season is left as `chainrule train` has it. Each number is the median over
three seeds; nothing was chosen on the test part.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "figures.md"
BEGIN, END = "<!-- forecasts: begin -->", "<!-- forecasts: end -->"
SEEDS, FOLDS = (0, 1, 2), 4
HEAD = (
    "| series | settings | model | test RMSE | seasonal naive | naive | backtest RMSE, {folds} folds | seasonal naive | folds won | inside 80 % | seconds | date |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True)
class Case:
    """A series: its file, and the settings."""

    file: str
    settings: dict[str, Any]


def elnino(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each month of a table that has a row for each year."""
    long = frame.melt(id_vars="YEAR", var_name="month", value_name="temperature")
    when = pd.to_datetime(long["YEAR"].astype(str) + " " + long["month"], format="%Y %b")
    return pd.DataFrame({"month": when.dt.strftime("%Y-%m-%d"), "temperature": long["temperature"]}).sort_values(
        "month"
    )


CASES = {
    "sunspots": Case("sunspots/sunspots.csv", {"target": "SUNACTIVITY", "time": "YEAR", "window": 33, "horizon": 11}),
    "co2": Case("co2/co2.csv", {"target": "co2", "time": "date", "window": 104, "horizon": 52}),
    "elnino": Case("elnino/elnino.csv", {"target": "temperature", "time": "month", "window": 24, "horizon": 12}),
    "nile": Case("nile/nile.csv", {"target": "volume", "time": "year", "window": 10, "horizon": 3, "season": 1}),
}


def folder() -> Path:
    """Return the folder of the data sets of statsmodels."""
    if os.environ.get("STATSMODELS_DATA"):
        return Path(os.environ["STATSMODELS_DATA"])
    found = importlib.util.find_spec("statsmodels")
    if found is None or found.origin is None:
        sys.exit("statsmodels is not installed. Install it, or set STATSMODELS_DATA to the folder of its data sets.")
    return Path(found.origin).parent / "datasets"


def measure(name: str, model: str) -> str:
    """Return the row of one series and one kind of network."""
    from chainrule.job.config import config_from
    from chainrule.job.folder import RunFolder
    from chainrule.job.series.backtest import backtest
    from chainrule.job.series.measure import measure_series
    from chainrule.job.train import Job

    case, start = CASES[name], time.perf_counter()
    with tempfile.TemporaryDirectory() as at:
        path = Path(at) / f"{name}.csv"
        frame = pd.read_csv(folder() / case.file)
        (elnino(frame) if name == "elnino" else frame).to_csv(path, index=False)
        tests, folds = [], []
        for seed in SEEDS:
            config = config_from({"data": str(path), "model": model, "seed": seed, **case.settings})
            job = Job(config, RunFolder(Path(at)))
            for _ in job.learn():
                pass
            tests.append(measure_series(job.prepared, job.network, job.model.params, job.choice.engine).metrics)
            folds.append(backtest(config, FOLDS))
        seconds = (time.perf_counter() - start) / len(SEEDS)
    beside = "seasonal naive" if "seasonal naive" in tests[0] else "naive"
    own = float(np.median([found["test"]["rmse"] for found in tests]))
    rolling = float(np.median([found.mean["network"]["rmse"] for found in folds]))
    won = int(np.median([sum(_wins(origin.metrics) for origin in found.origins) for found in folds]))
    inside = float(np.median([found["test"]["inside_80"] for found in tests]))
    shown = " ".join(
        f"--{key} {value}" if key in ("window", "horizon") else f"{key}={value}"
        for key, value in case.settings.items()
        if key not in ("target", "time")
    )
    cells = [
        f"`{name}`", shown, model, f"{own:.4g}", f"{tests[0][beside]['rmse']:.4g}", f"{tests[0]['naive']['rmse']:.4g}", f"{rolling:.4g}",
        f"{folds[0].mean[beside]['rmse']:.4g}", f"{won} of {FOLDS}", f"{inside:.0%}", f"{seconds:.0f}", date.today().isoformat(),
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def _wins(metrics: dict[str, dict[str, float]]) -> bool:
    return metrics["network"]["rmse"] < min(values["rmse"] for name, values in metrics.items() if name != "network")


def write(rows: dict[tuple[str, str], str]) -> None:
    """Put measured rows into the page's table, and leave the others as they are."""
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    table, after = rest.split(END)
    known = {
        (found[1], found[2]): found[0]
        for found in re.finditer(r"^\| `([\w-]+)` \|[^|]*\| (\w+) \|.*$", table, re.MULTILINE)
    } | rows
    PAGE.write_text(
        f"{before}{BEGIN}\n{HEAD.format(folds=FOLDS)}"
        + "".join(f"{row}\n" for row in known.values())
        + f"{END}{after}",
        "utf-8",
    )


def main() -> None:
    """Measure the series that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CASES))
    parser.add_argument("--models", default="linear,mlp", help="kinds of networks")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in CASES]:
        parser.error(f"no series is called {unknown[0]}; there are {', '.join(CASES)}")
    for name in options.names or CASES:
        for model in options.models.split(","):
            row = measure(name, model)
            print(row, flush=True)
            if not options.dry:
                write({(name, model): row})


if __name__ == "__main__":
    main()
