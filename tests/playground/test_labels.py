"""True labels: units of the data, axes that are numbers, conditions to stop that let one go on, networks that suit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chainrule.playground.spec import DEFAULT
from chainrule.sources.source import Source
from tests.playground.conftest import Asking


def _table(rows: int = 120) -> Source:
    rng = np.random.default_rng(0)
    colours = rng.choice(["red", "green", "blue", "blue"], rows)
    frame = pd.DataFrame(
        {
            "colour": colours,
            "shape": rng.choice(["round", "flat", "flat"], rows),
            "length": rng.normal(250, 40, rows),
            "mass": rng.normal(3, 1, rows),
            "kind": np.where(colours == "red", "plum", "pear"),
        }
    )
    return Source("fruit.csv", frame)


@pytest.fixture
def fruit(ask: Asking) -> Asking:
    """Return a session that trains on a table with categories."""
    upload = ask.session.add_source(_table()).content["upload"]
    assert ask("set", path="data.name", value=upload).type == "state"
    return ask


def test_axes_are_columns_of_numbers_in_the_datas_own_units(fruit: Asking) -> None:
    data = fruit("pause").content["data"]
    assert (data["axes"]["x"], data["axes"]["y"]) == ("length", "mass")
    ends = [
        [offset + scale * end for end in data["domain"][axis]]
        for axis, (offset, scale) in zip("xy", data["axes"]["units"], strict=True)
    ]
    frame = _table().frame
    for (low, high), name in zip(ends, ("length", "mass"), strict=True):
        assert frame[name].min() - 20 < low < frame[name].quantile(0.1)
        assert frame[name].quantile(0.9) < high < frame[name].max() + 20
    assert data["title"] == "fruit.csv"


def test_a_table_of_categories_alone_is_seen_along_its_components(ask: Asking) -> None:
    source = Source("fruit.csv", _table().frame[["colour", "shape", "kind"]])
    upload = ask.session.add_source(source).content["upload"]
    state = ask("set", path="data.name", value=upload)
    assert state.content["spec"]["view"]["axes"] == "pca"
    assert not any(column["is_number"] for column in state.content["data"]["base"])


def test_a_category_that_is_held_still_is_the_most_frequent_one(fruit: Asking) -> None:
    columns = fruit.session.scene.data.columns
    held = [column.label for column in columns if not column.is_number and column.middle == 1]
    assert len(held) == 2
    assert any("blue" in label for label in held)
    assert any("flat" in label for label in held)


def test_an_upload_suits_its_network_and_one_that_was_chosen_stays(ask: Asking) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 20)), columns=[f"c{i}" for i in range(20)])
    frame["class"] = rng.integers(0, 8, 200).astype(str)
    upload = ask.session.add_source(Source("wide.csv", frame)).content["upload"]
    layers = ask("set", path="data.name", value=upload).content["spec"]["layers"]
    # No layer is narrower than the eight classes.
    assert [layer["units"] for layer in layers] == [16, 10]
    ask("set", path="data.name", value="circle")
    ask("spec", spec={"layers": [{"units": 3}]})
    assert [layer["units"] for layer in ask("set", path="data.name", value=upload).content["spec"]["layers"]] == [3]
    assert ask("spec", spec={}).content["spec"]["layers"][0]["units"] == DEFAULT.layers[0].units


def test_what_was_chosen_for_one_table_is_not_asked_of_another(fruit: Asking) -> None:
    fruit("set", path="data.target", value="length")
    state = fruit("set", path="data.name", value="iris")
    assert state.type == "state"
    assert state.content["spec"]["data"]["target"] is None


def test_the_target_is_guessed_as_in_training(ask: Asking) -> None:
    frame = _table().frame[["kind", "length", "mass"]].rename(columns={"kind": "label"})
    assert ask.session.add_source(Source("t.csv", frame)).content["target"] == "label"
    named = Source("t.csv", frame, target="mass")
    assert ask.session.add_source(named).content["target"] == "mass"


@pytest.mark.parametrize(
    ("stop", "value"), [("stop.epochs", 4), ("stop.cost", 0.69), ("stop.seconds", 0.02)], ids=["epochs", "cost", "s"]
)
def test_after_a_stop_training_can_go_on(ask: Asking, stop: str, value: float) -> None:
    ask("set", path=stop, value=value)
    ask("run")
    while ask.session.running:
        ask.session.advance(0.002)
    at = ask.session.learner.trainer.position.epoch
    ask("run")
    for _ in range(20):
        ask.session.advance(0.005)
    assert ask.session.running
    assert ask.session.learner.trainer.position.epoch > at + 1
    # From the start it holds again.
    ask("rewind")
    ask("run")
    while ask.session.running:
        ask.session.advance(0.002)
    if stop == "stop.epochs":
        assert ask.session.learner.trainer.position.epoch == at == 4


def test_two_ways_to_write_a_power_are_one_input(ask: Asking) -> None:
    state = ask("set", path="inputs", value=["x1", "x1**2"])
    assert state.content["spec"]["inputs"] == ["x1", "x1^2"]
    assert ask("set", path="inputs", value=["x1^2", "x1**2"]).type == "error"


def test_a_drawn_picture_is_answered(ask: Asking) -> None:
    ask("spec", spec={"data": {"name": "digits"}})
    x = ask.session.scene.data.x[ask.session.scene.data.train[0]]
    drawn, row = ask("probe", columns=x.tolist()), ask("probe", row=0)
    assert drawn.content["units"] == row.content["units"]
    wrong = ask("probe", columns=[0.0] * 5)
    assert wrong.content["expected"] == "64 columns"
