"""Folders of pictures: their common size and colour, the damaged ones among them, and the memory map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chainrule.errors import DataError
from chainrule.sources.read import read_source
from chainrule.sources.samples import Pictures
from chainrule.sources.source import Reading, Source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of three grey pictures, each of a value of its own."""
    for k, name in enumerate(("cat", "dog")):
        (tmp_path / "set" / name).mkdir(parents=True)
        for i in range(3):
            Image.new("L", (6, 5), 100 * k + 10 * i).save(tmp_path / "set" / name / f"{i}.png")
    return tmp_path / "set"


def read(folder: Path, **settings: object) -> Source:
    return read_source(str(folder), Reading(**settings))  # type: ignore[arg-type]


def shape(source: Source) -> tuple[int, ...]:
    assert isinstance(source.samples, Pictures)
    return source.samples.shape


def values(source: Source) -> list[int]:
    assert isinstance(source.samples, Pictures)
    return source.samples[:].reshape(len(source), -1)[:, 0].tolist()


def test_pictures_lie_in_the_order_of_their_files(folder: Path) -> None:
    source = read(folder)
    assert (values(source), shape(source)) == ([0, 10, 20, 100, 110, 120], (6, 5, 6, 1))
    assert source.frame["class"].tolist() == ["cat"] * 3 + ["dog"] * 3
    assert source.frame["file"].iloc[4] == "dog/1.png"


def test_one_picture_in_colour_makes_all_of_them_so_unless_grey_is_asked_for(folder: Path) -> None:
    Image.new("RGB", (6, 5), (200, 0, 0)).save(folder / "dog" / "3.png")
    assert (shape(read(folder))[-1], shape(read(folder, grey=True))[-1]) == (3, 1)


def test_the_size_that_most_have_is_taken(folder: Path) -> None:
    Image.new("L", (50, 40)).save(folder / "dog" / "3.png")
    assert shape(read(folder))[1:3] == (5, 6)


def test_of_many_sizes_the_median_is_taken_up_to_a_limit(tmp_path: Path) -> None:
    for i in range(1, 6):
        Image.new("L", (200 * i, 100 * i)).save(tmp_path / f"{i}.png")
    assert shape(read(tmp_path))[1:3] == (48, 96)


def test_a_size_can_be_asked_for(folder: Path) -> None:
    assert shape(read(folder, image_size=(7, 8)))[1:3] == (7, 8)


def test_a_damaged_picture_among_good_ones_is_listed_and_left_out(folder: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "cat" / "cut.png")
    raw = (folder / "cat" / "cut.png").read_bytes()
    (folder / "cat" / "cut.png").write_bytes(raw[: len(raw) // 2])
    (folder / "dog" / "none.png").write_bytes(b"no picture")
    source = read(folder)
    assert values(source) == [0, 10, 20, 100, 110, 120]
    assert source.frame["class"].tolist() == ["cat"] * 3 + ["dog"] * 3
    assert source.notes[0].startswith("2 of 8 pictures cannot be read")
    assert all(name in source.notes[0] for name in ("cat/cut.png: damaged", "dog/none.png: not a picture"))
    with pytest.raises(DataError, match="to be readable"):
        read(folder, strict=True)


def test_a_folder_of_damaged_pictures_alone_is_refused(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(DataError, match="2, none of them readable"):
        read(tmp_path)


def test_more_pictures_than_the_budget_lie_in_a_memory_map_and_are_the_same(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    (folder / "cat" / "none.png").write_bytes(b"no picture")
    mapped = read(folder, budget=10)
    assert isinstance(mapped.samples, Pictures)
    assert mapped.samples.is_mapped
    assert values(mapped) == values(read(folder))
    assert mapped.frame["file"].tolist() == read(folder).frame["file"].tolist()
    assert any("memory map" in note for note in mapped.notes)


def test_what_was_decoded_is_found_again_until_a_file_changes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    first = read(folder, budget=10)
    with monkeypatch.context() as patched:
        patched.setattr("chainrule.sources.gallery._fill", lambda *_: pytest.fail("decoded again"))
        assert values(read(folder, budget=10)) == values(first)
    Image.new("L", (6, 5), 99).save(folder / "cat" / "0.png")
    assert values(read(folder, budget=10))[0] == 99
    assert not [path for path in (tmp_path / "cache" / "decoded").iterdir() if path.name.startswith(".")]


def test_a_cache_that_cannot_be_written_is_told(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="CHAINRULE_CACHE"):
        read(folder, budget=10)


def deep(folder: Path, most: int) -> Path:
    """Return two classes of pictures of 16 bits whose greatest pixel is `most`."""
    for name, share in (("dark", 0.5), ("light", 1.0)):
        (folder / name).mkdir(parents=True)
        for i in range(2):
            Image.fromarray(np.full((4, 4), round(share * most), np.uint16)).save(folder / name / f"{i}.png")
    return folder


@pytest.mark.parametrize(("most", "bits"), [(1023, 10), (4095, 12), (16383, 14), (65535, 16)])
def test_pictures_of_16_bits_are_scaled_by_the_bits_that_they_use(tmp_path: Path, most: int, bits: int) -> None:
    source = read_source(str(deep(tmp_path / "set", most)))
    samples = source.samples
    assert isinstance(samples, Pictures)
    assert (samples.bits, samples.values.max()) == (bits, 255)
    assert samples.values.min() in (127, 128)
    assert any(f"use {bits} bits" in note for note in source.notes) == (bits < 16)


def test_a_dark_picture_is_as_dark_alone_as_among_the_pictures_of_training(tmp_path: Path) -> None:
    path = deep(tmp_path / "set", 500) / "dark" / "0.png"
    samples = read_source(str(path), Reading(bits=12)).samples
    assert isinstance(samples, Pictures)
    assert samples.values.max() == round(250 * 255 / 4095)
