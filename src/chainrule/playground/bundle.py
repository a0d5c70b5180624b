"""The page's modules as one text, in their order: a notebook takes one module, and a browser gets one file at once.

A page of fifty modules is fifty requests, of which each waits for the one that names it. What is linked is what
the folder `static` has: modules with imports and exports by name, each at the start of a line, and no export that changes.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

Files = Mapping[str, tuple[bytes, str]]

PAGE, SCRIPT, STYLE = "index.html", "page.js", "page.css"
# Types in comments name modules too, but start otherwise.
_IMPORT = re.compile(
    r"""^import\s+(?P<names>[^;"'`]*?)\s+from\s+(?P<quote>["'])(?P<path>\.{1,2}/[^"']+)(?P=quote);""", re.M
)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (?P<name>\w+))", re.M)
_DEFAULT = re.compile(r"^export default ", re.M)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.M)
_STYLE = re.compile(r"""<link rel="stylesheet" href="([^"]+)"\s*/?>""")
_SCRIPT = re.compile(r"""<script type="module" src="([^"]+)">""")


def linked(files: Files, root: str = "view.js") -> str:
    """Return a module without imports that does what the module `root` does, and has its default.

    Parameters
    ----------
    files : mapping
        The page's files, as `static_files` returns them.
    """
    texts: dict[str, str] = {}
    needs: dict[str, list[str]] = {}
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name not in texts:
            texts[name] = files[name][0].decode()
            needs[name] = sorted({_other(name, match["path"]) for match in _IMPORT.finditer(texts[name])})
            waiting += needs[name]
    try:
        # Alphabetical among equals, so that the same files give the same text.
        order = [*TopologicalSorter({name: needs[name] for name in sorted(needs)}).static_order()]
    except CycleError as error:
        raise AssertionError(f"modules that import each other: {error.args[1]}") from error
    text = "".join(f"const {_variable(name)} = {_called(name, texts[name])};\n" for name in order)
    return f"{text}export default {_variable(root)}.default;\n" if _DEFAULT.search(texts[root]) else text


def _called(name: str, text: str) -> str:
    """Return a module as a function that is called at once and returns what the module exports."""

    def bound(match: re.Match[str]) -> str:
        names = match["names"]
        found = names.strip("{} \n").replace(" as ", ": ") if names.startswith("{") else f"default: {names}"
        return f"const {{ {found} }} = {_variable(_other(name, match['path']))};"

    exports = [match["name"] for match in _EXPORT.finditer(text)]
    if _DEFAULT.search(text):
        exports.append("default: view_")
    text = _DEFAULT.sub("const view_ = ", _EXPORT.sub("", _IMPORT.sub(bound, text)))
    if other := _OTHER.search(text):
        raise AssertionError(f"{name}: an import or export that cannot be linked: {other[0]}")
    return f"(() => {{ // {name}\n{text}return {{ {', '.join(exports)} }};\n}})()"


def _other(name: str, path: str) -> str:
    """Return the module that another one calls by a path."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _variable(name: str) -> str:
    return "module_" + re.sub(r"\W", "_", name)


def joined_style(files: Files) -> str:
    """Return the page's style sheets as one, in the order in which the page links them."""
    page = files[PAGE][0].decode()
    return "\n".join(files[name][0].decode() for name in _STYLE.findall(page))


def joined_page(files: Files) -> dict[str, tuple[bytes, str]]:
    """Return the page with one script and one style sheet, and these two; the modules stay where they are, to be read."""
    page, mime = files[PAGE]
    short, (root,) = page.decode(), _SCRIPT.findall(page.decode())
    first, *others = _STYLE.finditer(short)
    for link in others:
        short = short.replace(f"\n    {link[0]}", "")
    short = short.replace(first[1], STYLE).replace(f'src="{root}"', f'src="{SCRIPT}"')
    return {
        PAGE: (short.encode(), mime),
        SCRIPT: (linked(files, root).encode(), "text/javascript"),
        STYLE: (joined_style(files).encode(), "text/css"),
    }
