"""Models that are made in a moment, and services that answer on a port of their own."""

from __future__ import annotations

import asyncio
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn

from chainrule.encode.images import ImageEncoding
from chainrule.encode.preparation import Preparation
from chainrule.encode.sounds import SoundEncoding
from chainrule.encode.target import Target
from chainrule.job.config import config_from
from chainrule.job.prepare import prepare
from chainrule.network import Network
from chainrule.nn import Conv2D, Dense, Flatten, Relu, Sequential, SoftmaxCrossEntropy, SquaredError
from chainrule.saved.file import save_model
from chainrule.saved.model import Model
from chainrule.serve.counts import Counts
from chainrule.serve.log import Log
from chainrule.serve.predictor import Predictor
from chainrule.serve.service import Limits, Place, Service
from chainrule.sources.samples import Pictures, Recordings
from chainrule.web.place import bound_socket, uvicorn_config

_PORTS = ("Berlin", "Hamburg", "Köln")


def table_text(n: int = 120) -> str:
    """Return a table as Germans write it: numbers with a comma, days first, words for true, gaps, a rare category."""
    rng = np.random.default_rng(0)
    lines = ["id_name;alter;preis;stadt;aktiv;seit;klasse"]
    for i in range(n):
        age = "" if i % 17 == 5 else f"{20 + 40 * rng.random():.1f}".replace(".", ",")
        price = f"{1000 * rng.random():,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")
        town = "Ulm" if i == 3 else "" if i % 23 == 7 else _PORTS[i % 3]
        day = f"{13 + i % 15:02d}.{1 + i % 12:02d}.{2019 + i % 5}"
        lines.append(f"n{i}x;{age};{price};{town};{'ja' if rng.random() > 0.4 else 'nein'};{day};{'ab'[i % 2]}")
    return "\n".join(lines) + "\n"


ROW = {"alter": 33.5, "preis": 410.25, "stadt": "Köln", "aktiv": True, "seit": "2021-05-14"}


def _network(shape: tuple[int, ...], outputs: int, *, layers: tuple[Any, ...] = ()) -> Network:
    inside = layers or (Dense(24), Relu(), Dense(16), Relu())
    loss = SoftmaxCrossEntropy() if outputs > 1 else SquaredError()
    return Network(Sequential((*inside, Dense(outputs))), shape, loss)


def _model(preparation: Preparation, **options: Any) -> Model:
    network = _network(preparation.input_shape, preparation.target.outputs, **options)
    params = network.init(np.random.default_rng(1))
    # In float32, as a file has them.
    return Model(network, {a: {b: np.float32(w) for b, w in ws.items()} for a, ws in params.items()}, preparation)


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Return a model of a table with columns of every kind but text."""
    path = tmp_path_factory.mktemp("table") / "t.csv"
    path.write_text(table_text(), encoding="utf-8")
    return _model(prepare(config_from({"data": str(path), "target": "klasse"})).preparation)


@pytest.fixture(scope="session")
def numbers() -> Model:
    """Return a model of numbers alone, for a number."""
    return _model(prepare(config_from({"data": "diabetes"})).preparation)


def _picture_model(layers: tuple[Any, ...]) -> Model:
    rng = np.random.default_rng(0)
    pictures = Pictures(rng.integers(0, 256, (9, 6, 5, 1), dtype=np.uint8))
    preparation = Preparation(ImageEncoding.fit(pictures), Target("sign", "classification", ("a", "b", "c")))
    return _model(preparation, layers=layers)


@pytest.fixture(scope="session")
def flat_pictures() -> Model:
    """Return a model that flattens its pictures first."""
    return _picture_model((Flatten(), Dense(20), Relu()))


@pytest.fixture(scope="session")
def conv_pictures() -> Model:
    """Return a model that convolves its pictures."""
    return _picture_model((Conv2D(6, 3), Relu(), Flatten()))


@pytest.fixture(scope="session")
def sounds() -> Model:
    """Return a model of sounds."""
    rng = np.random.default_rng(0)
    recordings = Recordings(tuple(rng.normal(0, 0.1, 2000).astype(np.float32) for _ in range(6)), 8000)
    preparation = Preparation(SoundEncoding.fit(recordings), Target("word", "classification", ("no", "yes")))
    return _model(preparation, layers=(Flatten(), Dense(8), Relu()))


def png(pixels: np.ndarray) -> bytes:
    """Return a grey picture as a file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def wav(rate: int = 8000, n: int = 1500) -> bytes:
    """Return a sound as a file."""
    from scipy.io import wavfile

    file = io.BytesIO()
    wavfile.write(file, rate, (3000 * np.sin(np.arange(n) / 3)).astype(np.int16))
    return file.getvalue()


@dataclass
class Running:
    """A service that runs in a thread."""

    service: Service
    server: uvicorn.Server
    port: int
    log: io.StringIO
    stop: Callable[[], None]
    loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, **options: Any) -> httpx.Client:
        """Return somebody who asks."""
        return httpx.Client(base_url=self.url, timeout=20, trust_env=False, **options)


Start = Callable[..., Running]


def start(
    model: Model, *, send_buffer: int = 0, load: Callable[[], Predictor] | None = None, token: str = "", **limits: Any
) -> Running:
    """Start a service; `stop` ends it."""
    listening = bound_socket("127.0.0.1", 0)
    if send_buffer:
        # What it accepts inherits it.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    port = listening.getsockname()[1]
    allowed = Limits(**limits)
    predictor = Predictor(model, "first", allowed.rows)
    told = io.StringIO()
    log = Log(told)
    ready: list[Any] = []

    async def serve() -> None:
        place = Place("127.0.0.1", port, (), token)
        service = Service(predictor, load or (lambda: predictor), place, allowed, log, Counts())
        server = uvicorn.Server(uvicorn_config(service, fast=True))
        ready.extend([server, service, asyncio.get_running_loop()])
        await server.serve(sockets=[listening])

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not (ready and ready[0].started) and time.monotonic() < until:
        time.sleep(0.005)
    assert ready
    assert ready[0].started

    def stop() -> None:
        ready[0].should_exit = True
        thread.join(timeout=10)
        log.close()
        listening.close()
        assert not thread.is_alive()

    return Running(ready[1], ready[0], port, told, stop, ready[2])


@pytest.fixture
def serving() -> Iterator[Start]:
    """Return what starts a service that ends with the test."""
    running: list[Running] = []

    def begin(model: Model, **options: Any) -> Running:
        running.append(start(model, **options))
        return running[-1]

    yield begin
    for one in running:
        one.stop()


@pytest.fixture
def saved(table: Model, tmp_path: Path) -> Path:
    """Return the file of a model."""
    path = tmp_path / "model.chainrule"
    save_model(table, path)
    return path
