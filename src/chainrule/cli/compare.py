"""`chainrule compare`: two or more settings on the same folds, and whether the difference is more than chance."""

from __future__ import annotations

import json
from typing import Any

import click

from chainrule.cli import choose
from chainrule.cli.terminal import answer, say
from chainrule.cli.written import options as how_it_is_written

_CONFIG = "CONFIG"


@click.command()
@choose.data
@click.option(
    "--a", multiple=True, required=True, metavar=_CONFIG, help='TOML file, or settings: "hidden=64 dropout=0.3".'
)
@click.option("--b", multiple=True, required=True, metavar=_CONFIG, help="The other one; repeat it for more than two.")
@choose.asked
@click.option("--folds", default=10, show_default=True, help="K, the number of parts.")
@click.option("--repeats", default=1, show_default=True, help="How often the folds are drawn anew.")
@choose.how
@how_it_is_written
@choose.out
@choose.force
@choose.told
def compare(
    data: str,
    a: tuple[str, ...],
    b: tuple[str, ...],
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
    """Compare settings on the same folds, by a test that allows for what folds share."""
    from chainrule.job.choice_report import comparison_page
    from chainrule.job.choosing import contenders, question, scorer_of
    from chainrule.select import compare as compare_models
    from chainrule.select import draw_folds

    changes = contenders([*a, *b])
    flags = {"data": data, "target": target, "task": task, "epochs": epochs, "seed": seed, **written}
    asked = question(choose.settings_of(config, set_, flags), groups=groups)
    workers = choose.workers_of(jobs, backend, address)
    models = {name: asked.estimator(settings) for name, settings in changes.items()}
    folder = choose.place(asked, out, "compare", force=force)
    drawn = draw_folds(
        asked.y,
        folds=folds,
        repeats=repeats,
        kind=kind,
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
    with choose.held(folder) as path:
        page = choose.write(path, comparison_page(asked, found, changes), found.to_json())
    if json_:
        answer(json.dumps({**found.to_json(), "report": str(page)}, allow_nan=False))
    elif not quiet:
        say(f"{found}\n\nreport  {page}")
