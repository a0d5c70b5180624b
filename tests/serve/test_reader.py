"""Requests are read as the training data were, and what cannot be is refused with its column and row."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.encoder import Findings
from chainrule.errors import ChainruleError, DataError
from chainrule.saved.model import Model
from chainrule.serve.quick import Quick
from chainrule.serve.reader import Reader, parsed
from chainrule.serve.refusal import CellError, RequestError
from tests.serve.conftest import ROW, png, table_text, wav

JSON = "application/json"


def asked(model: Model, content: Any) -> Any:
    return Reader(model.prepared_by).read(JSON, json.dumps(content).encode())


def refused(model: Model, content: Any) -> Any:
    with pytest.raises(ChainruleError) as caught:
        asked(model, content)
    return caught.value


def test_a_table_as_csv_has_the_inputs_that_predict_makes_of_it(table: Model) -> None:
    raw = table_text().encode()
    x = Reader(table.prepared_by).read("text/csv; charset=utf-8", raw).x
    from pathlib import Path

    from chainrule.job.predict import as_in_training
    from chainrule.sources.source import Reading, read_table_of

    frame = read_table_of(Path("t.csv"), raw, as_in_training(table.prepared_by, Reading())).frame
    np.testing.assert_array_equal(x, table.prepared_by.inputs(frame))


def test_rows_of_json_have_the_inputs_of_the_same_cells_in_a_csv(table: Model) -> None:
    text = "id_name;alter;preis;stadt;aktiv;seit\nq;33,5;1.410,25;Köln;ja;14.05.2021\nr;;0,5;Bonn;nein;01.12.2020\n"
    rows = [
        {**ROW, "preis": 1410.25},
        {"alter": None, "preis": 0.5, "stadt": "Bonn", "aktiv": False, "seit": "01.12.2020"},
    ]
    x = Reader(table.prepared_by).read("text/csv", text.encode()).x
    np.testing.assert_array_equal(asked(table, rows).x, x)


def test_a_text_is_read_as_in_training_and_a_number_is_a_number(table: Model) -> None:
    written = asked(table, {**ROW, "preis": "1.234,5", "alter": "33,5"}).x
    np.testing.assert_array_equal(written, asked(table, {**ROW, "preis": 1234.5}).x)


@pytest.mark.parametrize("said", [True, "ja", "yes", "WAHR", 1, "1"])
def test_true_is_true_in_any_words(table: Model, said: Any) -> None:
    np.testing.assert_array_equal(asked(table, {**ROW, "aktiv": said}).x, asked(table, {**ROW, "aktiv": "ja"}).x)
    assert (asked(table, {**ROW, "aktiv": said}).x != asked(table, {**ROW, "aktiv": False}).x).any()


def test_the_quick_way_has_the_bits_of_the_slow_one(numbers: Model) -> None:
    reader = Reader(numbers.prepared_by)
    rng = np.random.default_rng(3)
    names = [column.name for column in reader.columns]
    rows = [dict(zip(names, map(float, rng.normal(0, 10.0 ** (i % 9), len(names))), strict=True)) for i in range(40)]
    rows.append(dict.fromkeys(names, 1e300))
    rows.append(dict.fromkeys(names, -7))
    assert Quick.covers(reader.columns)
    quick = Quick(reader.columns).encode(rows)
    assert quick is not None
    slow = reader._slowly(rows)
    np.testing.assert_array_equal(quick[0], slow.x)
    assert quick[0].dtype == slow.x.dtype
    np.testing.assert_array_equal(quick[1], slow.outside)
    assert slow.outside.sum() > 0


def test_the_quick_way_has_the_bits_of_the_slow_one_for_words_too(table: Model) -> None:
    # But for the column of dates, for which there is none.
    columns = [column for column in Reader(table.prepared_by).columns if column.encoder.kind != "date"]
    rows = [
        {"alter": 30 + i, "preis": 2.5 * i, "stadt": town, "aktiv": flag}
        for i, (town, flag) in enumerate((t, f) for t in ("Berlin", "Hamburg", "Köln") for f in (True, False, "ja"))
    ]
    quick = Quick(columns).encode(rows)
    assert quick is not None
    values = {column.name: column.values([row[column.name] for row in rows]) for column in columns}
    parts = [column.encoder.encode(pd.Series(values[column.name], name=column.name), Findings()) for column in columns]
    np.testing.assert_array_equal(quick[0], np.hstack([np.asarray(part, np.float32) for part in parts]))


@pytest.mark.parametrize(
    "change", [{"alter": None}, {"alter": "3"}, {"alter": True}, {"stadt": "Rom"}, {"aktiv": "yes"}, {"stadt": ["x"]}]
)
def test_the_quick_way_leaves_what_is_not_plain_to_the_slow_one(table: Model, change: dict[str, Any]) -> None:
    columns = [column for column in Reader(table.prepared_by).columns if column.encoder.kind != "date"]
    row = {name: cell for name, cell in ROW.items() if name != "seit"}
    assert Quick(columns).encode([row]) is not None
    assert Quick(columns).encode([{**row, **change}]) is None


@pytest.mark.parametrize(
    ("change", "column", "message"),
    [
        ({"alter": "12.3.4"}, "alter", "numbers|a number"),
        ({"alter": [1]}, "alter", "a list in row 2"),
        ({"alter": {"a": 1}}, "alter", "an object in row 2"),
        ({"alter": True}, "alter", "true in row 2"),
        ({"alter": 10**400}, "alter", "beyond 1.8e308"),
        ({"seit": "gestern"}, "seit", "a date"),
        ({"seit": 20210514}, "seit", "a date"),
        ({"stadt": False}, "stadt", "a text"),
        ({"stadt": "\ud800"}, "stadt", "surrogate"),
        ({"aktiv": [True]}, "aktiv", "a list"),
    ],
)
def test_a_cell_of_another_kind_is_named_with_column_and_row(
    table: Model, change: dict[str, Any], column: str, message: str
) -> None:
    error = refused(table, [ROW, {**ROW, **change}])
    assert isinstance(error, CellError)
    assert (error.column, error.row) == (column, 2)
    import re

    assert re.search(message, str(error))


def test_a_missing_column_is_named_with_the_nearest_that_came(table: Model) -> None:
    row = {("Preis_" if name == "preis" else name): cell for name, cell in ROW.items()}
    error = refused(table, [ROW, row])
    assert (error.column, error.row) == ("preis", 2)
    assert "'Preis_'" in error.remedy


def test_extra_columns_are_ignored_and_told(table: Model) -> None:
    found = asked(table, [{**ROW, "farbe": "rot", "klasse": "a", "id_name": "q"}])
    assert found.ignored == ["farbe"]
    np.testing.assert_array_equal(found.x, asked(table, ROW).x)


def test_gaps_and_new_categories_are_counted_and_noted(numbers: Model, table: Model) -> None:
    found = asked(table, [{**ROW, "alter": None}, {**ROW, "stadt": "Rom", "alter": 1e9}])
    notes = " ".join(found.all_notes())
    assert "alter (1)" in notes
    assert "stadt" in notes
    by_name = {
        c.name: (int(f), int(o))
        for c, f, o in zip(Reader(table.prepared_by).columns, found.filled, found.outside, strict=True)
    }
    assert by_name["alter"] == (1, 1)
    assert by_name["stadt"] == (2, 1)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"a": NaN}', 400),
        (b'[{"a": Infinity}]', 400),
        (b"\xff\xfe\x00", 400),
        (b"[" * 100_000, 400),
        (b"[]", 422),
        (b"3", 422),
        (b'["a"]', 422),
        (b"null", 422),
    ],
)
def test_what_is_no_row_is_refused(table: Model, raw: bytes, status: int) -> None:
    with pytest.raises(RequestError) as caught:
        Reader(table.prepared_by).read(JSON, raw)
    assert caught.value.status == status


def test_json_with_a_mark_of_its_order_of_bytes_is_read() -> None:
    assert parsed(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_too_many_rows_are_refused_before_they_are_looked_at(numbers: Model) -> None:
    raw = b"[" + b",".join([b"0"] * 1_000_000) + b"]"
    with pytest.raises(RequestError, match="1,000,000") as caught:
        Reader(numbers.prepared_by).read(JSON, raw)
    assert caught.value.status == 413


@pytest.mark.parametrize("kind", ["", "text/html", "multipart/form-data; boundary=x", "image/png", "audio/wav"])
def test_another_type_of_content_is_refused(table: Model, kind: str) -> None:
    with pytest.raises(RequestError, match="application/json") as caught:
        Reader(table.prepared_by).read(kind, b"{}")
    assert caught.value.status == 415


def test_a_csv_has_its_faults_named_by_column_and_row(table: Model) -> None:
    head = "alter;preis;stadt;aktiv;seit\n"
    with pytest.raises(CellError) as caught:
        Reader(table.prepared_by).read("text/csv", f"{head}1;2;Köln;ja;14.05.2021\n1;2a;Köln;ja;14.05.2021\n".encode())
    assert (caught.value.column, caught.value.row) == ("preis", 2)
    with pytest.raises(CellError) as caught:
        Reader(table.prepared_by).read("text/csv", b"alter;preis;stadt;aktiv\n1;2;Ulm;ja\n")
    assert (caught.value.column, caught.value.row) == ("seit", None)


def test_a_picture_as_a_file_and_as_pixels_has_the_same_inputs(flat_pictures: Model) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (6, 5))
    reader = Reader(flat_pictures.prepared_by)
    of_file = reader.read("image/png", png(pixels)).x
    for content in (pixels.reshape(1, -1), pixels[None], pixels[None, ..., None]):
        np.testing.assert_array_equal(reader.read(JSON, json.dumps(content.tolist()).encode()).x, of_file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([[1] * 29], "29 in row 1"),
        ([[1] * 30, [1] * 29 + [256]], "256 in row 2"),
        ([[1] * 30, [1] * 29 + [-1]], "-1 in row 2"),
        ([[1] * 29 + ["a"]], "'a' in row 1"),
        ([[True] * 30], "true in row 1"),
        ([[10**400] * 30], "in row 1"),
        ([[[1] * 5] * 5 + [[1] * 4]], "row 1"),
        ([[]], "0 in row 1"),
    ],
)
def test_pixels_that_are_none_are_named_with_their_row(flat_pictures: Model, content: Any, message: str) -> None:
    error = refused(flat_pictures, content)
    assert isinstance(error, CellError)
    assert message in str(error)


def test_a_damaged_picture_is_refused_in_a_sentence(flat_pictures: Model) -> None:
    with pytest.raises(DataError, match="the body"):
        Reader(flat_pictures.prepared_by).read("image/png", png(np.zeros((6, 5)))[:40])


def test_a_sound_of_another_rate_is_resampled_where_it_is_asked_for(sounds: Model) -> None:
    reader = Reader(sounds.prepared_by)
    assert reader.read("audio/wav", wav()).x.shape == (1, *sounds.prepared_by.input_shape)
    with pytest.raises(DataError, match=r"\?resample=true"):
        reader.read("audio/wav", wav(11025))
    assert reader.read("audio/wav", wav(11025), resample=True).n == 1
