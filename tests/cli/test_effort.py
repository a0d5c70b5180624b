"""`chainrule train --effort standard`, and every command that meets the ensemble that it leaves."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from chainrule.saved.file import load_model
from chainrule.tables.member import EFFORTS, Effort
from tests.cli.conftest import Command

TRAIN = ("train", "table.csv", "--target", "y", "--effort", "standard", "--jobs", "1", "--no-rivals", "--out", "run")


@pytest.fixture(autouse=True)
def few_and_without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try few members for few epochs, and leave the report's drawing out."""
    monkeypatch.setitem(EFFORTS, "standard", Effort("standard", 1, 3, 2))  # type: ignore[arg-type]
    monkeypatch.setattr("chainrule.job.run_report.render", lambda data: f"<!doctype html>{data.facts}")
    monkeypatch.setattr("chainrule.job.effort.render_pipeline", lambda _: "")


def write(path: Path, header: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture
def table(here: Path) -> Path:
    """Return a table of 120 rows: two numbers, a category, who it is of, and an answer that is yes in a fifth."""
    rng = np.random.default_rng(0)
    rows: list[list[object]] = [
        [f"{a:.3f}", f"{b:.3f}", "red" if a > b else "blue", f"p{i // 4}", "yes" if a + b > 1.2 else "no"]
        for i, (a, b) in enumerate(rng.normal(size=(120, 2)))
    ]
    write(here / "table.csv", ["a", "b", "colour", "who", "y"], rows)
    return here / "table.csv"


def test_a_run_leaves_one_model_that_all_commands_take(chainrule: Command, here: Path, table: Path) -> None:
    result = chainrule(*TRAIN)
    assert (result.code, result.err.count("error")) == (0, 0)
    assert "4 members (3 without hidden layers, 1 networks with sampled settings), each on 5 folds" in result.err
    assert "picked" in result.err
    files = {path.name for path in (here / "run").iterdir()}
    assert files == {"config.toml", "journal.jsonl", "model.chainrule", "report.html"}
    facts = (here / "run" / "report.html").read_text()
    assert "members that have learned" in facts
    assert "epoch" not in facts
    model = load_model(here / "run" / "model.chainrule")
    inspected = chainrule("inspect", "run").out
    assert str(model.summary["ensemble"]["picked"]) in inspected
    assert f"ensemble of {model.n_members} networks" in inspected
    assert "dense" in chainrule("inspect", "run", "--member", "1").out.lower()
    assert "yes" in chainrule("predict", "run", "table.csv", "--proba", "--quiet").out
    assert "accuracy" in chainrule("evaluate", "run", "table.csv").out
    explained = chainrule("explain", "run", "table.csv", "--member", "1", "--weight", "output.b[0]")
    assert "agrees" in explained.out
    exported = chainrule("export", "run/model.chainrule", "--to", "numpy", "--out", "there")
    assert (exported.code, (here / "there").is_dir()) == (0, True)


def test_commands_that_need_one_network_say_so_in_a_sentence(chainrule: Command, table: Path) -> None:
    assert chainrule(*TRAIN).code == 0
    explained = chainrule("explain", "run", "table.csv", "--weight", "output.b[0]")
    assert (explained.code, "--member 1" in explained.err) == (2, True)
    assert "--member from 1 to" in chainrule("inspect", "run", "--member", "99").err
    assert "one of many members" in chainrule("doctor", "run").err
    assert "a run that has ended" in chainrule("train", "--resume", "run").err
    compared = chainrule("cv", "table.csv", "--target", "y", "--set", "effort=standard")
    assert (compared.code, "effort" in compared.err) == (2, True)


def test_json_has_what_was_picked(chainrule: Command, table: Path) -> None:
    found = json.loads(chainrule(*TRAIN, "--json", "--quiet").out)
    assert found["picked"].startswith(tuple("1234"))
    assert found["threshold"] is None
    assert list(found["metrics"]) == ["train", "valid", "test", "baseline"]


def test_a_metric_has_its_threshold_everywhere_and_it_is_told(chainrule: Command, here: Path, table: Path) -> None:
    result = chainrule(*TRAIN, "--metric", "macro_f1")
    threshold = load_model(here / "run" / "model.chainrule").threshold
    assert threshold is not None
    assert f"'yes' is answered from a probability of {threshold:.3g} on, chosen for macro_f1" in result.out
    rows = list(csv.DictReader(chainrule("predict", "run", "table.csv", "--proba", "--quiet").out.splitlines()))
    assert {(row["y"] == "yes") == (float(row["P(y = yes)"]) >= threshold) for row in rows} == {True}
    assert f"yes from a probability of {threshold:.4g} on" in chainrule("inspect", "run").out
    refused = chainrule("export", "run/model.chainrule", "--to", "numpy", "--out", "there")
    assert (refused.code, "threshold" in refused.err) == (2, True)


def test_an_imbalanced_target_is_told_what_can_be_done(chainrule: Command, here: Path, table: Path) -> None:
    rng = np.random.default_rng(1)
    rows: list[list[object]] = [[f"{v:.3f}", "yes" if v > 1.2 else "no"] for v in rng.normal(size=200)]
    write(here / "table.csv", ["a", "y"], rows)
    assert "--metric balanced_accuracy" in chainrule(*TRAIN).out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--hidden", "4"), "--hidden"),
        (("--epochs", "3"), "--epochs"),
        (("--model", "mlp"), "--model"),
        (("--valid", "0.1"), "--valid"),
        (("--class-weight", "balanced"), "--class-weight"),
        (("--metric", "log_loss"), "which a threshold does not change"),
        (("--metric", "macrof1"), "macro_f1"),
        (("--group", "whom"), "who"),
        (("--time-limit", "0"), "time_limit"),
    ],
)
def test_what_does_not_go_together_is_refused_before_training(
    chainrule: Command, here: Path, table: Path, more: tuple[str, ...], words: str
) -> None:
    result = chainrule(*TRAIN, *more)
    assert (result.code, words in result.err) == (2, True)
    assert not (here / "run").exists()


def test_rows_of_a_group_are_never_parted(chainrule: Command, here: Path, table: Path) -> None:
    result = chainrule(*TRAIN, "--group", "who")
    assert result.code == 0
    assert "who" not in load_model(here / "run" / "model.chainrule").prepared_by.used
    assert "rows of one who are never parted" in result.err


def test_the_best_so_far_is_kept_when_the_time_is_over(chainrule: Command, table: Path) -> None:
    result = chainrule(*TRAIN, "--time-limit", "0.001")
    assert result.code == 0
    assert "time limit of 0.001 s has passed: picked 1 of 1 members: 1 linear" in result.err


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[i / 7, i % 3, "no" if i % 2 else "yes"] for i in range(12)], ""),
        ([[i / 7, i % 3, "no" if i > 1 else "yes"] for i in range(60)], ""),
        ([[1, "x", i / 3] for i in range(40)], "at least one column to learn from"),
        ([[i / 7, i % 3, "no"] for i in range(40)], "at least two classes"),
        ([[i / 7, i % 3, 5.5] for i in range(40)], "5.5"),
    ],
    ids=["12 rows", "2 rows of a class", "constant columns", "one class", "a constant number"],
)
def test_tables_that_are_hardly_any(chainrule: Command, here: Path, rows: list[list[object]], words: str) -> None:
    write(here / "table.csv", ["a", "b", "y"], rows)
    result = chainrule(*TRAIN)
    assert (result.code, words in result.err) == (2 if words else 0, True)
    assert "Traceback" not in result.err


def test_one_column_and_sixty_rows_of_many_columns(chainrule: Command, here: Path) -> None:
    rng = np.random.default_rng(0)
    for width in (1, 320):
        x = rng.normal(size=(60, width))
        rows: list[list[object]] = [[*(f"{v:.3f}" for v in row), f"{2 * row[0]:.3f}"] for row in x]
        write(here / "table.csv", [*(f"c{i}" for i in range(width)), "y"], rows)
        assert chainrule(*TRAIN, "--force").code == 0


def test_pictures_and_streams_are_refused_by_name(chainrule: Command, here: Path, table: Path) -> None:
    assert "a table for --effort" in chainrule("train", "digits", "--effort", "standard", "--out", "run").err
    streamed = chainrule(*TRAIN, "--stream")
    assert (streamed.code, "--stream" in streamed.err) == (2, True)


def test_quick_is_one_network_with_what_suits_tables(chainrule: Command, here: Path, table: Path) -> None:
    quick = ("train", "table.csv", "--target", "y", "--effort", "quick", "--no-rivals", "--out", "run")
    assert chainrule(*quick, "--epochs", "2", "--no-replay").code == 0
    layers = chainrule("inspect", "run").out
    assert all(word in layers for word in ("SmoothClip", "Silu", "Dropout"))
    assert chainrule("train", "--resume", "run", "--epochs", "3").code == 0
    assert (here / "run" / "checkpoint.safetensors").is_file()
    # What is said wins over what suits tables.
    assert (
        chainrule(*quick, "--epochs", "1", "--no-replay", "--hidden", "5", "--activation", "tanh", "--force").code == 0
    )
    layers = chainrule("inspect", "run").out
    assert "Tanh" in layers
    assert "Silu" not in layers
    assert "a table for --effort" in chainrule("train", "digits", "--effort", "quick", "--out", "pictures").err
    assert "--metric" in chainrule(*quick, "--metric", "macro_f1", "--force").err
