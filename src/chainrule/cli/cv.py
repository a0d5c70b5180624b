"""`chainrule cv`: how good settings are on rows that they have not seen, and how much that varies."""

from __future__ import annotations

import json
from typing import Any

import click

from chainrule.cli import choose
from chainrule.cli.terminal import answer, say
from chainrule.cli.written import options as how_it_is_written


@click.command()
@choose.data
@choose.asked
@click.option("--folds", default=5, show_default=True, help="K, the number of parts.")
@click.option("--repeats", default=1, show_default=True, help="How often the folds are drawn anew.")
@choose.how
@choose.series
@how_it_is_written
@choose.out
@choose.force
@choose.told
def cv(
    data: str,
    target: str | None,
    task: str | None,
    folds: int,
    repeats: int,
    kind: str,
    groups: str | None,
    metric: str | None,
    epochs: int | None,
    seed: int,
    jobs: int,
    backend: str,
    address: str | None,
    config: str | None,
    set_: tuple[str, ...],
    out: str | None,
    force: bool,
    json_: bool,
    quiet: bool,
    written: dict[str, Any],
    time: str | None,
    group: str | None,
    window: int | None,
    horizon: int | None,
    known: str | None,
) -> None:
    """Cross-validate the network that `train` would make, everything learned inside each fold.

    Of series (--time), each fold is trained on what came before the times that it is measured on: a rolling origin.
    """
    from chainrule.job.choice_report import cross_validation_page
    from chainrule.job.choosing import question, scorer_of
    from chainrule.select import cross_validate, draw_folds

    series = {"time": time, "group": group, "window": window, "horizon": horizon, "known": known}
    flags = {"data": data, "target": target, "task": task, "epochs": epochs, "seed": seed, **written}
    settings = choose.settings_of(config, set_, flags | series)
    if settings.get("time") is not None:
        _backtest(settings, folds, kind, repeats, metric, groups, out, force=force, json_=json_, quiet=quiet)
        return
    asked = question(settings, groups=groups)
    workers = choose.workers_of(jobs, backend, address)
    folder = choose.place(asked, out, "cv", force=force)
    drawn = draw_folds(
        asked.y,
        folds=folds,
        repeats=repeats,
        kind=kind,
        groups=asked.groups,
        classify=bool(asked.target.classes),
        seed=seed,
    )
    choose.tell_start(asked, f"{drawn}", quiet=quiet)
    with choose.Counter("fold", quiet=quiet) as counter:
        found = cross_validate(
            asked.estimator(),
            asked.source,
            asked.y,
            folds=drawn,
            scoring=scorer_of(metric, asked.target),
            name=asked.source.name,
            workers=workers,
            progress=counter.see,
        )
    with choose.held(folder) as path:
        page = choose.write(path, cross_validation_page(asked, found), found.to_json())
    if json_:
        answer(json.dumps({**found.to_json(), "report": str(page)}, allow_nan=False))
    elif not quiet:
        say(f"{found}\n\nreport  {page}")


def _backtest(
    settings: dict[str, Any],
    folds: int,
    kind: str,
    repeats: int,
    metric: str | None,
    groups: str | None,
    out: str | None,
    *,
    force: bool,
    json_: bool,
    quiet: bool,
) -> None:
    """Backtest with a rolling origin, and write and tell what came of it."""
    from pathlib import Path

    from chainrule.cli.flags import said
    from chainrule.cli.table import align
    from chainrule.cli.terminal import tell
    from chainrule.job.config import config_from
    from chainrule.job.folder import check_place
    from chainrule.job.series.backtest import backtest, backtest_page, table_rows
    from chainrule.printable import printable

    wrong = {"--folds-kind": kind != "auto", "--repeats": repeats != 1, "--metric": metric, "--groups": groups}
    for flag, given in wrong.items():
        if given:
            raise click.UsageError(f"{flag} is for rows that stand for themselves; series are parted by time alone.")
    config = config_from(settings)
    folder = check_place(out, f"{Path(config.data).name.split('.')[0] or 'run'}-cv", force=force)
    with choose.Counter("fold", quiet=quiet) as counter:
        found = backtest(config, folds, lambda done, of: counter.see(done, of, None))
    with choose.held(folder) as path:
        page = choose.write(path, backtest_page(found), found.to_json())
    if json_:
        answer(json.dumps({**found.to_json(), "report": str(page)}, allow_nan=False))
    elif not quiet:
        for note in found.notes:
            tell(f"note: {printable(said(note))}")
        header, rows = table_rows(found)
        say(f"{align(header, rows, left=2)}\n\n{found.verdict()}\nreport  {page}")
