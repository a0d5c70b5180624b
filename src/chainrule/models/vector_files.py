"""Files of word vectors: our own, of JSON and arrays, and word2vec's text and binary formats."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from chainrule.errors import ModelFileError
from chainrule.files import replace_file
from chainrule.saved.archive import REMEDY, read_archive, to_json, write_archive
from chainrule.saved.tensors import pack, unpack_declared

Found: TypeAlias = tuple[list[str], np.ndarray, np.ndarray | None]

# Both can be looked into without being moved on.
_Peeked: TypeAlias = io.BufferedReader | gzip.GzipFile

_JSON, _ARRAYS = "words.json", "vectors.safetensors"
_WHAT = "a file of word vectors"
# Bytes of a word, and numbers of a vector, that no sound file exceeds.
_LONGEST, _MOST_UNITS = 1 << 16, 1 << 16


def save(path: Path, words: list[str], vectors: np.ndarray, counts: np.ndarray | None) -> None:
    """Write our own file."""
    arrays = {"vectors": vectors} | ({} if counts is None else {"counts": np.asarray(counts, np.int64)})
    declared = {name: list(value.shape) for name, value in arrays.items()}
    content = {"format": 1, "kind": "word vectors", "arrays": declared, "words": words}
    replace_file(path, write_archive({_JSON: to_json(content), _ARRAYS: pack(arrays)}))


def read(path: Path) -> Found:
    """Read a file of vectors, of whichever format it is.

    Raises
    ------
    ModelFileError
        If there is none, or it is damaged.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except FileNotFoundError as error:
        raise ModelFileError(_WHAT, f"no file {str(path)!r}", "Check the path.") from error
    except OSError as error:
        raise ModelFileError(_WHAT, f"{path}: {error.strerror or error}", "Name a file that can be read.") from error
    return _saved(path) if start == b"PK\x03\x04" else _word2vec(path, packed=start[:2] == b"\x1f\x8b")


def _saved(path: Path) -> Found:
    others = {"network.json": "It is a network: load it with chainrule.load_model."}
    archive = read_archive(path, what=_WHAT, parts={_JSON, _ARRAYS}, others=others)
    content = archive.json(_JSON)
    if not isinstance(content, dict) or (content.get("format"), content.get("kind")) != (1, "word vectors"):
        raise ModelFileError(f"{_JSON} of word vectors, format 1", "another", REMEDY)
    words = content.get("words")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ModelFileError("a list of words", f"{words!r:.60}", REMEDY)
    arrays = unpack_declared(archive.parts[_ARRAYS], _ARRAYS, content.get("arrays"))
    vectors, counts = arrays.pop("vectors", None), arrays.pop("counts", None)
    if vectors is None or arrays or (counts is not None and counts.shape != (len(words),)):
        raise ModelFileError("vectors, and counts of the words", "other arrays", REMEDY)
    return words, vectors, counts


def write_word2vec(path: Path, words: Sequence[str], vectors: np.ndarray, *, binary: bool) -> None:
    """Write word2vec's format: a line with V and D, then each word and its vector.

    Raises
    ------
    ModelFileError
        For a word with white space in it, which the format has no way to write.
    """
    split = next((word for word in words if not word or any(letter.isspace() for letter in word)), None)
    if split is not None:
        raise ModelFileError(
            "words without white space, for word2vec's format", f"{split!r:.60}", "Join its parts by _, or use save."
        )
    file = io.BytesIO()
    file.write(f"{len(words)} {vectors.shape[1]}\n".encode())
    rows = np.asarray(vectors, "<f4")
    for word, row in zip(words, rows, strict=True):
        file.write(word.encode("utf-8") + b" ")
        # The shortest digits from which the same float32 is read again.
        file.write(row.tobytes() if binary else " ".join(map(str, row)).encode())
        file.write(b"\n")
    replace_file(path, file.getvalue())


def _word2vec(path: Path, *, packed: bool) -> Found:
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            return _read_word2vec(file, path.name)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ModelFileError(f"{path.name} to be a whole gzip file", f"{error}", "Fetch it anew.") from error


def _read_word2vec(file: _Peeked, name: str) -> Found:
    head = file.readline(64).split()
    if len(head) != 2 or not all(part.isdigit() for part in head) or not 0 < int(head[1]) <= _MOST_UNITS:
        raise ModelFileError(
            f"{name} to begin with its numbers of words and of units",
            f"{b' '.join(head)!r:.60}",
            "Name a file of vectors.",
        )
    n, units = map(int, head)
    words, rows = list[str](), list[np.ndarray]()
    is_binary: bool | None = None
    for number in range(n):
        word = _word(file, name, number)
        if is_binary is None:
            is_binary = not _is_text(file.peek(8 * units)[: 8 * units])
        rows.append(_binary_row(file, units, name, word) if is_binary else _text_row(file, units, name, word))
        words.append(word)
    if file.read(1).strip():
        raise ModelFileError(f"{n:,} words in {name}, as its first line says", "more", "Fetch it anew.")
    return words, np.array(rows, np.float32).reshape(n, units), None


def _is_text(start: bytes) -> bool:
    """Whether what follows the first word is a line of numbers in digits."""
    line = start.partition(b"\n")[0]
    return bool(line.strip()) and not line.translate(None, b"0123456789+-.eEnaifNAIF \t\r")


def _word(file: _Peeked, name: str, number: int) -> str:
    letters = bytearray()
    while (letter := file.read(1)) != b" ":
        if not letter or len(letters) > _LONGEST:
            raise ModelFileError(
                f"a word and its vector in place {number:,} of {name}", "the end, or none", "Fetch it anew."
            )
        if letter != b"\n":
            letters += letter
    return letters.decode("utf-8", "surrogateescape")


def _binary_row(file: _Peeked, units: int, name: str, word: str) -> np.ndarray:
    raw = file.read(4 * units)
    if len(raw) != 4 * units:
        raise ModelFileError(f"{units} numbers for {word!r:.60} in {name}", "the end of the file", "Fetch it anew.")
    return np.frombuffer(raw, "<f4")


def _text_row(file: _Peeked, units: int, name: str, word: str) -> np.ndarray:
    line = file.readline(32 * units + 64).split()
    try:
        row = np.array(line, np.float32)
    except ValueError:
        row = np.empty(0, np.float32)
    if len(row) != units:
        raise ModelFileError(
            f"{units} numbers for {word!r:.60} in {name}", f"{b' '.join(line)[:60]!r}", "Fetch it anew."
        )
    return row
