"""Templates: pages of one look, from the files beside this one."""

from __future__ import annotations

import re
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
        loader=FunctionLoader(source),
    )
    environment.filters["settings"] = _settings_as_code
    environment.filters["picture"] = _picture
    return environment.get_template(name)


def _settings_as_code(text: str) -> Any:
    """Return a text with each setting that it names set as code."""
    from markupsafe import Markup, escape

    def write(name: str, value: str | None) -> str:
        return f"<code>{name if value is None else f'{name}={value}'}</code>"

    # What the settings stand in is escaped first: nothing of it becomes a tag.
    return Markup(rewrite_settings(str(escape(text)), write))  # noqa: S704


# Colours of pictures that the page knows by name, and has lighter or darker ones for where the reader's screen is dark.
_BY_NAME = {
    "#20242b": "ink",
    "#9aa0a8": "axis",
    "#e3e6ea": "line",
    "#ffffff": "paper",
    "#0072b2": "blue",
    "#e69f00": "orange",
    "#009e73": "green",
    "#d55e00": "red",
    "#7a7f87": "grey",
}
_COLOUR = re.compile(r"((?:fill|stroke): )(#[0-9a-f]{6})\b")


def _picture(svg: str) -> Any:
    """Return a picture of ours as part of the page, in the page's own colours."""
    from markupsafe import Markup

    themed = _COLOUR.sub(
        lambda found: found[1] + (f"var(--{_BY_NAME[found[2]]})" if found[2] in _BY_NAME else found[2]), svg
    )
    # What is drawn is escaped where it is drawn.
    return Markup(themed)  # noqa: S704


def source(name: str) -> str:
    """Return the text of a file beside the templates."""
    return resources.files("chainrule.report").joinpath(name).read_text(encoding="utf-8")
