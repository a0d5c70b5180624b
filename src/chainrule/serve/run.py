"""Running a service until it is ended: in this process, or in several that share a listening place."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import connection, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from chainrule.errors import ConfigError
from chainrule.serve.counts import Counts
from chainrule.serve.log import Log
from chainrule.serve.predictor import Predictor
from chainrule.serve.service import Limits, Place, Service
from chainrule.web.place import uvicorn_config

DEFAULT_PORT = 8780
LEAST_TOKEN = 16
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
# A process that ends so soon, so often in a row, will not do better the next time.
_SOON, _OFTEN = 5.0, 3
_SECONDS_TO_END = 5.0


@dataclass(frozen=True)
class Settings:
    """All that a process needs to serve.

    Attributes
    ----------
    path : Path
        A model file, or the folder of a run.
    place : Place
    limits : Limits
    log : bool
        Whether each request is noted down on standard error.
    folder : Path, optional
        Where several processes write their counts.
    parent : int
        The process that looks after this one; 0 for none.
    """

    path: Path
    place: Place = field(default_factory=Place)
    limits: Limits = field(default_factory=Limits)
    log: bool = True
    folder: Path | None = None
    parent: int = 0


def require_token(host: str, token: str) -> None:
    """Raise ConfigError unless there is a token that nobody guesses, where others can reach the server."""
    if token and (len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable() or " " in token):
        raise ConfigError(
            f"a `token` of at least {LEAST_TOKEN} ASCII letters and digits",
            f"{len(token)} signs",
            "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )
    if host not in _LOOPBACK and not token:
        raise ConfigError(
            f"a `token`, as others can reach {host}",
            "none",
            "Set CHAINRULE_TOKEN, or give `token`; or leave `host` out to serve this machine alone.",
        )


def run(settings: Settings, listening: socket.socket, workers: int = 1) -> None:
    """Serve on a bound socket until a signal comes.

    Raises
    ------
    ChainruleError
        If the model cannot be served.
    """
    if workers == 1:
        _serve(settings, listening, _predictor(settings))
        return
    # Read once here, so that a model that is none is told in one sentence and not by each process.
    _predictor(settings)
    with tempfile.TemporaryDirectory(prefix="chainrule-serve-") as folder:
        shared = Settings(settings.path, settings.place, settings.limits, settings.log, Path(folder), os.getpid())
        _Workers(shared, listening, workers).run()


def _predictor(settings: Settings) -> Predictor:
    return Predictor.load(settings.path, settings.limits.rows)


def _serve(settings: Settings, listening: socket.socket, predictor: Predictor) -> None:
    import uvicorn

    with contextlib.ExitStack() as stack:
        log = Log(sys.stderr if settings.log else stack.enter_context(Path(os.devnull).open("w")))
        stack.callback(log.close)
        log("start", model=predictor.digest, pid=os.getpid())
        service = Service(
            predictor, lambda: _predictor(settings), settings.place, settings.limits, log, Counts(settings.folder)
        )
        server = uvicorn.Server(uvicorn_config(service, fast=True))

        def end_with_parent() -> None:
            if settings.parent and os.getppid() != settings.parent:
                server.should_exit = True

        service.on_tick = end_with_parent
        # uvicorn sends a signal that ended it once more, to whoever listened before; its default would be sudden death.
        signal.signal(signal.SIGTERM, lambda *_: None)
        server.run(sockets=[listening])
        log("end", pid=os.getpid())


def _work(settings: Settings, listening: socket.socket) -> None:
    """Serve in a process of its own."""
    _serve(settings, listening, _predictor(settings))


class _Workers:
    """Processes that serve on one socket: each is begun anew if it ends, and all end together."""

    def __init__(self, settings: Settings, listening: socket.socket, n: int) -> None:
        self._settings = settings
        self._listening = listening
        # Fresh processes: what has started threads, as BLAS and JAX do, is better not forked.
        self._context = get_context("spawn")
        self._ending = False
        self._soon = 0
        self._begun: dict[BaseProcess, float] = {}
        self._n = n

    def run(self) -> None:
        with self._signals():
            try:
                while not self._ending:
                    while len(self._begun) < self._n:
                        self._begin()
                    connection.wait([process.sentinel for process in self._begun], timeout=0.2)
                    self._bury()
            finally:
                self._end()

    def _begin(self) -> None:
        process = self._context.Process(target=_work, args=(self._settings, self._listening), daemon=False)
        process.start()
        self._begun[process] = time.monotonic()

    def _bury(self) -> None:
        for process, since in list(self._begun.items()):
            if process.is_alive():
                continue
            del self._begun[process]
            self._soon = self._soon + 1 if time.monotonic() - since < _SOON else 0
            if self._soon >= _OFTEN and not self._ending:
                raise ConfigError(
                    "processes that serve", f"{self._soon} that ended at once", "Read what they say above."
                )

    def _end(self) -> None:
        for process in self._begun:
            process.terminate()
        until = time.monotonic() + _SECONDS_TO_END
        for process in self._begun:
            process.join(max(0.0, until - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def end(*_: object) -> None:
            self._ending = True

        def reload(*_: object) -> None:
            for process in self._begun:
                if process.pid is not None and process.is_alive():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process.pid, signal.SIGHUP)

        handlers = {signal.SIGINT: end, signal.SIGTERM: end}
        if hasattr(signal, "SIGHUP"):
            handlers[signal.SIGHUP] = reload
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
