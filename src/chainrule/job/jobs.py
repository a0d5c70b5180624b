"""Which job settings ask for: one network on rows that have a target, many on folds of a table, or one on a running text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from chainrule.encode.language import NEXT
from chainrule.job.config import Config
from chainrule.job.effort import EffortJob
from chainrule.job.folder import RunFolder
from chainrule.job.language import LanguageJob
from chainrule.job.running import Resumption, RunningJob, to_nobody
from chainrule.job.train import Job

AnyJob: TypeAlias = RunningJob | EffortJob


def job_of(
    config: Config, folder: RunFolder, *, resume: Resumption | None = None, tell: Callable[[str], None] = to_nobody
) -> AnyJob:
    """Return the job for these settings, as `Job` has it. Members on folds are gone on with by `resume.resumed`."""
    if config.is_search and resume is None:
        return EffortJob(config, folder, tell=tell)
    kind = LanguageJob if config.task == NEXT else Job
    return kind(config, folder, resume=resume, tell=tell)
