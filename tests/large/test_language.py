"""A running text in a file: read block by block, and given out in lanes that read on."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from chainrule.errors import DataError
from chainrule.large import language as module
from chainrule.large.language import LanguageStream, Tokens, in_lanes, text_blocks

_TEXT = "Ähm, naïve 東京 7 times.\nAgain: naïve!\n" * 40


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 37)
    monkeypatch.setattr(module, "_AT_ONCE", 100)


def _file(folder: Path, text: str = _TEXT, encoding: str = "utf-8") -> Path:
    path = folder / "book.txt"
    path.write_bytes(text.encode(encoding))
    return path


def test_blocks_are_the_text_and_end_between_words(tmp_path: Path) -> None:
    blocks = list(text_blocks(_file(tmp_path)))
    assert "".join(blocks) == _TEXT
    assert len(blocks) > 10
    assert all(block[-1] in " \n" for block in blocks if block)


@pytest.mark.parametrize("unit", ["characters", "words"])
def test_ids_are_those_of_the_vocabulary_over_the_whole_text(tmp_path: Path, unit: str) -> None:
    tokens = Tokens(_file(tmp_path), unit)
    end = len(tokens.numbers) // 2
    vocabulary = tokens.vocabulary(end, least=30, most=1000)
    ids = tokens.encoded(vocabulary)
    assert ids.tolist() == vocabulary.ids_of(_TEXT)


def test_the_vocabulary_is_that_of_the_training_part(tmp_path: Path) -> None:
    tokens = Tokens(_file(tmp_path, "ab " * 20 + "zz " * 20), "characters")
    assert tokens.vocabulary(60, least=2, most=9).entries == (" ", "a", "b")
    assert tokens.vocabulary(60, least=2, most=2).entries == (" ", "a")


def test_a_packed_file_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "book.txt.gz"
    path.write_bytes(gzip.compress(_TEXT.encode()))
    assert "".join(text_blocks(path)) == _TEXT


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("naïve ".encode("cp1252") * 9, r"text in utf-8; got the byte 0xef at place 2.*file_encoding=cp1252"),
        (b"ab\0cd", "zero bytes"),
        (b"", "no token"),
        (b" \n ", "no token"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, raw: bytes, message: str) -> None:
    path = tmp_path / "book.txt"
    path.write_bytes(raw)
    with pytest.raises(DataError, match=message):
        Tokens(path, "words")


def test_another_encoding_can_be_said(tmp_path: Path) -> None:
    path = _file(tmp_path, "naïve " * 9, "cp1252")
    assert "".join(text_blocks(path, "cp1252")) == "naïve " * 9
    with pytest.raises(DataError, match="the name of an encoding"):
        list(text_blocks(path, "nonsense"))


def test_a_missing_file_and_a_damaged_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="which is no file"):
        Tokens(tmp_path / "none.txt", "words")
    (tmp_path / "bad.gz").write_bytes(gzip.compress(_TEXT.encode())[:-20])
    with pytest.raises(DataError, match="to be readable"):
        Tokens(tmp_path / "bad.gz", "words")


def test_lanes_read_on_from_step_to_step_and_from_epoch_to_epoch() -> None:
    ids = np.arange(1000)
    stream = LanguageStream(ids, lanes=4, steps=5)
    read: list[list[int]] = [[], [], [], []]
    for epoch in range(5):
        for chunk in stream.epoch(epoch, seed=0, batch_size=4):
            assert (chunk.t == chunk.x + 1).all()
            for batch in chunk.x.reshape(-1, 4, 5):
                for number, piece in enumerate(batch):
                    read[number] += piece.tolist()
    assert stream.n_samples == 4 * 49
    once = sorted(number for lane in read for number in lane[:245])
    assert once == list(range(980))
    for lane in read:
        jumps = np.flatnonzero(np.diff(lane) != 1)
        # The end of the text is followed by its beginning, and nothing else by anything else.
        assert all(lane[at] == 979 and lane[at + 1] == 0 for at in jumps)


def test_a_text_that_is_too_short_for_one_step_is_refused() -> None:
    with pytest.raises(DataError, match=r"at least 21 tokens.*got 20"):
        LanguageStream(np.arange(20), lanes=4, steps=5)
    with pytest.raises(DataError, match="at least 6 tokens to measure on"):
        in_lanes(np.arange(5), 5)


def test_lanes_to_measure_on_are_whole_pieces_in_order() -> None:
    batch = in_lanes(np.arange(1001), 5, most=3)
    assert batch.x.shape == (3, 330)
    assert (batch.t == batch.x + 1).all()
    assert batch.x[:, 0].tolist() == [0, 330, 660]
