"""A served model over a hundred thousand requests, and among malformed, giant and slow ones: nothing grows, nothing dies.

`make deep` runs it for ten minutes; CHAINRULE_SOAK=N says another number of seconds, CHAINRULE_REQUESTS=N how many requests.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import threading
import time
from pathlib import Path
from statistics import median

import pytest

from tests.serve.conftest import ROW, saved, table  # noqa: F401 (fixtures)
from tests.serve.test_run import process

SECONDS = float(os.environ.get("CHAINRULE_SOAK", "20"))
REQUESTS = int(os.environ.get("CHAINRULE_REQUESTS", "100000"))
# What an allocator and caches take before they have all they need, in megabytes, and what may come after that.
_MAY_GROW = 8.0

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux's /proc is needed")


def memory(pid: int) -> float:
    """Return the resident megabytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def handles(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def test_memory_is_flat_over_many_requests(saved: Path) -> None:  # noqa: F811
    body = json.dumps([ROW, {**ROW, "alter": None, "stadt": "Rom"}]).encode()
    told = []
    with process(str(saved), "--quiet") as (running, client):
        wire = socket.create_connection(("127.0.0.1", client.base_url.port or 0), timeout=60)
        head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{client.base_url.port}\r\nContent-Type: application/json\r\n"
        request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        with wire:
            for number in range(REQUESTS):
                wire.sendall(request)
                answer = wire.recv(1 << 16)
                while not answer.endswith(b"}"):
                    answer += wire.recv(1 << 16)
                assert answer.startswith(b"HTTP/1.1 200"), answer
                if number % max(1, REQUESTS // 20) == 0:
                    told.append(memory(running.pid))
        told.append(memory(running.pid))
        assert f"chainrule_rows_total {2 * REQUESTS}\n" in client.get("/metrics").text
    print("resident MB:", [round(value, 1) for value in told])
    # The first tenth is for what is filled once.
    assert max(told[2:]) - told[2] < _MAY_GROW, told


class Foul:
    """Requests that nobody should send, drawn from a seed."""

    def __init__(self, port: int, seed: int, row: dict[str, object]) -> None:
        self.port, self.random, self.row = port, random.Random(seed), row
        self.sent = 0

    def head(self, length: int, kind: str = "application/json") -> bytes:
        lines = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: {kind}\r\n"
        return f"{lines}Content-Length: {length}\r\n\r\n".encode()

    def malformed(self, wire: socket.socket) -> None:
        """Noise, half a request, a body that is no JSON, one whose bytes are flipped."""
        good = json.dumps(self.row).encode()
        flipped = bytes(b if self.random.random() > 0.05 else self.random.randrange(256) for b in good)
        noise = self.random.randbytes(self.random.randrange(1, 4000))
        kind = self.random.choice(["application/json", "text/csv", "image/png", "x", "multipart/form-data"])
        body = self.random.choice([flipped, noise, b"[" * 50_000, b'{"a":NaN}', b"[" + good * 3, b"\x00" * 100])
        wire.sendall(self.random.choice([noise, self.head(len(body), kind) + body, self.head(len(body) + 9) + body]))
        wire.settimeout(0.2)
        wire.recv(1 << 16)

    def giant(self, wire: socket.socket) -> None:
        """A body beyond the limit, declared or in chunks; a million rows; a head without an end."""
        which = self.random.randrange(4)
        if which == 0:
            wire.sendall(self.head(10**12))
        elif which == 1:
            wire.sendall(self.head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"))
            for _ in range(300):
                wire.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
        elif which == 2:
            body = b"[" + b",".join([b"{}"] * 1_000_000) + b"]"
            wire.sendall(self.head(len(body)) + body)
        else:
            wire.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * (1 << 20))
        wire.settimeout(5)
        wire.recv(1 << 16)

    def slow(self, wire: socket.socket) -> None:
        """A letter now and then."""
        wire.sendall(self.random.choice([b"POST /pre", self.head(100_000), self.head(1_000_000) + b"["]))
        for _ in range(self.random.randrange(1, 40)):
            time.sleep(0.1)
            wire.sendall(b" ")

    def go(self, until: float, kinds: list[str]) -> None:
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=10) as wire:
                getattr(self, self.random.choice(kinds))(wire)
            self.sent += 1


def test_malformed_giant_and_slow_requests_kill_nobody(saved: Path) -> None:  # noqa: F811
    seed = int(os.environ.get("CHAINRULE_SEED", "1"))
    with process(str(saved), "--quiet") as (running, client):
        port = client.base_url.port or 0
        for _ in range(50):
            client.post("/predict", json=ROW)
        until = time.monotonic() + SECONDS
        kinds = [["malformed"], ["malformed", "giant"], *[["slow"]] * 12]
        foul = [Foul(port, seed + i, dict(ROW)) for i in range(len(kinds))]
        threads = [threading.Thread(target=one.go, args=(until, kind)) for one, kind in zip(foul, kinds, strict=True)]
        for thread in threads:
            thread.start()
        expected = client.post("/predict", json=ROW).json()
        told, slowest, n = [], 0.0, 0
        while time.monotonic() < until:
            start = time.monotonic()
            answer = client.post("/predict", json=ROW)
            slowest = max(slowest, time.monotonic() - start)
            assert answer.json() == expected
            n += 1
            if n % 5 == 0:
                told.append(memory(running.pid))
            time.sleep(0.02)
        for thread in threads:
            thread.join()
        assert running.poll() is None
        # Those that were held open go within the server's patience.
        end = time.monotonic() + 60
        while handles(running.pid) > 40 and time.monotonic() < end:
            time.sleep(0.2)
        print(f"{sum(one.sent for one in foul)} foul requests; {n} answered, the slowest in {slowest:.2f} s")
        print(
            "resident MB:",
            [round(value) for value in told[:: max(1, len(told) // 20)]],
            "handles:",
            handles(running.pid),
        )
        assert handles(running.pid) <= 40
        # A giant body is there for a moment: what grows for good lifts the median.
        quarter = len(told) // 4
        assert median(told[-quarter:]) < median(told[quarter : 2 * quarter]) * 1.1 + _MAY_GROW, told
