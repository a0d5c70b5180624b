"""Going on with a run that was ended or killed: from its last checkpoint to what is missing of epochs, model and report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from chainrule.errors import ConfigError, ModelFileError
from chainrule.job.config import SEARCHES, config_from
from chainrule.job.effort import EffortJob
from chainrule.job.folder import RunFolder, existing, hold
from chainrule.job.jobs import AnyJob, job_of
from chainrule.job.running import Resumption, to_nobody
from chainrule.job.settings import read_run
from chainrule.lock import Lock
from chainrule.saved.file import load_model
from chainrule.train import load_checkpoint


def resumed(
    path: Path, epochs: int | None, tell: Callable[[str], None] = to_nobody, *, time_limit: float | None = None
) -> AnyJob:
    """Return the job that goes on with the run in a folder, to more epochs or for another time if asked.

    A run that was killed when its epochs were done has nothing left to train; its model and report are still to be made.

    Raises
    ------
    RunFolderError
        If there is no run in the folder, or another process is at work on it.
    ConfigError
        If the run has ended, and its model and report are there.
    """
    folder = existing(path)
    lock = hold(folder)
    try:
        settings = read_run(folder.config)
        if time_limit is not None:
            settings["time_limit"] = time_limit
        if settings.get("effort") in SEARCHES:
            return _search(folder, lock, settings, epochs, tell)
        checkpoint = load_checkpoint(folder.checkpoint)
        if epochs is not None:
            settings["epochs"] = epochs
            # What the policies decided was decided for the epochs that there were.
            checkpoint = replace(checkpoint, decided="")
        config = config_from(settings)
        done = checkpoint.epoch
        if (done >= (config.epochs or 0) or checkpoint.decided) and _is_finished(folder, done):
            came = checkpoint.decided or f"all {done} done"
            raise ConfigError(f"epochs left to train in {path}", came, f"Add `epochs={2 * done}` to go on.")
        return job_of(config, folder, resume=Resumption(checkpoint, lock), tell=tell)
    except BaseException:
        lock.release()
        raise


def _search(
    folder: RunFolder, lock: Lock, settings: dict[str, Any], epochs: int | None, tell: Callable[[str], None]
) -> EffortJob:
    """Return the job that goes on with members on folds: those that have learned are not trained again."""
    if epochs is not None:
        raise ConfigError("no `epochs` for a run of members", f"{epochs}", "Leave `epochs` out.")
    if folder.report.is_file():
        raise ConfigError(
            f"members left to train in {folder.path}", "a run that has ended", "Start a new run, with another `out`."
        )
    return EffortJob(config_from(settings), folder, lock=lock, tell=tell)


def _is_finished(folder: RunFolder, epochs: int) -> bool:
    """Whether the model is of so many epochs, and the report, which is written after it, of this model."""
    try:
        model = load_model(folder.model)
        written = folder.report.stat().st_mtime_ns >= folder.model.stat().st_mtime_ns
    except (ModelFileError, OSError):
        return False
    return written and model.summary.get("epochs") == epochs
