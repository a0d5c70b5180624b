"""Wide tables: columns that are looked at together are read as each of them alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from chainrule.sources.reading import wide
from chainrule.sources.reading.evidence import Evidence
from chainrule.sources.reading.notation import Number, Text
from chainrule.sources.reading.reading import TableReading, without_gaps
from chainrule.sources.reading.words import MISSING

ROWS = 12
CELLS = [
    *(["1.5", "2.25", "-3", "1e3"], ["7", "8", "900", "12345"], ["0", "1", "0", "1"], ["007", "12", "13", "14"]),
    *(
        ["1.234", "5.678", "9.000", "12"],
        ["12E5", "3E2", "1E1", "2E2"],
        ["1.5", "NA", "?", "2"],
        ["1", "two", "3", "4"],
    ),
    *(["9007199254740993", "1", "2", "3"], ["1", "inf", "2", "3"], ["1", "-", "2.5", "3"], ["1", None, "2", "3.5"]),
    *(["1,5", "2,5", "3", "4"], [None, None, None, None], ["0.0", "1", "0", "2"], ["a", "b", "c", "d"]),
]


def table(rng: np.random.Generator, n: int = 384) -> dict[str, pa.Array]:
    return {f"x{i}": pa.array([CELLS[i // 24][j] for j in rng.integers(0, 4, ROWS)], pa.string()) for i in range(n)}


def state(evidence: Evidence) -> dict[str, Any]:
    return vars(evidence) | {"numbers": vars(evidence.numbers), "dates": vars(evidence.dates)}


@pytest.mark.parametrize("seed", range(5))
def test_what_is_found_together_is_what_is_found_in_each(seed: int) -> None:
    columns = table(np.random.default_rng(seed))
    together, alone = ({name: Evidence() for name in columns} for _ in range(2))
    wide.add_all(together, columns, MISSING)
    for name, column in columns.items():
        alone[name].add(without_gaps(column, MISSING))
    assert {name: state(one) for name, one in together.items()} == {name: state(one) for name, one in alone.items()}


@pytest.mark.parametrize("seed", range(5))
def test_values_that_are_read_together_are_those_of_each(seed: int) -> None:
    columns = table(np.random.default_rng(seed))
    reading = TableReading(None, {name: Text() if i % 24 > 22 else Number() for i, name in enumerate(columns)})
    together = wide.plain_columns(reading, columns)
    assert len(together) > 10
    for name, values in together.items():
        alone = reading.read(name, columns[name])
        assert (values.dtype, alone.odd, alone.words) == (alone.values.dtype, None, {})
        np.testing.assert_array_equal(values, alone.values)


def test_few_columns_and_long_ones_are_looked_at_one_by_one() -> None:
    assert [wide.is_wide(10, 100), wide.is_wide(10, 3), wide.is_wide(100_000, 100)] == [True, False, False]
