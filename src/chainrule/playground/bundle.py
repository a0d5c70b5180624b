"""The view as one text: a notebook takes one module, so each of ours becomes a blob of its own, in their order."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

ROOT = "view.js"
# An import or a re-export at the start of a line; types in comments name modules too, but start otherwise.
_IMPORT = re.compile(
    r"""^(?P<before>(?:import|export)\b[^;"'`]*)(?P<quote>["'])(?P<path>\.{1,2}/[^"']+)(?P=quote)""", re.M
)
_STYLE = re.compile(r"""<link rel="stylesheet" href="([^"]+)"\s*/?>""")

_LOADER = """const modules = {modules};
const places = {{}};
for (const [name, text] of modules) {{
  const linked = text.replace(/@module:([\\w./-]+)@/g, (_, other) => places[other]);
  places[name] = URL.createObjectURL(new Blob([linked], {{ type: "text/javascript" }}));
}}
const view = await import(places["{root}"]);
export default view.default;
"""


def linked_view(files: Mapping[str, tuple[bytes, str]]) -> str:
    """Return a module without imports whose default is the view's.

    Parameters
    ----------
    files : mapping
        The page's files, as `static_files` returns them.
    """
    texts: dict[str, str] = {}
    needs: dict[str, set[str]] = {}
    waiting = [ROOT]
    while waiting:
        name = waiting.pop()
        if name in texts:
            continue
        text, found = _placed(name, files[name][0].decode())
        texts[name], needs[name] = text, found
        waiting += sorted(found)
    try:
        # Alphabetical among equals, so that the same files give the same text.
        order = TopologicalSorter({name: sorted(needs[name]) for name in sorted(needs)})
        modules = [[name, texts[name]] for name in order.static_order()]
    except CycleError as error:
        raise AssertionError(f"modules that import each other: {error.args[1]}") from error
    # A closing script tag inside a text must not end the element that a host may put it into.
    return _LOADER.format(modules=json.dumps(modules).replace("</", "<\\/"), root=ROOT)


def _placed(name: str, text: str) -> tuple[str, set[str]]:
    """Return a module's text with a mark in the place of each import's path, and the names that it imports."""
    found: set[str] = set()

    def mark(match: re.Match[str]) -> str:
        other = posixpath.normpath(posixpath.join(posixpath.dirname(name), match["path"]))
        found.add(other)
        return f"{match['before']}{match['quote']}@module:{other}@{match['quote']}"

    return _IMPORT.sub(mark, text), found


def joined_style(files: Mapping[str, tuple[bytes, str]]) -> str:
    """Return the page's style sheets as one, in the order in which the page links them."""
    page = files["index.html"][0].decode()
    return "\n".join(files[name][0].decode() for name in _STYLE.findall(page))
