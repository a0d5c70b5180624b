"""Bad input: exit code 2, three lines that help, no traceback, and nothing left behind."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chainrule.job.config import Config
from chainrule.job.folder import RunFolder
from chainrule.job.train import Job
from tests.cli.conftest import Command, Result

GOOD = "height,colour,class\n" + "".join(
    f"{i % 7}.5,{('red', 'blue')[i % 2]},{('a', 'b', 'c')[i % 3]}\n" for i in range(30)
)
NUMBERS = "height,width,price\n" + "".join(f"{i % 7},{i % 5}.5,{i}.25\n" for i in range(30))


def table(change: Callable[[str], str] = lambda text: text, base: str = GOOD) -> bytes:
    return change(base).encode()


# What: (content of table.csv, further arguments of train, what the message says).
TABLES: dict[str, tuple[bytes | None, list[str], str]] = {
    "a missing file": (None, [], "neither"),
    "an empty file": (b"", [], "empty file"),
    "no table": (bytes(range(256)) * 20, [], "binary data"),
    "one column": (b"a\n1\n2\n3\n", [], "one column"),
    "a header alone": (b"a,b\n", [], "header alone"),
    "one class": (table(lambda text: text.replace(",b\n", ",a\n").replace(",c\n", ",a\n")), [], "one class, 'a'"),
    "one value": (b"a,t\n" + b"".join(b"%d,1.5\n" % i for i in range(9)), ["--task", "regression"], "1.5 in every row"),
    "a target that is not there": (table(), ["--target", "clas"], "Did you mean --target class?"),
    "a target with a missing class": (table(lambda text: text.replace("0.5,red,a", "0.5,red,")), [], "empty cell in row 1"),
    "a target that is NaN": (table(lambda text: text.replace(",4.25", ",NaN"), NUMBERS), [], "'NaN' in 1 cell"),
    "a target that is infinite": (table(lambda text: text.replace(",4.25", ",inf"), NUMBERS), [], "row 5"),
    "all inputs missing": (b"a,b,class\n" + b",,x\n,,y\n" * 9, ["--header", "first"], "all cells are missing"),
    "duplicated names": (table(lambda text: text.replace("colour", "height")), [], "more than once"),
    "fewer rows than a batch": (table(), ["--batch-size", "64"], "--batch-size 18 or less"),
    "fewer rows than parts": (b"a,b\n1,3\n2,4\n", ["--task", "regression", "--valid", "0.4", "--test", "0.5"], "after the split"),
    "truncated gzip": (gzip.compress(table() * 9)[:-9], [], "whole gzip"),
    "damaged parquet": (b"PAR1 nothing PAR1", [], "whole Parquet"),
    "a line too long": (table(lambda text: text.replace("1.5,blue", "1.5,blue,9")), [], "line 3"),
    "too many classes": (
        b"a,t\n" + b"".join(b"%d,k%d\n" % (i, i) for i in range(50)), ["--target", "t"], "classes that repeat"
    ),
    "text in a regression": (table(), ["--task", "regression"], "'a' in row 1"),
    "a negative count": (
        table(lambda text: text.replace(",4.25", ",-4.25"), NUMBERS), ["--set", "loss=poisson"], "-4.25 in row 5"
    ),
}  # fmt: skip
# Arguments that are wrong by themselves: (arguments, what the message says).
ARGUMENTS: dict[str, tuple[list[str], str]] = {
    "no data": ([], "chainrule train DATA"),
    "a built-in name that is misspelt": (["iriss"], "Did you mean 'iris'?"),
    "a setting that does not exist": (["iris", "--set", "learnin_rate=1"], "Did you mean 'learning_rate'?"),
    "a setting without a value": (["iris", "--set", "l2"], "--set NAME=VALUE"),
    "a task that does not exist": (["iris", "--task", "clasification"], "Did you mean 'classification'?"),
    "an activation that does not exist": (["iris", "--activation", "rellu"], "Did you mean 'relu'?"),
    "an optimizer that does not exist": (["iris", "--optimizer", "adamm"], "Did you mean"),
    "an engine that does not exist": (["iris", "--engine", "numpyy"], "Did you mean 'numpy'?"),
    "a header that does not exist": (["iris", "--header", "second"], "auto, first, none"),
    "a rate of zero": (["iris", "--lr", "0"], "above 0"),
    "a negative rate": (["iris", "--lr", "-1"], "above 0"),
    "a rate that is NaN": (["iris", "--lr", "nan"], "above 0"),
    "a rate that is infinite": (["iris", "--lr", "inf"], "above 0"),
    "a rate that is text": (["iris", "--lr", "fast"], "--lr"),
    "dropping everything": (["iris", "--dropout", "1"], "below 1"),
    "a negative penalty": (["iris", "--l2", "-1"], "at least 0"),
    "no epochs": (["iris", "--epochs", "0"], "at least 1"),
    "an empty batch": (["iris", "--batch-size", "0"], "at least 1"),
    "a negative seed": (["iris", "--seed", "-1"], "at least 0"),
    "a seed that is too large": (["iris", "--seed", str(2**32)], "at most"),
    "hidden units that are text": (["iris", "--hidden", "many"], "64,32"),
    "negative hidden units": (["iris", "--hidden", "-5"], "64,32"),
    "no hidden units among others": (["iris", "--hidden", "5,0"], "64,32"),
    "more hidden units than fit": (["iris", "--hidden", "900000,900000"], "memory"),
    "more hidden units than there are numbers": (["iris", "--hidden", "99999999999999999999"], "at most"),
    "a share of more than all": (["iris", "--valid", "1.5"], "below 1"),
    "a negative share": (["iris", "--test", "-0.5"], "at least 0"),
    "shares that leave nothing": (["iris", "--valid", "0.6", "--test", "0.5"], "0.6 and 0.5"),
    "a validation file that is missing": (["iris", "--valid", "nowhere.csv"], "nowhere.csv"),
    "a loss for another task": (["iris", "--set", "loss=huber"], "cross_entropy"),
    "a setting that the rule does not have": (["iris", "--set", "optimizer_settings.beta=1"], "beta"),
    "a setting that the search does not have": (
        ["iris", "--optimizer", "lbfgs", "--set", "optimizer_settings.beta=1"], "beta"
    ),
    "a setting of the rule out of range": (["iris", "--set", "optimizer_settings.beta1=2"], "beta1"),
    "a setting that the schedule does not have": (["iris", "--set", "schedule_settings.beta=1"], "beta"),
    "a kind that is no text": (["iris", "--set", "columns.x=3"], "columns"),
    "a kind that does not exist": (["wine", "--set", "columns.alcohol=nmeric"], "Did you mean 'numeric'?"),
    "columns that are no table": (["iris", "--set", "columns=numeric"], "a table of settings"),
    "a table inside a number": (["iris", "--set", "seed.x=1"], "seed"),
    "a configuration that is missing": (["--config", "nowhere.toml"], "nowhere.toml"),
    "nothing to resume": (["--resume", "nowhere"], "a run to resume"),
    "a long name": (["x" * 300 + ".csv"], "too long"),
    "a model that does not exist": (["iris", "--model", "mpl"], "Did you mean 'mlp'?"),
    "a setting of another model": (
        ["iris", "--model", "mlp", "--filters", "8"], "belongs to cnn\n       Choose --model cnn, or leave --filters out."
    ),
    "a setting of another model without a flag": (
        ["iris", "--model", "mlp", "--set", "kernel=5"], "Choose --model cnn, or leave --set kernel=… out."
    ),
    "a setting of another model than the data asks for": (["iris", "--filters", "8"], "for inputs of shape (4,)"),
    "a model for pictures on a table": (["iris", "--model", "cnn"], "Choose --model mlp for tables"),
    "a setting given twice": (
        ["iris", "--lr", "0.1", "--set", "learning_rate=0.2"], "--lr to be given once\n       got 0.1, and 'learning_rate=0.2'"
    ),
    "a setting set twice": (["iris", "--set", "kernel=3", "--set", "kernel=5"], "'kernel=3', and 'kernel=5'"),
    "a setting of a model that is of the wrong type": (["iris", "--set", "kernel=wide"], "kernel to be a whole number"),
    "an option that does not exist": (["iris", "--colour"], "--colour"),
}  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run on the good table."""
    data, out = tmp_path_factory.mktemp("data") / "good.csv", tmp_path_factory.mktemp("out") / "run"
    data.write_bytes(table())
    job = Job(Config(str(data), epochs=2), RunFolder(out))
    list(job)
    job.finish()
    return out


@pytest.fixture
def trained(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of that folder, which a test may damage."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def check(result: Result, says: str, here: Path, kept: set[str]) -> None:
    assert (result.code, result.out) == (2, "")
    assert "Traceback" not in result.err
    assert says in result.err
    assert {path.name for path in here.iterdir()} == kept


@pytest.mark.parametrize("what", TABLES)
def test_a_bad_table_is_refused(chainrule: Command, here: Path, what: str) -> None:
    content, arguments, says = TABLES[what]
    if content is not None:
        (here / "table.csv").write_bytes(content)
    result = chainrule("train", "table.csv", *arguments, "--out", "run")
    check(result, says, here, set() if content is None else {"table.csv"})


def test_what_is_wrong_is_told_in_three_lines(chainrule: Command) -> None:
    lines = chainrule("train", "iris", "--target", "specis").err.splitlines()
    assert [line[:16] for line in lines] == ["error: expected ", "       got no su", "       Choose on"]


@pytest.mark.parametrize("what", ARGUMENTS)
def test_bad_arguments_are_refused(chainrule: Command, here: Path, what: str) -> None:
    arguments, says = ARGUMENTS[what]
    check(
        chainrule("train", *arguments, "--out", "run")
        if "--resume" not in arguments
        else chainrule("train", *arguments),
        says,
        here,
        set(),
    )


@pytest.mark.parametrize("option", [["--out", "x"], ["--config", "x"], ["--lr", "1"], ["--force"], ["--print-config"]])
def test_resume_refuses_what_it_would_have_to_overlook(chainrule: Command, trained: Path, option: list[str]) -> None:
    result = chainrule("train", "--resume", trained, *option)
    assert result.code == 2
    assert option[0].strip("-").replace("-", "_").replace("lr", "learning_rate") in result.err


def test_a_configuration_that_is_no_toml_is_refused(chainrule: Command, here: Path) -> None:
    (here / "c.toml").write_text("data = iris")
    check(chainrule("train", "--config", "c.toml", "--out", "run"), "to be TOML", here, {"c.toml"})


def test_a_configuration_with_an_unknown_key_is_refused(chainrule: Command, here: Path) -> None:
    (here / "c.toml").write_text('data = "iris"\nhiden = [3]\n')
    check(chainrule("train", "--config", "c.toml", "--out", "run"), "Did you mean 'hidden'?", here, {"c.toml"})


def test_a_folder_that_has_files_is_refused_and_kept(chainrule: Command, here: Path) -> None:
    (here / "run").mkdir()
    (here / "run" / "thesis.txt").write_text("mine")
    check(chainrule("train", "iris", "--out", "run"), "--force", here, {"run"})
    assert [path.name for path in (here / "run").iterdir()] == ["thesis.txt"]


def test_a_file_in_the_place_of_the_folder_is_refused_and_kept(chainrule: Command, here: Path) -> None:
    (here / "run").write_text("mine")
    check(chainrule("train", "iris", "--out", "run", "--force"), "a file", here, {"run"})
    assert (here / "run").read_text() == "mine"


def test_a_folder_below_a_file_is_refused(chainrule: Command, here: Path) -> None:
    (here / "file").write_text("mine")
    check(chainrule("train", "iris", "--out", "file/run", "--epochs", "1", "--quiet"), "writable", here, {"file"})


def test_a_place_with_too_long_a_name_is_refused(chainrule: Command, here: Path) -> None:
    check(chainrule("train", "iris", "--out", "x" * 300, "--epochs", "1", "--quiet"), "too long", here, set())


def test_a_validation_file_without_the_target_is_refused(chainrule: Command, here: Path) -> None:
    (here / "a.csv").write_bytes(table())
    (here / "b.csv").write_bytes(table(lambda text: text.replace("class", "klass")))
    check(chainrule("train", "a.csv", "--valid", "b.csv", "--out", "run"), "'class' in", here, {"a.csv", "b.csv"})


def test_a_test_file_with_an_unknown_class_is_refused(chainrule: Command, here: Path) -> None:
    (here / "a.csv").write_bytes(table())
    (here / "b.csv").write_bytes(table(lambda text: text.replace(",c\n", ",d\n")))
    check(chainrule("train", "a.csv", "--test", "b.csv", "--out", "run"), "'d' in row 3", here, {"a.csv", "b.csv"})


def without(name: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        rows = [line.split(",") for line in text.splitlines()]
        at = rows[0].index(name)
        return "\n".join(",".join(cell for i, cell in enumerate(row) if i != at) for row in rows) + "\n"

    return change


USES: dict[str, tuple[str, bytes | None, list[str], str]] = {
    "no table to predict": ("predict", None, [], "neither"),
    "a missing column": ("predict", table(without("colour")), [], "'colour'"),
    "a renamed column": ("predict", table(lambda text: text.replace("colour", "color")), [], "Rename 'color' to 'colour'?"),
    "text where numbers were": ("predict", table(lambda text: text.replace("1.5,", "high,")), [], "'high' in row 2"),
    "a header that does not exist": ("predict", table(), ["--header", "second"], "auto, first, none"),
    "a place that cannot be written": ("predict", table(), ["--out", "no/such/folder.csv"], "writable"),
    "no target to compare with": ("evaluate", table(without("class")), [], "'class'"),
    "an unknown class": ("evaluate", table(lambda text: text.replace(",c\n", ",d\n")), [], "'d' in row 3"),
    "a header for evaluate that does not exist": ("evaluate", table(), ["--header", "second"], "auto, first, none"),
}  # fmt: skip


@pytest.mark.parametrize("what", USES)
def test_a_bad_table_for_a_model_is_refused(chainrule: Command, here: Path, trained: Path, what: str) -> None:
    command, content, arguments, says = USES[what]
    if content is not None:
        (here / "table.csv").write_bytes(content)
    result = chainrule(command, trained, "table.csv", *arguments)
    check(result, says, here, set() if content is None else {"table.csv"})


@pytest.mark.parametrize("command", ["predict", "evaluate", "inspect"])
@pytest.mark.parametrize("damage", ["missing", "truncated", "foreign", "empty folder"])
def test_a_bad_model_is_refused(chainrule: Command, here: Path, trained: Path, command: str, damage: str) -> None:
    model = trained / "model.chainrule"
    content: Any = {"truncated": model.read_bytes()[:3000], "foreign": b"hello"}.get(damage)
    if content is None:
        model.unlink()
    else:
        model.write_bytes(content)
    if damage == "empty folder":
        shutil.rmtree(trained)
        trained.mkdir()
    arguments = ["iris"] if command != "inspect" else []
    target = trained if damage == "empty folder" else model
    check(chainrule(command, target, *arguments), "model file", here, set())


def test_a_damaged_checkpoint_is_refused(chainrule: Command, here: Path, trained: Path) -> None:
    checkpoint = trained / "checkpoint.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:500])
    check(chainrule("train", "--resume", trained, "--epochs", "4"), "a checkpoint at", here, set())


def test_a_finished_run_has_nothing_to_resume(chainrule: Command, here: Path, trained: Path) -> None:
    check(chainrule("train", "--resume", trained), "Add --epochs 4", here, set())


def test_other_data_than_the_run_was_started_on_is_refused(chainrule: Command, here: Path) -> None:
    (here / "table.csv").write_bytes(table())
    assert chainrule("train", "table.csv", "--epochs", "2", "--out", "run", "--quiet").code == 0
    (here / "table.csv").write_bytes(table(lambda text: text.replace("1.5,", "9.5,")))
    before = {path.name: path.read_bytes() for path in (here / "run").iterdir()}
    result = chainrule("train", "--resume", "run", "--epochs", "4")
    assert (result.code, "other rows in table.csv" in result.err) == (2, True)
    assert {path.name: path.read_bytes() for path in (here / "run").iterdir()} == before
