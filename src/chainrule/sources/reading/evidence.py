"""Evidence: what all the cells of a column look like, gathered part by part of a table."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.sources.reading.dates import WHOLE, DateForms
from chainrule.sources.reading.numbers import LARGEST, NumberForms
from chainrule.sources.reading.words import FALSE, GAPS, MARKS, TRUE

if TYPE_CHECKING:
    import pyarrow as pa

# Letters that a number or a date has at most, and different words among which true and false are looked for.
_LONGEST = 64
_MOST_WORDS = 12
# Cells that are looked at before all are, to see whether it is worth it.
FEW = 256
EITHER = r"^[-+]?([1-9]\d{0,2}\.\d{3}|\d+)$"
POWER = r"^\d+E\d{1,3}$"
CODE = r"^0\d+([.,]\d+)?$"


class Evidence:
    """What the cells of a column look like.

    Attributes
    ----------
    rows, filled : int
        Cells, and those that are no gap.
    tokens : Counter
        Filled cells that stand for a gap among numbers or dates.
    gaps : Counter
        Words that stand for a gap in any column, and are read as one.
    numbers : NumberForms
    dates : DateForms
    words : Counter or None
        The different cells; None once they are more than a few.
    """

    def __init__(self) -> None:
        self.rows = self.filled = 0
        self.tokens: Counter[str] = Counter()
        self.gaps: Counter[str] = Counter()
        self.numbers = NumberForms()
        self.dates = DateForms()
        self.words: Counter[str] | None = Counter()

    def add(self, cells: pa.Array) -> None:
        """Take cells in: texts without blanks around them, gaps being null."""
        self.rows += len(cells)
        filled = len(cells) - cells.null_count
        self.filled += filled
        if filled and not self._add_plain_numbers(cells, filled):
            self._add_each(cells)

    def _add_plain_numbers(self, cells: pa.Array, filled: int) -> bool:
        """Take in numbers that need no looking at one by one; tell whether these are."""
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            values = pc.cast(cells, pa.float64())
        except pa.ArrowInvalid:
            return False
        found = np.asarray(values.drop_null())
        if ((found == 0) | (found == 1)).all() or (np.abs(found) > LARGEST).any() or not np.isfinite(found).all():
            return False
        if pc.any(pc.match_substring_regex(cells.filter(pc.starts_with(cells, "0")), CODE)).as_py():
            return False
        head = cells.drop_null()[:FEW]
        if pc.all(pc.match_substring_regex(head, POWER)).as_py():
            return False
        if pc.all(pc.match_substring_regex(head, EITHER)).as_py() and pc.any(pc.match_substring(cells, ".")).as_py():
            return False
        small = int((np.abs(found) < 1000).sum()) if (found == np.rint(found)).all() else None
        self._see_plain(filled, float(found.min()), float(found.max()), small)
        return True

    def add_numbers(self, rows: int, filled: int, low: float, high: float, small: int | None) -> None:
        """Take in cells that are known to be plain numbers.

        Parameters
        ----------
        rows, filled : int
            Cells, and those that are no gap.
        low, high : float
            The least and the greatest number.
        small : int or None
            Numbers below 1000 where all are whole; None where some are not.
        """
        self.rows += rows
        self.filled += filled
        self._see_plain(filled, low, high, small)

    def _see_plain(self, filled: int, low: float, high: float, small: int | None) -> None:
        self.words = None
        self.numbers.see(low, high)
        if small is None:
            self.numbers.point += filled
        else:
            self.numbers.same += filled
            self.numbers.small += small
            self.numbers.large += filled - small

    def _add_each(self, cells: pa.Array) -> None:
        """Look at each different cell."""
        import pyarrow as pa
        import pyarrow.compute as pc

        coded = cells.dictionary_encode()
        codes = np.asarray(coded.indices.drop_null())
        counts = np.bincount(codes, minlength=len(coded.dictionary))
        texts = coded.dictionary
        self._add_words(texts, counts)
        if self.words is None:
            # A number or a date has digits, and is short.
            looked = pc.and_(
                pc.match_substring_regex(texts, r"\p{Nd}|^[-+]?[Ii]nf"), pc.less(pc.utf8_length(texts), _LONGEST)
            )
            looked = pc.or_(looked, pc.is_in(pc.utf8_lower(texts), value_set=pa.array(sorted(GAPS), texts.type)))
            kept = np.flatnonzero(np.asarray(looked))
            texts, counts = texts.take(pa.array(kept)), counts[kept]
        for cell, count in zip(texts.to_pylist(), counts.tolist(), strict=True):
            if self.numbers.add(cell, count) or self.dates.add(cell, count):
                continue
            if cell.lower() in GAPS:
                self.tokens[cell] += count

    def _add_words(self, texts: Any, counts: np.ndarray) -> None:
        if self.words is None or len(texts) > _MOST_WORDS:
            self.words = None
            return
        self.words.update(dict(zip(texts.to_pylist(), counts.tolist(), strict=True)))
        if len(self.words) > _MOST_WORDS:
            self.words = None

    @property
    def whole_form(self) -> str | None:
        """The form of dates that whole numbers of this size may have; None for none, or if there are fractions."""
        if self.numbers.point or self.numbers.comma or self.numbers.codes:
            return None
        fits = (
            form for form, (low, high) in WHOLE.items() if low <= self.numbers.least and self.numbers.greatest <= high
        )
        return next(fits, None)

    @property
    def flags(self) -> tuple[str, str] | None:
        """The most frequent words for true and for false, where all cells are such words; else None."""
        words = self.words
        if not words or not all(word.lower() in TRUE or word.lower() in FALSE for word in words):
            return None
        true = [word for word in words if word.lower() in TRUE]
        false = [word for word in words if word.lower() in FALSE]
        if not true or not false:
            return None
        return max(true, key=lambda word: words[word]), max(false, key=lambda word: words[word])

    @property
    def mark(self) -> str | None:
        """The mark that is in some cells, where the others are empty; else None."""
        words = self.words
        if not words or self.filled in (1, self.rows) or not all(word.lower() in MARKS for word in words):
            return None
        return max(words, key=lambda word: words[word])
