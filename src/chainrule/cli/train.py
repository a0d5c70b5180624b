"""`chainrule train`: from data to a trained, saved and reported network."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

import click

from chainrule.cli import choose
from chainrule.cli.flags import said
from chainrule.cli.models import LIST, models_in_words
from chainrule.cli.terminal import answer, say, tell
from chainrule.cli.written import options as how_it_is_written
from chainrule.printable import printable

if TYPE_CHECKING:
    from chainrule.job.jobs import AnyJob
    from chainrule.job.running import Outcome


@click.command()
@click.argument(
    "data", required=False, help="Table, folder or zip of class folders, file of arrays, or a name from `datasets`."
)
@click.option("--target", help="Column to predict; guessed if left out.")
@click.option(
    "--task", help="auto, classification, regression; tagging: a label for each token; next: a language model."
)
@click.option("--image-size", help="Pictures: 48, or height x width, 48x64.")
@click.option("--grey", is_flag=True, help="Pictures: without colour.")
@click.option("--resample", is_flag=True, help="Sounds: bring all to the rate that most have.")
@click.option("--label-from", metavar="REGEX", help="Files: what its first group matches in the path is the label.")
@click.option("--test-from", metavar="REGEX", help="Files: those that match are the test part.")
@choose.series
@click.option("--offline", is_flag=True, help="Fetch nothing.")
@click.option("--strict", is_flag=True, help="Stop if a file cannot be read.")
@how_it_is_written
@click.option(
    "--model",
    is_flag=False,
    flag_value=LIST,
    metavar="NAME",
    help="mlp, cnn for pictures, lstm, gru, rnn or transformer for sequences; auto; list: all, with their settings.",
)
@click.option("--tokens", help="Texts that a model of sequences reads: words or characters.")
@click.option("--steps", type=int, help="Sequences: most steps that are read; of --task next, those of a piece.")
@click.option("--effort", help="Tables: quick, standard or best; many networks on folds, the best of them picked.")
@click.option("--metric", help="Two classes, with --effort: what the threshold of the answer is chosen for.")
@click.option("--time-limit", type=float, metavar="SECONDS", help="End after so long, with the best so far.")
@click.option("--jobs", type=int, help="With --effort: trainings at once; one for each core if left out.")
@click.option("--filters", help="cnn: filters of each block, 32,64 for example.")
@click.option("--hidden", help="Units of the hidden layers; 128,64 if left out, 0 for none.")
@click.option("--activation", help="relu, tanh, sigmoid, gelu, silu, elu, …")
@click.option("--optimizer", help="adam, gradient_descent, momentum, lbfgs, …")
@click.option("--lr", "learning_rate", type=float, help="Learning rate.")
@click.option("--l2", type=float, help="Penalty on the squares of the weights; 1 / rows if left out.")
@click.option("--augment", help="Pictures: light or strong changes at each step; none.")
@click.option("--ema", type=float, help="Moving average of the weights, 0.999 for example.")
@click.option("--precision", help="float32, or bfloat16 on jax.")
@click.option("--class-weight", help="balanced: rare classes count for more; none.")
@click.option("--dropout", type=float, help="Rate of dropping hidden values.")
@click.option("--epochs", type=int, help="Most passes over the training rows.")
@click.option("--batch-size", type=int, help="Rows a step.")
@click.option("--valid", help="Share of the rows, or a file; as published or 0.2 if left out.")
@click.option("--test", help="Share of the rows, or a file; as published or 0.2 if left out.")
@click.option("--seed", type=int, help="Names every random number that is drawn.")
@click.option("--engine", help="auto, numpy or jax.")
@click.option(
    "--stream/--no-stream", default=None, help="Leave the training rows on the disk; by the file's size if left out."
)
@click.option("--config", help="TOML file of settings; flags and --set win over it.")
@click.option("--set", "set_", multiple=True, metavar="KEY=VALUE", help="Any other setting.")
@click.option("--out", help="Run folder; runs/NAME if left out.")
@click.option("--force", is_flag=True, help="Replace the run in --out.")
@click.option("--resume", metavar="DIR", help="Go on with the run in this folder.")
@click.option("--no-replay", is_flag=True, help="Try nothing at the end: no cure is named for what went wrong.")
@click.option("--no-rivals", is_flag=True, help="Fit no linear model and no boosted trees to compare with.")
@click.option("--print-config", is_flag=True, help="Print every setting and stop.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object on stdout.")
@click.option("--quiet", is_flag=True, help="Print errors alone; with --json, that one object too.")
def train(
    data: str | None,
    target: str | None,
    task: str | None,
    image_size: str | None,
    grey: bool,
    resample: bool,
    label_from: str | None,
    test_from: str | None,
    time: str | None,
    group: str | None,
    window: int | None,
    horizon: int | None,
    known: str | None,
    offline: bool,
    strict: bool,
    model: str | None,
    tokens: str | None,
    steps: int | None,
    effort: str | None,
    metric: str | None,
    time_limit: float | None,
    jobs: int | None,
    filters: str | None,
    hidden: str | None,
    activation: str | None,
    optimizer: str | None,
    learning_rate: float | None,
    l2: float | None,
    augment: str | None,
    ema: float | None,
    precision: str | None,
    class_weight: str | None,
    dropout: float | None,
    epochs: int | None,
    batch_size: int | None,
    valid: str | None,
    test: str | None,
    seed: int | None,
    engine: str | None,
    stream: bool | None,
    config: str | None,
    set_: tuple[str, ...],
    out: str | None,
    force: bool,
    resume: str | None,
    no_replay: bool,
    no_rivals: bool,
    print_config: bool,
    json_: bool,
    quiet: bool,
    written: dict[str, Any],
) -> None:
    """Train a network on a table or on files, and write the model and a report into a run folder."""
    from chainrule.job.settings import overrides

    if model == LIST:
        answer(models_in_words())
        return
    flags = {
        "data": data,
        "target": target,
        "task": task,
        "image_size": image_size,
        "grey": grey or None,
        "resample": resample or None,
        "label_from": label_from,
        "test_from": test_from,
        "time": time,
        "group": group,
        "window": window,
        "horizon": horizon,
        "known": known,
        "offline": offline or None,
        "strict": strict or None,
        **written,
        "model": model,
        "tokens": tokens,
        "steps": steps,
        "effort": effort,
        "metric": metric,
        "time_limit": time_limit,
        "jobs": jobs,
        "filters": filters,
        "augment": augment,
        "ema": ema,
        "precision": precision,
        "class_weight": class_weight,
        "hidden": hidden,
        "activation": activation,
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "l2": l2,
        "dropout": dropout,
        "epochs": epochs,
        "batch_size": batch_size,
        "valid": valid,
        "test": test,
        "seed": seed,
        "engine": engine,
        "stream": stream,
    }
    given = overrides(set_, flags)
    if resume is not None:
        settled = {"out": out, "config": config, "force": force, "print_config": print_config}
        job: AnyJob | None = _resumed_job(resume, given, {name for name, value in settled.items() if value}, quiet)
    else:
        job = _new_job(config, given, out, force, print_config, quiet)
    if job is None:
        return
    if not quiet:
        _tell_start(job)
    with _asking_politely(job):
        _watch(job, quiet=quiet)
        outcome = job.finish(replays=not no_replay, rivals=not no_rivals)
    if json_:
        answer(json.dumps(_as_json(outcome), allow_nan=False))
    elif not quiet:
        _tell_end(outcome)


def _new_job(
    config: str | None, given: dict[str, Any], out: str | None, force: bool, print_config: bool, quiet: bool
) -> AnyJob | None:
    from pathlib import Path

    from chainrule.job.config import config_from
    from chainrule.job.folder import check_place
    from chainrule.job.jobs import job_of
    from chainrule.job.settings import layered, read_config, to_toml

    settings = read_config(Path(config)) if config is not None else {}
    chosen = config_from(layered(settings, given))
    if print_config:
        answer(to_toml(chosen).removesuffix("\n"))
        return None
    name = Path(chosen.data).name.split(".")[0] or "run"
    folder = check_place(out, name, force=force)
    return job_of(chosen, folder, tell=_reader(quiet))


def _resumed_job(resume: str, given: dict[str, Any], settled: set[str], quiet: bool) -> AnyJob:
    from pathlib import Path

    from chainrule.errors import ConfigError
    from chainrule.job.resume import resumed

    others = sorted((set(given) | settled) - {"epochs", "time_limit"})
    if others:
        raise ConfigError(
            "--epochs or --time-limit alone beside --resume, which goes on with a run as it was begun",
            ", ".join(others),
            "Leave it out, or start a new run.",
        )
    return resumed(Path(resume), given.get("epochs"), _reader(quiet), time_limit=given.get("time_limit"))


def _reader(quiet: bool) -> Callable[[str], None]:
    from chainrule.cli.progress import Reading

    return (lambda words: None) if quiet else Reading().tell


def _watch(job: AnyJob, *, quiet: bool) -> None:
    """Train to the end, or until Ctrl-C asks for it."""
    from chainrule.cli.progress import observer

    shown = observer(quiet=quiet)
    with shown or nullcontext(), closing(iter(job)) as events:
        for event in events:
            if shown is not None:
                shown.see(event)


@contextmanager
def _asking_politely(job: AnyJob) -> Iterator[None]:
    """Let a signal end the run after the steps in hand, and with its model and report; a second Ctrl-C at once.

    `kill`, and a terminal that is closed, may be heard any number of times: nobody who sends them twice wants to lose the
    model. `nohup` is respected.
    """

    def handle(number: int, frame: object) -> None:
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        job.stop("interrupted")
        # Not through `sys.stderr`, which may be in the middle of a line when the signal comes.
        with suppress(OSError):
            os.write(2, b"\nending after these steps; Ctrl-C again to end at once\n")

    numbers = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell_start(job: AnyJob) -> None:
    prepared = job.prepared
    rows = ", ".join(f"{part.n:,} {name}" for name, part in prepared.parts.items())
    target = prepared.preparation.target
    kind = f"{len(target.classes)} classes" if target.classes else "numbers"
    lines = [f"{prepared.source.name}: {rows} rows; target {target.name!r}, {kind}"]
    lines += [f"  note: {printable(said(note))}" for note in job.notes]
    encoding = prepared.preparation.encoding
    lines.append("  columns: " + _by_kind(job) if encoding.columns else f"  inputs: {encoding.describe()}")
    lines.append(f"  {job.noun}: {said(job.about)}")
    lines.append(f"  engine: {job.where}")
    lines.append(f"  seed: {job.config.seed}")
    tell("\n".join(lines))


def _by_kind(job: AnyJob) -> str:
    from chainrule.sources.kinds import LEFT_OUT

    kinds: dict[str, list[str]] = {}
    for column in job.prepared.preparation.columns:
        kinds.setdefault(column.kind, []).append(column.name)
    parts = []
    for kind, names in kinds.items():
        shown = ", ".join(map(printable, names[:6])) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        left_out = " (left out)" if kind in LEFT_OUT else ""
        parts.append(f"{kind}{left_out}: {shown}")
    return "; ".join(parts)


def _tell_end(outcome: Outcome) -> None:
    from chainrule.cli.table import metrics_table

    tell(f"{outcome.came}\n")
    lines = [metrics_table({**outcome.metrics, **outcome.rivals}), ""]
    lines += [f"model   {outcome.folder.model}", f"report  {outcome.folder.report}"]
    lines += [f"{head:<7} {said(text)}" for head, text in outcome.told]
    say("\n".join([*lines, f"next    {said(outcome.advice)}"]))


def _as_json(outcome: Outcome) -> dict[str, Any]:
    from chainrule.cli.table import finite

    about = outcome.model.summary.get("ensemble")
    picked = {} if about is None else {"picked": about["picked"], "threshold": outcome.model.threshold}
    return {
        "run": str(outcome.folder.path),
        "model": str(outcome.folder.model),
        "report": str(outcome.folder.report),
        "engine": outcome.engine,
        "task": outcome.model.prepared_by.target.task,
        "n_parameters": outcome.model.network.n_parameters,
        "epochs": outcome.epochs,
        "seconds": round(outcome.seconds, 3),
        "metrics": {part: finite(values) for part, values in outcome.metrics.items()},
        **picked,
        "rivals": {name: finite(values) for name, values in outcome.rivals.items()},
        "intervals": {name: list(finite(bounds).values()) for name, bounds in outcome.intervals.items()},
    }
