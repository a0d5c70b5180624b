"""The page: it stands alone, says what it should, and lets nothing out of its place."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from tests.report.conftest import HOSTILE

Pages = Callable[[str], str]
KINDS = (
    "classification",
    "regression",
    "images",
    "sounds",
    "plane of classes",
    "plane of values",
    "hostile",
    "without validation",
    "linear",
    "with a schedule",
)
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Reader(HTMLParser):
    """Collects tags, attributes and texts, and checks that what is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.headings: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_opened_is_closed(pages: Pages, kind: str) -> None:
    reader = read(pages(kind))
    assert (reader.wrong, reader.open) == ([], [])


@pytest.mark.parametrize("kind", KINDS)
def test_no_script_runs_but_the_one_that_the_page_s_policy_knows_by_its_digest(pages: Pages, kind: str) -> None:
    page, reader = pages(kind), read(pages(kind))
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts]
    policy = next(value for tag, name, value in reader.attributes if tag == "meta" and value.startswith("default-src"))
    allowed = "".join(f"; script-src {digest}" for digest in digests)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:" + allowed
    # What else is called a script is data, which no browser runs.
    others = [value for tag, name, value in reader.attributes if (tag, name) == ("script", "type")]
    assert len(scripts) <= 1
    assert reader.tags["script"] == len(scripts) + len(others)
    assert set(others) <= {"application/json"}
    assert not [name for _, name, _ in reader.attributes if name.startswith("on")]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_fetched_from_outside(pages: Pages, kind: str) -> None:
    page = pages(kind)
    fetching = ("src", "href", "xlink:href", "srcset", "data", "action", "poster")
    for tag, name, value in read(page).attributes:
        # A link to the page beside this one fetches nothing until it is clicked.
        if name in fetching and (tag, value) != ("a", "pipeline.html"):
            assert value.startswith(("#", "data:image/")), (tag, name, value[:60])
    assert all(target.startswith("#") for target in re.findall(r"url\(['\"]?([^)'\"]*)", page))
    assert "@import" not in page


@pytest.mark.parametrize("kind", KINDS)
def test_every_id_is_unique(pages: Pages, kind: str) -> None:
    counts = Counter(value for _, name, value in read(pages(kind)).attributes if name == "id")
    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_reference_inside_the_page_has_its_goal(pages: Pages, kind: str) -> None:
    page = pages(kind)
    attributes = read(page).attributes
    ids = {value for _, name, value in attributes if name == "id"}
    goals = {value[1:] for _, name, value in attributes if name.endswith("href") and value.startswith("#")}
    assert goals | set(re.findall(r"url\(#([^)]*)\)", page)) <= ids


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_can_be_named_by_a_screen_reader(pages: Pages, kind: str) -> None:
    attributes = read(pages(kind)).attributes
    svgs = sum(1 for tag, name, _ in attributes if (tag, name) == ("svg", "role"))
    assert svgs == sum(1 for tag, name, value in attributes if (tag, name) == ("svg", "aria-label") and value)
    assert svgs == read(pages(kind)).tags["svg"] > 0


ALWAYS = {"How good it is", "How it learned", "Weights and gradients", "The network", "The data", "To repeat it"}
SECTIONS = {
    "classification": {
        "Is a network worth it here?",
        "What it confuses",
        "Which columns matter",
        "What each of them does",
        "How far its probabilities can be trusted",
        "Where to draw the line",
    },
    "regression": {
        "Is a network worth it here?",
        "What it predicts",
        "Its worst mistakes",
        "Which columns matter",
        "What each of them does",
    },
    "images": {"What it confuses", "Its worst mistakes", "What its first layer looks at"},
    "sounds": {"What it confuses", "Its worst mistakes", "What its first layer looks at"},
    "plane of classes": {"What it confuses", "What it sees"},
    "plane of values": {"What it predicts", "What it sees"},
}


@pytest.mark.parametrize("kind", SECTIONS)
def test_the_sections_suit_the_data(pages: Pages, kind: str) -> None:
    assert set(read(pages(kind)).headings) >= ALWAYS | SECTIONS[kind]


@pytest.mark.parametrize(
    ("kind", "absent"),
    [
        ("classification", "What it sees"),
        ("regression", "What it confuses"),
        ("classification", "What its first layer looks at"),
    ],
)
def test_sections_that_would_be_empty_are_left_out(pages: Pages, kind: str, absent: str) -> None:
    assert absent not in read(pages(kind)).headings


def test_every_class_has_a_row(pages: Pages) -> None:
    texts = read(pages("classification")).texts
    assert all(f"class_{k}" in texts for k in range(3))


def test_every_setting_is_there(pages: Pages) -> None:
    text = "".join(read(pages("classification")).texts)
    assert all(line in text for line in ('data = "wine"', "seed = 0", "batch_size = 32"))


def test_versions_and_seed_are_there(pages: Pages) -> None:
    text = "".join(read(pages("classification")).texts)
    assert all(name in text for name in ("Chainrule 0", "Python 3", "numpy ", "seed 0"))


def test_a_hostile_column_name_is_shown_as_text(pages: Pages) -> None:
    page = pages("hostile")
    assert HOSTILE not in page
    assert HOSTILE in read(page).texts


def test_a_hostile_class_name_is_shown_as_text(pages: Pages) -> None:
    assert "<b>bold" not in pages("hostile")
    assert "<b>bold</b>" in read(pages("hostile")).texts


def test_dollars_in_names_are_no_formulas(pages: Pages) -> None:
    text = "\n".join(read(pages("hostile")).texts)
    assert text.count("$5") >= 2
    assert r"$\frac{$" in text


def test_a_mistaken_sound_is_shown_by_its_spectrogram_and_its_file(pages: Pages) -> None:
    texts = " ".join(read(pages("sounds")).texts)
    assert "time to the right, high tones above" in texts
    assert re.search(r"[ab]/\$_\{\d+\} <b>\.wav", texts)
