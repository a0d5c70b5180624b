"""The session: every command, what it answers, and what it leaves alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.playground.commands import handle
from chainrule.playground.protocol import COMMANDS, command_from
from chainrule.playground.session import Session
from chainrule.playground.spec import Spec, spec_to_json
from chainrule.playground.wire import decode, encode
from chainrule.sources.source import read_table
from chainrule.tree import leaf
from tests.playground.conftest import Asking


def _flat(ask: Asking) -> np.ndarray:
    return ask.session.learner.trainer.params.flat.copy()


def test_hello_is_answered_by_the_catalogue_and_the_state(ask: Asking) -> None:
    welcome, state = handle(ask.session, command_from({"type": "hello"}))
    assert (welcome.type, state.type) == ("welcome", "state")
    content = json.loads(encode(welcome))
    names = [entry["name"] for entry in content["catalogue"]["datasets"]]
    for name in (
        "circle",
        "xor",
        "gaussians",
        "spiral",
        "plane",
        "six_gaussians",
        "iris",
        "wine",
        "digits",
        "faces",
        "drawn",
    ):
        assert name in names
    assert {"gradient_descent", "momentum", "adam"} <= {rule["name"] for rule in content["catalogue"]["optimizers"]}
    assert content["defaults"] == spec_to_json(Spec())


def test_the_state_says_where_each_number_of_its_buffers_belongs(ask: Asking) -> None:
    wire = encode(ask.session.state())
    assert isinstance(wire, bytes)
    header, buffers = decode(wire)
    shapes = {item["name"]: item["shape"] for item in header["layout"]}
    assert shapes == {"train_xy": [250, 2], "train_t": [250], "test_xy": [250, 2], "test_t": [250]}
    assert [len(raw) for raw in buffers] == [4 * int(np.prod(shape)) for shape in shapes.values()]
    assert [item["name"] for item in header["network"]["parameters"]] == [
        "hidden1.W",
        "hidden1.b",
        "hidden2.W",
        "hidden2.b",
        "output.W",
        "output.b",
    ]
    assert header["network"]["n_parameters"] == 28
    assert header["data"]["hash"] == ask.session.sha256


def test_every_command_of_the_protocol_has_a_handler() -> None:
    from chainrule.playground.commands import HANDLERS

    assert set(HANDLERS) == set(COMMANDS.values())


def test_a_learning_setting_changes_while_it_runs_and_resets_nothing(ask: Asking) -> None:
    ask.train(5)
    before, epoch = _flat(ask), ask.session.learner.trainer.position.epoch
    for path, value in [
        ("learning_rate", 0.3),
        ("optimizer", "momentum"),
        ("optimizer_settings.momentum", 0.5),
        ("schedule", "step"),
        ("l1", 0.001),
        ("l2", 0.01),
        ("batch_size", 3),
        ("layers.0.dropout", 0.2),
        ("stop.epochs", 1000),
        ("view.axes", [1, 0]),
        ("view.discretise", True),
    ]:
        assert ask("set", path=path, value=value).type == "state", path
        assert np.array_equal(_flat(ask), before), path
    assert ask.session.learner.trainer.position.epoch == epoch
    ask.train(1)
    assert not np.array_equal(_flat(ask), before)


def test_a_wrong_setting_changes_nothing_and_says_what_to_do(ask: Asking) -> None:
    before = ask.session.spec
    for path, value in [
        ("learning_rate", -1),
        ("inputs", ["import os"]),
        ("data.name", "nothing"),
        ("view.axes", [0, 7]),
    ]:
        answer = ask("set", path=path, value=value, id=9)
        assert answer.type == "error", path
        assert answer.content["id"] == 9
        assert answer.content["remedy"]
        assert ask.session.spec == before


def test_more_units_keep_the_weights_of_the_others(ask: Asking) -> None:
    ask.train(3)
    before = {
        name: np.array(leaf(ask.session.learner.trainer.params, name))
        for name in ("hidden1.W", "hidden2.W", "output.W")
    }
    ask("set", path="layers.0.units", value=6)
    after = ask.session.learner.trainer.params
    assert np.array_equal(after["hidden1"]["W"][:, :4], before["hidden1.W"])
    assert np.array_equal(after["hidden2"]["W"][:4], before["hidden2.W"])
    assert np.array_equal(after["output"]["W"], before["output.W"])


def test_a_layer_that_comes_or_goes_keeps_those_behind_it(ask: Asking) -> None:
    ask("add_layer", at=2)
    ask.train(2)
    params = ask.session.learner.trainer.params
    second, third = params["hidden2"]["b"].copy(), params["hidden3"]["W"].copy()
    ask("add_layer", at=0)
    moved = ask.session.learner.trainer.params
    assert np.array_equal(moved["hidden4"]["W"], third)
    ask("remove_layer", at=0)
    back = ask.session.learner.trainer.params
    assert np.array_equal(back["hidden2"]["b"], second)
    assert np.array_equal(back["hidden3"]["W"], third)
    assert ask("remove_layer", at=9).type == "error"
    for _ in range(3):
        ask("remove_layer")
    assert ask.session.spec.layers == ()
    ask.train(1)
    assert ask("remove_layer").type == "error"
    ask("add_layer")
    assert len(ask.session.spec.layers) == 1


def test_an_input_that_comes_keeps_the_weights_of_the_others(ask: Asking) -> None:
    ask.train(2)
    before = ask.session.learner.trainer.params["hidden1"]["W"].copy()
    ask("set", path="inputs", value=["sin(x1)", "x2", "x1"])
    after = ask.session.learner.trainer.params["hidden1"]["W"]
    assert np.array_equal(after[2], before[0])
    assert np.array_equal(after[1], before[1])


def test_reset_draws_other_weights_and_rewind_the_same(ask: Asking) -> None:
    initial = _flat(ask)
    ask.train(2)
    ask("rewind")
    assert np.array_equal(_flat(ask), initial)
    ask("reset")
    assert not np.array_equal(_flat(ask), initial)
    assert ask.session.spec.init_seed == 2
    ask("reset", seed=1)
    assert np.array_equal(_flat(ask), initial)


def test_steps_pause_what_runs(ask: Asking) -> None:
    ask("run")
    ask("step", unit="batch")
    assert not ask.session.running
    answer = ask("step", unit="substep")
    assert answer.type == "substep"
    assert answer.content["position"]["substep"] == "forward"


def test_going_back_and_to_an_epoch(ask: Asking) -> None:
    ask.train(6)
    epochs = ask("back").content["checkpoints"]
    assert epochs[-1] >= 5
    ask("goto", checkpoint=3)
    assert ask.session.learner.trainer.position.epoch == 3
    assert ask("goto", checkpoint=3000).type == "error"


def test_points_are_drawn_while_the_network_goes_on(ask: Asking) -> None:
    ask("points", add=[[1, 2, 0], [2, -2, 1], [0, 1, 0], [3, 3, 1]])
    assert ask.session.spec.data.name == "drawn"
    ask.train(2)
    before, epoch = _flat(ask), ask.session.learner.trainer.position.epoch
    initial = ask.session.learner.initial.weights
    ask("points", add=[[-1, -2, 1]])
    assert np.array_equal(_flat(ask), before)
    assert ask.session.learner.trainer.position.epoch == epoch
    ask("rewind")
    assert np.array_equal(_flat(ask), initial)
    ask("points", add=[[0, 0, 2]])
    assert ask.session.scene.data.target.classes == ("0", "1", "2")
    assert ask("points", add=[[0, 0, 0.5]]).type == "error"
    assert len(ask.session.drawn) == 6
    ask("points", clear=True)
    assert ask.session.drawn == []
    ask.train(1)


def test_probing_a_point_and_a_row(ask: Asking) -> None:
    answer = ask("probe", x=[1.0, -2.0]).content
    assert answer["inputs"] == [1.0, -2.0]
    assert [len(answer["units"][name]) for name in ("hidden1", "hidden2", "output")] == [4, 2, 2]
    assert sum(answer["units"]["output"]) == pytest.approx(1)
    row = ask("probe", row=3, part="test").content
    assert row["target"] in (0.0, 1.0)
    assert row["cost"] > 0
    assert ask("probe", row=10_000).type == "error"
    assert ask("probe").type == "error"


def test_a_cell_of_the_confusion_matrix_has_the_rows_that_it_counts(ask: Asking) -> None:
    table = ask.session.learner.test.confusion
    assert table is not None
    for true in (0, 1):
        for predicted in (0, 1):
            answer = ask("cell", true=true, predicted=predicted).content
            assert answer["total"] == table[true, predicted]
            assert len(answer["rows"]) == min(60, answer["total"])
    assert ask("cell", true=0, predicted=7).type == "error"
    ask("set", path="data.name", value="plane")
    assert ask("cell", true=0, predicted=0).type == "error"


def test_a_cell_of_pictures_shows_them(ask: Asking) -> None:
    ask("set", path="data.name", value="digits")
    wire = encode(ask("cell", true=3, predicted=int(ask.session.learner.test.confusion[3].argmax()), part="test"))  # type: ignore[index]
    assert isinstance(wire, bytes)
    header, (pixels,) = decode(wire)
    assert header["picture"] == [8, 8]
    assert len(pixels) == 64 * len(header["rows"]) > 0


def test_a_cell_of_a_table_shows_its_cells(ask: Asking, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "size,colour,kind\n" + "".join(f"{i % 7}.5,{'red' if i % 2 else ''},{'ab'[i % 2]}\n" for i in range(40))
    )
    ask.session.add_source(read_table(path))
    ask("set", path="data.name", value="upload:1")
    answer = ask("cell", true=0, predicted=int(ask.session.learner.train.confusion[0].argmax()), part="train").content  # type: ignore[index]
    assert answer["columns"] == ["row", "size", "colour", "kind"]
    assert all(row[3] == "a" and row[2] == "" for row in answer["rows"])


def test_kept_runs_stay_with_their_curves(ask: Asking) -> None:
    ask.train(3)
    ask("keep_run", name="plain")
    ask("rewind")
    runs = ask.session.state().content["history"]["runs"]
    assert [run["name"] for run in runs] == ["this run", "plain"]
    assert runs[1]["epochs"][-1] >= 3
    assert runs[0]["epochs"] == [0]
    assert ask("drop_run", run=99).type == "error"
    ask("drop_run", run=runs[1]["id"])
    assert len(ask.session.state().content["history"]["runs"]) == 1


def test_a_race_ends_with_its_curves_and_a_verdict(ask: Asking) -> None:
    assert ask("race", optimizers=["nothing"]).type == "error"
    ask("race", optimizers=["gradient_descent", "adam"], epochs=3)
    assert ask.session.is_busy
    while ask.session.is_busy:
        ask.session.advance(0.01)
    news = ask.session.news()
    assert "adam" in next(item for item in news if item.type == "event").content["text"]
    runs = next(item for item in news if item.type == "history").content["runs"]
    assert [run["name"] for run in runs] == ["circle: gradient_descent", "circle: adam"]
    assert runs[0]["train"][0] == runs[1]["train"][0]


def test_a_run_that_explodes_pauses_and_tells(ask: Asking) -> None:
    ask("spec", spec={"data": {"name": "plane"}, "layers": [{"activation": "identity"}], "learning_rate": 100.0})
    ask("run")
    for _ in range(200):
        ask.session.advance(0.01)
        if not ask.session.running:
            break
    assert not ask.session.running
    assert "exploded" in {message.content.get("kind") for message in ask.session.news()}


@pytest.mark.parametrize("name", ["iris", "wine", "digits", "faces", "diabetes"])
def test_real_data_find_their_inputs_and_axes(ask: Asking, name: str) -> None:
    ask("set", path="data.samples", value=100)
    assert ask("set", path="data.name", value=name).type == "state"
    assert ask.session.spec.inputs == ("all",)
    ask("step")
    state = ask.session.state().content
    assert len(state["network"]["inputs"]) == len(state["data"]["base"])
    ask("set", path="data.name", value="circle")
    assert ask.session.spec.inputs == ("x1", "x2")
    assert ask.session.spec.view.axes == (0, 1)


def test_slices_and_components_of_a_table_change_only_the_view(ask: Asking) -> None:
    ask("set", path="data.name", value="iris")
    ask.train(2)
    before = _flat(ask)
    ask("set", path="view.axes", value=[2, 3])
    ask("set", path="view.slices", value={"x1": 1.5})
    ask("set", path="view.axes", value="pca")
    assert np.array_equal(_flat(ask), before)


def test_a_shared_spec_makes_the_same_network(ask: Asking) -> None:
    ask("set", path="data.name", value="spiral")
    ask("set", path="layers.0.units", value=8)
    ask("set", path="inputs", value=["x1", "x2", "sin(x1)"])
    ask("reset")
    other = Asking(Session())
    other("spec", spec=json.loads(json.dumps(spec_to_json(ask.session.spec))))
    ask.session.learner.step("epoch")
    other.session.learner.step("epoch")
    assert np.array_equal(_flat(other), _flat(ask))


@pytest.mark.parametrize(
    "change", [{"optimizer": "adam"}, {"layers": [{"units": 5, "dropout": 0.4}], "dtype": "float32"}]
)
def test_a_saved_session_goes_on_with_the_same_bits(change: dict[str, Any]) -> None:
    ask = Asking(Session())
    ask("spec", spec=change)
    for _ in range(3):
        ask("step")
    ask("step", unit="batch")
    saved = json.loads(ask("save").buffers[0])
    ask("step")
    after = _flat(ask)
    other = Asking(Session())
    assert other("open", session=saved).type == "state"
    assert other.session.learner.trainer.position.sample == 10
    other("step")
    assert np.array_equal(_flat(other), after)
    other("rewind")
    ask("rewind")
    assert np.array_equal(_flat(other), _flat(ask))


def test_a_saved_session_knows_its_table_again_by_its_numbers(ask: Asking, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("size,kind\n" + "".join(f"{i % 7}.5,{'ab'[i % 2]}\n" for i in range(40)))
    ask.session.add_source(read_table(path))
    ask("set", path="data.name", value="upload:1")
    saved = json.loads(ask("save").buffers[0])
    other = Asking(Session())
    assert "upload" in other("open", session=saved).content["remedy"].lower()
    assert other.session.spec.data.name == "circle"
    path2 = tmp_path / "u.csv"
    path2.write_text("size,kind\n" + "".join(f"{i % 5}.5,{'ab'[i % 2]}\n" for i in range(40)))
    other.session.add_source(read_table(path2))
    assert other("open", session=saved).type == "error"
    other.session.add_source(read_table(path))
    assert other("open", session=saved).type == "state"
    assert other.session.spec.data.name == "upload:2"


@pytest.mark.parametrize(
    "damage",
    [
        {"format": "other"},
        {"version": 2},
        {"extra": 1},
        {"spec": {"learning_rate": -1}},
        {"spec": []},
        {"sha256": "0"},
        {"position": {"epoch": 1}},
        {"position": {"epoch": -1, "sample": 0, "step": 0}},
        {"position": {"epoch": 1, "sample": 9999, "step": 0}},
        {"rule_step": "1"},
        {"seconds": "long"},
        {"weights": {}},
        {"weights": []},
        {"initial": {"hidden1.W": [[1]]}},
        {"moments": []},
        {"moments": {"mean": {}}},
        {"drawn": [[1]]},
        {"drawn": 3},
    ],
)
def test_a_damaged_session_is_refused_and_changes_nothing(ask: Asking, damage: dict[str, Any]) -> None:
    ask.train(1)
    before, spec = _flat(ask), ask.session.spec
    saved = json.loads(ask("save").buffers[0]) | damage
    assert ask("open", session=saved).type == "error"
    assert np.array_equal(_flat(ask), before)
    assert ask.session.spec == spec


def test_weights_of_a_damaged_session_are_looked_at(ask: Asking) -> None:
    saved = json.loads(ask("save").buffers[0])
    for wrong in ([[1, 2], [3, 4]], [["a"] * 4] * 2, [[None] * 4] * 2, [[1, 2], [3]]):
        damaged = json.loads(json.dumps(saved))
        damaged["weights"]["hidden1.W"] = wrong
        assert ask("open", session=damaged).type == "error"


def test_an_uploaded_table_is_described_and_used(ask: Asking) -> None:
    table = b"age,colour,bought\n" + b"".join(
        b"%d,%s,%s\n" % (20 + i, b"rg"[i % 2 : i % 2 + 1], b"yn"[i % 2 : i % 2 + 1]) for i in range(40)
    )
    answer = handle(ask.session, command_from({"type": "upload", "name": "shop.csv"}, [table]))[0]
    assert answer.type == "uploaded"
    assert answer.content["target"] == "bought"
    assert [column["name"] for column in answer.content["columns"]] == ["age", "colour", "bought"]
    ask("set", path="data", value={"name": answer.content["upload"], "target": "colour", "kinds": {"age": "category"}})
    assert ask.session.scene.data.target.name == "colour"
    for i in range(10):
        assert handle(ask.session, command_from({"type": "upload", "name": f"{i}.csv"}, [table]))[0].type == "uploaded"
    assert len(ask.session.sources) == 8
    assert "upload:1" in ask.session.sources
