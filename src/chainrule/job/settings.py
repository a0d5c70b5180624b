"""Settings as texts: TOML files, `--set NAME=VALUE` and flags become values, and a configuration becomes TOML."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from chainrule.encode.choices import EVERY, SETTINGS
from chainrule.errors import ConfigError
from chainrule.job.config import Config


def read_config(path: Path) -> dict[str, Any]:
    """Return the settings of a TOML file as they stand there."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"a configuration at {path}", error.strerror or str(error), "Check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} to be TOML", f"{error}", "Mend that line.") from error


def parse_setting(text: str) -> tuple[str, Any]:
    """Return name and value of `NAME=VALUE`; the value is TOML, or a text that needs no quotes."""
    name, equals, value = text.partition("=")
    name = name.strip()
    if not equals or not name:
        raise ConfigError("--set NAME=VALUE", f"{text!r}", "Write, for example, --set l2=0.001.")
    return name, _value(name, value.strip())


def merge(settings: dict[str, Any], name: str, value: Any) -> None:
    """Put a value under a name, which may reach into a table: `columns.zip`.

    A choice for all columns and choices for some stand side by side: `scaling` is `scaling.*`.
    """
    head, dot, rest = name.partition(".")
    if head in SETTINGS and head in settings and bool(dot) != isinstance(settings[head], dict):
        settings[head] = settings[head] if isinstance(settings[head], dict) else {EVERY: settings[head]}
        rest = rest or EVERY
    if rest:
        table = settings.setdefault(head, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{head} to be one setting", f"{name!r}", f"Set {head} itself.")
        table[rest] = value
    else:
        settings[name] = value


def parse_hidden(text: str) -> tuple[int, ...]:
    """Return the units of `64,32`; an empty text or `0` is no hidden layer."""
    try:
        # Between two numbers a dash separates; before the first one it would be a sign.
        units = [int(part) for part in re.split(r"(?<=\d)\s*-|,", text) if part.strip()]
    except ValueError:
        units = [-1]
    if any(unit < 0 for unit in units) or (0 in units and units != [0]):
        raise ConfigError("whole numbers such as 64,32 for hidden", f"{text!r}", "Write --hidden 64,32.")
    return () if units == [0] else tuple(units)


def to_toml(config: Config) -> str:
    """Return the settings as TOML, each with what it means; what is still open is left out."""
    import tomli_w

    lines = ["# Every setting of this run: `chainrule train --config` this file repeats it.", ""]
    tables = []
    for setting in fields(config):
        value = getattr(config, setting.name)
        if isinstance(value, dict):
            if value:
                tables.append("\n" + tomli_w.dumps({setting.name: value}).strip())
            continue
        about = setting.metadata["about"]
        if value is None:
            lines.append(f"# {setting.name} is not set: {about}")
            continue
        value = list(value) if isinstance(value, tuple) else value
        text = "[" + ", ".join(map(_toml_line, value)) + "]" if isinstance(value, list) else _toml_line(value)
        lines.append(f"{setting.name} = {text}  # {about}")
    return "\n".join([*lines, *tables]) + "\n"


def _toml_line(value: Any) -> str:
    import tomli_w

    return tomli_w.dumps({"v": value}).strip().removeprefix("v = ")


def _value(name: str, text: str) -> Any:
    if name in ("hidden", "filters"):
        return parse_hidden(text.strip("[]"))
    if name == "image_size":
        return parse_size(text.strip("[]"))
    if name == "missing" and not text.startswith("["):
        return parse_words(text.strip("\"'"))
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def parse_size(text: str) -> tuple[int, int]:
    """Return height and width of `48` or `48x64`."""
    found = re.fullmatch(r"\s*(\d+)\s*(?:[x×,]\s*(\d+)\s*)?", text)
    if found is None:
        raise ConfigError("an image size such as 48 or 48x64, height first", f"{text!r}", "Write --image-size 48.")
    return int(found[1]), int(found[2] or found[1])


def parse_words(text: str) -> tuple[str, ...]:
    """Return the words of `NA, -`; an empty text is none."""
    return tuple(word.strip() for word in text.split(",")) if text.strip() else ()


def parse_part(text: str) -> float | str:
    """Return what --valid and --test name: a share of the rows, or a file."""
    try:
        return float(text)
    except ValueError:
        return text


def overrides(sets: Sequence[str], flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the command line says: flags that were given, then each `--set`."""
    settings = {name: value for name, value in flags.items() if value is not None}
    for text in sets:
        merge(settings, *parse_setting(text))
    return settings
