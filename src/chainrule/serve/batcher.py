"""The batcher: requests that come at the same time are computed in one call; large ones, beside the server's own work."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import numpy as np

from chainrule.serve.asked import Asked
from chainrule.serve.predictor import Predictor

# So long the server may be busy with numbers between two looks at its connections.
SECONDS_AT_ONCE = 0.005
# Samples of one call: more wait for the next.
MOST_AT_ONCE = 8192


@dataclass(eq=False)
class _Waiting:
    predictor: Predictor
    asked: Asked
    done: asyncio.Future[np.ndarray]


class Batcher:
    """Nobody waits for company: whatever came in the same turn of the event loop, or during the last call, goes together."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._is_called = False
        self._at_work: asyncio.Task[None] | None = None
        self.calls = 0

    async def outputs(self, predictor: Predictor, asked: Asked) -> np.ndarray:
        """Return y (N, K) for a request."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[np.ndarray] = loop.create_future()
        self._waiting.append(_Waiting(predictor, asked, done))
        if not self._is_called and self._at_work is None:
            self._is_called = True
            loop.call_soon(self._go)
        return await done

    def _go(self) -> None:
        self._is_called = False
        batch = self._next()
        if not batch:
            return
        if sum(one.asked.n for one in batch) * batch[0].predictor.seconds_a_sample <= SECONDS_AT_ONCE:
            _settle(batch, *_computed(batch))
            self.calls += 1
            if self._waiting:
                self._is_called = True
                asyncio.get_running_loop().call_soon(self._go)
            return
        self._at_work = asyncio.ensure_future(self._beside(batch))

    async def _beside(self, batch: list[_Waiting]) -> None:
        """Compute in a thread, and then go on with what came meanwhile."""
        while batch:
            results, error = await asyncio.to_thread(_computed, batch)
            _settle(batch, results, error)
            self.calls += 1
            batch = self._next()
        self._at_work = None

    def _next(self) -> list[_Waiting]:
        """Take the requests of one model that go together; of those that nobody waits for any more, none."""
        self._waiting = [one for one in self._waiting if not one.done.done()]
        if not self._waiting:
            return []
        first, n = self._waiting[0].predictor, 0
        batch: list[_Waiting] = []
        while self._waiting and self._waiting[0].predictor is first:
            n += self._waiting[0].asked.n
            if batch and n > MOST_AT_ONCE:
                break
            batch.append(self._waiting.pop(0))
        return batch


def _computed(batch: list[_Waiting]) -> tuple[list[np.ndarray], Exception | None]:
    try:
        return batch[0].predictor.together([one.asked for one in batch]), None
    except Exception as error:
        return [], error


def _settle(batch: list[_Waiting], results: list[np.ndarray], error: Exception | None) -> None:
    for i, one in enumerate(batch):
        if one.done.done():
            # Its time was up.
            continue
        if error is None:
            one.done.set_result(results[i])
        else:
            one.done.set_exception(error)
