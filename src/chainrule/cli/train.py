"""`chainrule train`: from data to a trained, saved and reported network."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from chainrule.job.train import Job, Outcome

Option = typer.Option


def train(
    data: Annotated[
        str | None,
        typer.Argument(help="Table, folder or zip of class folders, file of arrays, or a name from `datasets`."),
    ] = None,
    target: Annotated[str | None, Option(help="Column to predict; guessed if left out.")] = None,
    task: Annotated[str | None, Option(help="auto, classification or regression.")] = None,
    image_size: Annotated[str | None, Option(help="Pictures: 48, or height x width, 48x64.")] = None,
    grey: Annotated[bool, Option("--grey", help="Pictures: without colour.")] = False,
    resample: Annotated[bool, Option("--resample", help="Sounds: bring all to the rate that most have.")] = False,
    label_from: Annotated[
        str | None, Option(metavar="REGEX", help="Files: what its first group matches in the path is the label.")
    ] = None,
    test_from: Annotated[str | None, Option(metavar="REGEX", help="Files: those that match are the test part.")] = None,
    offline: Annotated[bool, Option("--offline", help="Fetch nothing.")] = False,
    strict: Annotated[bool, Option("--strict", help="Stop if a file cannot be read.")] = False,
    header: Annotated[str | None, Option(help="auto, first (line names the columns) or none.")] = None,
    model: Annotated[str | None, Option(help="mlp, or cnn for pictures; auto chooses by their size.")] = None,
    filters: Annotated[str | None, Option(help="cnn: filters of each block, 32,64 for example.")] = None,
    hidden: Annotated[str | None, Option(help="Units of the hidden layers; 128,64 if left out, 0 for none.")] = None,
    activation: Annotated[str | None, Option(help="relu, tanh, sigmoid, gelu, silu, elu, …")] = None,
    optimizer: Annotated[str | None, Option(help="adam, gradient_descent, momentum, lbfgs, …")] = None,
    lr: Annotated[float | None, Option(help="Learning rate.")] = None,
    l2: Annotated[float | None, Option(help="Penalty on the squares of the weights; 1 / rows if left out.")] = None,
    augment: Annotated[str | None, Option(help="Pictures: light or strong changes at each step; none.")] = None,
    ema: Annotated[float | None, Option(help="Moving average of the weights, 0.999 for example.")] = None,
    precision: Annotated[str | None, Option(help="float32, or bfloat16 on jax.")] = None,
    class_weight: Annotated[str | None, Option(help="balanced: rare classes count for more; none.")] = None,
    dropout: Annotated[float | None, Option(help="Rate of dropping hidden values.")] = None,
    epochs: Annotated[int | None, Option(help="Most passes over the training rows.")] = None,
    batch_size: Annotated[int | None, Option(help="Rows a step.")] = None,
    valid: Annotated[str | None, Option(help="Share of the rows, or a file; as published or 0.2 if left out.")] = None,
    test: Annotated[str | None, Option(help="Share of the rows, or a file; as published or 0.2 if left out.")] = None,
    seed: Annotated[int | None, Option(help="Names every random stream.")] = None,
    engine: Annotated[str | None, Option(help="auto, numpy or jax.")] = None,
    stream: Annotated[
        bool | None,
        Option("--stream/--no-stream", help="Leave the training rows on the disk; by the file's size if left out."),
    ] = None,
    config: Annotated[str | None, Option(help="TOML file of settings; flags and --set win over it.")] = None,
    set_: Annotated[list[str] | None, Option("--set", metavar="KEY=VALUE", help="Any other setting.")] = None,
    out: Annotated[str | None, Option(help="Run folder; runs/NAME if left out.")] = None,
    force: Annotated[bool, Option("--force", help="Replace the run in --out.")] = False,
    resume: Annotated[str | None, Option(metavar="DIR", help="Go on with the run in this folder.")] = None,
    print_config: Annotated[bool, Option("--print-config", help="Print every setting and stop.")] = False,
    json_: Annotated[bool, Option("--json", help="Print one JSON object on stdout.")] = False,
    quiet: Annotated[bool, Option("--quiet", help="Print errors alone; with --json, that one object too.")] = False,
) -> None:
    """Train a network on a table or on files, and write the model and a report into a run folder."""
    from chainrule.job.settings import overrides, parse_hidden, parse_part, parse_size

    flags = {
        "data": data,
        "target": target,
        "task": task,
        "image_size": None if image_size is None else parse_size(image_size),
        "grey": grey or None,
        "resample": resample or None,
        "label_from": label_from,
        "test_from": test_from,
        "offline": offline or None,
        "strict": strict or None,
        "header": header,
        "model": model,
        "filters": None if filters is None else parse_hidden(filters),
        "augment": augment,
        "ema": ema,
        "precision": precision,
        "class_weight": class_weight,
        "hidden": None if hidden is None else parse_hidden(hidden),
        "activation": activation,
        "optimizer": optimizer,
        "learning_rate": lr,
        "l2": l2,
        "dropout": dropout,
        "epochs": epochs,
        "batch_size": batch_size,
        "valid": None if valid is None else parse_part(valid),
        "test": None if test is None else parse_part(test),
        "seed": seed,
        "engine": engine,
        "stream": stream,
    }
    given = overrides(set_ or [], flags)
    if resume is not None:
        settled = {"out": out, "config": config, "force": force, "print_config": print_config}
        job: Job | None = _resumed_job(resume, given, {name for name, value in settled.items() if value}, quiet)
    else:
        job = _new_job(config, given, out, force, print_config, quiet)
    if job is None:
        return
    if not quiet:
        _tell_start(job)
    _watch(job, quiet=quiet)
    outcome = job.finish()
    if json_:
        typer.echo(json.dumps(_as_json(outcome), allow_nan=False))
    elif not quiet:
        _tell_end(outcome)


def _new_job(
    config: str | None, given: dict[str, Any], out: str | None, force: bool, print_config: bool, quiet: bool
) -> Job | None:
    from pathlib import Path

    from chainrule.job.config import config_from
    from chainrule.job.folder import check_place
    from chainrule.job.settings import merge, read_config, to_toml
    from chainrule.job.train import Job

    settings = read_config(Path(config)) if config is not None else {}
    for name, value in given.items():
        if isinstance(value, dict):
            for inner, item in value.items():
                merge(settings, f"{name}.{inner}", item)
        else:
            merge(settings, name, value)
    chosen = config_from(settings)
    if print_config:
        typer.echo(to_toml(chosen), nl=False)
        return None
    name = Path(chosen.data).name.split(".")[0] or "run"
    folder = check_place(out, name, force=force)
    return Job(chosen, folder, tell=_reader(quiet))


def _resumed_job(resume: str, given: dict[str, Any], settled: set[str], quiet: bool) -> Job:
    from pathlib import Path

    from chainrule.errors import ConfigError
    from chainrule.job.train import resumed

    others = sorted((set(given) | settled) - {"epochs"})
    if others:
        raise ConfigError(
            "--epochs alone beside --resume, which goes on with a run as it was begun",
            ", ".join(others),
            "Leave it out, or start a new run.",
        )
    return resumed(Path(resume), given.get("epochs"), _reader(quiet))


def _reader(quiet: bool) -> Callable[[str], None]:
    from chainrule.cli.progress import Reading

    return (lambda words: None) if quiet else Reading().tell


def _watch(job: Job, *, quiet: bool) -> None:
    """Train to the end, or until Ctrl-C asks for it."""
    from chainrule.cli.progress import observer

    shown = observer(quiet=quiet)
    with _asking_politely(job), shown or nullcontext():
        for event in job:
            if shown is not None:
                shown.see(event)


@contextmanager
def _asking_politely(job: Job) -> Iterator[None]:
    """Let the first Ctrl-C (or `kill`) end the run after the steps in hand, and the second one at once."""

    def handle(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        job.stop("interrupted")
        print("\nending after these steps; Ctrl-C again to end at once", file=sys.stderr)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell_start(job: Job) -> None:
    prepared = job.prepared
    rows = ", ".join(f"{part.n:,} {name}" for name, part in prepared.parts.items())
    target = prepared.preparation.target
    kind = f"{len(target.classes)} classes" if target.classes else "numbers"
    lines = [f"{prepared.source.name}: {rows} rows; target {target.name!r}, {kind}"]
    lines += [f"  note: {note}" for note in job.notes]
    encoding = prepared.preparation.encoding
    lines.append("  columns: " + _by_kind(job) if encoding.columns else f"  inputs: {encoding.describe()}")
    lines.append(f"  network: {_network(job)}")
    lines.append(f"  engine: {job.choice.engine.name} ({job.choice.reason})")
    typer.echo("\n".join(lines), err=True)


def _network(job: Job) -> str:
    config, count = job.config, f"{job.network.n_parameters:,} parameters"
    units = f"hidden layers of {', '.join(map(str, config.hidden))} units" if config.hidden else "no hidden layer"
    if config.model != "cnn":
        return f"{units}; {count}"
    blocks = f"blocks of {', '.join(map(str, config.filters or ()))} filters {config.kernel}×{config.kernel}"
    return f"cnn, {blocks}, then {units}; {count} (--model mlp to compare)"


def _by_kind(job: Job) -> str:
    kinds: dict[str, list[str]] = {}
    for column in job.prepared.preparation.columns:
        kinds.setdefault(column.kind, []).append(column.name)
    parts = []
    for kind, names in kinds.items():
        shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        left_out = " (left out)" if kind in ("identifier", "constant") else ""
        parts.append(f"{kind}{left_out}: {shown}")
    return "; ".join(parts)


def _tell_end(outcome: Outcome) -> None:
    from chainrule.cli.table import metrics_table

    typer.echo(f"{outcome.reason}: {outcome.epochs} epochs in {outcome.seconds:.3g} s on {outcome.engine}\n", err=True)
    typer.echo(metrics_table(outcome.metrics))
    typer.echo(f"\nmodel   {outcome.folder.model}")
    typer.echo(f"report  {outcome.folder.report}")
    typer.echo(f"next    {outcome.advice}")


def _as_json(outcome: Outcome) -> dict[str, Any]:
    from chainrule.cli.table import finite

    return {
        "run": str(outcome.folder.path),
        "model": str(outcome.folder.model),
        "report": str(outcome.folder.report),
        "engine": outcome.engine,
        "task": outcome.model.preparation.target.task,
        "n_parameters": outcome.model.network.n_parameters,
        "epochs": outcome.epochs,
        "seconds": round(outcome.seconds, 3),
        "metrics": {part: finite(values) for part, values in outcome.metrics.items()},
    }
