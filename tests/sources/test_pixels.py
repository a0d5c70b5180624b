"""Tables of pixels: FER2013's form, and a column for each pixel."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from chainrule.errors import DataError
from chainrule.sources.pixels import EMOTIONS
from chainrule.sources.read import read_source
from chainrule.sources.samples import Pictures
from chainrule.sources.source import Reading, Source
from tests.conftest import Write

USES = ["Training"] * 4 + ["PublicTest"] * 2 + ["PrivateTest"] * 3


def cells(n: int, size: int = 4) -> list[str]:
    return [" ".join(str((i * 31 + j) % 256) for j in range(size)) for i in range(n)]


def fer(uses: list[str], pixels: list[str] | None = None) -> bytes:
    pixels = cells(len(uses)) if pixels is None else pixels
    rows = [f'{i % 7},"{p}",{use}' for i, (p, use) in enumerate(zip(pixels, uses, strict=True))]
    return ("emotion,pixels,Usage\n" + "\n".join(rows) + "\n").encode()


def test_the_published_parts_are_those_of_the_column_usage(write: Write) -> None:
    source = read_source(str(write(gzip.compress(fer(USES)), "fer.csv.gz")))
    assert source.parts is not None
    assert {name: rows.tolist() for name, rows in source.parts.items()} == {
        "train": [0, 1, 2, 3],
        "valid": [4, 5],
        "test": [6, 7, 8],
    }
    assert (source.target, source.frame["emotion"].tolist()[:7]) == ("emotion", list(EMOTIONS))
    assert isinstance(source.samples, Pictures)
    assert source.samples.shape == (9, 2, 2, 1)
    assert source.samples[1].ravel().tolist() == [31, 32, 33, 34]


def test_without_a_private_test_the_public_one_tests(write: Write) -> None:
    source = read_source(str(write(fer(USES[:6]))))
    assert source.parts is not None
    assert source.parts["test"].tolist() == [4, 5]
    assert "valid" not in source.parts


BAD = {"-1 2 3 4": "between 0 and 255", "1 2 3 256": "between 0 and 255", "1 2 x 4": "no number", "1 2 3": "3 pixels"}


@pytest.mark.parametrize("cell", BAD)
def test_a_damaged_row_is_counted_and_listed_and_left_out(write: Write, cell: str) -> None:
    path = write(fer(USES[:5], [*cells(3), cell, *cells(1)]))
    source = read_source(str(path))
    assert (len(source), len(source.samples or ())) == (4, 4)
    assert "row 4" in source.notes[0]
    assert BAD[cell] in source.notes[0]
    with pytest.raises(DataError, match="row 4"):
        read_source(str(path), Reading(strict=True))


def test_three_times_a_square_is_in_colour(write: Write) -> None:
    source = read_source(str(write(fer(USES[:3], cells(3, 12)))))
    assert source.samples.shape == (3, 2, 2, 3)  # type: ignore[union-attr]


def test_pixels_that_are_no_square_are_refused(write: Write) -> None:
    with pytest.raises(DataError, match="square pictures"):
        read_source(str(write(fer(USES[:3], cells(3, 7)))))


def test_a_header_alone_is_refused(write: Write) -> None:
    with pytest.raises(DataError, match="a header alone"):
        read_source(str(write(fer([]))))


def test_numbers_beyond_the_emotions_keep_their_own_names(write: Write) -> None:
    content = fer(USES[:3]).replace(b"2,", b"9,", 1)
    assert read_source(str(write(content))).frame["emotion"].tolist()[2] == 9


def columns(pixel: str, n: int = 16, last: str = "255") -> Source:
    head = ",".join(["label", *(pixel.format(i, i // 4 + 1, i % 4 + 1) for i in range(n))])
    rows = [",".join([str(k), *["0"] * (n - 1), last]) for k in range(3)]
    return "\n".join([head, *rows, ""])  # type: ignore[return-value]


@pytest.mark.parametrize("name", ["pixel{0}", "{1}x{2}"])
def test_columns_of_pixels_are_pictures(write: Write, name: str) -> None:
    source = read_source(str(write(columns(name))))
    assert source.samples.shape == (3, 4, 4, 1)  # type: ignore[union-attr]
    assert (source.target, list(source.frame.columns)) == ("label", ["label"])
    assert source.samples[0].ravel()[-1] == 255  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "n", "last"),
    [("pixel{0}", 15, "255"), ("feature{0}", 16, "255"), ("pixel{0}", 16, "256"), ("pixel{0}", 16, "0.5")],
)
def test_other_columns_stay_a_table(write: Write, name: str, n: int, last: str) -> None:
    source = read_source(str(write(columns(name, n, last))))
    assert source.samples is None
    assert source.frame.shape == (3, n + 1)


def test_a_spaced_dtype_of_small_numbers_is_kept(write: Write) -> None:
    assert read_source(str(write(fer(USES[:3])))).samples.values.dtype == np.uint8  # type: ignore[union-attr]
