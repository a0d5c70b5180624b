"""The report's threshold slider, in a real browser that lets nothing run but what the page's policy knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from chainrule.inspection import Rows, curves
from chainrule.report.template import template
from chainrule.report.threshold_curves import script_hash, threshold_curves

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


def rows(part: str, seed: int, k: int) -> Rows:
    rng = np.random.default_rng(seed)
    y = rng.dirichlet(np.full(k, 0.7), 500)
    truth = np.array([rng.choice(k, p=p) for p in y])
    return Rows(part, pd.DataFrame(index=range(500)), truth, y)


@pytest.mark.parametrize("k", [2, 3])
def test_the_slider_shows_what_a_threshold_comes_to(browser: Browser, tmp_path: Path, k: int) -> None:
    test = rows("test", 0, k)
    found = curves(test, rows("valid", 1, k))
    html = threshold_curves(found, ["<i>no</i>", "yes", "may be"][:k])
    base = template("base.html.j2").render()
    page_text = base.replace("img-src data:", f"img-src data:; script-src '{script_hash()}'").replace(
        '<main class="wrap">', f'<main class="wrap"><section>{html}</section>'
    )
    (tmp_path / "page.html").write_text(page_text, encoding="utf-8")
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((tmp_path / "page.html").as_uri())

    def read(part: str) -> str:
        return page.locator(f'[data-part="{part}"]').first.inner_text()

    def expect(at: int, threshold: float) -> None:
        curve = found[at]
        said = test.y[:, curve.k] >= threshold
        hits = int((said & (test.truth == curve.k)).sum())
        assert read("hits") == str(hits)
        assert read("alarms") == str(int(said.sum()) - hits)
        assert read("recall") == f"{100 * hits / curve.yes:.1f} %"

    expect(0, 0.5)
    page.locator('[data-part="slider"]').fill("0.2")
    expect(0, float(read("threshold")))
    assert float(read("threshold")) == pytest.approx(0.2, abs=0.005)
    page.locator('[data-part="cost"]').fill("9")
    page.locator('[data-part="by-cost"]').click()
    assert float(read("threshold")) == pytest.approx(0.1, abs=0.005)
    if k > 2:
        page.locator('[data-part="class"]').select_option("1")
        expect(1, 0.5)
    assert complaints == []
    page.close()
