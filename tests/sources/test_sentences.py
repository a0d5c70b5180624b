"""Sentences: from files, folders and iterators, in bounded memory; what is no text is refused."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest

from chainrule.errors import DataError
from chainrule.sources import sentences
from chainrule.sources.sentences import sentences_of, words_of


def test_words_are_letters_and_digits_in_small_letters() -> None:
    assert words_of("The king's 2 crowns — don’t; Zürich_x!") == [
        "the",
        "king's",
        "2",
        "crowns",
        "don’t",
        "zürich",
        "x",
    ]


def test_a_file_a_packed_one_and_a_folder_say_the_same(tmp_path: Path) -> None:
    text = '<doc id="1" title="a">\nOne two.\n\nThree\n</doc>\n'
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(text)
    (tmp_path / "b.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / ".hidden").write_text("four")
    expected = [["one", "two"], ["three"]]
    for path in (tmp_path / "in" / "a.txt", tmp_path / "b.gz"):
        assert [words for words in sentences_of(path) if words] == expected
    assert [words for words in sentences_of(str(tmp_path)) if words] == expected * 2


def test_sentences_may_be_texts_or_lists_of_words() -> None:
    assert [*sentences_of(iter(["One two", ["Three", "four"]]))] == [["one", "two"], ["Three", "four"]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (7, "an iterable of sentences"),
        ([["a"], 7], "sentence 1 to be text"),
        ([["a", 3]], "words of sentence 0 to be text"),
    ],
)
def test_what_is_no_sentence_is_refused(given: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        [*sentences_of(given)]


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no '.*nowhere'"):
        [*sentences_of(tmp_path / "nowhere")]
    with pytest.raises(DataError, match="files with text"):
        [*sentences_of(tmp_path)]
    (tmp_path / "latin.txt").write_bytes("Zürich".encode("latin-1"))
    with pytest.raises(DataError, match="text in utf-8"):
        [*sentences_of(tmp_path / "latin.txt")]
    assert [*sentences_of(tmp_path / "latin.txt", encoding="latin-1")] == [["zürich"]]
    with pytest.raises(DataError, match="an encoding that Python knows"):
        [*sentences_of(tmp_path / "latin.txt", encoding="klingon")]
    (tmp_path / "half.gz").write_bytes(gzip.compress(b"one two " * 1000)[:-20])
    with pytest.raises(DataError, match="a whole gzip file"):
        [*sentences_of(tmp_path / "half.gz")]


def test_a_line_without_end_is_cut_between_words_in_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentences, "PIECE", 1000)
    monkeypatch.setattr(sentences, "LONGEST", 50)
    path = tmp_path / "line.txt"
    path.write_text(" ".join(f"word{number}" for number in range(20_000)))
    tracemalloc.start()
    count = 0
    for words in sentences_of(path):
        assert len(words) <= 50
        for word in words:
            assert word == f"word{count}"
            count += 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 150_000 < path.stat().st_size


def test_a_megabyte_without_white_space_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentences, "PIECE", 1000)
    (tmp_path / "x").write_text("x" * 5000)
    with pytest.raises(DataError, match="white space between them"):
        [*sentences_of(tmp_path / "x")]
