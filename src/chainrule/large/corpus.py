"""Corpus: running text as numbers of words, read once and kept on the disk, four bytes a word."""

from __future__ import annotations

import tempfile
import weakref
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from chainrule.errors import DataError, RunFolderError

# Numbers in a block, which is read as a whole; it ends where a sentence does.
BLOCK = 1 << 20
# What stands behind each sentence.
END = -1


@dataclass(frozen=True, eq=False)
class Corpus:
    """Sentences by the numbers of their words, in a temporary file that goes with the object.

    Attributes
    ----------
    names : list of str
        All words, in the order in which they came; the file has numbers of this list.
    times : int array
        How often each is there.
    held : Held
        The numbers.
    sentences : int
    """

    names: list[str]
    times: np.ndarray
    held: Held
    sentences: int

    @property
    def n_words(self) -> int:
        """Words of the text, each as often as it is there."""
        return int(self.times.sum())

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return len(self.held.blocks)

    def block(self, number: int) -> np.ndarray:
        """Return the numbers of a block, with `END` behind each sentence."""
        return self.held.read(number)


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The words that get a vector: those that come often enough, the most frequent first.

    Attributes
    ----------
    words : list of str
    counts : int array (V,)
    number_of : int array (names + 1,)
        The number of each name of the corpus here, -1 for one that is left out; the last is for `END`.
    """

    words: list[str]
    counts: np.ndarray
    number_of: np.ndarray


class Held:
    """Numbers in a temporary file, in blocks that end with a sentence; the file goes with the object."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as this object)
        weakref.finalize(self, self._file.close)
        # Where each block begins, and how many numbers it has.
        self.blocks: list[tuple[int, int]] = []
        self._written = 0

    def write(self, numbers: np.ndarray) -> None:
        """Write a block."""
        try:
            self._file.write(numbers.astype(np.int32, copy=False).tobytes())
            self._file.flush()
        except OSError as error:
            raise RunFolderError(
                f"room in {tempfile.gettempdir()} for the text as numbers, 4 bytes a word",
                error.strerror or str(error),
                "Free some space, or let TMPDIR name another folder.",
            ) from error
        self.blocks.append((self._written, len(numbers)))
        self._written += len(numbers)

    def read(self, number: int) -> np.ndarray:
        """Return the numbers of a block."""
        start, count = self.blocks[number]
        self._file.seek(4 * start)
        found = np.fromfile(self._file, np.int32, count)
        if len(found) != count:
            raise DataError("the corpus's temporary file to stay as it is", "a shorter one", "Read the text anew.")
        return found


def corpus_of(sentences: Iterable[list[str]], tell: Callable[[int], Any] | None = None) -> Corpus:
    """Read sentences once, whether or not they can be read a second time.

    Parameters
    ----------
    sentences : iterable of lists of str
    tell : function, optional
        Told now and then how many words have been read.

    Raises
    ------
    DataError
        If there is no word.
    """
    held, numbers = Held(), dict[str, int]()
    buffer, n, words = array("i"), 0, 0
    number_of = numbers.setdefault
    for sentence in sentences:
        if not sentence:
            continue
        buffer.extend([number_of(word, len(numbers)) for word in sentence])
        buffer.append(END)
        n += 1
        if len(buffer) >= BLOCK:
            words += len(buffer)
            held.write(np.frombuffer(buffer, np.int32))
            buffer = array("i")
            if tell is not None:
                tell(words)
    if buffer:
        held.write(np.frombuffer(buffer, np.int32))
    if not numbers:
        raise DataError("a text with words in it", "none", "Give sentences, or a file, with letters in it.")
    return _counted(held, list(numbers), n)


def _counted(held: Held, names: list[str], sentences: int) -> Corpus:
    empty = Corpus(names, np.zeros(len(names), np.int64), held, sentences)
    for number in range(empty.n_blocks):
        block = empty.block(number)
        empty.times[:] += np.bincount(block[block >= 0], minlength=len(names))
    return empty


def vocabulary_of(corpus: Corpus, *, min_count: int = 5, most_words: int | None = None) -> Vocabulary:
    """Return the words that are there at least `min_count` times; of many the most frequent.

    Raises
    ------
    DataError
        If fewer than two are left: there is nothing to tell apart.
    """
    order = np.argsort(-corpus.times, kind="stable")
    chosen = order[corpus.times[order] >= min_count][:most_words]
    if len(chosen) < 2:
        raise DataError(
            f"at least two words that are there {min_count} times or more",
            f"{len(chosen)} of {len(corpus.names):,} ({corpus.n_words:,} words of text)",
            "Give more text, or a smaller `min_count`.",
        )
    number_of = np.full(len(corpus.names) + 1, -1, np.int32)
    number_of[chosen] = np.arange(len(chosen))
    return Vocabulary([corpus.names[i] for i in chosen], corpus.times[chosen], number_of)


def with_phrases(corpus: Corpus, *, min_count: int, threshold: float, joiner: str = "_") -> Corpus:
    """Return the corpus with words joined that stand beside each other far more often than by chance: new_york.

    ::

        score(a, b) = (count(ab) - min_count) · N / (count(a) · count(b))

    Mikolov et al., 2013, Distributed representations of words and phrases, eq. 6, times the N words of the text.
    In a sentence the first of two phrases that overlap is joined.
    """
    found = _phrases(corpus, min_count, threshold)
    names = [
        *corpus.names,
        *(f"{corpus.names[a]}{joiner}{corpus.names[b]}" for a, b in _split(found, len(corpus.names))),
    ]
    held = Held()
    for number in range(corpus.n_blocks):
        block = corpus.block(number)
        keys, at = _keys(block, len(corpus.names))
        place = np.minimum(np.searchsorted(found, keys), max(0, len(found) - 1))
        joined = np.zeros(len(block), bool)
        joined[at] = found[place] == keys if len(found) else False
        joined = _every_other(joined)
        joined_at = np.flatnonzero(joined)
        phrase = np.searchsorted(found, block[joined_at].astype(np.int64) * len(corpus.names) + block[joined_at + 1])
        block = block.copy()
        block[joined_at] = len(corpus.names) + phrase
        keep = np.ones(len(block), bool)
        keep[joined_at + 1] = False
        held.write(block[keep])
    return _counted(held, names, corpus.sentences)


def _phrases(corpus: Corpus, min_count: int, threshold: float) -> np.ndarray:
    """Return the pairs of words that score above the threshold, each as a · names + b, in order."""
    n = len(corpus.names)
    pairs, times = np.empty(0, np.int64), np.empty(0, np.int64)
    for number in range(corpus.n_blocks):
        block = corpus.block(number)
        keys, _ = _keys(block, n)
        frequent = (corpus.times[keys // n] >= min_count) & (corpus.times[keys % n] >= min_count)
        new, count = np.unique(keys[frequent], return_counts=True)
        pairs, place = np.unique(np.concatenate((pairs, new)), return_inverse=True)
        times = np.bincount(place, np.concatenate((times, count)), len(pairs)).astype(np.int64)
    a, b = pairs // n, pairs % n
    score = (times - min_count) * (corpus.n_words / (corpus.times[a].astype(float) * corpus.times[b]))
    return np.asarray(pairs[score > threshold])


def _keys(block: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a · n + b for each word a with a word b behind it in its sentence, and where a stands."""
    at = np.flatnonzero((block[:-1] >= 0) & (block[1:] >= 0))
    return block[at].astype(np.int64) * n + block[at + 1], at


def _every_other(joined: np.ndarray) -> np.ndarray:
    """Of each run of phrases that overlap, keep the first, the third, …: what a reader from left to right would join."""
    at = np.arange(len(joined))
    start = np.maximum.accumulate(np.where(joined, -1, at))
    return np.asarray(joined & ((at - start) % 2 == 1))


def _split(pairs: np.ndarray, n: int) -> Iterator[tuple[int, int]]:
    return zip((pairs // n).tolist(), (pairs % n).tolist(), strict=True)
