"""Vectors: words by their vectors, looked up, compared, and asked for analogies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from chainrule.constraints import Range
from chainrule.errors import ConfigError, DataError, ModelFileError, ShapeError, did_you_mean, nearest
from chainrule.models import vector_files

# Words whose similarities with all others are computed at a time.
_AT_ONCE = 256
# Keeps 3CosMul from dividing by zero; Levy & Goldberg, 2014, Linguistic regularities in sparse and explicit word
# representations, eq. 4.
_EPSILON = 1e-3


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Words with a vector each.

    Parameters
    ----------
    words : sequence of str
        The most frequent first, where that is known.
    vectors : float array (V, D)
    counts : int array (V,), optional
        How often each word was there.
    """

    words: Sequence[str]
    vectors: np.ndarray
    counts: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Look whether each word has one vector of numbers."""
        if not len(self.words) or np.shape(self.vectors)[:1] != (len(self.words),) or np.ndim(self.vectors) != 2:
            raise ShapeError(
                f"vectors ({len(self.words)}, D), one for each word",
                f"an array of shape {self.vectors.shape}",
                "Give both.",
            )
        if self.vectors.dtype.kind != "f" or not np.isfinite(self.vectors).all():
            raise DataError(
                "vectors of finite numbers", "NaN, infinity, or no floats", "Train them anew, at a smaller rate."
            )
        if len(self.number_of) != len(self.words):
            raise DataError(
                "each word once", f"{len(self.words) - len(self.number_of)} twice", "Leave one of them out."
            )

    @cached_property
    def number_of(self) -> dict[str, int]:
        """The number of each word."""
        return {word: number for number, word in enumerate(self.words)}

    @cached_property
    def directions(self) -> np.ndarray:
        """The vectors (V, D) at length 1; what is zero stays zero."""
        length = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        return np.asarray(self.vectors / np.where(length > 0, length, 1))

    def __len__(self) -> int:
        """Number of words."""
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        """Whether a word has a vector."""
        return word in self.number_of

    def __iter__(self) -> Iterator[str]:
        """The words."""
        return iter(self.words)

    def __getitem__(self, word: str | Sequence[str]) -> np.ndarray:
        """Return the vector (D,) of a word, or the vectors (n, D) of several."""
        if isinstance(word, str):
            return np.array(self.vectors[self.number(word)])
        return self.vectors[[self.number(each) for each in word]]

    @property
    def units(self) -> int:
        """D."""
        return int(self.vectors.shape[1])

    def number(self, word: str) -> int:
        """Return the number of a word.

        Raises
        ------
        DataError
            If it has no vector, with the word that may have been meant.
        """
        try:
            return self.number_of[word]
        except (KeyError, TypeError):
            raise DataError(
                f"a word of the vocabulary ({len(self.words):,} words)", f"{word!r:.80}", self._suggestion(word)
            ) from None

    def _suggestion(self, word: object) -> str:
        if not isinstance(word, str):
            return "Give words as text."
        lowered = word.lower()
        if lowered in self.number_of:
            return f"Did you mean {lowered!r}?"
        # Comparing with each of a million words would take long: those that begin alike are looked at.
        alike = [known for known in self.words if known[:1].lower() == lowered[:1]][:20_000]
        if nearest(word, alike):
            return did_you_mean(word, alike)
        return "It came too seldom to have a vector; take a more frequent word, or a smaller `min_count`."

    def similarity(self, a: str, b: str) -> float:
        """Return the cosine of the angle between the vectors of two words."""
        return float(self.directions[self.number(a)] @ self.directions[self.number(b)])

    def most_similar(
        self,
        positive: str | Iterable[str],
        negative: str | Iterable[str] = (),
        *,
        most: int = 10,
        method: str = "add",
    ) -> list[tuple[str, float]]:
        """Return the words nearest to some and far from others, each with its score.

        ::

            add        cos(x, Σ p̂ - Σ n̂)                            (3CosAdd)
            multiply   Π (1 + cos(x, p))/2 / (Π (1 + cos(x, n))/2 + ε)   (3CosMul)

        Parameters
        ----------
        positive, negative : str or iterable of str
            The given words themselves are not among the answers.
        most : int
            How many.
        method : str
            Levy & Goldberg, 2014, Linguistic regularities in sparse and explicit word representations, eqs. 1 and 4.
        """
        near, far = ([words] if isinstance(words, str) else list(words) for words in (positive, negative))
        if not [*near, *far]:
            raise DataError("a word at least", "none", "Name a word to be near to.")
        if not Range(int, 1).accepts(most):
            raise ConfigError("`most` to be a whole number of at least 1", f"{most!r:.40}", "Ask for 10.")
        numbers = np.array([[self.number(word) for word in near + far]])
        score = self._scores(numbers, len(near), method)[0]
        score[numbers[0]] = -np.inf
        most = min(most, len(self.words) - len(set(numbers[0].tolist())))
        if most < 1:
            return []
        best = np.argpartition(-score, most - 1)[:most]
        best = best[np.argsort(-score[best], kind="stable")]
        return [(self.words[i], float(score[i])) for i in best]

    def _scores(self, numbers: np.ndarray, n_near: int, method: str) -> np.ndarray:
        """Return the score (Q, V) of every word for questions (Q, words), the first `n_near` of which are to be near."""
        U = self.directions
        if method == "add":
            asked = U[numbers[:, :n_near]].sum(axis=1) - U[numbers[:, n_near:]].sum(axis=1)
            length = np.linalg.norm(asked, axis=1, keepdims=True)
            return np.asarray((asked / np.where(length > 0, length, 1)) @ U.T)
        if method != "multiply":
            raise ConfigError("`method` to be add or multiply", f"{method!r:.40}", "Take add.")
        cosine = (1 + U[numbers] @ U.T) / 2
        return np.asarray(cosine[:, :n_near].prod(axis=1) / (cosine[:, n_near:].prod(axis=1) + _EPSILON))

    def analogy(self, a: str, b: str, c: str, *, most: int = 10, method: str = "add") -> list[tuple[str, float]]:
        """Return what is to c as a is to b: `analogy("king", "man", "woman")` is near king - man + woman."""
        return self.most_similar([a, c], [b], most=most, method=method)

    def answers(self, questions: np.ndarray, *, method: str = "add") -> np.ndarray:
        """Return the best word (Q,) for each question a : b = c : ? (Q, 3), by number; the three are no answers."""
        found = np.empty(len(questions), np.int64)
        for start in range(0, len(questions), _AT_ONCE):
            asked = questions[start : start + _AT_ONCE]
            # b - a + c.
            score = self._scores(asked[:, [1, 2, 0]], 2, method)
            np.put_along_axis(score, asked, -np.inf, axis=1)
            found[start : start + len(asked)] = score.argmax(axis=1)
        return found

    def doesnt_match(self, words: Iterable[str]) -> str:
        """Return the word that is least like the mean of the others with it."""
        given = [words] if isinstance(words, str) else list(words)
        if len(given) < 3:
            raise DataError("at least three words, of which one may differ", f"{len(given)}", "Name more words.")
        U = self.directions[[self.number(word) for word in given]]
        return given[int((U @ U.mean(axis=0)).argmin())]

    def save(self, path: Path | str) -> None:
        """Write the vectors to a file that `load` reads: JSON and arrays, and no code."""
        vector_files.save(Path(path), list(self.words), self.vectors, self.counts)

    def write_word2vec(self, path: Path | str, *, binary: bool = False) -> None:
        """Write the vectors in word2vec's own format, as text or binary; other tools read it."""
        vector_files.write_word2vec(Path(path), self.words, self.vectors, binary=binary)

    @classmethod
    def load(cls, path: Path | str) -> WordVectors:
        """Read what `save` wrote, or word2vec's text or binary format, gzip-ed or not: the file says what it is."""
        return cls(*vector_files.read(Path(path)))


def vectors_in(path: Path | str) -> WordVectors:
    """Return the vectors of a run's folder, or of a file."""
    place = Path(path)
    if place.is_dir():
        place = place / "words.chainrule"
        if not place.is_file():
            raise ModelFileError(
                f"a run of `chainrule words train` in {path}",
                "no words.chainrule",
                "Name its folder, or a file of vectors.",
            )
    return WordVectors.load(place)
