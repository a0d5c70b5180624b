"""Texts as sequences: x (T,), the id of each token in its order, and after the last one the padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.encode.choices import ChoiceTable
from chainrule.encode.encoder import Findings
from chainrule.encode.encoding import DAMAGED, Encoding, require_fields
from chainrule.encode.tokens import NUMBER, PADDING, Vocabulary
from chainrule.errors import DataError, ModelFileError, nearest
from chainrule.sources.kinds import ColumnKind, cells_as_text
from chainrule.sources.samples import Samples
from chainrule.types import Shape

if TYPE_CHECKING:
    import pandas as pd

# Of the training texts, the share that is read to its end where nobody says how many steps there are; and most steps.
WHOLE, MOST_STEPS = 0.99, 2000


@dataclass(frozen=True)
class TextEncoding(Encoding):
    """The cells of the text columns, one after the other, as ids.

    Attributes
    ----------
    texts : tuple of str
        The columns that are read, in the order of the table.
    vocabulary : Vocabulary
    steps : int
        T; of a longer text the end is not read.
    columns : tuple of ColumnKind
        Every column of the training table but the target.
    """

    texts: tuple[str, ...]
    vocabulary: Vocabulary
    steps: int
    columns: tuple[ColumnKind, ...] = ()
    kind: ClassVar[str] = "texts"

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        columns: tuple[ColumnKind, ...],
        choices: ChoiceTable,
        *,
        unit: str,
        steps: int | None = None,
    ) -> TextEncoding:
        """Count the tokens of the training rows, and choose how many steps are read unless it is said."""
        names = tuple(column.name for column in columns if column.kind == "text")
        if not names:
            listed = ", ".join(f"{column.name} ({column.kind})" for column in columns[:5])
            raise DataError(
                "a column of texts, which a model of sequences reads",
                f"none: {listed}" if listed else "none",
                "Use `model=mlp`, or say which column is text: `columns.NAME=text`.",
            )
        chosen = choices.of(names[0])
        texts = joined(frame, names)
        vocabulary = Vocabulary.fit(texts, unit, least=chosen.word_rows, most=chosen.most_words)
        if not vocabulary.entries:
            raise DataError(
                f"{unit} that {chosen.word_rows} training rows have in common",
                f"none in {', '.join(names)}",
                "Set `word_rows=1`, or `tokens=characters`.",
            )
        if steps is None:
            steps = most_steps([len(vocabulary.ids_of(text)) for text in texts])
        return cls(names, vocabulary, steps, columns)

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
        """The columns that are read."""
        return list(self.texts)

    def encode(self, frame: pd.DataFrame, samples: Samples | None, findings: Findings) -> np.ndarray:
        """Return the ids (N, T), 0 after the end of a text; an empty text is padding alone."""
        if samples is not None:
            raise DataError(self.describe(), f"{len(samples)} {samples.noun}", "Name a table, or a folder of texts.")
        missing = [name for name in self.texts if name not in frame.columns]
        if missing:
            match = nearest(missing[0], [str(name) for name in frame.columns])
            raise DataError(
                f"the column {missing[0]!r}, which the model was trained on",
                "a table without it",
                f"Rename {match!r} to {missing[0]!r}?" if match else "Add the column; its cells may be empty.",
            )
        known = {column.name for column in self.columns}
        findings.ignored += [name for name in frame.columns if name not in known and name not in findings.ignored]
        lists = [self.vocabulary.ids_of(text) for text in joined(frame, self.texts)]
        note_tokens(lists, self.steps, "texts", findings)
        return padded(lists, self.steps)

    def mask(self, x: np.ndarray) -> np.ndarray:
        """Return 1 for each token (N, T), 0 for the padding."""
        there: np.ndarray = (x != PADDING).astype(np.float32)
        return there

    @property
    def becomes(self) -> dict[str, str]:
        """What each column of texts becomes."""
        return {
            name: f"{self.vocabulary.unit} one after the other; {self.vocabulary.describe()}" for name in self.texts
        }

    def describe(self) -> str:
        """`texts of up to 60 words; 2,841 words: i, to, …`."""
        return f"texts of up to {self.steps:,} {self.vocabulary.unit}; {self.vocabulary.describe()}"

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return {
            "kind": self.kind,
            "columns": [{"name": c.name, "kind": c.kind, "reason": c.reason} for c in self.columns],
            "texts": list(self.texts),
            "vocabulary": self.vocabulary.to_json(),
            "steps": self.steps,
        }

    @classmethod
    def from_json(cls, data: Any) -> TextEncoding:
        """Return the encoding that `to_json` described, or raise ModelFileError."""
        require_fields(data, cls.kind, {"columns", "texts", "vocabulary", "steps"})
        columns, texts, steps = data["columns"], data["texts"], data["steps"]
        fields = {"name", "kind", "reason"}
        right = (
            isinstance(columns, list)
            and all(isinstance(c, dict) and set(c) == fields for c in columns)
            and isinstance(texts, list)
            and texts
            and set(map(str, texts)) <= {str(c["name"]) for c in columns}
            and is_count(steps)
        )
        if not right:
            raise ModelFileError("columns, texts and steps", f"{data!r:.80}", DAMAGED)
        kinds = tuple(ColumnKind(**{name: str(value) for name, value in c.items()}) for c in columns)
        return cls(tuple(map(str, texts)), Vocabulary.from_json(data["vocabulary"]), steps, kinds)


def joined(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the texts of each row, one after the other, each in a line of its own; a missing cell is empty."""
    columns = [cells_as_text(frame[name]).fillna("").tolist() for name in names]
    return columns[0] if len(columns) == 1 else ["\n".join(cells) for cells in zip(*columns, strict=True)]


def most_steps(lengths: Sequence[int], whole: float = WHOLE) -> int:
    """Return how many steps are read: so many that this share of the training sequences is read to its end."""
    longest = int(np.ceil(np.quantile(lengths, whole))) if len(lengths) else 1
    return max(1, min(longest, MOST_STEPS))


def padded(lists: Sequence[Sequence[int]], steps: int) -> np.ndarray:
    """Return ids (N, steps), cut at the end or followed by padding."""
    x = np.full((len(lists), steps), PADDING, np.int32)
    for row, ids in zip(x, lists, strict=True):
        head = ids[:steps]
        row[: len(head)] = head
    return x


def note_tokens(lists: Sequence[Sequence[int]], steps: int, noun: str, findings: Findings) -> None:
    """Count the sequences that are empty, those that are cut, and the tokens that are unknown."""
    findings.sequences[f"{noun} without a token, whose answer is that of an empty one"] += sum(not ids for ids in lists)
    findings.sequences[f"{noun} are read up to step {steps:,} and are longer (`steps`)"] += sum(
        len(ids) > steps for ids in lists
    )
    findings.tokens += sum(map(len, lists))
    findings.unknown_tokens += sum(PADDING < i <= NUMBER for ids in lists for i in ids)


def is_count(value: Any) -> bool:
    """Tell whether a value from a file is a whole number from 1 to what memory can hold."""
    return type(value) is int and 0 < value <= 1 << 24
