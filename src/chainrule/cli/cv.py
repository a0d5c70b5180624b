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
) -> None:
    """Cross-validate the network that `train` would make, everything learned inside each fold."""
    from chainrule.job.choice_report import cross_validation_page
    from chainrule.job.choosing import question, scorer_of
    from chainrule.select import cross_validate, draw_folds

    flags = {"data": data, "target": target, "task": task, "epochs": epochs, "seed": seed, **written}
    asked = question(choose.settings_of(config, set_, flags), groups=groups)
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
