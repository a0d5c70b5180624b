"""What goes in and out of the page: drawn points, sessions, worksheets, exports; and the same view in a notebook."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chainrule.playground.bundle import joined_style, linked
from chainrule.playground.server import static_files
from tests.browser.conftest import Open

pytestmark = pytest.mark.browser

Opener = Callable[..., Open]
FIXTURES = Path(__file__).parents[1] / "playground" / "fixtures" / "replies"


def _from_menu(one: Open, menu: str, item: str) -> None:
    one.page.locator(".cr-menu > summary").filter(has_text=menu).click()
    one.page.get_by_role("button", name=item).click()


def test_points_are_drawn_by_clicking_on_the_map(open_page: Opener) -> None:
    one = open_page()
    one.page.get_by_role("radio", name="drawn").click()
    one.page.get_by_role("radio", name="1", exact=True).click()
    field = one.page.locator(".cr-map")
    box = field.bounding_box()
    assert box is not None
    field.click(position={"x": box["width"] * 0.75, "y": box["height"] * 0.25})
    one.wait("() => document.querySelector('.cr-drawn') !== null")
    one.until(lambda session: len(session.drawn) == 1)
    ((x, y, kind),) = one.session(lambda session: list(session.drawn))
    assert (x, y) == pytest.approx((3, 3), abs=0.1)
    assert kind == 1
    one.page.get_by_role("button", name="Remove all drawn points").click()
    one.until(lambda session: not session.drawn)


def test_a_saved_session_opens_with_the_same_weights(open_page: Opener, tmp_path: Path) -> None:
    one = open_page()
    one.page.keyboard.press("ArrowRight")
    one.wait("() => document.querySelector('.cr-figure-number').textContent === '1'")
    with one.page.expect_download() as saved:
        _from_menu(one, "File", "Save session")
    path = tmp_path / "session.json"
    saved.value.save_as(path)
    weights = one.session(lambda session: session.learner.trainer.params.flat.copy())
    other = open_page()
    other.page.locator(".cr-menu > summary").filter(has_text="File").click()
    other.page.get_by_label("Open a session").set_input_files(path)
    other.wait("() => document.querySelector('.cr-figure-number').textContent === '1'")
    np.testing.assert_array_equal(other.session(lambda session: session.learner.trainer.params.flat.copy()), weights)


def test_a_file_that_is_no_session_is_refused_in_words(open_page: Opener, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{broken")
    one = open_page()
    one.page.locator(".cr-menu > summary").filter(has_text="File").click()
    one.page.get_by_label("Open a session").set_input_files(wrong)
    one.page.get_by_text("Expected a session that Chainrule saved; came: wrong.json.").wait_for()


def test_the_network_leaves_as_a_model_file_and_as_a_script(open_page: Opener, tmp_path: Path) -> None:
    one = open_page()
    with one.page.expect_download() as model:
        _from_menu(one, "File", "Export model file")
    model.value.save_as(tmp_path / "model")
    assert "model.json" in zipfile.ZipFile(tmp_path / "model").namelist()
    with one.page.expect_download() as script:
        _from_menu(one, "File", "Export Python script")
    script.value.save_as(tmp_path / "script.py")
    compile((tmp_path / "script.py").read_text(), "script.py", "exec")


def test_a_derivation_leaves_as_a_worksheet(open_page: Opener, tmp_path: Path) -> None:
    one = open_page()
    one.page.get_by_role("button", name="Bias of hidden1.1").click()
    one.page.locator("[data-analytic]").wait_for()
    texts = {}
    for item in ("HTML with the solution", "LaTeX to fill in"):
        one.page.locator(".cr-menu > summary").filter(has_text="worksheet").click()
        with one.page.expect_download() as sheet:
            one.page.get_by_role("button", name=item).click()
        sheet.value.save_as(tmp_path / "sheet")
        texts[item] = (tmp_path / "sheet").read_text()
    assert "<math" in texts["HTML with the solution"]
    assert "\\documentclass" in texts["LaTeX to fill in"]


def test_a_click_on_the_chart_goes_to_a_checkpoint(open_page: Opener) -> None:
    one = open_page()
    for epoch in range(1, 5):
        one.page.keyboard.press("ArrowRight")
        one.wait("epoch => document.querySelector('.cr-figure-number').textContent === epoch", str(epoch))
    chart = one.page.locator(".cr-chart")
    box = chart.bounding_box()
    assert box is not None
    # The axis goes from 0 to 5.
    left, right = 0.14 * box["width"], 0.97 * box["width"]
    chart.click(position={"x": left + (right - left) * 2 / 5, "y": box["height"] / 2})
    one.wait("() => document.querySelector('.cr-figure-number').textContent === '2'")


def test_the_frame_budget_can_be_shown(open_page: Opener) -> None:
    one = open_page()
    _from_menu(one, "File", "Show frame budget")
    one.page.keyboard.press("Space")
    one.wait("() => /frames \\/ s [1-9]/.test(document.querySelector('.cr-slot-budget').textContent)")
    one.page.keyboard.press("Space")


def test_the_same_view_lives_in_a_notebook(open_page: Opener) -> None:
    """One text of JavaScript and one of CSS, a model with anywidget's methods, two views of it, both taken away again."""
    one = open_page()
    page = one.page.context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    files = static_files()
    replies = [json.loads((FIXTURES / f"{name}.json").read_text())[0] for name in ("welcome", "state", "frame")]
    page.set_content(f"<style>{joined_style(files)}</style><div id='one'></div><div id='two'></div>")
    page.evaluate(
        """async ([text, replies]) => {
            const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
            const { default: view } = await import(url);
            const listeners = new Set();
            window.sent = [];
            const model = {
                get: (name) => ({ features: { standalone: false, uploads: null } })[name],
                set: () => {}, save_changes: () => {},
                on: (event, listener) => listeners.add(listener),
                off: (event, listener) => listeners.delete(listener),
                send: (content) => window.sent.push(content),
            };
            window.listeners = listeners;
            window.away = ["one", "two"].map((id) => view.render({ model, el: document.getElementById(id) }));
            for (const { header, buffers } of replies) {
                const views = buffers.map((part) => new DataView(Uint8Array.from(atob(part), (c) => c.charCodeAt(0)).buffer));
                for (const listener of listeners) listener(structuredClone(header), views);
            }
        }""",
        [linked(files), replies],
    )
    page.locator("#two [data-neuron='hidden1.0']").wait_for()
    page.locator("#one .cr-figure-number").first.get_by_text("12").wait_for()
    assert [message["type"] for message in page.evaluate("() => window.sent")].count("hello") == 2
    page.evaluate("() => window.away.forEach((unmount) => unmount())")
    assert page.locator(".cr").count() == 0
    assert page.evaluate("() => window.listeners.size") == 0
    assert complaints == []
