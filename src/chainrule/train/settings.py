"""Settings: how long, how fast and in what order a run trains."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.constraints import Kind, check_fields, constrained, flag, real, whole
from chainrule.optim import Clip, Constant, Schedule


@dataclass(frozen=True)
class Settings:
    """How long, how fast, in what order.

    Parameters
    ----------
    epochs : int
        Most passes over the data.
    batch_size : int
        Samples a step; at most the number there is.
    learning_rate : float
        η before scheduling.
    schedule, clip
        See `optim`.
    seed : int
        Names the initial weights, the order of batches and the noise.
    shuffle : bool
        Whether each epoch has an order of its own.
    """

    epochs: int = whole(1, default=100)
    batch_size: int = whole(1, default=32)
    learning_rate: float = real(0.0, low_open=True, default=0.001)
    schedule: Schedule = constrained(Kind(Schedule), default=Constant())
    clip: Clip = constrained(Kind(Clip), default=Clip())
    seed: int = whole(0, default=0)
    shuffle: bool = flag(True)

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self)
