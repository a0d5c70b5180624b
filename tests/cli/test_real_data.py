"""Real files, as they were published."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chainrule.job.config import Config
from chainrule.job.prepare import prepare
from chainrule.sources.source import read_table
from tests.cli.conftest import Command

Real = Callable[[str], Path]


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the report's drawing out, which takes a second a run: tests/report and the processes have it."""
    monkeypatch.setattr("chainrule.job.run_report.render", lambda _: "<!doctype html>")
    monkeypatch.setattr("chainrule.job.train.inspect_run", lambda *_, **__: None)


def test_no_message_of_the_sms_collection_is_lost(real: Real) -> None:
    frame = read_table(real("text/sms.tsv")).frame
    assert (frame.shape, int(frame.isna().sum().sum())) == ((5574, 2), 0)


def test_words_tell_spam_from_ham(real: Real, chainrule: Command) -> None:
    arguments = ("--target", "column1", "--epochs", "2", "--json", "--quiet")
    found = json.loads(chainrule("train", real("text/sms.tsv"), *arguments).out)
    assert found["metrics"]["test"]["accuracy"] > 0.95


@pytest.mark.parametrize(
    ("name", "target", "bar"),
    [
        ("tabular/iris.csv", "species", 0.85),
        ("tabular/titanic.csv", "Survived", 0.7),
        ("tabular/ecommerce_data.csv", "user_action", 0.8),
    ],
)
def test_a_table_is_learned_far_better_than_by_its_baseline(
    real: Real, chainrule: Command, name: str, target: str, bar: float
) -> None:
    found = json.loads(chainrule("train", real(name), "--target", target, "--seed", "1", "--json", "--quiet").out)
    assert found["metrics"]["test"]["accuracy"] > max(bar, found["metrics"]["baseline"]["accuracy"] + 0.1)


def test_names_and_tickets_of_the_titanic_are_told_apart(real: Real) -> None:
    columns = prepare(Config(str(real("tabular/titanic.csv")), target="Survived")).preparation.columns
    kinds = {column.name: column.kind for column in columns}
    assert [kinds[name] for name in ("PassengerId", "Sex", "Age", "Name")] == [
        "identifier",
        "category",
        "numeric",
        "text",
    ]


def test_adult_has_no_header_and_its_test_file_is_known_by_its_classes(real: Real, chainrule: Command) -> None:
    train, test = real("tabular/adult-train.csv.gz"), real("tabular/adult-test.csv.gz")
    arguments = ("--test", test, "--epochs", "1", "--out", "run")
    result = chainrule("train", train, *arguments, "--json")
    assert "--header none" in result.err
    metrics = json.loads(result.out)["metrics"]
    assert metrics["test"]["accuracy"] > 0.83
    evaluated = json.loads(chainrule("evaluate", "run", test, "--json").out)
    assert evaluated["rows"] == 16281
    assert evaluated["metrics"]["data"]["accuracy"] == pytest.approx(metrics["test"]["accuracy"], abs=1e-3)


def test_question_marks_of_adult_are_missing_cells(real: Real) -> None:
    assert int(read_table(real("tabular/adult-train.csv.gz")).frame.isna().sum().sum()) == 4262


def test_digits_are_read_at_least_as_well_as_promised(chainrule: Command) -> None:
    found = json.loads(chainrule("train", "digits", "--json", "--quiet").out)
    assert found["metrics"]["test"]["accuracy"] >= 0.97
