"""The protocol: every command of a view, declared, checked, and frozen; `wire` has what Python says."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from chainrule.constraints import Kind, Many, Options, Range, check_fields, constrained, flag, option, whole
from chainrule.errors import ConfigError, did_you_mean
from chainrule.web.guard import MOST_COMMAND_BYTES

VERSION = 1
MOST_DEPTH = 32


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
_POINTS = Many(Many(Range(float, -1e6, 1e6), 3))
_INDEX = Many(Range(int, 0, 2**31 - 1))


@command("hello")
@dataclass(frozen=True)
class Hello(Command):
    """The first message of a view: the token shows that it was let in, the rest which network it comes for.

    Attributes
    ----------
    token : str
        What the link of this server has.
    session : str
        The key of the network that this page had before; a new one if left out.
    page : str
        What tells this page from a copy of it: the same after a connection that was lost, another after a reload.
    follow : str
        The code of a network to look at, read only.
    copy : bool
        Whether to get a network of its own that begins where the one of `follow` is.
    """

    token: str = constrained(Kind(str), default="")
    session: str = constrained(Kind(str), default="")
    page: str = constrained(Kind(str), default="")
    follow: str = constrained(Kind(str), default="")
    copy: bool = flag(False)


@command("set")
@dataclass(frozen=True)
class Set(Command):
    """Change one setting of the spec, by its dotted path."""

    path: str = constrained(Kind(str))
    value: Any = constrained(*_JSON, default=None, optional=True)


@command("spec")
@dataclass(frozen=True)
class SetSpec(Command):
    """Replace the whole spec, as from a shared link; what is left out has its default.

    Attributes
    ----------
    drawn : list, optional
        The drawn points that belong to it.
    sha256 : str, optional
        How the digest of its data begins: the name of an uploaded table means another table elsewhere.
    """

    spec: Mapping[str, Any] = constrained(Kind(dict))
    drawn: Sequence[Sequence[float]] | None = constrained(_POINTS, default=None, optional=True)
    sha256: str | None = constrained(Kind(str), default=None, optional=True)


@command("run")
@dataclass(frozen=True)
class TrainOn(Command):
    """Train until told to pause."""


@command("pause")
@dataclass(frozen=True)
class Pause(Command):
    """Stop after the steps in hand."""


@command("step")
@dataclass(frozen=True)
class TakeStep(Command):
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

    add: Sequence[Sequence[float]] = constrained(_POINTS, default=())
    clear: bool = flag(False)


@command("probe")
@dataclass(frozen=True)
class Probe(Command):
    """Ask for every unit's value at a point of the map, for a row of the data, or for columns given one by one.

    `columns` has a number for each column of the data: the pixels of a picture that a person drew.
    """

    x: Sequence[float] | None = constrained(Many(Range(float, -1e6, 1e6), 2), default=None, optional=True)
    row: int | None = whole(0, default=None, optional=True)
    part: str = option("train", "test", default="train")
    columns: Sequence[float] | None = constrained(
        Many(Range(float, -1e6, 1e6), at_least=1), default=None, optional=True
    )


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


@command("follow_me")
@dataclass(frozen=True)
class FollowMe(Command):
    """Let other pages look at this network, read only, by a code that the answer tells; or let none any more."""

    on: bool = flag(True)


@command("keep")
@dataclass(frozen=True)
class Keep(Command):
    """Ask for what the page keeps of its network, so that it can bring it back to a server that has lost it."""


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
