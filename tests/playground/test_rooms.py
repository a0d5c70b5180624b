"""Rooms: a network to each page, found again, copied, looked on at, and ended."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from websockets.exceptions import ConnectionClosed

from chainrule.errors import DataError
from chainrule.playground import live as live_module
from chainrule.playground import rooms as rooms_module
from chainrule.playground.commands import handle
from chainrule.playground.protocol import COMMANDS, Hello, command_from
from chainrule.playground.rooms import ONLY_LOOKING, NoRoomError, Room, Rooms
from chainrule.playground.saved import MOST_KEPT_WEIGHTS
from chainrule.playground.session import Session
from chainrule.playground.turns import Turns
from chainrule.sources.source import Source
from tests.playground.conftest import KEY, TOKEN, Asking, Live, start_server
from tests.playground.test_server import Page, opened


def _own(page: Page) -> dict[str, Any]:
    return page.until("session")


def _epoch(live: Live, key: str) -> int:
    room = live.server.live.rooms.find(key)
    assert room is not None
    return int(room.runner.ask(lambda session: session.learner.trainer.position.epoch).result(10))


def _weights(live: Live, key: str) -> np.ndarray:
    room = live.server.live.rooms.find(key)
    assert room is not None
    found: np.ndarray = room.runner.ask(lambda session: session.learner.trainer.params.flat.copy()).result(10)
    return found


def test_two_pages_never_share_a_network(live: Live) -> None:
    with opened(live) as one, opened(live) as other:
        mine, theirs = _own(one), _own(other)
        assert mine["found"] == theirs["found"] == "new"
        assert mine["key"] != theirs["key"]
        before = _weights(live, theirs["key"])
        one.send("set", path="learning_rate", value=0.5, id=1)
        one.until("state", id=1)
        one.send("step", id=2)
        one.until("state", id=2)
        other.send("probe", x=[0, 0])
        other.until("probe")
        np.testing.assert_array_equal(_weights(live, theirs["key"]), before)
        assert not np.array_equal(_weights(live, mine["key"]), before)
        other.send("hello", id=3)
        assert other.until("state", id=3)["spec"]["learning_rate"] == 0.03


def test_a_page_that_connects_again_finds_its_network(live: Live) -> None:
    with opened(live, page="a") as page:
        key = _own(page)["key"]
        page.send("step", id=1)
        page.until("state", id=1)
    with opened(live, session=key, page="b") as page:
        assert _own(page)["found"] == "again"
        assert page.until("state")["position"]["epoch"] == 1


def test_a_page_that_lost_its_connection_takes_its_own_place(live: Live) -> None:
    with opened(live, page="a") as lost:
        key = _own(lost)["key"]
        with opened(live, session=key, page="a") as again:
            assert _own(again) | {"found": ""} == {
                "key": key,
                "found": "",
                "follow": "",
                "role": "own",
                "type": "session",
            }
            with pytest.raises(ConnectionClosed):
                lost.until("nothing more")


def test_a_page_that_was_doubled_gets_a_copy(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms_module, "RELOAD_SECONDS", 0.05)
    with opened(live, page="a") as page:
        key = _own(page)["key"]
        page.send("step", id=1)
        page.send("keep_run", name="mine", id=2)
        page.until("state", id=2)
        with opened(live, session=key, page="b") as double:
            copied = _own(double)
            assert copied["found"] == "copy"
            assert copied["key"] != key
            state = double.until("state")
            assert state["position"]["epoch"] == 1
            assert [run["name"] for run in state["history"]["runs"]] == ["this run", "mine"]
            np.testing.assert_array_equal(_weights(live, key), _weights(live, copied["key"]))
            double.send("step", id=3)
            double.until("state", id=3)
            assert _epoch(live, key) == 1


def test_a_copy_goes_the_same_way_by_itself(ask: Asking) -> None:
    ask("set", path="optimizer", value="adam")
    ask.train(3)
    other = Asking(ask.session.fork())
    assert not other.session.running
    for each in (ask, other):
        each("step", unit="epoch")
    both = [each.session.learner.trainer for each in (ask, other)]
    np.testing.assert_array_equal(both[0].params.flat, both[1].params.flat)
    assert both[0].position == both[1].position
    other("back")
    other("rewind")
    np.testing.assert_array_equal(both[1].params.flat, ask.session.learner.initial.weights)
    assert both[0].position.epoch > 0


def test_who_follows_sees_everything_and_changes_nothing(live: Live) -> None:
    with opened(live) as teacher:
        key = _own(teacher)["key"]
        teacher.send("follow_me", on=True, id=1)
        code = teacher.until("session", id=1)["follow"]
        with opened(live, follow=code) as pupil:
            told = _own(pupil)
            assert (told["role"], told["key"], told["follow"]) == ("guest", "", "")
            pupil.until("state")
            before = _weights(live, key)
            for name in sorted(set(COMMANDS) - {name for name, kind in COMMANDS.items() if kind in ONLY_LOOKING}):
                _refused(pupil, name)
            np.testing.assert_array_equal(_weights(live, key), before)
            teacher.send("step", id=2)
            teacher.until("state", id=2)
            while pupil.until("frame")["position"]["epoch"] != 1:
                pass
            pupil.send("derive", param="hidden1.W", index=[0, 0], id=3)
            assert pupil.until("derivation", id=3)["derivation"]["check"]["agrees"]
            with opened(live, follow=code, copy=True) as mine:
                assert _own(mine)["found"] == "copy"
                mine.send("step", id=4)
                assert mine.until("state", id=4)["position"]["epoch"] == 2
                assert _epoch(live, key) == 1
            teacher.send("follow_me", on=False)
            with pytest.raises(ConnectionClosed) as gone:
                pupil.until("nothing more")
            assert gone.value.rcvd is not None
            assert gone.value.rcvd.code == live_module.NOT_FOLLOWED
        with opened(live, follow=code) as late:
            assert "not shared" in late.receive()["reason"]


_FIELDS: dict[str, dict[str, Any]] = {
    "set": {"path": "l2", "value": 1},
    "spec": {"spec": {}},
    "goto": {"checkpoint": 0},
    "edit": {"param": "hidden1.W", "index": [0, 0], "value": 3},
    "drop_run": {"run": 1},
    "race": {"optimizers": ["adam"]},
    "open": {"session": {}},
    "upload": {"name": "t.csv"},
}


def _refused(page: Page, name: str) -> None:
    page.send(name, **_FIELDS.get(name, {}), id=name)
    error = page.until("error", id=name)
    assert "follows" in error["came"], name


def test_a_code_that_nobody_has_is_told(live: Live) -> None:
    with opened(live) as page:
        key = _own(page)["key"]
        room = live.server.live.rooms.find(key)
        assert room is not None
        # The code is there from the start, and counts only while the page says so.
        for code in (room.code, "nobody", "é"):
            with opened(live, follow=code) as late:
                assert "not shared" in late.receive()["reason"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """Return a server where nobody is waited for."""
    monkeypatch.setattr(rooms_module, "UNSEEN_SECONDS", 0.05)
    monkeypatch.setattr(rooms_module, "IDLE_SECONDS", 0.3)
    running = start_server()
    yield running
    running.stop()


def _rest(live: Live, key: str) -> int:
    """Wait until the epoch stands still; return it."""
    end = time.monotonic() + 10
    epoch = -1
    while (now := _epoch(live, key)) != epoch:
        assert time.monotonic() < end
        epoch = now
        time.sleep(0.1)
    return epoch


def test_training_rests_while_nobody_looks_and_goes_on_when_someone_does(impatient: Live) -> None:
    with opened(impatient) as page:
        key = _own(page)["key"]
        page.send("run")
        frame = page.until("frame", running=True)
        page.send("ack", frame=frame["n"], hidden=True)
        resting = _rest(impatient, key)
        page.send("ack", frame=frame["n"], hidden=False)
        told = page.until("event")
        assert told["epoch"] >= resting
        while page.until("frame")["position"]["epoch"] <= resting:
            pass


def test_a_network_that_nobody_comes_back_to_ends(impatient: Live) -> None:
    with opened(impatient) as page:
        key = _own(page)["key"]
        page.send("run")
        page.until("frame", running=True)
        room = impatient.server.live.rooms.find(key)
        assert room is not None
    end = time.monotonic() + 10
    while impatient.server.live.rooms.find(key) or room.runner.is_alive:
        assert time.monotonic() < end
        time.sleep(0.02)
    with opened(impatient, session=key) as page:
        assert _own(page)["found"] == "lost"


def test_where_there_is_no_room_who_has_been_gone_longest_gives_way() -> None:
    async def play() -> None:
        rooms = Rooms(Session(), TOKEN, asyncio.get_running_loop())
        rooms_module.MOST_ROOMS, most = 2, rooms_module.MOST_ROOMS
        try:
            first, _ = await rooms.room_for(Hello())
            second, _ = await rooms.room_for(Hello())
            first.enter(_Silent(), Hello(page="a"), follows=False, end=lambda: None)
            third, found = await rooms.room_for(Hello())
            assert found == "new"
            assert rooms.all == (first, third)
            assert rooms.find(second.key) is None
            third.enter(_Silent(), Hello(page="b"), follows=False, end=lambda: None)
            with pytest.raises(NoRoomError):
                await rooms.room_for(Hello())
        finally:
            rooms_module.MOST_ROOMS = most
            rooms.close()

    asyncio.run(play())


class _Silent:
    """A wire that takes everything."""

    async def send(self, data: str | bytes) -> None:
        """Take it."""


def test_what_the_page_keeps_brings_its_network_back(ask: Asking) -> None:
    ask("set", path="data.name", value="xor")
    ask.train(5)
    ask("keep_run", name="before")
    kept = json.loads(json.dumps(ask("keep").content["session"]))
    other = Asking(Session())
    state = other("open", session=kept)
    assert state.type == "state"
    assert state.content["spec"]["data"]["name"] == "xor"
    np.testing.assert_array_equal(other.session.learner.trainer.params.flat, ask.session.learner.trainer.params.flat)
    assert [run["name"] for run in state.content["history"]["runs"]] == ["this run", "before"]
    assert len(state.content["history"]["runs"][0]["epochs"]) == len(ask.session.learner.curve.points)


def test_of_many_weights_the_page_is_told_why_it_keeps_none(ask: Asking) -> None:
    ask("spec", spec={"layers": [{"units": 128}, {"units": 128}, {"units": 64}]})
    assert ask.session.learner.trainer.params.flat.size > MOST_KEPT_WEIGHTS
    kept = ask("keep").content
    assert kept["session"] is None
    assert "too many" in kept["why"]


def test_a_link_brings_its_drawn_points_and_refuses_another_table(ask: Asking) -> None:
    points = [[-1.5, 2.0, 0], [1.0, 2.25, 1], [0.5, -2.0, 1]]
    state = ask("spec", spec={"data": {"name": "drawn"}}, drawn=points)
    assert state.content["data"]["drawn"] == points
    wrong = ask("spec", spec={"data": {"name": "drawn"}}, drawn=points, sha256="no such digest")
    assert wrong.type == "error"
    assert "table" in wrong.content["expected"]
    assert ask("spec", spec={"data": {"name": "drawn"}}, drawn=points, sha256=ask.session.sha256[:16]).type == "state"
    # A set-up that cannot be taken leaves the points that are here.
    assert ask("spec", spec={"data": {"name": "drawn"}}, drawn=[[0, 0, 77]]).type == "error"
    assert ask.session.drawn == [tuple(point) for point in points]


def test_turns_go_to_who_has_used_least() -> None:
    turns = Turns()
    called: list[str] = []
    heavy, light = (turns.place(lambda name=name: called.append(name)) for name in ("heavy", "light"))  # type: ignore[misc]
    assert heavy.ask()
    assert not light.ask()
    taken = {"heavy": 0, "light": 0}
    holder = "heavy"
    for _ in range(220):
        place, seconds = (heavy, 0.02) if holder == "heavy" else (light, 0.002)
        taken[holder] += 1
        place.begin()
        # As if it had worked so long.
        place._began -= seconds
        if not place.end(more=True):
            holder = called.pop()
    # One takes slices ten times as long, and gets them a tenth as often.
    assert 7 < taken["light"] / taken["heavy"] < 13
    light.leave()
    heavy.leave()
    assert light.ask()


def test_who_comes_back_after_a_rest_keeps_others_waiting_no_longer_than_a_moment() -> None:
    turns = Turns()
    worker, late = turns.place(lambda: None), turns.place(lambda: None)
    assert worker.ask()
    for _ in range(100):
        worker.begin()
        worker._began -= 1.0
        assert worker.end(more=True)
    assert not late.ask()
    assert late.used > 99.9


def test_forty_networks_train_at_once_and_each_is_answered() -> None:
    async def play() -> None:
        loop = asyncio.get_running_loop()
        rooms = Rooms(Session(), TOKEN, loop)
        try:
            all_rooms = [(await rooms.room_for(Hello()))[0] for _ in range(40)]
            for room in all_rooms:
                room.enter(_Silent(), Hello(page="x"), follows=False, end=lambda: None)
                await _ask(room, "run")
            while min([await _epochs(room) for room in all_rooms]) < 5:
                await _ask(all_rooms[0], "probe", x=[0, 0])
        finally:
            await asyncio.to_thread(rooms.close)

    asyncio.run(play())


async def _ask(room: Room, kind: str, **fields: Any) -> None:
    command = command_from({"type": kind, **fields})
    await asyncio.wrap_future(room.runner.ask(lambda session: handle(session, command)))


async def _epochs(room: Room) -> int:
    return await asyncio.wrap_future(room.runner.ask(lambda session: session.learner.trainer.position.epoch))


def test_a_key_that_is_none_is_not_taken() -> None:
    async def play() -> None:
        rooms = Rooms(Session(), TOKEN, asyncio.get_running_loop())
        try:
            for key, found in (("short", "new"), ("with spaces, and quite long", "new"), (KEY, "lost")):
                room, how = await rooms.room_for(Hello(session=key))
                assert how == found
                assert (room.key == key) is (found == "lost")
        finally:
            rooms.close()

    asyncio.run(play())


def test_a_page_holds_so_many_tables_and_no_more(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"a": np.sin(np.arange(1000.0)), "b": np.arange(1000) % 2})
    size = int(frame.memory_usage(deep=True).sum())
    monkeypatch.setattr("chainrule.playground.session.MOST_HELD_BYTES", 2 * size)
    names = [ask.session.add_source(Source("t", frame)).content["upload"] for _ in range(3)]
    assert set(ask.session.sources) == set(names[1:])
    ask("set", path="data.name", value=names[1])
    ask.session.add_source(Source("t", frame))
    assert names[1] in ask.session.sources
    with pytest.raises(DataError, match="MiB in memory"):
        ask.session.add_source(Source("t", pd.concat([frame, frame], ignore_index=True)))


def test_a_table_of_too_many_numbers_is_refused(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainrule.playground.tables.MOST_NUMBERS", 500)
    error = ask("set", path="data.name", value="iris")
    assert "rows times inputs" in error.content["expected"]
    assert "150 rows of 4 inputs" in error.content["came"]
