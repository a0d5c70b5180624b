"""Tokens: a text becomes words or characters, and each of them the number that a vocabulary has for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chainrule.errors import ModelFileError

WORDS, CHARACTERS = "words", "characters"
UNITS = (WORDS, CHARACTERS)
# The first ids: no token at all, a token that the vocabulary does not have, and one that it does not have with a digit.
PADDING, UNKNOWN, NUMBER = 0, 1, 2
_FIRST = 3
# Letters and digits of any script in a row are a word, with an apostrophe inside; any other sign is one by itself.
_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


def tokens_of(text: str, unit: str) -> list[str]:
    """Return the words of a text in small letters, each punctuation mark a word; or its characters as they are."""
    return _WORD.findall(text.lower()) if unit == WORDS else list(text)


@dataclass(frozen=True)
class Vocabulary:
    """The tokens that are known, the most frequent first: the first has the id 3.

    Attributes
    ----------
    unit : str
        words or characters.
    entries : tuple of str
    """

    unit: str
    entries: tuple[str, ...]

    @classmethod
    def fit(cls, texts: Iterable[str], unit: str, *, least: int = 2, most: int = 50_000) -> Vocabulary:
        """Return the tokens that at least `least` of the texts have; of these, the `most` most frequent."""
        return cls.of_lists((tokens_of(text, unit) for text in texts), unit, least=least, most=most)

    @classmethod
    def of_lists(cls, lists: Iterable[list[str]], unit: str, *, least: int = 2, most: int = 50_000) -> Vocabulary:
        """Return the vocabulary of texts that are tokens already."""
        texts: Counter[str] = Counter()
        times: Counter[str] = Counter()
        for tokens in lists:
            times.update(tokens)
            texts.update(set(tokens))
        known = sorted((token for token, n in texts.items() if n >= least), key=lambda token: (-times[token], token))
        return cls(unit, tuple(known[:most]))

    @property
    def size(self) -> int:
        """How many ids there are."""
        return _FIRST + len(self.entries)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {token: i for i, token in enumerate(self.entries, start=_FIRST)}

    def ids_of(self, text: str) -> list[int]:
        """Return the id of each token."""
        return self.ids(tokens_of(text, self.unit))

    def ids(self, tokens: Iterable[str]) -> list[int]:
        """Return the id of each token of a text that is tokens already."""
        known = self._ids
        return [known.get(token) or (NUMBER if any(map(str.isdigit, token)) else UNKNOWN) for token in tokens]

    def name(self, number: int) -> str:
        """Return the token that an id stands for, or what it is called."""
        if number >= _FIRST:
            return self.entries[number - _FIRST]
        return ("", "⟨unknown⟩", "⟨unknown number⟩")[number]

    def describe(self) -> str:
        """`2,841 words: i, to, …`."""
        shown = ", ".join(repr(token) if self.unit == CHARACTERS else token for token in self.entries[:6])
        return f"{len(self.entries):,} {self.unit}: {shown}, …"

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return {"unit": self.unit, "entries": list(self.entries)}

    @classmethod
    def from_json(cls, data: Any) -> Vocabulary:
        """Return the vocabulary that `to_json` described, or raise ModelFileError."""
        right = (
            isinstance(data, dict)
            and set(data) == {"unit", "entries"}
            and data["unit"] in UNITS
            and isinstance(data["entries"], list)
            and all(isinstance(entry, str) and entry for entry in data["entries"])
            and len(set(data["entries"])) == len(data["entries"])
        )
        if not right:
            raise ModelFileError("a vocabulary of different tokens", f"{data!r:.80}", "The model file is damaged.")
        return cls(data["unit"], tuple(data["entries"]))
