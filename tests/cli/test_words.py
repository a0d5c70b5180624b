"""`chainrule words`: from a text to vectors, and what is asked of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command


@pytest.fixture
def run(chainrule: Command, here: Path) -> str:
    rng = np.random.default_rng(0)
    groups = (["sun", "moon", "star", "sky"], ["bread", "butter", "cheese", "wine"])
    lines = [" ".join(rng.choice(groups[i % 2], 5)) for i in range(600)]
    (here / "text.txt").write_text("\n".join(lines))
    done = chainrule(
        "words", "train", "text.txt", "--units", "8", "--epochs", "5", "--subsample", "0", "--batch-words", "64",
        "--word2vec", "text",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "8 words with 8 units each, from 3,000 words of text" in done.err
    assert done.out.splitlines()[0].endswith("runs/text/words.chainrule")
    return "runs/text"


def test_words_are_trained_and_asked(chainrule: Command, run: str) -> None:
    near = json.loads(chainrule("words", "nearest", run, "sun", "-n", "3", "--json").out)
    assert {each["word"] for each in near} == {"moon", "star", "sky"}
    assert chainrule("words", "nearest", f"{run}/words.vec", "sun").out.splitlines()[0].split() == ["word", "score"]
    assert chainrule("words", "odd", run, "bread", "wine", "moon").out == "moon\n"
    assert len(json.loads(chainrule("words", "analogy", run, "sun", "moon", "wine", "--json").out)) == 5
    Path("questions.txt").write_text(": all\nsun moon bread wine\nsun moon bread bear\n")
    lines = chainrule("words", "evaluate", run, "questions.txt").out.splitlines()
    assert lines[1].split()[-2:] == ["1", "1"]
    assert chainrule("words", "export", run, "vectors.bin", "--binary").code == 0
    assert Path("vectors.bin").read_bytes().startswith(b"8 8\n")
    assert json.loads((Path(run) / "words.json").read_text())["units"] == 8


def test_mistakes_are_told_with_the_flags_of_the_command(chainrule: Command, run: str) -> None:
    wrong = chainrule("words", "nearest", run, "sunn")
    assert wrong.code == 2
    assert "Did you mean 'sun'?" in wrong.err
    few = chainrule("words", "train", "text.txt", "--min-count", "100000", "--out", "few")
    assert few.code == 2
    assert "or a smaller --min-count" in few.err
    away = chainrule("words", "train", "text.txt", "--learning-rate", "1e9", "--out", "away")
    assert away.code == 1
    assert "Take a smaller --learning-rate, or fewer words in a step (--batch-words)" in away.err
    again = chainrule("words", "train", "text.txt", "--out", run)
    assert again.code == 2
    assert "Add --force" in again.err
    assert chainrule("words", "nearest", "nowhere", "sun").code == 2
