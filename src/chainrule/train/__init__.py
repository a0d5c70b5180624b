"""Learning as a sequence of events, and a step at a time."""

from chainrule.train.accepted import as_batch
from chainrule.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from chainrule.train.events import (
    Advised,
    Decided,
    EpochEnded,
    EpochStarted,
    Event,
    FitEnded,
    FitStarted,
    Measured,
    MemberEnded,
    MembersStarted,
    StepsEnded,
    event_from_json,
    event_to_json,
)
from chainrule.train.history import History
from chainrule.train.journal import Journal, replay
from chainrule.train.learner import Learner, LearnerState
from chainrule.train.loop import Run, run
from chainrule.train.metrics import METRICS, Metric, metric_named, register_metric
from chainrule.train.objective import Objective, Supervised
from chainrule.train.policies import (
    EarlyStopping,
    KeepBest,
    Policy,
    ReduceOnPlateau,
    StopOnNonFinite,
    TimeLimit,
)
from chainrule.train.settings import Settings

__all__ = [
    "METRICS",
    "Advised",
    "Checkpoint",
    "Decided",
    "EarlyStopping",
    "EpochEnded",
    "EpochStarted",
    "Event",
    "FitEnded",
    "FitStarted",
    "History",
    "Journal",
    "KeepBest",
    "Learner",
    "LearnerState",
    "Measured",
    "MemberEnded",
    "MembersStarted",
    "Metric",
    "Objective",
    "Policy",
    "ReduceOnPlateau",
    "Run",
    "Settings",
    "StepsEnded",
    "StopOnNonFinite",
    "Supervised",
    "TimeLimit",
    "as_batch",
    "event_from_json",
    "event_to_json",
    "load_checkpoint",
    "metric_named",
    "register_metric",
    "replay",
    "run",
    "save_checkpoint",
]
