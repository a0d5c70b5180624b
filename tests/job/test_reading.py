"""The reading goes with the model: a row gets the same answer whatever stands beside it, in whatever file it comes."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.errors import ConfigError, DataError
from chainrule.job.config import Config
from chainrule.job.predict import evaluate_table, predict_table
from chainrule.job.prepare import prepare, reading_of
from chainrule.job.stream import prepare_stream
from chainrule.large import text as text_module
from chainrule.large.blocks import open_blocks
from chainrule.saved.file import load_model
from chainrule.saved.model import Model
from tests.conftest import Write
from tests.job.conftest import Train

N = 120
RNG = np.random.default_rng(0)
FLAGS = RNG.random(N) < 0.5
NUMBERS = RNG.normal(5, 2, N).round(2)


def flags(true: str, false: str, gap: int | None = None) -> str:
    rows = [
        (true if flag else false, number, "good" if flag else "bad")
        for flag, number in zip(FLAGS, NUMBERS, strict=True)
    ]
    cells = [("" if i == gap else flag, *rest) for i, (flag, *rest) in enumerate(rows)]
    return "flag,x,label\n" + "".join(f"{a},{b},{c}\n" for a, b, c in cells)


def answers(model: Model, path: Path, **said: Any) -> np.ndarray:
    return predict_table(model, str(path), proba=True, reading=reading_of(Config(str(path), **said))).y


@pytest.fixture
def by_flags(train: Train, write: Write) -> Model:
    return train(str(write(flags("TRUE", "FALSE"), "train.csv")), epochs=30).model


@pytest.mark.parametrize("words", [("TRUE", "FALSE"), ("true", "false"), ("1", "0"), ("yes", "no"), ("Y", "N")])
def test_true_is_true_in_whatever_word_and_beside_a_gap(by_flags: Model, write: Write, words: tuple[str, str]) -> None:
    whole = answers(by_flags, write(flags("TRUE", "FALSE"), "a.csv"))
    other = answers(by_flags, write(flags(*words, gap=7), "b.csv"))
    np.testing.assert_array_equal(np.delete(other, 7, axis=0), np.delete(whole, 7, axis=0))


def test_a_gap_in_training_changes_no_word(train: Train, write: Write) -> None:
    model = train(str(write(flags("TRUE", "FALSE", gap=7), "train.csv")), epochs=30).model
    assert evaluate_table(model, str(write(flags("TRUE", "FALSE"), "new.csv"))).metrics["data"]["accuracy"] == 1.0


def test_a_row_alone_has_the_answer_that_it_has_in_company_to_the_last_bit(by_flags: Model, write: Write) -> None:
    rows = flags("TRUE", "FALSE").splitlines()
    whole = answers(by_flags, write("\n".join(rows), "all.csv"))
    for row in (1, 50, N):
        np.testing.assert_array_equal(
            answers(by_flags, write(f"{rows[0]}\n{rows[row]}\n", "one.csv"))[0], whole[row - 1]
        )


def test_a_decimal_comma_of_training_is_one_at_predict(train: Train, write: Write) -> None:
    text = "preis;menge;teuer\n" + "".join(
        f"{str(x).replace('.', ',')};{i % 7};{'ja' if x > 4 else 'nein'}\n" for i, x in enumerate(NUMBERS)
    )
    model = train(str(write(text, "train.csv")), epochs=30).model
    path = write("preis;menge\n1,250;2\n8,125;3\n", "new.csv")
    assert predict_table(model, str(path)).table["teuer"].tolist() == ["nein", "ja"]


def test_how_a_file_at_predict_is_written_can_be_said(train: Train, write: Write) -> None:
    rows = "".join(f"0{i % 9 + 1}/13/2023,{x},{'uv'[i % 2]}\n" for i, x in enumerate(NUMBERS))
    model = train(str(write("when,x,label\n" + rows, "train.csv")), epochs=3).model
    whole = answers(model, write("when;x\n05/13/2023;3.5\n", "a.csv"))
    other = answers(model, write("when;x\n13/05/2023;3,5\n", "b.csv"), decimal=",", day_first=True)
    np.testing.assert_array_equal(other, whole)


def test_a_target_that_is_no_number_is_named_with_its_row_and_line(write: Write) -> None:
    path = write("x,y\n" + "".join(f"{i * i},{'n/k' if i == 70 else i * 2.5}\n" for i in range(80)))
    with pytest.raises(DataError, match=r"numbers in the column 'y'; got 'n/k' in row 71 \(line 72\).*missing_target"):
        prepare(Config(str(path)))
    assert prepare(Config(str(path), missing_target="drop")).parts["train"].n == 47


def test_a_file_of_another_dialect_is_read_by_its_own_and_that_is_told(by_flags: Model, write: Write) -> None:
    whole = predict_table(by_flags, str(write(flags("TRUE", "FALSE"), "a.csv")))
    other = predict_table(by_flags, str(write(flags("TRUE", "FALSE").replace(",", "\t"), "b.tsv")))
    np.testing.assert_array_equal(other.y, whole.y)
    assert any("written otherwise" in note for note in other.notes)


def test_text_where_training_had_numbers_is_refused_with_row_and_line(by_flags: Model, write: Write) -> None:
    path = write("flag,x\nTRUE,1.5\nTRUE,high\n", "new.csv")
    with pytest.raises(DataError, match=r"numbers in the column 'x', as in training; got 'high' in row 2 \(line 3\)"):
        predict_table(by_flags, str(path))


def test_text_in_a_column_that_is_not_needed_is_no_matter(by_flags: Model, write: Write) -> None:
    path = write("flag,x,label,note\nTRUE,1.5,?,8\nFALSE,2.5,?,high\n", "new.csv")
    assert len(predict_table(by_flags, str(path)).table) == 2


def test_odd_cells_that_training_had_are_gaps_at_predict_too(train: Train, write: Write) -> None:
    path = write(flags("TRUE", "FALSE").replace(f",{NUMBERS[40]},", ",12.3.4,", 1), "train.csv")
    model = train(str(path), epochs=3).model
    evaluation = evaluate_table(model, str(path))
    assert evaluation.rows == N
    assert any("'12.3.4' in row 41 (line 42)" in note for note in evaluation.notes)


def test_a_column_that_is_said_to_be_numeric_is_refused_by_the_row_and_line_of_the_file(write: Write) -> None:
    text = "a,b,label\n" + "".join(f"{'high' if i % 3 else i},{i},{'uv'[i % 2]}\n" for i in range(30))
    with pytest.raises(DataError, match=r"'high' in row 2 \(line 3\) and 19 more"):
        prepare(Config(str(write(text)), columns={"a": "numeric"}))


def test_a_class_that_is_read_as_a_gap_is_named_with_the_way_to_keep_it(write: Write) -> None:
    path = write("hours,disorder\n" + "".join(f"{i}.5,{('None', 'Apnea', 'Insomnia')[i % 3]}\n" for i in range(60)))
    with pytest.raises(DataError, match=r"'None' in 20 cells.*`missing"):
        prepare(Config(str(path)))
    assert prepare(Config(str(path), missing=())).preparation.target.classes == ("Apnea", "Insomnia", "None")


def test_one_column_is_enough_at_predict(train: Train, write: Write) -> None:
    text = "text,label\n" + "".join(
        f"{('free prize call', 'hello, at noon')[i % 2]} {i},{'sh'[i % 2]}\n" for i in range(60)
    )
    text = text.replace("hello, at noon", '"hello, at noon').replace(",h\n", '",h\n')
    model = train(str(write(text, "train.csv")), epochs=30).model
    path = write("text\nfree prize, now\nhello, at noon\n", "new.csv")
    assert predict_table(model, str(path)).table["label"].tolist() == ["s", "h"]


def test_the_reading_is_in_the_model_file(by_flags: Model, tmp_path: Path) -> None:
    loaded = load_model(tmp_path / "run" / "model.chainrule").preparation
    assert loaded is not None
    assert loaded.reading == by_flags.preparation.reading
    assert {name: notation.describe() for name, notation in loaded.reading.columns.items()} == {  # type: ignore[union-attr]
        "flag": "TRUE or FALSE",
        "x": "numbers",
        "label": "as written",
    }


def test_a_model_file_without_a_reading_still_predicts_and_tells_it(
    by_flags: Model, tmp_path: Path, write: Write
) -> None:
    import json

    old = tmp_path / "old.chainrule"
    with zipfile.ZipFile(tmp_path / "run" / "model.chainrule") as source, zipfile.ZipFile(old, "w") as target:
        for info in source.infolist():
            content = source.read(info)
            if info.filename == "preprocess.json":
                parts = json.loads(content)
                del parts["reading"]
                content = json.dumps(parts).encode()
            target.writestr(info, content)
    predictions = predict_table(load_model(old), str(write(flags("TRUE", "FALSE"), "a.csv")))
    assert any("does not say how its training file was written" in note for note in predictions.notes)
    assert len(predictions.y) == N


STREAMED = {
    "a gap among words for true": lambda i: "" if i == 3990 else ("TRUE", "FALSE")[i % 2],
    "a word among numbers": lambda i: "low" if i > 3000 else f"{i % 3}.0",
    "one code far down": lambda i: "007" if i == 3990 else str(100 + i % 5),
    "decimal commas that show far down": lambda i: '"3,5"' if i > 3900 else '"1,234"',
    "a day that shows far down": lambda i: "25/12/2023" if i == 3990 else f"0{i % 9 + 1}/0{i % 5 + 1}/2023",
    "an odd cell": lambda i: "12.3.4" if i == 3990 else f"{i}.5",
}


@pytest.mark.parametrize("what", STREAMED)
def test_cells_of_a_stream_are_those_of_the_whole(write: Write, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.setattr(text_module, "_BYTES", 4096)
    rows = "".join(f"{STREAMED[what](i)},{i % 7}.25,{'uv'[i % 2]}\n" for i in range(4000))
    path = write("a,b,label\n" + rows)
    whole = prepare(Config(str(path), stream=False))
    blocks = open_blocks(path)
    frames = pd.concat([frame for block in range(blocks.n_blocks) for frame in blocks.frames(block)])
    assert blocks.reading == whole.preparation.reading
    pd.testing.assert_frame_equal(frames, whole.source.frame, check_index_type=False, check_dtype=False)
    assert blocks.odd == whole.source.odd


def test_a_stream_has_the_kinds_and_the_notes_of_the_whole(write: Write) -> None:
    rows = "".join(f"{'' if i == 500 else ('TRUE', 'FALSE')[i % 2]},{i % 7}.25,{'uv'[i % 2]}\n" for i in range(600))
    path = write("a,b,label\n" + rows)
    whole = prepare(Config(str(path), stream=False)).preparation
    streamed = prepare_stream(Config(str(path), stream=True), lambda words: None).preparation
    assert streamed.reading == whole.reading
    assert [column.kind for column in streamed.columns] == [column.kind for column in whole.columns]


def test_a_frame_in_python_is_read_as_the_file_of_training_was(train: Train, write: Write) -> None:
    rows = "".join(
        f"{i % 28 + 1:02d}/0{i % 9 + 1}/2023;{i % 7},5;{('ja', 'nein')[i % 2]};{i * 3 % 50}\n" for i in range(60)
    )
    model = train(str(write("wann;preis;neu;y\n" + rows, "train.csv")), task="regression").model
    typed = pd.DataFrame({"wann": [pd.Timestamp(2023, 2, 1)], "preis": [3.5], "neu": ["ja"]})
    for wann, preis, neu in (("01/02/2023", "3,5", "True"), (pd.Timestamp(2023, 2, 1, tz="Asia/Tokyo"), "3,5", True)):
        frame = pd.DataFrame({"wann": [wann], "preis": [preis], "neu": [neu]})
        np.testing.assert_array_equal(model.outputs(frame), model.outputs(typed))


def test_a_cell_of_a_frame_that_cannot_be_read_is_refused_with_its_row(by_flags: Model) -> None:
    with pytest.raises(DataError, match=r"numbers in the column 'x', as in training; got 'high' in row 2"):
        by_flags.outputs(pd.DataFrame({"flag": ["TRUE", "FALSE"], "x": ["1.5", "high"]}))


def test_a_notation_can_be_said_for_one_column(write: Write) -> None:
    path = write("a;b;when;label\n" + "".join(f"1,234;1,234;0{i % 9 + 1}/02/2023;{'uv'[i % 2]}\n" for i in range(30)))
    frame = prepare(Config(str(path), decimal={"a": "."}, day_first={"when": True})).source.frame
    assert (frame["a"][0], frame["b"][0], frame["when"][1]) == (1234, 1.234, pd.Timestamp("2023-02-02"))


@pytest.mark.parametrize("said", [{"decimal": {"a": "comma"}}, {"day_first": {"a": 1}}, {"decimal": ";"}])
def test_a_notation_that_there_is_not_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Config("t.csv", **said)
