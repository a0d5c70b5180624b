"""Words: those that stand for a gap, and those for true and false."""

from __future__ import annotations

# What a missing cell looks like in a column of any kind, after the blanks around it are gone.
USUAL = ("", "?", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "null", "NULL", "None", "<NA>", "#N/A")
MISSING = (
    *USUAL,
    *("\\N", "(null)", "#NA", "#N/A N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NULL!", "#NAME?"),
)
# What one looks like among numbers or dates, where it can be nothing else; in small letters.
GAPS = frozenset(
    (
        *("-", "--", "---", "–", "—", ".", "..", "...", "*", "**", "na", "n.a.", "n. a.", "n/a", "none", "nil"),
        *("null", "nan", "missing", "unknown", "not available", "not applicable", "nd", "n.d.", "n/d", "k.a.", "k. a."),
        *("tbd", "tba", "unk", "inf.", "error", "#error", "err", "undefined", "no data", "nodata", "blank", "empty"),
        *("0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "00.00.0000", "00-00-0000", "nat"),
    )
)
TRUE = frozenset(("true", "yes", "y", "t", "1", "1.0", "on", "✓", "✔", "☑", "✅", "ja", "oui", "wahr", "vrai"))
FALSE = frozenset(("false", "no", "n", "f", "0", "0.0", "off", "✗", "✘", "☐", "❌", "nein", "non", "falsch", "faux"))
# Marks that stand in a cell, or do not.
MARKS = frozenset(("✓", "✔", "☑", "✅", "x", "×", "•", "●"))
