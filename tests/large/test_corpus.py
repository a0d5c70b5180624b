"""The corpus: numbers of words on the disk, the vocabulary by count, phrases, and passages for the loop."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from chainrule.errors import DataError
from chainrule.large import corpus as corpora
from chainrule.large.corpus import END, corpus_of, vocabulary_of, with_phrases
from chainrule.large.passages import Passages


def text(n: int = 300, seed: int = 0) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    return [[f"w{word}" for word in rng.zipf(1.5, rng.integers(1, 12)) if word < 50] for _ in range(n)]


def test_the_corpus_gives_back_what_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpora, "BLOCK", 100)
    sentences = text()
    corpus = corpus_of(iter(sentences))
    assert corpus.n_blocks > 3
    read = [corpus.block(number) for number in range(corpus.n_blocks)]
    assert all(block[-1] == END for block in read)
    flat = np.concatenate(read)
    words = [word for sentence in sentences if sentence for word in [*sentence, None]]
    assert [None if number == END else corpus.names[number] for number in flat] == words
    counts = Counter(word for sentence in sentences for word in sentence)
    assert dict(zip(corpus.names, corpus.times.tolist(), strict=True)) == counts


def test_the_vocabulary_has_frequent_words_first() -> None:
    corpus = corpus_of([["b", "a", "a"], ["c", "b", "a", "d"]])
    vocabulary = vocabulary_of(corpus, min_count=2)
    assert vocabulary.words == ["a", "b"]
    assert vocabulary.counts.tolist() == [3, 2]
    assert vocabulary.number_of[[corpus.names.index(word) for word in "abcd"]].tolist() == [0, 1, -1, -1]
    assert vocabulary.number_of[END] == -1
    assert vocabulary_of(corpus, min_count=1, most_words=3).words == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("sentences", "message"), [([], "words in it"), ([[]], "words in it"), ([["a"] * 9], "at least two words")]
)
def test_a_text_of_nothing_or_of_one_word_is_refused(sentences: list[list[str]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        vocabulary_of(corpus_of(sentences))


def test_words_that_belong_together_become_phrases() -> None:
    rng = np.random.default_rng(0)
    sentences = [
        [*(f"w{i}" for i in rng.integers(0, 30, 6)), "new", "york", *(f"w{i}" for i in rng.integers(0, 30, 4))]
        for _ in range(60)
    ]
    corpus = corpus_of(sentences)
    joined = with_phrases(corpus, min_count=5, threshold=8)
    times = dict(zip(joined.names, joined.times.tolist(), strict=True))
    assert times["new_york"] == 60
    assert times["new"] == times["york"] == 0
    assert sum(times.values()) == corpus.n_words - 60
    nothing = with_phrases(corpus, min_count=5, threshold=1e9)
    assert nothing.names == corpus.names
    assert nothing.times.tolist() == corpus.times.tolist()


def test_of_phrases_that_overlap_the_first_is_joined() -> None:
    joined = with_phrases(corpus_of([["a", "a", "a", "b"]] * 9), min_count=1, threshold=0.0)
    times = {name: n for name, n in zip(joined.names, joined.times.tolist(), strict=True) if n}
    assert times == {"a_a": 9, "a_b": 9}


def test_an_epoch_has_every_word_once_as_a_centre_amid_its_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpora, "BLOCK", 200)
    sentences = text()
    corpus = corpus_of(sentences)
    vocabulary = vocabulary_of(corpus, min_count=1)
    passages = Passages(corpus, vocabulary, window=2, subsample=0.0, centres=4, noise=3, batch_size=7)
    pieces = [*passages.pieces(None)]
    x = {name: np.concatenate([piece.x[name] for piece in pieces]) for name in pieces[0].x}
    assert len(x["words"]) == passages.n_samples
    assert passages.n_samples % 7 == 0
    inside = x["reach"] > 0
    found = Counter(vocabulary.words[number] for number in x["words"][:, 2:6][inside])
    assert found == Counter(word for sentence in sentences for word in sentence)
    assert set(x["reach"][inside].tolist()) == {1, 2}
    # What is in the sentence of a centre, in the two words on either side of it, is what stands there in the text.
    lines = {" ".join(sentence) for sentence in sentences}
    for row, column in np.argwhere(inside)[:40]:
        around = slice(column, column + 5)
        same = x["sentences"][row, around] == x["sentences"][row, column + 2]
        near = " ".join(vocabulary.words[i] for i in x["words"][row, around][same])
        assert any(near in line for line in lines)


def test_frequent_words_are_thinned_and_noise_is_drawn_by_count() -> None:
    corpus = corpus_of([["often"] * 96 + ["seldom"] * 4] * 200)
    passages = Passages(corpus, vocabulary_of(corpus), subsample=0.05, noise=64)
    pieces = [*passages.pieces(np.random.default_rng(0))]
    centres = np.concatenate([piece.x["words"][:, 5:21][piece.x["reach"] > 0] for piece in pieces])
    stays = np.sqrt(0.05 / 0.96) + 0.05 / 0.96
    assert (centres == 0).sum() == pytest.approx(19_200 * stays, rel=0.05)
    assert (centres == 1).sum() == 800
    noise = np.concatenate([piece.x["noise"].ravel() for piece in pieces])
    expected = 4**0.75 / (4**0.75 + 96**0.75)
    assert (noise == 1).mean() == pytest.approx(expected, rel=0.1)
