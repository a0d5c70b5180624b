"""The service: what is answered at each path, within limits of size and time, and counted."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from chainrule.errors import ChainruleError
from chainrule.serve.asked import Asked
from chainrule.serve.batcher import Batcher
from chainrule.serve.counts import Counts
from chainrule.serve.log import Log
from chainrule.serve.page import page_files
from chainrule.serve.predictor import Predictor
from chainrule.serve.reader import CSV, JSON, MOST_ROWS
from chainrule.serve.refusal import RequestError, as_json, status_of
from chainrule.serve.schema import openapi_of, schema_of
from chainrule.sources.budget import out_of_memory
from chainrule.web.body import Waiting, read_body
from chainrule.web.guard import App, Guard, Receive, Scope, Send, allowed_hosts, is_everywhere, same_token

# Bodies that are read on the way, and those that a thread reads, as they take long.
SMALL_BYTES = 256 << 10
SMALL_ROWS = 1024
MOST_SMALL, MOST_LARGE, MOST_READ_AT_ONCE = 256, 16, 2
SECONDS_BETWEEN = 10.0
# An answer goes out in parts, so that whoever takes it slowly, but takes it, is not held for one who does not.
_PART = 1 << 20
_ANSWERS_AT_ONCE = 1000


@dataclass(frozen=True)
class Limits:
    """What a request may cost.

    Attributes
    ----------
    body : int
        Bytes.
    rows : int
    seconds : float
        From its head to its answer, without the time that the answer takes to be sent.
    """

    body: int = 16 << 20
    rows: int = MOST_ROWS
    seconds: float = 30.0


@dataclass(frozen=True)
class Place:
    """Where a service is reached.

    Attributes
    ----------
    host, port
        Where it listens.
    allowed : sequence of str
        Other names by which it is reached, through a proxy for example.
    token : str
        What a request must show; empty for none.
    """

    host: str = "127.0.0.1"
    port: int = 0
    allowed: Sequence[str] = ()
    token: str = ""


class Service:
    """A web application that answers for a model.

    Parameters
    ----------
    predictor : Predictor
        What answers, until `load` has returned another.
    load : callable
        Reads the model anew, on SIGHUP; what it raises is logged, and the old one stays.
    place : Place
    limits : Limits
    log : Log
    counts : Counts
    """

    def __init__(
        self,
        predictor: Predictor,
        load: Callable[[], Predictor],
        place: Place,
        limits: Limits,
        log: Log,
        counts: Counts,
    ) -> None:
        self.predictor = predictor
        self._load = load
        self._token = place.token
        self._limits = limits
        self._log = log
        self._counts = counts
        self.batcher = Batcher()
        # Called once a second.
        self.on_tick: Callable[[], None] = lambda: None
        self._small, self._large = Waiting(MOST_SMALL), Waiting(MOST_LARGE)
        self._reading = asyncio.Semaphore(MOST_READ_AT_ONCE)
        self._reloading = asyncio.Lock()
        self._files = page_files()
        get: dict[str, Callable[[Predictor], Response]] = {
            "/schema": lambda predictor: _json(schema_of(predictor)),
            "/openapi.json": lambda predictor: _json(openapi_of(predictor, with_token=bool(self._token))),
            "/metrics": lambda predictor: Response(
                counts.all().text(predictor.digest), media_type="text/plain; version=0.0.4"
            ),
        }
        routes = [
            # A POST is answered without the routes, which take as long as the network.
            Route("/predict", self._predict, methods=["POST"]),
            Route("/health", lambda request: _json({"status": "ok"})),
            *(Route(path, self._guarded(answer)) for path, answer in get.items()),
            *(Route(path, self._file) for path in self._files),
        ]
        self._paths = {"/predict", "/health", *get, *self._files}
        handlers = {HTTPException: self._told, Exception: self._broken}
        self._routes = cast(App, Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=handlers))
        hosts = allowed_hosts(place.host, place.port, place.allowed)
        guard = Guard(self._inner, hosts, everywhere=is_everywhere(place.host), others=place.allowed)
        self._guarded_routes = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, count it, and note it down."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "lifespan":
            await self._routes(scope, receive, send)
            return
        start = time.perf_counter()
        status = 500

        async def sending(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._guarded_routes(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - start
            path = scope["path"] if scope["path"] in self._paths else "other"
            self._counts.tally.answered(path, status, seconds)
            fields = {"path": path, "status": status, "ms": round(seconds * 1000, 3)}
            self._log("request", method=scope["method"][:10], **fields, rows=scope.get("chainrule.rows", 0))

    async def _inner(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/predict" or scope["method"] != "POST":
            await self._routes(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._predict(request)
        except Exception as error:
            response = await self._broken(request, error)
        await response(scope, receive, send)

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        tasks: set[asyncio.Task[None]] = set()

        def again() -> None:
            task = asyncio.ensure_future(self.reload())
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        with contextlib.suppress(NotImplementedError, AttributeError, ValueError, RuntimeError):
            # Where there is such a signal, and this is the thread that signals come to.
            loop.add_signal_handler(signal.SIGHUP, again)
        tasks.add(asyncio.ensure_future(self._keep_counts()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            self._counts.write()

    async def _keep_counts(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._counts.write()
            self.on_tick()

    async def reload(self) -> None:
        """Read the model anew; requests that are at work end with the old one, and if the new one is none, all do."""
        async with self._reloading:
            try:
                predictor = await asyncio.to_thread(self._load)
            except Exception as error:
                self._counts.tally.reloads["failed"] += 1
                self._log("reload", result="failed", model=self.predictor.digest, reason=str(error)[:300])
                return
            self.predictor = predictor
            self._counts.tally.reloads["done"] += 1
            self._log("reload", result="done", model=predictor.digest)

    def _is_admitted(self, request: Request) -> bool:
        if not self._token:
            return True
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and same_token(self._token, token.strip())

    def _guarded(self, answer: Callable[[Predictor], Response]) -> Callable[[Request], Any]:
        async def answered(request: Request) -> Response:
            return answer(self.predictor) if self._is_admitted(request) else _refused(_NO_TOKEN)

        return answered

    async def _file(self, request: Request) -> Response:
        content, mime = self._files[request.url.path]
        return Response(content, media_type=mime)

    async def _predict(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._answer(request)
        except ChainruleError as error:
            return _refused(error)
        except TimeoutError:
            return _refused(
                RequestError(503, f"an answer within {self._limits.seconds:g} s", "none", "Send fewer rows.")
            )
        except ClientDisconnect:
            return Response(status_code=400)
        except MemoryError:
            large = out_of_memory("the body")
            return _refused(RequestError(413, large.expected, large.came, large.remedy))

    async def _answer(self, request: Request) -> Response:
        if not self._is_admitted(request):
            raise _NO_TOKEN
        asks = _options(request)
        raw = await self._body(request)
        # From here on one model answers, whichever comes meanwhile.
        predictor = self.predictor
        kind = request.headers.get("content-type", "")
        if len(raw) <= SMALL_BYTES and kind.startswith((JSON, CSV)):
            asked = predictor.reader.read(kind, raw, resample=asks.resample)
        else:
            async with self._reading:
                asked = await asyncio.to_thread(predictor.reader.read, kind, raw, resample=asks.resample)
        del raw
        y = await self.batcher.outputs(predictor, asked)
        request.scope["chainrule.rows"] = asked.n
        self._counts.tally.predicted(asked, predictor.reader.columns)
        if asked.n <= SMALL_ROWS:
            return _Answer([json.dumps(predictor.answer(asked, y, notes=asks.notes), allow_nan=False).encode()])
        return _Answer(await asyncio.to_thread(_in_parts, predictor, asked, y, asks.notes))

    async def _body(self, request: Request) -> bytes:
        """Return the body, however slowly it comes, unless too many others wait for theirs."""
        declared = request.headers.get("content-length", "")
        is_small = declared.isdecimal() and int(declared) <= SMALL_BYTES
        try:
            return await read_body(
                request,
                self._limits.body,
                seconds=self._limits.seconds,
                between=SECONDS_BETWEEN,
                refused=self._too_large,
                waiting=self._small if is_small else self._large,
            )
        except TimeoutError as error:
            raise RequestError(408, "a body that comes without long pauses", "a slow one", "Send it again.") from error

    def _too_large(self, size: int) -> RequestError:
        most = self._limits.body / (1 << 20)
        came = f"{size / (1 << 20):,.1f} MiB" if size else "more"
        return RequestError(413, f"a body of at most {most:g} MiB", came, "Send the rows in several requests.")

    async def _told(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 (what it is registered for)
        known = {404: "a path that there is", 405: "POST for /predict, GET for all else"}
        expected = known.get(error.status_code, "another request")
        return _refused(RequestError(error.status_code, expected, request.method[:10], "See /openapi.json."))

    async def _broken(self, request: Request, error: Exception) -> Response:
        self._log("error", kind=type(error).__name__, reason=str(error)[:300])
        return _refused(RequestError(500, "an answer", "a mistake of the server's", "Tell its maintainers."))


@dataclass(frozen=True)
class _Options:
    notes: bool = False
    resample: bool = False


def _options(request: Request) -> _Options:
    if not request.scope["query_string"]:
        return _Options()
    said = {}
    for name, value in request.query_params.multi_items():
        if name not in ("notes", "resample") or value.lower() not in ("true", "false", "1", "0"):
            came = f"{name[:40]}={value[:40]}"
            raise RequestError(422, "notes=true or resample=true in the query", f"{came!r}", "Leave it out.")
        said[name] = value.lower() in ("true", "1")
    return _Options(**said)


class _Answer(Response):
    """An answer of several parts, whose length is known."""

    def __init__(self, parts: list[bytes]) -> None:
        super().__init__(None, 200, {"content-length": str(sum(map(len, parts)))}, "application/json")
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        for i, part in enumerate(self._parts, 1):
            await send({"type": "http.response.body", "body": part, "more_body": i < len(self._parts)})


def _in_parts(predictor: Predictor, asked: Asked, y: Any, notes: bool) -> list[bytes]:
    """Return an answer for many rows as parts of its JSON; between them other threads have their turn."""
    said = predictor.answer(asked, y, notes=notes)
    parts: list[bytes] = []
    for i, (name, value) in enumerate(said.items()):
        parts.append((("{" if i == 0 else ", ") + json.dumps(name) + ": ").encode())
        if name not in ("answers", "probabilities"):
            parts.append(json.dumps(value).encode())
            continue
        for at in range(0, len(value), _ANSWERS_AT_ONCE):
            some = json.dumps(value[at : at + _ANSWERS_AT_ONCE], allow_nan=False)[1:-1]
            parts.append((("[" if at == 0 else ", ") + some).encode())
        parts.append(b"]")
    parts.append(b"}")
    whole = b"".join(parts)
    return [whole[at : at + _PART] for at in range(0, len(whole), _PART)]


def _json(content: Any, status: int = 200) -> Response:
    return Response(json.dumps(content, ensure_ascii=True), status, media_type="application/json")


_NO_TOKEN = RequestError(401, "the token of this server", "another or none", "Send Authorization: Bearer TOKEN.")


def _refused(error: ChainruleError) -> Response:
    status = status_of(error)
    # The rest of a body that is not read would be taken for the next request.
    headers = {"connection": "close"} if status in (400, 401, 405, 408, 413, 503) else {}
    headers |= {401: {"www-authenticate": "Bearer"}, 503: {"retry-after": "1"}}.get(status, {})
    return Response(json.dumps(as_json(error)), status, headers, "application/json")
