"""A training set of 4 GB trained within 1.5 GB of memory: what a process of its own holds at its peak.

    python benchmarks/larger_than_memory.py [--gigabytes 4] [--format parquet|csv] [--engine auto|numpy|jax]

The file is made in a temporary folder and removed again. `make bench` runs it with a tenth of the size.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

COLUMNS, GROUP = 250, 32_768
LIMIT = 1.5 * 2**30


def rows_of(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs, and a class that depends on eight of them."""
    x = rng.normal(size=(n, COLUMNS)).astype(np.float32)
    score = x[:, 0] * x[:, 1] + x[:, 2] * x[:, 3] + x[:, 4:8].sum(axis=1) / 2
    return x, np.where(score + rng.normal(size=n) / 4 > 0, "up", "down")


def write(path: Path, size: float) -> int:
    """Write a table until its file has `size` bytes, and return the number of rows."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    rng, rows = np.random.default_rng(0), 0
    names = [f"f{i}" for i in range(COLUMNS)] + ["y"]
    schema = pa.schema([(name, pa.float32()) for name in names[:-1]] + [("y", pa.string())])
    make = pq.ParquetWriter if path.suffix == ".parquet" else pa.csv.CSVWriter
    with make(path, schema) as writer:
        while path.stat().st_size < size:
            x, y = rows_of(rng, GROUP)
            columns = [pa.array(column) for column in x.T] + [pa.array(y)]
            writer.write_table(pa.table(columns, schema=schema))
            rows += GROUP
    return rows


def main() -> int:
    """Make the file, train on it in a child process, and print what the child took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=0.4)
    parser.add_argument("--format", choices=["parquet", "csv"], default="parquet")
    parser.add_argument("--engine", default="auto")
    options = parser.parse_args()
    size = options.gigabytes * 2**30
    folder = Path(tempfile.mkdtemp(prefix="chainrule-"))
    try:
        if shutil.disk_usage(folder).free < 1.5 * size:
            print(f"not enough room in {folder.parent} for {options.gigabytes} GB: set TMPDIR to a larger disk")
            return 1
        path = folder / f"table.{options.format}"
        rows = write(path, size)
        print(
            f"{path.stat().st_size / 2**30:.2f} GB of {options.format}: {rows:,} rows of {COLUMNS} numbers", flush=True
        )
        command = [
            *(sys.executable, "-c", "from chainrule.cli.main import main; main()"),
            *("train", str(path), "--target", "y", "--stream", "--hidden", "64", "--epochs", "1", "--json", "--quiet"),
            *("--engine", options.engine, "--out", str(folder / "run")),
        ]
        started = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        out = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        if status != 0:
            return 1
        found = json.loads(out)
        peak = usage.ru_maxrss * 1024
        print(f"engine {found['engine']}: one epoch in {found['seconds']:.0f} s, all in {seconds:.0f} s")
        print(f"test accuracy {found['metrics']['test']['accuracy']:.4f}")
        print(f"peak memory of the process {peak / 2**30:.2f} GB (bar: {LIMIT / 2**30:.1f} GB)")
        return 0 if peak < LIMIT else 1
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
