"""The guard: who may talk to the server, and how much; decided for each request and handshake before anything else.

Every web page in the person's browser can send requests to a server on their machine. Under DNS rebinding such a page has
an Origin that equals its Host, so the two are not compared with each other but each with an exact list of our own names.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# A command is a few numbers; a spec with a thousand inputs, or a saved session, is the longest.
MOST_COMMAND_BYTES = 4 << 20
MOST_UPLOAD_BYTES = 32 << 20
_WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 (compared with, not bound)


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(32)


def same_token(ours: str, theirs: str) -> bool:
    """Compare in a time that does not tell how many letters are right."""
    return hmac.compare_digest(ours.encode(), theirs.encode("utf-8", "replace"))


def allowed_hosts(host: str, port: int, others: Iterable[str] = ()) -> frozenset[str]:
    """Return the exact values of the Host header that are ours, and those of `others`, which a person trusts."""
    names = list(LOOPBACK)
    others = list(others)
    if is_everywhere(host):
        names += [socket.gethostname(), socket.getfqdn()]
    elif host not in names:
        names.append(_bracketed(host))
    found = {_with_port(name, port) for name in names}
    # A browser leaves out the port that is usual for http; what stands in front of us may have one of its own.
    short = names if port == 80 else []
    return frozenset(found | {name.lower() for name in (*short, *others)} | {_with_port(name, port) for name in others})


def is_everywhere(host: str) -> bool:
    """Whether it means all addresses of this machine."""
    return host in _WILDCARDS


def reachable_address() -> str:
    """Return the address by which others in the network reach this machine, or a loopback one where there is none."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        # Nothing is sent: the system only says which of its addresses it would send from. This one is nobody's (RFC 5737).
        asked.connect(("192.0.2.1", 9))
        return str(asked.getsockname()[0])
    return LOOPBACK[0]


def _with_port(name: str, port: int) -> str:
    return f"{name.lower()}:{port}"


def _own_address(scope: Scope) -> str:
    """Return the address of this machine that a connection came in by, as a browser writes it."""
    address, port = scope.get("server") or ("", None)
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    return _with_port(_bracketed(str(mapped or found)), int(port or 0))


def _bracketed(host: str) -> str:
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host


class Guard:
    """An ASGI application around another, which lets through only what comes from our own pages.

    Parameters
    ----------
    hosts : iterable of str
        Exact Host headers, with port.
    everywhere : bool
        Whether the address that a connection came in by is ours too: no foreign name can be made to look like it.
    others : iterable of str
        Those of the hosts that a person trusts, whose pages may have come through a proxy, by https.
    """

    def __init__(self, app: App, hosts: Iterable[str], *, everywhere: bool = False, others: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._everywhere = everywhere
        self._others = frozenset(name.lower() for name in others)
        self._pages = self._pages_of(self._hosts)
        self._usual = self._headers_of(self._hosts)

    def _pages_of(self, hosts: frozenset[str]) -> frozenset[str]:
        """Return the Origins of our own pages."""
        return frozenset({f"http://{host}" for host in hosts} | {f"https://{host}" for host in self._others})

    def _headers(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        return self._headers_of(self._ours(scope)) if self._everywhere else self._usual

    @staticmethod
    def _headers_of(hosts: frozenset[str]) -> list[tuple[bytes, bytes]]:
        connect = " ".join(sorted(f"ws://{host}" for host in hosts if "[" not in host))
        policy = (
            f"default-src 'self'; connect-src 'self' {connect}; img-src 'self' data: blob:; object-src 'none'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cache-control", b"no-store"),
        ]

    def _ours(self, scope: Scope) -> frozenset[str]:
        return self._hosts | {_own_address(scope)} if self._everywhere else self._hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge a request by its headers, then hand it on or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if scope["type"] == "websocket":
            if refusal:
                # Before the handshake is accepted this is answered by 403.
                await send({"type": "websocket.close", "code": 1008, "reason": refusal})
                return
            await self._app(scope, receive, send)
            return
        if refusal:
            await self._refuse(scope, send, refusal)
            return
        await self._app(scope, receive, self._with_headers(scope, send))

    def _refusal(self, scope: Scope) -> str:
        """Return why a request is refused, or nothing."""
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        ours = self._ours(scope)
        if len(hosts) != 1 or hosts[0].decode("latin-1").lower() not in ours:
            return "this Host is not ours; start the server with it as an allowed host if it should be"
        origins = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
        if scope["type"] == "websocket" and not origins:
            return "a WebSocket without Origin"
        pages = self._pages_of(ours) if self._everywhere and origins else self._pages
        if len(origins) > 1 or any(origin.lower() not in pages for origin in origins):
            return "this Origin is not ours"
        return ""

    async def _refuse(self, scope: Scope, send: Send, reason: str) -> None:
        body = f"403: {reason}\n".encode()
        headers = [*self._headers(scope), (b"content-type", b"text/plain; charset=utf-8")]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *self._headers(scope)]}
            await send(message)

        return sending
