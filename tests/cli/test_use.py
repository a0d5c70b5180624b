"""`predict`, `evaluate`, `inspect`, `datasets` and `--version`: using what was trained."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import chainrule as package
from chainrule.cli.main import main
from chainrule.job.config import config_from
from chainrule.job.folder import RunFolder
from chainrule.job.train import Job
from chainrule.nn import SoftmaxCrossEntropy
from chainrule.recipes import mlp
from chainrule.saved.file import save_model
from chainrule.saved.model import Model
from tests.cli.conftest import Command

ROWS = [f"{i % 7}.5,{('red', 'blue')[i % 2]},{('a', 'b', 'c')[i % 3]}" for i in range(30)]


def train(folder: Path, data: str, **settings: object) -> Path:
    job = Job(config_from({"data": data, "epochs": 2} | settings), RunFolder(folder))
    list(job)
    job.finish()
    return folder


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "table.csv"
    path.write_text("height,colour,class\n" + "\n".join(ROWS) + "\n")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, table: Path) -> Path:
    return train(tmp_path_factory.mktemp("run"), str(table))


@pytest.fixture(scope="module")
def regression(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("plane"), "plane")


def test_predict_prints_one_class_a_row(chainrule: Command, run: Path, table: Path) -> None:
    frame = pd.read_csv(io.StringIO(chainrule("predict", run, table).out))
    assert (list(frame.columns), len(frame), set(frame["class"]) <= set("abc")) == (["class"], 30, True)


def test_predict_takes_the_file_as_well_as_the_folder(chainrule: Command, run: Path, table: Path) -> None:
    assert chainrule("predict", run / "model.chainrule", table).out == chainrule("predict", run, table).out


def test_probabilities_add_up_and_agree_with_the_class(chainrule: Command, run: Path, table: Path) -> None:
    frame = pd.read_csv(io.StringIO(chainrule("predict", run, table, "--proba").out))
    p = frame[[f"P(class = {name})" for name in "abc"]].to_numpy()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    assert frame["class"].tolist() == ["abc"[k] for k in p.argmax(axis=1)]


def test_predict_writes_a_file_and_leaves_stdout_alone(chainrule: Command, here: Path, run: Path, table: Path) -> None:
    printed = chainrule("predict", run, table).out
    result = chainrule("predict", run, table, "--out", "p.csv")
    assert ((here / "p.csv").read_text(), result.out) == (printed, "")
    assert "30 predictions written to p.csv" in result.err


def test_predict_of_a_regression_gives_values_in_the_unit_of_the_target(chainrule: Command, regression: Path) -> None:
    frame = pd.read_csv(io.StringIO(chainrule("predict", regression, "plane").out))
    assert (list(frame.columns), len(frame)) == (["t"], 1200)


def test_predict_needs_neither_header_nor_target(chainrule: Command, here: Path, run: Path, table: Path) -> None:
    (here / "bare.csv").write_text("".join(line.rsplit(",", 1)[0] + "\n" for line in ROWS))
    assert chainrule("predict", run, "bare.csv").out == chainrule("predict", run, table).out


def test_what_predict_overlooks_is_told_on_stderr(chainrule: Command, here: Path, run: Path) -> None:
    (here / "odd.csv").write_text("height,colour,weight\n1.5,green,3\n,red,4\n")
    said = chainrule("predict", run, "odd.csv").err
    assert "ignored: weight" in said
    assert "filled in: height (1)" in said
    assert "such as 'green'" in said


def test_quiet_predictions_come_without_notes(chainrule: Command, here: Path, run: Path) -> None:
    (here / "odd.csv").write_text("height,colour,weight\n1.5,green,3\n,red,4\n")
    assert chainrule("predict", run, "odd.csv", "--quiet").err == ""


def test_an_absurdly_large_number_still_gets_a_prediction(chainrule: Command, here: Path, run: Path) -> None:
    (here / "odd.csv").write_text("height,colour\n1e300,red\n-1e300,blue\n")
    p = pd.read_csv(io.StringIO(chainrule("predict", run, "odd.csv", "--proba").out)).filter(like="P(").to_numpy()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)


def test_evaluate_shows_metrics_beside_the_baseline(chainrule: Command, run: Path, table: Path) -> None:
    out = chainrule("evaluate", run, table).out
    assert out.split("\n")[0].split() == ["data", "baseline"]
    assert "accuracy" in out


def test_evaluate_json_is_one_object(chainrule: Command, run: Path, table: Path) -> None:
    found = json.loads(chainrule("evaluate", run, table, "--json").out)
    assert list(found) == ["model", "data", "rows", "metrics"]
    assert (found["rows"], set(found["metrics"])) == (30, {"data", "baseline"})


def test_evaluate_agrees_with_predict(chainrule: Command, run: Path, table: Path) -> None:
    predicted = pd.read_csv(io.StringIO(chainrule("predict", run, table).out))["class"]
    right = (predicted == pd.read_csv(table)["class"]).mean()
    found = json.loads(chainrule("evaluate", run, table, "--json").out)
    assert found["metrics"]["data"]["accuracy"] == pytest.approx(right)


def test_json_has_null_where_a_metric_is_not_defined(chainrule: Command, here: Path, regression: Path) -> None:
    (here / "one.csv").write_text("x1,x2,t\n1.5,2.5,0.4\n")
    found = json.loads(chainrule("evaluate", regression, "one.csv", "--json").out)
    assert found["metrics"]["data"]["r2"] is None


def test_inspect_shows_layers_and_columns(chainrule: Command, run: Path) -> None:
    out = chainrule("inspect", run).out
    assert all(
        word in out
        for word in ("hidden1", "Dense", "parameters", "SoftmaxCrossEntropy", "a, b, c", "height", "category")
    )


def test_inspect_shows_the_size_of_pictures(chainrule: Command, tmp_path: Path) -> None:
    assert "pictures of 8×8 pixels" in chainrule("inspect", train(tmp_path / "run", "digits", hidden=(4,))).out


@pytest.fixture
def bare(here: Path) -> Path:
    """Return the file of a model without a preparation."""
    network = mlp((2, 3), (4,), 3, SoftmaxCrossEntropy())
    path = here / "bare.chainrule"
    save_model(Model(network, network.init(np.random.default_rng(0)), classes=("x", "y", "z")), path)
    return path


def test_inspect_shows_what_arrays_a_model_of_arrays_takes(chainrule: Command, bare: Path) -> None:
    out = chainrule("inspect", bare).out
    assert all(word in out for word in ("hidden1", "arrays of shape 2×3", "x, y, z"))


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_a_model_of_arrays_does_not_read_tables(chainrule: Command, bare: Path, table: Path, command: str) -> None:
    result = chainrule(command, bare, table)
    assert result.code == 2
    assert "an .npy or .npz file, for a model that takes arrays" in result.err
    assert "np.save" in result.err


def test_datasets_lists_each_by_name(chainrule: Command) -> None:
    out = chainrule("datasets").out
    assert all(f"\n{name} " in out for name in ("digits", "iris", "xor", "donut", "clouds", "spiral", "six_gaussians"))


def test_version_is_that_of_the_package(chainrule: Command) -> None:
    assert chainrule("--version").out == f"chainrule {package.__version__}\n"


def test_no_command_shows_the_help(chainrule: Command) -> None:
    result = chainrule()
    assert "Commands" in result.out + result.err
    assert result.code == 2


@pytest.mark.parametrize("command", ["train", "predict", "evaluate", "inspect", "datasets"])
def test_every_command_has_help(chainrule: Command, command: str) -> None:
    result = chainrule(command, "--help")
    assert (result.code, "Usage" in result.out) == (0, True)


def test_a_terminal_of_another_code_page_loses_nothing_and_stops_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"{i}.5,{('größer → 1', 'kleiner')[i % 2]}\n" for i in range(40))
    (here / "t.csv").write_text("a,klasse\n" + rows, encoding="utf-8")
    screen = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(screen, encoding="cp437"))
    monkeypatch.setattr(sys, "argv", ["chainrule", "look", "t.csv"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    sys.stdout.flush()
    assert "größer -> 1" in screen.getvalue().decode("cp437")
