"""Why: derivatives written out with their numbers, and what a network looks at."""

from chainrule.explain.as_html import worksheet as html_worksheet
from chainrule.explain.as_latex import worksheet as latex_worksheet
from chainrule.explain.boltzmann import derive_likelihood
from chainrule.explain.derivation import Derivation
from chainrule.explain.derive import derive
from chainrule.explain.gradcheck import GradientCheck, ParameterCheck, check_gradients
from chainrule.explain.output import derive_output
from chainrule.explain.reading import attention, step_saliency
from chainrule.explain.saliency import grad_cam, saliency
from chainrule.explain.vectors import derive_vector

__all__ = [
    "Derivation",
    "GradientCheck",
    "ParameterCheck",
    "attention",
    "check_gradients",
    "derive",
    "derive_likelihood",
    "derive_output",
    "derive_vector",
    "grad_cam",
    "html_worksheet",
    "latex_worksheet",
    "saliency",
    "step_saliency",
]
