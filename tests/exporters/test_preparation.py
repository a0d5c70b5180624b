"""From raw rows to x in plain lines: the very numbers that Chainrule's own preparation makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.choices import ChoiceTable
from chainrule.encode.images import ImageEncoding
from chainrule.encode.preparation import Preparation
from chainrule.encode.sounds import SoundEncoding
from chainrule.encode.table import column_kinds, fit_table
from chainrule.encode.target import Target
from chainrule.errors import DataError
from chainrule.exporters import Lesson, Rows, numpy, numpy_bare, onnx
from chainrule.exporters.drawn import drawn_rows
from chainrule.exporters.onnx_columns import feeds_of
from chainrule.exporters.raw import raw_rows
from chainrule.network import Network
from chainrule.nn import Dense, Flatten, Sequential, SoftmaxCrossEntropy
from chainrule.saved.model import Model
from chainrule.sources.samples import Pictures, Recordings
from tests.exporters.lessons import opened, require

COLUMNS: dict[str, list[object]] = {
    "a number": [1.5, None, 3, "$1,200", 5.25, np.inf, -7, 2, 9, 11],
    "yes": ["yes", "No", "YES", None, "no", "yes", "no", "no", "yes", "maybe"],
    "colour": ["red", "blue", None, "red", "blue", "red", "blue", "green", "red", "blue"],
    "size": ["S", "M", "L", "S", None, "M", "L", "S", "XXL", "M"],
    "3": [3.0, "3", 4, 3, "4", 3, 4, 3, 4, None],
    "when": ["2024-02-29", "1969-07-20", None, "2024-12-31 23:59:59", *["2025-06-0" + str(i) for i in range(1, 7)]],
    "said": ["to be or not", "to be", "Not to be!", None, "be", "or not to be", "to", "be it", "it is", "is it to be"],
}
KINDS = {"a number": "numeric", "yes": "boolean", "colour": "category", "size": "category", "3": "category"} | {
    "when": "date",
    "said": "text",
}
CHOICES = [
    {},
    {"scaling": "minmax", "winsorise": 0.1, "rare": 1, "dates": "parts", "text": "bag", "ngrams": 2, "impute": "mode"},
    {"scaling": "none", "indicators": False, "encoding": {"size": "ordinal"}, "word_rows": 1, "most_categories": 1},
    {"scaling": {"a number": "smooth", "*": "quantile"}, "text": "topics", "topics": 2},
    {"scaling": {"a number": "quantile", "*": "smooth"}, "encoding": {"size": "ordinal"}},
]


def frame() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in COLUMNS.items()})


def table_lesson(choices: dict[str, object], *names: str) -> Lesson:
    train = frame()[list(names or COLUMNS)]
    encoding = fit_table(train, column_kinds(train, "t", {n: KINDS[n] for n in train.columns}), ChoiceTable(choices))
    preparation = Preparation(encoding, Target("t", "classification", ("a", "b")))
    return of_rows(preparation, Rows(raw_rows(encoding, train, None), dense(preparation.inputs(train))))


def of_rows(preparation: Preparation, rows: Rows) -> Lesson:
    network = Network(Sequential((Flatten(), Dense(2))), preparation.input_shape, SoftmaxCrossEntropy())
    return Lesson("rows", Model(network, network.init(np.random.default_rng(0)), preparation), rows)


def dense(x: object) -> np.ndarray:
    return x if isinstance(x, np.ndarray) else x.toarray()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("choices", CHOICES)
def test_every_kind_of_column_becomes_the_same_numbers(choices: dict[str, object], tmp_path: Path) -> None:
    lesson = table_lesson(choices)
    module = opened(numpy.write(lesson), tmp_path)
    np.testing.assert_allclose(module.prepare(module.rows_of("test")), lesson.tested.x, rtol=0, atol=1e-7)


@pytest.mark.parametrize("choices", CHOICES)
def test_rows_that_training_did_not_see_become_the_same_numbers(choices: dict[str, object], tmp_path: Path) -> None:
    preparation = table_lesson(choices).model.prepared_by
    lesson = of_rows(preparation, drawn_rows(preparation, 50))
    module = opened(numpy.write(lesson), tmp_path)
    np.testing.assert_allclose(module.prepare(module.rows_of("test")), lesson.tested.x, rtol=0, atol=1e-7)


def test_the_bare_script_reads_cells_as_they_are_in_a_file(tmp_path: Path) -> None:
    lesson = table_lesson({"rare": 1})
    module = opened(numpy_bare.write(lesson), tmp_path)
    wanted = lesson.model.outputs_of(lesson.tested.x)
    for i in range(len(wanted)):
        row = {name: cells[i] for name, cells in COLUMNS.items()}
        assert list(module.predict(row).values()) == pytest.approx(list(wanted[i]), abs=1e-6)


def test_the_bare_script_refuses_a_text_where_a_number_is_due(tmp_path: Path) -> None:
    module = opened(numpy_bare.write(table_lesson({}, "a number", "colour")), tmp_path)
    with pytest.raises(ValueError, match="many"):
        module.predict({"a number": "many"})


def test_names_and_categories_are_data_and_never_code(tmp_path: Path) -> None:
    evil = '"""\nraise SystemExit("run")\n"""'
    train = pd.DataFrame({evil: [1.0, 2.0, 3.0, 5.0], "file": [evil, "b", evil, "b"]})
    encoding = fit_table(train, column_kinds(train, "t", {"file": "category"}), ChoiceTable({"rare": 1}))
    preparation = Preparation(encoding, Target("t", "classification", (evil, "b")))
    rows = Rows(raw_rows(encoding, train, None), preparation.inputs(train))
    lesson = Lesson(evil, of_rows(preparation, rows).model, rows)
    module = opened(numpy.write(lesson), tmp_path)
    np.testing.assert_allclose(module.prepare(module.rows_of("test")), rows.x, rtol=0, atol=1e-7)
    assert evil in module.CLASSES


def test_empty_texts_beside_missing_cells_are_refused() -> None:
    train = pd.DataFrame({"c": pd.Series(["", "a", None, "a"], dtype=object)})
    encoding = fit_table(train, column_kinds(train, "t", {"c": "category"}), ChoiceTable({"rare": 1}))
    with pytest.raises(DataError, match=r"'c'.*empty texts"):
        raw_rows(encoding, train, None)


def pictures_lesson(dtype: str, *, standardise: bool) -> Lesson:
    rng = np.random.default_rng(0)
    white = 255.0 if dtype == "uint8" else 1.0
    samples = Pictures((rng.random((6, 5, 4, 3)) * white).astype(dtype), white)
    encoding = ImageEncoding.fit(samples, standardise=standardise)
    preparation = Preparation(encoding, Target("t", "classification", ("a", "b")))
    empty = pd.DataFrame(index=range(6))
    return of_rows(preparation, Rows(raw_rows(encoding, empty, samples), preparation.inputs(empty, samples=samples)))


def sounds_lesson(method: str) -> Lesson:
    rng = np.random.default_rng(0)
    waves = tuple(rng.uniform(-1, 1, n).astype(np.float32) for n in (700, 900, 800, 1200, 300))
    samples = Recordings(waves, 8000)
    encoding = SoundEncoding.fit(samples, method=method)
    preparation = Preparation(encoding, Target("t", "classification", ("a", "b")))
    empty = pd.DataFrame(index=range(5))
    return of_rows(preparation, Rows(raw_rows(encoding, empty, samples), preparation.inputs(empty, samples=samples)))


FILES = {
    "uint8": lambda: pictures_lesson("uint8", standardise=False),
    "standardised": lambda: pictures_lesson("uint8", standardise=True),
    "float32": lambda: pictures_lesson("float32", standardise=False),
    "log_mel": lambda: sounds_lesson("log_mel"),
    "fft": lambda: sounds_lesson("fft"),
}


@pytest.mark.parametrize("kind", FILES)
def test_pictures_and_sounds_become_the_same_numbers(kind: str, tmp_path: Path) -> None:
    lesson = FILES[kind]()
    module = opened(numpy.write(lesson), tmp_path)
    np.testing.assert_allclose(module.prepare(module.rows_of("test")), lesson.tested.x, rtol=1e-6, atol=1e-6)


def predicted_by_onnx(lesson: Lesson) -> np.ndarray:
    require("onnx")
    runtime = require("onnxruntime")
    written = onnx.write(lesson)
    session = runtime.InferenceSession(written.files[written.main], providers=["CPUExecutionProvider"])
    feeds = feeds_of(lesson.model.prepared_by.encoders, lesson.tested)
    y: np.ndarray = session.run(
        None, {name: cells.astype(object) if cells.dtype.kind == "U" else cells for name, cells in feeds.items()}
    )[-1]
    return y


@pytest.mark.parametrize("choices", [CHOICES[0], *CHOICES[2:]])
def test_onnx_has_the_preparation_of_a_table_in_its_graph(choices: dict[str, object]) -> None:
    lesson = table_lesson(choices)
    np.testing.assert_allclose(predicted_by_onnx(lesson), lesson.model.outputs_of(lesson.tested.x), rtol=0, atol=1e-6)
    drawn = of_rows(lesson.model.prepared_by, drawn_rows(lesson.model.prepared_by, 50))
    np.testing.assert_allclose(predicted_by_onnx(drawn), drawn.model.outputs_of(drawn.tested.x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", FILES)
def test_onnx_has_the_preparation_of_pictures_and_sounds_in_its_graph(kind: str) -> None:
    lesson = FILES[kind]()
    np.testing.assert_allclose(predicted_by_onnx(lesson), lesson.model.outputs_of(lesson.tested.x), rtol=0, atol=1e-6)
