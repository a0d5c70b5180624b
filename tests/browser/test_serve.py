"""The page of a served model in a real browser: a form that answers as it is filled in, and a place for files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.serve.conftest import conv_pictures, png, serving, table  # noqa: F401 (fixtures)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from chainrule.saved.model import Model
    from tests.serve.conftest import Start

pytestmark = pytest.mark.browser


def test_the_form_has_usual_values_and_answers_each_change(browser: Browser, serving: Start, table: Model) -> None:  # noqa: F811
    page = browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(serving(table, token="a-token-of-the-tests").url + "/#token=a-token-of-the-tests")
    page.wait_for_selector("#answer .bars")
    assert 20 < float(page.get_by_label("alter").input_value()) < 60
    before = page.locator("#answer .share").all_inner_texts()
    page.get_by_label("alter").fill("999")
    page.wait_for_function("(old) => document.querySelector('#answer .share').innerText !== old", arg=before[0])
    assert "training saw only" in page.locator(".is-beyond .note").inner_text()
    page.get_by_label("alter").fill("old")
    page.wait_for_selector("#answer .error")
    assert page.locator(".field.is-wrong label").inner_text() == "alter"
    assert not complaints
    page.close()


def test_a_picture_that_is_dropped_is_answered(
    browser: Browser,
    serving: Start,  # noqa: F811
    conv_pictures: Model,  # noqa: F811
    tmp_path: Path,
) -> None:
    path = tmp_path / "one.png"
    path.write_bytes(png(np.arange(30).reshape(6, 5) * 8))
    page = browser.new_page()
    page.goto(serving(conv_pictures).url)
    page.set_input_files("input[type=file]", str(path))
    page.wait_for_selector("#answer .bars")
    assert page.locator("#answer .said").inner_text().split()[-1] in "abc"
    assert page.locator(".drop img").get_attribute("alt") == "one.png"
    page.close()
