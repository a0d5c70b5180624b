"""Settings as texts: TOML files, NAME=VALUE and flags become values, and a configuration becomes TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from chainrule.constraints import Many, Range
from chainrule.encode.choices import EVERY, SETTINGS
from chainrule.errors import ConfigError
from chainrule.job.config import Config, declared
from chainrule.job.texts import parse_units
from chainrule.recipes import MODELS, Auto, fields_of, owners


def read_config(path: Path) -> dict[str, Any]:
    """Return the settings of a TOML file as they stand there.

    Up to version 0.1 a run wrote the settings of every model: those of another model that hold their default say nothing
    and are left out.
    """
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"a configuration at {path}", error.strerror or str(error), "Check the path.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path.name} to be TOML", f"{error}", "Mend that line.") from error
    for name in _foreign(settings):
        if settings[name] in [fields_of(recipe)[name].default for recipe in owners(name)]:
            del settings[name]
    return settings


def read_run(path: Path) -> dict[str, Any]:
    """Return the settings that a run folder's `config.toml` says it was trained with; what had no effect is left out."""
    settings = read_config(path)
    for name in _foreign(settings):
        del settings[name]
    return settings


def _foreign(settings: Mapping[str, Any]) -> list[str]:
    """Return the settings that belong to other models than the one that is named."""
    model = settings.get("model")
    if not isinstance(model, str) or model not in MODELS:
        return []
    return [name for name in settings if owners(name) and MODELS[model] not in owners(name)]


def as_base(settings: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that others are to be laid over: where those name another model, without what it does not have."""
    model = given.get("model")
    if "model" not in settings or model in (None, settings["model"]):
        return dict(settings)
    foreign = _foreign({**settings, "model": model})
    return {name: value for name, value in settings.items() if name not in foreign}


def layered(settings: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with others over them; a table is filled up, not replaced."""
    merged = as_base(settings, given)
    for name, value in given.items():
        if isinstance(value, dict):
            for inner, item in value.items():
                merge(merged, f"{name}.{inner}", item)
        else:
            merge(merged, name, value)
    return merged


def parse_setting(text: str) -> tuple[str, Any]:
    """Return name and value of `NAME=VALUE`; the value is TOML, or a text that needs no quotes."""
    name, equals, value = text.partition("=")
    name = name.strip()
    if not equals or not name:
        raise ConfigError("`NAME=VALUE`", f"{text!r}", "Write, for example, l2=0.001.")
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
        elif setting.name == "model":
            lines += _model_lines(config)
        else:
            lines.append(_line(setting.name, value, setting.metadata["about"]))
    return "\n".join([*lines, *tables]) + "\n"


def _model_lines(config: Config) -> list[str]:
    """Return the kind of network, and the settings that it has."""
    model = config.model
    others = ", ".join(name for name in (Auto.name, *MODELS) if name != model.name)
    lines = [_line("model", model.name, f"{model.about}; others: {others}")]
    for name, value in model.settings.items():
        about = next((found.get("about", "") for found in declared(name, model.name)), "")
        lines.append(_line(name, value, about))
    return lines


def _line(name: str, value: Any, about: str) -> str:
    if value is None:
        return f"# {name} is not set: {about}"
    value = list(value) if isinstance(value, tuple) else value
    text = "[" + ", ".join(map(_toml_line, value)) + "]" if isinstance(value, list) else _toml_line(value)
    return f"{name} = {text}  # {about}" if about else f"{name} = {text}"


def _toml_line(value: Any) -> str:
    import tomli_w

    return tomli_w.dumps({"v": value}).strip().removeprefix("v = ")


def _value(name: str, text: str) -> Any:
    if not text.startswith(('"', "'")) and _reader(name) is not None:
        return typed(name, text)
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def typed(name: str, text: str) -> Any:
    """Return the value of a text that stands for the setting `name` alone, as a flag gives it."""
    read = _reader(name)
    return text if read is None else read(text)


def _reader(name: str) -> Any:
    """Return what reads the texts of a setting that is written in a way of its own, such as 64,32; None for others."""
    for metadata in declared(name):
        if "read" in metadata:
            return metadata["read"]
        for constraint in metadata.get("constraints", ()):
            if isinstance(constraint, Many) and isinstance(constraint.item, Range) and constraint.item.kind is int:
                return lambda text: parse_units(text, name)
    return None


def overrides(sets: Sequence[str], flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a command line says: the flags that were given (texts of lists are read), and each NAME=VALUE.

    Raises
    ------
    ConfigError
        If a setting is given twice.
    """
    settings = {
        name: typed(name, value) if isinstance(value, str) else value
        for name, value in flags.items()
        if value is not None
    }
    given = {name: repr(flags[name]) for name in settings}
    for text in sets:
        name, value = parse_setting(text)
        if name in given:
            raise ConfigError(f"`{name}` to be given once", f"{given[name]}, and {text!r}", "Leave one of them out.")
        given[name] = repr(text)
        merge(settings, name, value)
    return settings
