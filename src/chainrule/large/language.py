"""A running text of any length: read block by block, kept as ids that lie in a file, and given out in pieces."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.encode.encoder import Findings
from chainrule.encode.tokens import CHARACTERS, NUMBER, UNKNOWN, Vocabulary, tokens_of
from chainrule.errors import DataError
from chainrule.large.streamed import Streamed
from chainrule.types import Batch

_BLOCK = 1 << 22
# Ids that are looked up at once.
_AT_ONCE = 1 << 22
# Steps that are given out together.
_STEPS = 32
_POINTS = 0x110000
_OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
# Blanks after which a word is over.
_BLANKS = " \n\t"


class Tokens:
    """A text as numbers of tokens, in a file without a name that is gone when nobody holds it.

    Attributes
    ----------
    numbers : memory map (L,), int32
        Of characters their code points, of words their place in `words`.
    words : list of str
        Every word of the text, in the order in which it came first; of characters none.
    """

    def __init__(self, path: Path, unit: str, encoding: str | None = None) -> None:
        self.unit = unit
        known: dict[str, int] = {}
        # The map keeps the file, which has no name, as long as it is needed.
        with tempfile.TemporaryFile() as file:
            for block in text_blocks(path, encoding):
                file.write(_numbers(block, unit, known).tobytes())
            size = file.tell() // 4
            if size == 0:
                raise DataError(f"a text in {path.name}", "no token", "Give a text.")
            file.flush()
            self.numbers: np.memmap[Any, Any] = np.memmap(file, np.int32, "r+", shape=(size,))
        self.words = list(known)

    def vocabulary(self, end: int, *, least: int, most: int) -> Vocabulary:
        """Return the tokens that come at least `least` times before the place `end`; of these, the `most` most frequent."""
        counts = np.zeros(len(self.words) or _POINTS, np.int64)
        for start in range(0, end, _AT_ONCE):
            counts += np.bincount(self.numbers[start : min(end, start + _AT_ONCE)], minlength=len(counts))
        seen = np.flatnonzero(counts >= least)
        # Those of equal count in the order of their numbers.
        chosen = seen[np.argsort(-counts[seen], kind="stable")][:most]
        names = [self.words[i] if self.words else chr(i) for i in chosen]
        return Vocabulary(self.unit, tuple(names))

    def encoded(self, vocabulary: Vocabulary) -> np.ndarray:
        """Return the ids (L,), written over the numbers."""
        if self.words:
            table = np.array(vocabulary.ids(self.words), np.int32)
        else:
            table = np.full(_POINTS, UNKNOWN, np.int32)
            table[[ord("0") + digit for digit in range(10)]] = NUMBER
            table[[ord(name) for name in vocabulary.entries]] = vocabulary.ids(vocabulary.entries)
        for start in range(0, len(self.numbers), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            self.numbers[part] = table[self.numbers[part]]
        return self.numbers


def _numbers(block: str, unit: str, known: dict[str, int]) -> np.ndarray:
    """Return the code points of a block, or the place of each of its words among those that are known, which it adds to."""
    if unit == CHARACTERS:
        return np.frombuffer(block.encode("utf-32-le", "surrogatepass"), "<i4")
    return np.array([known.setdefault(word, len(known)) for word in tokens_of(block, unit)], np.int32)


def text_blocks(path: Path, encoding: str | None = None) -> Iterator[str]:
    """Yield a text file, perhaps compressed, in blocks that end between two words.

    Raises
    ------
    DataError
        If it cannot be read, or is not text in the encoding, which is UTF-8 unless it is said.
    """
    name = encoding or "utf-8"
    try:
        decoder = codecs.getincrementaldecoder("utf-8-sig" if name.lower() in ("utf-8", "utf8") else name)()
    except LookupError as error:
        raise DataError("the name of an encoding", f"{name!r}", "Write utf-8 or cp1252, for example.") from error
    opener: Any = _OPENERS.get(path.suffix.lower(), open)
    rest, at = "", 0
    try:
        with opener(path, "rb") as file:
            while raw := file.read(_BLOCK):
                text = rest + decoder.decode(raw)
                if "\0" in text:
                    raise DataError(f"a text in {path.name}", "zero bytes, as binary files have", "Name a text file.")
                cut = 1 + max(map(text.rfind, _BLANKS))
                rest, at = text[cut:], at + len(raw)
                if cut:
                    yield text[:cut]
            yield rest + decoder.decode(b"", True)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path.name} to be text in {name}",
            f"the byte {error.object[error.start]:#04x} at place {at + error.start:,}",
            "Say which encoding it has: `file_encoding=cp1252`, for example.",
        ) from error
    except IsADirectoryError as error:
        raise DataError("a text file, to go on with", f"the folder {path}", "Name a file.") from error
    except FileNotFoundError as error:
        raise DataError("a text file, to go on with", f"{str(path)!r}, which is no file", "Check the path.") from error
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise DataError(f"{path} to be readable", str(error), "Check that the file is whole.") from error


class LanguageStream(Streamed):
    """A text in lanes, each of which reads on where it stopped: in a step, T tokens of every lane.

    The text is parted into as many segments as there are lanes. In the next epoch each lane reads the segment after its
    own, so that the state that it carries goes on too; what does not fill a step of all lanes at the end is not read.

    Parameters
    ----------
    ids : int array (L,)
        Perhaps a memory map.
    lanes : int
        Rows of a batch.
    steps : int
        T.
    """

    in_batches = True

    def __init__(self, ids: np.ndarray, lanes: int, steps: int) -> None:
        if len(ids) < lanes * steps + 1:
            raise DataError(
                f"at least {lanes * steps + 1:,} tokens to train on, {lanes} rows of {steps} steps",
                f"{len(ids):,}",
                "Give a longer text, or a smaller `batch_size` or `steps`.",
            )
        self.ids, self._lanes, self._steps = ids, lanes, steps
        self._count = (len(ids) - 1) // (lanes * steps)
        self.n_samples = self._count * lanes
        self.values = steps
        self.findings = Findings()

    def pieces(self, order: np.random.Generator | None) -> Iterator[Batch]:
        """Yield the first epoch."""
        return self.epoch(0, seed=0, batch_size=self._lanes)

    def epoch(self, epoch: int, *, seed: int, batch_size: int, shuffle: bool = True) -> Iterator[Batch]:
        """Yield some steps at a time; nothing is mixed, for the order is what is to be learned."""
        segment = self._count * self._steps
        starts = (np.arange(self._lanes) + epoch) % self._lanes * segment
        for first in range(0, self._count, _STEPS):
            many = min(_STEPS, self._count - first)
            yield self._together(starts + first * self._steps, many)

    def _together(self, starts: np.ndarray, many: int) -> Batch:
        """Return so many steps of all lanes, step by step: x, and t one token later."""
        lanes = np.stack([self.ids[start : start + many * self._steps + 1] for start in starts])
        parts = (lanes[:, :-1], lanes[:, 1:])
        shape = (len(starts), many, self._steps)
        x, t = (np.ascontiguousarray(part.reshape(shape).swapaxes(0, 1)).reshape(-1, self._steps) for part in parts)
        return Batch(x, t)


def in_lanes(ids: np.ndarray, steps: int, most: int = 16) -> Batch:
    """Return a text to be measured on, in a few lanes of whole pieces: x (lanes, S) and t one token later.

    Each lane begins without knowing what came before, so there are few.
    """
    pieces = (len(ids) - 1) // steps
    if pieces == 0:
        raise DataError(f"at least {steps + 1} tokens to measure on", f"{len(ids)}", "Give a longer text.")
    lanes = max(1, min(most, pieces // 8))
    length = pieces // lanes * steps
    x = np.stack([ids[i * length : (i + 1) * length] for i in range(lanes)])
    t = np.stack([ids[i * length + 1 : (i + 1) * length + 1] for i in range(lanes)])
    return Batch(x, t)
