"""Served side by side: `chainrule serve`, and a plain FastAPI application around scikit-learn's pipeline, with one model.

The digits of UCI as 64 numbers each; a network 64-128-64-10, trained by Chainrule, whose weights scikit-learn's MLPClassifier
is given, so that both compute the same. Each server is a process of its own, as its documentation starts it, with its log
going nowhere; 8 clients ask over connections that they keep, the same bytes for both. Rounds alternate between the servers.
The CPU time of a server's process is told beside the rate, as other work on the machine touches it less.

    python benchmarks/serve.py [--seconds 4] [--rounds 5]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

CLIENTS = 8
HIDDEN = (128, 64)

RIVAL = """
import sys
import numpy as np
import joblib
from fastapi import FastAPI
from pydantic import BaseModel

pipeline = joblib.load(sys.argv[1])
app = FastAPI()


class Rows(BaseModel):
    rows: list[list[float]]


@app.post("/predict")
def predict(body: Rows):
    p = pipeline.predict_proba(np.array(body.rows))
    return {"answers": pipeline.classes_[p.argmax(axis=1)].tolist(), "probabilities": p.tolist()}


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]))
"""


@dataclass
class Server:
    name: str
    process: subprocess.Popen[bytes]
    port: int
    wrap: bool

    def cpu(self) -> float:
        """Seconds of CPU time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Resident megabytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def request(self, rows: list[list[int]]) -> bytes:
        body = json.dumps({"rows": rows} if self.wrap else rows).encode()
        head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Client(asyncio.Protocol):
    """Asks, takes the answer, and asks again: as little as a client can do, so that it takes no time from the server."""

    def __init__(self, request: bytes, until: float, every: float = 0.0) -> None:
        self.request, self.until, self.every = request, until, every
        self.times: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer, self.due = b"", 0.0
        self.last = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.due = time.perf_counter() + np.random.default_rng().random() * self.every
        asyncio.get_running_loop().call_at(asyncio.get_running_loop().time() + self.due - time.perf_counter(), self.ask)

    def ask(self) -> None:
        # From when it was due: a server that is late does not hide how late it is.
        self.start = self.due if self.every else time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self.buffer.lower().find(b"content-length:", 0, end)
        length = int(self.buffer[at + 15 : self.buffer.find(b"\r", at)])
        if len(self.buffer) < end + 4 + length:
            return
        if not self.buffer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(self.buffer[:500])
        now = time.perf_counter()
        self.times.append(now - self.start)
        self.last, self.buffer = self.buffer[end + 4 :], b""
        if now >= self.until:
            self.transport.close()
            self.done.set_result(None)
        elif self.every:
            self.due += self.every
            asyncio.get_running_loop().call_later(max(0.0, self.due - now), self.ask)
        else:
            self.ask()


@dataclass
class Round:
    rate: float
    cpu: float
    p50: float
    p99: float
    answer: Any


def load(server: Server, rows: list[list[int]], seconds: float, rate: float = 0.0) -> Round:
    """Ask for so long, as fast as answers come or so often a second in all."""

    async def run() -> tuple[list[float], bytes]:
        loop = asyncio.get_running_loop()
        until = time.perf_counter() + seconds
        every = CLIENTS / rate if rate else 0.0
        clients = []
        for _ in range(CLIENTS):
            _, client = await loop.create_connection(
                lambda: Client(server.request(rows), until, every), "127.0.0.1", server.port
            )
            clients.append(client)
        await asyncio.gather(*(client.done for client in clients))
        return [t for client in clients for t in client.times], clients[0].last

    before, start = server.cpu(), time.perf_counter()
    times, last = asyncio.run(run())
    took = time.perf_counter() - start
    ms = np.array(times) * 1000
    return Round(
        len(times) / took,
        (server.cpu() - before) / len(times) * 1e6,
        float(np.median(ms)),
        float(np.percentile(ms, 99)),
        json.loads(last),
    )


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


def started(name: str, command: list[str], port: int, *, wrap: bool) -> Server:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(1200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return Server(name, process, port, wrap)
        except OSError:
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended with {process.returncode}") from None
            time.sleep(0.1)
    raise RuntimeError(f"{name} does not answer")


def models(folder: Path) -> tuple[Path, Path, list[list[int]]]:
    """Train with Chainrule, and write its weights as scikit-learn's pipeline too."""
    import joblib
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler

    from chainrule.job.predict import open_model

    command = [sys.executable, "-m", "chainrule", "train", "digits", "--epochs", "10", "--quiet"]
    subprocess.run([*command, "--out", str(folder / "run")], check=True)
    ours = open_model(folder / "run")
    digits = load_digits()
    # The pixels of ours are divided by 16; a row of zeros and one of 16 fit the scaler to do the same.
    scaler = MinMaxScaler().fit(np.array([[0.0] * 64, [16.0] * 64]))
    network = MLPClassifier(HIDDEN, max_iter=1)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.fit(scaler.transform(digits.data), digits.target)
    layers = [weights for weights in ours.params.values() if weights]
    network.coefs_ = [np.asarray(layer["W"], float) for layer in layers]
    network.intercepts_ = [np.asarray(layer["b"], float) for layer in layers]
    joblib.dump(make_pipeline(scaler, network), folder / "pipeline.joblib")
    return folder / "run", folder / "pipeline.joblib", digits.data.astype(int).tolist()


def compare(servers: list[Server], rows: list[list[int]], n: int, seconds: float, rounds: int) -> None:
    ours, theirs = servers
    found: dict[str, list[Round]] = {server.name: [] for server in servers}
    for server in servers:
        load(server, rows[:n], 1.0)
    for _ in range(rounds):
        for server in servers:
            found[server.name].append(load(server, rows[:n], seconds))
    print(f"\n{n} row{'s' * (n > 1)} a request, {CLIENTS} clients, median of {rounds} rounds of {seconds:g} s")
    for server in servers:
        kept = found[server.name]
        print(
            f"  {server.name:34} {median(r.rate for r in kept):8.0f} requests/s   p50 {median(r.p50 for r in kept):7.2f} ms"
            f"   p99 {median(r.p99 for r in kept):7.2f} ms   {median(r.cpu for r in kept):7.0f} µs of CPU a request"
        )
    pairs = list(zip(found[ours.name], found[theirs.name], strict=True))
    rates, cpu = [a.rate / b.rate for a, b in pairs], [b.cpu / a.cpu for a, b in pairs]
    print(f"  ratio of requests/s {median(rates):.2f} ({min(rates):.2f} to {max(rates):.2f})", end="")
    print(f"; of CPU time {median(cpu):.2f} ({min(cpu):.2f} to {max(cpu):.2f}); bar 3")
    a, b = (np.array(r.answer["probabilities"]) for r in pairs[0])
    print(f"  largest difference of a probability {np.abs(a - b).max():.1e}")
    half = median(r.rate for r in found[ours.name]) / 2
    kept = [load(ours, rows[:n], seconds, half) for _ in range(rounds)]
    print(f"  ours at half of that load ({half:.0f}/s): p50 {median(r.p50 for r in kept):.2f}", end="")
    print(
        f", p99 {median(r.p99 for r in kept):.2f} ms ({min(r.p99 for r in kept):.2f} to {max(r.p99 for r in kept):.2f}); bar 20"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    try:
        import fastapi
    except ImportError:
        print("FastAPI is not installed here (pip install 'chainrule[bench]'): nothing to compare with.")
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        run, pipeline, rows = models(folder)
        (folder / "rival.py").write_text(RIVAL)
        ports = free_port(), free_port()
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        try:
            import httptools  # noqa: F401

            parser_of_theirs = "httptools"
        except ImportError:
            parser_of_theirs = "h11"
        servers = []
        try:
            command = [sys.executable, "-m", "chainrule", "serve", str(run), "--port", str(ports[0])]
            servers.append(started("chainrule serve", command, ports[0], wrap=False))
            name = f"FastAPI {fastapi.__version__}, {parser_of_theirs}"
            command = [sys.executable, str(folder / "rival.py"), str(pipeline), str(ports[1])]
            servers.append(started(name, command, ports[1], wrap=True))
            for n in (1, 256):
                compare(servers, rows, n, asked.seconds, asked.rounds)
            print("\nresident:", ", ".join(f"{server.name} {server.memory():.0f} MB" for server in servers))
        finally:
            for server in servers:
                server.process.send_signal(signal.SIGTERM)
                server.process.wait(20)


if __name__ == "__main__":
    main()
