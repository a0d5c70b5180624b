"""What the Playground delivers: frames a second to a real browser while the network trains, and pages side by side: that look on at one network, and that have one each.

Run `python benchmarks/playground.py`; `--soak 600 --views 20` is twenty views for ten minutes, `--views-only` leaves the
browser out. The server is a process of its own, as `chainrule play` starts it. In the browser two figures are told: the frames that
came to the page, and the refreshes of the screen at which a new one was there to be drawn.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NETWORKS: dict[str, dict[str, Any]] = {
    "2-4-2-2, 500 points": {},
    "7-8⁶-10, 500 points": {
        "data": {"name": "upload:1", "target": "class"},
        "inputs": ["x1", "x2", "x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)"],
        "layers": [{"units": 8}] * 6,
    },
}
_LAUNCH = [
    "--headless=new",
    "--remote-debugging-port=0",
    "--window-size=1280,800",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
# Counts, inside the page, the animation frames in which the epoch that a frame brought was on the screen.
_COUNT = """seconds => new Promise(done => {
  const seen = []; const start = performance.now(); const first = window.__count, epoch = window.__epoch; let last = first; let ticks = 0;
  const tick = now => {
    ticks += 1;
    const n = window.__count;
    if (n !== last) { seen.push(now); last = n; }
    if (now - start < seconds * 1000) requestAnimationFrame(tick);
    else done({frames: seen.length, came: window.__count - first, epochs: window.__epoch - epoch, ticks, seconds: (now - start) / 1000,
               gap: Math.max(0, ...seen.slice(1).map((x, i) => x - seen[i]))});
  };
  requestAnimationFrame(tick);
})"""


@contextmanager
def playing() -> Iterator[tuple[str, str, int]]:
    """Start the server; yield its address, its token and its process id."""
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
        try:
            yield match[1], match[2], process.pid
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def time_to_page() -> tuple[float, float]:
    """Seconds from the command to the page's bytes, and to the first frame of the network that it shows."""
    started = time.perf_counter()
    with playing() as (url, token, _):
        while True:
            try:
                urllib.request.urlopen(url + "/", timeout=5).read()
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.005)
                continue
            break
        page = time.perf_counter() - started
        asyncio.run(first_frame(url, token))
        return page, time.perf_counter() - started


async def first_frame(url: str, token: str) -> None:
    """Connect as the page does, and wait for a frame."""
    import websockets

    async with websockets.connect(url.replace("http", "ws") + "/ws", origin=url, max_size=None) as wire:  # type: ignore[arg-type]
        view = View(wire)
        await view.send("hello", token=token)
        while isinstance(await wire.recv(), str):
            pass


# Of the network of the first page, for which the table is uploaded.
KEY = "the-first-page-of-the-benchmark"


def ten_classes(url: str, token: str, key: str) -> None:
    """Upload 500 points of ten classes to a page's network, as a person would."""
    import numpy as np

    rng = np.random.default_rng(0)
    k = np.arange(500) % 10
    angle, radius = k * 0.63 + rng.normal(0, 0.15, 500), rng.uniform(1, 5, 500)
    rows = "".join(f"{r * np.cos(a):.4f},{r * np.sin(a):.4f},c{c}\n" for r, a, c in zip(radius, angle, k, strict=True))
    request = urllib.request.Request(f"{url}/upload?name=ten.csv", ("x,y,class\n" + rows).encode(), method="POST")
    request.add_header("X-Chainrule-Token", token)
    request.add_header("X-Chainrule-Session", key)
    urllib.request.urlopen(request, timeout=30).read()


class View:
    """A view without a browser: it acknowledges each frame as soon as it has come."""

    def __init__(self, wire: Any) -> None:
        self.wire = wire
        self.times: list[float] = []
        self.bytes = 0
        self.last: dict[str, Any] = {}

    async def send(self, kind: str, **fields: Any) -> None:
        await self.wire.send(json.dumps({"type": kind, **fields}))

    async def watch(self, seconds: float) -> None:
        """Take frames for so long."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            raw = await self.wire.recv()
            if isinstance(raw, str):
                continue
            (length,) = struct.unpack_from("<I", raw)
            header = json.loads(raw[4 : 4 + length])
            if header["type"] != "frame":
                continue
            self.times.append(time.perf_counter())
            self.bytes += len(raw)
            self.last = header
            await self.send("ack", frame=header["n"])


async def watched(
    url: str, token: str, spec: dict[str, Any], n: int, seconds: float, *, own: bool
) -> tuple[list[View], float]:
    """Open n views of one server, train, and return them with the epochs a second of the first.

    Each has a network of its own, or all look on at the first one's.
    """
    import websockets

    address = url.replace("http", "ws") + "/ws"
    options: dict[str, Any] = {"origin": url, "max_size": None, "compression": None}
    wires = [await websockets.connect(address, **options) for _ in range(n)]
    views = [View(wire) for wire in wires]
    await views[0].send("hello", token=token, session=KEY, page="first")
    await views[0].send("follow_me", on=True)
    told: dict[str, Any] = {}
    while not told.get("follow"):
        raw = await wires[0].recv()
        told = json.loads(raw) if isinstance(raw, str) else {}
    if "upload" in str(spec):
        # Of HTTP by a thread: the wire goes on meanwhile.
        await asyncio.to_thread(ten_classes, url, token, KEY)
    for view in views[1:]:
        await view.send("hello", token=token, follow=told["follow"], copy=own)
    if own:
        # The table is the first one's alone.
        spec = spec | ({"data": {"name": "gaussians"}} if "upload" in str(spec) else {})
    for view in views if own else views[:1]:
        await view.send("spec", spec=spec)
        await view.send("run")
    await asyncio.gather(*(view.watch(1.0) for view in views))
    first = views[0].last["position"]["epoch"]
    for view in views:
        view.times.clear()
        view.bytes = 0
    started = time.perf_counter()
    await asyncio.gather(*(view.watch(seconds) for view in views))
    rate = (views[0].last["position"]["epoch"] - first) / (time.perf_counter() - started)
    for wire in wires:
        await wire.close()
    return views, rate


def memory(pid: int) -> float:
    """Resident MiB of a process, on Linux."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return float("nan")
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def without_a_browser(n: int, seconds: float, *, own: bool = False) -> None:
    """Print what n views get at once."""
    kind = "networks" if own else "views"
    for name, spec in NETWORKS.items():
        with playing() as (url, token, pid):
            before = memory(pid)
            views, rate = asyncio.run(watched(url, token, spec, n, seconds, own=own))
            after = memory(pid)
        fps = [len(view.times) / seconds for view in views]
        gaps = [
            max((b - a for a, b in zip(view.times, view.times[1:], strict=False)), default=seconds) for view in views
        ]
        size = sum(view.bytes for view in views) / max(1, sum(len(view.times) for view in views))
        print(
            f"{name:22} {n:3} {kind}: {statistics.median(fps):6.1f} frames a second (least {min(fps):.1f}), "
            f"longest gap {max(gaps):.3f} s, {rate:7.1f} epochs a second, {size / 1000:.1f} kB a frame, "
            f"memory {before:.0f} → {after:.0f} MiB"
        )


class Tab:
    """A page of chromium, asked over the protocol of its developer tools.

    Not by Playwright: it has each message of a page's WebSocket copied to itself, which no visitor's browser does and
    which took a tenth of a core here.
    """

    def __init__(self, wire: Any) -> None:
        self._wire = wire
        self._n = 0

    def ask(self, method: str, **params: Any) -> Any:
        """Send a command and return its result."""
        self._n += 1
        self._wire.send(json.dumps({"id": self._n, "method": method, "params": params}))
        while True:
            answer = json.loads(self._wire.recv())
            if answer.get("id") == self._n:
                if "error" in answer:
                    raise RuntimeError(answer["error"])
                return answer["result"]

    def value(self, expression: str) -> Any:
        """Return what an expression is, in the page, once its promise is kept."""
        answer = self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        return answer["result"].get("value")


@contextmanager
def chromium_tab(chromium: str) -> Iterator[Tab]:
    """Start chromium without a window; yield its tab."""
    from websockets.sync.client import connect

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [chromium, *_LAUNCH, f"--user-data-dir={folder}", "about:blank"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                where = Path(folder) / "DevToolsActivePort"
                while not where.exists() or "\n" not in where.read_text():
                    time.sleep(0.05)
                port = where.read_text().split()[0]
                tabs = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list"))
                address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
                with connect(address, max_size=None) as wire:
                    yield Tab(wire)
            finally:
                process.terminate()
                process.wait(20)


def time_to_see(tab: Tab) -> tuple[float, float]:
    """Seconds from the command until a browser that is open shows the page, and the network in it."""
    tab.ask("Page.navigate", url="about:blank")
    started = time.perf_counter()
    with playing() as (url, token, _):
        tab.ask("Page.navigate", url=f"{url}/#token={token}")
        times = []
        for sign in (".cr-column", ".cr-neuron"):
            while not tab.value(f"document.querySelector({sign!r}) !== null"):
                time.sleep(0.01)
            times.append(time.perf_counter() - started)
    return times[0], times[1]


def in_a_browser(seconds: float, chromium: str) -> None:
    """Print what a real page shows."""
    with chromium_tab(chromium) as tab:
        tab.ask("Page.enable")
        seen = [time_to_see(tab) for _ in range(7)]
        for what, times in zip(("page", "network"), zip(*seen, strict=True), strict=True):
            print(
                f"from the command to the {what} in chromium: median {statistics.median(times):.2f} s, best {min(times):.2f} s"
            )
    for name, spec in NETWORKS.items():
        with playing() as (url, token, _), chromium_tab(chromium) as tab:
            tab.ask("Page.enable")
            tab.ask("Page.addScriptToEvaluateOnNewDocument", source=_LISTEN)
            tab.ask("Page.navigate", url=f"{url}/#token={token}")
            while not tab.value("window.__socket !== undefined && window.__count > 0"):
                time.sleep(0.02)
            ten_classes(url, token, tab.value("sessionStorage.getItem('chainrule-key')"))
            tab.value(f"window.__socket.send(JSON.stringify({{type: 'spec', spec: {json.dumps(spec)}}}))")
            tab.value("window.__socket.send(JSON.stringify({type: 'run'}))")
            time.sleep(2)
            shown = tab.value(f"({_COUNT})({seconds})")
            print(
                f"{name:22} chromium: {shown['came'] / shown['seconds']:6.1f} frames a second came; a new one at "
                f"{shown['frames'] / shown['seconds']:.1f} of {shown['ticks'] / shown['seconds']:.1f} refreshes, longest gap {shown['gap'] / 1000:.3f} s, "
                f"{shown['epochs'] / shown['seconds']:7.1f} epochs a second"
            )


# Looks over the page's shoulder: every message that its WebSocket gets, without touching what the page does with it.
_LISTEN = """(() => {
  const Plain = window.WebSocket; window.__count = 0; window.__epoch = 0;
  window.WebSocket = class extends Plain {
    constructor(...all) {
      super(...all); window.__socket = this;
      this.addEventListener("message", ({ data }) => {
        if (typeof data === "string") return;
        const length = new DataView(data).getUint32(0, true);
        const head = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
        if (head.type === "frame") { window.__count += 1; window.__epoch = head.position.epoch; }
      });
    }
  };
})()"""


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--views", type=int, default=20)
    parser.add_argument("--networks", type=int, default=40, help="Pages that train a network each.")
    parser.add_argument("--soak", type=float, default=0.0, help="Watch with all views for so many seconds.")
    parser.add_argument("--views-only", action="store_true", help="Leave the browser out.")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    for what, times in zip(("page", "first frame"), zip(*(time_to_page() for _ in range(7)), strict=True), strict=True):
        print(f"from the command to the {what}: median {statistics.median(times):.2f} s, best {min(times):.2f} s")
    without_a_browser(1, options.seconds)
    if not options.views_only and Path(options.chromium).exists():
        in_a_browser(options.seconds, options.chromium)
    without_a_browser(options.views, options.soak or options.seconds)
    without_a_browser(options.networks, options.seconds, own=True)


if __name__ == "__main__":
    main()
