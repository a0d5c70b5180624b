"""`chainrule doctor` and the closing line of `chainrule train`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command

HIGH = ("train", "donut", "--activation", "tanh", "--lr", "1000", "--engine", "numpy", "--out", "run")


def test_the_closing_line_and_the_doctor_say_the_same(chainrule: Command) -> None:
    closing = chainrule(*HIGH).out.rpartition("next    ")[2]
    assert "--lr 0.003: validation log-loss" in closing
    assert chainrule("doctor", "run").out.replace("--set learning_rate=0.003", "--lr 0.003") == closing


def test_without_a_replay_no_cure_is_named(chainrule: Command) -> None:
    closing = chainrule(*HIGH, "--no-replay").out.rpartition("next    ")[2]
    assert "the steps are too long" in closing
    assert "--lr" not in closing
    assert chainrule("doctor", "run", "--no-replay").out == closing


def test_data_are_trained_on_and_looked_at_without_a_folder(chainrule: Command, here: Path) -> None:
    result = chainrule("doctor", "wine", "--set", "init=zeros", "--json")
    assert json.loads(result.out)["findings"] == ["units all alike"]
    assert json.loads(result.out)["cure"] == {"init": "auto"}
    assert list(here.iterdir()) == []


def test_a_run_that_failed_is_looked_at_too(chainrule: Command) -> None:
    arguments = ("train", "diabetes", "--optimizer", "gradient_descent", "--lr", "1e6", "--out", "run", "--quiet")
    assert chainrule(*arguments).code == 1
    assert "validation RMSE NaN → " in chainrule("doctor", "run").out


def test_everything_off_tells_what_held_a_run_back(chainrule: Command) -> None:
    said = chainrule("doctor", "wine", "--bare", "--set", "dropout=0.97").out
    assert "The model and the data are sound. If the run itself does not, it is by --set dropout=0.97." in said


@pytest.mark.parametrize(
    ("missing", "came"), [("journal.jsonl", "no journal.jsonl"), ("config.toml", "no config.toml")]
)
def test_a_run_that_is_not_whole_is_refused(chainrule: Command, here: Path, missing: str, came: str) -> None:
    chainrule("train", "iris", "--epochs", "1", "--out", "run", "--quiet")
    (here / "run" / missing).unlink()
    result = chainrule("doctor", "run")
    assert (result.code, f"got {came}" in result.err) == (2, True)


def test_a_journal_without_measurements_is_refused(chainrule: Command, here: Path) -> None:
    chainrule("train", "iris", "--epochs", "1", "--out", "run", "--quiet")
    journal = here / "run" / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if "Measured" not in line))
    result = chainrule("doctor", "run")
    assert (result.code, "expected measurements in" in result.err) == (2, True)


def test_a_run_whose_data_have_changed_is_refused(chainrule: Command, here: Path) -> None:
    lines = [f"{n % 7}.5,{'xy'[n % 2]}" for n in range(60)]
    (here / "t.csv").write_text("\n".join(["a,target", *lines]))
    chainrule("train", "t.csv", "--epochs", "1", "--out", "run", "--quiet")
    (here / "t.csv").write_text("\n".join(["a,target", *(f"{n * n}.5,{'xy'[n % 2]}" for n in range(60))]))
    result = chainrule("doctor", "run")
    assert (result.code, "got other rows in t.csv" in result.err) == (2, True)


@pytest.mark.parametrize("what", ["nowhere", "empty"])
def test_what_is_neither_a_run_nor_data_is_refused(chainrule: Command, here: Path, what: str) -> None:
    (here / "empty").mkdir()
    result = chainrule("doctor", what)
    assert (result.code, "Traceback" in result.err) == (2, False)


def test_settings_beside_a_run_are_refused(chainrule: Command) -> None:
    chainrule("train", "iris", "--epochs", "1", "--out", "run", "--quiet")
    result = chainrule("doctor", "run", "--set", "l2=1")
    assert (result.code, "got l2" in result.err) == (2, True)
