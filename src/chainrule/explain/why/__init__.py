"""Whether a derivative that somebody wrote is right; if not, in which line it goes wrong, and why."""

from chainrule.explain.why.asked import why
from chainrule.explain.why.judge import judge
from chainrule.explain.why.like import question_like
from chainrule.explain.why.question import Question
from chainrule.explain.why.verdict import Verdict

__all__ = ["Question", "Verdict", "judge", "question_like", "why"]
