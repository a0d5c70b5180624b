"""A slim installation: with what requirements-predict.txt names, models predict; what needs more says what in a sentence."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Command, Result

Slim = Callable[..., Result]
DECLARED: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
KEPT = [line for line in (ROOT / "requirements-predict.txt").read_text().splitlines() if not line.startswith("#")]
IMPORTED = {
    "scikit-learn": "sklearn",
    "pillow": "PIL",
    "tomli-w": "tomli_w",
    "charset-normalizer": "charset_normalizer",
}
TABLE = "x;colour;when;label\n" + "".join(
    f"{i % 29},5;{('red', 'blue', 'green')[i % 3]};{i % 28 + 1:02}.03.2024;{'ab'[i % 3 == 0]}\n" for i in range(90)
)


def package(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


LACKING = sorted({package(one) for one in DECLARED} - {package(one) for one in KEPT})


@pytest.fixture
def slim(here: Path) -> Slim:
    """Run a command in a process that lacks all other packages."""
    modules = [IMPORTED.get(name, name) for name in LACKING] + ["jaxlib", "joblib", "requests"]
    program = f"import sys; sys.modules.update(dict.fromkeys({modules})); from chainrule.cli.main import main; main()"

    def run(*arguments: str) -> Result:
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments], cwd=here, capture_output=True, text=True, check=False
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return run


def test_the_few_packages_are_those_of_the_whole_with_the_same_bounds() -> None:
    assert set(KEPT) < set(DECLARED)
    assert len(LACKING) > len(KEPT)


def test_a_table_is_predicted_as_with_everything_installed(chainrule: Command, slim: Slim, here: Path) -> None:
    (here / "t.csv").write_text(TABLE)
    assert chainrule("train", "t.csv", "--epochs", "3", "--engine", "numpy", "--out", "run", "--quiet").code == 0
    assert slim("predict", "run", "t.csv", "--proba") == chainrule("predict", "run", "t.csv", "--proba")
    # Many more steps than JAX would be worth starting for.
    trained = slim("train", "t.csv", "--epochs", "2", "--out", "again", "--quiet")
    named = any(f"expected the package {name}, which this needs" in trained.err for name in LACKING)
    assert (trained.code, named, trained.err.count("\n")) == (2, True, 3), trained.err


@pytest.mark.parametrize(("command", "needed"), [("play", "starlette"), ("tune iris", "scikit-learn")])
def test_what_needs_more_says_what_in_a_sentence(slim: Slim, command: str, needed: str) -> None:
    result = slim(*command.split())
    assert (result.code, result.err.splitlines()[0]) == (2, f"error: expected the package {needed}, which this needs")
    assert f"pip install {needed}" in result.err
