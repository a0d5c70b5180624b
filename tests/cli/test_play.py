"""`chainrule play` as a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

_CODE = "from chainrule.cli.main import main; main()"


def _play(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")}
    command = [sys.executable, "-c", _CODE, "play", "--no-browser", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def _link(process: subprocess.Popen[str]) -> tuple[str, str]:
    assert process.stdout is not None
    match = re.search(r"(http://\S+:\d+)/#token=(\S{43})", process.stdout.readline())
    assert match
    return match[1], match[2]


def _end(process: subprocess.Popen[str]) -> tuple[str, str]:
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    return out, err


def test_it_prints_a_link_serves_and_ends_on_ctrl_c_without_a_traceback(tmp_path: Path) -> None:
    process = _play(tmp_path, "xor", "--port", "0")
    url, _ = _link(process)
    end = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(url + "/nothing", timeout=5)
        except urllib.error.HTTPError:
            break
        except OSError:
            assert time.monotonic() < end
    _, err = _end(process)
    assert "Traceback" not in err
    assert process.returncode in (0, 130)


def test_a_port_that_was_asked_for_keeps_its_token_after_a_restart(tmp_path: Path) -> None:
    first = _play(tmp_path, "--port", "0")
    port = _link(first)[0].rsplit(":", 1)[1]
    _end(first)
    tokens = []
    for _ in range(2):
        again = _play(tmp_path, "--port", port)
        tokens.append(_link(again)[1])
        _end(again)
    assert tokens[0] == tokens[1]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["spirl"], "the name of a data set"),
        (["--model", "none.chainrule"], "a model file"),
        (["--config", "none.toml"], "TOML"),
        (["--port", "70000"], "a free place"),
    ],
)
def test_what_cannot_be_opened_is_answered_in_three_lines(tmp_path: Path, arguments: list[str], text: str) -> None:
    process = _play(tmp_path, *arguments)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert text in err
    assert "Traceback" not in err


def test_beyond_this_machine_it_warns(tmp_path: Path) -> None:
    process = _play(tmp_path, "--port", "0", "--host", "0.0.0.0", "--allowed-host", "play.example")
    url, _ = _link(process)
    assert url.startswith("http://127.0.0.1:")
    assert process.stdout is not None
    out = "".join(process.stdout.readline() for _ in range(2))
    _, err = _end(process)
    assert "warning: on 0.0.0.0" in err
    assert re.search(r"for others  http://[\d.]+:\d+/#token=\S{43}", out)
    assert re.search(r"for others  http://play.example:\d+/#token=\S{43}", out)
