"""A Playground that belongs to its viewer: two browsers on one server, links that ask, a network that comes back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page

from chainrule.playground.session import Session
from chainrule.playground.spec import spec_to_json
from tests.browser.conftest import Open
from tests.playground.conftest import TOKEN, start_server

pytestmark = pytest.mark.browser

Opener = Callable[..., Open]


def _epoch(session: Session) -> int:
    return int(session.learner.trainer.position.epoch)


def _weights(session: Session) -> np.ndarray:
    found: np.ndarray = session.learner.trainer.params.flat.copy()
    return found


def _spec(session: Session) -> dict[str, object]:
    return spec_to_json(session.spec)


def _step(one: Open, epoch: int) -> None:
    one.page.get_by_role("button", name="Step (→)").click()
    one.until(lambda session: _epoch(session) == epoch)


def _share(page: Page, item: str) -> None:
    page.locator(".cr-menu > summary").filter(has_text="Share").click()
    page.get_by_role("button", name=item).click()


def test_two_browsers_on_one_server_have_a_network_each(open_page: Opener) -> None:
    one = open_page()
    other = open_page(one.live)
    assert one.page.context is not other.page.context
    before = other.session(_weights)
    one.page.get_by_role("radio", name="xor").click()
    one.until(lambda session: session.spec.data.name == "xor")
    one.page.keyboard.press("Space")
    one.until(lambda session: _epoch(session) > 5)
    assert other.session(lambda session: session.spec.data.name) == "circle"
    np.testing.assert_array_equal(other.session(_weights), before)
    assert other.figure("epoch") == 0
    # A page that is loaded anew finds what it had.
    one.page.keyboard.press("Space")
    one.until(lambda session: not session.running)
    weights = one.session(_weights)
    one.page.reload()
    one.wait("() => document.querySelector('.cr-set[data-set=xor]')?.getAttribute('aria-checked') === 'true'")
    np.testing.assert_array_equal(one.session(_weights), weights)


def test_a_teachers_page_is_looked_on_at_and_can_be_taken_as_ones_own(open_page: Opener) -> None:
    one = open_page()
    _share(one.page, "Follow me: let others look on")
    notice = one.page.get_by_text("#follow=").inner_text()
    assert TOKEN not in notice
    pupil = open_page(one.live, "&follow=" + notice.partition("#follow=")[2], known=False)
    pupil.page.get_by_text("You look on at another page's network.").wait_for()
    _step(one, 1)
    pupil.wait("() => document.querySelector('.cr-figure-number').textContent === '1'")
    pupil.page.keyboard.press("ArrowRight")
    pupil.page.get_by_text("make it yours to change it").wait_for()
    assert one.session(_epoch) == 1
    pupil.page.get_by_role("button", name="Take a copy of this network").click()
    pupil.page.get_by_text("This is a copy").wait_for()
    pupil.page.keyboard.press("ArrowRight")
    pupil.until(lambda session: _epoch(session) == 2)
    assert one.session(_epoch) == 1


def test_a_link_asks_before_it_takes_the_place_of_what_is_there(open_page: Opener) -> None:
    one = open_page()
    one.page.get_by_role("radio", name="drawn").click()
    box = one.page.locator(".cr-map").bounding_box()
    assert box is not None
    for x, y in ((0.2, 0.3), (0.7, 0.8), (0.5, 0.5)):
        one.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    one.until(lambda session: len(session.drawn) == 3)
    one.wait("() => location.hash.split(';').length === 3")
    link = one.page.url
    assert "token" not in link
    assert TOKEN not in link
    wanted, drawn = one.session(_spec), one.session(lambda session: list(session.drawn))
    # In a tab of the same browser: the one that is open vouches for it.
    page = one.page.context.new_page()
    page.goto(link)
    page.get_by_text("This link has another set-up: drawn").wait_for()
    other = Open(page, one.live)
    assert other.session(lambda session: session.spec.data.name) == "circle"
    page.get_by_role("button", name="load it").click()
    other.until(lambda session: session.drawn == drawn)
    assert other.session(_spec) == wanted
    page.get_by_text("This link has another set-up").wait_for(state="detached")


def test_a_link_without_a_token_lets_no_stranger_in(open_page: Opener) -> None:
    one = open_page()
    stranger = one.page.context.browser
    assert stranger is not None
    page = stranger.new_context().new_page()
    page.goto(f"{one.live.url}/#state=%7B%22l2%22%3A0.1%7D")
    page.get_by_text("This Playground lets in whoever has its link").wait_for()
    rooms = len(one.live.server.live.rooms)
    assert page.locator(".cr-neuron").count() == 0
    field = page.get_by_role("textbox", name="Link or token")
    field.fill("a-guess")
    field.press("Enter")
    page.get_by_text("Chainrule refused this page").wait_for()
    assert len(one.live.server.live.rooms) == rooms
    field.fill(f"{one.live.url}/#token={TOKEN}")
    field.press("Enter")
    page.get_by_role("button", name="keep mine").click()
    page.locator(".cr-neuron").first.wait_for()
    assert len(one.live.server.live.rooms) == rooms + 1
    page.context.close()


def test_a_server_that_is_started_anew_gets_the_network_back(open_page: Opener) -> None:
    one = open_page()
    one.page.get_by_role("radio", name="xor").click()
    one.until(lambda session: session.spec.data.name == "xor")
    for epoch in (1, 2, 3):
        _step(one, epoch)
    one.wait("() => JSON.parse(sessionStorage.getItem('chainrule-kept'))?.session?.position.epoch === 3")
    weights, port = one.session(_weights), one.live.port
    one.live.stop()
    one.page.get_by_text("The connection to Chainrule is lost").wait_for()
    one.live.stop = lambda: None
    one.live = start_server(port)
    one.page.get_by_text("xor is back, as it was kept, at epoch 3.").wait_for()
    np.testing.assert_array_equal(one.session(_weights), weights)
    assert one.figure("epoch") == 3
    # A lost connection is a complaint of the browser's own.
    one.complaints[:] = [text for text in one.complaints if "ERR_CONNECTION_REFUSED" not in text]
