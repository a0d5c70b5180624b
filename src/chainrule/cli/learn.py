"""`chainrule learn`: exercises from the slides, checked, and told why where they are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from chainrule.cli.terminal import answer, tell
from chainrule.errors import ConfigError
from chainrule.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

    from chainrule.explain.exercises.progress import Progress
    from chainrule.explain.why.verdict import Verdict


@click.group(invoke_without_command=True)
@click.pass_context
def learn(ctx: click.Context) -> None:
    """Derive it yourself: exercises, checked, and told why where they are wrong."""
    if ctx.invoked_subcommand is not None:
        return
    from chainrule.explain.exercises import EXERCISES
    from chainrule.explain.exercises.progress import Progress

    progress = Progress()
    rows = [(one.group, one.name, _state(progress, one.name), one.slide) for one in EXERCISES]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = ["  ".join([*(cell.ljust(w) for cell, w in zip(row[:3], widths, strict=True)), row[3]]) for row in rows]
    done = sum(progress.of(one.name).done for one in EXERCISES)
    following = next((one.name for one in EXERCISES if not progress.of(one.name).done), None)
    lines.append(
        f"\n{done} of {len(EXERCISES)} done" + (f"; next: chainrule learn start {following}" if following else "")
    )
    answer("\n".join(lines))


def _state(progress: Progress, name: str) -> str:
    record = progress.of(name)
    return "done" if record.done else ("begun" if record.file else "open")


@learn.command()
@click.argument("name")
@click.option("--out", default=".", show_default=True, help="The folder that the file is written to.")
def start(name: str, out: str) -> None:
    """Write NAME.py: the task, the shapes, an example with numbers, and an empty function."""
    from pathlib import Path

    from chainrule.explain.exercises import find
    from chainrule.explain.exercises.progress import Progress
    from chainrule.files import replace_file

    exercise = find(name)
    path = Path(out) / f"{name}.py"
    if path.exists():
        raise ConfigError(f"no {path.name} yet", f"{path}", "Go on with it, or name another folder: --out DIR.")
    if not path.parent.is_dir():
        raise ConfigError("a folder", str(path.parent), "Make it first, or leave --out out.")
    replace_file(path, exercise.stub())
    Progress().change(name, file=str(path.resolve()))
    answer(f"{exercise.task}\nWrite it in {path}, then: chainrule learn check {path}")


@learn.command()
@click.argument("file", required=False)
@click.option("--watch", is_flag=True, help="Check again whenever the file is saved, until it is right.")
@click.option("--json", "json_", is_flag=True, help="Print score, reason, line and cause as JSON.")
@click.option("--seconds", default=5.0, show_default=True, help="That one call may take.")
@click.pass_context
def check(ctx: click.Context, file: str | None, watch: bool, json_: bool, seconds: float) -> None:
    """Check FILE, or what was worked on last. The exit code is 0 if it is right, 1 if not."""
    import time

    from chainrule.explain.exercises.progress import Progress

    if not seconds > 0:
        raise ConfigError("--seconds above 0", f"{seconds:g}", "Leave it out for 5.")
    progress = Progress()
    path, name = _file_of(file, progress)
    while True:
        saved = path.stat().st_mtime_ns if path.exists() else 0
        verdict = _checked(path, name, progress, seconds)
        answer(verdict.to_json() if json_ else printable(_told(verdict), keep="\n"))
        if verdict.is_right or not watch:
            ctx.exit(0 if verdict.is_right else 1)
        tell(f"waiting until {path.name} is saved …")
        while path.exists() and path.stat().st_mtime_ns == saved:
            time.sleep(0.2)


def _file_of(file: str | None, progress: Progress) -> tuple[Path, str]:
    """Return the file and the exercise that it is of: the file's name, or what was started there."""
    from pathlib import Path

    from chainrule.explain.exercises import EXERCISES, find

    if file is None:
        if progress.latest is None or not progress.of(progress.latest).file:
            raise ConfigError("a file", "none, and no exercise was started", "Begin: chainrule learn start sigmoid.")
        return Path(progress.of(progress.latest).file), progress.latest
    path = Path(file)
    started = [one.name for one in EXERCISES if progress.of(one.name).file == str(path.resolve())]
    return path, started[0] if started else find(path.stem).name


def _checked(path: Path, name: str, progress: Progress, seconds: float) -> Verdict:
    from chainrule.explain.exercises import find
    from chainrule.explain.why.apart import judge_file

    verdict = judge_file(path, name, find(name).question, seconds=seconds)
    record = progress.of(name)
    progress.change(name, file=str(path.resolve()), checks=record.checks + 1, done=record.done or verdict.is_right)
    return verdict


def _told(verdict: Verdict) -> str:
    """Return the verdict without the right line, which is the last hint."""
    from dataclasses import replace

    return str(replace(verdict, right_line=""))


@learn.command()
@click.argument("name")
def hint(name: str) -> None:
    """Help, a little more each time: the steps, the slip, the right line in your own names."""
    from pathlib import Path

    from chainrule.explain.exercises import find
    from chainrule.explain.exercises.progress import Progress
    from chainrule.explain.why.apart import judge_file

    exercise, progress = find(name), Progress()
    record = progress.of(name)
    level = min(record.hints + 1, 3)
    progress.change(name, hints=level)
    steps = ", then ".join(line.meaning or line.name for line in exercise.steps)
    file = Path(record.file) if record.file else None
    if level == 1 or file is None or not file.exists():
        answer(f"the steps: {steps}")
        return
    verdict = judge_file(file, name, exercise.question)
    if verdict.is_right:
        answer("it is right; there is nothing to help with")
    elif level == 2 or not verdict.right_line:
        answer(printable(_told(verdict), keep="\n"))
    else:
        answer(printable(f"should be  {verdict.right_line}"))


@learn.command()
@click.argument("name")
def show(name: str) -> None:
    """Show the derivation, after two checks."""
    from chainrule.explain.exercises import find
    from chainrule.explain.exercises.progress import Progress

    exercise = find(name)
    record = Progress().of(name)
    if record.checks < 2 and not record.done:
        raise ConfigError(
            "two checks before the derivation is shown", f"{record.checks}", f"Try: chainrule learn check {name}.py."
        )
    answer(exercise.derivation())
