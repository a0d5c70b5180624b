"""Templates: pages of one look, from the files beside this one."""

from __future__ import annotations

from importlib import resources
from typing import Any


def template(name: str) -> Any:
    """Return a template of this package; what it is given is escaped, and what it is not given is an error."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(_source),
    ).get_template(name)


def _source(name: str) -> str:
    return resources.files("chainrule.report").joinpath(name).read_text(encoding="utf-8")
