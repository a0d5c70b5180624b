"""A viewer: one open page, which gets its answers in order and of the frames only ever the latest."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from chainrule.errors import ChainruleError, ConfigError
from chainrule.playground.commands import handle
from chainrule.playground.frame import Snapshot
from chainrule.playground.frames import Frames
from chainrule.playground.protocol import Ack, Budget, Command, command_from_text, name_of
from chainrule.playground.runner import Runner
from chainrule.playground.session import Session
from chainrule.playground.wire import Message, encode, error_message

HIDDEN_SECONDS = 2.0
# One is drawn while the next is made; with one alone, the way there and back would be waited for each time.
_UNDERWAY = 2
_REFRESH = 60.0
_MOST_WAITING = 256
_MAKE_MINE = "Take a copy of this network as your own first."
# A page that has not taken a message after so long is not reading any more.
SEND_SECONDS = 20.0


class Wire(Protocol):
    """What a viewer needs of a socket."""

    async def send(self, data: str | bytes) -> None:
        """Send one message; return when the socket has room for another."""


class SlowViewerError(Exception):
    """The page does not read what it asked for."""


class Viewer:
    """Answers commands in one task and pumps frames in another, over one wire.

    Nothing here grows with time: answers wait in a queue with an end, of states and frames only the latest is sent.

    Parameters
    ----------
    on_look : callable
        Called when the page is hidden, or is to be seen again.
    carry_out : mapping
        Commands that are no question to the session, but to whoever holds it.
    only : set of command types, optional
        What this page may ask, where it only looks on.
    """

    def __init__(
        self,
        wire: Wire,
        runner: Runner,
        frames: Frames,
        *,
        on_look: Callable[[], None] = lambda: None,
        carry_out: Mapping[type[Command], Callable[[Any], list[Message]]] | None = None,
        only: frozenset[type[Command]] | None = None,
    ) -> None:
        self._wire = wire
        self._on_look = on_look
        self._elsewhere = carry_out or {}
        self._only = only
        self._runner = runner
        self._frames = frames
        self._waiting: deque[Message] = deque()
        # Versions of the state: of the newest that there is, and of the newest that was sent.
        self._due = self._seen = 0
        self._wake = asyncio.Event()
        self._ack = Ack()
        self._acked = 0
        self._n = 0
        # What the last frame showed; None where the next one is due whatever it shows.
        self._shown: tuple[int, str, int] | None = None
        self._points = -1
        self._idle = False
        self._show_budget = False
        self._sent: deque[tuple[float, int]] = deque(maxlen=240)
        self._dropped = 0
        self._last = 0.0
        self._of: Snapshot | None = None

    # What comes in

    async def take(self, text: str | bytes) -> None:
        """Answer one message of the page."""
        try:
            command = command_from_text(text)
        except ChainruleError as error:
            self.say([error_message(error, "command")])
            return
        await self.carry_out(command)

    async def carry_out(self, command: Command) -> None:
        """Answer one command."""
        if self._only is not None and type(command) not in self._only:
            alone = ConfigError("a question", f"{name_of(type(command))}, of a page that follows", _MAKE_MINE)
            self.say([error_message(alone, name_of(type(command))).answering(command)])
        elif isinstance(command, Ack):
            # An ack of a frame that was never sent, or twice, changes nothing but what is wanted.
            if command.frame <= self._n:
                self._acked = max(self._acked, command.frame)
            turned, self._ack = command.hidden != self._ack.hidden, command
            if turned:
                self._on_look()
            self._wake.set()
        elif isinstance(command, Budget):
            self._show_budget = command.show
            self._shown = None
            self.say([Message("budget", {"show": command.show}).answering(command)])
        elif type(command) in self._elsewhere:
            self.say([message.answering(command) for message in self._elsewhere[type(command)](command)])
        else:
            self.say(await self._answers(command))

    @property
    def is_hidden(self) -> bool:
        """Whether nobody can see the page."""
        return self._ack.hidden

    async def _answers(self, command: Command) -> list[Message]:
        try:
            return await asyncio.wrap_future(self._runner.ask(lambda session: handle(session, command)))
        except Exception as error:
            came = f"{type(error).__name__}: {error}"
            failed = ChainruleError("the command to be carried out", came, "Reset the network, and report this.")
            return [error_message(failed, name_of(type(command))).answering(command)]
        finally:
            self._frames.forget()

    def say(self, messages: list[Message]) -> None:
        """Let answers wait for their turn; a page that lets too many wait is let go."""
        if len(self._waiting) + len(messages) > _MOST_WAITING:
            raise SlowViewerError
        self._waiting.extend(messages)
        self._wake.set()

    def tell(self, news: list[Message], version: int) -> None:
        """Take news for all views; a page that does not read them misses some."""
        self._waiting.extend(news[: _MOST_WAITING - len(self._waiting)])
        self._due = max(self._due, version)
        self._wake.set()

    # What goes out

    async def pump(self) -> None:
        """Send answers, then the state if it has changed, then a frame if one is due; for ever."""
        while True:
            self._wake.clear()
            while self._waiting:
                await self._send_message(self._waiting.popleft())
            if self._due > self._seen:
                await self._send_message(await asyncio.wrap_future(self._runner.ask(Session.state)))
            if not await self._send_frame():
                await self._sleep()

    async def _send_message(self, message: Message) -> None:
        if message.type == "state":
            self._seen = max(self._seen, message.version)
            self._shown, self._points = None, -1
        await self._send(encode(message))

    async def _send_frame(self) -> bool:
        """Send a frame if those before have come and there is something new; return whether one was sent."""
        self._idle = False
        if not self._has_room or (self._ack.hidden and time.perf_counter() - self._last < HIDDEN_SECONDS):
            return False
        if self._frames.snapshot is self._of:
            # This view has had its frame of this beat.
            await asyncio.sleep(self._frames.until_next())
        wish = self._ack.want or {}
        want, size = str(wish.get("map", "output"))[:40], 50 if wish.get("size") == 50 else 100
        snapshot = await self._frames.latest(want, size)
        asked = (snapshot.serial, want, size)
        if asked == self._shown:
            self._idle = not snapshot.running and self._frames.is_fresh()
            return False
        now = time.perf_counter()
        if snapshot.running and self._last and not self._ack.hidden:
            self._dropped += max(0, int((now - self._last) * _REFRESH) - 1)
        points = snapshot.curve.since(self._points) if self._points >= 0 else []
        self._points = snapshot.curve.serial
        self._n += 1
        self._shown, self._of = asked, snapshot
        data = await self._frames.encoded(
            snapshot, n=self._n, want=want, size=size, points=points, budget=self._budget()
        )
        self._last = time.perf_counter()
        self._sent.append((self._last, len(data)))
        await self._send(data)
        return True

    @property
    def _has_room(self) -> bool:
        """Whether so few frames are under way that another may be sent."""
        return self._n - self._acked < (1 if self._ack.hidden else _UNDERWAY)

    def _budget(self) -> dict[str, float] | None:
        """Return what frames cost: in the last second, and how many refreshes of a screen went by without one."""
        if not self._show_budget:
            return None
        now = time.perf_counter()
        recent = [size for when, size in self._sent if now - when <= 1.0]
        return {
            "frames_per_second": float(len(recent)),
            "bytes": float(sum(recent)),
            "dropped": float(self._dropped),
            "build_ms": round(self._frames.build_ms, 2),
        }

    async def _sleep(self) -> None:
        """Wait for a command, an ack or news; while training runs, for the moment of the next frame."""
        if self._idle or not self._has_room:
            wait = 30.0
        else:
            wait = HIDDEN_SECONDS if self._ack.hidden else 0.004
        with contextlib.suppress(TimeoutError):
            # Not wait_for, which before Python 3.12 can lose a cancellation that comes at the wrong moment.
            async with asyncio.timeout(wait):
                await self._wake.wait()

    async def _send(self, data: str | bytes) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._wire.send(data)
        except TimeoutError as error:
            raise SlowViewerError from error
