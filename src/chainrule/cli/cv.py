"""`chainrule cv`: how good settings are on rows that they have not seen, and how much that varies."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from chainrule.cli import choose
from chainrule.cli.choose import Option


def cv(
    data: choose.Data,
    target: choose.Target = None,
    task: choose.Task = None,
    folds: Annotated[int, Option(help="K, the number of parts.")] = 5,
    repeats: Annotated[int, Option(help="How often the folds are drawn anew.")] = 1,
    folds_kind: choose.FoldsKind = "auto",
    groups: choose.Groups = None,
    metric: choose.Metric = None,
    epochs: choose.Epochs = None,
    seed: choose.Seed = 0,
    jobs: choose.Jobs = 1,
    backend: choose.Backend = "loky",
    address: choose.Address = None,
    config: choose.ConfigFile = None,
    set_: choose.Set = None,
    out: choose.Out = None,
    force: choose.Force = False,
    json_: choose.Json = False,
    quiet: choose.Quiet = False,
) -> None:
    """Cross-validate the network that `train` would make, everything learned inside each fold."""
    from chainrule.job.choice_report import cross_validation_page
    from chainrule.job.choosing import question, scorer_of
    from chainrule.select import cross_validate, draw_folds

    flags = {"data": data, "target": target, "task": task, "epochs": epochs, "seed": seed}
    asked = question(choose.settings_of(config, set_, flags), groups=groups)
    workers = choose.workers_of(jobs, backend, address)
    folder = choose.place(asked, out, "cv", force=force)
    drawn = draw_folds(
        asked.y,
        folds=folds,
        repeats=repeats,
        kind=folds_kind,
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
    page = choose.write(folder.path, cross_validation_page(asked, found), found.to_json())
    if json_:
        typer.echo(json.dumps({**found.to_json(), "report": str(page)}, allow_nan=False))
    elif not quiet:
        typer.echo(f"{found}\n\nreport  {page}")
