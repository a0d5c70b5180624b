"""The page's modules as one text: in order, complete, and run by node as the modules themselves are."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from chainrule.playground.bundle import PAGE, SCRIPT, STYLE, joined_page, joined_style, linked
from chainrule.playground.server import static_files

NODE = shutil.which("node")
JS = "text/javascript"
FILES = {
    "index.html": (
        b'<link rel="stylesheet" href="a.css" />\n    <link rel="stylesheet" href="style/b.css" />\n'
        b'    <script type="module" src="host.js"></script>',
        "text/html",
    ),
    "a.css": (b"a { }", "text/css"),
    "style/b.css": (b"b { }", "text/css"),
    "view.js": (
        b'// import("./never.js")\nimport { c, twice as double } from "./views/c.js";\nimport {\n  d,\n} from "./d.js";\n'
        b"/** @type {import('./types.js').X} */\nexport default { render: () => [c, double(d), '</script>'] };\n",
        JS,
    ),
    "views/c.js": (
        b'import { d } from "../d.js";\nconst own = 1;\nexport const c = d + own;\n'
        b"export function twice(x) {\n  return 2 * x;\n}\nexport class Unused {}\n",
        JS,
    ),
    "d.js": (b"const own = 4;\nexport const d = own;\n", JS),
    "host.js": (b'import view from "./view.js";\nconsole.log(JSON.stringify(view.render()));\n', JS),
}


def run(text: str, folder: Path) -> str:
    """Return what node prints for a module."""
    if NODE is None:
        pytest.skip("node is not installed: the linked module was not run")
    (folder / "linked.mjs").write_text(text)
    return subprocess.run([NODE, "linked.mjs"], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_modules_are_linked_in_the_order_of_their_imports() -> None:
    text = linked(FILES)
    assert text.index("const d = own") < text.index("const c = d + own") < text.index("render:")
    assert "host.js" not in text
    assert text.endswith("export default module_view_js.default;\n")
    assert linked(dict(reversed(FILES.items()))) == text
    assert joined_style(FILES) == "a { }\nb { }"


def test_what_is_linked_does_what_the_modules_do(tmp_path: Path) -> None:
    for name, (content, _) in FILES.items():
        path = tmp_path / "modules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "modules/package.json").write_text('{"type": "module"}')
    apart = run('import "./modules/host.js";\n', tmp_path)
    assert run(linked(FILES, "host.js"), tmp_path) == apart == '[5,8,"</script>"]\n'


def test_the_page_asks_for_one_script_and_one_style() -> None:
    page = joined_page(FILES)
    assert page[PAGE][0] == (
        b'<link rel="stylesheet" href="page.css" />\n    <script type="module" src="page.js"></script>'
    )
    assert page[SCRIPT] == (linked(FILES, "host.js").encode(), JS)
    assert page[STYLE] == (b"a { }\nb { }", "text/css")


def test_modules_that_import_each_other_are_a_mistake_of_ours() -> None:
    files = FILES | {"d.js": (b'import { c } from "./views/c.js";\nexport const d = 1;\n', JS)}
    with pytest.raises(AssertionError, match="import each other"):
        linked(files)


@pytest.mark.parametrize(
    "line",
    [
        b'import "./views/c.js";',
        b'import * as c from "./views/c.js";',
        b'export { c } from "./views/c.js";',
        b"export let changing = 1;",
        b"export { own };",
        b'import lodash from "lodash";',
    ],
)
def test_what_cannot_be_linked_is_a_mistake_of_ours(line: bytes) -> None:
    files = FILES | {"d.js": (b"const own = 4;\nexport const d = own;\n" + line + b"\n", JS)}
    with pytest.raises(AssertionError, match=r"d.js: an import or export that cannot be linked|import each other"):
        linked(files)


def test_the_real_page_is_linked_whole() -> None:
    files = static_files()
    text = joined_page(files)[SCRIPT][0].decode()
    for name in files:
        if name.endswith(".js") and name != "types.js":
            assert f"// {name}\n" in text, f"{name} is not on the page"
