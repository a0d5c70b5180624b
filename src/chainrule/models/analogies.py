"""Analogies: how many questions of the kind "Athens is to Greece as Oslo is to …" vectors answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import DataError
from chainrule.models.vectors import WordVectors


@dataclass(frozen=True)
class Section:
    """What became of the questions of one kind.

    Attributes
    ----------
    name : str
    right, asked : int
        Questions that were answered rightly, and all whose four words have vectors.
    left_out : int
        Questions with a word that has none.
    """

    name: str
    right: int
    asked: int
    left_out: int

    @property
    def accuracy(self) -> float | None:
        """The share of right answers; None where nothing was asked."""
        return self.right / self.asked if self.asked else None


@dataclass(frozen=True)
class Analogies:
    """What became of a file of questions."""

    sections: tuple[Section, ...]

    @property
    def total(self) -> Section:
        """All sections together."""
        sums = [sum(getattr(section, name) for section in self.sections) for name in ("right", "asked", "left_out")]
        return Section("all", *sums)

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "sections": [{**vars(section), "accuracy": section.accuracy} for section in (*self.sections, self.total)]
        }


def ask(vectors: WordVectors, path: Path | str, *, method: str = "add", most_words: int = 30_000) -> Analogies:
    """Ask the questions of a file.

    Parameters
    ----------
    vectors : WordVectors
    path : Path or str
        Lines of four words, below lines `: name of the section`, as in Google's questions-words.txt.
    method : str
        `add` or `multiply` (see `WordVectors.most_similar`).
    most_words : int
        The first so many words are asked about, and are the answers to choose from. Words are compared in small letters;
        of those that then are the same the first counts.

    Raises
    ------
    DataError
        If a line is no question, or there is none that can be asked.
    """
    chosen: dict[str, int] = {}
    for number, word in enumerate(vectors.words[:most_words]):
        chosen.setdefault(word.lower(), number)
    numbers = np.fromiter(chosen.values(), np.int64)
    place = {word: at for at, word in enumerate(chosen)}
    few = WordVectors(list(chosen), vectors.vectors[numbers])
    sections = tuple(
        _asked(few, name, [[place.get(word, -1) for word in line] for line in lines], method)
        for name, lines in _sections(Path(path))
    )
    found = Analogies(sections)
    if not found.total.asked:
        raise DataError(
            f"questions in {path} whose four words have vectors",
            f"none of {found.total.left_out:,}",
            "Train on more text of the questions' language.",
        )
    return found


def _asked(vectors: WordVectors, name: str, lines: list[list[int]], method: str) -> Section:
    questions = np.array(lines, np.int64).reshape(-1, 4)
    known = questions[(questions >= 0).all(axis=1)]
    right = int((vectors.answers(known[:, :3], method=method) == known[:, 3]).sum())
    return Section(name, right, len(known), len(questions) - len(known))


def _sections(path: Path) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield the name of each section with its questions."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise DataError("a file of questions", f"no file {str(path)!r}", "Check the path.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} to be text in UTF-8", f"{error}", "Name a file of questions.") from error
    name, lines = path.name, list[list[str]]()
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.lower().split()
        if line.startswith(":"):
            if lines:
                yield name, lines
            name, lines = line[1:].strip(), []
        elif len(words) == 4:
            lines.append(words)
        elif words:
            raise DataError(
                f"four words in line {number} of {path.name}",
                f"{len(words)}",
                "Write a question as: athens greece oslo norway.",
            )
    if lines:
        yield name, lines
