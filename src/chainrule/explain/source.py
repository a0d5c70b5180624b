"""The line of the library that computes a derivative: what was explained is what runs."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

from chainrule.explain.parts import SourceLine
from chainrule.nn import Layer, Loss

_PACKAGE = Path(__file__).parents[1]
# Where a layer computes its gradients; a recurrent one does in its cell and along the steps.
_METHODS = ("gradients", "backward", "cell_backward", "_through_time")


def of_gradient(layer: Layer, name: str) -> SourceLine:
    """Return the line of the layer's own backward pass that makes ∂J/∂(parameter `name`)."""
    name = name.rpartition(".")[2]
    made = re.compile(rf"(^|\W)d{re.escape(name)} *[+*]?= |[\"']{re.escape(name)}[\"'] *:")
    kinds = type(layer).__mro__[: type(layer).__mro__.index(Layer)]
    methods = [vars(kind)[method] for kind in kinds for method in _METHODS if method in vars(kind)]
    for method in methods:
        found = line_of(method, made)
        if found:
            return found
    return (line_of(methods[-1], re.compile(r"\bdef\b")) if methods else None) or _nowhere(layer)


def of_loss(loss: Loss) -> SourceLine:
    """Return the line that computes ∂Jₙ/∂a."""
    return line_of(type(loss).each_backward, re.compile(r"\breturn\b")) or _nowhere(loss)


def line_of(function: Any, wanted: re.Pattern[str]) -> SourceLine | None:
    """Return the first line of a function that matches; None where it has no file."""
    try:
        lines, start = inspect.getsourcelines(function)
        path = Path(inspect.getsourcefile(function) or "")
    except (OSError, TypeError):
        return None
    for offset, line in enumerate(lines):
        if wanted.search(line) and not line.lstrip().startswith(('"""', "#")):
            return SourceLine(_short(path), start + offset, line.strip(), function.__qualname__)
    return None


def _short(path: Path) -> str:
    """A file of the library by its place in the package; another's by its name alone."""
    if path.is_relative_to(_PACKAGE):
        return str(Path(_PACKAGE.name) / path.relative_to(_PACKAGE))
    return path.name


def _nowhere(thing: Any) -> SourceLine:
    """A layer that was written at the prompt has no file."""
    return SourceLine("", 0, "", type(thing).__qualname__)
