"""Pictures as inputs: scaled, standardised where asked for, and described without a loss in a model file."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.encoder import Findings
from chainrule.encode.images import ImageEncoding
from chainrule.encode.preparation import Preparation
from chainrule.encode.table import column_kinds, fit_table
from chainrule.encode.target import Target
from chainrule.errors import DataError, ModelFileError
from chainrule.sources.samples import Pictures

FRAME = pd.DataFrame({"class": ["a", "b", "a", "b"]})
TARGET = Target("class", "classification", ("a", "b"))


@pytest.fixture
def pictures() -> Pictures:
    rng = np.random.default_rng(0)
    return Pictures(rng.integers(0, 256, (4, 5, 6, 3), dtype=np.uint8))


def test_black_is_zero_and_white_is_one() -> None:
    pictures = Pictures(np.array([0, 4, 16], np.uint8).reshape(3, 1, 1, 1), white=16.0)
    x = ImageEncoding.fit(pictures).encode(FRAME, pictures, Findings())
    assert (x.ravel().tolist(), x.dtype, x.shape) == ([0, 0.25, 1], np.float32, (3, 1, 1, 1))


def test_standardised_channels_have_mean_zero_and_deviation_one(pictures: Pictures) -> None:
    x = ImageEncoding.fit(pictures, standardise=True).encode(FRAME, pictures, Findings())
    np.testing.assert_allclose(x.mean(axis=(0, 1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(x.std(axis=(0, 1, 2)), 1, atol=1e-5)


def test_a_channel_that_never_changes_stays_finite() -> None:
    pictures = Pictures(np.full((3, 2, 2, 1), 7, np.uint8))
    x = ImageEncoding.fit(pictures, standardise=True).encode(FRAME, pictures, Findings())
    np.testing.assert_allclose(x, 0, atol=1e-6)


@pytest.mark.parametrize("standardise", [False, True])
def test_what_is_looked_at_is_what_was_read(pictures: Pictures, standardise: bool) -> None:
    encoding = ImageEncoding.fit(pictures, standardise=standardise)
    shown = encoding.pictures(encoding.encode(FRAME, pictures, Findings()))
    np.testing.assert_allclose(shown, pictures.values / 255, atol=1e-6)


@pytest.mark.parametrize("standardise", [False, True])
def test_an_encoding_that_went_through_json_is_the_same(pictures: Pictures, standardise: bool) -> None:
    preparation = Preparation(ImageEncoding.fit(pictures, standardise=standardise), TARGET)
    assert Preparation.from_json(json.loads(json.dumps(preparation.to_json()))) == preparation


def test_a_part_of_a_memory_map_stays_on_the_disk(pictures: Pictures, tmp_path: Any) -> None:
    path = tmp_path / "pixels"
    pictures.values.tofile(path)
    mapped = Pictures(np.memmap(path, np.uint8, "r", shape=pictures.shape))
    part = mapped.take(np.array([3, 1, 2])).take(np.array([2, 0]))
    assert (part.is_mapped, len(part)) == (True, 2)
    np.testing.assert_array_equal(part[:], pictures.values[[2, 3]])
    np.testing.assert_array_equal(part[1:], pictures.values[[3]])


def test_pictures_of_another_shape_are_refused(pictures: Pictures) -> None:
    encoding = ImageEncoding.fit(pictures)
    with pytest.raises(DataError, match="pictures of 5×6 pixels, in colour"):
        encoding.encode(FRAME, Pictures(pictures.values[..., :1]), Findings())


def test_pictures_of_another_white_become_the_same(pictures: Pictures) -> None:
    encoding = ImageEncoding.fit(pictures)
    deep = Pictures(pictures.values.astype(np.uint16) * 257, white=65535.0)
    x = [encoding.encode(FRAME, each, Findings()) for each in (pictures, deep)]
    np.testing.assert_allclose(x[0], x[1], atol=1e-6)


def test_a_table_is_no_picture_and_a_picture_no_table(pictures: Pictures) -> None:
    with pytest.raises(DataError, match="a table of 4 rows"):
        ImageEncoding.fit(pictures).encode(FRAME, None, Findings())
    table = pd.DataFrame({"a": [1.0, 2.0, 4.0, 3.0], "class": FRAME["class"]})
    with pytest.raises(DataError, match="4 pictures"):
        fit_table(table, column_kinds(table, "class", {})).encode(table, pictures, Findings())


DAMAGE = [
    ("size", [5, 6]),
    ("size", [5, 6, 0]),
    ("size", [5, 6, True]),
    ("size", [1 << 20, 6, 3]),
    ("size", "5×6"),
    ("white", 0.0),
    ("white", float("nan")),
    ("white", "255"),
    ("means", [0.0]),
    ("means", None),
    ("deviations", [1.0, 0.0, 1.0]),
    ("deviations", [1.0, float("inf"), 1.0]),
    ("extra", 1),
]


@pytest.mark.parametrize(("name", "value"), DAMAGE)
def test_a_damaged_encoding_is_refused(pictures: Pictures, name: str, value: Any) -> None:
    data = Preparation(ImageEncoding.fit(pictures), TARGET).to_json()
    data["inputs"][name] = value
    with pytest.raises(ModelFileError):
        Preparation.from_json(data)
