"""The content of a derivation: the formula in the course's letters, every number in it, and three proofs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.explain.check import Check
from chainrule.explain.notation import mathml, plain
from chainrule.explain.parts import Letter, SourceLine, Step, Term, Update, Vectorised
from chainrule.explain.through_time.parts import Unrolled


@dataclass(frozen=True)
class Content:
    """The derivative of the cost by one number, derived, computed and proven; how it looks is for others to say.

    Attributes
    ----------
    of : str
        What it is the derivative by: `hidden1.W[0,2]`, or `output[1]` for a logit.
    title : str
        The derivative as LaTeX.
    letters : tuple of Letter
    steps : tuple of Step
    rows : tuple of int
        The rows of X that the cost is the mean over.
    terms : tuple of Term
        The summands that are shown; `total` = their sum + `rest`.
    n_terms : int
        How many summands there are, shown or not.
    rest, total : float
        The sum of those not shown, and of all.
    neurons : tuple of (str, float)
        What comes through each unit of the next layer, over all rows: they add up to `total`.
    penalty : float or None
        What the penalty on the weights adds.
    cost : float
        J of these rows, with the penalty.
    unrolled : Unrolled or None
        The steps of the recurrent layer that the number belongs to.
    """

    of: str
    title: str
    letters: tuple[Letter, ...]
    steps: tuple[Step, ...]
    rows: tuple[int, ...]
    terms: tuple[Term, ...]
    n_terms: int
    rest: float
    total: float
    neurons: tuple[tuple[str, float], ...]
    penalty: float | None
    cost: float
    vectorised: Vectorised
    update: Update | None
    check: Check
    source: SourceLine
    unrolled: Unrolled | None = None

    @property
    def gradient(self) -> float:
        """The derivative, with the penalty's part."""
        return self.total + (self.penalty or 0.0)

    @property
    def given(self) -> tuple[tuple[str, float], ...]:
        """The value of each letter in the summands that are shown, once."""
        return tuple(dict(pair for term in self.terms for pair in term.given).items())

    @property
    def mathml(self) -> str:
        """The derivative's formula as MathML."""
        return mathml(self.title)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-able data, formulas in LaTeX, MathML and Unicode."""
        return {
            "of": self.of,
            "title": plain(self.title),
            "latex": self.title,
            "mathml": mathml(self.title),
            "letters": [letter.to_json() for letter in self.letters],
            "steps": [step.to_json() for step in self.steps],
            "rows": list(self.rows),
            "terms": [term.to_json() for term in self.terms],
            "rest": {"count": self.n_terms - len(self.terms), "value": self.rest},
            "sum": self.total,
            "neurons": [{"neuron": name, "value": value} for name, value in self.neurons],
            "penalty": self.penalty,
            "gradient": self.gradient,
            "cost": self.cost,
            "vectorised": self.vectorised.to_json(),
            "update": None if self.update is None else self.update.to_json(),
            "check": self.check.to_json(),
            "source": self.source.to_json(),
        } | ({} if self.unrolled is None else {"unrolled": self.unrolled.to_json()})
