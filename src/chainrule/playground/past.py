"""Earlier states of a training, one for each epoch and thinned as they grow old, so that one can go back."""

from __future__ import annotations

from chainrule.errors import ConfigError
from chainrule.playground.trainer import TrainerState

MOST = 240
MOST_BYTES = 32 << 20
# As many of the newest are never thinned: one goes back a few steps far more often than a few hundred.
RECENT = 40


class PastStates:
    """In the order of their steps, the oldest first; the first, the initial weights, always stays."""

    def __init__(self) -> None:
        self._kept: list[TrainerState] = []
        self._stride = 1

    def fork(self) -> PastStates:
        """Return the same states, to be kept and thinned apart from these."""
        other = PastStates()
        other._kept, other._stride = list(self._kept), self._stride
        return other

    def add(self, state: TrainerState) -> None:
        """Keep a state after those that were before it; what lay beyond it is another future and goes."""
        while self._kept and self._kept[-1].position.step >= state.position.step:
            self._kept.pop()
        self._kept.append(state)
        most = self._most(state)
        if len(self._kept) > most:
            self._thin(most)

    @staticmethod
    def _most(state: TrainerState) -> int:
        return max(4, min(MOST, MOST_BYTES // max(1, state.nbytes)))

    def _thin(self, most: int) -> None:
        """Of the old ones, let go those whose epoch is no multiple of a stride, which doubles as they grow many."""
        recent = min(RECENT, len(self._kept) // 2)
        first, old, new = self._kept[0], self._kept[1:-recent], self._kept[-recent:]
        old = [kept for kept in old if kept.position.sample == 0 and kept.position.epoch % self._stride == 0]
        # With some room left, so that it need not be done again for a while.
        room = most - recent - 1 - most // 8
        while len(old) > max(0, room):
            self._stride *= 2
            old = [kept for kept in old if kept.position.epoch % self._stride == 0]
        self._kept = [first, *old, *new]

    def before(self, step: int) -> TrainerState | None:
        """Return the last state before a step."""
        return next((kept for kept in reversed(self._kept) if kept.position.step < step), None)

    def of_epoch(self, epoch: int) -> TrainerState:
        """Return the state of an epoch that `epochs` lists."""
        for kept in self._kept:
            if kept.position.epoch == epoch and kept.position.sample == 0:
                return kept
        nearest = min(self.epochs, key=lambda known: abs(known - epoch), default=0)
        raise ConfigError("the epoch of a checkpoint", f"{epoch}", f"The nearest that was kept is {nearest}.")

    @property
    def epochs(self) -> list[int]:
        """The epochs that one can go to."""
        return [kept.position.epoch for kept in self._kept if kept.position.sample == 0]

    @property
    def nbytes(self) -> int:
        """Bytes held in memory."""
        return sum(kept.nbytes for kept in self._kept)
