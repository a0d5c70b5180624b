"""A cnn from the command line: what is printed, written down, resumed and refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import Command


def test_every_choice_is_printed_and_written_down(chainrule: Command, tmp_path: Path) -> None:
    out = tmp_path / "run"
    result = chainrule(
        "train", "digits", "--model", "cnn", "--epochs", "2", "--augment", "light", "--ema", "0.9", "--class-weight",
        "balanced", "--engine", "numpy", "--out", str(out),
    )  # fmt: skip
    assert result.code == 0, result.err
    assert "cnn, blocks of 16 filters 3×3, then hidden layers of 128 units" in result.err
    settings = tomllib.loads((out / "config.toml").read_text(encoding="utf-8"))
    expected = {
        "model": "cnn", "filters": [16], "hidden": [128], "dropout": 0.4, "augment": "light", "ema": 0.9,
        "class_weight": "balanced", "schedule": "one_cycle", "patience": 0, "precision": "float32",
    }  # fmt: skip
    assert {name: settings[name] for name in expected} == expected
    assert chainrule("predict", str(out), "digits").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["iris", "--model", "cnn"], "pictures of shape"),
        (["iris", "--augment", "light"], "to augment"),
        (["digits", "--model", "cnn", "--filters", "2,2,2,2"], "at least 16 pixels"),
        (["digits", "--model", "cnn", "--augment", "wild"], "augment to be one of none, light, strong"),
        (["digits", "--engine", "numpy", "--precision", "bfloat16"], "precision float32 on the engine numpy"),
        (["diabetes", "--class-weight", "balanced"], "class_weight none for a regression"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(
    chainrule: Command, tmp_path: Path, arguments: list[str], message: str
) -> None:
    out = tmp_path / "run"
    result = chainrule("train", *arguments, "--out", str(out))
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err
    assert not out.exists()


def test_a_gallery_is_written_beside_the_table(chainrule: Command, tmp_path: Path) -> None:
    chainrule("train", "digits", "--epochs", "1", "--hidden", "4", "--engine", "numpy", "--out", str(tmp_path / "run"))
    page = tmp_path / "gallery.html"
    result = chainrule("predict", str(tmp_path / "run"), "digits", "--html", str(page))
    assert result.code == 0, result.err
    assert result.out.startswith("digit\n")
    assert page.read_text(encoding="utf-8").count("<img ") == 1797


def test_views_are_averaged_where_training_moved_the_pictures(chainrule: Command, tmp_path: Path) -> None:
    common = ("train", "digits", "--model", "mlp", "--epochs", "1", "--hidden", "4", "--engine", "numpy")
    chainrule(*common, "--augment", "light", "--out", str(tmp_path / "moved"))
    chainrule(*common, "--out", str(tmp_path / "still"))
    one, several = (
        chainrule("predict", str(tmp_path / "moved"), "digits", "--proba", "--views", views) for views in ("1", "3")
    )
    assert several.code == 0, several.err
    assert several.out != one.out
    assert len(several.out.splitlines()) == 1798
    measured = chainrule("evaluate", str(tmp_path / "moved"), "digits", "--views", "3", "--json")
    assert measured.code == 0, measured.err
    refused = chainrule("predict", str(tmp_path / "still"), "digits", "--views", "3")
    assert refused.code == 2
    assert "--augment light" in refused.err


def test_a_table_has_no_gallery(chainrule: Command, tmp_path: Path) -> None:
    chainrule("train", "iris", "--epochs", "1", "--engine", "numpy", "--out", str(tmp_path / "run"))
    page = tmp_path / "gallery.html"
    result = chainrule("predict", str(tmp_path / "run"), "iris", "--html", str(page))
    assert result.code == 2
    assert "pictures or sounds for --html" in result.err
    assert not page.exists()
