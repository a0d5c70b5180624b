"""The protocol: what the view asks and what Python answers, each message declared, checked, and carried on one wire."""

from __future__ import annotations

import dataclasses
import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from chainrule.constraints import Kind, Many, Options, Range, check_fields, constrained, flag, option, whole
from chainrule.errors import ChainruleError, ConfigError, did_you_mean

VERSION = 1
# A command is a few numbers; a spec with a thousand inputs, or a saved session, is the longest.
MOST_COMMAND_BYTES = 4 << 20
MOST_UPLOAD_BYTES = 32 << 20
MOST_POINTS = 2000
MOST_DEPTH = 32
FRAME_SIZES = (50, 100)


@dataclass(frozen=True, kw_only=True)
class Command:
    """What a view asks. Every command is answered: by `state`, by the message asked for, or by `error`."""

    id: int | str | None = constrained(Range(int), Kind(str), default=None, optional=True)

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self, name_of(type(self)))


T = TypeVar("T", bound=type[Command])
COMMANDS: dict[str, type[Command]] = {}
_NAMES: dict[type[Command], str] = {}


def command(name: str) -> Any:
    """Enter a command in the closed table of those that are understood."""

    def enter(kind: T) -> T:
        COMMANDS[name] = kind
        _NAMES[kind] = name
        return kind

    return enter


def name_of(kind: type[Command]) -> str:
    """Return the `type` of a command on the wire."""
    return _NAMES[kind]


_JSON = (Kind(dict), Kind(list), Kind(str), Kind(bool), Range(float))
_INDEX = Many(Range(int, 0, 2**31 - 1))


@command("hello")
@dataclass(frozen=True)
class Hello(Command):
    """The first message of a view: the token shows that it was let in."""

    token: str = constrained(Kind(str), default="")


@command("set")
@dataclass(frozen=True)
class Set(Command):
    """Change one setting of the spec, by its dotted path."""

    path: str = constrained(Kind(str))
    value: Any = constrained(*_JSON, default=None, optional=True)


@command("spec")
@dataclass(frozen=True)
class SetSpec(Command):
    """Replace the whole spec, as from a shared URL; what is left out has its default."""

    spec: Mapping[str, Any] = constrained(Kind(dict))


@command("run")
@dataclass(frozen=True)
class Run(Command):
    """Train until told to pause."""


@command("pause")
@dataclass(frozen=True)
class Pause(Command):
    """Stop after the steps in hand."""


@command("step")
@dataclass(frozen=True)
class Step(Command):
    """Take one step: an epoch, a batch, a sample, or one phase (forward, cost, backward, update) of a batch."""

    unit: str = option("epoch", "batch", "sample", "substep", default="epoch")


@command("back")
@dataclass(frozen=True)
class Back(Command):
    """Return to the checkpoint before this position."""


@command("goto")
@dataclass(frozen=True)
class Goto(Command):
    """Return to the checkpoint of an epoch in `state.checkpoints`."""

    checkpoint: int = whole(0)


@command("rewind")
@dataclass(frozen=True)
class Rewind(Command):
    """Start again from the same initial weights."""


@command("reset")
@dataclass(frozen=True)
class Reset(Command):
    """Start again from other initial weights: a given seed, or the next one."""

    seed: int | None = whole(0, 2**31 - 1, default=None, optional=True)


@command("edit")
@dataclass(frozen=True)
class Edit(Command):
    """Put a number in the place of one weight or bias."""

    param: str = constrained(Kind(str))
    index: Sequence[int] = constrained(_INDEX)
    value: float = constrained(Range(float, -1e6, 1e6))


@command("add_layer")
@dataclass(frozen=True)
class AddLayer(Command):
    """Insert a hidden layer so that it becomes number `at`, counted from 0; at the end if left out."""

    at: int | None = whole(0, default=None, optional=True)


@command("remove_layer")
@dataclass(frozen=True)
class RemoveLayer(Command):
    """Remove hidden layer number `at`, counted from 0; the last if left out."""

    at: int | None = whole(0, default=None, optional=True)


@command("points")
@dataclass(frozen=True)
class Points(Command):
    """Draw points [x1, x2, class or value], after removing those drawn before where `clear`."""

    add: Sequence[Sequence[float]] = constrained(Many(Many(Range(float, -1e6, 1e6), 3)), default=())
    clear: bool = flag(False)


@command("probe")
@dataclass(frozen=True)
class Probe(Command):
    """Ask for every unit's value at a point of the map, or for a row of the data."""

    x: Sequence[float] | None = constrained(Many(Range(float, -1e6, 1e6), 2), default=None, optional=True)
    row: int | None = whole(0, default=None, optional=True)
    part: str = option("train", "test", default="train")


@command("derive")
@dataclass(frozen=True)
class Derive(Command):
    """Ask for the derivation of one weight or bias, or (with `output`) of softmax and cross-entropy."""

    param: str | None = constrained(Kind(str), default=None, optional=True)
    index: Sequence[int] = constrained(_INDEX, default=())
    output: int | None = whole(0, default=None, optional=True)
    of: Any = constrained(Options(("batch", "all")), Kind(dict), default="batch")


@command("keep_run")
@dataclass(frozen=True)
class KeepRun(Command):
    """Keep the curve of this run to compare others with."""

    name: str = constrained(Kind(str), default="")


@command("drop_run")
@dataclass(frozen=True)
class DropRun(Command):
    """Forget a kept run."""

    run: int = whole(0)


@command("race")
@dataclass(frozen=True)
class Race(Command):
    """Train once with each optimizer from the same initial weights, and keep the curves."""

    optimizers: Sequence[str] = constrained(Many(Kind(str), at_least=1))
    epochs: int = whole(1, 10_000, default=100)


@command("save")
@dataclass(frozen=True)
class Save(Command):
    """Ask for the session as a file."""


@command("open")
@dataclass(frozen=True)
class Open(Command):
    """Go on with a saved session."""

    session: Mapping[str, Any] = constrained(Kind(dict))


@command("export")
@dataclass(frozen=True)
class Export(Command):
    """Ask for a file: a model, a Python script that goes on from here, or a worksheet."""

    kind: str = option("model", "python", "html", "latex")
    param: str | None = constrained(Kind(str), default=None, optional=True)
    index: Sequence[int] = constrained(_INDEX, default=())
    output: int | None = whole(0, default=None, optional=True)
    of: Any = constrained(Options(("batch", "all")), Kind(dict), default="batch")
    solution: bool = flag(True)


@command("cell")
@dataclass(frozen=True)
class Cell(Command):
    """Ask for the rows of one cell of the confusion matrix."""

    true: int = whole(0, 1000)
    predicted: int = whole(0, 1000)
    part: str = option("train", "test", default="test")


@command("budget")
@dataclass(frozen=True)
class Budget(Command):
    """Show or hide what frames cost."""

    show: bool = flag(True)


@command("ack")
@dataclass(frozen=True)
class Ack(Command):
    """A frame has come: the next may be sent, for the map that is wanted now. Not answered."""

    frame: int = whole(0, default=0)
    hidden: bool = flag(False)
    want: Mapping[str, Any] = constrained(Kind(dict), default=None, optional=True)


@command("upload")
@dataclass(frozen=True)
class Upload(Command):
    """A table, in the first buffer: of a notebook's view, which has no HTTP."""

    name: str = constrained(Kind(str))
    data: bytes = field(default=b"", metadata={})


def command_from(content: Any, buffers: Sequence[bytes] = ()) -> Command:
    """Return the command that a message's content describes.

    Raises
    ------
    ConfigError
        If its type is not in the table, a field is unknown or missing, or a value breaks its constraints.
    """
    if not isinstance(content, Mapping) or not isinstance(content.get("type"), str):
        raise ConfigError("a command with a type", f"{content!r:.60}", 'Send {"type": "run"}, for example.')
    name = content["type"]
    if name not in COMMANDS:
        raise ConfigError("the type of a command", f"{name!r:.60}", did_you_mean(name, COMMANDS))
    kind = COMMANDS[name]
    values = {key: value for key, value in content.items() if key != "type"}
    known = {item.name: item for item in dataclasses.fields(kind)}
    if kind is Upload:
        values["data"] = bytes(buffers[0]) if buffers else b""
    for key in values:
        if key not in known:
            raise ConfigError(f"a field of {name}", f"{key!r:.60}", did_you_mean(str(key), known))
    for key, item in known.items():
        if item.default is dataclasses.MISSING and key not in values:
            raise ConfigError(f"{key} in the command {name}", "none", f"Add {key}.")
    return kind(**values)


def command_from_text(text: str | bytes) -> Command:
    """Return the command in a text message, after looking at its size and depth."""
    if len(text) > MOST_COMMAND_BYTES:
        raise ConfigError(
            f"a command of at most {MOST_COMMAND_BYTES:,} bytes", f"{len(text):,}", "Send files by POST /upload."
        )
    try:
        content = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ConfigError("a command as JSON", f"{text[:40]!r}", "Send one JSON object a message.") from error
    if not _is_shallow(content, MOST_DEPTH):
        raise ConfigError(f"JSON nested at most {MOST_DEPTH} deep", "deeper lists", "Send a flat command.")
    return command_from(content)


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _is_shallow(value: Any, depth: int) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(_is_shallow(item, depth - 1) for item in value.values())
    if isinstance(value, list):
        return depth > 0 and all(_is_shallow(item, depth - 1) for item in value)
    return True


# The fields of each message from Python, beyond `type`; `buffers` and `layout` are of binary ones.
REPLIES: dict[str, frozenset[str]] = {
    "welcome": frozenset({"version", "chainrule", "defaults", "catalogue", "limits"}),
    "state": frozenset(
        {"spec", "network", "data", "position", "running", "checkpoints", "history", "reset", "notes", "layout"}
    ),
    "frame": frozenset(
        {"n", "running", "position", "seconds", "cost", "metrics", "rate", "epochs_per_second", "map", "points"}
        | {"thumbnail", "budget", "layout"}
    ),
    "history": frozenset({"runs"}),
    "event": frozenset({"kind", "epoch", "text"}),
    "substep": frozenset({"phase", "next", "position", "rows", "cost", "values", "text"}),
    "probe": frozenset({"x", "inputs", "units", "target", "cost"}),
    "derivation": frozenset({"derivation"}),
    "rows": frozenset({"true", "predicted", "part", "total", "columns", "rows", "picture", "layout"}),
    "file": frozenset({"name", "mime"}),
    "uploaded": frozenset({"upload", "name", "rows", "columns", "target", "task", "notes"}),
    "budget": frozenset({"show"}),
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
    """

    type: str
    content: Mapping[str, Any]
    buffers: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """A message with other fields than declared is a mistake of ours, found by every test that sends it."""
        if set(self.content) - {"id"} != REPLIES[self.type]:
            raise AssertionError(f"{self.type}: {sorted(set(self.content) ^ REPLIES[self.type])}")

    def answering(self, asked: Command) -> Message:
        """Return the message with the id of the command that it answers."""
        return self if asked.id is None else Message(self.type, {**self.content, "id": asked.id}, self.buffers)

    def header(self) -> dict[str, Any]:
        """Return type and content, with no number that JSON does not have, and the lengths of the buffers."""
        head = {"type": self.type} | {key: finite(value) for key, value in self.content.items()}
        return head | {"buffers": [len(part) for part in self.buffers]} if self.buffers else head


def error_message(error: ChainruleError, to: str) -> Message:
    """Return the message that tells a view what was wrong."""
    return Message(
        "error", {"expected": error.expected, "came": error.came[:500], "remedy": error.remedy, "to": to[:60]}
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
    header = json.dumps(message.header(), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if not message.buffers:
        return header
    raw = header.encode()
    # Typed arrays of JavaScript start at multiples of their item's size.
    raw += b" " * (-(4 + len(raw)) % 8)
    return b"".join((struct.pack("<I", len(raw)), raw, *message.buffers))


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
