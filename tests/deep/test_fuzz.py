"""Damaged files of every kind that is read: each is read or refused in a sentence, within a budget of time and memory."""

from __future__ import annotations

import gzip
import io
import random
import resource
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ChainruleError
from chainrule.job.config import config_from
from chainrule.job.folder import RunFolder
from chainrule.job.settings import read_config
from chainrule.job.train import Job
from chainrule.playground.commands import handle
from chainrule.playground.protocol import command_from_text
from chainrule.playground.session import Session
from chainrule.playground.storage import read_upload
from chainrule.saved.file import load_model
from chainrule.sources.read import read_source
from chainrule.train import load_checkpoint, replay
from tests.deep.conftest import FILES, SEED

SECONDS, MEMORY = 10.0, 6 << 30
# Of the files of a kind, so that workers share them.
SHARDS = 8
ODD = [
    b"",
    b"\x00",
    b"\xff" * 4,
    b"\xff" * 8,
    b"\n",
    b",",
    b'"',
    b"9" * 20,
    b"-1",
    b"[" * 5000,
    b"\xed\xa0\x80",
    b"%",
    b"{",
    b"\x7f\xff",
]


def table() -> bytes:
    rows = "".join(
        f'{i * 7 % 11},"te;xt {i}",2026-01-{1 + i % 28:02},{i % 3 / 7:.3f},{"ab"[i % 2]}\n' for i in range(60)
    )
    return ("number,text,day,share,kind\n" + rows).encode()


def parquet() -> bytes:
    import pandas as pd

    buffer = io.BytesIO()
    pd.read_csv(io.BytesIO(table())).to_parquet(buffer)
    return buffer.getvalue()


def arrays() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, x=np.ones((12, 4, 4), np.uint8), y=np.arange(12) % 2)
    return buffer.getvalue()


def pictures() -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for i in range(6):
            picture = io.BytesIO()
            Image.fromarray(np.full((6, 6, 3), 40 * i, np.uint8)).save(picture, ("PNG", "JPEG", "GIF")[i % 3])
            archive.writestr(f"{'ab'[i % 2]}/{i}.{('png', 'jpg', 'gif')[i % 3]}", picture.getvalue())
    return buffer.getvalue()


def sounds() -> bytes:
    import wave

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for i in range(4):
            sound = io.BytesIO()
            with wave.open(sound, "wb") as file:
                file.setparams((1, 2, 8000, 0, "NONE", ""))
                file.writeframes(np.arange(400, dtype=np.int16).tobytes())
            archive.writestr(f"{'ab'[i % 2]}/{i}.wav", sound.getvalue())
    return buffer.getvalue()


def session() -> bytes:
    from chainrule.playground.protocol import command_from

    (answer,) = handle(Session(), command_from({"type": "save"}))
    return bytes(answer.buffers[0])


def open_session(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    handle(Session(), command_from_text(f'{{"type": "open", "session": {text}}}'))


Kind = tuple[str, Callable[[], bytes], Callable[[Path], Any]]
KINDS: dict[str, Kind] = {
    "csv": (".csv", table, lambda path: read_source(str(path))),
    "gzip": (".csv.gz", lambda: gzip.compress(table()), lambda path: read_source(str(path))),
    "parquet": (".parquet", parquet, lambda path: read_source(str(path))),
    "npz": (".npz", arrays, lambda path: read_source(str(path))),
    "pictures": (".zip", pictures, lambda path: read_source(str(path))),
    "sounds": (".zip", sounds, lambda path: read_source(str(path))),
    "upload": (".csv", table, lambda path: read_upload("t.csv", path.read_bytes())),
    "upload of parquet": (".parquet", parquet, lambda path: read_upload("t.parquet", path.read_bytes())),
    "session": (".json", session, open_session),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fuzz") / "run"
    job = Job(
        config_from({"data": "iris", "epochs": 2, "hidden": (4,), "checkpoint_seconds": 0, "engine": "numpy"}),
        RunFolder(path),
    )
    list(job)
    job.finish()
    return path


def of_a_run(run: Path) -> dict[str, Kind]:
    def kind(name: str, use: Callable[[Path], Any]) -> Kind:
        return Path(name).suffix, (run / name).read_bytes, use

    return {
        "model": kind("model.chainrule", load_model),
        "checkpoint": kind("checkpoint.safetensors", load_checkpoint),
        "journal": kind("journal.jsonl", lambda path: list(replay(path))),
        "configuration": kind("config.toml", lambda path: config_from(read_config(path))),
    }


def damaged(chance: random.Random, raw: bytes) -> bytes:
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(raw) + 1)
        match chance.randrange(5):
            case 0:
                raw = raw[:at] + bytes([chance.randrange(256)]) + raw[at + 1 :]
            case 1:
                raw = raw[:at] + chance.choice(ODD) + raw[at:]
            case 2:
                raw = raw[:at] + raw[at + chance.choice((1, 4, 64)) :]
            case 3:
                raw = raw[:at]
            case _:
                start = chance.randrange(len(raw) + 1)
                raw = raw[:at] + raw[start : start + chance.choice((1, 8, 200))] + raw[at:]
    return raw


@pytest.fixture(autouse=True)
def budget() -> Iterator[None]:
    """Let nothing take more memory than a small machine has."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def fuzz(kind: Kind, shard: int, tmp_path: Path) -> None:
    count = FILES // (len(KINDS) + 4) // SHARDS
    first = SEED + shard * count
    suffix, make, use = kind
    whole, path = make(), tmp_path / f"damaged{suffix}"
    path.write_bytes(whole)
    use(path)
    for seed in range(first, first + count):
        path.write_bytes(damaged(random.Random(seed), whole))
        started = time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                use(path)
        except ChainruleError:
            pass
        except BaseException as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}") from error
        assert time.process_time() - started < SECONDS, f"seed {seed}"


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("name", KINDS)
def test_a_damaged_file_is_read_or_refused(name: str, shard: int, tmp_path: Path) -> None:
    fuzz(KINDS[name], shard, tmp_path)


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("name", ["model", "checkpoint", "journal", "configuration"])
def test_a_damaged_file_of_a_run_is_read_or_refused(name: str, shard: int, run: Path, tmp_path: Path) -> None:
    fuzz(of_a_run(run)[name], shard, tmp_path)
