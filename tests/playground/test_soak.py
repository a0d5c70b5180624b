"""Twenty pages of one server, each with its own network: a short watch each time, ten minutes with CHAINRULE_SOAK=600."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets

SECONDS = float(os.environ.get("CHAINRULE_SOAK", "10"))
VIEWS = 20
# A view may wait while a machine with other work has none for it; so long, on any machine, only for what never comes.
_STALL = 120.0
# A watch of a minute and more sees the end of it. A short one still sees twenty networks fill what each may hold: a curve, a
# past, and its own thread's heap.
_GROWTH = 24.0 if SECONDS >= 60 else 24.0 + 4.0 * VIEWS


@pytest.fixture
def playing() -> Iterator[tuple[str, str, int]]:
    """Start `chainrule play` as a process; yield address, token and process id."""
    command = [
        sys.executable,
        "-c",
        "from chainrule.cli.main import main; main()",
        "play",
        "--no-browser",
        "--port",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        match = re.search(r"(http://\S+)/#token=(\S+)", process.stdout.readline())
        assert match is not None
        yield match[1], match[2], process.pid
        process.send_signal(signal.SIGINT)
        process.wait(_STALL)


def _memory(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


async def _watch(url: str, token: str, until: float) -> tuple[int, float, int]:
    """Return frames, the longest gap, and the last epoch that one view saw; raise TimeoutError if it gets no more."""
    options: dict[str, Any] = {"origin": url, "max_size": None, "compression": None, "open_timeout": _STALL}
    async with websockets.connect(url.replace("http", "ws") + "/ws", **options) as wire:
        await wire.send(json.dumps({"type": "hello", "token": token}))
        await wire.send(json.dumps({"type": "run"}))
        frames, gap, epoch, last = 0, 0.0, 0, time.monotonic()
        # As long as it was to be, and on a slow machine until it has seen what it came for.
        while time.monotonic() < until or frames < SECONDS or not epoch:
            raw = await asyncio.wait_for(wire.recv(), _STALL)
            if isinstance(raw, str):
                continue
            (length,) = struct.unpack_from("<I", raw)
            header = json.loads(raw[4 : 4 + length])
            if header["type"] == "frame":
                now = time.monotonic()
                gap, last = max(gap, now - last), now
                frames, epoch = frames + 1, header["position"]["epoch"]
                await wire.send(json.dumps({"type": "ack", "frame": header["n"]}))
        return frames, gap, epoch


async def _soak(url: str, token: str, pid: int) -> tuple[list[tuple[int, float, int]], float]:
    until = time.monotonic() + SECONDS
    watching = [asyncio.ensure_future(_watch(url, token, until)) for _ in range(VIEWS)]
    # The curve, its checkpoints and the buffers fill first; what comes after a third of the time should be all.
    await asyncio.sleep(SECONDS / 3)
    before = _memory(pid)
    seen = await asyncio.gather(*watching)
    return seen, _memory(pid) - before


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc, which is Linux's")
def test_twenty_views_get_their_frames_without_a_stall_or_growth_of_memory(playing: tuple[str, str, int]) -> None:
    seen, growth = asyncio.run(_soak(*playing))
    assert min(frames for frames, _, _ in seen) >= SECONDS
    assert max(gap for _, gap, _ in seen) < _STALL
    assert min(epoch for _, _, epoch in seen) > 0
    assert growth < _GROWTH
