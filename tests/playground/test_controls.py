"""What the library calls `task=regression` is told as a control of the page."""

from __future__ import annotations

import pytest

from chainrule.errors import ConfigError
from chainrule.playground.controls import in_controls
from chainrule.playground.wire import error_message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Choose another `target`.", "Choose another target."),
        ("or `task=regression` if", "or the task regression if"),
        ("try `learning_rate=0.1`", "try the learning rate 0.1"),
        ("or set `missing_target=drop`.", "or set missing_target=drop with `chainrule train`."),
        ("the kind of a column, `columns.NAME=category`, or", "the kind of a column, category, for example, or"),
        ("Use `chainrule train`.", "Use `chainrule train`."),
    ],
)
def test_settings_are_told_as_controls(text: str, told: str) -> None:
    assert in_controls(text) == told


def test_an_error_on_its_way_to_the_page_names_controls() -> None:
    assert (
        error_message(ConfigError("a", "b", "Set `dropout=0.5`."), "edit").content["remedy"] == "Set the dropout 0.5."
    )
