"""The page's own files: complete, small, asking nobody for anything, and checked by JavaScript's own tools."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "src" / "chainrule" / "playground" / "static"
MODULES = sorted(STATIC.rglob("*.js"))
NODE = shutil.which("node")
TSC = ROOT / "node_modules" / ".bin" / "tsc"


def _imports(module: Path) -> list[Path]:
    return [
        (module.parent / found).resolve()
        for found in re.findall(r'^(?:import|\} from) .*?"(.+?)";', module.read_text(), re.M)
    ]


def _name(module: Path) -> str:
    return module.relative_to(STATIC).as_posix()


@pytest.mark.skipif(NODE is None, reason="node is not installed: the browser modules' own tests did not run")
def test_the_modules_pass_their_own_tests() -> None:
    done = subprocess.run(
        [str(NODE), "--test", "tests/playground/js/"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert int(re.findall(r"# pass (\d+)", done.stdout)[0]) > 100


@pytest.mark.skipif(not TSC.exists(), reason="`npm ci` has not been run: types of the browser modules were not checked")
def test_the_modules_are_typed() -> None:
    done = subprocess.run([str(TSC), "-p", "jsconfig.json"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_types_are_checked_strictly() -> None:
    options = json.loads((ROOT / "jsconfig.json").read_text())["compilerOptions"]
    assert options["strict"] is True
    assert options["checkJs"] is True
    text = "".join(module.read_text() for module in MODULES)
    assert "@ts-ignore" not in text
    assert "@ts-nocheck" not in text


def test_nothing_needs_npm_to_run_and_the_lock_names_no_address() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    assert "dependencies" not in package
    assert "resolved" not in (ROOT / "package-lock.json").read_text()


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_a_module_can_be_read_in_one_sitting_and_imports_what_is_there(module: Path) -> None:
    lines = module.read_text().splitlines()
    assert len(lines) <= 205
    assert lines[0].startswith("// "), "the first line says why the module exists"
    for imported in _imports(module):
        assert imported in MODULES
    if module.parent.name == "views" and module.stem not in (
        "card",
        "bands",
        "derivation_parts",
        "faces",
        "follow",
        "layer_heads",
        "links",
        "link_pointer",
        "mine",
        "pictured",
        "plot",
        "neurons",
        "worksheet",
    ):
        assert "export function mount(el, store)" in module.read_text()


def test_modules_do_not_import_each_other_in_circles() -> None:
    done: set[Path] = set()

    def visit(module: Path, above: tuple[Path, ...]) -> None:
        assert module not in above, " -> ".join(map(_name, (*above, module)))
        if module not in done:
            for imported in _imports(module):
                visit(imported, (*above, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


def test_the_page_asks_nobody_but_its_own_server() -> None:
    for file in sorted(STATIC.rglob("*.*")):
        addresses = re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}[^\s\"')]*", file.read_text())
        assert [a for a in addresses if "www.w3.org" not in a] == [], _name(file)
        assert "@import" not in file.read_text()


def test_the_page_names_files_that_are_there_and_has_no_script_or_style_of_its_own() -> None:
    named: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            values = dict(attrs)
            assert "style" not in values
            assert not [name for name in values if name.startswith("on")]
            if tag == "script":
                assert values.get("src")
            assert tag != "style"
            named.extend(value for name in ("src", "href") if (value := values.get(name)))

    Reader().feed((STATIC / "index.html").read_text())
    assert named
    assert [name for name in named if not (STATIC / name).is_file()] == []
    sheets = {f"style/{file.name}" for file in (STATIC / "style").glob("*.css")}
    assert sheets == {name for name in named if name.endswith(".css")}
