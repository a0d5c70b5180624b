"""Templates: pages of one look, from the files beside this one."""

from __future__ import annotations

from importlib import resources
from typing import Any

from chainrule.errors import rewrite_settings


def template(name: str) -> Any:
    """Return a template of this package; what it is given is escaped, and what it is not given is an error."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(_source),
    )
    environment.filters["settings"] = _settings_as_code
    return environment.get_template(name)


def _settings_as_code(text: str) -> Any:
    """Return a text with each setting that it names set as code."""
    from markupsafe import Markup, escape

    def write(name: str, value: str | None) -> str:
        return f"<code>{name if value is None else f'{name}={value}'}</code>"

    # What the settings stand in is escaped first: nothing of it becomes a tag.
    return Markup(rewrite_settings(str(escape(text)), write))  # noqa: S704


def _source(name: str) -> str:
    return resources.files("chainrule.report").joinpath(name).read_text(encoding="utf-8")
