"""A derivation: a content that shows itself, in the terminal, in a notebook and in a document."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.explain.as_html import fragment
from chainrule.explain.as_latex import body
from chainrule.explain.as_text import as_text
from chainrule.explain.content import Content


@dataclass(frozen=True)
class Derivation(Content):
    """The derivative of the cost by one number, derived, computed and proven, in a form for each place.

    Its attributes are those of its `Content`.
    """

    @property
    def text(self) -> str:
        """The derivation for the terminal."""
        return as_text(self)

    @property
    def latex(self) -> str:
        """The derivation as LaTeX for the body of a document."""
        return body(self)

    def __str__(self) -> str:
        """Return the derivation for the terminal."""
        return self.text

    def _repr_html_(self) -> str:
        """Return the derivation for a notebook."""
        return fragment(self)
