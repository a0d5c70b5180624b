"""The viewer: the latest state and frame alone, in an order that ends with the truth."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chainrule.playground.frames import Frames
from chainrule.playground.runner import Runner
from chainrule.playground.session import Session
from chainrule.playground.viewer import SlowViewerError, Viewer
from chainrule.playground.wire import Message, decode


class Gate:
    """A wire that takes messages only while it is open."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.sent: list[dict[str, Any]] = []

    async def send(self, data: str | bytes) -> None:
        await self.open.wait()
        self.sent.append(json.loads(data) if isinstance(data, str) else decode(data)[0])

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.sent if message["type"] == kind]


Play = Callable[[Viewer, Gate, Runner, Frames], Awaitable[None]]


def _played(play: Play) -> None:
    """Run a play with a viewer whose pump runs."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        viewers: list[Viewer] = []

        def heard(news: list[Message], version: int) -> None:
            loop.call_soon_threadsafe(lambda: [told(viewer, news, version) for viewer in viewers])

        def told(viewer: Viewer, news: list[Message], version: int) -> None:
            frames.forget()
            viewer.tell(news, version)

        runner = Runner(Session(), heard)
        frames, gate = Frames(runner), Gate()
        viewer = Viewer(gate, runner, frames)
        viewers.append(viewer)
        pump = asyncio.ensure_future(viewer.pump())
        try:
            await play(viewer, gate, runner, frames)
        finally:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
            runner.close()

    asyncio.run(run())


async def _until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def test_states_that_were_overtaken_are_not_sent() -> None:
    async def play(viewer: Viewer, gate: Gate, runner: Runner, frames: Frames) -> None:
        await _until(lambda: gate.of("frame"))
        gate.open.clear()
        await viewer.take('{"type": "ack", "frame": 1}')
        for i in range(50):
            await asyncio.wrap_future(
                runner.ask(lambda session, i=i: setattr(session, "_reset", str(i)) or session.changed())
            )
        gate.open.set()
        await _until(lambda: gate.of("state") and gate.of("state")[-1]["reset"] == "49")
        assert len(gate.of("state")) <= 3

    _played(play)


def test_a_change_that_comes_while_an_answer_waits_is_told_after_it() -> None:
    async def play(viewer: Viewer, gate: Gate, runner: Runner, frames: Frames) -> None:
        await _until(lambda: gate.of("frame"))
        gate.open.clear()
        await viewer.take('{"type": "ack", "frame": 1, "want": {"map": "hidden1.0"}}')
        await viewer.take('{"type": "run"}')
        await asyncio.wrap_future(runner.ask(Session.pause))
        gate.open.set()
        await _until(lambda: gate.of("state") and not gate.of("state")[-1]["running"])
        assert gate.of("state")[0]["running"]

    _played(play)


def test_after_a_state_a_frame_of_that_state_follows() -> None:
    async def play(viewer: Viewer, gate: Gate, runner: Runner, frames: Frames) -> None:
        await _until(lambda: gate.of("frame"))
        await viewer.take('{"type": "ack", "frame": 1}')
        for units in (7, 3, 9):
            seen = len(gate.sent)
            await viewer.take(json.dumps({"type": "set", "path": "layers.0.units", "value": units}))
            await _until(lambda seen=seen: [m for m in gate.sent[seen:] if m["type"] == "frame"])
            frame = gate.of("frame")[-1]
            await viewer.take(json.dumps({"type": "ack", "frame": frame["n"]}))
            await _until(lambda units=units: _units(gate) == 2 + units + 2 + 2)

    def _units(gate: Gate) -> int:
        return int(gate.of("frame")[-1]["thumbnail"]["units"])

    _played(play)


def test_while_nothing_changes_nothing_is_sent() -> None:
    async def play(viewer: Viewer, gate: Gate, runner: Runner, frames: Frames) -> None:
        await _until(lambda: gate.of("frame"))
        await viewer.take('{"type": "ack", "frame": 1}')
        await asyncio.sleep(0.3)
        assert len(gate.sent) == 1
        await viewer.take('{"type": "ack", "frame": 1, "want": {"map": "hidden1.0"}}')
        await _until(lambda: len(gate.of("frame")) == 2)
        assert gate.of("frame")[-1]["map"]["of"] == "hidden1.0"

    _played(play)


def test_a_map_that_is_dear_is_coarser_while_training_moves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainrule.playground.frames._MOST_BUILD", 0.0)

    async def play(viewer: Viewer, gate: Gate, runner: Runner, frames: Frames) -> None:
        async def see(running: bool, size: int) -> None:
            async with asyncio.timeout(10):
                while True:
                    frame = gate.of("frame")[-1]
                    if (frame["running"], frame["map"]["size"]) == (running, size):
                        return
                    await viewer.take(json.dumps({"type": "ack", "frame": frame["n"]}))
                    await asyncio.sleep(0.005)

        await _until(lambda: gate.of("frame"))
        await see(False, 100)
        await viewer.take('{"type": "run"}')
        await see(True, 50)
        await viewer.take('{"type": "pause"}')
        await see(False, 100)

    _played(play)


def test_a_page_that_lets_its_answers_wait_is_let_go() -> None:
    async def play(viewer: Viewer, gate: Gate, runner: Runner, frames: Frames) -> None:
        gate.open.clear()
        with pytest.raises(SlowViewerError):
            await asyncio.wait_for(_ask_on(viewer), 10)

    _played(play)


async def _ask_on(viewer: Viewer) -> None:
    while True:
        await viewer.take("noise")


def test_new_points_of_the_curve_come_once() -> None:
    async def play(viewer: Viewer, gate: Gate, runner: Runner, frames: Frames) -> None:
        await viewer.take('{"type": "run"}')
        while len(gate.of("frame")) < 12:
            before = len(gate.of("frame"))
            await _until(lambda before=before: len(gate.of("frame")) > before)
            await viewer.take(json.dumps({"type": "ack", "frame": gate.of("frame")[-1]["n"]}))
        epochs = [point[0] for frame in gate.of("frame")[2:] for point in frame["points"]]
        assert epochs
        assert epochs == sorted(set(epochs))

    _played(play)
