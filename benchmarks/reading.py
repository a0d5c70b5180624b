"""How long reading and encoding a table takes, in one run beside what is usual: Arrow's reader and scikit-learn.

Two tables: a long one of mixed columns, and a wide one of numbers. Beside Chainrule stands `pyarrow.csv.read_csv`, which
guesses types by itself, with a ColumnTransformer that fills gaps in, standardises and makes indicators. Both take turns; the
table gives medians. `--cpu` gives each one thread and counts the seconds that the processor spent on it. `--small` takes a
tenth of the rows.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

if "--cpu" in sys.argv:
    # Before the libraries are loaded: they read these once.
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"}
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import numpy as np
import pandas as pd
import pyarrow.csv
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from chainrule.job.config import Config
from chainrule.job.prepare import prepare

clock = time.process_time if "--cpu" in sys.argv else time.perf_counter
ROUNDS = 3
MOST_TIMES = 1.5


def long_table(n: int) -> pd.DataFrame:
    """Return ten columns of measurements, one with gaps, three of counts, five of categories, a flag and a label."""
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {f"x{i}": rng.normal(size=n).round(4) for i in range(10)}
    columns["x0"][::50] = np.nan
    columns |= {f"k{i}": rng.integers(0, 1000, n) for i in range(3)}
    words = ["red", "green", "blue", "violet", "grey"]
    columns |= {f"c{i}": rng.choice(words[: 3 + i % 3], n) for i in range(5)}
    return pd.DataFrame(columns | {"flag": rng.choice(["yes", "no"], n), "label": rng.choice(["u", "v"], n)})


def wide_table(n: int, width: int = 2000) -> pd.DataFrame:
    """Return columns of measurements, and a label."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(n, width)).round(3), columns=[f"g{i}" for i in range(width)])
    return frame.assign(label=rng.choice(["u", "v"], n))


def ours(path: Path) -> None:
    prepare(Config(str(path), valid=0.0, test=0.0, stream=False))


def usual(path: Path) -> None:
    frame = pyarrow.csv.read_csv(path).to_pandas()
    frame.pop("label")
    numbers = [name for name in frame if frame[name].dtype.kind in "if"]
    others = [name for name in frame if name not in numbers]
    steps = [("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers)]
    if others:
        steps.append(("others", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), others))
    ColumnTransformer(steps).fit_transform(frame)


def arrow(path: Path) -> None:
    pyarrow.csv.read_csv(path)


def seconds(function: Callable[[Path], None], path: Path) -> float:
    start = clock()
    function(path)
    return clock() - start


def main() -> None:
    part = 10 if "--small" in sys.argv else 1
    narrow = wide_table(60)
    tables = {"1,000,000 × 20 mixed": long_table(1_000_000 // part), "5,000 × 2,000 numbers": wide_table(5_000 // part)}
    print("medians of seconds" + (f", of a {part}th of the rows" if part > 1 else ""))
    print(f"{'table':24} {'Chainrule':>10} {'usual':>10} {'times':>6}   bar {MOST_TIMES}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "narrow.csv"
        narrow.to_csv(path, index=False)
        ours(path)
        alone = statistics.median(seconds(arrow, path) for _ in range(9))
        mine = statistics.median(seconds(ours, path) for _ in range(9))
        print(
            f"{'60 × 2,000 numbers':24} {mine:10.2f} {alone:10.2f} {mine / alone:6.2f}   of Arrow's reading alone; bar 5"
        )
        for name, frame in tables.items():
            path = Path(folder) / "table.csv"
            frame.to_csv(path, index=False)
            times: dict[str, list[float]] = {"ours": [], "usual": []}
            for turn in range(ROUNDS):
                for who in ("ours", "usual") if turn % 2 else ("usual", "ours"):
                    times[who].append(seconds({"ours": ours, "usual": usual}[who], path))
            mine, theirs = statistics.median(times["ours"]), statistics.median(times["usual"])
            print(f"{name:24} {mine:10.2f} {theirs:10.2f} {mine / theirs:6.2f}")


if __name__ == "__main__":
    main()
