"""The front of a network of a table: which columns go in which way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.choices import ChoiceTable
from chainrule.encode.encoder import Findings
from chainrule.encode.sparse import as_dense
from chainrule.encode.table import TableEncoding, column_kinds, fit_table
from chainrule.errors import ConfigError
from chainrule.network import Network
from chainrule.nn import Columns, PiecewiseLinear, Scale, Sequential, SoftmaxCrossEntropy
from chainrule.recipes import Front, fronted, mlp

N = 300


def table() -> tuple[TableEncoding, np.ndarray]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "price": np.where(rng.random(N) < 0.1, np.nan, np.exp(rng.normal(size=N))),
            "a.town": rng.choice([f"town {i}" for i in range(14)], N),
            "colour": rng.choice(["red", "green", "blue"], N),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 900, N), "D"),
            "smoker": rng.choice(["yes", "no"], N),
            "class": rng.choice(["u", "v"], N),
        }
    )
    encoding = fit_table(frame, column_kinds(frame, "class", {}), ChoiceTable({"scaling": "smooth"}))
    return encoding, as_dense(encoding.encode(frame, None, Findings()))


def sorted_out(**choices: Any) -> tuple[dict[str, list[str]], Columns]:
    encoding, x = table()
    layers = dict(Front(**choices).layers(encoding.encoders, x))
    columns = layers["columns"]
    assert isinstance(columns, Columns)
    names = encoding.features
    read = {name: [names[i] for i in own] for name, own in zip(columns.names, columns.inputs, strict=True)}
    return read, columns


def test_numbers_get_bins_wide_categories_a_vector_and_the_rest_passes() -> None:
    read, columns = sorted_out(numbers="bins", bins=4)
    assert read["numbers"] == ["price", "when"]
    assert len(read["category1"]) == 14
    assert all(name.startswith("a.town = ") for name in read["category1"])
    assert read["others"][:4] == ["price is missing", "colour = blue", "colour = green", "colour = red"]
    assert len([name for own in read.values() for name in own]) == table()[1].shape[1]
    assert isinstance(columns.parts[0], PiecewiseLinear)
    assert columns.output_shape((table()[1].shape[1],)) == (4 + 4 + 8 + len(read["others"]),)


def test_a_category_of_few_stays_as_its_indicators() -> None:
    read, _ = sorted_out(numbers="waves", most_indicators=14)
    assert set(read) == {"numbers", "others"}


def test_where_all_goes_in_as_it_is_there_is_no_front() -> None:
    encoding, x = table()
    assert Front(most_indicators=20).layers(encoding.encoders, x) == []
    assert Front(most_indicators=20, scaled=True).layers(encoding.encoders, x) == [("scale", Scale())]


def test_what_is_embedded_is_told() -> None:
    encoding, _ = table()
    assert Front().notes(encoding.encoders) == [
        "categories of more than 9 indicators become vectors of 8 learned values: a.town (14)"
    ]
    assert Front(most_indicators=14).notes(encoding.encoders) == []


@pytest.mark.parametrize("numbers", ["plain", "bins", "waves"])
def test_a_network_behind_a_front_learns(numbers: str) -> None:
    encoding, x = table()
    loss, t = SoftmaxCrossEntropy(), (x[:, 0] > 0.3).astype(int)
    front = Front(numbers=numbers, scaled=True).layers(encoding.encoders, x)
    body = mlp((8,), [8], 2, loss).layer
    network = Network(fronted(front, body), (x.shape[1],), loss)
    assert isinstance(network.layer, Sequential)
    assert network.layer.names[-3:] == ("hidden1", "relu1", "output")
    fitted = network.fit(x, t, epochs=20, engine="numpy", learning_rate=0.01)
    assert fitted.history.cost[-1] < 0.7 * fitted.history.cost[0]


def test_inputs_that_are_not_those_of_the_columns_are_refused() -> None:
    from scipy.sparse import csr_matrix

    encoding, x = table()
    for wrong in (x[:, 1:], csr_matrix(x)):
        with pytest.raises(ConfigError, match=f"the {x.shape[1]} prepared inputs"):
            Front(numbers="bins").layers(encoding.encoders, wrong)


@pytest.mark.parametrize("choices", [{"numbers": "bin"}, {"bins": 0}, {"embedding": 0}, {"sigma": 0.0}], ids=str)
def test_a_choice_that_is_none_is_refused(choices: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(choices))):
        Front(**choices)
