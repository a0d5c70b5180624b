"""The Playground in a real browser, as people use it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chainrule.engine.numpy import NUMPY
from chainrule.playground.session import Session
from chainrule.playground.spec import DEFAULT, spec_to_json
from chainrule.types import PREDICT, Batch
from tests.browser.conftest import Open, read_number
from tests.playground.conftest import TOKEN, start_server

pytestmark = pytest.mark.browser

Opener = Callable[..., Open]


def _weight(session: Session, param: str, *index: int) -> float:
    layer, _, name = param.rpartition(".")
    return float(session.learner.trainer.params[layer][name][index])


def _epoch(session: Session) -> int:
    return int(session.learner.trainer.position.epoch)


def test_play_trains_and_pause_holds_still(open_page: Opener) -> None:
    one = open_page()
    one.page.get_by_role("button", name="Run (space)").click()
    one.page.wait_for_function(
        "() => Number(document.querySelector('.cr-figure-number').textContent.replace(/\\D/g, '')) > 30"
    )
    one.page.get_by_role("button", name="Pause (space)").click()
    one.page.get_by_role("button", name="Run (space)").wait_for()
    epoch = one.session(_epoch)
    one.wait(
        "epoch => Number(document.querySelector('.cr-figure-number').textContent.replace(/\\D/g, '')) === epoch", epoch
    )
    assert one.figure("J train") < 0.69
    assert one.session(_epoch) == epoch


def test_a_step_is_one_epoch_and_rewind_returns_to_the_same_weights(open_page: Opener) -> None:
    one = open_page()
    before = one.session(lambda session: session.learner.trainer.params.flat.copy())
    for epoch in (1, 2):
        one.page.get_by_role("button", name="Step (→)").click()
        one.wait("epoch => document.querySelector('.cr-figure-number').textContent === epoch", str(epoch))
    one.page.get_by_role("button", name="Back to the checkpoint before").click()
    one.wait("() => document.querySelector('.cr-figure-number').textContent === '1'")
    one.page.get_by_role("button", name="Rewind to the same initial weights").click()
    one.wait("() => document.querySelector('.cr-figure-number').textContent === '0'")
    np.testing.assert_array_equal(one.session(lambda session: session.learner.trainer.params.flat.copy()), before)
    one.page.get_by_role("button", name="New initial weights").click()
    one.until(lambda session: not np.array_equal(session.learner.trainer.params.flat, before))


def test_a_weight_that_is_typed_is_the_weight_that_learns(open_page: Opener) -> None:
    one = open_page()
    one.page.locator("[data-neuron='hidden2.1']").click()
    field = one.page.get_by_role("spinbutton", name="hidden2.W[3,1]")
    field.fill("1.25")
    field.press("Enter")
    one.until(lambda session: _weight(session, "hidden2.W", 3, 1) == 1.25)
    # And the output's bias, which TensorFlow Playground neither shows nor edits.
    one.page.keyboard.press("Escape")
    one.page.get_by_role("button", name="Bias of 1: derive or edit").click()
    field = one.page.get_by_role("spinbutton", name="output.b[1]")
    field.fill("-0.5")
    field.press("Enter")
    one.until(lambda session: _weight(session, "output.b", 1) == -0.5)


def test_the_derivative_of_a_clicked_weight_is_the_slope_of_the_cost(open_page: Opener) -> None:
    one = open_page()
    one.page.get_by_role("button", name="Step (→)").click()
    one.wait("() => document.querySelector('.cr-figure-number').textContent === '1'")
    # The line in the middle between the first neurons of both hidden layers.
    x, y = _middle(one, "hidden1.0", "hidden2.0")
    one.page.mouse.click(x, y)
    one.page.locator("[data-analytic]").wait_for()
    name = one.page.locator(".cr-board-title code").inner_text()
    assert name == "hidden2.W[0,0]"
    shown = float(one.page.locator("[data-analytic]").get_attribute("data-analytic") or "nan")
    assert read_number(one.page.locator("[data-analytic]").inner_text()) == pytest.approx(shown, rel=1e-5)

    def slope(session: Session) -> float:
        scene, params = session.scene, session.learner.trainer.params
        row = Batch(scene.train.x[:1], scene.train.t[:1])

        def cost(change: float) -> float:
            moved = {
                layer: {leaf: np.array(value) for leaf, value in values.items()} for layer, values in params.items()
            }
            moved["hidden2"]["W"][0, 0] += change
            a = scene.network.forward(NUMPY, moved, row.x)
            return float(scene.network.loss.forward(NUMPY, a, row.t)[0])

        return (cost(1e-5) - cost(-1e-5)) / 2e-5

    assert shown == pytest.approx(one.session(slope), rel=1e-5)
    terms = one.page.locator(".cr-terms tbody tr .cr-number").all_inner_texts()
    assert sum(map(read_number, terms)) == pytest.approx(shown, rel=2e-3)


def test_an_open_derivation_says_that_the_network_moves_and_is_derived_again(open_page: Opener) -> None:
    one = open_page()
    one.page.get_by_role("button", name="Bias of hidden1.1").click()
    one.page.locator("[data-analytic]").wait_for()

    def slope(session: Session) -> float:
        part = session.scene.part("train").take(slice(0, 1))
        _, grads = session.scene.network.loss_and_grads(NUMPY, session.learner.trainer.params, part, PREDICT)
        return float(grads["hidden1"]["b"][1])

    def shows(slope: float) -> None:
        one.wait(
            """slope => {
                const shown = Number(document.querySelector('[data-analytic]')?.dataset.analytic);
                return Math.abs(shown - slope) <= 1e-9 * Math.abs(slope) && !document.querySelector('.cr-board-body.is-old');
            }""",
            slope,
        )

    before = one.session(slope)
    shows(before)
    one.page.get_by_role("button", name="Step (→)").click()
    one.until(lambda session: slope(session) != before)
    shows(one.session(slope))
    one.page.get_by_role("button", name="Run (space)").click()
    one.page.get_by_text("The network has moved on since").wait_for()
    one.page.get_by_role("button", name="Pause (space)").click()
    one.page.get_by_role("button", name="Run (space)").wait_for()
    shows(one.session(slope))
    assert one.page.get_by_text("The network has moved on since").count() == 0


def _middle(one: Open, left: str, right: str) -> tuple[float, float]:
    a = one.page.locator(f"[data-neuron='{left}']").bounding_box()
    b = one.page.locator(f"[data-neuron='{right}']").bounding_box()
    assert a is not None
    assert b is not None
    return (
        (a["x"] + a["width"] + b["x"]) / 2,
        (a["y"] + a["height"] / 2 + b["y"] + b["height"] / 2) / 2,
    )


def test_a_term_lights_the_neurons_of_its_path(open_page: Opener) -> None:
    one = open_page()
    one.page.get_by_role("button", name="Bias of hidden1.1").click()
    one.page.locator("[data-analytic]").wait_for()
    term = one.page.locator(".cr-terms tbody tr").first
    path = term.locator(".cr-path").inner_text().split(" → ")
    term.hover()
    lit = one.page.locator(".cr-neuron.is-lit").evaluate_all("all => all.map(item => item.dataset.neuron)")
    assert set(lit) == {*path, "hidden1.1"}
    one.page.mouse.move(5, 5)
    assert one.page.locator(".cr-neuron.is-lit").count() == 0


def test_an_uploaded_table_becomes_the_data(open_page: Opener, tmp_path: Path) -> None:
    rows = ["length,colour,weight,kind"]
    rows += [f"{i / 10},{'red' if i % 3 else ''},{i % 7},{'pear' if i % 2 else 'plum'}" for i in range(60)]
    table = tmp_path / "fruit.csv"
    table.write_text("\n".join(rows) + "\n")
    one = open_page()
    one.page.get_by_label("Upload a table").set_input_files(table)
    one.page.get_by_text("fruit.csv: 60 rows, 4 columns.").wait_for()
    one.page.get_by_role("button", name="Output pear: its weights").wait_for()
    assert one.page.get_by_role("combobox", name="target").input_value() == "kind"
    one.page.get_by_role("combobox", name="target").select_option("weight")
    one.page.wait_for_function(
        "() => !document.querySelector('[data-neuron=\"output.1\"]')?.textContent.includes('plum')"
    )
    assert one.session(lambda session: session.spec.data.target) == "weight"


def test_a_table_that_is_none_is_refused_in_words(open_page: Opener, tmp_path: Path) -> None:
    noise = tmp_path / "noise.csv"
    noise.write_bytes(np.random.default_rng(0).integers(0, 256, 4000, dtype=np.uint8).tobytes())
    one = open_page()
    one.page.get_by_label("Upload a table").set_input_files(noise)
    one.page.get_by_text("Expected").wait_for()
    assert one.session(lambda session: session.spec.data.name) == "circle"
    # The browser itself notes the status of the answer.
    assert all("422" in text for text in one.complaints)
    one.complaints.clear()


def test_a_shared_link_brings_the_set_up_back(open_page: Opener) -> None:
    one = open_page()
    one.page.get_by_role("radio", name="xor").click()
    one.page.get_by_role("button", name="sin x₁").click()
    one.page.get_by_label("One neuron more in layer 1").click()
    one.page.get_by_role("combobox", name="optimizer").select_option("adam")
    one.wait("() => location.hash.includes('adam') && location.hash.includes('xor') && location.hash.includes('sin')")
    wanted = one.session(lambda session: spec_to_json(session.spec))
    assert TOKEN not in one.page.url
    fragment = "&" + one.page.url.partition("#")[2]
    other = open_page(fragment=fragment)
    other.page.get_by_role("button", name="Neuron 5 of hidden1").wait_for()
    assert other.session(lambda session: spec_to_json(session.spec)) == wanted
    assert wanted != spec_to_json(DEFAULT)


def test_everything_can_be_done_by_keyboard(open_page: Opener) -> None:
    one = open_page()
    keys = one.page.keyboard
    keys.press("ArrowRight")
    one.wait("() => document.querySelector('.cr-figure-number').textContent === '1'")
    keys.press("Space")
    one.page.get_by_role("button", name="Pause (space)").wait_for()
    keys.press("Space")
    one.page.get_by_role("button", name="Run (space)").wait_for()
    keys.press("Home")
    one.wait("() => document.querySelector('.cr-figure-number').textContent === '0'")
    _tab_to(one, "data-neuron", "hidden1.2")
    outline = one.page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    keys.press("Enter")
    _tab_to(one, "aria-label", "Value of from x₂, hidden1.W[1,2]")
    keys.press("Control+a")
    keys.type("0.75")
    keys.press("Enter")
    one.until(lambda session: _weight(session, "hidden1.W", 1, 2) == 0.75)
    keys.press("Tab")
    keys.press("Enter")
    one.page.locator("[data-analytic]").wait_for()
    assert one.page.locator(".cr-board-title code").inner_text() == "hidden1.W[1,2]"
    keys.press("Escape")
    assert one.page.evaluate("() => document.activeElement.dataset.neuron") == "hidden1.2"


def _tab_to(one: Open, attribute: str, value: str) -> None:
    for _ in range(120):
        one.page.keyboard.press("Tab")
        if one.page.evaluate("name => document.activeElement?.getAttribute(name)", attribute) == value:
            return
    raise AssertionError(f"Tab never came to {value}")


def test_every_control_has_a_name_that_can_be_read_out(open_page: Opener) -> None:
    one = open_page()
    one.page.evaluate("() => document.querySelectorAll('details').forEach(item => { item.open = true; })")
    one.page.locator("[data-neuron='hidden1.0']").click()
    nameless = one.page.evaluate(
        """() => [...document.querySelectorAll('.cr button, .cr input, .cr select, .cr summary')].filter(item => {
            const label = item.getAttribute('aria-label') || item.closest('label')?.textContent || item.textContent;
            return !label.trim();
        }).map(item => item.outerHTML)"""
    )
    assert nameless == []
    live = one.page.locator("[aria-live='polite']").all_inner_texts()
    assert any("Epoch 0, cost 0." in text for text in live)


def test_a_killed_server_is_told_of_and_found_again(open_page: Opener) -> None:
    live = start_server()
    one = open_page(live)
    banner = one.page.locator(".cr-banner")
    assert not banner.is_visible()
    one.live.stop()
    banner.get_by_text("The connection to Chainrule is lost").wait_for()
    one.page.get_by_role("button", name="Step (→)").click()
    one.page.get_by_text("Expected a connection to Chainrule").wait_for()
    one.live = start_server(live.port)
    one.page.get_by_text("Connected again.").wait_for(timeout=15_000)
    assert not banner.is_visible()
    one.page.get_by_role("button", name="Step (→)").click()
    one.wait("() => document.querySelector('.cr-figure-number').textContent === '1'")
    # What the browser itself says of a refused connection.
    assert all("WebSocket" in text or "ERR_" in text for text in one.complaints)
    one.complaints.clear()


def test_a_hidden_page_costs_nothing_and_catches_up(open_page: Opener) -> None:
    one = open_page()
    hide = """hidden => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    one.page.evaluate(hide, True)
    one.page.keyboard.press("Space")
    one.page.wait_for_timeout(300)
    before = one.page.evaluate("() => document.querySelector('.cr-figure-number').textContent")
    one.page.wait_for_timeout(1200)
    one.until(lambda session: _epoch(session) > 20)
    assert one.page.evaluate("() => document.querySelector('.cr-figure-number').textContent") == before
    one.page.evaluate(hide, False)
    one.wait("before => document.querySelector('.cr-figure-number').textContent !== before", before)
    one.page.keyboard.press("Space")


def test_a_phase_shows_its_numbers_on_the_picture(open_page: Opener) -> None:
    one = open_page()
    one.page.get_by_text("phase", exact=True).click()
    one.page.keyboard.press("ArrowRight")
    one.page.locator(".cr-phases [aria-current='step']").get_by_text("forward").wait_for()
    shown = one.page.locator("[data-neuron='hidden1.0'] .cr-neuron-value").inner_text()

    def value(session: Session) -> float:
        rows = session.learner.trainer.next_rows()
        return float(session.scene.units(session.learner.trainer.params, session.scene.train.x[rows])["hidden1"][0, 0])

    assert read_number(shown) == pytest.approx(one.session(value), abs=6e-3)
    for phase in ("cost", "backward", "update"):
        one.page.keyboard.press("ArrowRight")
        one.page.locator(".cr-phases [aria-current='step']").get_by_text(phase).wait_for()


def test_a_cell_of_the_confusion_matrix_opens_onto_its_rows(open_page: Opener) -> None:
    one = open_page()
    cell = one.page.locator(".cr-confusion button").nth(1)
    count = int(cell.inner_text())
    cell.click()
    one.page.get_by_text(f"{count} test rows: true 0, predicted 1").wait_for()


def test_dark_and_light_are_a_choice_that_stays(open_page: Opener) -> None:
    one = open_page(color_scheme="dark")
    root = one.page.locator(".cr")
    assert root.get_attribute("data-theme") == "dark"
    one.page.get_by_role("button", name="Dark or light").click()
    assert root.get_attribute("data-theme") == "light"
    one.page.reload()
    root.wait_for()
    assert root.get_attribute("data-theme") == "light"


def test_controls_can_be_hidden_by_the_link(open_page: Opener) -> None:
    one = open_page(
        fragment="&state=" + json.dumps({"view": {"hide": ["data", "speed"]}}).replace('"', "%22").replace(" ", "")
    )
    one.wait("() => document.querySelector('[data-control=speed]').classList.contains('is-hidden')")
    assert not one.page.locator("[data-control='data']").is_visible()
    assert one.page.get_by_role("button", name="Run (space)").is_visible()


def test_runs_are_kept_and_raced_on_one_chart(open_page: Opener) -> None:
    one = open_page()
    one.page.keyboard.press("ArrowRight")
    one.wait("() => document.querySelector('.cr-figure-number').textContent === '1'")
    one.page.get_by_role("button", name="Keep this run's curve").click()
    one.page.locator(".cr-runs li").first.wait_for()
    assert "gradient descent" in one.page.locator(".cr-runs li").first.inner_text()
    one.page.get_by_text("race optimizers from the same weights").click()
    one.page.get_by_label("epochs", exact=True).last.fill("3")
    one.page.get_by_role("button", name="Train once with each chosen optimizer").click()
    one.page.wait_for_function("() => document.querySelectorAll('.cr-runs li').length === 4")


@pytest.mark.parametrize("width", [768, 1024, 1440, 3840])
def test_nothing_is_cut_off_at_any_width(open_page: Opener, width: int) -> None:
    one = open_page()
    one.page.set_viewport_size({"width": width, "height": max(700, width * 9 // 16)})
    one.page.wait_for_timeout(200)
    beyond = one.page.evaluate(
        """() => [...document.querySelectorAll('.cr button, .cr select, .cr input:not(.cr-file)')].filter(item => {
            const box = item.getBoundingClientRect();
            return box.width && (box.right > innerWidth + 1 || box.left < -1);
        }).map(item => item.outerHTML)"""
    )
    assert beyond == []
    assert one.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_a_point_that_is_clicked_on_the_map_is_the_sample_of_derivations(open_page: Opener) -> None:
    one = open_page()
    one.page.get_by_role("button", name="Bias of hidden1.1").click()
    one.page.locator("[data-analytic]").wait_for()

    def place(session: Session) -> list[float]:
        data = session.scene.data
        return [float(value) for value in session.scene.plane.project(data.x[data.train[7:8]])[0]]

    x, y = one.session(place)
    box = one.page.locator(".cr-map").bounding_box()
    assert box is not None
    one.page.mouse.click(box["x"] + box["width"] * (x + 6) / 12, box["y"] + box["height"] * (6 - y) / 12)
    one.wait("() => document.querySelector('.cr-terms tbody td')?.textContent === '7'")
    assert one.page.get_by_role("spinbutton", name="Number of the sample").input_value() == "7"

    def slope(session: Session) -> float:
        part = session.scene.part("train")
        row = Batch(part.x[7:8], part.t[7:8])
        _, grads = session.scene.network.loss_and_grads(NUMPY, session.learner.trainer.params, row, PREDICT)
        return float(grads["hidden1"]["b"][1])

    shown = float(one.page.locator("[data-analytic]").get_attribute("data-analytic") or "nan")
    assert shown == pytest.approx(one.session(slope), rel=1e-9)


def test_a_picture_under_the_pointer_is_shown_where_the_inputs_are_pixels(open_page: Opener) -> None:
    one = open_page()
    one.page.get_by_role("radio", name="faces").click()
    one.page.get_by_role("button", name="Output happy: its weights").wait_for()
    one.page.locator(".cr-map").hover(position={"x": 90, "y": 120})
    one.wait("() => document.querySelector('[data-neuron=\"input.0\"] canvas').width === 24")


def test_weights_that_explode_are_shown_told_of_and_left_by_rewinding(open_page: Opener) -> None:
    fragment = "&state=" + json.dumps({"data": {"name": "plane"}, "layers": [], "inputs": ["x1^3"]}).replace('"', "%22")
    one = open_page(fragment=fragment.replace(" ", ""))
    one.page.get_by_role("button", name="Input x₁³").wait_for()
    one.page.keyboard.press("Space")
    one.page.get_by_text("its weights have exploded").wait_for()
    one.page.get_by_role("button", name="Run (space)").wait_for()
    one.page.locator("[data-bias='output.0']").click()
    one.page.get_by_role("spinbutton", name="output.b[0]").wait_for()
    one.page.keyboard.press("Escape")
    one.page.get_by_role("button", name="Rewind to the same initial weights").click()
    # The epoch is 0 before and after: it exploded in the first.
    one.wait("() => document.querySelectorAll('.cr-figure-number')[1].textContent !== '–'")
    assert one.figure("J train") < 10_000
    # What was said of them has gone with them.
    assert one.page.get_by_text("its weights have exploded").count() == 0


def test_the_picture_of_a_neuron_stays_to_be_seen_under_the_pointer(open_page: Opener) -> None:
    one = open_page()
    for name in ("[data-neuron='hidden1.0']", "[data-bias='hidden1.0']"):
        one.page.locator(name).hover()
        one.page.wait_for_timeout(400)
        shade = one.page.locator(name).evaluate("item => getComputedStyle(item).backgroundColor")
        assert shade == "rgba(0, 0, 0, 0)", name


def test_the_stage_shows_what_the_neurons_answer(open_page: Opener) -> None:
    one = open_page()
    one.wait("() => document.querySelector('.cr-links').width > 300")
    colours = one.page.evaluate(
        """() => {
            const canvas = document.querySelector('.cr-links');
            const box = canvas.getBoundingClientRect();
            const scale = canvas.width / box.width;
            return [...document.querySelectorAll('.cr-neuron')].map(item => {
                const { left, top, width, height } = item.getBoundingClientRect();
                const context = canvas.getContext('2d');
                const at = (x, y) => [...context.getImageData(
                    Math.round((left - box.left + x * width) * scale), Math.round((top - box.top + y * height) * scale), 1, 1
                ).data].join();
                return new Set([at(0.15, 0.15), at(0.85, 0.15), at(0.15, 0.5), at(0.85, 0.85)]).size;
            });
        }"""
    )
    # Two inputs, six hidden neurons and two outputs: none is one flat colour.
    assert len(colours) == 10
    assert min(colours) >= 2
