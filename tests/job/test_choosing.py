"""Choosing from settings: rows, groups, contenders and spaces, and what is no such thing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ChainruleError
from chainrule.job.choosing import contender, contenders, default_space, dimension, question, scorer_of
from chainrule.job.config import config_from
from chainrule.select import Choice, Span


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    rows = [f"p{i // 4},{i % 7}.5,{('yes', 'no')[i % 2]}" for i in range(40)]
    path.write_text("person,height,class\n" + "\n".join(rows) + "\n")
    return path


def test_rows_and_targets_come_from_what_train_takes(table: Path) -> None:
    asked = question({"data": str(table)})
    assert (asked.title, asked.y.tolist()[:2], asked.groups) == ("people.csv: class", ["yes", "no"], None)
    assert asked.estimator({"hidden": (4,)}).settings["task"] == "classification"


def test_groups_part_the_folds_and_are_no_input(table: Path) -> None:
    asked = question({"data": str(table)}, groups="person")
    assert asked.groups is not None
    assert len(set(asked.groups)) == 10
    assert "person" not in asked.source.frame.columns
    with pytest.raises(ChainruleError, match="a column 'persn' of groups"):
        question({"data": str(table)}, groups="persn")


def test_a_search_of_other_rows_or_settings_has_another_fingerprint(table: Path) -> None:
    prints = {
        question({"data": str(table)}).fingerprint,
        question({"data": str(table), "epochs": 3}).fingerprint,
        question({"data": "iris"}).fingerprint,
    }
    assert len(prints) == 3
    assert question({"data": str(table)}).fingerprint in prints


def test_contenders_are_files_or_settings(tmp_path: Path) -> None:
    file = tmp_path / "wide.toml"
    file.write_text('data = "elsewhere.csv"\nhidden = [256]\n')
    assert contender(str(file)) == ("wide", {"hidden": [256]})
    assert contender("hidden=64,32  dropout=0.5") == ("hidden=64,32 dropout=0.5", {"hidden": (64, 32), "dropout": 0.5})


@pytest.mark.parametrize(
    ("texts", "error"),
    [(["hidden=4", "hidden=4"], "models that differ"), (["no.toml"], "a configuration at"), ([""], "a configuration")],
)
def test_what_is_no_contender_is_answered(texts: list[str], error: str) -> None:
    with pytest.raises(ChainruleError, match=error):
        contenders(texts)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("learning_rate=1e-4..1e-1", Span(1e-4, 1e-1)),
        ("dropout=0..0.5", Span(0.0, 0.5)),
        ("batch_size=8..128", Span(8.0, 128.0, whole=True)),
        ("l2=1..2", Span(1.0, 2.0)),
        ("hidden=64|128,64|0", Choice(((64,), (128, 64), ()))),
        ("activation=relu|tanh", Choice(("relu", "tanh"))),
        ("optimizer_settings.beta1=0.5..0.9", Span(0.5, 0.9)),
    ],
)
def test_dimensions_are_read_from_text(text: str, found: Any) -> None:
    assert dimension(text) == (text.partition("=")[0], found)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("lerning_rate=1..2", "Did you mean 'learning_rate'"),
        ("learning_rate", "NAME=LOW..HIGH"),
        ("learning_rate=low..high", "from a number to a number"),
        ("dropout=0..1", "dropout to be"),
        ("activation=relu|rellu", "Did you mean 'relu'"),
        ("seed=1..5", "a setting that can be searched"),
        ("hidden=64", "two or more different values"),
    ],
)
def test_what_is_no_dimension_is_answered(text: str, error: str) -> None:
    with pytest.raises(ChainruleError, match=error):
        dimension(text)


def test_the_default_space_is_one_of_settings_that_exist() -> None:
    for name, span in default_space().items():
        config_from({"data": "x", name: span.first})
        config_from({"data": "x", name: span.last})


def test_metrics_have_our_names_or_scikit_learns() -> None:
    classes, numbers = question({"data": "iris"}).target, question({"data": "diabetes"}).target
    assert (scorer_of("macro_f1", classes), scorer_of("balanced_accuracy", classes)) == (
        "f1_macro",
        "balanced_accuracy",
    )
    assert (scorer_of("accuracy", classes), scorer_of("rmse", numbers)) == (None, "neg_root_mean_squared_error")
    with pytest.raises(ChainruleError, match="Did you mean 'macro_f1'"):
        scorer_of("macro_f", classes)
    with pytest.raises(ChainruleError, match="a metric of a classification"):
        scorer_of("rmse", classes)


def test_a_published_test_part_is_kept_out() -> None:
    from chainrule.sources.source import Source

    frame = question({"data": "iris"}).source.frame
    source = Source("x", frame, "target", parts={"train": np.arange(100), "test": np.arange(100, 150)})
    from chainrule.job.choosing import _published_test

    part = _published_test(source, question({"data": "iris"}).target)
    assert part is not None
    assert len(part[1]) == 50
