"""Tagged sequences as inputs: x (T,), the id of each token that is to have a label, and after the last one the padding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.encode.choices import Choices
from chainrule.encode.encoder import Findings
from chainrule.encode.encoding import DAMAGED, Encoding, require_fields
from chainrule.encode.texts import is_count, note_tokens, padded
from chainrule.encode.tokens import PADDING, WORDS, Vocabulary
from chainrule.errors import DataError, ModelFileError
from chainrule.sources.samples import Samples
from chainrule.sources.tagged import TOKENS, parted
from chainrule.types import Shape

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TagEncoding(Encoding):
    """Tokens, as the file parts them, as ids; small and capital letters are different.

    Attributes
    ----------
    vocabulary : Vocabulary
    steps : int
        T, the most tokens of a sequence; none is cut, for each token has to have its label.
    """

    vocabulary: Vocabulary
    steps: int
    kind: ClassVar[str] = "tags"

    @classmethod
    def fit(cls, frame: pd.DataFrame, choices: Choices, *, steps: int | None = None) -> TagEncoding:
        """Count the tokens of the training sequences."""
        lists = parted(frame[TOKENS])
        vocabulary = Vocabulary.of_lists(lists, WORDS, least=choices.word_rows, most=choices.most_words)
        return cls(vocabulary, steps or max(map(len, lists)))

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
        """The column of the tokens."""
        return [TOKENS]

    def encode(self, frame: pd.DataFrame, samples: Samples | None, findings: Findings) -> np.ndarray:
        """Return the ids (N, T), 0 after the end of a sequence."""
        if samples is not None or TOKENS not in frame.columns:
            came = "a table" if samples is None else f"{len(samples)} {samples.noun}"
            raise DataError("lines of a token each, an empty line after each sequence", came, "Name such a file.")
        tokens = parted(frame[TOKENS])
        longest = max(range(len(tokens)), key=lambda row: len(tokens[row]), default=None)
        if longest is not None and len(tokens[longest]) > self.steps:
            raise DataError(
                f"sequences of at most {self.steps:,} tokens, as the longest one of training",
                f"{len(tokens[longest]):,} tokens in sequence {longest + 1}",
                f"Part it by an empty line, or train with `steps={len(tokens[longest])}`.",
            )
        lists = [self.vocabulary.ids(row) for row in tokens]
        note_tokens(lists, self.steps, "sequences", findings)
        return padded(lists, self.steps)

    def mask(self, x: np.ndarray) -> np.ndarray:
        """Return 1 for each token (N, T), 0 for the padding."""
        there: np.ndarray = (x != PADDING).astype(np.float32)
        return there

    def describe(self) -> str:
        """`sequences of up to 60 tokens; 2,841 words: i, to, …`."""
        return f"sequences of up to {self.steps:,} tokens; {self.vocabulary.describe()}"

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return {"kind": self.kind, "vocabulary": self.vocabulary.to_json(), "steps": self.steps}

    @classmethod
    def from_json(cls, data: Any) -> TagEncoding:
        """Return the encoding that `to_json` described, or raise ModelFileError."""
        require_fields(data, cls.kind, {"vocabulary", "steps"})
        if not is_count(data["steps"]):
            raise ModelFileError("a number of steps", f"{data['steps']!r:.80}", DAMAGED)
        return cls(Vocabulary.from_json(data["vocabulary"]), data["steps"])
