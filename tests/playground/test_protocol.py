"""The protocol, held against the fixtures that JavaScript reads too."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from chainrule.errors import ConfigError
from chainrule.playground.protocol import (
    COMMANDS,
    Set,
    Upload,
    command_from,
    command_from_text,
    name_of,
)
from chainrule.playground.wire import REPLIES, Message, decode, encode, error_message
from chainrule.web.guard import MOST_COMMAND_BYTES

FIXTURES = Path(__file__).parent / "fixtures"


def _fixtures(folder: str) -> list[Any]:
    return [
        pytest.param(item, id=f"{path.stem}-{i}")
        for path in sorted((FIXTURES / folder).glob("*.json"))
        for i, item in enumerate(json.loads(path.read_text()))
    ]


def test_every_message_has_a_fixture() -> None:
    assert {path.stem for path in (FIXTURES / "commands").glob("*.json")} == set(COMMANDS)
    assert {path.stem for path in (FIXTURES / "replies").glob("*.json")} == set(REPLIES)


@pytest.mark.parametrize("content", _fixtures("commands"))
def test_a_command_of_the_fixtures_is_understood(content: dict[str, Any]) -> None:
    buffers = [base64.b64decode(part) for part in content.pop("buffers", [])]
    command = command_from(content, buffers)
    assert name_of(type(command)) == content["type"]
    for key, value in content.items():
        if key != "type":
            assert getattr(command, key) == value
    if buffers:
        assert isinstance(command, Upload)
        assert command.data == buffers[0]


@pytest.mark.parametrize("item", _fixtures("replies"))
def test_a_reply_of_the_fixtures_travels_as_written(item: dict[str, Any]) -> None:
    buffers = [base64.b64decode(part) for part in item["buffers"]]
    content = {key: value for key, value in item["header"].items() if key not in ("type", "buffers")}
    wire = encode(Message(item["header"]["type"], content, tuple(buffers)))
    if not buffers:
        assert wire == item["wire"]
        return
    assert wire == base64.b64decode(item["wire"])
    header, parts = decode(wire)
    assert header == item["header"]
    assert parts == buffers


def test_the_buffers_of_a_message_start_at_a_multiple_of_eight() -> None:
    for reason in ("", "x", "xy", "xyz", "wxyz"):
        wire = encode(Message("file", {"name": reason, "mime": "m"}, (b"\x01",)))
        assert (len(wire) - 1) % 8 == 0


def test_a_number_that_is_not_finite_travels_as_null() -> None:
    wire = encode(Message("event", {"kind": "exploded", "epoch": float("nan"), "text": ""}))
    assert json.loads(wire)["epoch"] is None


def test_a_message_with_another_field_than_declared_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError, match="bytes"):
        Message("bye", {"reason": "", "bytes": 3})


def test_an_answer_carries_the_id_of_its_command() -> None:
    asked = Set(path="l2", value=0, id=41)
    assert json.loads(encode(error_message(ConfigError("a", "b", "c"), "set").answering(asked)))["id"] == 41


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "a command as JSON"),
        ("{", "a command as JSON"),
        ("[1]", "a command with a type"),
        ("null", "a command with a type"),
        ('{"type": 3}', "a command with a type"),
        ('{"type": "rum"}', "the type of a command"),
        ('{"type": "run", "fast": true}', "a field of run"),
        ('{"type": "set"}', "path in the command set"),
        ('{"type": "step", "unit": "year"}', "unit of step"),
        ('{"type": "edit", "param": "hidden1.W", "index": [0, -1], "value": 1}', "index of edit"),
        ('{"type": "edit", "param": "hidden1.W", "index": [0, 0], "value": NaN}', "a command as JSON"),
        ('{"type": "edit", "param": "hidden1.W", "index": [0, 0], "value": 1e999}', "value of edit"),
        ('{"type": "ack", "frame": -1}', "frame of ack"),
        ('{"type": "points", "add": [[1, 2]]}', "add of points"),
        ('{"type": "spec", "spec": ' + "[" * 900 + "]" * 900 + "}", "JSON nested"),
        ("[" * 200_000, "a command as JSON"),
        ('{"type": "open", "session": {"a": "' + "a" * MOST_COMMAND_BYTES + '"}}', "a command of at most"),
    ],
)
def test_a_malformed_command_is_answered_by_what_was_expected(text: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        command_from_text(text)


@pytest.mark.parametrize("raw", [b"", b"\x01", b"\xff\xff\xff\xff", b"\x02\x00\x00\x00{}", b"\x03\x00\x00\x00[1]"])
def test_a_damaged_binary_message_is_refused(raw: bytes) -> None:
    with pytest.raises(ConfigError, match="a binary message"):
        decode(raw)
