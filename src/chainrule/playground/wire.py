"""The wire: what Python says to a view, each message with the fields that it declares, as text or as bytes."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.errors import ChainruleError, ConfigError
from chainrule.playground.controls import in_controls
from chainrule.playground.protocol import Command

MOST_POINTS = 2000

# The fields of each message from Python, beyond `type`; `buffers` and `layout` are of binary ones.
REPLIES: dict[str, frozenset[str]] = {
    "welcome": frozenset({"version", "chainrule", "defaults", "catalogue", "limits"}),
    "state": frozenset(
        {
            "spec",
            "network",
            "data",
            "metric",
            "position",
            "running",
            "checkpoints",
            "history",
            "reset",
            "notes",
            "layout",
        }
    ),
    "frame": frozenset(
        {"n", "running", "position", "seconds", "cost", "metrics", "rate", "epochs_per_second", "map", "points"}
        | {"thumbnail", "budget", "layout", "serial"}
    ),
    "history": frozenset({"runs"}),
    "event": frozenset({"kind", "epoch", "text"}),
    "substep": frozenset({"phase", "next", "position", "rows", "cost", "values", "text"}),
    "probe": frozenset({"x", "inputs", "units", "target", "cost"}),
    "derivation": frozenset({"derivation", "serial"}),
    "rows": frozenset({"true", "predicted", "part", "total", "columns", "rows", "picture", "layout"}),
    "file": frozenset({"name", "mime"}),
    "uploaded": frozenset({"upload", "name", "rows", "columns", "target", "task", "notes"}),
    "budget": frozenset({"show"}),
    "session": frozenset({"key", "follow", "role", "found"}),
    "kept": frozenset({"session", "why"}),
    "error": frozenset({"expected", "came", "remedy", "to"}),
    "bye": frozenset({"reason"}),
}


@dataclass(frozen=True, eq=False)
class Message:
    """What Python says: a type, its declared fields, and buffers.

    Attributes
    ----------
    type : str
        A name in `REPLIES`.
    content : mapping
        The fields that `REPLIES` declares; `id` where it answers a command that had one.
    buffers : tuple of bytes
        Arrays, in the order of `content["layout"]` where there is one.
    version : int
        Of a state: the session's when it was taken, which stays on this side of the wire.
    """

    type: str
    content: Mapping[str, Any]
    buffers: tuple[bytes, ...] = ()
    version: int = 0

    def __post_init__(self) -> None:
        """A message with other fields than declared is a mistake of ours, found by every test that sends it."""
        if set(self.content) - {"id"} != REPLIES[self.type]:
            raise AssertionError(f"{self.type}: {sorted(set(self.content) ^ REPLIES[self.type])}")

    def answering(self, asked: Command) -> Message:
        """Return the message with the id of the command that it answers."""
        if asked.id is None:
            return self
        return Message(self.type, {**self.content, "id": asked.id}, self.buffers, self.version)

    def header(self) -> dict[str, Any]:
        """Return type and content, with no number that JSON does not have, and the lengths of the buffers."""
        return {"type": self.type} | {key: finite(value) for key, value in self.content.items()} | _lengths(self)


def error_message(error: ChainruleError, to: str) -> Message:
    """Return the message that tells a view what was wrong."""
    return Message(
        "error",
        {"expected": error.expected, "came": error.came[:500], "remedy": in_controls(error.remedy), "to": to[:60]},
    )


def finite(value: Any) -> Any:
    """Return JSON-able data in which a number that is not finite is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value


def encode(message: Message) -> str | bytes:
    """Return a message as it travels: text, or where it has buffers

    uint32 length of the header, little endian | header as JSON | the buffers, one after another.
    """
    header = _json(message)
    if not message.buffers:
        return header
    raw = header.encode()
    # Typed arrays of JavaScript start at multiples of their item's size.
    raw += b" " * (-(4 + len(raw)) % 8)
    return b"".join((struct.pack("<I", len(raw)), raw, *message.buffers))


def _json(message: Message) -> str:
    """Return the header; most have no number that JSON has not, and need not be gone through one by one."""
    write = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
    try:
        text = write({"type": message.type, **message.content} | _lengths(message))
    except (ValueError, TypeError):
        text = write(message.header())
    # A name may have half of a surrogate pair, which UTF-8 cannot say; JSON's escape of it is Python's.
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _lengths(message: Message) -> dict[str, list[int]]:
    return {"buffers": [len(part) for part in message.buffers]} if message.buffers else {}


def decode(raw: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Return the header and the buffers of a binary message, or raise ConfigError."""
    wrong = ConfigError(
        "a binary message of this protocol", f"{len(raw):,} bytes", "Use the same version on both sides."
    )
    if len(raw) < 4:
        raise wrong
    (length,) = struct.unpack_from("<I", raw)
    try:
        header = json.loads(raw[4 : 4 + length])
        lengths = header["buffers"]
        at, buffers = 4 + length, []
        for size in lengths:
            buffers.append(raw[at : at + size])
            at += size
    except (ValueError, KeyError, TypeError) as error:
        raise wrong from error
    if at != len(raw):
        raise wrong
    return header, buffers
