"""`cv`, `compare` and `tune`: figures on stdout, progress on stderr, a page, one JSON object, and bad input answered."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Command

FAST = ("--epochs", "2", "--set", "hidden=4", "--set", "engine=numpy")
PAIR = ("--a", "learning_rate=0.001", "--b", "learning_rate=0.05")


def test_cv_prints_folds_and_writes_a_page(chainrule: Command, here: Path) -> None:
    result = chainrule("cv", "iris", "--folds", 3, *FAST)
    assert (result.code, "± std" in result.out, "fold 3/3" in result.err) == (0, True, True)
    page = (here / "runs" / "iris-cv" / "report.html").read_text()
    assert page.count("<svg") == 1
    assert "3 stratified folds (seed 0)" in page
    assert json.loads((here / "runs" / "iris-cv" / "result.json").read_text())["metric"] == "accuracy"


def test_cv_json_is_one_object_and_quiet_says_nothing(chainrule: Command) -> None:
    result = chainrule("cv", "diabetes", "--folds", 2, *FAST, "--json", "--quiet", "--metric", "mae")
    found = json.loads(result.out)
    assert (result.err, len(found["scores"]), found["metric"]) == ("", 2, "neg_mean_absolute_error")
    assert found["mean"] < 0


def test_compare_prints_both_tests_and_draws_the_differences(chainrule: Command, here: Path) -> None:
    result = chainrule("compare", "iris", *PAIR, "--b", "dropout=0.5", "--folds", 3, *FAST)
    assert result.code == 0
    assert "corrected resampled t-test" in result.out
    assert "by Holm for 3 comparisons" in result.out
    page = (here / "runs" / "iris-compare" / "report.html").read_text()
    assert page.count("<svg") == 2
    assert "Every setting of dropout=0.5" in page


def test_compare_json_has_every_pair(chainrule: Command) -> None:
    found = json.loads(chainrule("compare", "iris", *PAIR, "--folds", 2, *FAST, "--json").out)
    assert (len(found["models"]), len(found["pairs"])) == (2, 1)
    assert 0 <= found["pairs"][0]["p_corrected"] <= 1


def test_tune_goes_on_and_writes_the_best_for_train(chainrule: Command, here: Path) -> None:
    command = ("tune", "iris", "--folds", 2, "--space", "learning_rate=1e-4..1e-1", "--space", "dropout=0..0.5", *FAST)
    first = chainrule(*command, "--trials", 2)
    second = chainrule(*command, "--trials", 5, "--json")
    assert (first.code, second.code) == (0, 0)
    assert "held-out accuracy" in first.out
    found = json.loads(second.out)
    assert (len(found["trials"]), found["held_out_rows"]) == (5, 30)
    page = (here / "runs" / "iris-tune" / "report.html").read_text()
    assert page.count("<svg") >= 3
    assert chainrule("train", "iris", "--config", "runs/iris-tune/best.toml", "--quiet").code == 0


def test_a_locked_storage_is_told(chainrule: Command, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainrule.select.storage.Storage.__init__.__defaults__", ("search", 5, 0.05), raising=True)
    command = ("tune", "iris", "--trials", 1, "--folds", 2, "--storage", "s.db", "--space", "dropout=0..0.5", *FAST)
    assert chainrule(*command).code == 0
    other = sqlite3.connect(here / "s.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    result = chainrule(*command)
    other.close()
    assert result.code == 2
    assert "database is locked" in result.err


def test_a_class_with_one_row_is_named(chainrule: Command, here: Path) -> None:
    rows = [f"{i}.5,{('a', 'b')[i % 2]}" for i in range(20)]
    (here / "t.csv").write_text("x,class\n" + "\n".join([*rows, "3.5,lonely"]) + "\n")
    result = chainrule("cv", "t.csv", *FAST)
    assert result.code == 2
    assert "'lonely'" in result.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("cv", "iris", "--folds", 1), "at least 2 folds"),
        (("cv", "nothing.csv"), "neither"),
        (("cv", "iris", "--metric", "accurracy"), "Did you mean 'accuracy'"),
        (("cv", "iris", "--jobs", 0), "jobs of Workers"),
        (("cv", "iris", "--backend", "dask"), "the address of a scheduler"),
        (("cv", "iris", "--groups", "person"), "of groups"),
        (("compare", "iris", "--a", "hidden=4", "--b", "hiden=8"), "Did you mean 'hidden'"),
        (("compare", "iris", "--a", "model=mlp", "--b", "model=mlp filters=8"), "Choose --set model=cnn"),
        (("cv", "iris", "--set", "model=mpl"), "Did you mean 'mlp'"),
        (("cv", "iris", "--set", "epochs=3", "--epochs", "3"), "--epochs to be given once"),
        (("tune", "iris", "--set", "model=mlp", "--space", "kernel=3|5"), "kernel, which belongs to cnn"),
        (("tune", "iris", "--set", "model=mpl"), "Did you mean 'mlp'"),
        (("tune", "iris", "--space", "rate=1..2"), "a setting that can be searched"),
        (("tune", "iris", "--trials", 0), "at least 1 trial"),
        (("tune", "iris", "--storage", "nosuch://x"), "the URL of a database"),
    ],
)
def test_bad_input_is_answered_and_nothing_is_written(
    chainrule: Command, here: Path, arguments: tuple[object, ...], words: str
) -> None:
    result = chainrule(*arguments)
    assert result.code == 2
    assert words in result.err
    assert not (here / "runs").exists()


def test_an_answer_that_another_was_quicker_to_write_is_not_replaced(chainrule: Command, here: Path) -> None:
    from chainrule.cli import choose
    from chainrule.job.folder import check_place

    first, second = (check_place(None, "iris-cv", force=False) for _ in range(2))
    pages = []
    for folder in (first, second):
        with choose.held(folder) as path:
            pages.append(choose.write(path, "<!doctype html>", {}))
    assert [str(page) for page in pages] == ["runs/iris-cv/report.html", "runs/iris-cv-2/report.html"]


def test_how_a_file_is_written_can_be_said_here_too(chainrule: Command, here: Path) -> None:
    (here / "t.csv").write_text("a;label\n" + "".join(f"1,{i:03d};{'uv'[i % 2]}\n" for i in range(60)))
    result = chainrule("cv", "t.csv", "--folds", "2", "--epochs", "1", "--decimal", "comma", "--out", "cv")
    assert result.code == 2
    assert chainrule("cv", "t.csv", "--folds", "2", "--epochs", "1", "--decimal", ",", "--out", "cv").code == 0
