"""Why: derivatives written out with their numbers, what a network looks at, and what is wrong with a derivation."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from chainrule.explain.why import Verdict, why

# A student's file is judged in a process of its own, which starts quickly only if it imports what it needs.
_HOMES = {
    "html_worksheet": ("chainrule.explain.as_html", "worksheet"),
    "latex_worksheet": ("chainrule.explain.as_latex", "worksheet"),
    "Derivation": ("chainrule.explain.derivation", "Derivation"),
    "derive": ("chainrule.explain.derive", "derive"),
    "GradientCheck": ("chainrule.explain.gradcheck", "GradientCheck"),
    "ParameterCheck": ("chainrule.explain.gradcheck", "ParameterCheck"),
    "check_gradients": ("chainrule.explain.gradcheck", "check_gradients"),
    "derive_likelihood": ("chainrule.explain.boltzmann", "derive_likelihood"),
    "derive_vector": ("chainrule.explain.vectors", "derive_vector"),
    "derive_output": ("chainrule.explain.output", "derive_output"),
    "attention": ("chainrule.explain.reading", "attention"),
    "step_saliency": ("chainrule.explain.reading", "step_saliency"),
    "grad_cam": ("chainrule.explain.saliency", "grad_cam"),
    "saliency": ("chainrule.explain.saliency", "saliency"),
    "Verdict": ("chainrule.explain.why", "Verdict"),
    "why": ("chainrule.explain.why", "why"),
}

__all__ = [
    "Derivation",
    "GradientCheck",
    "ParameterCheck",
    "Verdict",
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
    "why",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, there = _HOMES[name]
    value = getattr(import_module(module), there)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)


class _Package(ModuleType):
    """The package, in which a function wins over the module of its name: derive, saliency and why are both."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a name, unless it is Python that announces a module which a public function hides."""
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
