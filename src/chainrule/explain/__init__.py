"""Why: derivatives written out with their numbers, and what a network looks at."""

from chainrule.explain.as_html import worksheet as html_worksheet
from chainrule.explain.as_latex import worksheet as latex_worksheet
from chainrule.explain.derivation import Derivation
from chainrule.explain.derive import derive
from chainrule.explain.gradcheck import GradientCheck, ParameterCheck, check_gradients
from chainrule.explain.output import derive_output
from chainrule.explain.reading import attention, step_saliency
from chainrule.explain.saliency import grad_cam, saliency

__all__ = [
    "Derivation",
    "GradientCheck",
    "ParameterCheck",
    "attention",
    "check_gradients",
    "derive",
    "derive_output",
    "grad_cam",
    "html_worksheet",
    "latex_worksheet",
    "saliency",
    "step_saliency",
]
