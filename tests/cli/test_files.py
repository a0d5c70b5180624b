"""Folders, zips and files of arrays on the command line, from training to prediction."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile

from tests.cli.conftest import Command
from tests.sources.test_idx import idx

QUICK = ("--epochs", "40", "--hidden", "8", "--lr", "0.03", "--json", "--out", "run")


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the report's drawing out, which takes a second a run: tests/report has it."""
    monkeypatch.setattr("chainrule.job.run_report.render", lambda _: "<!doctype html>")
    monkeypatch.setattr("chainrule.job.train.inspect_run", lambda *_, **__: None)


@pytest.fixture
def pictures(here: Path) -> Path:
    """Two classes, dark and light, of twenty pictures each."""
    rng = np.random.default_rng(0)
    for k, name in enumerate(("dark", "light")):
        (here / "set" / name).mkdir(parents=True)
        for i in range(20):
            pixels = rng.normal(60 + 120 * k, 20, (9, 8)).clip(0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(here / "set" / name / f"{i:02}.png")
    return here / "set"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_folder_of_pictures_is_learned_and_its_files_are_predicted(pictures: Path, chainrule: Command) -> None:
    result = chainrule("train", "set", *QUICK)
    assert result.code == 0, result.err
    assert json.loads(result.out)["metrics"]["test"]["accuracy"] == 1
    predicted = rows(chainrule("predict", "run", "set/dark", "--proba").out)
    assert [row["file"] for row in predicted] == [f"{i:02}.png" for i in range(20)]
    assert {row["class"] for row in predicted} == {"dark"}
    assert float(predicted[0]["P(class = dark)"]) > 0.5
    evaluated = json.loads(chainrule("evaluate", "run", "set", "--json").out)
    assert (evaluated["rows"], evaluated["metrics"]["data"]["accuracy"]) == (40, 1)


def test_one_picture_of_another_size_and_colour_is_predicted(pictures: Path, chainrule: Command) -> None:
    chainrule("train", "set", *QUICK)
    Image.new("RGB", (30, 40), (220, 220, 220)).save("new.jpg")
    result = chainrule("predict", "run", "new.jpg")
    assert rows(result.out) == [{"file": "new.jpg", "class": "light"}]
    assert "resized to 9×8" in result.err


def test_a_zip_of_the_folder_is_the_same(pictures: Path, chainrule: Command) -> None:
    with zipfile.ZipFile("set.zip", "w") as archive:
        for path in sorted(pictures.rglob("*.png")):
            archive.write(path, path.relative_to(pictures.parent))
    metrics = [json.loads(chainrule("train", name, *QUICK, "--force").out)["metrics"] for name in ("set", "set.zip")]
    assert metrics[0] == metrics[1]


def test_a_damaged_picture_does_not_stop_training_unless_strict(pictures: Path, chainrule: Command) -> None:
    (pictures / "dark" / "broken.png").write_bytes(b"no picture")
    result = chainrule("train", "set", *QUICK)
    assert (result.code, "dark/broken.png: not a picture" in result.err) == (0, True)
    assert rows(Path("run/unreadable.csv").read_text()) == [{"name": "dark/broken.png", "reason": "not a picture"}]
    strict = chainrule("train", "set", *QUICK[:-1], "strict", "--strict")
    assert (strict.code, "broken.png" in strict.err, Path("strict").exists()) == (2, True, False)


def test_one_picture_alone_cannot_be_trained_on(here: Path, chainrule: Command) -> None:
    Image.new("L", (4, 4)).save("one.png")
    result = chainrule("train", "one.png", *QUICK)
    assert (result.code, "a label for each" in result.err) == (2, True)


def test_one_class_folder_alone_cannot_be_trained_on(pictures: Path, chainrule: Command) -> None:
    (pictures / "light").rename(pictures.parent / "elsewhere")
    result = chainrule("train", "set", *QUICK)
    assert (result.code, "at least two classes" in result.err, "a folder of their own" in result.err) == (2, True, True)


def test_an_image_size_is_checked(pictures: Path, chainrule: Command) -> None:
    result = chainrule("train", "set", "--image-size", "large", *QUICK)
    assert (result.code, "an image size such as 48" in result.err) == (2, True)
    result = chainrule("train", "set", "--image-size", "5x4", "--epochs", "1", "--out", "small")
    assert "pictures of 5×4 pixels" in result.err


def test_a_table_is_no_picture_for_a_model_of_pictures(pictures: Path, chainrule: Command) -> None:
    chainrule("train", "set", *QUICK)
    Path("t.csv").write_text("a,b\n1,2\n3,4\n")
    result = chainrule("predict", "run", "t.csv")
    assert (result.code, "a table of 2 rows" in result.err) == (2, True)


def test_a_file_of_pictures_may_be_the_test_part(here: Path, chainrule: Command) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    x = rng.normal(60 + 120 * y[:, None, None], 20, (40, 4, 4)).clip(0, 255).astype(np.uint8)
    np.savez("a.npz", x=x[:30], y=y[:30])
    np.savez("b.npz", x=x[30:], y=y[30:])
    found = json.loads(chainrule("train", "a.npz", "--test", "b.npz", *QUICK, "--quiet").out)
    assert found["metrics"]["test"]["accuracy"] == 1


def test_damaged_pictures_of_a_test_folder_are_told_too(pictures: Path, chainrule: Command) -> None:
    for name in ("dark", "light"):
        (pictures.parent / "held" / name).mkdir(parents=True)
        (pictures / name / "00.png").rename(pictures.parent / "held" / name / "00.png")
    (pictures.parent / "held" / "dark" / "broken.png").write_bytes(b"no picture")
    result = chainrule("train", "set", "--test", "held", *QUICK)
    assert "test file: 1 of 3 pictures cannot be read" in result.err
    assert [row["name"] for row in rows(Path("run/unreadable.csv").read_text())] == ["dark/broken.png"]


def tones(folder: Path, rate: int = 8000) -> None:
    """Write low and high tones, the digit that begins each name being the class."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for digit, frequency in ((0, 300), (1, 2000)):
        for i in range(20):
            n = int(rate * rng.uniform(0.1, 0.2))
            wave = np.sin(2 * np.pi * frequency * np.arange(n) / rate) + rng.normal(0, 0.1, n)
            wavfile.write(folder / f"{digit}_ann_{i}.wav", rate, (wave * 8000).astype(np.int16))


@pytest.mark.parametrize("sound", ["log_mel", "fft"])
def test_sounds_are_learned_and_predicted(here: Path, chainrule: Command, sound: str) -> None:
    tones(here / "tones")
    patterns = ("--label-from", r"^(\d)_", "--test-from", r"_[0-4]\.wav$")
    result = chainrule("train", "tones", *patterns, "--model", "mlp", "--set", f"sound={sound}", *QUICK)
    assert result.code == 0, result.err
    found = json.loads(result.out)["metrics"]
    assert (found["test"]["accuracy"], "test 10" in result.err) == (1, True)
    predicted = rows(chainrule("predict", "run", "tones/1_ann_7.wav").out)
    assert predicted == [{"file": "1_ann_7.wav", "class": "1"}]
    evaluated = json.loads(chainrule("evaluate", "run", "tones", "--label-from", r"^(\d)_", "--json").out)
    assert evaluated["rows"] == 40
    assert evaluated["metrics"]["data"]["accuracy"] > 0.9


def test_sounds_of_another_rate_are_refused_unless_they_are_to_be_resampled(here: Path, chainrule: Command) -> None:
    tones(here / "tones")
    tones(here / "new", 16000)
    chainrule("train", "tones", "--label-from", r"^(\d)_", "--model", "mlp", *QUICK)
    refused = chainrule("predict", "run", "new")
    assert (refused.code, "Add --resample" in refused.err) == (2, True)
    predicted = rows(chainrule("predict", "run", "new", "--resample").out)
    assert [row["class"] for row in predicted] == ["0"] * 20 + ["1"] * 20


def test_the_published_test_part_alone_can_be_measured(
    here: Path, chainrule: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINRULE_DATA", str(here))
    y = np.arange(60) % 2
    x = np.repeat(200 * y[:, None], 16, axis=1).reshape(60, 4, 4).astype(np.uint8)
    (here / "mnist").mkdir()
    for part, some in (("train", slice(0, 50)), ("t10k", slice(50, 60))):
        Path(f"mnist/{part}-images-idx3-ubyte").write_bytes(idx(x[some]))
        Path(f"mnist/{part}-labels-idx1-ubyte").write_bytes(idx(y[some].astype(np.uint8)))
    chainrule("train", "mnist", *QUICK)
    evaluated = json.loads(chainrule("evaluate", "run", "mnist", "--part", "test", "--json").out)
    assert evaluated["rows"] == 10
    refused = chainrule("evaluate", "run", "mnist", "--part", "valid")
    assert (refused.code, "a published part 'valid'" in refused.err) == (2, True)
    assert "mnist" in chainrule("datasets").out


def test_texts_in_class_folders_are_learned_and_predicted(here: Path, chainrule: Command) -> None:
    for k, words in enumerate((["sun", "beach", "sea"], ["snow", "ice", "ski"])):
        folder = here / "texts" / ("summer", "winter")[k]
        folder.mkdir(parents=True)
        for i in range(20):
            (folder / f"a note {i}.txt").write_text(f"We like {words[i % 3]} and {words[(i + 1) % 3]} number {i}")
    result = chainrule("train", "texts", *QUICK)
    assert json.loads(result.out)["metrics"]["test"]["accuracy"] == 1
    predicted = rows(chainrule("predict", "run", "texts/winter").out)
    assert predicted[0] == {"file": "a note 0.txt", "class": "winter"}
