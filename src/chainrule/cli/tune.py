"""`chainrule tune`: search the settings, resume the search, and keep an honest score beside the tuned one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.cli import choose
from chainrule.cli.choose import Option

if TYPE_CHECKING:
    from chainrule.job.choosing import Question


def tune(
    data: choose.Data,
    trials: Annotated[int, Option(help="Settings to try in all, those of an earlier search counted.")] = 30,
    storage: Annotated[
        str | None, Option(help="URL of a database, or a SQLite file, where the search lies; by default in --out.")
    ] = None,
    space: Annotated[
        list[str] | None,
        Option(metavar="NAME=LOW..HIGH", help="What to search, or NAME=A|B|C; repeat it. Log scales above 0."),
    ] = None,
    name: Annotated[str, Option(help="Of the search; several share a storage.")] = "search",
    target: choose.Target = None,
    task: choose.Task = None,
    folds: Annotated[int, Option(help="Parts that each trial is measured on.")] = 3,
    held_out: Annotated[
        float | None, Option(help="Share kept out of the search; the published test part or 0.2.")
    ] = None,
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
    json_: choose.Json = False,
    quiet: choose.Quiet = False,
) -> None:
    """Search settings by cross-validation. The same command goes on with a search that was ended."""
    from chainrule.files import replace_file
    from chainrule.job.choice_report import search_page
    from chainrule.job.choosing import default_space, dimension, question, scorer_of
    from chainrule.job.config import config_from
    from chainrule.job.settings import to_toml
    from chainrule.select import Storage
    from chainrule.select import tune as search

    dimensions = dict(dimension(text) for text in space) if space else default_space()
    flags = {"data": data, "target": target, "task": task, "epochs": epochs, "seed": seed}
    asked = question(choose.settings_of(config, set_, flags), groups=groups)
    workers = choose.workers_of(jobs, backend, address)
    folder = Path(out) if out is not None else Path("runs") / f"{Path(asked.source.name).name.split('.')[0]}-tune"
    lies = Storage(storage if storage is not None else str(folder / "search.db"), name=name)
    words = "; ".join(f"{key} {dimension}" for key, dimension in dimensions.items())
    choose.tell_start(asked, f"searching {words}\n  storage: {lies.shown}", quiet=quiet)
    try:
        with choose.Counter("trial", quiet=quiet) as counter:
            found = search(
                asked.estimator(),
                asked.source,
                asked.y,
                dimensions,
                trials=trials,
                folds=folds,
                kind=folds_kind,
                groups=asked.groups,
                seed=seed,
                scoring=scorer_of(metric, asked.target),
                held_out=_held_out(asked, held_out),
                storage=lies,
                about=asked.fingerprint,
                workers=workers,
                progress=counter.see,
            )
    except KeyboardInterrupt:
        print("\nended; the same command goes on with this search", file=sys.stderr)
        raise
    page = choose.write(folder, search_page(asked, found), found.to_json())
    best = config_from(asked.estimator(found.best.settings).settings | {"stream": None})
    replace_file(folder / "best.toml", to_toml(best))
    if json_:
        typer.echo(json.dumps({**found.to_json(), "report": str(page)}, allow_nan=False))
    elif not quiet:
        typer.echo(f"{found}\n\nreport  {page}\nnext    chainrule train {data} --config {folder / 'best.toml'}")


def _held_out(asked: Question, share: float | None) -> Any:
    """Return the rows that the search must not see: a share, or the published test part."""
    if share is None and asked.test is not None:
        return asked.test
    return 0.2 if share is None else share
