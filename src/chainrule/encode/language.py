"""A running text as inputs: pieces of T ids, of which each is to be followed by the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.encode.encoder import Findings
from chainrule.encode.encoding import DAMAGED, Encoding, require_fields
from chainrule.encode.target import CLASSIFICATION, Target
from chainrule.encode.texts import is_count
from chainrule.encode.tokens import CHARACTERS, NUMBER, Vocabulary
from chainrule.errors import DataError, ModelFileError
from chainrule.sources.samples import Samples
from chainrule.types import Shape

if TYPE_CHECKING:
    import pandas as pd

NEXT = "next"
# Marks before which, and after which, no blank is written between words.
_CLOSING, _OPENING = frozenset(".,;:!?)]}%’'…"), frozenset("([{$£€#@‘")


@dataclass(frozen=True)
class LanguageEncoding(Encoding):
    """A text, token by token.

    Attributes
    ----------
    vocabulary : Vocabulary
    steps : int
        T, the tokens of a piece.
    """

    vocabulary: Vocabulary
    steps: int
    kind: ClassVar[str] = "language"

    @property
    def shape(self) -> Shape:
        """(T,)."""
        return (self.steps,)

    @property
    def ids(self) -> int:
        """How many ids there are."""
        return self.vocabulary.size

    @property
    def features(self) -> list[str]:
        """None: an id is no number."""
        return []

    @property
    def used(self) -> list[str]:
        """None: a text has no columns."""
        return []

    @property
    def target(self) -> Target:
        """The token that comes next: one of all ids."""
        names = ("⟨none⟩", *(self.vocabulary.name(number) for number in range(1, self.vocabulary.size)))
        return Target(NEXT, CLASSIFICATION, names, every_step=True)

    def encode(self, frame: pd.DataFrame, samples: Samples | None, findings: Findings) -> np.ndarray:
        """Refuse: a language model goes on with a text, and answers no rows."""
        came = f"{len(frame)} rows" if samples is None else f"{len(samples)} {samples.noun}"
        raise DataError(
            "a text to be gone on with, by a language model", came, "Use `chainrule generate`, or another model."
        )

    def text_of(self, numbers: Iterable[int]) -> str:
        """Return ids as a text: characters one after the other, words with blanks where one writes them."""
        tokens = [self.vocabulary.name(int(number)) for number in numbers]
        return "".join(tokens) if self.vocabulary.unit == CHARACTERS else _with_blanks(tokens)

    @property
    def never(self) -> np.ndarray:
        """The ids that are never generated: what stands for no token, or for one that is unknown."""
        return np.arange(NUMBER + 1)

    def describe(self) -> str:
        """`a text in pieces of 128 characters; 92 characters: ' ', 'e', …`."""
        return f"a text in pieces of {self.steps:,} {self.vocabulary.unit}; {self.vocabulary.describe()}"

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return {"kind": self.kind, "vocabulary": self.vocabulary.to_json(), "steps": self.steps}

    @classmethod
    def from_json(cls, data: Any) -> LanguageEncoding:
        """Return the encoding that `to_json` described, or raise ModelFileError."""
        require_fields(data, cls.kind, {"vocabulary", "steps"})
        if not is_count(data["steps"]):
            raise ModelFileError("a number of steps", f"{data['steps']!r:.80}", DAMAGED)
        return cls(Vocabulary.from_json(data["vocabulary"]), data["steps"])


def _with_blanks(tokens: Sequence[str]) -> str:
    text = ""
    for token in tokens:
        joined = not text or token in _CLOSING or text[-1] in _OPENING
        text += token if joined else f" {token}"
    return text
