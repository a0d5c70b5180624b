"""`chainrule doctor`: what is wrong with a run, and which change, tried on the same data, mends it."""

from __future__ import annotations

import json
from typing import Any

import click

from chainrule.cli import choose
from chainrule.cli.flags import said
from chainrule.cli.terminal import answer
from chainrule.printable import printable


@click.command()
@click.argument("what", help="The folder of a run; or data, as `train` takes them, to train on and look at.")
@choose.asked
@click.option("--seed", type=int, help="Names every random number that is drawn.")
@click.option("--config", help="TOML file of settings; --set wins over it.")
@click.option("--set", "set_", multiple=True, metavar="KEY=VALUE", help="Any setting of `train`.")
@click.option("--bare", is_flag=True, help="Everything off and a small rate: can it be learned at all?")
@click.option("--no-replay", is_flag=True, help="A quick word: nothing is tried, so no cure is named.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object on stdout.")
def doctor(
    what: str,
    target: str | None,
    task: str | None,
    seed: int | None,
    config: str | None,
    set_: tuple[str, ...],
    bare: bool,
    no_replay: bool,
    json_: bool,
) -> None:
    """Find out what is wrong with a run. A change is named only if it was tried and helped."""
    from pathlib import Path

    from chainrule.errors import ConfigError
    from chainrule.job.doctor import is_run, undress, visit_data, visit_run

    path = Path(what) if is_run(Path(what)) else None
    flags = {"data": None if path else what, "target": target, "task": task, "seed": seed}
    given = choose.settings_of(config, set_, flags)
    if path is not None and given and not bare:
        raise ConfigError(
            "no settings beside the folder of a run, which has its own",
            ", ".join(given),
            "Leave them out, or name the data: chainrule doctor DATA --set KEY=VALUE.",
        )
    if bare:
        _print(json_, undress(path, given))
        return
    verdict = visit_run(path, replays=not no_replay) if path else visit_data(given, replays=not no_replay)
    about = {
        "findings": [finding.name for finding in verdict.findings],
        "cure": dict(verdict.cure.change) if verdict.cure else None,
        "tried": list(verdict.tried),
    }
    _print(json_, *verdict.lines, **about)


def _print(json_: bool, *lines: str, **about: Any) -> None:
    if json_:
        answer(json.dumps({**about, "lines": list(lines)}, allow_nan=False))
    else:
        answer("\n".join(printable(said(line)) for line in lines))
