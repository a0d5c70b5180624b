"""`chainrule compare`: two or more settings on the same folds, and whether the difference is more than chance."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from chainrule.cli import choose
from chainrule.cli.choose import Option

_CONFIG = "CONFIG"


def compare(
    data: choose.Data,
    a: Annotated[list[str], Option("--a", metavar=_CONFIG, help='TOML file, or settings: "hidden=64 dropout=0.3".')],
    b: Annotated[list[str], Option("--b", metavar=_CONFIG, help="The other one; repeat it for more than two.")],
    target: choose.Target = None,
    task: choose.Task = None,
    folds: Annotated[int, Option(help="K, the number of parts.")] = 10,
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
    """Compare settings on the same folds, by a test that allows for what folds share."""
    from chainrule.job.choice_report import comparison_page
    from chainrule.job.choosing import contenders, question, scorer_of
    from chainrule.select import compare as compare_models
    from chainrule.select import draw_folds

    changes = contenders([*a, *b])
    flags = {"data": data, "target": target, "task": task, "epochs": epochs, "seed": seed}
    asked = question(choose.settings_of(config, set_, flags), groups=groups)
    workers = choose.workers_of(jobs, backend, address)
    models = {name: asked.estimator(settings) for name, settings in changes.items()}
    folder = choose.place(asked, out, "compare", force=force)
    drawn = draw_folds(
        asked.y,
        folds=folds,
        repeats=repeats,
        kind=folds_kind,
        groups=asked.groups,
        classify=bool(asked.target.classes),
        seed=seed,
    )
    choose.tell_start(asked, f"{len(models)} models on {drawn}", quiet=quiet)
    with choose.Counter("training", quiet=quiet) as counter:
        found = compare_models(
            models,
            asked.source,
            asked.y,
            folds=drawn,
            scoring=scorer_of(metric, asked.target),
            workers=workers,
            progress=counter.see,
        )
    page = choose.write(folder.path, comparison_page(asked, found, changes), found.to_json())
    if json_:
        typer.echo(json.dumps({**found.to_json(), "report": str(page)}, allow_nan=False))
    elif not quiet:
        typer.echo(f"{found}\n\nreport  {page}")
