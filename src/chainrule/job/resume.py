"""Going on with a run that was ended or killed: from its last checkpoint to what is missing of epochs, model and report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from chainrule.errors import ConfigError, ModelFileError
from chainrule.job.config import config_from
from chainrule.job.folder import RunFolder, existing, hold
from chainrule.job.jobs import job_of
from chainrule.job.running import Resumption, RunningJob, to_nobody
from chainrule.job.settings import read_run
from chainrule.saved.file import load_model
from chainrule.train import load_checkpoint


def resumed(path: Path, epochs: int | None, tell: Callable[[str], None] = to_nobody) -> RunningJob:
    """Return the job that goes on with the run in a folder, to more epochs if asked.

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


def _is_finished(folder: RunFolder, epochs: int) -> bool:
    """Whether the model is of so many epochs, and the report, which is written after it, of this model."""
    try:
        model = load_model(folder.model)
        written = folder.report.stat().st_mtime_ns >= folder.model.stat().st_mtime_ns
    except (ModelFileError, OSError):
        return False
    return written and model.summary.get("epochs") == epochs
