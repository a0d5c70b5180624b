"""Judging a source of the corpus in this process."""

from __future__ import annotations

from typing import Any

from chainrule.explain.why import Question, Verdict, judge, question_like
from chainrule.explain.why.trace import Source
from tests.explain.why.corpus import Case


def judged(case: Case) -> Verdict:
    """Return the verdict on a case, whose function is called f."""
    return judged_source(case.source, question_like(case.of, case.like, **case.settings))


def judged_source(source: str, question: Question, name: str = "f") -> Verdict:
    """Return the verdict on a function of a source."""
    names: dict[str, Any] = {}
    exec(compile(source, "student.py", "exec"), names)
    return judge(names[name], question, source=Source(source))
