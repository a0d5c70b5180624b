"""Why: derivatives written out with their numbers, and what a network looks at."""

from chainrule.explain.as_html import worksheet as html_worksheet
from chainrule.explain.as_latex import worksheet as latex_worksheet
from chainrule.explain.derivation import Derivation
from chainrule.explain.derive import derive
from chainrule.explain.output import derive_output

__all__ = ["Derivation", "derive", "derive_output", "html_worksheet", "latex_worksheet"]
