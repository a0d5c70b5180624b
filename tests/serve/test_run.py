"""Running: a token where others can reach it, processes that end and begin anew, a newer model on SIGHUP."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import httpx
import pytest

from chainrule.cli.serve import serve
from chainrule.errors import ConfigError
from chainrule.saved.file import save_model
from chainrule.saved.model import Model
from chainrule.serve.run import require_token
from tests.serve.conftest import ROW

DOCS = Path(__file__).parents[2] / "docs" / "serve.md"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_needs_no_token(host: str) -> None:
    require_token(host, "")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org", ""])
def test_others_need_one(host: str) -> None:
    with pytest.raises(ConfigError, match="CHAINRULE_TOKEN"):
        require_token(host, "")
    require_token(host, "a-token-of-the-tests")


@pytest.mark.parametrize("token", ["short", "with a blank in the middle", "käuzchen-im-mondenschein"])
def test_a_token_is_long_and_plain(token: str) -> None:
    with pytest.raises(ConfigError, match="token"):
        require_token("127.0.0.1", token)


@contextlib.contextmanager
def process(*options: str) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """Start the command, and wait for its first line, which has its address."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "chainrule", "serve", *options, "--port", "0"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert running.stdout is not None
        line = running.stdout.readline()
        found = re.search(r"http://\S+?(?=/)", line)
        assert found, line
        with httpx.Client(base_url=found[0], timeout=60, trust_env=False) as client:
            yield running, client
    finally:
        if running.poll() is None:
            running.terminate()
        running.communicate(timeout=20)


def until(fact: Callable[[], bool], seconds: float = 120) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fact():
            return True
        time.sleep(0.02)
    return False


def test_one_process_takes_a_newer_model_and_ends_when_told(saved: Path, numbers: Model) -> None:
    with process(str(saved)) as (running, client):
        first = client.post("/predict", json=ROW).json()["model"]
        save_model(numbers, saved)
        running.send_signal(signal.SIGHUP)
        assert until(lambda: 'result="done"' in client.get("/metrics").text)
        assert client.get("/schema").json()["x-chainrule"]["model"] != first
        saved.write_bytes(b"no model")
        running.send_signal(signal.SIGHUP)
        assert until(lambda: 'result="failed"' in client.get("/metrics").text)
        assert client.get("/schema").json()["x-chainrule"]["inputs"] == "table"
        running.terminate()
        assert running.wait(120) == 0
        assert running.stderr is not None
        lines = [json.loads(line) for line in running.stderr.read().splitlines()]
    assert [line["result"] for line in lines if line["event"] == "reload"] == ["done", "failed"]
    assert lines[-1]["event"] == "end"


def workers_of(pid: int) -> list[int]:
    """Return the processes that serve, of a parent."""
    found = []
    for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        with contextlib.suppress(OSError):
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="Linux's /proc is needed")
def test_several_processes_count_together_and_are_begun_anew(saved: Path) -> None:
    def rows(client: httpx.Client) -> int:
        text = client.get("/metrics", headers={"connection": "close"}).text
        return int(re.search(r"^chainrule_rows_total (\d+)", text, re.MULTILINE)[1])  # type: ignore[index]

    with process(str(saved), "--workers", "2") as (running, client):
        for _ in range(20):
            assert client.post("/predict", json=ROW, headers={"connection": "close"}).status_code == 200
        assert until(lambda: rows(client) == 20), client.get("/metrics").text
        assert until(lambda: len(workers_of(running.pid)) == 2)
        first = workers_of(running.pid)[0]
        os.kill(first, signal.SIGKILL)
        assert until(lambda: len(set(workers_of(running.pid)) - {first}) == 2)
        # What the dead one had counted is not lost: nothing was counted after its last second.
        assert until(lambda: rows(client) == 20)
        children = workers_of(running.pid)
        running.terminate()
        assert running.wait(120) == 0
        assert until(lambda: not any(Path(f"/proc/{child}").exists() for child in children))


def test_a_model_that_is_none_is_told_in_three_lines(tmp_path: Path) -> None:
    path = tmp_path / "model.chainrule"
    path.write_bytes(b"no model")
    command = [sys.executable, "-m", "chainrule", "serve", str(path), "--port", "0", "--workers", "2"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: expected")


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile and what they are given."""
    joined = re.sub(r"\\\n\s*", " ", text)
    lines = [line.strip() for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def test_the_dockerfile_in_the_docs_starts_what_there_is() -> None:
    text = re.search(r"```dockerfile\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert text
    found = instructions(text[1])
    known = {"FROM", "COPY", "RUN", "USER", "ENV", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "CMD"}
    assert {name for name, _ in found} <= known
    assert found[0][0] == "FROM"
    told: dict[str, Any] = dict(found)
    command = json.loads(told["CMD"])
    assert command[:2] == ["chainrule", "serve"]
    with click.Context(serve) as context:
        serve.parse_args(context, list(command[2:]))
    assert str(context.params["port"]) == told["EXPOSE"]
    assert told["COPY"].endswith(context.params["model"])
    # Nobody is served by root, and nobody without a token, which the image does not hold.
    assert [name for name, _ in found].index("USER") < [name for name, _ in found].index("CMD")
    with pytest.raises(ConfigError, match="token"):
        require_token(context.params["host"], context.params["token"] or "")
    health = json.loads(told["HEALTHCHECK"].removeprefix("CMD "))
    compile(health[2], "health", "exec")
    assert f":{told['EXPOSE']}/health" in health[2]
