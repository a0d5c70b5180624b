"""What the library calls `dropout=0.3` is told as the command that runs takes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chainrule.cli.flags import in_flags
from chainrule.cli.main import app
from tests.cli.conftest import ROOT, Command

CASES = [
    ("train", "try `dropout=0.3`.", "try --dropout 0.3."),
    ("train", "leave `dropout` out", "leave --dropout out"),
    ("train", "`learning_rate=0.1`", "--lr 0.1"),
    ("train", "`batch_size=9`", "--batch-size 9"),
    ("train", "`resample=True`", "--resample"),
    ("train", "`stream=False`", "--no-stream"),
    ("train", "`norm=false`", "--set norm=false"),
    ("train", "leave `norm` out", "leave --set norm=… out"),
    ("train", "`columns.NAME=category`", "--set columns.NAME=category"),
    ("train", "`columns.a b=text`", "--set 'columns.a b=text'"),
    ("train", "`target=a b`?", "--target 'a b'?"),
    ("train", "see `chainrule datasets`", "see `chainrule datasets`"),
    ("cv", "`hidden=64,32`", "--set hidden=64,32"),
    ("cv", "`kind=plain`", "--folds-kind plain"),
    ("predict", "`augment=light`", "--augment light"),
    ("explain", "`weights=hidden1.W[0,2]`", "--weight 'hidden1.W[0,2]'"),
    ("play", "another `port`", "another --port"),
]


@pytest.mark.parametrize(("command", "text", "told"), CASES)
def test_settings_are_told_as_flags(command: str, text: str, told: str) -> None:
    assert in_flags(text, app.commands[command], app) == told


# Lines below the command line that have to do with it, or with no command at all: a sheet of styles, a file's header.
JUSTIFIED = {
    "explain/sheet.py": r"--[a-z]+[:)]",
    "explain/through_time/as_html.py": r"--(lit|at|mark|accent)[:)]",
    "job/settings.py": r"`chainrule train --config` this file repeats it",
}


def test_no_flag_of_the_command_line_is_named_below_it() -> None:
    found = []
    package = ROOT / "src" / "chainrule"
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).as_posix()
        if name.startswith("cli/"):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            justified = re.sub(JUSTIFIED[name], "", line) if name in JUSTIFIED else line
            if re.search(r"--[a-z]", justified):
                found.append(f"{name}:{number}: {line.strip()}")
    assert found == []


def test_what_was_guessed_and_what_to_try_are_told_with_flags(chainrule: Command, here: Path) -> None:
    (here / "t.csv").write_text("a,b\n" + "".join(f"{i % 7}.5,{('x', 'y')[i % 2]}\n" for i in range(40)))
    told = chainrule("train", "t.csv", "--epochs", "2", "--engine", "numpy", "--out", "run")
    assert "the target is guessed to be 'b' (--target)" in told.err
    assert re.search(r"next    .* --\w", told.out)
    assert "`" not in told.err + told.out


def test_the_report_names_settings_as_code(chainrule: Command, here: Path) -> None:
    (here / "t.csv").write_text("a,b\n" + "".join(f"{i % 7}.5,{('x', 'y')[i % 2]}\n" for i in range(40)))
    assert chainrule("train", "t.csv", "--epochs", "2", "--engine", "numpy", "--out", "run", "--quiet").code == 0
    page = Path("run/report.html").read_text(encoding="utf-8")
    assert "(<code>target</code>)" in page
    assert "--target" not in page
