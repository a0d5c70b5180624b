"""Columns of numbers together: the same kinds, encoders, findings and bits as one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chainrule.encode import together
from chainrule.encode.choices import ChoiceTable
from chainrule.encode.encoder import Findings
from chainrule.encode.table import column_kinds, fit_table


def frame(rng: np.random.Generator, n: int) -> pd.DataFrame:
    columns = {
        f"x{i}": rng.normal(size=n) * 10.0 ** rng.integers(-300, 300) if i % 5 else rng.integers(-9, 9, n)
        for i in range(30)
    }
    table = pd.DataFrame(columns | {"same": 2.5, "flag": rng.integers(0, 2, n), "big": rng.choice([1e300, -1e300], n)})
    table.iloc[rng.integers(0, n, 3), rng.integers(0, 30, 3)] = np.nan
    table.loc[1, "x7"] = np.inf
    return table


@pytest.mark.parametrize("n", [3, 60, 300, 2000])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"scaling": "robust"},
        {"scaling": {"x1": "minmax"}, "winsorise": 0.05},
        {"scaling": {"x1": "quantile", "x2": "smooth"}},
    ],
)
def test_together_is_one_by_one(n: int, settings: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    table, choices = frame(np.random.default_rng(n), n), ChoiceTable(settings)

    def prepared() -> tuple[object, ...]:
        kinds = column_kinds(table, "", {})
        encoding, findings = fit_table(table, kinds, choices), Findings()
        return kinds, encoding, encoding.encode(table, None, findings).tobytes(), findings

    found = prepared()
    monkeypatch.setattr(together, "_MANY", 10**9)
    assert found == prepared()


def test_many_columns_do_go_together() -> None:
    table = frame(np.random.default_rng(0), 60)
    assert len(together.fitted(table, [name for name in table if name != "flag"])) > 20
