"""docs/why.md: what it shows is what is told."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "why.md").read_text(encoding="utf-8")


def test_the_page_shows_what_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    file = tmp_path / "page.py"
    file.write_text(found[1], encoding="utf-8")
    runpy.run_path(str(file))
    assert capsys.readouterr().out == found[2]
