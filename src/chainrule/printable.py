"""Text from data, fit to be shown: what would move a cursor, turn the line round or forge another one is escaped."""

from __future__ import annotations

import re
import unicodedata

# Letters of these categories are not seen but act: controls (C0, C1, DEL), formats (direction, width none), halves of
# surrogate pairs, and what ends a line or a paragraph.
_ACTING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Joiners belong to the spelling of Persian, of many Indian languages, and of emoji.
_SPELLING = frozenset("\u200c\u200d")
_PLAIN = re.compile(r"[ -~]*")


def printable(text: str, *, keep: str = "") -> str:
    r"""Return a text in which every character that acts rather than shows is written as its escape, such as \x1b.

    Parameters
    ----------
    text : str
        From a file, a table, or whoever else may have written anything: the name of a column, of a class, of a layer.
    keep : str
        Characters that stay as they are: line feeds, where the text is meant to have lines.
    """
    if _PLAIN.fullmatch(text):
        return text
    return "".join(letter if letter in keep or not _acts(letter) else _escape(letter) for letter in text)


def _acts(letter: str) -> bool:
    return unicodedata.category(letter) in _ACTING and letter not in _SPELLING


def _escape(letter: str) -> str:
    code = ord(letter)
    if letter in "\n\r\t":
        return {"\n": r"\n", "\r": r"\r", "\t": r"\t"}[letter]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
