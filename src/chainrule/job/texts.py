"""Texts that a person types for a setting become values."""

from __future__ import annotations

import re

from chainrule.errors import ConfigError


def parse_units(text: str, name: str = "hidden") -> tuple[int, ...]:
    """Return the whole numbers of `64,32`; an empty text or `0` is none at all, such as no hidden layer."""
    try:
        # Between two numbers a dash separates; before the first one it would be a sign.
        units = [int(part) for part in re.split(r"(?<=\d)\s*-|,", text.strip().strip("[]")) if part.strip()]
    except ValueError:
        units = [-1]
    if any(unit < 0 for unit in units) or (0 in units and units != [0]):
        raise ConfigError(f"whole numbers such as 64,32 for {name}", f"{text!r}", f"Write `{name}=64,32`.")
    return () if units == [0] else tuple(units)


def parse_size(text: str) -> tuple[int, int]:
    """Return height and width of `48` or `48x64`."""
    found = re.fullmatch(r"\s*\[?\s*(\d+)\s*(?:[x×,]\s*(\d+)\s*)?\]?\s*", text)
    if found is None:
        raise ConfigError("an image size such as 48 or 48x64, height first", f"{text!r}", "Write `image_size=48`.")
    return int(found[1]), int(found[2] or found[1])


def parse_part(text: str) -> float | str:
    """Return what valid and test name: a share of the rows, or a file."""
    try:
        return float(text)
    except ValueError:
        return text


def parse_words(text: str) -> tuple[str, ...]:
    """Return the words of `NA, -`; an empty text is none."""
    return tuple(word.strip() for word in text.split(",")) if text.strip() else ()


def parse_shares(text: str) -> tuple[float, ...]:
    """Return the shares of `0.8,0.95`."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise ConfigError("shares such as 0.8,0.95", f"{text!r}", "Write `coverage=0.8,0.95`.") from error
