"""`chainrule check`: a derivative in a file of one's own."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Command

LIKE = ("--like", "softmax(sigmoid(x W + b) V + c)")
RIGHT = "def dV(z, y, t):\n    return z.T @ (y - t)\n"


def test_right_is_0_and_wrong_is_1_with_its_line_and_cause(chainrule: Command, here: Path) -> None:
    (here / "my.py").write_text(RIGHT + "\n" + RIGHT.replace("dV", "other").replace("y - t", "t - y"))
    right = chainrule("check", "my.py:dV", *LIKE)
    assert (right.code, right.out.startswith("right")) == (0, True)
    wrong = chainrule("check", "my.py:other", "--of", "dV", *LIKE, "--json")
    told = json.loads(wrong.out)
    assert wrong.code == 1
    assert told["line"] == 5
    assert told["cause"] == "the sign: `t - y` stands where `y - t` should"
    assert {"score", "reason"} <= set(told)


def test_a_question_that_cannot_be_understood_is_2(chainrule: Command, here: Path) -> None:
    (here / "my.py").write_text(RIGHT)
    assert chainrule("check", "my.py", *LIKE).code == 2
    assert chainrule("check", "my.py:dV", "--like", "softmax(").code == 2
    assert chainrule("check", "none.py:dV", *LIKE).code == 2
    assert chainrule("check", "my.py:dV", *LIKE, "--argument", "z").code == 2
