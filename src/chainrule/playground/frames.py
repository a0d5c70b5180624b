"""Where frames come from: one snapshot and one forward pass for all views that look at the same moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from chainrule.playground.frame import Snapshot, frame_message
from chainrule.playground.runner import Runner
from chainrule.playground.session import Session
from chainrule.playground.wire import encode

# More than a usual screen shows, and no more: what a frame costs, the training pays.
BEAT = 1 / 62
# Milliseconds that the pictures of a frame may take while the network trains. Those of a deep network, or on a slow
# machine, get a coarser map, which the page smooths; at rest they are as fine as the view wants them.
_MOST_BUILD = 3.5
_FINE, _COARSE = 100, 50


class Frames:
    """Snapshots of a runner's session, shared by all views; lives in the event loop's thread.

    Time goes in beats. All views share the snapshot of a beat, and a beat that was late does not make the next one late.

    Attributes
    ----------
    snapshot : Snapshot or None
        The newest.
    build_ms : float
        What the last forward pass took.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self.snapshot: Snapshot | None = None
        self._due = 0.0
        self._is_fresh = False
        self._change = 0
        self._taking: asyncio.Future[Snapshot] | None = None
        self._pictures: dict[tuple[int, str], asyncio.Future[float]] = {}
        # The finest map of this snapshot, and milliseconds for each of its pixels.
        self._finest = _FINE
        self._pixel_ms = 0.0
        self.build_ms = 0.0

    async def latest(self, want: str, size: int) -> Snapshot:
        """Return the snapshot of this beat, the same for all views; a new one where something has changed since.

        A new one is drawn at once as the view that asks first wants it: each question to the trainer waits for the end
        of a slice of training.
        """
        if self.snapshot is not None and self._is_fresh and self.until_next() > 0:
            return self.snapshot
        if self._taking is None:
            self._taking = asyncio.ensure_future(self._take(want, size))
        return await asyncio.shield(self._taking)

    async def _take(self, want: str, size: int) -> Snapshot:
        change, known, pixel_ms = self._change, self.snapshot, self._pixel_ms
        now = time.perf_counter()
        if self._due <= now:
            self._due = max(self._due, now - BEAT) + BEAT

        def take(session: Session) -> tuple[Snapshot, int, float]:
            snapshot = session.snapshot()
            if known is not None and known.serial == snapshot.serial:
                return known, 0, 0.0
            dear = snapshot.running and pixel_ms * _FINE**2 > _MOST_BUILD
            finest = _COARSE if dear else _FINE
            return snapshot, finest, _draw(snapshot, snapshot.scene.plane.size_for(min(size, finest)), want)

        try:
            snapshot, finest, build_ms = await asyncio.wrap_future(self._runner.ask(take, in_turn=True))
        finally:
            self._taking = None
        if snapshot is not known:
            self.snapshot, self._finest = snapshot, finest
            side = snapshot.scene.plane.size_for(min(size, finest))
            self._pixel_ms += 0.2 * (build_ms / side**2 - self._pixel_ms)
            drawn: asyncio.Future[float] = asyncio.get_running_loop().create_future()
            drawn.set_result(build_ms)
            self._pictures = {(side, want): drawn}
        # A snapshot that was under way when something changed may be of before.
        self._is_fresh = change == self._change
        return snapshot

    def until_next(self) -> float:
        """Return the seconds until the next beat begins."""
        return max(0.0, self._due - time.perf_counter())

    def is_fresh(self) -> bool:
        """Tell whether nothing has changed, by a command, since the snapshot was taken."""
        return self._is_fresh

    def forget(self) -> None:
        """Something has changed: the next view gets a new snapshot."""
        self._change += 1
        self._is_fresh = False

    async def encoded(
        self,
        snapshot: Snapshot,
        *,
        n: int,
        want: str,
        size: int,
        points: list[list[float]],
        budget: Mapping[str, float] | None,
    ) -> bytes:
        """Return a frame as it travels; its heavy part is made once, by the runner, for all views that want the same.

        The trainer's thread makes it, between two slices: a thread beside it would have to ask the trainer for the
        interpreter after each of the hundred array operations of a pass, and wait for it each time (measured on two
        cores: 20 frames a second instead of 70).
        """
        size = min(size, self._finest)
        side = snapshot.scene.plane.size_for(size)
        pictures = self._pictures if snapshot is self.snapshot else {}
        if (side, want) not in pictures:
            asked = self._runner.ask(lambda session: _draw(snapshot, side, want), in_turn=True)
            pictures[side, want] = asyncio.ensure_future(asyncio.wrap_future(asked))
        self.build_ms = await asyncio.shield(pictures[side, want])
        wire = encode(frame_message(snapshot, n=n, want=want, size=size, points=points, budget=budget))
        return wire if isinstance(wire, bytes) else wire.encode()


def _draw(snapshot: Snapshot, side: int, want: str) -> float:
    """Make the heavy part of a frame; return the milliseconds that it took."""
    started = time.perf_counter()
    snapshot.pass_of(side).picture(snapshot.scene, want)
    return 1000 * (time.perf_counter() - started)
