"""Mathematics in the book: $$…$$ and $…$ become MathML while the pages are built, so that no script is needed."""

from __future__ import annotations

import re
from typing import Any

_BLOCK = re.compile(r"^\$\$(.+?)\$\$$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<![\\$\w])\$([^$\n]+?)\$(?![\w$])")
# Code keeps its dollars: fenced blocks and spans are left as they are.
_CODE = re.compile(r"(^```.*?^```$|`[^`\n]+`)", re.MULTILINE | re.DOTALL)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return the page with its formulas as MathML."""
    parts = _CODE.split(markdown)
    return "".join(part if i % 2 else _converted(part) for i, part in enumerate(parts))


def _converted(text: str) -> str:
    from latex2mathml.converter import convert

    text = _BLOCK.sub(lambda match: convert(match[1].strip(), display="block"), text)
    return _INLINE.sub(lambda match: convert(match[1]), text)
