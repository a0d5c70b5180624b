"""Texts and tagged sequences from a file to a model, and back from the model file to answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chainrule.errors import ConfigError, DataError
from chainrule.job.choosing import question
from chainrule.job.config import config_from
from chainrule.job.predict import evaluate_table, open_model, predict_table
from chainrule.job.prepare import prepare
from chainrule.job.stream import prepare_stream
from tests.job.conftest import Train

_SMALL = {"hidden": (8,), "embedding": 4, "engine": "numpy", "seed": 1}


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """Return a table of texts: what is said first decides."""
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(160):
        first, second = rng.permutation(["yes", "no"])
        fill = rng.choice(["well", "so", "then", "maybe", "hm"], rng.integers(3, 9)).tolist()
        rows.append((" ".join([fill[0], first, *fill[1:], second]), first))
    path = tmp_path / "texts.csv"
    pd.DataFrame(rows, columns=["said", "first"]).assign(number=np.arange(160)).to_csv(path, index=False)
    return path


@pytest.fixture
def tagged(tmp_path: Path) -> Path:
    """Return sequences of bits, each with the parity up to it."""
    rng = np.random.default_rng(0)
    sequences = [rng.integers(0, 2, rng.integers(2, 9)) for _ in range(120)]
    lines = [
        "\n".join(f"{bit}\t{'odd' if total % 2 else 'even'}" for bit, total in zip(bits, np.cumsum(bits), strict=True))
        for bits in sequences
    ]
    path = tmp_path / "parity.tsv"
    path.write_text("\n\n".join(lines))
    return path


def test_the_order_of_words_is_learned_which_a_bag_of_words_cannot(train: Train, texts: Path) -> None:
    outcome = train(str(texts), target="first", model="gru", epochs=30, learning_rate=0.02, dropout=0.0, **_SMALL)
    assert outcome.metrics["test"]["accuracy"] > 0.9
    model = open_model(outcome.folder.path)
    assert model.prepared_by.kind == "texts"
    said = predict_table(model, str(texts)).table["first"]
    again = evaluate_table(model, str(texts)).metrics["data"]["accuracy"]
    assert (said == pd.read_csv(texts)["first"]).mean() == pytest.approx(again)


@pytest.mark.parametrize("kind", ["lstm", "transformer"])
def test_an_answer_does_not_depend_on_the_rows_beside_it(train: Train, texts: Path, tmp_path: Path, kind: str) -> None:
    settings = {"embedding": 4, "engine": "numpy"} | ({"width": 8, "heads": 2} if kind == "transformer" else {})
    model = open_model(train(str(texts), target="first", model=kind, **settings).folder.path)
    frame = pd.read_csv(texts)
    alone = pd.concat([model_outputs(model, frame.iloc[[row]]) for row in range(6)])
    longer = frame.copy()
    longer.loc[6:, "said"] = "well so then maybe hm well so then maybe hm well"
    for table in (frame, longer, frame[:6]):
        assert (model_outputs(model, table)[:6].to_numpy() == alone.to_numpy()).all()


def model_outputs(model: object, frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(model.outputs(frame.reset_index(drop=True)))  # type: ignore[attr-defined]


def test_each_token_gets_its_label_and_whole_sequences_are_counted(train: Train, tagged: Path, tmp_path: Path) -> None:
    outcome = train(
        str(tagged), task="tagging", epochs=60, batch_size=4, l2=0.0, learning_rate=0.02, dropout=0.0, **_SMALL
    )
    assert outcome.model.network.output_shape == (outcome.model.network.input_shape[0], 2)
    assert outcome.metrics["test"]["accuracy"] > 0.9
    model = open_model(outcome.folder.path)
    evaluation = evaluate_table(model, str(tagged))
    assert "sequences that are right at every step" in evaluation.notes[-1]
    (tmp_path / "bits.txt").write_text("1\n1\n\n0\n")
    table = predict_table(model, str(tmp_path / "bits.txt"), proba=True).table
    assert table["sequence"].tolist() == [1, 1, 2]
    assert table["token"].tolist() == ["1", "1", "0"]
    assert table.filter(like="P(").sum(axis=1).tolist() == pytest.approx([1, 1, 1])


def test_a_model_without_time_is_refused_for_labels_of_every_step(train: Train, tagged: Path) -> None:
    with pytest.raises(ConfigError, match=r"a model that reads sequences: rnn, lstm, gru, transformer; got mlp"):
        train(str(tagged), task="tagging", model="mlp")


def test_rows_of_numbers_are_refused_by_a_model_of_sequences(train: Train) -> None:
    with pytest.raises(DataError, match="a column of texts, which a model of sequences reads"):
        train("iris", model="lstm")


def test_tagged_sequences_are_not_parted_into_folds_or_streamed(tagged: Path) -> None:
    with pytest.raises(ConfigError, match="a label for every step"):
        question({"data": str(tagged), "task": "tagging"})
    with pytest.raises(ConfigError, match="`stream`"):
        prepare_stream(config_from({"data": str(tagged), "task": "tagging", "stream": True}), lambda _: None)


def test_folds_have_vocabularies_of_their_own(texts: Path) -> None:
    asked = question({"data": str(texts), "target": "first", "model": "gru", "epochs": 1, **_SMALL})
    estimator = asked.estimator().fit(asked.source.take(np.arange(40)))
    vocabulary = estimator.model_.prepared_by.encoding.vocabulary
    source = asked.source.take(np.arange(40))
    source.frame.loc[:, "said"] = source.frame["said"].str.replace("maybe", "perhaps")
    other = asked.estimator().fit(source).model_.prepared_by.encoding.vocabulary
    assert set(vocabulary.entries) ^ set(other.entries) == {"maybe", "perhaps"}


def test_a_stream_reads_texts_with_their_mask(texts: Path) -> None:
    config = config_from({"data": str(texts), "target": "first", "model": "gru", "stream": True, **_SMALL})
    prepared = prepare_stream(config, lambda _: None)
    stream = prepared.parts["train"].stream
    assert stream is not None
    piece = next(iter(stream.pieces(None)))
    assert piece.mask is not None
    assert (piece.mask == (piece.x > 0)).all()
    assert prepared.preparation.encoding.ids == prepare(config).preparation.encoding.ids


def test_rows_of_a_picture_are_steps(train: Train) -> None:
    outcome = train("digits", model="rnn", epochs=1, hidden=(8,), engine="numpy")
    assert outcome.model.network.rows().__next__().kind == "Reshape"
