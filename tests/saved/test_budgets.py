"""Tiny files that ask for much: each is refused before memory or time is spent on it."""

from __future__ import annotations

import json
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule import MLPClassifier, load_estimator, load_model, save_model
from chainrule.encode.numeric import Numeric
from chainrule.encode.preparation import Preparation
from chainrule.encode.table import TableEncoding
from chainrule.encode.target import Target
from chainrule.errors import ModelFileError, did_you_mean
from chainrule.nn import SoftmaxCrossEntropy
from chainrule.recipes import mlp
from chainrule.saved.model import Model
from chainrule.sources.kinds import ColumnKind

Parts = dict[str, bytes]

# What a refusal may cost, whatever a file declares.
MOST_BYTES = 32 << 20


def table_model(columns: int) -> Model:
    """Return a model of a table with so many columns of numbers."""
    rng = np.random.default_rng(0)
    names = [f"column {i}" for i in range(columns)]
    kinds = tuple(ColumnKind(name, "numeric", "40 different numbers") for name in names)
    encoders = tuple(
        Numeric(name, False, float(rng.normal()), 1.5, float(rng.normal()), [], "standard", 0.0, "median")
        for name in names
    )
    network = mlp((columns,), (), 2, SoftmaxCrossEntropy())
    preparation = Preparation(TableEncoding(kinds, encoders), Target("y", "classification", ("a", "b")))
    return Model(network, network.init(rng), preparation)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    path = tmp_path_factory.mktemp("model") / "m"
    save_model(table_model(3), path)
    return unpacked(path)


def unpacked(path: Path) -> Parts:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, parts: Parts) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def refuse(path: Path, load: Callable[[Path], Any] = load_model) -> str:
    """Load a file that must be refused without much memory being asked for; return what it was told."""
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError) as caught:
            load(path)
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()
    assert len(str(caught.value)) < 1000
    return str(caught.value)


def network(layer: Any, *shape: int) -> dict[str, Any]:
    return {"input_shape": list(shape), "layer": layer, "loss": {"kind": "SquaredError"}}


def row(*layers: Any, **fields: Any) -> dict[str, Any]:
    return {"kind": "Sequential", "layers": list(layers), **fields}


def inside(depth: int, layer: Any) -> Any:
    for _ in range(depth):
        layer = {"kind": "Residual", "inner": layer}
    return layer


TANH = {"kind": "Tanh"}
PAD, POOL = {"kind": "ZeroPad", "frame": 100_000}, {"kind": "GlobalMaxPool"}

NETWORKS: dict[str, tuple[Callable[[], Any], str]] = {
    "a million layers": (lambda: network(row(*[TANH] * 1_000_000), 3), "model.json of at most"),
    "thirty thousand layers": (lambda: network(row(*[TANH] * 30_000), 3), "at most 10,000 layers"),
    "a kind of three million letters": (lambda: network({"kind": "Dense" * 600_000}, 3), "the kind 'DenseDense"),
    "names that are more than the layers": (
        lambda: network(row(TANH, names=["a", "a"]), 3),
        "1 different names without a dot, one for each layer",
    ),
    "many more names than layers": (
        lambda: network(row(TANH, names=[str(i) for i in range(100_000)]), 3),
        "1 different names without a dot, one for each layer",
    ),
    "149 GiB between two layers": (lambda: network(row(PAD, POOL), 1, 1, 1), "the output of ZeroPad"),
    "5.8 TiB between two layers": (
        lambda: network(row({"kind": "UpSample", "size": 200_000}, POOL), 2, 2, 10),
        "the output of UpSample",
    ),
    "149 GiB inside a layer": (
        lambda: network(row(inside(3, row(PAD, {"kind": "MaxPool2D", "size": 200_001})), POOL), 1, 1, 1),
        "the output of ZeroPad",
    ),
    "a giant input": (lambda: network(row({"kind": "Flatten"}, TANH), 2**30), "the input to have at most"),
    "a pool of more windows than anybody waits for": (
        lambda: network(row({"kind": "MaxPool2D", "size": 4_000, "stride": 1}, POOL), 8_000, 8_000, 1),
        "operations a sample",
    ),
}


@pytest.mark.parametrize("what", NETWORKS)
def test_a_network_that_asks_for_much_is_refused(what: str, parts: Parts, tmp_path: Path) -> None:
    make, message = NETWORKS[what]
    head = json.loads(parts["model.json"]) | {"network": make()}
    path = pack(tmp_path / "m", parts | {"model.json": json.dumps(head).encode()})
    assert path.stat().st_size < 300_000
    assert message in refuse(path)


TEXTS: dict[str, Callable[[], bytes]] = {
    "blanks": lambda: b" " * (64 << 20),
    "a million lists": lambda: b"[" + b"[]," * 1_000_000 + b"1]",
    "a hundred thousand dicts": lambda: b"[" + b'{"a":1},' * 100_000 + b"1]",
    "half a million texts": lambda: b"[" + b'"ab",' * 500_000 + b"1]",
    "thousands of lists in each other": lambda: b"[" * 5_000 + b"]" * 5_000,
    "nine hundred lists in each other": lambda: b"[" * 900 + b"]" * 900,
    "thousands of dicts in each other": lambda: b'{"inputs":' * 5_000 + b"1" + b"}" * 5_000,
    "a number of a million digits": lambda: b"1" * 1_000_000,
}


@pytest.mark.parametrize("part", ["model.json", "preprocess.json"])
@pytest.mark.parametrize("what", TEXTS)
def test_json_that_would_be_large_in_memory_is_refused(what: str, part: str, parts: Parts, tmp_path: Path) -> None:
    refuse(pack(tmp_path / "m", parts | {part: TEXTS[what]()}))


@pytest.mark.parametrize("what", TEXTS)
def test_the_file_of_an_estimator_has_the_same_budget(what: str, tmp_path: Path) -> None:
    MLPClassifier(3, solver="lbfgs").fit([[0.0], [1.0]], [0, 1]).save(tmp_path / "e")
    path = pack(tmp_path / "h", unpacked(tmp_path / "e") | {"estimator.json": TEXTS[what]()})
    refuse(path, load_estimator)


def test_a_hundred_thousand_columns_are_refused(parts: Parts, tmp_path: Path) -> None:
    data = json.loads(parts["preprocess.json"])
    for name in ("columns", "encoders"):
        data["inputs"][name] = data["inputs"][name][:1] * 100_000
    refuse(pack(tmp_path / "m", parts | {"preprocess.json": json.dumps(data).encode()}))


def test_a_million_classes_are_refused(parts: Parts, tmp_path: Path) -> None:
    head = json.loads(parts["model.json"]) | {"classes": ["a"] * 1_000_000}
    refuse(pack(tmp_path / "m", parts | {"model.json": json.dumps(head).encode()}))


def test_a_header_of_tensors_that_is_mostly_something_else_is_refused(parts: Parts, tmp_path: Path) -> None:
    raw = parts["weights.safetensors"]
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8 : 8 + size]) | {"__metadata__": {str(i): "x" for i in range(50)}}
    text = json.dumps(header).encode()
    lying = struct.pack("<Q", len(text)) + text + raw[8 + size :]
    assert "772 bytes" in refuse(pack(tmp_path / "m", parts | {"weights.safetensors": lying}))


def test_a_directory_of_thousands_of_parts_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m", "w") as archive:
        for i in range(5_000):
            archive.writestr(str(i), b"")
    assert "a directory of at most" in refuse(tmp_path / "m")


def test_a_long_directory_behind_a_second_record_is_refused(tmp_path: Path) -> None:
    record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1 << 20, 1 << 20, 1 << 26, 0)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, 0, 1)
    (tmp_path / "m").write_bytes(record + locator + b"PK\x05\x06" + bytes(18))
    assert "a directory of at most" in refuse(tmp_path / "m")


@pytest.fixture
def comparisons(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the words that difflib is asked about."""
    asked: list[str] = []

    def matches(word: str, words: Any, **_: Any) -> list[str]:
        asked.extend([word, *words])
        return []

    monkeypatch.setattr("difflib.get_close_matches", matches)
    return asked


def test_words_that_nobody_typed_are_not_compared(comparisons: list[str]) -> None:
    did_you_mean("Dense" * 1000, ["Dense"])
    did_you_mean("Dense", ["Dense" * 1000, "Dens"])
    assert comparisons == ["dense", "dens"]


def test_the_remedy_for_a_misspelt_name_lists_no_long_words() -> None:
    assert len(did_you_mean("x", ["a" * 100_000] * 12)) < 3000


def test_a_wide_table_before_a_network_without_hidden_layers_is_saved_and_loaded(tmp_path: Path) -> None:
    # Deflated, its columns would be a twentieth of what they are in memory.
    model = table_model(20_000)
    save_model(model, tmp_path / "m")
    assert load_model(tmp_path / "m").preparation == model.preparation
