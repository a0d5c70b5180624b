"""A real browser, one for all tests, and pages that fail a test if anything went wrong in them."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from chainrule.playground.session import Session
from tests.playground.conftest import TOKEN, Live, start_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Of our own: no account, no updates, no picture but the page's.
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Return a browser without a window; gone after these tests, since others run event loops of their own."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: the page was not tried in a real browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS.split())
        yield running
        running.close()


@dataclass
class Open:
    """An open page of a server that the test may ask about its session."""

    page: Page
    live: Live
    complaints: list[str] = field(default_factory=list)

    def session(self, look: Callable[[Session], Any]) -> Any:
        """Return what `look` finds in the session, in the thread that owns it."""
        key = self.page.evaluate("() => sessionStorage.getItem('chainrule-key')")
        room = self.live.server.live.rooms.find(key)
        assert room is not None
        return room.runner.ask(look).result(timeout=60)

    def wait(self, condition: str, argument: Any = None) -> None:
        """Wait until an expression of JavaScript is true."""
        self.page.wait_for_function(condition, arg=argument, timeout=60_000)

    def until(self, look: Callable[[Session], bool]) -> None:
        """Wait until the session is as the page was told to make it: a click is answered when the server has time."""
        end = time.monotonic() + 10
        while not self.session(look):
            assert time.monotonic() < end, "the session did not become what was waited for"
            self.page.wait_for_timeout(20)

    def figure(self, label: str) -> float:
        """Return a number in the bar at the top."""
        item = self.page.locator(".cr-figure").filter(has=self.page.get_by_text(label, exact=True))
        text = item.locator(".cr-figure-number").inner_text()
        return read_number(text)


def read_number(text: str) -> float:
    """Return a number as the page writes it."""
    power = re.fullmatch(r"(.+)·10(.+)", text)
    if power:
        digits = power[2].translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
        return read_number(power[1]) * 10.0 ** int(digits)
    return float(text.replace("−", "-").replace("\u202f", ""))


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Open]]:
    """Return a function that opens the page of a new server; afterwards nothing may have gone wrong in it."""
    opened: list[Open] = []

    def open_one(live: Live | None = None, fragment: str = "", *, known: bool = True, **options: Any) -> Open:
        server = live or start_server()
        page = browser.new_context(viewport={"width": 1440, "height": 900}, **options).new_page()
        one = Open(page, server)
        opened.append(one)
        page.on("pageerror", lambda error: one.complaints.append(f"{error}"))
        page.on("console", lambda line: line.type == "error" and one.complaints.append(line.text))
        foreign = lambda request: not request.url.startswith((server.url, "blob:"))  # noqa: E731
        page.on("request", lambda request: foreign(request) and one.complaints.append(f"asked for {request.url}"))
        page.goto(f"{server.url}/#token={TOKEN}{fragment}")
        one.wait("() => document.querySelector('.cr-figure-number')?.textContent !== ''")
        one.wait("() => document.querySelectorAll('.cr-neuron').length > 0")
        if known:
            one.wait("() => sessionStorage.getItem('chainrule-key')")
        if "state=" in fragment:
            page.get_by_role("button", name="load it").click()
        return one

    yield open_one
    complaints = [text for one in opened for text in one.complaints]
    for one in opened:
        one.page.context.close()
    for live in {id(one.live): one.live for one in opened}.values():
        live.stop()
    assert complaints == []
