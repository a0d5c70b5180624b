"""What is answered at each path: predictions as `predict` makes them, errors as JSON, and nobody without the token."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ModelFileError
from chainrule.job.predict import predict_table
from chainrule.saved.model import Model
from chainrule.serve import service as module
from chainrule.serve.predictor import Predictor
from chainrule.web import door
from tests.serve.conftest import ROW, Running, Start, png, table_text, wav

JSON = {"content-type": "application/json"}


def until(fact: Callable[[], bool], seconds: float = 120) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fact():
            return True
        time.sleep(0.01)
    return False


def test_rows_are_answered_as_predict_answers_them(serving: Start, table: Model, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(table_text(), encoding="utf-8")
    said = predict_table(table, str(path))
    with serving(table).client() as client:
        answer = client.post("/predict", content=path.read_bytes(), headers={"content-type": "text/csv"}).json()
    assert answer["answers"] == said.table["klasse"].tolist()
    assert answer["probabilities"] == said.y.tolist()
    assert answer["classes"] == ["a", "b"]
    assert answer["target"] == "klasse"


def test_many_rows_are_answered_in_parts(serving: Start, table: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SMALL_ROWS", 10)
    monkeypatch.setattr(module, "_ANSWERS_AT_ONCE", 7)
    monkeypatch.setattr(module, "_PART", 50)
    with serving(table).client() as client:
        many = client.post("/predict?notes=true", json=[ROW] * 30).json()
        one = client.post("/predict?notes=true", json=ROW).json()
    assert many["probabilities"] == one["probabilities"] * 30
    assert many["answers"] == one["answers"] * 30
    assert set(many) == set(one)


def test_numbers_are_answered_for_a_number(serving: Start, numbers: Model) -> None:
    names = [column.name for column in Predictor(numbers, "x").reader.columns]
    with serving(numbers).client() as client:
        answer = client.post("/predict", json=dict.fromkeys(names, 0.01)).json()
    assert isinstance(answer["answers"][0], float)
    assert "classes" not in answer


def test_notes_come_on_request_and_ignored_columns_always(serving: Start, table: Model) -> None:
    row = {**ROW, "alter": None, "farbe": "rot"}
    with serving(table).client() as client:
        plain = client.post("/predict", json=row).json()
        noted = client.post("/predict?notes=true", json=row).json()
        assert client.post("/predict?note=1", json=row).status_code == 422
    assert plain["ignored"] == ["farbe"]
    assert "notes" not in plain
    assert "alter" in noted["notes"][0]


def test_pictures_and_sounds_are_uploaded_as_they_are(serving: Start, conv_pictures: Model, sounds: Model) -> None:
    with serving(conv_pictures).client() as client:
        pixels = np.random.default_rng(2).integers(0, 256, (6, 5))
        answer = client.post("/predict", content=png(pixels), headers={"content-type": "image/png"}).json()
        again = client.post("/predict", json=[pixels.tolist()]).json()
        assert (
            client.post("/predict", content=png(pixels)[:30], headers={"content-type": "image/png"}).status_code == 422
        )
    assert answer["probabilities"] == again["probabilities"]
    with serving(sounds).client() as client:
        answer = client.post("/predict", content=wav(), headers={"content-type": "audio/wav"}).json()
    assert answer["answers"][0] in ("no", "yes")


def test_an_error_is_json_with_column_and_row(serving: Start, table: Model) -> None:
    with serving(table).client() as client:
        response = client.post("/predict", json=[ROW, {**ROW, "alter": "alt"}])
    assert response.status_code == 422
    error = response.json()["error"]
    assert (error["column"], error["row"]) == ("alter", 2)
    assert set(error) == {"expected", "came", "remedy", "column", "row"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "content", "status"),
    [
        ("POST", "/predict", JSON, b"{", 400),
        ("POST", "/predict", JSON, b'{"a": NaN}', 400),
        ("POST", "/predict", {"content-type": "text/html"}, b"x", 415),
        ("POST", "/predict", {}, b"x", 415),
        ("GET", "/predict", {}, b"", 405),
        ("GET", "/none", {}, b"", 404),
        ("GET", "/../../etc/passwd", {}, b"", 404),
        ("POST", "/schema", {}, b"", 405),
    ],
)
def test_what_cannot_be_answered_is_refused_as_json(
    served: Running, method: str, path: str, headers: dict[str, str], content: bytes, status: int
) -> None:
    with served.client() as client:
        response = client.request(method, path, headers=headers, content=content)
    assert response.status_code == status
    assert response.json()["error"]["remedy"]


@pytest.fixture(scope="module")
def served(table: Model) -> Any:
    from tests.serve.conftest import start

    running = start(table)
    yield running
    running.stop()


def test_a_body_beyond_the_limit_is_refused_before_it_has_come(serving: Start, table: Model) -> None:
    running = serving(table, body=1000)
    with running.client() as client:
        assert client.post("/predict", content=b"[" * 1001, headers=JSON).status_code == 413

        def endless() -> Any:
            for _ in range(50):
                yield b" " * 100

        assert client.post("/predict", content=endless(), headers=JSON).status_code == 413
        assert client.post("/predict", json=ROW).status_code == 200


def test_too_many_rows_are_refused(serving: Start, table: Model) -> None:
    with serving(table, rows=3).client() as client:
        assert client.post("/predict", json=[ROW] * 3).status_code == 200
        response = client.post("/predict", json=[ROW] * 4)
    assert response.status_code == 413
    assert "at most 3 rows" in response.json()["error"]["expected"]


def test_nobody_is_answered_without_the_token(serving: Start, table: Model) -> None:
    token = "a-token-of-the-tests"
    running = serving(table, token=token)
    with running.client() as client:
        for path in ("/schema", "/openapi.json", "/metrics"):
            assert client.get(path).status_code == 401
        assert client.post("/predict", json=ROW).status_code == 401
        assert client.post("/predict", json=ROW, headers={"authorization": "Bearer other"}).status_code == 401
        assert client.get("/health").json() == {"status": "ok"}
        assert client.get("/").status_code == 200
    with running.client(headers={"authorization": f"Bearer {token}"}) as client:
        assert client.post("/predict", json=ROW).status_code == 200
        assert "bearer" in client.get("/openapi.json").text
    assert token not in running.log.getvalue()


def test_other_sites_and_other_names_are_not_answered(served: Running) -> None:
    with served.client() as client:
        assert client.post("/predict", json=ROW, headers={"host": "rebound.example"}).status_code == 403
        assert client.post("/predict", json=ROW, headers={"origin": "https://evil.example"}).status_code == 403
        own = client.post("/predict", json=ROW, headers={"origin": served.url})
        assert own.status_code == 200
        assert "default-src 'self'" in own.headers["content-security-policy"]


def test_requests_at_once_are_answered_each_with_its_own(served: Running) -> None:
    rows = [{**ROW, "alter": 20 + i, "preis": 3.0 * i} for i in range(40)]
    with served.client() as client:
        alone = [client.post("/predict", json=row).json()["probabilities"] for row in rows]
    with ThreadPoolExecutor(8) as pool, served.client() as client:
        together = list(pool.map(lambda row: client.post("/predict", json=row).json()["probabilities"], rows))
    assert together == alone


def test_the_schema_has_every_column_and_a_usual_row_is_answered(served: Running) -> None:
    with served.client() as client:
        schema = client.get("/schema").json()
        row = {name: column.get("default") for name, column in schema["properties"].items()}
        answer = client.post("/predict?notes=true", json=row).json()
        described = client.get("/openapi.json").json()
    assert set(schema["required"]) == {"alter", "preis", "stadt", "aktiv", "seit"}
    ours = schema["properties"]["alter"]["x-chainrule"]
    assert ours["low"] <= row["alter"] <= ours["high"]
    assert row["stadt"] in ("Berlin", "Hamburg", "Köln")
    assert row["aktiv"] is True
    assert answer["notes"] == []
    assert described["openapi"].startswith("3.1")
    assert described["components"]["schemas"]["Row"]["required"] == schema["required"]


def test_metrics_count_what_came(serving: Start, table: Model) -> None:
    with serving(table).client() as client:
        client.post("/predict", json=[ROW, {**ROW, "alter": 1e6}, {**ROW, "stadt": "Rom", "alter": None}])
        client.post("/predict", json={})
        client.get("/secret-path")
        text = client.get("/metrics").text
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert lines['chainrule_requests_total{path="/predict",status="200"}'] == "1"
    assert lines['chainrule_requests_total{path="/predict",status="422"}'] == "1"
    assert lines['chainrule_requests_total{path="other",status="404"}'] == "1"
    assert lines["chainrule_rows_total"] == "3"
    assert lines['chainrule_missing_cells_total{column="alter"}'] == "1"
    assert lines['chainrule_drift{column="alter"}'] == "0.5"
    assert lines['chainrule_drift{column="preis"}'] == "0.0"
    assert float(lines['chainrule_drift{column="stadt"}']) == pytest.approx(1 / 3)
    assert lines["chainrule_request_seconds_count"] == "2"
    assert lines['chainrule_request_seconds_bucket{le="+Inf"}'] == "2"
    assert "secret" not in text


def test_a_request_has_a_line_of_json_without_its_cells(serving: Start, table: Model) -> None:
    running = serving(table)
    with running.client() as client:
        client.post("/predict", json=[{**ROW, "stadt": "Geheim"}] * 2)
    assert until(lambda: "request" in running.log.getvalue())
    line = json.loads(running.log.getvalue().splitlines()[-1])
    assert {"time", "event", "method", "path", "status", "ms", "rows"} == set(line)
    assert (line["path"], line["status"], line["rows"]) == ("/predict", 200, 2)
    assert "Geheim" not in running.log.getvalue()


def test_a_newer_model_takes_its_place_as_a_whole(serving: Start, table: Model) -> None:
    newer = [Predictor(table, "second")]

    def load() -> Predictor:
        if not newer:
            raise ModelFileError("a whole file", "a half", "Copy it again.")
        return newer.pop()

    running = serving(table, load=load)
    import asyncio

    def reload() -> None:
        asyncio.run_coroutine_threadsafe(running.service.reload(), running.loop).result(10)

    with running.client() as client:
        assert client.post("/predict", json=ROW).json()["model"] == "first"
        reload()
        assert client.post("/predict", json=ROW).json()["model"] == "second"
        # One that cannot be read changes nothing, and is told.
        reload()
        assert client.post("/predict", json=ROW).json()["model"] == "second"
        text = client.get("/metrics").text
    assert 'chainrule_reloads_total{result="done"} 1' in text
    assert 'chainrule_reloads_total{result="failed"} 1' in text
    assert until(lambda: "a half" in running.log.getvalue())


def test_an_answer_that_takes_too_long_is_given_up(
    serving: Start, table: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = serving(table, seconds=0.2)
    go_on = threading.Event()
    monkeypatch.setattr(running.service.predictor, "seconds_a_sample", 1e9)
    monkeypatch.setattr(running.service.predictor, "together", lambda asked: go_on.wait(10))
    with running.client() as client:
        assert client.post("/predict", json=ROW).status_code == 503
        assert client.get("/health").status_code == 200
        go_on.set()


def half_sent(port: int, length: int) -> socket.socket:
    wire = socket.create_connection(("127.0.0.1", port), timeout=10)
    head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    wire.sendall(f"{head}Content-Length: {length}\r\n\r\n[".encode())
    return wire


def test_slow_bodies_keep_nobody_out(serving: Start, table: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LARGE", 3)
    monkeypatch.setattr(module, "MOST_SMALL", 3)
    running = serving(table)
    with contextlib.ExitStack() as stack:
        for length in (100, module.SMALL_BYTES + 1):
            wires = [stack.enter_context(half_sent(running.port, length)) for _ in range(5)]
            # The first that waited must go.
            assert b" 408 " in wires[0].recv(4096).split(b"\r\n", 1)[0]
        with running.client() as client:
            assert client.post("/predict", json=ROW).status_code == 200
            large = json.dumps([ROW] * 3000)
            assert len(large) > module.SMALL_BYTES
            assert client.post("/predict", content=large, headers=JSON).status_code == 200


def test_a_body_that_stalls_is_given_up(serving: Start, table: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS_BETWEEN", 0.2)
    running = serving(table)
    with half_sent(running.port, 100) as wire:
        assert b" 408 " in wire.recv(4096).split(b"\r\n", 1)[0]


def test_who_takes_no_answer_is_sent_away(serving: Start, table: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "SECONDS_TO_TAKE", 0.3)
    running = serving(table, send_buffer=16384)
    body = json.dumps([ROW] * 6000).encode()
    with socket.socket() as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.settimeout(20)
        wire.connect(("127.0.0.1", running.port))
        head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\nContent-Type: application/json\r\n"
        wire.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        head, _, rest = wire.recv(4096).partition(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index]
        # Nothing more is taken until the server has ended it.
        assert until(lambda: not running.server.server_state.connections)
        taken = len(rest)
        while part := wire.recv(1 << 16):
            taken += len(part)
        assert taken < length


def test_the_page_is_served_with_its_files(served: Running) -> None:
    with served.client() as client:
        page = client.get("/")
        assert page.headers["content-type"].startswith("text/html")
        for name in ("serve.js", "serve.css", "form.js", "icon.svg"):
            assert client.get(f"/{name}").status_code == 200
