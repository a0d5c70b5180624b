"""The page at every size, by mouse and by finger: what is there can be seen, and nothing lies on anything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser

Opener = Callable[..., Open]
MOUSE = [(1280, 800), (1024, 768), (3840, 2160)]
FINGER = [(768, 1024), (390, 844)]

_COMMON = """
    const seen = (item) => { const box = item.getBoundingClientRect(); return box.width > 0 && box.height > 0; };
    const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
    const box = (item) => item.getBoundingClientRect();
    const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
"""


def _overlaps(page: Page, one: str, others: str) -> list[str]:
    """Return which of two kinds of elements lie on one another."""
    script = f"""([one, others]) => {{ {_COMMON}
        const found = [];
        for (const a of all(one)) for (const b of all(others))
            if (a !== b && !a.contains(b) && !b.contains(a) && meet(box(a), box(b)))
                found.push(`${{a.className}} ${{a.textContent.slice(0, 20)}} on ${{b.className}} ${{b.textContent.slice(0, 20)}}`);
        return found;
    }}"""
    found: list[str] = page.evaluate(script, [one, others])
    return found


def _hidden(page: Page, selector: str) -> list[str]:
    """Return which elements cannot be seen where they are, once they are scrolled to."""
    script = f"""(selector) => {{ {_COMMON}
        return all(selector).filter(item => {{
            item.scrollIntoView({{ block: 'center' }});
            const {{ left, top, width, height }} = box(item);
            const there = document.elementFromPoint(left + width / 2, top + height / 2);
            return !there || !(item.contains(there) || there.contains(item));
        }}).map(item => item.textContent);
    }}"""
    found: list[str] = page.evaluate(script, selector)
    return found


def _clipped(page: Page) -> list[str]:
    """Return the choices whose text is longer than the room for it."""
    script = f"""() => {{ {_COMMON}
        const pen = document.createElement('canvas').getContext('2d');
        return all('.cr select').filter(item => {{
            const style = getComputedStyle(item);
            pen.font = `${{style.fontStyle}} ${{style.fontWeight}} ${{style.fontSize}} ${{style.fontFamily}}`;
            const text = item.selectedOptions[0]?.textContent ?? '';
            const arrow = 1.1 * Number.parseFloat(style.fontSize);
            const room = item.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight) - arrow;
            return pen.measureText(text).width > room + 1;
        }}).map(item => `${{item.getAttribute('aria-label') ?? item.labels?.[0]?.textContent}}: ${{item.selectedOptions[0]?.textContent}}`);
    }}"""
    found: list[str] = page.evaluate(script)
    return found


def _settled(one: Open) -> None:
    """Wait until the stage stands where the layout has put it: the same in two frames."""
    one.wait(
        """() => new Promise(done => {
            const places = () => JSON.stringify([...document.querySelectorAll('.cr-neuron, .cr-head, .cr-card')].map(
                item => Object.values(item.getBoundingClientRect().toJSON()).map(Math.round)));
            const before = places();
            requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => done(places() === before))));
        })"""
    )


def _set(one: Open, units: list[int], **spec: Any) -> None:
    fields = {"layers": [{"units": n} for n in units], **spec}
    key = one.page.evaluate("() => sessionStorage.getItem('chainrule-key')")
    room = one.live.server.live.rooms.find(key)
    assert room is not None

    def take(session: Any) -> None:
        from chainrule.playground.spec import spec_from_json

        session.replace_spec(spec_from_json(fields))

    room.runner.ask(take).result(20)
    one.wait(
        "n => document.querySelectorAll('.cr-neuron-hidden').length === n && document.querySelectorAll('.cr-head').length > 0",
        sum(units),
    )
    _settled(one)


def _stage_is_clear(one: Open) -> None:
    page = one.page
    _settled(one)
    assert _overlaps(page, ".cr-head", ".cr-head, .cr-add, .cr-neuron") == []
    assert _overlaps(page, ".cr-neuron", ".cr-neuron") == []
    assert _overlaps(page, ".cr-card", ".cr-neuron, .cr-head, .cr-add, .cr-transport, .cr-phases, .cr-board") == []


@pytest.mark.parametrize("finger", [False, True], ids=["mouse", "finger"])
def test_at_every_size_nothing_lies_on_anything_else(open_page: Opener, finger: bool) -> None:
    options: dict[str, Any] = {"has_touch": True, "is_mobile": True} if finger else {}
    one = open_page(**options)
    page = one.page
    for width, height in FINGER if finger else MOUSE:
        page.set_viewport_size({"width": width, "height": height})
        _stage_is_clear(one)
        page.locator("[data-neuron='hidden2.1']").click()
        page.locator(".cr-card").wait_for()
        _stage_is_clear(one)
        assert _clipped(page) == []
        page.locator(".cr-card").get_by_role("button", name="Close").click()
        # The phases of a batch, with the derivation open.
        page.locator("[data-bias='hidden1.1']").click()
        page.locator("[data-analytic]").wait_for()
        page.get_by_text("phase", exact=True).click()
        page.get_by_role("button", name="Step (→)").click()
        page.locator(".cr-phases [aria-current='step']").wait_for()
        _stage_is_clear(one)
        assert _hidden(page, ".cr-phases li, .cr-slot-substep > p, .cr-board-head h3") == []
        assert _overlaps(page, ".cr-phases", ".cr-neuron, .cr-board, .cr-stage-box") == []
        # More room for the derivation, and back.
        small = page.locator(".cr-board-body").bounding_box()
        page.get_by_role("button", name="Give the derivation more room, or less").click()
        large = page.locator(".cr-board-body").bounding_box()
        page.get_by_role("button", name="Give the derivation more room, or less").click()
        assert small is not None
        assert large is not None
        assert large["height"] > 1.2 * small["height"]
        page.get_by_role("button", name="Close the derivation").click()
        page.keyboard.press("Home")
        _set(one, [4] * 10)
        _stage_is_clear(one)
        _set(one, [4, 2])


def test_a_network_whose_lines_are_not_drawn_says_why(open_page: Opener) -> None:
    one = open_page()
    _set(one, [128, 128, 64])
    one.page.get_by_text("weights are too many to be drawn as lines").wait_for()


def test_biases_are_round_on_a_touch_screen_and_a_finger_finds_them(open_page: Opener) -> None:
    one = open_page(has_touch=True, is_mobile=True)
    one.page.set_viewport_size({"width": 768, "height": 1024})
    shapes = one.page.evaluate(
        f"() => {{ {_COMMON} return all('.cr-bias, .cr-neuron').map(item => box(item).height / box(item).width); }}"
    )
    assert len(shapes) == 18
    assert all(0.9 < shape < 1.1 for shape in shapes)
    spot = one.page.locator("[data-bias='hidden1.1']").bounding_box()
    assert spot is not None
    one.page.touchscreen.tap(spot["x"] - 4, spot["y"] + spot["height"] + 3)
    one.page.locator(".cr-board-title code").get_by_text("hidden1.b[1]").wait_for()


def test_the_sign_to_play_is_seen_under_the_pointer(open_page: Opener) -> None:
    one = open_page()
    for theme in ("light", "dark"):
        one.page.get_by_role("button", name="Run (space)").hover()
        shades = one.page.locator(".cr-play").evaluate(
            """item => { const style = getComputedStyle(item); return [style.color, style.backgroundColor].map(
                text => text.match(/[\\d.]+/g).slice(0, 3).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)); }"""
        )
        assert abs(shades[0] - shades[1]) > 90, theme
        one.page.get_by_role("button", name="Dark or light").click()


def test_the_right_column_does_not_jump(open_page: Opener) -> None:
    one = open_page()
    _set(one, [4, 2], data={"name": "iris"})
    places = (
        f"() => {{ {_COMMON} return all('.cr-map, .cr-scores, .cr-chart').map(item => Math.round(box(item).top)); }}"
    )
    still = one.page.evaluate(places)
    for name in ("hidden1.0", "output.1", "input.0"):
        one.page.locator(f"[data-neuron='{name}']").hover()
        one.wait("name => document.querySelector('.cr-map-title').textContent === name", name)
        assert one.page.evaluate(places) == still
    one.page.locator(".cr-map").hover()
    assert one.page.evaluate(places) == still


def test_a_table_has_its_own_units_and_only_sliders_that_do_something(open_page: Opener) -> None:
    one = open_page()
    _set(one, [4, 2], data={"name": "iris"})
    low, high = (float(one.page.locator(f".cr-tick-{side}").inner_text()) for side in ("left", "right"))
    # Sepals of irises are 4.3 to 7.9 cm long.
    assert 3.5 < low < 4.4
    assert 7.8 < high < 8.6
    assert one.page.locator("[data-control='samples']").is_hidden()
    assert one.page.locator("[data-control='noise']").is_hidden()
    assert one.page.locator(".cr-slices input").count() == 2
    one.page.get_by_role("button", name="keep this run").click()
    one.page.locator(".cr-run-name").get_by_text("iris").wait_for()


def test_a_digit_can_be_drawn_and_weights_are_a_picture(open_page: Opener) -> None:
    one = open_page()
    _set(one, [8], data={"name": "digits"}, optimizer="adam", learning_rate=0.01)
    one.wait("() => document.querySelector('[data-neuron=\"input.0\"] canvas').width === 8")
    one.page.get_by_text("draw your own").click()
    spot = one.page.locator(".cr-pad").bounding_box()
    assert spot is not None
    one.page.mouse.move(spot["x"] + 0.5 * spot["width"], spot["y"] + 0.2 * spot["height"])
    one.page.mouse.down()
    one.page.mouse.move(spot["x"] + 0.5 * spot["width"], spot["y"] + 0.8 * spot["height"], steps=5)
    one.page.mouse.up()
    one.page.get_by_text("It says").wait_for()
    one.page.locator("[data-neuron='hidden1.3']").click()
    one.wait("() => document.querySelector('.cr-card canvas').width === 8")
    assert (
        json.loads(one.page.evaluate("() => JSON.stringify(document.querySelector('.cr-card canvas').hidden)")) is False
    )
