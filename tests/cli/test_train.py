"""`chainrule train`: what it prints where, and what it leaves in the run folder."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from chainrule.saved.file import load_model
from chainrule.tree import leaves
from tests.cli.conftest import Command

RUN = ("train", "iris", "--epochs", "3", "--out", "run")
FILES = [
    "checkpoint.safetensors",
    "config.toml",
    "journal.jsonl",
    "model.chainrule",
    "pipeline.html",
    "report.html",
]


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the report's drawing out, which takes a second a run: tests/report and the processes have it."""
    monkeypatch.setattr("chainrule.job.run_report.render", lambda _: "<!doctype html>")
    monkeypatch.setattr("chainrule.job.train.inspect_run", lambda *_, **__: None)


def test_a_run_on_a_table_leaves_six_files(chainrule: Command, here: Path) -> None:
    assert chainrule(*RUN).code == 0
    assert sorted(path.name for path in (here / "run").iterdir()) == FILES


def test_figures_go_to_stdout_and_progress_to_stderr(chainrule: Command) -> None:
    result = chainrule(*RUN)
    assert all(
        word in result.out for word in ("baseline", "accuracy", "log-loss", "macro F1", "model ", "report ", "next ")
    )
    assert "epoch 3/3" in result.err


def test_json_is_one_object_on_stdout(chainrule: Command) -> None:
    found = json.loads(chainrule(*RUN, "--json").out)
    keys = ["run", "model", "report", "engine", "task", "n_parameters", "epochs", "seconds"]
    assert list(found) == [*keys, "metrics", "rivals", "intervals"]
    assert (found["engine"], found["task"], found["epochs"]) == ("numpy", "classification", 3)
    assert list(found["metrics"]) == ["train", "valid", "test", "baseline"]
    assert all(set(part) == {"accuracy", "log_loss", "macro_f1"} for part in found["metrics"].values())


def test_json_of_a_regression_has_its_metrics(chainrule: Command) -> None:
    found = json.loads(chainrule("train", "plane", "--epochs", "2", "--json", "--out", "run").out)
    assert all(set(part) == {"r2", "mae", "rmse"} for part in found["metrics"].values())


def test_json_of_two_classes_has_the_area_under_the_curve(chainrule: Command) -> None:
    found = json.loads(chainrule("train", "xor", "--epochs", "2", "--json", "--out", "run").out)
    assert "roc_auc" in found["metrics"]["test"]


def test_quiet_says_nothing(chainrule: Command) -> None:
    result = chainrule(*RUN, "--quiet")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_quiet_json_says_one_object_alone(chainrule: Command) -> None:
    result = chainrule(*RUN, "--quiet", "--json")
    assert (json.loads(result.out)["run"], result.err) == ("run", "")


def test_print_config_is_toml_and_trains_nothing(chainrule: Command, here: Path) -> None:
    result = chainrule(*RUN, "--print-config", "--lr", "0.5")
    assert tomllib.loads(result.out)["learning_rate"] == 0.5
    assert list(here.iterdir()) == []


def test_another_model_than_the_file_s_leaves_its_settings_behind(chainrule: Command, here: Path) -> None:
    (here / "c.toml").write_text('data = "digits"\nmodel = "cnn"\nfilters = [8]\nhidden = [4]\n')
    said = chainrule("train", "--config", "c.toml", "--model", "mlp", "--print-config")
    settings = tomllib.loads(said.out)
    assert (settings["model"], settings["hidden"], "filters" in settings) == ("mlp", [4], False)


@pytest.mark.parametrize("arguments", [["--model"], ["--model", "list"], ["digits", "--model", "list"]])
def test_the_models_are_listed_with_their_settings(chainrule: Command, here: Path, arguments: list[str]) -> None:
    result = chainrule("train", *arguments)
    assert (result.code, list(here.iterdir())) == (0, [])
    mlp, cnn = result.out.split("\ncnn: ")
    assert ("mlp: dense layers" in mlp, "hidden " in mlp, "filters" in mlp) == (True, True, False)
    assert "kernel        height and width of the windows (3)" in cnn


def test_flags_and_set_win_over_the_file(chainrule: Command, here: Path) -> None:
    (here / "c.toml").write_text('data = "iris"\nepochs = 1\nl2 = 0.1\ndropout = 0.5\n')
    said = chainrule("train", "--config", "c.toml", "--l2", "0.2", "--set", "epochs=3", "--print-config")
    settings = tomllib.loads(said.out)
    assert (settings["dropout"], settings["l2"], settings["epochs"]) == (0.5, 0.2, 3)


def test_the_written_configuration_repeats_the_run_bit_for_bit(chainrule: Command, here: Path) -> None:
    assert chainrule(*RUN, "--dropout", "0.2", "--quiet").code == 0
    assert chainrule("train", "--config", "run/config.toml", "--out", "again", "--quiet").code == 0
    first, second = (dict(leaves(load_model(here / name / "model.chainrule").params)) for name in ("run", "again"))
    assert {name: value.tobytes() for name, value in first.items()} == {
        name: value.tobytes() for name, value in second.items()
    }


def test_without_out_each_run_has_a_folder_of_its_own(chainrule: Command, here: Path) -> None:
    for _ in range(2):
        assert chainrule("train", "iris", "--epochs", "1", "--quiet").code == 0
    assert sorted(path.name for path in (here / "runs").iterdir()) == ["iris", "iris-2"]


def test_a_folder_named_like_a_data_set_does_not_hide_it(chainrule: Command, here: Path) -> None:
    (here / "iris").mkdir()
    assert chainrule("train", "iris", "--epochs", "1", "--quiet", "--out", "run").code == 0


def test_force_replaces_a_run_and_keeps_other_files(chainrule: Command, here: Path) -> None:
    (here / "run").mkdir()
    (here / "run" / "thesis.txt").write_text("mine")
    (here / "run" / "report.html").write_text("old")
    assert chainrule(*RUN, "--force", "--quiet").code == 0
    assert (here / "run" / "thesis.txt").read_text() == "mine"
    assert (here / "run" / "report.html").read_text() != "old"


def test_a_rate_that_is_far_too_high_ends_with_the_advice(chainrule: Command) -> None:
    result = chainrule("train", "diabetes", "--optimizer", "gradient_descent", "--lr", "1e6", "--out", "run")
    assert result.code == 1
    assert "--lr 0.1: validation RMSE NaN → " in result.err
    assert "replayed." in result.err
    assert "Traceback" not in result.err


def test_a_run_that_failed_leaves_no_model(chainrule: Command, here: Path) -> None:
    arguments = ("diabetes", "--optimizer", "gradient_descent", "--lr", "1e6", "--out", "run", "--json")
    assert chainrule("train", *arguments).out == ""
    assert not (here / "run" / "model.chainrule").exists()


def test_guesses_are_told(chainrule: Command, here: Path) -> None:
    (here / "t.csv").write_text("a,b\n" + "".join(f"{i},{'xy'[i % 2]}\n" for i in range(0, 60, 3)))
    said = chainrule("train", "t.csv", "--epochs", "1", "--out", "run").err
    assert "the target is guessed to be 'b'" in said
    assert "the task is guessed to be classification" in said


def test_missing_targets_are_dropped_when_asked(chainrule: Command, here: Path) -> None:
    (here / "t.csv").write_text("a,b\n" + "".join(f"{i},{'xy'[i % 2] if i else ''}\n" for i in range(0, 60, 3)))
    said = chainrule("train", "t.csv", "--epochs", "1", "--out", "run", "--set", "missing_target=drop").err
    assert "1 rows without a target are left out" in said


def test_unknown_categories_and_gaps_are_counted(chainrule: Command, here: Path) -> None:
    rows = [f"{'' if i % 9 == 0 else i % 5}.5,{('red', 'blue')[i % 2]},{'xyz'[i % 3]}" for i in range(40)]
    (here / "t.csv").write_text("a,c,t\n" + "\n".join(rows).replace("\n.5", "\n").removeprefix(".5") + "\n")
    (here / "v.csv").write_text("a,c,t\n1.5,green,x\n2.5,red,y\n")
    said = chainrule("train", "t.csv", "--test", "v.csv", "--epochs", "1", "--out", "run").err
    assert "c: 1 cells hold a category that training did not see, such as 'green'" in said
    assert "missing cells were filled in: a" in said


def test_a_full_disk_is_told_and_leaves_no_half_model(
    chainrule: Command, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chainrule.job import train

    def full(*_: object) -> None:
        from chainrule.files import cannot_write

        raise cannot_write(here / "run" / "model.chainrule", OSError(28, "No space left on device"))

    monkeypatch.setattr(train, "save_model", full)
    result = chainrule(*RUN, "--quiet")
    assert (result.code, "Free some space" in result.err) == (2, True)
    assert not (here / "run" / "model.chainrule").exists()


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_either_engine_can_be_asked_for(chainrule: Command, engine: str) -> None:
    assert json.loads(chainrule(*RUN, "--engine", engine, "--json", "--quiet").out)["engine"] == engine


@pytest.mark.parametrize("hidden", ["0", "8", "8,4", "8-4"])
def test_hidden_layers_are_as_asked(chainrule: Command, here: Path, hidden: str) -> None:
    assert chainrule(*RUN, "--hidden", hidden, "--quiet").code == 0
    rows = load_model(here / "run" / "model.chainrule").network.rows()
    units = [row.output_shape[0] for row in rows if row.kind == "Dense"]
    assert units == [*([] if hidden == "0" else map(int, hidden.replace("-", ",").split(","))), 3]


def test_lbfgs_trains(chainrule: Command) -> None:
    result = chainrule("train", "wine", "--optimizer", "lbfgs", "--epochs", "15", "--out", "run", "--json", "--quiet")
    assert json.loads(result.out)["metrics"]["test"]["accuracy"] > 0.9


def test_a_run_goes_on_to_more_epochs(chainrule: Command) -> None:
    assert chainrule(*RUN, "--quiet").code == 0
    assert json.loads(chainrule("train", "--resume", "run", "--epochs", "5", "--json", "--quiet").out)["epochs"] == 5


def test_a_run_of_before_recipes_is_resumed_measured_and_explained(chainrule: Command, here: Path) -> None:
    assert chainrule(*RUN, "--quiet").code == 0
    config = Path("run/config.toml")
    flat = 'model = "mlp"\nfilters = [9]\nkernel = 3\nconvolutions = 1\nnorm = true\n'
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace(next(line for line in text.splitlines() if line.startswith("model = ")), flat))
    assert chainrule("evaluate", "run", "iris").code == 0
    assert chainrule("explain", "run", "iris", "--weight", "hidden1.W[0,0]").code == 0
    assert chainrule("train", "--resume", "run", "--epochs", "9", "--quiet").code == 0
