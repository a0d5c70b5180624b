"""Settings as the page has them: what the library calls `task=regression` is told as a control."""

from __future__ import annotations

from chainrule.errors import rewrite_settings

# What the library's errors name and no control sets.
_ELSEWHERE = ("missing_target",)


def in_controls(text: str) -> str:
    """Return a text of the library with its settings as controls of the page."""
    return rewrite_settings(text, _control)


def _control(name: str, value: str | None) -> str:
    setting, _, column = name.partition(".")
    if setting in _ELSEWHERE:
        return f"{name}={value} with `chainrule train`"
    if column:
        return f"{value}, for example"
    words = setting.replace("_", " ")
    return words if value is None else f"the {words} {value}"
