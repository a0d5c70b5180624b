"""Word2Vec: what it learns, how it is asked, its files, and what it refuses."""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ConfigError, DataError, ModelFileError, ShapeError, TrainingError
from chainrule.models.analogies import ask
from chainrule.models.vectors import WordVectors, vectors_in
from chainrule.models.word2vec import Word2Vec


def topics(n: int = 800) -> list[list[str]]:
    """Sentences about one of two things each, with words that all have."""
    rng = np.random.default_rng(0)
    groups = (["sun", "moon", "star", "sky"], ["bread", "butter", "cheese", "wine"])
    return [
        [str(word) for word in rng.permutation([*rng.choice(groups[i % 2], 4), *rng.choice(["the", "a", "of"], 2)])]
        for i in range(n)
    ]


QUICK: dict[str, Any] = {"units": 8, "epochs": 8, "window": 3, "batch_words": 64, "subsample": 0.0}


@pytest.fixture(scope="module")
def fitted() -> Word2Vec:
    return Word2Vec(**QUICK).fit(topics())


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_words_that_keep_the_same_company_become_alike(model: str) -> None:
    seen: list[Any] = []
    fitted = Word2Vec(**QUICK, model=model, callbacks=[seen.append]).fit(iter(topics()))
    vectors = fitted.vectors_
    assert {word for word, _ in vectors.most_similar("sun", most=3)} == {"moon", "star", "sky"}
    assert vectors.doesnt_match(["bread", "butter", "moon"]) == "moon"
    costs = [event.cost for event in seen if type(event).__name__ == "EpochEnded"]
    assert costs[-1] < costs[0] < fitted.objective_.ignorant
    assert fitted.n_words_ == 4800


def test_the_same_seed_gives_the_same_vectors_and_jax_the_same_but_for_rounding() -> None:
    pytest.importorskip("jax")
    settings = {**QUICK, "epochs": 2}
    first, again, other, jax = (
        Word2Vec(**settings, **more).fit(topics(200)).vectors_.vectors
        for more in ({}, {}, {"random_state": 1}, {"engine": "jax"})
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other, atol=1e-3)
    np.testing.assert_allclose(first, jax, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("rate", [3.0, 1e4])
def test_vectors_that_run_away_end_the_run_with_advice(rate: float) -> None:
    with pytest.raises(TrainingError, match="learning_rate") as told:
        Word2Vec(**{**QUICK, "batch_words": 4096, "learning_rate": rate, "epochs": 20}).fit(topics())
    assert "batch_words" in told.value.remedy


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window": 0}, "window"),
        ({"model": "glove"}, "skipgram, cbow"),
        ({"engine": "torch"}, "engine"),
        ({"units": 2.5}, "units"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Word2Vec(**settings).fit(topics(5))


def test_too_little_text_is_refused() -> None:
    with pytest.raises(DataError, match="words in it"):
        Word2Vec().fit([])
    with pytest.raises(DataError, match=r"at least two words .* 1 of 1"):
        Word2Vec().fit([["alone"] * 20])
    with pytest.raises(ConfigError, match="has been fitted"):
        Word2Vec().save("nowhere")


def vectors() -> WordVectors:
    """A plane in which the analogy holds."""
    named = {"king": (3, 3), "man": (3, 1), "woman": (1, 1), "queen": (1.1, 3), "apple": (-2, -1)}
    return WordVectors([*named], np.array([*named.values()], np.float32))


def unit(v: np.ndarray) -> np.ndarray:
    return np.asarray(v / np.linalg.norm(v))


def test_an_analogy_by_hand() -> None:
    king, man, woman, queen = (np.array(vectors()[word], float) for word in ("king", "man", "woman", "queen"))
    (word, score), *_ = vectors().analogy("king", "man", "woman")
    assert word == "queen"
    assert score == pytest.approx(float(unit(unit(king) + unit(woman) - unit(man)) @ unit(queen)), rel=1e-5)
    near_king, near_woman, near_man = ((1 + float(unit(queen) @ unit(v))) / 2 for v in (king, woman, man))
    (word, score), *_ = vectors().analogy("king", "man", "woman", method="multiply")
    assert word == "queen"
    assert score == pytest.approx(near_king * near_woman / (near_man + 1e-3), rel=1e-5)
    assert vectors().similarity("king", "queen") == pytest.approx(float(unit(king) @ unit(queen)), rel=1e-6)


def test_lookups() -> None:
    given = vectors()
    assert "king" in given
    assert len(given) == 5
    assert [*given][:2] == ["king", "man"]
    assert given[["man", "king"]].tolist() == [[3, 1], [3, 3]]
    assert len(given.most_similar("king", most=100)) == 4
    with pytest.raises(DataError, match="Did you mean 'king'"):
        given["kingg"]
    with pytest.raises(DataError, match="Did you mean 'king'"):
        given.most_similar("King")
    with pytest.raises(DataError, match="came too seldom"):
        given.similarity("king", "xylophone")
    with pytest.raises(DataError, match="a word at least"):
        given.most_similar([])
    with pytest.raises(DataError, match="at least three words"):
        given.doesnt_match(["king", "man"])
    with pytest.raises(ConfigError, match="add or multiply"):
        given.most_similar("king", method="divide")
    with pytest.raises(ConfigError, match="most"):
        given.most_similar("king", most=0)


def test_vectors_that_are_none_are_refused() -> None:
    with pytest.raises(ShapeError, match="one for each word"):
        WordVectors(["a"], np.zeros((2, 3)))
    with pytest.raises(DataError, match="finite"):
        WordVectors(["a"], np.array([[math.nan]]))
    with pytest.raises(DataError, match="each word once"):
        WordVectors(["a", "a"], np.zeros((2, 3)))


def test_files_give_back_what_was_written(tmp_path: Path, fitted: Word2Vec) -> None:
    vectors = fitted.vectors_
    fitted.save(tmp_path / "words.chainrule")
    vectors.write_word2vec(tmp_path / "a.vec")
    vectors.write_word2vec(tmp_path / "a.bin", binary=True)
    (tmp_path / "a.vec.gz").write_bytes(gzip.compress((tmp_path / "a.vec").read_bytes()))
    for name in ("words.chainrule", "a.vec", "a.bin", "a.vec.gz"):
        found = WordVectors.load(tmp_path / name)
        assert list(found.words) == list(vectors.words)
        np.testing.assert_array_equal(found.vectors, vectors.vectors)
    counts = vectors_in(tmp_path).counts
    assert counts is not None
    assert vectors.counts is not None
    assert counts.tolist() == vectors.counts.tolist()
    assert (tmp_path / "a.vec").read_text().splitlines()[0] == f"{len(vectors)} 8"


@pytest.mark.parametrize("keep", [0, 3, 30, 200, 300, -3])
@pytest.mark.parametrize("name", ["words.chainrule", "a.vec", "a.bin"])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, fitted: Word2Vec, name: str, keep: int) -> None:
    fitted.save(tmp_path / "words.chainrule")
    fitted.vectors_.write_word2vec(tmp_path / "a.vec")
    fitted.vectors_.write_word2vec(tmp_path / "a.bin", binary=True)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: keep if keep >= 0 else len(whole) // 2])
    with pytest.raises(ModelFileError):
        WordVectors.load(tmp_path / name)


def test_what_word2vec_cannot_say_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="without white space"):
        WordVectors(["new york"], np.ones((1, 2), np.float32)).write_word2vec(tmp_path / "a")
    with pytest.raises(ModelFileError, match=r"no words\.chainrule"):
        vectors_in(tmp_path)
    with pytest.raises(ModelFileError, match="no file"):
        WordVectors.load(tmp_path / "nowhere")


def test_questions_are_asked_by_section(tmp_path: Path) -> None:
    path = tmp_path / "questions.txt"
    path.write_text(": family\nman king woman queen\nMan King Woman apple\n: other\nman king cat kitten\n")
    found = ask(vectors(), path)
    first, second = found.sections
    assert (first.name, first.right, first.asked, first.left_out) == ("family", 1, 2, 0)
    assert (second.asked, second.left_out, second.accuracy) == (0, 1, None)
    assert found.total.accuracy == 0.5
    path.write_text(": other\nman king cat kitten\n")
    with pytest.raises(DataError, match="whose four words have vectors"):
        ask(vectors(), path)
    path.write_text("man king woman\n")
    with pytest.raises(DataError, match="four words in line 1"):
        ask(vectors(), path)
    with pytest.raises(DataError, match="no file"):
        ask(vectors(), tmp_path / "nowhere")
