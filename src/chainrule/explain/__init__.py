"""Why: derivatives written out with their numbers, and what a network looks at."""

from chainrule.explain.derivation import Derivation
from chainrule.explain.derive import derive
from chainrule.explain.output import derive_output

__all__ = ["Derivation", "derive", "derive_output"]
