"""Characters that act are shown as their escapes; those that are only letters stay."""

from __future__ import annotations

import pytest

from chainrule.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain (cm)", "plain (cm)"),
        ("Größe 名前 🙂 é", "Größe 名前 🙂 é"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\x1b[31m", r"\x1b[31m"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x9b\x00\x7f", r"\x9b\x00\x7f"),
        ("\u202e\u2066\u2028\ufeff", r"\u202e\u2066\u2028\ufeff"),
        ("\ud800", r"\ud800"),
        ("\U000e0001", r"\U000e0001"),
    ],
)
def test_what_acts_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_line_feeds_may_be_kept() -> None:
    assert printable("a\nb\x07", keep="\n") == "a\nb\\x07"
