"""Words: a text becomes the weights, or the counts, of the words in it, kept as the few that are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.encode.choices import DEFAULT, Choices
from chainrule.encode.encoder import Encoder, Findings
from chainrule.sources.kinds import cells_as_text
from chainrule.types import Array

if TYPE_CHECKING:
    import pandas as pd

# Of words that are brought together to topics; the file holds a number for each and each topic.
_MOST_OF_TOPICS = 2000


@dataclass(frozen=True)
class Text(Encoder):
    """TF-IDF of the words that at least some training rows have, each row scaled to length 1; or plain counts.

    Attributes
    ----------
    words : list of str
        In alphabetical order.
    idf : list of float
        Weight of each: log((1 + N) / (1 + rows with the word)) + 1; empty for counts.
    ngrams : int
        Most words in a row that count as one.
    least, most : int
        Rows that a word needs, and most words: the choices that `words` come from.
    topics : list of lists of float
        For each word what it adds to each topic; empty where the words themselves are the features.
    """

    words: list[str]
    idf: list[float]
    ngrams: int
    least: int
    most: int
    topics: list[list[float]] = field(default_factory=list)
    kind: ClassVar[str] = "text"

    @classmethod
    def fit(cls, column: pd.Series, choices: Choices = DEFAULT) -> Text:
        """Choose the words and weigh them."""
        if choices.text == "topics":
            choices = replace(choices, most_words=min(choices.most_words, _MOST_OF_TOPICS))
        counter = WordCounter(choices)
        counter.add(column)
        found = counter.encoder(str(column.name))
        if choices.text != "topics" or not found.words:
            return found
        return replace(found, topics=topics_of(found.encode(column, Findings()), choices.topics))

    @property
    def features(self) -> list[str]:
        """One for each word, or for each topic."""
        if self.topics:
            return [f"{self.name} topic {number}" for number in range(1, len(self.topics[0]) + 1)]
        return [f"{self.name} has {word}" for word in self.words]

    def describe(self) -> str:
        """`TF-IDF of 2,841 words: 000, 08452810073, …`."""
        text = f"{'TF-IDF' if self.idf else 'counts'} of {len(self.words):,} words: {', '.join(self.words[:6])}, …"
        return text + (f"; brought together to {len(self.topics[0])} topics" if self.topics else "")

    @property
    def is_wide(self) -> bool:
        """A text has few of all words, but something of every topic."""
        return not self.topics

    def encode(self, column: pd.Series, findings: Findings) -> Array:
        """Count the words, as a CSR matrix; a missing cell has none. Of topics, an array."""
        weights = self.weights_of(column)
        return np.asarray(weights @ np.array(self.topics)) if self.topics else weights

    def weights_of(self, column: pd.Series) -> Array:
        """Return the weights of the words, as a CSR matrix."""
        from scipy.sparse import csr_matrix, diags_array

        if not self.words:
            return csr_matrix((len(column), 0))
        from sklearn.feature_extraction.text import CountVectorizer

        vectorizer = CountVectorizer(vocabulary=self.words, ngram_range=(1, self.ngrams), dtype=np.float64)
        counts = csr_matrix(vectorizer.transform(cells_as_text(column).fillna("")))
        if not self.idf:
            return counts
        y = counts.multiply(np.array(self.idf)).tocsr()
        length = np.sqrt(np.asarray(y.multiply(y).sum(axis=1)).ravel())
        return csr_matrix(diags_array(1 / np.where(length > 0, length, 1)) @ y)


def topics_of(weights: Array, most: int) -> list[list[float]]:
    """Return what each word adds to each topic: the directions in which texts (N, words) differ most.

    Deerwester et al., 1990, Indexing by latent semantic analysis. All topics together are as large as one number of
    deviation 1 for each, so that they do not drown the columns beside them.
    """
    from sklearn.utils.extmath import randomized_svd

    count = min(most, *(size - 1 for size in weights.shape))
    if count < 1:
        return []
    directions = randomized_svd(weights, count, random_state=0)[2].T
    size = float(np.sqrt(np.mean((weights @ directions) ** 2)))
    # Six digits: a model file holds thousands of these.
    return [[float(f"{value:.6g}") for value in word] for word in directions / (size or 1.0)]


class WordCounter:
    """In how many rows each word is, and how often in all; part by part of a table."""

    def __init__(self, choices: Choices = DEFAULT) -> None:
        self._choices = choices
        self._n = 0
        self._rows: dict[str, int] = {}
        self._times: dict[str, int] = {}

    def add(self, column: pd.Series) -> None:
        """Count the words of some rows."""
        from sklearn.feature_extraction.text import CountVectorizer

        self._n += len(column)
        vectorizer = CountVectorizer(ngram_range=(1, self._choices.ngrams))
        try:
            counts = vectorizer.fit_transform(cells_as_text(column).fillna("")).tocsc()
        except ValueError:
            # There is no word at all in these rows.
            return
        rows, times = np.diff(counts.indptr), np.asarray(counts.sum(axis=0)).ravel()
        for word, i in vectorizer.vocabulary_.items():
            self._rows[word] = self._rows.get(word, 0) + int(rows[i])
            self._times[word] = self._times.get(word, 0) + int(times[i])

    def encoder(self, name: str) -> Text:
        """Return the encoder of what was counted."""
        choices = self._choices
        words = sorted(word for word, rows in self._rows.items() if rows >= choices.word_rows)
        if len(words) > choices.most_words:
            times = np.array([self._times[word] for word in words])
            # As scikit-learn chooses: of equally frequent ones, whatever its sort puts first.
            words = [words[i] for i in np.sort((-times).argsort()[: choices.most_words])]
        idf = [] if choices.text == "bag" else _idf(self._n, self._rows, words)
        return Text(name, words, idf, choices.ngrams, choices.word_rows, choices.most_words)


def _idf(n: int, rows: Mapping[str, int], words: list[str]) -> list[float]:
    found: Any = np.log((1 + n) / (1 + np.array([rows[word] for word in words], float))) + 1
    return [float(weight) for weight in found]
