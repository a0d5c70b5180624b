"""The doctor: what a run's events say is wrong with it, and which change, tried on the same data, mends it."""

from chainrule.explain.doctor import rules as _built_in  # noqa: F401 (enters the rules in the table)
from chainrule.explain.doctor.case import Case, DataFacts, Point
from chainrule.explain.doctor.consult import Replay, Replayed, Verdict, consult
from chainrule.explain.doctor.finding import RULES, Cure, Finding, diagnose, rule

__all__ = [
    "RULES",
    "Case",
    "Cure",
    "DataFacts",
    "Finding",
    "Point",
    "Replay",
    "Replayed",
    "Verdict",
    "consult",
    "diagnose",
    "rule",
]
