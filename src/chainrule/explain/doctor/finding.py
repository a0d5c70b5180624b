"""Findings: what a rule has seen in a case, and which changes of settings might mend it; the table of rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from chainrule.explain.doctor.case import Case


@dataclass(frozen=True, eq=False)
class Cure:
    """A change of settings that is worth a trial.

    Attributes
    ----------
    change : mapping
        Settings by name with their new values.
    judged_by : str
        The metric that tells whether it helped, where that is not the cost.
    """

    change: Mapping[str, Any]
    judged_by: str = ""

    @property
    def said(self) -> str:
        """The change as a text in which each setting is marked."""
        return " and ".join(f"`{name}={_text(value)}`" for name, value in self.change.items())


@dataclass(frozen=True, eq=False)
class Finding:
    """What a rule has seen.

    Attributes
    ----------
    name : str
        The kind of fault in a few words.
    seen : str
        A sentence, with the numbers that it rests on.
    cures : tuple of Cure
        In the order in which they are worth a trial.
    certain : bool
        Whether it is a fault whatever helps; else it is a suspicion, told only if a replay confirms it.
    is_evident : bool
        Whether it is told to who looks on while the network learns, where nothing can be replayed: it says what the curve
        or the units do, and guesses at no cause.
    of_data : bool
        Whether it is about the rows, whoever learns from them: told beside what else there is.
    """

    name: str
    seen: str
    cures: tuple[Cure, ...] = ()
    certain: bool = False
    is_evident: bool = False
    of_data: bool = False


Rule: TypeAlias = Callable[[Case], Finding | None]

# In the order in which they are asked: what makes the signs of others meaningless comes first.
RULES: dict[str, Rule] = {}


def rule(function: Rule) -> Rule:
    """Enter a rule in the table under its function's name; one of the same name takes its place."""
    RULES[function.__name__] = function
    return function


def diagnose(case: Case) -> list[Finding]:
    """Return what the rules see in a case; no cure goes on in the direction that somebody has just tried."""
    found = [finding for each in RULES.values() if (finding := each(case)) is not None]
    return [replace(finding, cures=tuple(_fitting(case, finding.cures))) for finding in found]


def _fitting(case: Case, cures: tuple[Cure, ...]) -> list[Cure]:
    """Return the cures that change something, each once, and are no more of what has been tried."""
    fitting: dict[str, Cure] = {}
    for cure in cures:
        known = all(name in case.settings for name in cure.change)
        changes = any(case[name] != value for name, value in cure.change.items())
        if known and changes and not case.goes_on_with(cure.change):
            fitting.setdefault(cure.said, cure)
    return list(fitting.values())


def _text(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return ",".join(map(str, value)) or "0"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
