"""Where frames come from: one snapshot and one forward pass for all views that look at the same moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from chainrule.playground.frame import Snapshot, frame_message
from chainrule.playground.runner import Runner
from chainrule.playground.session import Session
from chainrule.playground.wire import encode

# A snapshot serves all views that ask within this time: half of a screen's refresh.
_FRESH = 0.008


class Frames:
    """Snapshots of a runner's session, shared by all views; lives in the event loop's thread.

    Attributes
    ----------
    build_ms : float
        What the last forward pass took.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        # Two passes at once would only take the trainer's core from it.
        self._pool = ThreadPoolExecutor(1, "playground-frames")
        self._snapshot: Snapshot | None = None
        self._taken = 0.0
        self._change = 0
        self._taking: asyncio.Future[Snapshot] | None = None
        self._passes: dict[int, asyncio.Future[None]] = {}
        self.build_ms = 0.0

    async def latest(self) -> Snapshot:
        """Return a snapshot that is at most some milliseconds old."""
        if self._snapshot is not None and time.perf_counter() - self._taken < _FRESH:
            return self._snapshot
        if self._taking is None:
            self._taking = asyncio.ensure_future(self._take())
        return await asyncio.shield(self._taking)

    async def _take(self) -> Snapshot:
        change = self._change
        try:
            snapshot = await asyncio.wrap_future(self._runner.ask(Session.snapshot))
        finally:
            self._taking = None
        if self._snapshot is None or snapshot.serial != self._snapshot.serial:
            self._passes = {}
            self._snapshot = snapshot
        # A snapshot that was under way when something changed may be of before.
        self._taken = time.perf_counter() if change == self._change else 0.0
        return self._snapshot

    def is_fresh(self) -> bool:
        """Tell whether nothing has changed, by a command, since the snapshot was taken."""
        return self._taken > 0

    def forget(self) -> None:
        """Something has changed: the next view gets a new snapshot."""
        self._change += 1
        self._taken = 0.0

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
        """Return a frame as it travels; the forward pass is made once, outside of the event loop's thread."""
        side = snapshot.scene.plane.size_for(size)
        passes = self._passes if snapshot is self._snapshot else {}
        if side not in passes:
            loop = asyncio.get_running_loop()
            passes[side] = asyncio.ensure_future(loop.run_in_executor(self._pool, self._pass, snapshot, side))
        await asyncio.shield(passes[side])
        wire = encode(frame_message(snapshot, n=n, want=want, size=size, points=points, budget=budget))
        return wire if isinstance(wire, bytes) else wire.encode()

    def _pass(self, snapshot: Snapshot, side: int) -> None:
        started = time.perf_counter()
        snapshot.pass_of(side)
        self.build_ms = 1000 * (time.perf_counter() - started)

    def close(self) -> None:
        """End the pool."""
        self._pool.shutdown(wait=False, cancel_futures=True)
