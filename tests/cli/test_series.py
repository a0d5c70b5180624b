"""Series on the command line, from a table to forecasts as CSV."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command

TRAIN = (
    "train", "waves.csv", "--target", "y", "--time", "day", "--window", 16, "--horizon", 4, "--model", "linear", "--engine", "numpy",
    "--epochs", 40, "--lr", 0.02, "--set", "season=8", "--out", "run",
)  # fmt: skip


@pytest.fixture
def table(here: Path) -> Path:
    rows = [
        f"{np.datetime64('2024-01-01') + i},{50 + 0.5 * i + 10 * np.sin(2 * np.pi * i / 8):.6f}" for i in range(120)
    ]
    (here / "waves.csv").write_text("day,y\n" + "\n".join(rows) + "\n")
    return here


def test_a_table_of_times_is_trained_on_forecast_measured_and_inspected(chainrule: Command, table: Path) -> None:
    trained = chainrule(*TRAIN, "--json", "--quiet", "--no-replay")
    assert trained.code == 0, trained.err
    metrics = json.loads(trained.out)["metrics"]
    assert metrics["test"]["rmse"] < metrics["seasonal naive"]["rmse"] < metrics["naive"]["rmse"]

    ahead = chainrule("predict", "run", "waves.csv", "--quiet")
    rows = list(csv.DictReader(io.StringIO(ahead.out)))
    assert [row["day"] for row in rows] == ["2024-04-30", "2024-05-01", "2024-05-02", "2024-05-03"]
    assert float(rows[0]["y"]) == pytest.approx(50 + 60, abs=3)
    assert float(rows[0]["low 80%"]) < float(rows[0]["high 80%"])

    scored = chainrule("evaluate", "run", "waves.csv", "--json")
    assert set(json.loads(scored.out)["metrics"]) == {"data", "naive", "seasonal naive"}

    shown = chainrule("inspect", "run")
    assert "one step is 1 day; season 8" in shown.out

    assert chainrule("train", "--resume", "run", "--epochs", 42, "--quiet", "--no-replay").code == 0

    refused = chainrule("predict", "run", "waves.csv", "--proba")
    assert (refused.code, "forecasts series" in refused.err) == (2, True)
    for command in (
        ("explain", "run", "waves.csv", "--weight", "output.W[0,0]"),
        ("export", "run", "--to", "numpy", "--out", "there"),
    ):
        told = chainrule(*command)
        assert told.code != 0
        assert told.err.startswith("error: expected")


def test_cv_backtests_with_a_rolling_origin(chainrule: Command, table: Path) -> None:
    found = chainrule(
        "cv", "waves.csv", "--target", "y", "--time", "day", "--window", 16, "--horizon", 4, "--folds", 2, "--epochs", 15,
        "--set", "model=linear", "--set", "season=8", "--set", "engine=numpy", "--json", "--quiet",
    )  # fmt: skip
    assert found.code == 0, found.err
    folds = json.loads(found.out)["folds"]
    assert [(fold["until"], fold["tested"]) for fold in folds] == [
        ("2024-02-09", "2024-03-20"),
        ("2024-03-20", "2024-04-29"),
    ]
    wrong = chainrule("cv", "waves.csv", "--time", "day", "--target", "y", "--repeats", 2)
    assert (wrong.code, "parted by time alone" in wrong.err) == (2, True)


@pytest.mark.parametrize("command", ["compare", "tune"])
def test_what_goes_by_rows_refuses_series(chainrule: Command, table: Path, command: str) -> None:
    more = {"compare": ("--a", "model=linear", "--b", "model=mlp"), "tune": ("--trials", 1)}[command]
    told = chainrule(command, "waves.csv", "--target", "y", "--set", "time=day", *more)
    assert told.code != 0
    assert "steps of series" in told.err
