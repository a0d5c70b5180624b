"""A run folder whose files were damaged, by a disk or on purpose, is gone on from or refused in a sentence; nothing else.

The seeds are numbered, and a failure names its own. `make deep` tries many more.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from chainrule.errors import ChainruleError
from chainrule.job.config import config_from
from chainrule.job.folder import RunFolder
from chainrule.job.resume import resumed
from chainrule.job.train import Job
from chainrule.train import replay

MUTANTS = int(os.environ.get("CHAINRULE_MUTATIONS", "30"))
FIRST = int(os.environ.get("CHAINRULE_SEED", "0"))
FILES = ("config.toml", "journal.jsonl", "checkpoint.safetensors", "model.chainrule", "report.html", ".running")
ODD = [
    b"",
    b"\xff",
    b"\x00",
    b"\n",
    b'"',
    b"[",
    b"[" * 20_000,
    b"{",
    b"-1",
    b"1e999",
    b"9" * 400,
    b"true",
    b"null",
    b"nan",
]
ODD += [b'"x"', b"\xed\xa0\x80", b"=", b".", b"[[a]]\n", b"../../etc/passwd", b"epoch", b"{}", b"a.b.c", b"2026-01-01"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run that was killed after its last checkpoint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chainrule.job.run_report.render", lambda _: "<!doctype html>")
        patch.setattr("chainrule.job.train.inspect_run", lambda *_, **__: None)
        path = tmp_path_factory.mktemp("damaged") / "run"
        job = Job(
            config_from({"data": "iris", "epochs": 2, "hidden": (4,), "checkpoint_seconds": 0, "engine": "numpy"}),
            RunFolder(path),
        )
        list(job)
        job.finish()
    return path


def bytes_changed(chance: random.Random, raw: bytes) -> bytes:
    at = chance.randrange(len(raw) + 1)
    return raw[:at] + chance.choice(ODD) + raw[at + chance.choice((0, 1, 8, len(raw) // 2)) :]


def lines_changed(chance: random.Random, raw: bytes) -> bytes:
    lines = raw.split(b"\n")
    at = chance.randrange(len(lines))
    other = chance.choice(lines)
    return b"\n".join(lines[:at] + chance.choice(([], [other], [other, lines[at]], [lines[at]] * 2)) + lines[at + 1 :])


def values_changed(chance: random.Random, raw: bytes) -> bytes:
    words = raw.replace(b": ", b":\x01 ").replace(b" = ", b" =\x01 ").split(b"\x01")
    at = chance.randrange(len(words))
    head, comma, rest = words[at].partition(b"," if b"," in words[at] else b"\n")
    words[at] = (b" " + chance.choice(ODD) if at else head) + comma + rest
    return b"".join(words)


CHANGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (bytes_changed, lines_changed, values_changed)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + MUTANTS))
def test_a_damaged_run_is_gone_on_from_or_refused(seed: int, whole: Path, tmp_path: Path) -> None:
    chance = random.Random(seed)
    place = tmp_path / "run"
    shutil.copytree(whole, place)
    for _ in range(chance.choice((1, 1, 1, 2))):
        file = place / chance.choice(FILES)
        raw = file.read_bytes() if file.exists() else b""
        if chance.random() < 0.1:
            file.unlink(missing_ok=True)
        else:
            file.write_bytes(chance.choice(CHANGES)(chance, raw))
    try:
        job = resumed(place, chance.choice((None, 3)))
        try:
            list(job)
            job.finish()
        finally:
            job.release()
    except ChainruleError:
        return
    assert list(replay(place / "journal.jsonl"))
