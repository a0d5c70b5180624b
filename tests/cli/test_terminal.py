"""What is printed reaches whoever can take it, harms nobody, and is never worth more than the work that it tells of."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chainrule.cli import terminal
from chainrule.cli.main import main
from chainrule.errors import OutputError
from tests.cli.conftest import SCRIPT, Command

QUICK = "train iris --epochs 2 --engine numpy --out run"
Shell = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def shell(here: Path) -> Shell:
    """Return a function that runs a line of shell in which $C is the command."""

    def run(line: str) -> subprocess.CompletedProcess[str]:
        script = f"C={SCRIPT}; {line}"
        return subprocess.run(["/bin/bash", "-c", script], cwd=here, capture_output=True, text=True, check=False)

    return run


@pytest.mark.parametrize(
    ("redirected", "code"),
    [
        (">&- 2>&- <&-", 0),
        ("2>/dev/full", 0),
        (">/dev/full", 1),
        ("2>&1 | head -1 >/dev/null; exit ${PIPESTATUS[0]}", 0),
    ],
)
def test_a_run_trains_on_and_saves_wherever_its_words_go(shell: Shell, here: Path, redirected: str, code: int) -> None:
    came = shell(f"$C {QUICK} {redirected}")
    assert (came.returncode, "Traceback" in came.stderr) == (code, False), came.stderr
    names = {"checkpoint.safetensors", "config.toml", "journal.jsonl", "model.chainrule", "pipeline.html"}
    assert {path.name for path in (here / "run").iterdir()} == names | {"report.html"}


def test_an_answer_that_nobody_could_be_given_has_the_code_one(chainrule: Command, shell: Shell) -> None:
    chainrule(*QUICK.split())
    for line in ("$C predict run iris >&-", "$C predict run iris >/dev/full", "$C train --help >/dev/full"):
        came = shell(line)
        assert (came.returncode, len(came.stderr.splitlines())) == (1, 3), came.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_an_encoding_that_lacks_a_sign_gets_one_that_looks_like_it(encoding: str) -> None:
    terminal.prepare()
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding, errors="chainrule", newline="\n")
    stream.write("2×3 – Übung…\n")
    stream.flush()
    assert raw.getvalue() == {"ascii": b"2x3 - \\xdcbung...\n", "cp1252": "2×3 – Übung…\n".encode("cp1252")}[encoding]


def test_a_file_on_a_pipe_is_utf8_whatever_the_terminal_speaks(
    chainrule: Command, shell: Shell, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "t.csv").write_text(
        "a,kind\n" + "".join(f"{i * 7 % 11},{'schön' if i % 2 else 'grün'}\n" for i in range(40))
    )
    chainrule("train", "t.csv", *QUICK.split()[2:])
    chainrule("predict", "run", "t.csv", "--out", "p.csv")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    shell("$C predict run t.csv > q.csv")
    assert (here / "q.csv").read_bytes() == (here / "p.csv").read_bytes()


def test_names_cannot_speak_to_the_terminal(chainrule: Command, here: Path) -> None:
    evil = "\x1b]0;owned\x07\u202etxt"
    rows = "".join(f"{i * 7 % 11},{evil if i % 2 else 'no'}\n" for i in range(40))
    (here / "t.csv").write_text(f"a{evil},kind{evil}\n{rows}")
    spoken = []
    for line in (
        ("train", "t.csv", "--target", f"kind{evil}", *QUICK.split()[2:]),
        ("train", "t.csv", "--target", f"knd{evil}", *QUICK.split()[2:]),
        ("inspect", "run"),
        ("explain", "run", "t.csv"),
        ("evaluate", "run", "t.csv"),
        ("evaluate", "run", "t.csv", "--json"),
        ("cv", "t.csv", "--target", f"kind{evil}", "--epochs", "1", "--folds", "2"),
    ):
        came = chainrule(*line)
        spoken.append(came.out + came.err)
    assert (here / "run" / "model.chainrule").exists()
    assert "\\x1b]0;owned" in "".join(spoken)
    assert not [letter for text in spoken for letter in text if letter in evil[:1] + "\x07\u202e"]


def test_a_name_cannot_forge_a_line(chainrule: Command, here: Path) -> None:
    evil = '"a\nerror: all is lost"'
    (here / "t.csv").write_text(f"{evil},kind\n" + "".join(f"{i * 7 % 11},{i % 2}\n" for i in range(40)))
    came = chainrule("train", "t.csv", *QUICK.split()[2:])
    told = came.out + came.err + chainrule("inspect", "run").out
    assert came.code == 0
    assert not [line for line in told.splitlines() if line.startswith("error: all is lost")]


class Broken(io.StringIO):
    """A stream that fails."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_stderr_that_fails_is_given_up() -> None:
    stream = terminal.Unbreakable(Broken())
    for _ in range(2):
        print("hello", file=stream)
        stream.flush()
    assert not stream.isatty()


def test_a_stdout_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Broken())
    with pytest.raises(OutputError, match="No space left"):
        terminal.answer("42")


def test_memory_that_does_not_suffice_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("chainrule.sources.datasets.entries", fail)
    monkeypatch.setattr(sys, "argv", ["chainrule", "datasets"])
    with pytest.raises(SystemExit) as end:
        main()
    assert (end.value.code, "enough memory" in capsys.readouterr().err) == (2, True)
