"""`chainrule tune`: search the settings, resume the search, and keep an honest score beside the tuned one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainrule.cli import choose
from chainrule.cli.terminal import answer, say, tell
from chainrule.cli.written import options as how_it_is_written

if TYPE_CHECKING:
    from chainrule.job.choosing import Question


@click.command()
@choose.data
@click.option(
    "--trials", default=30, show_default=True, help="Settings to try in all, those of an earlier search counted."
)
@click.option("--storage", help="URL of a database, or a SQLite file, where the search lies; by default in --out.")
@click.option(
    "--space",
    multiple=True,
    metavar="NAME=LOW..HIGH",
    help="What to search, or NAME=A|B|C; repeat it. Log scales above 0.",
)
@click.option("--name", default="search", show_default=True, help="Of the search; several share a storage.")
@choose.asked
@click.option("--folds", default=3, show_default=True, help="Parts that each trial is measured on.")
@click.option("--held-out", type=float, help="Share kept out of the search; the published test part or 0.2.")
@choose.how
@how_it_is_written
@choose.out
@choose.told
def tune(
    data: str,
    trials: int,
    storage: str | None,
    space: tuple[str, ...],
    name: str,
    target: str | None,
    task: str | None,
    folds: int,
    held_out: float | None,
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
    json_: bool,
    quiet: bool,
    written: dict[str, Any],
) -> None:
    """Search settings by cross-validation. The same command goes on with a search that was ended."""
    from chainrule.files import replace_file
    from chainrule.job.choice_report import search_page
    from chainrule.job.choosing import default_space, dimension, question, scorer_of
    from chainrule.job.config import config_from
    from chainrule.job.settings import to_toml
    from chainrule.select import Storage
    from chainrule.select import tune as search

    flags = {"data": data, "target": target, "task": task, "epochs": epochs, "seed": seed, **written}
    settings = choose.settings_of(config, set_, flags)
    model = str(settings.get("model", "auto"))
    dimensions = dict(dimension(text, model) for text in space) if space else default_space(model)
    asked = question(settings, groups=groups)
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
                kind=kind,
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
        tell("\nended; the same command goes on with this search")
        raise
    page = choose.write(folder, search_page(asked, found), found.to_json())
    best = config_from(asked.estimator(found.best.settings).settings | {"stream": None})
    replace_file(folder / "best.toml", to_toml(best))
    if json_:
        answer(json.dumps({**found.to_json(), "report": str(page)}, allow_nan=False))
    elif not quiet:
        say(f"{found}\n\nreport  {page}\nnext    chainrule train {data} --config {folder / 'best.toml'}")


def _held_out(asked: Question, share: float | None) -> Any:
    """Return the rows that the search must not see: a share, or the published test part."""
    if share is None and asked.test is not None:
        return asked.test
    return 0.2 if share is None else share
