"""From a book to a language model, and from the model to text."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from chainrule.engine.numpy import NumpyEngine
from chainrule.errors import ConfigError, DataError
from chainrule.job.config import config_from
from chainrule.job.folder import RunFolder
from chainrule.job.generate import generated, unknown_in
from chainrule.job.jobs import job_of
from chainrule.job.language import LanguageJob
from chainrule.job.predict import open_model, predict_table
from chainrule.job.resume import resumed
from chainrule.job.running import Outcome
from chainrule.job.train import Job
from chainrule.saved.model import Model

_SETTINGS = {"task": "next", "hidden": (16,), "embedding": 8, "dropout": 0.0, "steps": 8, "batch_size": 4}


@pytest.fixture(autouse=True)
def without_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainrule.report.plots.learning_curves", lambda *_: "")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("books") / "book.txt"
    path.write_text("The cat sat on the mat. <b>The dog</b> sat on the cat!\n" * 60)
    return path


def _job(book: Path, folder: Path, **settings: object) -> LanguageJob:
    usual = {"data": str(book), "epochs": 6, "learning_rate": 0.02, "engine": "numpy"}
    chosen = {name: value for name, value in (usual | _SETTINGS | settings).items() if value is not None}
    config = config_from(chosen)
    job = job_of(config, RunFolder(folder))
    assert isinstance(job, LanguageJob)
    return job


@pytest.fixture(scope="module")
def outcome(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    job = _job(book, tmp_path_factory.mktemp("runs") / "run")
    for _ in job:
        pass
    return job.finish()


@pytest.fixture(scope="module")
def model(outcome: Outcome) -> Model:
    return open_model(outcome.folder.path)


def test_it_learns_the_text_and_is_measured_beside_n_grams(outcome: Outcome) -> None:
    assert outcome.metrics["test"]["bits"] < 1
    assert set(outcome.metrics) == {"train", "valid", "test", "baseline"}
    assert 0 < outcome.metrics["baseline"]["bits"] < 2
    assert "best n-gram" in outcome.advice


def test_samples_of_each_epoch_are_kept_and_the_page_shows_them_as_text(outcome: Outcome) -> None:
    lines = (outcome.folder.path / "samples.jsonl").read_text().splitlines()
    samples = [json.loads(line) for line in lines]
    assert [sample["epoch"] for sample in samples] == [1, 2, 3, 4, 5, 6]
    assert all(len(sample["text"]) == 300 for sample in samples)
    page = outcome.folder.report.read_text()
    assert "<b>The dog" not in page
    assert "&lt;b&gt;" in page


def test_it_goes_on_with_a_start_the_same_way_for_a_seed(model: Model) -> None:
    text = generated(model, "The cat ", length=40, temperature=0.5, seed=1)
    assert text.startswith("The cat ")
    assert len(text) == 48
    assert text == generated(model, "The cat ", length=40, temperature=0.5, seed=1)
    assert text != generated(model, "The cat ", length=40, temperature=2.0, seed=2)
    assert generated(model, "The", length=0) == "The"


def test_without_a_temperature_the_likeliest_comes(model: Model) -> None:
    first = generated(model, "The cat sat on the ", length=10, temperature=0.0, seed=1)
    assert first == generated(model, "The cat sat on the ", length=10, temperature=0.0, seed=2)
    assert first.split()[5] in ("mat.", "cat!")


def test_what_it_does_not_know_is_told_and_never_written(model: Model) -> None:
    assert unknown_in(model, "The żół 7") == ["ż", "ó", "ł", "7"]
    text = generated(model, "żółw", length=200, temperature=3.0)
    assert "unknown" not in text


def test_words_are_written_with_blanks_where_one_writes_them(book: Path, tmp_path: Path) -> None:
    job = _job(book, tmp_path / "words", tokens="words", epochs=3)
    for _ in job:
        pass
    outcome = job.finish()
    assert "perplexity" in outcome.metrics["test"]
    text = generated(open_model(outcome.folder.path), "The dog", length=30, temperature=0.0)
    assert text.startswith("The dog ")
    assert " ." not in text


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru", "transformer"])
def test_no_step_sees_what_comes(book: Path, tmp_path: Path, kind: str) -> None:
    others = {"hidden": None, "width": 8, "heads": 2} if kind == "transformer" else {}
    network = _job(book, tmp_path / kind, model=kind, **others).network
    params = network.init(np.random.default_rng(0))
    x = np.random.default_rng(1).integers(1, 9, (2, 8))
    changed = x.copy()
    changed[:, 5:] = 1
    before, after = (network.forward(NumpyEngine().xp, params, ids) for ids in (x, changed))
    assert (before[:, :5] == after[:, :5]).all()
    assert not np.allclose(before[:, 5:], after[:, 5:])


def test_a_run_that_was_broken_off_ends_with_the_bits_of_one_that_was_not(
    book: Path, tmp_path: Path, outcome: Outcome
) -> None:
    job = _job(book, tmp_path / "half", checkpoint_seconds=0.0)
    for event in job:
        if getattr(event, "epoch", 0) == 4:
            break
    job.release()
    again = resumed(tmp_path / "half", None)
    for _ in again:
        pass
    params = again.finish().model.params
    assert (params["lstm1"]["U"] == outcome.model.params["lstm1"]["U"]).all()


def test_other_models_do_not_write_and_this_one_does_not_answer_rows(model: Model, book: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="chainrule generate"):
        predict_table(model, "iris")
    with pytest.raises(ConfigError, match="a language model"):
        generated(Job(config_from({"data": "iris", "epochs": 1}), RunFolder(tmp_path / "iris")).model, "x")
    with pytest.raises(ConfigError, match="`temperature`"):
        generated(model, "x", temperature=-1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "mlp", "hidden": (8,), "embedding": None}, "a model that reads sequences"),
        ({"bidirectional": True}, "bidirectional"),
        ({"valid": "other.txt"}, "a share of the text for `valid`"),
        ({"optimizer": "lbfgs"}, "optimizer=adam"),
        ({"steps": 10_000}, "tokens to measure on"),
    ],
)
def test_what_cannot_be_is_refused(book: Path, tmp_path: Path, settings: dict[str, object], message: str) -> None:
    with pytest.raises((ConfigError, DataError), match=message):
        _job(book, tmp_path / "run", **settings)


def test_a_text_in_no_language_is_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "noise.txt"
    path.write_text("".join(map(chr, rng.integers(0x4E00, 0x9FFF, 3000))))
    job = _job(path, tmp_path / "run", epochs=1)
    assert any("unknown" in note for note in job.notes)
