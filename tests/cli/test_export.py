"""`export`: written, run in a process of its own, and compared; what cannot be done is said."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import chainrule as package
from chainrule.errors import ConfigError
from chainrule.exporters import check, numpy
from chainrule.job.config import config_from
from chainrule.job.export import export
from chainrule.job.folder import RunFolder
from chainrule.job.train import Job
from chainrule.network import Network
from chainrule.nn import Dense, Sequential, SoftmaxCrossEntropy, Tanh
from chainrule.saved.model import Model
from tests.cli.conftest import Command
from tests.exporters.lessons import require

ROWS = [f"{i % 7}.5,{('red', 'blue')[i % 2]},{('a', 'b', 'c')[i % 3]}" for i in range(60)]


def train(folder: Path, data: str, **settings: object) -> Path:
    job = Job(config_from({"data": data, "epochs": 4, "engine": "numpy"} | settings), RunFolder(folder))
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
    return train(tmp_path_factory.mktemp("runs") / "shapes", str(table))


def test_both_comparisons_are_printed(chainrule: Command, run: Path) -> None:
    result = chainrule("export", run, "--to", "numpy")
    assert (result.code, result.err) == (0, "")
    assert "predictions of 12 rows" in result.out
    assert "costs over 3 epochs in float64" in result.out
    assert Path("exports/shapes-numpy/shapes_numpy.py").is_file()


def test_json_tells_the_same(chainrule: Command, run: Path) -> None:
    told = json.loads(chainrule("export", run, "--to", "numpy", "--out", "x", "--json").out)
    assert told["kept"] is True
    assert told["files"] == ["shapes.npz", "shapes_end.npz", "shapes_numpy.py", "shapes_start.npz"]
    assert [each["promise"] for each in told["differences"]] == [1e-6, 1e-6]


def test_the_script_prints_its_own_numbers_beside_those_of_the_run(chainrule: Command, run: Path) -> None:
    chainrule("export", run, "--to", "numpy", "--out", "x", "--no-check")
    done = subprocess.run([sys.executable, "x/shapes_numpy.py"], capture_output=True, text=True, check=True)
    rows = [line.replace("|", " ").split() for line in done.stdout.splitlines()[1:5]]
    assert [int(row[0]) for row in rows] == [1, 2, 3, 4]
    for row in rows:
        here, there = np.array(row[1::2], float), np.array(row[2::2], float)
        np.testing.assert_allclose(here, there, atol=2e-6)


def test_a_script_has_no_word_of_chainrule_but_in_its_texts(chainrule: Command, run: Path) -> None:
    chainrule("export", run, "--to", "pytorch", "--out", "x", "--no-check")
    assert "import chainrule" not in Path("x/shapes_pytorch.py").read_text()


# Keras' own, when it sets weights.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("to", ["pytorch", "tensorflow", "keras", "onnx"])
def test_every_package_that_is_here_agrees(chainrule: Command, run: Path, to: str) -> None:
    require({"pytorch": "torch", "onnx": "onnxruntime"}.get(to, "tensorflow"))
    result = chainrule("export", run, "--to", to)
    assert result.code == 0, result.err
    assert "predictions of 12 rows" in result.out


def test_the_bare_script_has_no_data_of_the_run(chainrule: Command, run: Path) -> None:
    told = json.loads(chainrule("export", run, "--to", "numpy", "--bare", "--out", "x", "--json").out)
    assert told["kept"] is True
    assert told["files"] == ["shapes_bare.py", "shapes_end.npz"]


def test_masks_that_are_drawn_elsewhere_are_the_same_in_the_mean(
    chainrule: Command, tmp_path: Path, table: Path
) -> None:
    folder = train(tmp_path / "dropping", str(table), dropout=0.3)
    result = chainrule("export", folder, "--to", "numpy")
    assert (result.code, "the same in the mean" in result.err) == (0, True)
    assert "mean costs over 5 draws of the noise" in result.out


def test_a_promise_that_is_not_kept_ends_with_1(chainrule: Command, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = numpy.write
    wrong = ('s.get("m", 0.0) + (1 - 0.9) * g', 's.get("m", 0.0) + (1 - 0.8) * g')

    def spoilt(lesson: object) -> object:
        written = write(lesson)  # type: ignore[arg-type]
        source = written.files[written.main].decode()
        assert wrong[0] in source
        files = {**written.files, written.main: source.replace(*wrong).encode()}
        return type(written)(files, written.main, written.notes)

    monkeypatch.setattr(numpy, "write", spoilt)
    result = chainrule("export", run, "--to", "numpy")
    assert (result.code, "NOT KEPT" in result.out) == (1, True)


def test_an_export_that_does_not_run_says_why(tmp_path: Path) -> None:
    with pytest.raises(check.ExportError, match="ZeroDivisionError"):
        check.run_apart("1 / 0", tmp_path, [])


def test_the_library_exports_a_model_by_itself(tmp_path: Path) -> None:
    network = Network(Sequential((Dense(3), Tanh(), Dense(2))), (4,), SoftmaxCrossEntropy())
    model = Model(network, network.init(np.random.default_rng(0)), classes=("no", "yes"))
    done = package.export(model, to="numpy", path=tmp_path / "x")
    assert done.is_kept
    assert [difference.what for difference in done.differences] == ["predictions of 64 rows"]


def test_the_library_exports_a_fitted_estimator(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    fitted = package.MLPClassifier(4, max_iter=3, random_state=0, tol=100.0, n_iter_no_change=1).fit(X, X[:, 0] > 0)
    assert package.export(fitted, to="numpy", path=tmp_path / "x").is_kept


def test_a_model_file_with_a_preparation_is_held_against_rows_that_are_drawn(chainrule: Command, run: Path) -> None:
    result = chainrule("export", run / "model.chainrule", "--to", "numpy", "--bare", "--out", "x")
    assert (result.code, "64 are drawn" in result.err) == (0, True)


def test_an_unfitted_estimator_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Fit it first"):
        export(package.MLPClassifier(), "numpy", tmp_path / "x")


BAD = [
    (["--to", "tensorflw"], "tensorflow"),
    (["--to", "pytorch", "--bare"], "--bare"),
    (["--to", "numpy", "--out", "taken"], "--force"),
    (["--to", "numpy", "--out", "file"], "--out"),
]


@pytest.mark.parametrize(("arguments", "remedy"), BAD)
def test_bad_input_is_refused_with_a_remedy(chainrule: Command, run: Path, arguments: list[str], remedy: str) -> None:
    Path("taken").mkdir()
    Path("taken/mine.txt").write_text("mine")
    Path("file").write_text("a file")
    result = chainrule("export", run, *arguments)
    assert (result.code, "Traceback" in result.err) == (2, False)
    assert remedy in result.err
    assert Path("taken/mine.txt").read_text() == "mine"


def test_a_run_that_is_none_is_refused(chainrule: Command, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    result = chainrule("export", empty, "--to", "numpy")
    assert (result.code, "config.toml" in result.err) == (2, True)


def test_a_run_whose_data_have_changed_is_refused(chainrule: Command, tmp_path: Path) -> None:
    data = tmp_path / "table.csv"
    data.write_text("height,colour,class\n" + "\n".join(ROWS) + "\n")
    folder = train(tmp_path / "run", str(data))
    data.write_text("height,colour,class\n" + "\n".join(ROWS[::-1]) + "\n")
    result = chainrule("export", folder, "--to", "numpy")
    assert (result.code, "other rows" in result.err) == (2, True)


def test_what_a_script_cannot_repeat_is_said_with_what_can_be_exported(
    chainrule: Command, tmp_path: Path, table: Path
) -> None:
    folder = train(tmp_path / "run", str(table), optimizer="lbfgs")
    result = chainrule("export", folder, "--to", "numpy")
    assert (result.code, "lbfgs" in result.err, "--bare" in result.err) == (2, True, True)
    assert chainrule("export", folder, "--to", "numpy", "--bare").code == 0


def test_an_absent_package_is_named_with_the_extra_that_brings_it(
    chainrule: Command, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chainrule.exporters.targets.has_package", lambda name: False)
    result = chainrule("export", run, "--to", "onnx", "--out", "x")
    assert (result.code, 'pip install "chainrule[onnx]"' in result.err) == (2, True)
    result = chainrule("export", run, "--to", "pytorch", "--out", "y")
    assert (result.code, "export-torch" in result.err) == (0, True)


def test_chainrule_does_not_import_what_it_exports_to() -> None:
    program = "import sys, chainrule.job.export; print([m for m in ('torch', 'keras', 'onnx') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert importlib.util.find_spec("chainrule.exporters.torch") is not None
