"""The kinds of networks that `train` can make, each with its settings, as a list for the terminal."""

from __future__ import annotations

LIST = "list"


def models_in_words() -> str:
    """Return every model with what it is for, and below it its settings with their defaults."""
    from chainrule.recipes import MODELS, fields_of

    lines = []
    for name, recipe in MODELS.items():
        lines.append(f"{name}: {recipe.about}")
        for setting in fields_of(recipe).values():
            default = "" if setting.default is None else f" ({_shown(setting.default)})"
            lines.append(f"  {setting.name:<14}{setting.metadata.get('about', '')}{default}".rstrip())
        lines.append("")
    return "\n".join([*lines, "Choose one with --model NAME, and set its settings by their flags or --set NAME=VALUE."])


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
