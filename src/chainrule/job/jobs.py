"""Which job settings ask for: one on rows that have a target, or one on a running text."""

from __future__ import annotations

from collections.abc import Callable

from chainrule.encode.language import NEXT
from chainrule.job.config import Config
from chainrule.job.folder import RunFolder
from chainrule.job.language import LanguageJob
from chainrule.job.running import Resumption, RunningJob, to_nobody
from chainrule.job.train import Job


def job_of(
    config: Config, folder: RunFolder, *, resume: Resumption | None = None, tell: Callable[[str], None] = to_nobody
) -> RunningJob:
    """Return the job for these settings, as `Job` has it."""
    kind = LanguageJob if config.task == NEXT else Job
    return kind(config, folder, resume=resume, tell=tell)
