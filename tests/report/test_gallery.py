"""The gallery of predictions."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
from PIL import Image

from chainrule.report import gallery
from chainrule.report.gallery import Predicted, data_uri, render_gallery

RNG = np.random.default_rng(0)


def predicted(n: int = 6, channels: int = 1) -> Predicted:
    y = RNG.dirichlet(np.ones(3), n)
    names = [f"{i} <b>.png" for i in range(n)]
    return Predicted(RNG.random((n, 5, 4, channels)), names, y, ("cat", "<dog>", "owl"))


def test_a_picture_survives_the_page() -> None:
    picture = RNG.integers(0, 256, (7, 5, 3)) / 255
    uri = data_uri(picture)
    image = Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
    factor = image.width // 5
    pixels = np.asarray(image)[::factor, ::factor]
    np.testing.assert_array_equal(pixels, (picture * 255).round())


def test_every_picture_is_there_under_what_was_said_and_names_are_texts() -> None:
    shown = predicted()
    page = render_gallery("x", shown)
    assert page.count("<img ") == 6
    assert "<b>.png" not in page
    assert "<dog>" not in page
    for k, name in enumerate(("cat", "&lt;dog&gt;", "owl")):
        count = int((shown.y.argmax(axis=1) == k).sum())
        assert f"{name} ({count})" in page


def test_the_most_doubtful_come_first() -> None:
    page = render_gallery("x", predicted(30))
    for part in page.split("<section")[1:]:
        sure = [int(text) for text in re.findall(r"<b>(\d+)% sure</b>", part)]
        assert sure == sorted(sure)


def test_of_very_many_the_most_doubtful_are_shown(monkeypatch: object) -> None:
    monkeypatch.setattr(gallery, "MOST_PICTURES", 4)  # type: ignore[attr-defined]
    shown = predicted(9)
    page = render_gallery("x", shown)
    assert page.count("<img ") == 4
    assert "the 4 with the most doubt are shown" in page
    assert f"{np.sort(shown.y.max(axis=1))[0]:.0%} sure" in page


def test_values_are_shown_in_order() -> None:
    shown = Predicted(RNG.random((3, 4, 4, 3)), ["a", "b", "c"], np.array([[3.0], [-1.0], [2.0]]), ())
    assert re.findall(r"<b>(.*?)</b>", render_gallery("x", shown)) == ["-1", "2", "3"]
