"""The runner: one thread, answers in between, and no end by a mistake."""

from __future__ import annotations

import time
from typing import Any

import pytest

from chainrule.playground.commands import handle
from chainrule.playground.protocol import command_from
from chainrule.playground.runner import Runner
from chainrule.playground.session import Session
from chainrule.playground.wire import Message

_Heard = list[tuple[list[Message], int]]


@pytest.fixture
def running() -> Any:
    """Return a runner and what it has told."""
    heard: _Heard = []
    runner = Runner(Session(), lambda news, version: heard.append((news, version)))
    yield runner, heard
    runner.close()
    assert not runner.is_alive


def _ask(runner: Runner, **fields: Any) -> Message:
    return runner.ask(lambda session: handle(session, command_from(fields))).result(10)[0]


def _epoch(runner: Runner) -> int:
    return runner.ask(lambda session: session.learner.trainer.position.epoch).result(10)


def test_it_trains_while_nobody_asks_and_answers_in_between(running: tuple[Runner, _Heard]) -> None:
    runner, heard = running
    _ask(runner, type="run")
    time.sleep(0.3)
    first = _epoch(runner)
    time.sleep(0.3)
    assert 0 < first < _epoch(runner)
    _ask(runner, type="pause")
    resting = _epoch(runner)
    time.sleep(0.1)
    assert _epoch(runner) == resting
    assert max(version for _, version in heard) == runner.ask(lambda session: session.version).result(10)


def test_what_was_asked_wrongly_comes_back_to_who_asked(running: tuple[Runner, _Heard]) -> None:
    runner, _ = running
    with pytest.raises(ZeroDivisionError):
        runner.ask(lambda session: 1 / 0).result(10)
    assert _ask(runner, type="pause").type == "state"


def test_a_mistake_while_training_pauses_and_is_told(
    running: tuple[Runner, _Heard], monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, heard = running

    def fail(*arguments: Any) -> float:
        raise RuntimeError("a mistake")

    runner.ask(lambda session: monkeypatch.setattr(session.learner, "advance", fail)).result(10)
    _ask(runner, type="run")
    end = time.monotonic() + 5
    while not any(message.type == "error" for news, _ in heard for message in news):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert _ask(runner, type="pause").content["running"] is False


def test_slow_motion_leaves_the_core_to_others(running: tuple[Runner, _Heard]) -> None:
    runner, _ = running
    _ask(runner, type="set", path="view.speed", value=4)
    _ask(runner, type="run")
    started = time.process_time()
    time.sleep(1.0)
    assert time.process_time() - started < 0.6
    assert 1 <= runner.ask(lambda session: session.learner.trainer.position.step).result(10) <= 150
