"""Arrays that stay on the disk: the same pixels as when they are read, and no more of them in memory than asked for."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from chainrule.errors import DataError
from chainrule.job.config import Config
from chainrule.job.prepare import prepare
from chainrule.sources import mapped as module
from chainrule.sources.mapped import are_finite
from chainrule.sources.read import read_source
from chainrule.sources.samples import Pictures

N = 1300


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAP_FROM", 4000)
    monkeypatch.setattr(module, "_BLOCK_BYTES", 4096)


@pytest.fixture
def pixels() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, N)
    x = rng.integers(0, 100, (N, 4, 4)).astype(np.uint8)
    x[y == 1, :2] += 100
    return x, y


@pytest.fixture
def npz(pixels: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> Path:
    np.savez(tmp_path / "t.npz", x=pixels[0], y=pixels[1])
    return tmp_path / "t.npz"


def test_a_large_array_of_an_npz_is_mapped_and_has_its_values(npz: Path, pixels: tuple[np.ndarray, np.ndarray]) -> None:
    samples = read_source(str(npz)).samples
    assert isinstance(samples, Pictures)
    assert samples.is_mapped
    np.testing.assert_array_equal(samples[np.arange(N)][..., 0], pixels[0])


def test_a_packed_array_is_read(pixels: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "t.npz", x=pixels[0], y=pixels[1])
    samples = read_source(str(tmp_path / "t.npz")).samples
    assert isinstance(samples, Pictures)
    assert not samples.is_mapped


def test_a_large_idx_file_is_mapped(pixels: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    x, y = pixels
    (tmp_path / "train-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 2051, *x.shape) + x.tobytes())
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, N) + y.astype(np.uint8).tobytes())
    samples = read_source(str(tmp_path)).samples
    assert isinstance(samples, Pictures)
    assert samples.is_mapped
    np.testing.assert_array_equal(samples[np.arange(N)][..., 0], x)


def test_a_large_idx_file_that_is_cut_is_refused(pixels: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    x, y = pixels
    (tmp_path / "train-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 2051, *x.shape) + x.tobytes()[:-9])
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, N) + y.astype(np.uint8).tobytes())
    with pytest.raises(DataError, match="as its header says"):
        read_source(str(tmp_path))


def test_an_array_that_declares_another_size_than_it_has_is_refused(npz: Path) -> None:
    raw = npz.read_bytes()
    npz.write_bytes(raw.replace(b"(1300, 4, 4)", b"(9300, 4, 4)", 1))
    with pytest.raises(DataError, match="declared in 20,800 bytes"):
        read_source(str(npz))


def test_training_pictures_are_streamed_and_what_is_scored_is_a_sample(
    npz: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chainrule.job.prepare._MAPPED_BYTES", 0)
    monkeypatch.setattr("chainrule.job.prepare._FEWEST_MAPPED", 50)
    prepared = prepare(Config(str(npz)))
    train = prepared.parts["train"]
    assert train.stream is not None
    assert (train.n, train.batch.n_samples, prepared.parts["valid"].n) == (780, 50, 50)
    rows = np.concatenate([chunk.x for chunk in train.stream.epoch(0, seed=0, batch_size=32)])
    assert rows.shape == (780, 4, 4, 1)
    assert any("50 of the 780 pictures" in note for note in prepared.notes)


def test_streamed_pictures_are_those_that_memory_would_have_held(npz: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = prepare(Config(str(npz))).parts["train"].stream
    assert stream is not None
    chunks = list(stream.epoch(0, seed=0, batch_size=32, shuffle=False))
    monkeypatch.setattr(module, "MAP_FROM", 1 << 40)
    whole = prepare(Config(str(npz))).parts["train"].batch
    np.testing.assert_array_equal(np.concatenate([chunk.x for chunk in chunks]), whole.x)
    np.testing.assert_array_equal(np.concatenate([chunk.t for chunk in chunks]), whole.t)


@pytest.mark.parametrize(("value", "finite"), [(0.0, True), (np.nan, False), (np.inf, False)])
def test_a_number_that_is_not_finite_is_found_in_any_block(value: float, finite: bool) -> None:
    x = np.zeros((5000, 3), np.float32)
    x[4321, 1] = value
    assert are_finite(x) is finite
