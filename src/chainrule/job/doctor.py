"""The doctor's visits: to a run that lies in a folder, to data with settings, and to these with everything switched off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from chainrule.errors import RunFolderError
from chainrule.explain.doctor import Verdict
from chainrule.job.advice import advise
from chainrule.job.bare import bare
from chainrule.job.config import Config, config_from
from chainrule.job.folder import RunFolder
from chainrule.job.prepare import Prepared
from chainrule.job.settings import layered, read_run
from chainrule.job.train import Job, read_data
from chainrule.saved.file import load_model
from chainrule.train import EpochEnded, Measured, MembersStarted, StepsEnded, replay


def is_run(path: Path) -> bool:
    """Tell whether a path is the folder of a run, whole or not."""
    folder = RunFolder(path)
    return folder.config.is_file() or folder.journal.is_file()


def visit_run(path: Path, *, replays: bool = True) -> Verdict:
    """Return what is wrong with the run in a folder, and what mends it.

    Raises
    ------
    RunFolderError
        If there is no run that has learned anything, or its data are no longer what they were.
    """
    folder = RunFolder(path)
    missing = [file.name for file in (folder.config, folder.journal) if not file.is_file()]
    if missing:
        raise RunFolderError(
            f"the settings and the journal of a run in {path}",
            f"no {', no '.join(missing)}",
            "Name the folder of a run, such as runs/digits, or the data: chainrule doctor DATA.",
        )
    events = list(replay(folder.journal))
    if any(isinstance(event, MembersStarted) for event in events):
        raise RunFolderError(
            f"a run of one network in {path}",
            "one of many members, each stopped and picked by rows that were held out",
            "Give the doctor a single network: train with `effort=none`.",
        )
    if not any(isinstance(event, (EpochEnded, StepsEnded)) for event in events):
        raise RunFolderError(
            f"a run in {path} that has taken steps", f"{len(events)} events and no step", "Train it on, or anew."
        )
    if not any(isinstance(event, Measured) for event in events):
        raise RunFolderError(
            f"measurements in {folder.journal}",
            "none: the run was made by an older version, or by another program",
            "Train it anew, or name the data instead of the folder.",
        )
    config, prepared = _prepared(config_from(read_run(folder.config)), path)
    params = load_model(folder.model).params if folder.model.is_file() else None
    return advise(config, prepared, events, params, replays=replays)


def _prepared(config: Config, path: Path) -> tuple[Config, Prepared]:
    prepared = read_data(config)
    if config.data_sha256 not in (None, prepared.sha256):
        raise RunFolderError(
            "the data that the run was trained on",
            f"other rows in {config.data}",
            f"Restore the file, or start a new run than that in {path}.",
        )
    config = config.resolve(prepared.parts["train"].n, prepared.preparation.input_shape)
    # An engine that is still to be chosen is of a run that never began.
    return replace(config, engine="numpy" if config.engine == "auto" else config.engine), prepared


def visit_data(settings: Mapping[str, Any], *, replays: bool = True) -> Verdict:
    """Train on data with settings, without a folder, and return what is wrong with that."""
    job = Job(config_from(settings), RunFolder(Path()))
    events = list(job.learn())
    return advise(job.config, job.prepared, events, job.model.params, replays=replays)


def undress(path: Path | None, settings: Mapping[str, Any]) -> str:
    """Return whether the data can be learned at all, with everything switched off that could be in the way.

    Parameters
    ----------
    path : Path or None
        The folder of a run, whose settings come first.
    settings : mapping
        Settings by name, over those of the run.
    """
    run = read_run(RunFolder(path).config) if path is not None else {}
    return bare(config_from(layered({name: value for name, value in run.items() if name != "data_sha256"}, settings)))
