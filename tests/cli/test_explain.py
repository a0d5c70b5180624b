"""`chainrule explain`: what a person sees and gets."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import pytest

from chainrule.cli.main import main
from tests.cli.conftest import Command


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a short run, trained once; commands only read it."""
    folder = tmp_path_factory.mktemp("explained") / "run"
    settings = ("--hidden", "4", "--epochs", "3", "--engine", "numpy", "--quiet", "--set", "l2=0.01")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["chainrule", "train", "iris", *settings, "--out", str(folder)])
        with suppress(SystemExit):
            main()
    assert (folder / "model.chainrule").exists()
    return folder


def test_a_weight_is_derived_with_the_settings_of_its_run(chainrule: Command, run: Path) -> None:
    told = chainrule("explain", run, "iris", "--weight", "hidden1.W[0,2]", "--row", "3")
    assert told.code == 0
    assert "∂J/∂W[d,m] = Σₖ (y[n,k] − t[n,k]) V[m,k] [a⁽ᶻ⁾[n,m] > 0] x[n,d]" in told.out
    assert "d = 0 is sepal length (cm)" in told.out
    assert "0 setosa, 1 versicolor, 2 virginica" in told.out
    assert "λ₂ = 0.01" in told.out
    assert "Adam with the learning rate" in told.out
    assert "agrees" in told.out
    assert "scaled and encoded" in told.err
    assert all(len(line) < 140 for line in told.out.splitlines())


def test_a_model_file_and_a_logit(chainrule: Command, run: Path) -> None:
    told = chainrule("explain", run / "model.chainrule", "iris", "--weight", "output[1]", "--batch", "5")
    assert told.code == 0
    assert "Kronecker" in told.out
    assert "agrees" in told.out


def test_worksheets_are_written(chainrule: Command, run: Path, here: Path) -> None:
    told = chainrule(
        "explain", run, "iris", "--weight", "hidden1.b[1]", "--weight", "output[0]",
        "--html", "sheet.html", "--latex", "sheet.tex", "--no-solution",
    )  # fmt: skip
    assert told.code == 0
    assert told.out == ""
    assert (here / "sheet.html").read_text(encoding="utf-8").count("<article") == 2
    assert (here / "sheet.tex").read_text(encoding="utf-8").startswith(r"\documentclass")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "hidden1.W (4, 4), hidden1.b (4,)"),
        (("--weight", "hidden2.W[0,0]"), "hidden1.W"),
        (("--weight", "hidden1.W[0,9]"), "from 0 to 3"),
        (("--weight", "output[3]"), "output[0] to output[2]"),
        (("--weight", "hidden1.b[0]", "--row", "150"), "from 0 to 149"),
        (("--weight", "hidden1.b[0]", "--row", "-1"), "from 0 to 149"),
        (("--weight", "hidden1.b[0]", "--batch", "0"), "at least 1"),
        (("--weight", "hidden1.b[0]", "--row", "1", "--batch", "3"), "both"),
        (("--weight", "hidden1.b[0]", "--no-solution"), "--html"),
        (("--weight", "hidden1.b[0]", "--terms", "0"), "at least 1"),
        (("--weight", "hidden1.b[0]", "--learning-rate", "-1"), "learning rate"),
        (("--weight", "hidden1.b[0]", "--html", "no/such/folder/x.html"), "x.html"),
    ],
)
def test_a_mistake_is_answered_with_what_to_do(
    chainrule: Command, run: Path, arguments: tuple[str, ...], said: str
) -> None:
    told = chainrule("explain", run, "iris", *arguments)
    assert told.code == 2
    assert said in told.err
    assert told.err.count("\n") >= 3
    assert told.out == ""
