"""A lesson: what is exported. A model, rows to hold the export against, and, of a run, how it was trained."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from chainrule.errors import ConfigError
from chainrule.nn.penalty import Penalty
from chainrule.optim import Rule
from chainrule.saved.model import Model
from chainrule.train import History, Settings
from chainrule.types import Params

# The name of the rows' only array where no preparation gives them columns.
INPUTS = "x"


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one part.

    Attributes
    ----------
    raw : dict of str to array (N, ...)
        What was read, one array for each column (or `pixels`, or `waves`, or the inputs `x` where nothing is prepared).
    x, t : array (N, ...)
        What the network sees, and its targets.
    w : array (N,), optional
        Weights of the rows.
    truth : array (N,), optional
        The target as it was read: names of classes, or values.
    """

    raw: Mapping[str, np.ndarray]
    x: np.ndarray
    t: np.ndarray | None = None
    w: np.ndarray | None = None
    truth: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> Rows:
        """Return some of the rows."""
        t, w, truth = (None if part is None else part[rows] for part in (self.t, self.w, self.truth))
        return Rows({name: cells[rows] for name, cells in self.raw.items()}, self.x[rows], t, w, truth)


@dataclass(frozen=True, eq=False)
class Training:
    """How a network was trained: all that is needed to do it again.

    Attributes
    ----------
    train : Rows
    scored : Rows
        What each epoch's scores are of: the validation part, or the training part where there is none.
    scored_name : str
        `valid` or `train`.
    start : tree
        The first weights, in float64.
    rule, settings, penalty
        By what the weights moved.
    history : History
        Costs and scores, epoch by epoch.
    epochs : int
        How many there were.
    """

    train: Rows
    scored: Rows
    scored_name: str
    start: Params
    rule: Rule
    settings: Settings
    penalty: Penalty
    history: History
    epochs: int

    @property
    def steps_per_epoch(self) -> int:
        """Steps of an epoch."""
        return -(-len(self.train.x) // self.batch_size)

    @property
    def batch_size(self) -> int:
        """Rows a step."""
        return min(self.settings.batch_size, len(self.train.x))


@dataclass(frozen=True, eq=False)
class Lesson:
    """What is exported.

    Attributes
    ----------
    name : str
        Of the data, or of the model: files are called after it.
    model : Model
    tested : Rows
        Rows whose predictions must be the same elsewhere.
    training : Training, optional
        None where the model alone is at hand: then an export can predict, and cannot be trained again.
    why_not : str
        Why a script cannot train again although the run is at hand; empty if it can.
    """

    name: str
    model: Model
    tested: Rows
    training: Training | None = None
    why_not: str = ""
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse a target whose way back no exporter has an entry for: a prediction in another unit would be wrong."""
        preparation = self.model.preparation
        if preparation is not None and not preparation.target.is_plain:
            raise ConfigError(
                "a model whose target is learned as it is, to be exported",
                f"one of which {preparation.target.describe()}",
                "Train with `target_scaling=none` and `clip_predictions=false`, or keep the model file.",
            )

    @property
    def slug(self) -> str:
        """The name as a file may be called: letters, digits and underscores."""
        return re.sub(r"\W+", "_", self.name, flags=re.ASCII).strip("_").lower()[:40] or "model"
