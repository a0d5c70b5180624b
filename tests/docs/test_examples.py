"""The examples of the book that build on the library do what the page says that they do."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.DOTALL)
_FILE = re.compile(r"whole file, `(\w+\.py)`")


@dataclass(frozen=True)
class Example:
    """A section of a page: the files that it shows, the programs after them, and what these print."""

    title: str
    files: dict[str, str]
    program: str
    printed: str


def examples(page: Path) -> Iterator[Example]:
    """Yield the sections of a page that have programs."""
    if page.name == "README.md":
        # Shell commands and excerpts stand beside the one program.
        text = page.read_text(encoding="utf-8").partition("## From Python\n")[2]
        yield Example("README", {}, _BLOCK.findall(text)[0][1], "")
        return
    for section in re.split(r"\n(?=## )", page.read_text(encoding="utf-8")):
        files: dict[str, str] = {}
        program, printed, at = "", "", 0
        for block in _BLOCK.finditer(section):
            named = _FILE.findall(section[at : block.start()])
            at = block.end()
            if block[1] == "text":
                printed += block[2]
            elif named:
                files[named[-1]] = block[2]
            else:
                program += block[2]
        if program:
            yield Example(section.partition("\n")[0].lstrip("# "), files, program, printed)


@pytest.mark.parametrize(
    "example",
    [
        *examples(DOCS / "architecture.md"),
        *examples(DOCS / "python.md"),
        *examples(DOCS / "unlabelled.md"),
        *examples(DOCS / "agents.md"),
        *examples(DOCS / "series.md"),
        *examples(DOCS.parent / "README.md"),
    ],
    ids=lambda example: example.title,
)
def test_an_example_prints_what_the_page_says(example: Example, tmp_path: Path) -> None:
    for name, text in example.files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    # In a process of its own: what an example registers is nobody else's.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", example.program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if not example.printed:
        return
    for came, shown in zip(done.stdout.split(), example.printed.split(), strict=True):
        assert came == shown or _are_near(came, shown), done.stdout


def _are_near(came: str, shown: str) -> bool:
    """Tell whether words are numbers that differ by what another processor's arithmetic may change."""
    numbers = [re.sub(r"[^\d.e+-]", "", word) for word in (came, shown)]
    try:
        a, b = map(float, numbers)
    except ValueError:
        return False
    return math.isclose(a, b, rel_tol=0.02, abs_tol=0.02)
