"""The book's page of layers is that of the layers as they are."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from chainrule.nn import LAYERS

HOOKS = Path(__file__).parents[2] / "docs" / "hooks"


def load(name: str) -> ModuleType:
    """Return a module of the book's own."""
    spec = importlib.util.spec_from_file_location(f"book_{name}", HOOKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current() -> None:
    layers = load("layers")
    assert layers.PAGE.read_text() == layers.page(), "Run `python docs/hooks/layers.py`."


def test_every_layer_of_the_library_has_a_place() -> None:
    page = load("layers").PAGE.read_text()
    own = [kind for kind, layer in LAYERS.items() if layer.__module__.startswith("chainrule.")]
    assert [kind for kind in own if f"\n### {kind}\n" not in page] == []


def test_every_formula_of_the_page_becomes_mathml() -> None:
    markdown = load("layers").PAGE.read_text()
    html = load("mathematics").on_page_markdown(markdown)
    assert html.count("<math") > 100
    assert "$" not in re.sub(r"```.*?```", "", html, flags=re.DOTALL)
    # What the converter does not know it shows as an error or leaves as a command.
    assert "merror" not in html
    assert re.findall(r"<m[io]>\\\w+", html) == []


@pytest.mark.parametrize("text", ["It costs $5 or $6.", "`$x$`", "```\n$$x$$\n```"])
def test_dollars_that_are_no_formula_stay(text: str) -> None:
    assert load("mathematics").on_page_markdown(text) == text


def test_the_example_worked_by_hand_is_what_the_code_prints(capsys: pytest.CaptureFixture[str]) -> None:
    markdown = load("layers").PAGE.read_text()
    code = re.search(r"```python\n(.*?)```", markdown, re.DOTALL)
    assert code is not None
    exec(compile(code[1], "layers.md", "exec"), {})
    printed = " ".join(capsys.readouterr().out.split())
    assert printed == "[[15.5 13.5] [13. 18. ]] [[ 1. -1. 0. ] [ 4. -2.5 1. ] [ 4. -1. -0.5]] [[6. 5.] [1. 1.]] [2.]"
