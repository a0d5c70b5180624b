"""Sentences: running text becomes lists of words, from a file, a folder or an iterator, a piece at a time."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from chainrule.errors import DataError

# Characters that are held at a time; a word cannot be longer.
PIECE = 1 << 20
# A line without an end is cut here, as word2vec does: a sentence is held as a whole.
LONGEST = 10_000

# Letters and digits of any script, with an apostrophe inside.
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
# Where an extract of Wikipedia has an article begin and end.
_MARK = re.compile(r"</?doc\b[^>]*>\s*")


def words_of(text: str) -> list[str]:
    """Return the words of a text, in small letters: runs of letters and digits, with an apostrophe inside."""
    return _WORD.findall(text.lower())


def sentences_of(text: Any, *, encoding: str = "utf-8") -> Iterator[list[str]]:
    """Yield sentences as lists of words.

    Parameters
    ----------
    text : str, Path, or iterable
        A file, gzip-ed or not, or a folder of such, in which a line is a sentence; or an iterable of sentences, each a
        list of words, or text, of which `words_of` makes words.
    encoding : str
        Of files.

    Raises
    ------
    DataError
        If there is no such file, it is not text in this encoding, or a sentence is neither text nor words.
    """
    if isinstance(text, (str, os.PathLike)):
        for path in files_of(Path(text)):
            yield from _sentences(path, encoding)
        return
    if not isinstance(text, Iterable):
        raise DataError(
            "a file, a folder, or an iterable of sentences", f"{text!r:.60}", 'Name a file: "text.txt", or give a list.'
        )
    for number, sentence in enumerate(text):
        words = words_of(sentence) if isinstance(sentence, str) else _words(sentence, number)
        for start in range(0, len(words), LONGEST):
            yield words[start : start + LONGEST]


def _words(sentence: Any, number: int) -> list[str]:
    """Return a sentence that came as words, or say which one is none."""
    words = list(sentence) if isinstance(sentence, Iterable) else None
    if words is None:
        raise DataError(
            f"sentence {number} to be text or a list of words",
            f"{sentence!r:.60}",
            "Give each sentence as a list of str.",
        )
    for word in words:
        if not isinstance(word, str) or not word:
            raise DataError(
                f"the words of sentence {number} to be text that is not empty",
                f"{word!r:.60}",
                "Leave it out, or name it.",
            )
    return words


def files_of(path: Path) -> list[Path]:
    """Return the file itself, or the files of a folder and the folders in it, by name; not those that are hidden."""
    if path.is_dir():
        parts = ((file, file.relative_to(path).parts) for file in sorted(path.rglob("*")))
        found = [file for file, names in parts if file.is_file() and not any(name.startswith(".") for name in names)]
        if not found:
            raise DataError(f"files with text in {path}", "none", "Name another folder.")
        return found
    if not path.exists():
        raise DataError("a file or a folder with text", f"no {str(path)!r}", "Check the path.")
    return [path]


def _sentences(path: Path, encoding: str) -> Iterator[list[str]]:
    """Yield the lines of a file as words; a line that goes on is cut, between two words."""
    try:
        with _opened(path, encoding) as file:
            for line in _lines(file, path):
                words = words_of(line)
                for start in range(0, len(words), LONGEST):
                    yield words[start : start + LONGEST]
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path.name} to be text in {encoding}",
            f"a byte {error.object[error.start]:#04x} that is none",
            "Name the encoding that it has, such as `encoding=latin-1`.",
        ) from error
    except LookupError as error:
        raise DataError("an encoding that Python knows", f"{encoding!r}", "Take utf-8, or latin-1.") from error
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DataError(f"{path.name} to be a whole gzip file", f"{error}", "Fetch it anew.") from error
    except OSError as error:
        raise DataError(f"{path} to be readable", error.strerror or str(error), "Check its rights.") from error


def _opened(path: Path, encoding: str) -> IO[str]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rt", encoding=encoding) if packed else path.open(encoding=encoding)


def _lines(file: IO[str], path: Path) -> Iterator[str]:
    """Yield lines, and parts of lines that are longer than a piece; marks of articles are left out."""
    rest = ""
    while piece := file.readline(PIECE):
        if piece.endswith("\n") or len(piece) < PIECE:
            line, rest = rest + piece, ""
        else:
            # In the middle of a line: what follows the last white space belongs to what comes next.
            whole, space, rest = _cut(rest + piece)
            if not space:
                raise DataError(
                    f"words in {path.name}, with white space between them",
                    f"{len(rest):,} characters without any",
                    "Give text, in which words are written apart.",
                )
            line = whole
        if not _MARK.fullmatch(line):
            yield line
    if rest:
        yield rest


def _cut(text: str) -> tuple[str, str, str]:
    """Return a text before and after its last white space."""
    for at in range(len(text) - 1, -1, -1):
        if text[at].isspace():
            return text[:at], text[at], text[at + 1 :]
    return "", "", text
