"""Codes of texts among names."""

from __future__ import annotations

import pandas as pd
import pytest

from chainrule.encode.codes import codes_of


def codes(cells: list[str | None], names: list[str]) -> list[int]:
    return codes_of(pd.Series(cells, dtype=object), names).tolist()


def test_a_text_has_the_place_of_its_name_and_others_have_none() -> None:
    assert codes(["b", "a", "c", None], ["a", "b"]) == [1, 0, -1, -1]


@pytest.mark.parametrize(("cell", "names"), [("2", ["1.0", "2.0", "low"]), ("2.0", ["1", "2"]), ("-7", ["x", "-7.0"])])
def test_a_whole_number_is_the_same_with_a_fraction_of_nothing(cell: str, names: list[str]) -> None:
    assert codes([cell], names) == [1]


def test_versions_and_codes_stay_apart() -> None:
    assert codes(["3.1", "3.10", "250.0", "250"], ["3.10", "3.1", "250", "250.0"]) == [1, 0, 3, 2]
    assert codes(["250.00"], ["250", "250.0"]) == [-1]
