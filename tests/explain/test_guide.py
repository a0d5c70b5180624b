"""docs/derivatives.md says what the library says: its code is run, its output compared."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "derivatives.md"
_BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.DOTALL)
# The last digits of a slope by number, and the line of a file, are the machine's and tomorrow's.
_LOOSE = re.compile(r"(measured +−?[\d.]{9})\d*( ± \S+)?|line \d+")


def told(code: str, names: dict[str, object]) -> str:
    """Return what a piece of code prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, str(GUIDE), "exec"), names)
    return out.getvalue()


def test_the_guide_is_what_the_library_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    said, compared = "", 0
    for kind, block in _BLOCK.findall(GUIDE.read_text(encoding="utf-8")):
        if kind == "python":
            said = told(block, names)
        else:
            assert _LOOSE.sub(r"\1", block).rstrip() == _LOOSE.sub(r"\1", said).rstrip()
            compared += 1
    assert compared == 8
    assert {"solution.html", "sheet.html", "sheet.tex"} <= {path.name for path in tmp_path.iterdir()}
