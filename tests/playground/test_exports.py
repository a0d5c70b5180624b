"""Exports: what leaves the Playground is run again, and comes to the same numbers."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.playground.session import Session
from chainrule.saved.file import load_model
from chainrule.tree import leaf
from tests.playground.conftest import Asking


def _saved(ask: Asking, path: Path, kind: str) -> Path:
    path.write_bytes(ask("export", kind=kind).buffers[0])
    return path


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {
            "optimizer": "adam",
            "schedule": "cosine",
            "layers": [{"units": 5, "dropout": 0.3}],
            "l2": 0.01,
            "stop": {"epochs": 40},
        },
        {"data": {"name": "plane"}, "optimizer": "momentum", "l1": 0.001, "batch_size": 7, "dtype": "float32"},
        {"data": {"name": "iris"}, "inputs": ["x1", "x2*x3"], "layers": [], "optimizer": "adamw"},
        {"data": {"name": "clouds"}, "inputs": ["x1", "sin(x2)"], "loss": "squared_error", "schedule": "step"},
    ],
)
def test_the_script_goes_on_to_the_same_weights(spec: dict[str, Any], tmp_path: Path) -> None:
    ask = Asking(Session())
    assert ask("spec", spec=spec).type == "state"
    ask("step")
    ask("step", unit="batch")
    script = runpy.run_path(str(_saved(ask, tmp_path / "goes_on.py", "python")))
    weights = script["train"](3)
    for _ in range(3):
        ask("step")
    for name, value in weights.items():
        assert np.array_equal(value, leaf(ask.session.learner.trainer.params, name)), name


def test_the_script_runs_by_itself(ask: Asking, tmp_path: Path) -> None:
    path = _saved(ask, tmp_path / "goes_on.py", "python")
    done = subprocess.run([sys.executable, str(path), "2"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "epoch 2: mean cost" in done.stdout
    assert "accuracy" in done.stdout


@pytest.mark.parametrize("name", ["circle", "plane", "iris", "digits", "faces"])
def test_a_model_file_predicts_what_the_playground_shows(name: str, tmp_path: Path) -> None:
    ask = Asking(Session())
    ask("spec", spec={"data": {"name": name, "samples": 80}, "inputs": ["x1", "x2", "x1*x2"]})
    if name == "iris":
        ask("set", path="inputs", value=["all"])
    ask("step")
    model = load_model(_saved(ask, tmp_path / "m.chainrule", "model"))
    scene = ask.session.scene
    x = scene.x.reshape(-1, *model.network.input_shape)
    y = scene.units(ask.session.learner.trainer.params, scene.x)["output"]
    assert np.allclose(
        model.outputs_of(x), y * model.preparation.target.scale + model.preparation.target.mean, atol=1e-4
    )
    if scene.data.cells is not None:
        shown = model.outputs(scene.data.cells.frame, samples=scene.data.cells.samples)
        assert np.allclose(shown, y * model.preparation.target.scale + model.preparation.target.mean, atol=1e-4)


def test_a_model_file_on_formulas_reads_a_table_of_them(ask: Asking, tmp_path: Path) -> None:
    import pandas as pd

    ask("set", path="inputs", value=["x1", "x1^2"])
    ask("step")
    model = load_model(_saved(ask, tmp_path / "m.chainrule", "model"))
    assert model.preparation.used == ["x1", "x1^2"]
    y = model.outputs(pd.DataFrame({"x1": [1.0, -2.0], "x1^2": [1.0, 4.0]}))
    units = ask.session.scene.units(ask.session.learner.trainer.params, np.array([[1.0, 1.0], [-2.0, 4.0]]))
    assert np.allclose(y, units["output"], atol=1e-6)


def test_data_too_large_for_a_script_are_answered(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainrule.playground.script._MOST_NUMBERS", 100)
    answer = ask("export", kind="python")
    assert answer.type == "error"
    assert "model file" in answer.content["remedy"]


@pytest.mark.parametrize("of", ["batch", "all", {"row": 3}, {"row": 2, "part": "test"}])
@pytest.mark.parametrize(
    "spec", [{}, {"layers": [{"units": 3, "dropout": 0.5, "activation": "relu"}], "l2": 0.1, "optimizer": "adam"}]
)
def test_a_derivation_is_proven_by_its_finite_difference(of: Any, spec: dict[str, Any]) -> None:
    ask = Asking(Session())
    ask("spec", spec=spec)
    ask("step")
    for param, index in (("hidden1.W", [1, 2]), ("output.b", [0])):
        answer = ask("derive", param=param, index=index, of=of)
        assert answer.type == "derivation", answer.content
        check = answer.content["derivation"]["check"]
        assert check["relative_error"] < 1e-6


def test_the_derivation_of_a_batch_is_the_gradient_of_the_step_that_comes(ask: Asking) -> None:
    ask("spec", spec={"layers": [{"units": 3, "dropout": 0.5}], "l2": 0.1})
    derivation = ask("derive", param="hidden1.W", index=[1, 2], of="batch").content["derivation"]
    before = leaf(ask.session.learner.trainer.params, "hidden1.W")[1, 2]
    ask("step", unit="batch")
    after = leaf(ask.session.learner.trainer.params, "hidden1.W")[1, 2]
    assert before - 0.03 * derivation["check"]["analytic"] == pytest.approx(after, rel=1e-9)


def test_a_derivation_names_the_network_that_it_is_of_as_frames_do(ask: Asking) -> None:
    before = ask("derive", param="hidden1.W", index=[1, 2], of="all").content["serial"]
    assert before == ask.session.snapshot().serial
    ask("edit", param="output.b", index=[0], value=0.5)
    assert ask.session.snapshot().serial > before
    assert ask("derive", param="hidden1.W", index=[1, 2], of="all").content["serial"] == ask.session.snapshot().serial


def test_the_derivation_of_an_output(ask: Asking) -> None:
    answer = ask("derive", output=1, of={"row": 0})
    assert answer.type == "derivation"
    assert answer.content["derivation"]["check"]["relative_error"] < 1e-6


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"param": "hidden9.W", "index": [0, 0]},
        {"param": "hidden1.W", "index": [0]},
        {"param": "hidden1.W", "index": [9, 9]},
        {"output": 7},
        {"param": "hidden1.W", "index": [0, 0], "of": {"row": 100_000}},
        {"param": "hidden1.W", "index": [0, 0], "of": {"row": -1}},
        {"param": "hidden1.W", "index": [0, 0], "of": {"row": 1, "part": "valid"}},
        {"param": "hidden1.W", "index": [0, 0], "of": {"column": 1}},
    ],
)
def test_what_is_not_there_cannot_be_derived(ask: Asking, asked: dict[str, Any]) -> None:
    assert ask("derive", **asked).type == "error"


@pytest.mark.parametrize(("kind", "start"), [("html", b"<!doctype html>"), ("latex", b"\\documentclass")])
def test_a_worksheet_with_and_without_its_solution(ask: Asking, kind: str, start: bytes) -> None:
    ask("step")
    asked = {"kind": kind, "param": "hidden1.W", "index": [0, 2], "of": {"row": 3}}
    solved, blank = (ask("export", **asked, solution=solution).buffers[0] for solution in (True, False))
    assert solved.startswith(start)
    assert blank.startswith(start)
    assert solved != blank
    assert ask("export", kind=kind).type == "error"
