"""The page of a choice: a cross-validation, a comparison or a search, with its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chainrule.report.template import template


@dataclass(frozen=True)
class Section:
    """A heading, a sentence, and a picture or a table.

    Attributes
    ----------
    picture : str
        SVG, as `plots` make it.
    header, rows
        Of the table; its columns from the number `left` on are figures.
    more : str
        A sentence below.
    """

    title: str
    lead: str
    picture: str = ""
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    left: int = 1
    more: str = ""


@dataclass(frozen=True)
class ChoiceData:
    """All that the page shows."""

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    advice: Sequence[str] = ()
    notes: Sequence[str] = ()
    configs: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


def render_choice(data: ChoiceData) -> str:
    """Return the page as HTML: no script, no font, no picture from outside."""
    page: str = template("choice.html.j2").render(data=data)
    return page
