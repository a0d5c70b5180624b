"""What is told of a student's function."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

Outcome = Literal["right", "wrong", "not valid"]


@dataclass(frozen=True)
class Verdict:
    """Whether a function is right, and if not, where and why.

    Attributes
    ----------
    outcome : str
        `right`, `wrong`, or `not valid`: it could not be judged (it raises, returns nothing, loops for ever).
    score : float
        The share of the steps that are right, counting right steps after a wrong one.
    reason : str
        In one sentence.
    line : int or None
        The line of the file where it goes wrong.
    code : str
        That line.
    causes : tuple of str
        The slip, or those that give exactly these numbers and cannot be told apart.
    right_line : str
        How the line should read, in the student's names.
    notes : tuple of str
        What else was found.
    """

    outcome: Outcome
    score: float
    reason: str
    line: int | None = None
    code: str = ""
    causes: tuple[str, ...] = ()
    right_line: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        """Whether the function is right."""
        return self.outcome == "right"

    @property
    def cause(self) -> str | None:
        """The first of the causes, or None."""
        return self.causes[0] if self.causes else None

    def __str__(self) -> str:
        """Return what a student reads."""
        rows: list[tuple[str, str]] = [(self.outcome, self.reason)]
        if self.line is not None:
            rows.append((f"line {self.line}", self.code))
        if len(self.causes) == 1:
            rows.append(("why", self.causes[0]))
        elif self.causes:
            rows.append(("why", "one of these, which give the same numbers:"))
            rows += [("", cause) for cause in self.causes]
        if self.right_line:
            rows.append(("should be", self.right_line))
        rows += [("", note) for note in self.notes]
        if self.outcome == "wrong":
            rows.append(("score", f"{self.score:.0%} of the steps"))
        width = max(len(head) for head, _ in rows) + 2
        return "\n".join(f"{head.ljust(width)}{text}".rstrip() for head, text in rows)

    def to_json(self) -> str:
        """Return the verdict as one JSON object: score, reason, line, cause, and the rest."""
        return json.dumps({**asdict(self), "cause": self.cause}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Verdict:
        """Read what `to_json` wrote."""
        held = json.loads(text)
        held.pop("cause", None)
        return cls(**{**held, "causes": tuple(held["causes"]), "notes": tuple(held["notes"])})
