"""The page: a form, or a place to drop a file on, and the answer as bars; its files are read once."""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping

_MIME = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def page_files() -> Mapping[str, tuple[bytes, str]]:
    """Return the files of the page and their types, by path."""
    static = importlib.resources.files("chainrule.serve") / "static"
    found = {f"/{item.name}": (item.read_bytes(), _MIME[item.name.rsplit(".", 1)[-1]]) for item in static.iterdir()}
    return {"/": found["/index.html"], **found}
