"""What `cv`, `compare` and `tune` have in common: the options, the progress, and where the answer is written."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from chainrule.cli.flags import said
from chainrule.cli.terminal import tell
from chainrule.printable import printable

if TYPE_CHECKING:
    from chainrule.job.choosing import Question
    from chainrule.job.folder import RunFolder
    from chainrule.select import Workers

_SECONDS_BETWEEN_LINES = 5.0
Options: TypeAlias = Callable[[Any], Any]

data = click.argument("data", help="What `train` takes: a table, a folder, a name from `datasets`.")
out = click.option("--out", help="Folder for the answer; runs/NAME-… if left out.")
force = click.option("--force", is_flag=True, help="Replace the answer in --out.")


def together(*options: Options) -> Options:
    """Return several options as one decorator, in their order."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


asked = together(
    click.option("--target", help="Column to predict; guessed if left out."),
    click.option("--task", help="auto, classification or regression."),
)
how = together(
    click.option("--folds-kind", "kind", default="auto", show_default=True, help="auto, stratified, grouped or plain."),
    click.option("--groups", metavar="COLUMN", help="Rows of one group are never parted."),
    click.option("--metric", help="accuracy, macro_f1, log_loss, roc_auc, r2, mae, rmse, or a scorer of scikit-learn."),
    click.option("--epochs", type=int, help="Most passes over the training rows."),
    click.option("--seed", default=0, show_default=True, help="Of the folds, and of all that training draws."),
    click.option("--jobs", default=1, show_default=True, help="Trainings at once."),
    click.option(
        "--backend", default="loky", show_default=True, help="loky (processes of this machine), threading or dask."
    ),
    click.option("--address", help="Of the scheduler of a Dask cluster: tcp://HOST:8786."),
    click.option("--config", help="TOML file of settings; flags and --set win over it."),
    click.option("--set", "set_", multiple=True, metavar="KEY=VALUE", help="Any setting of `train`."),
)
series = together(
    click.option(
        "--time", metavar="COLUMN", help="Series: column of the times. What follows is forecast from what was before."
    ),
    click.option("--group", metavar="COLUMN", help="Series: column that names the series of each row."),
    click.option("--window", type=int, help="Series: steps of history that are read."),
    click.option("--horizon", type=int, help="Series: steps that are forecast."),
    click.option("--known", metavar="COLUMNS", help="Series: columns that are known ahead, A,B for example."),
)
told = together(
    click.option("--json", "json_", is_flag=True, help="Print one JSON object on stdout."),
    click.option("--quiet", is_flag=True, help="Print errors alone; with --json, that one object too."),
)


def settings_of(config: str | None, sets: Sequence[str], flags: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a file, with flags and `--set` over them."""
    from chainrule.job.settings import layered, overrides, read_config

    settings = layered(read_config(Path(config)) if config is not None else {}, overrides(sets, flags))
    settings.pop("data_sha256", None)
    return settings


def workers_of(jobs: int, backend: str, address: str | None) -> Workers:
    """Return where to train; the address of a scheduler says dask by itself."""
    from chainrule.select import Workers

    return Workers(jobs, "dask" if address is not None else backend, address)


def place(question: Question, out: str | None, what: str, *, force: bool) -> RunFolder:
    """Return the folder of the answer, without making it yet."""
    from chainrule.job.folder import check_place

    name = Path(question.source.name).name.split(".")[0] or "run"
    return check_place(out, f"{name}-{what}", force=force)


@contextmanager
def held(folder: RunFolder) -> Iterator[Path]:
    """Make the folder of the answer, the next free one where another was quicker, and have it alone meanwhile."""
    from chainrule.job.folder import make

    made, lock = make(folder)
    try:
        yield made.path
    finally:
        lock.release()


def write(folder: Path, page: str, result: dict[str, Any]) -> Path:
    """Write the page and the figures, and return where the page is."""
    import json

    from chainrule.files import cannot_write, replace_file

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    replace_file(folder / "result.json", json.dumps(result, indent=1, allow_nan=False) + "\n")
    replace_file(folder / "report.html", page)
    return folder / "report.html"


def tell_start(question: Question, what: str, *, quiet: bool) -> None:
    """Say on stderr what is about to be done."""
    if quiet:
        return
    classes = f"{len(question.target.classes)} classes" if question.target.classes else "numbers"
    lines = [f"{question.source.name}: {len(question.source):,} rows; target {question.target.name!r}, {classes}"]
    lines += [f"  note: {printable(said(note))}" for note in question.notes]
    tell("\n".join([*lines, f"  {what}"]))


class Counter:
    """How many trainings are done: a bar on a terminal, else a line now and then."""

    def __init__(self, noun: str, *, quiet: bool) -> None:
        self._noun, self._quiet = noun, quiet
        self._last = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Counter:
        """Show the bar, where there is a terminal."""
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn(f"{self._noun} {{task.completed}}/{{task.fields[of]}}"),
                BarColumn(bar_width=24),
                TextColumn("{task.description}"),
                TimeRemainingColumn(),
                console=Console(stderr=True, highlight=False),
            )
            self._task = self._bar.add_task("", total=None, of="?")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.stop()

    def see(self, done: int, of: int, score: float | None) -> None:
        """Take notice of another training."""
        words = "" if score is None else f"score {score:.4f}"
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=of, of=of, description=words)
        elif not self._quiet and (done == of or time.monotonic() - self._last > _SECONDS_BETWEEN_LINES):
            self._last = time.monotonic()
            tell(f"{self._noun} {done}/{of}  {words}".rstrip())
