"""Rooms: each page has a network of its own, which waits for it a while when it is gone, and which others may look at."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable

from chainrule.playground import protocol
from chainrule.playground.frames import Frames
from chainrule.playground.protocol import Command, FollowMe, Hello
from chainrule.playground.runner import Runner
from chainrule.playground.session import Session
from chainrule.playground.turns import Turns
from chainrule.playground.viewer import Viewer, Wire
from chainrule.playground.wire import Message

MOST_ROOMS = 64
# So long a network waits for its page; the page keeps it, too, and brings it back.
IDLE_SECONDS = 1800.0
# Training rests when nobody has looked for so long: a glance at something else costs nothing.
UNSEEN_SECONDS = 10.0
# A page that is loaded anew says hello before the server has heard that its old connection is gone.
RELOAD_SECONDS = 1.5
_KEY = re.compile(r"[A-Za-z0-9_-]{20,64}")
# What a page that follows may ask: nothing of it changes the network.
ONLY_LOOKING: frozenset[type[Command]] = frozenset(
    {
        protocol.Hello,
        protocol.Ack,
        protocol.Budget,
        protocol.Probe,
        protocol.Derive,
        protocol.Cell,
        protocol.Export,
        protocol.Save,
    }
)


class NoRoomError(Exception):
    """There are as many pages as the server has room for."""


class NotFollowedError(Exception):
    """Nobody may be followed by this code now."""


class Room:
    """A session with its runner, its frames and the pages that look at it.

    Attributes
    ----------
    key : str
        What its own page knows it by.
    code : str
        What those who follow know it by, while they may.
    """

    def __init__(self, key: str, code: str, session: Session, turns: Turns, loop: asyncio.AbstractEventLoop) -> None:
        self.key, self.code = key, code
        self.is_followed = False
        self.runner = Runner(session, self._on_change, turns)
        self.frames = Frames(self.runner)
        # Each viewer, with what tells its page from others; None of one that follows.
        self._viewers: dict[Viewer, str | None] = {}
        self._endings: dict[Viewer, Callable[[], None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = loop
        self._rests = False
        self._timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """End the training."""
        self._loop = None
        self._stop_timer()
        self.runner.close()

    @property
    def viewers(self) -> tuple[Viewer, ...]:
        """The pages that look."""
        return tuple(self._viewers)

    @property
    def owners(self) -> tuple[Viewer, ...]:
        """The pages whose network it is: one, but for a moment."""
        return tuple(viewer for viewer, page in self._viewers.items() if page is not None)

    def enter(self, wire: Wire, hello: Hello, *, follows: bool, end: Callable[[], None]) -> Viewer:
        """Return the viewer of a page that has come in.

        Parameters
        ----------
        end : callable
            Ends its connection.
        """
        viewer = Viewer(
            wire,
            self.runner,
            self.frames,
            on_look=self._looked,
            carry_out={FollowMe: self._follow_me},
            only=ONLY_LOOKING if follows else None,
        )
        self._viewers[viewer] = None if follows else hello.page
        self._endings[viewer] = end
        self._looked()
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """A page has gone."""
        self._viewers.pop(viewer, None)
        self._endings.pop(viewer, None)
        self._looked()

    def is_of(self, page: str) -> bool:
        """Whether this very page has it open already: it has lost its connection, which is to be ended."""
        return bool(page) and page in self._viewers.values()

    def end(self, *, owners: bool) -> None:
        """End the connections of its own pages, or of those that follow."""
        for viewer in self.viewers:
            if (viewer in self.owners) is owners:
                self._endings[viewer]()

    def about(self, role: str, found: str) -> Message:
        """Return what a page is told of its network: how it is called, and whether it is the one that it was."""
        key = self.key if role == "own" else ""
        follow = self.code if self.is_followed and role == "own" else ""
        return Message("session", {"key": key, "follow": follow, "role": role, "found": found})

    def _follow_me(self, asked: FollowMe) -> list[Message]:
        self.is_followed = asked.on
        if not asked.on:
            self.end(owners=False)
        return [self.about("own", "again")]

    def _on_change(self, news: list[Message], version: int) -> None:
        """Called in the runner's thread."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):
                # The loop may close between the two lines.
                loop.call_soon_threadsafe(self._tell, news, version)

    def _tell(self, news: list[Message], version: int) -> None:
        self.frames.forget()
        for viewer in self._viewers:
            viewer.tell(news, version)

    def _looked(self) -> None:
        """Someone has begun or ceased to look."""
        if self._loop is None:
            return
        if all(viewer.is_hidden for viewer in self._viewers):
            if self._timer is None and not self._rests:
                self._timer = self._loop.call_later(UNSEEN_SECONDS, self._rest)
            return
        self._stop_timer()
        if self._rests:
            self._rests = False
            self.runner.rest(False)
            self.runner.ask(_tell_of_rest)

    def _rest(self) -> None:
        self._timer, self._rests = None, True
        self.runner.rest(True)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Rooms:
    """All rooms of a server.

    Parameters
    ----------
    first : Session
        What each page meets first; it is never trained itself.
    token : str
        The server's: the codes of those who follow are derived from it, so that they outlive a restart.
    """

    def __init__(self, first: Session, token: str, loop: asyncio.AbstractEventLoop) -> None:
        self._first = first
        self._token = token
        self._loop = loop
        self._turns = Turns()
        self._rooms: dict[str, Room] = {}
        self._ends: dict[str, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._rooms)

    def close(self) -> None:
        """End all training."""
        for timer in self._ends.values():
            timer.cancel()
        for room in self._rooms.values():
            room.close()
        self._rooms.clear()

    def find(self, key: str) -> Room | None:
        """Return the room of a key."""
        return self._rooms.get(key)

    @property
    def all(self) -> tuple[Room, ...]:
        """The rooms, the oldest first."""
        return tuple(self._rooms.values())

    async def room_for(self, hello: Hello) -> tuple[Room, str]:
        """Return the room that a page comes for, and how it was found: new, again, lost, copy or follow.

        Raises
        ------
        NotFollowedError
            Where nobody is followed by the code that it names.
        NoRoomError
            Where there are too many pages.
        """
        if hello.follow:
            return await self._followed(hello)
        known = self._rooms.get(hello.session)
        if known is None:
            has_key = _KEY.fullmatch(hello.session) is not None
            session = await asyncio.to_thread(self._first.fork)
            known = self._rooms.get(hello.session)
            if known is None:
                return self._new(hello.session if has_key else _new_key(), session), "lost" if has_key else "new"
        if not await self._is_free(known, hello.page):
            return await self._copy(known), "copy"
        return known, "again"

    def left(self, room: Room) -> None:
        """A page has gone: where it was the last, the room waits for it a while."""
        if not room.viewers and room.key in self._rooms:
            self._wait(room)

    async def _followed(self, hello: Hello) -> tuple[Room, str]:
        room = next(
            (one for one in self.all if one.is_followed and hmac.compare_digest(one.code, _ascii(hello.follow))), None
        )
        if room is None:
            raise NotFollowedError
        return (await self._copy(room), "copy") if hello.copy else (self._used(room), "follow")

    async def _copy(self, room: Room) -> Room:
        return self._new(_new_key(), await asyncio.wrap_future(room.runner.ask(Session.fork)))

    async def _is_free(self, room: Room, page: str) -> bool:
        """Whether its page has gone, or is this very one; a page that has only been loaded anew goes in a moment."""
        self._used(room)
        if room.is_of(page):
            room.end(owners=True)
        end = self._loop.time() + RELOAD_SECONDS
        while room.owners and self._loop.time() < end:
            await asyncio.sleep(0.02)
        return not room.owners

    def _new(self, key: str, session: Session) -> Room:
        if len(self._rooms) >= MOST_ROOMS:
            empty = [room for room in self.all if not room.viewers]
            if not empty:
                raise NoRoomError
            # The page that has been gone for longest keeps what it had itself.
            self._end(min(empty, key=lambda room: self._ends[room.key].when() if room.key in self._ends else 0.0))
        code = base64.urlsafe_b64encode(
            hmac.digest(self._token.encode(), f"follow {key}".encode(), hashlib.sha256)[:18]
        )
        room = self._rooms[key] = Room(key, code.decode(), session, self._turns, self._loop)
        # Should the page be gone before it has come in.
        self._wait(room)
        return room

    def _used(self, room: Room) -> Room:
        self._wait(room)
        return room

    def _wait(self, room: Room) -> None:
        """Begin the time anew after which a room without a page ends."""
        timer = self._ends.pop(room.key, None)
        if timer is not None:
            timer.cancel()
        self._ends[room.key] = self._loop.call_later(IDLE_SECONDS, self._end_if_empty, room)

    def _end_if_empty(self, room: Room) -> None:
        if room.viewers:
            self._wait(room)
        else:
            self._end(room)

    def _end(self, room: Room) -> None:
        del self._rooms[room.key]
        timer = self._ends.pop(room.key, None)
        if timer is not None:
            timer.cancel()
        # Its thread ends after what it has in hand; nobody waits for that.
        self._loop.run_in_executor(None, room.close)


def _new_key() -> str:
    return secrets.token_urlsafe(18)


def _ascii(text: str) -> str:
    return text if text.isascii() else ""


def _tell_of_rest(session: Session) -> None:
    if session.is_busy:
        session.tell("rested", "Training rested while nobody looked; it goes on.")
