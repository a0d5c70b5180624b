"""A student's file, judged in a process of its own: nothing in it can stop, fool or litter this one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chainrule.errors import ConfigError
from chainrule.explain.why import Verdict, question_like
from chainrule.explain.why.apart import judge_file
from tests.explain.why import corpus

QUESTION = question_like("dW", corpus.NETWORK)


def _judged(folder: Path, source: str, seconds: float = 5.0) -> Verdict:
    file = folder / "my.py"
    file.write_text(source, encoding="utf-8")
    return judge_file(file, "f", QUESTION, seconds=seconds)


def test_a_right_file_that_prints_and_writes_is_right_and_leaves_nothing(tmp_path: Path) -> None:
    noisy = corpus.ONE_LINE.replace("return", "print('{'); open('o.txt', 'w').write('hi')\n    return")
    verdict = _judged(tmp_path, corpus.AHEAD + noisy)
    assert verdict.is_right
    assert any("it writes o.txt" in note for note in verdict.notes)
    assert [path.name for path in tmp_path.iterdir()] == ["my.py"]


def test_a_loop_without_end_is_told_with_its_line(tmp_path: Path) -> None:
    verdict = _judged(tmp_path, "def f(x, t):\n    n = 0\n    while True:\n        n += 1\n", seconds=0.5)
    assert "did not end within 0.5 seconds" in verdict.reason
    assert verdict.line in (3, 4)


@pytest.mark.parametrize(
    ("source", "told", "line"),
    [
        ("def f(x)\n    return x\n", "expected ':'", 1),
        ("import os\ndef f(x):\n    os._exit(3)\n", "ended with code 3", None),
        ("def f(x):\n    return bytearray(1 << 40)\n", "MemoryError", 2),
        ("x = 1\ny = x / 0\n", "ZeroDivisionError", 2),
    ],
)
def test_a_file_that_fails_is_told_with_its_line(tmp_path: Path, source: str, told: str, line: int | None) -> None:
    verdict = _judged(tmp_path, source)
    assert (verdict.outcome, verdict.line) == ("not valid", line)
    assert told in verdict.reason


def test_a_name_that_is_not_in_the_file_and_a_file_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'ff'"):
        _judged(tmp_path, "def ff(x):\n    return x\n")
    with pytest.raises(ConfigError, match="No such file"):
        judge_file(tmp_path / "none.py", "f", QUESTION)


def test_a_verdict_and_a_question_survive_json() -> None:
    verdict = Verdict("wrong", 0.5, "r", 3, "c", ("a", "b"), "l", ("n",))
    assert Verdict.from_json(verdict.to_json()) == verdict
    assert json.loads(verdict.to_json())["cause"] == "a"
    assert type(QUESTION).from_dict(json.loads(json.dumps(QUESTION.to_dict()))) == QUESTION
