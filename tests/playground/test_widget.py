"""The widget, without a notebook: its wire is a list."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import chainrule
from chainrule.errors import ChainruleError, ConfigError
from chainrule.playground import widget as widget_module

Make = Callable[..., tuple[Any, list[tuple[Any, Any]]]]


SMALLEST = {
    "index.html": (b'<link rel="stylesheet" href="a.css" />', "text/html"),
    "a.css": (b"a { }", "text/css"),
    "view.js": (b"export default { render: () => {} };", "text/javascript"),
}


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Return a function that makes a widget whose messages come into a list."""
    monkeypatch.setattr(widget_module, "static_files", lambda: SMALLEST)
    made = []

    def build(*arguments: Any, **settings: Any) -> tuple[Any, list[tuple[Any, Any]]]:
        playground = chainrule.Playground(*arguments, **settings)
        sent: list[tuple[Any, Any]] = []
        playground.send = lambda content, buffers=None: sent.append((content, buffers))
        made.append(playground)
        return playground, sent

    yield build
    for playground in made:
        playground.close()


def _until(sent: list[tuple[Any, Any]], kind: str, after: int = 0, seconds: float = 10) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for content, buffers in sent[after:]:
            if content["type"] == kind:
                return content, buffers
        time.sleep(0.005)
    raise AssertionError(f"no {kind} among {[content['type'] for content, _ in sent]}")


def test_a_view_is_answered_as_by_the_server(make: Make) -> None:
    playground, sent = make("spiral", layers=[{"units": 3}])
    playground._on_message(playground, {"type": "hello", "token": ""}, None)
    frame, buffers = _until(sent, "frame")
    assert [content["type"] for content, _ in sent[:2]] == ["welcome", "state"]
    assert len(buffers) == len(frame["layout"])
    playground._on_message(
        playground, {"type": "edit", "param": "hidden1.W", "index": [0, 9], "value": 1, "id": 5}, None
    )
    error, _ = _until(sent, "error")
    assert error["id"] == 5
    playground._on_message(playground, {"type": "noise"}, None)
    _until(sent, "error", after=len(sent) - 1)


def test_frames_wait_for_their_acknowledgement(make: Make) -> None:
    playground, sent = make()
    playground._on_message(playground, {"type": "hello"}, None)
    _until(sent, "frame")
    playground.run()
    time.sleep(0.2)
    assert len([content for content, _ in sent if content["type"] == "frame"]) == 2
    before = len(sent)
    playground._on_message(playground, {"type": "ack", "frame": 1}, None)
    frame, _ = _until(sent, "frame", after=before)
    assert frame["n"] == 3
    assert frame["position"]["step"] > 0
    playground.pause()


def test_a_table_comes_as_a_buffer(make: Make) -> None:
    playground, sent = make()
    playground._on_message(playground, {"type": "hello"}, None)
    table = b"size,kind\n" + b"".join(b"%d.5,%s\n" % (i % 7, b"ab"[i % 2 : i % 2 + 1]) for i in range(40))
    playground._on_message(playground, {"type": "upload", "name": "t.csv"}, [memoryview(table)])
    uploaded, _ = _until(sent, "uploaded")
    assert uploaded["rows"] == 40


def test_python_sees_and_moves_the_same_network(make: Make) -> None:
    playground, _ = make("xor", learning_rate=0.3)
    before = playground.weights
    playground.ask("step", unit="epoch")
    after = playground.weights
    assert not np.array_equal(before["hidden1.W"], after["hidden1.W"])
    assert playground.spec["learning_rate"] == 0.3
    with pytest.raises(ConfigError, match="learning_rate"):
        playground.ask("set", path="learning_rate", value=0)


def test_a_table_in_memory(make: Make) -> None:
    frame = pd.DataFrame(
        {"size": np.arange(60) % 7 + 0.5, "kind": ["ab"[i % 2] for i in range(60)]}, index=range(100, 160)
    )
    playground, _ = make(frame, target="kind")
    assert playground.spec["data"]["target"] == "kind"
    assert playground.weights["output.b"].shape == (2,)


def test_wrong_settings_are_answered_at_once() -> None:
    with pytest.raises(ConfigError, match="a setting of spec"):
        chainrule.Playground("spiral", learning_rat=0.3)
    with pytest.raises(ChainruleError):
        chainrule.Playground("nothing")


def test_without_anywidget_it_is_told_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "anywidget.py").write_text("raise ImportError('not here')\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nimport chainrule\ntry:\n    chainrule.Playground\nexcept chainrule.ChainruleError as error:\n    print(error.remedy)\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "chainrule[notebook]" in done.stdout
