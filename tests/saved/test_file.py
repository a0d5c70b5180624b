"""The model file: bit for bit there and back, and safe against files that were made to harm."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.encode.augment import Augment
from chainrule.encode.preparation import Preparation
from chainrule.encode.table import column_kinds, fit_table
from chainrule.encode.target import fit_target
from chainrule.errors import ConfigError, ModelFileError, RunFolderError
from chainrule.network import Network
from chainrule.nn import BatchNorm, Dense, Huber, Residual, Sequential, SoftmaxCrossEntropy, SquaredError, Tanh
from chainrule.recipes import mlp
from chainrule.saved.file import load_model, save_model
from chainrule.saved.model import Model
from chainrule.tree import leaves, map_leaves

# `make deep` asks for thousands.
MUTATIONS = int(os.environ.get("CHAINRULE_MUTATIONS", "20"))

Parts = dict[str, bytes]
Change = Callable[[dict[str, Any]], Any]
# What a refusal may cost, whatever a file declares.
MOST_BYTES = 32 << 20


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        {
            "größe": rng.normal(size=40),
            "colour": rng.choice(["red", "blue"], 40),
            "remark": [f"words that come again {i % 3}" for i in range(40)],
            "class": rng.choice(["a", "b", "c"], 40),
        }
    )


@pytest.fixture(scope="module")
def model(frame: pd.DataFrame) -> Model:
    target = fit_target(frame["class"], "classification")
    preparation = Preparation(fit_table(frame, column_kinds(frame, "class", {"remark": "text"})), target)
    network = mlp(preparation.input_shape, (5, 4), 3, SoftmaxCrossEntropy(), dropout=0.25)
    params = map_leaves(lambda value: value.astype(np.float32), network.init(np.random.default_rng(0)))
    return Model(network, params, preparation, {"epochs": 3, "data": "Größen.csv"})


@pytest.fixture
def path(model: Model, tmp_path: Path) -> Path:
    file = tmp_path / "m.chainrule"
    save_model(model, file)
    return file


@pytest.fixture
def parts(path: Path) -> Parts:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, parts: Parts, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return path


def refuse(path: Path) -> ModelFileError:
    """Load a file that must be refused without much memory being asked for."""
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError) as caught:
            load_model(path)
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()
    return caught.value


def test_weights_come_back_bit_for_bit(model: Model, path: Path) -> None:
    before, after = dict(leaves(model.params)), dict(leaves(load_model(path).params))
    assert before.keys() == after.keys()
    for name, value in before.items():
        assert (after[name].dtype, after[name].tobytes()) == (value.dtype, value.tobytes())


def test_predictions_come_back_bit_for_bit(model: Model, path: Path, frame: pd.DataFrame) -> None:
    np.testing.assert_array_equal(load_model(path).outputs(frame), model.outputs(frame))


def test_network_preparation_and_summary_come_back(model: Model, path: Path) -> None:
    loaded = load_model(path)
    assert loaded.network == model.network
    assert loaded.preparation == model.preparation
    assert loaded.summary == model.summary


def test_the_augmentation_comes_back_and_is_not_believed_blindly(model: Model, tmp_path: Path) -> None:
    changed = replace(model, augment=Augment(flip=True, shift=0.04))
    save_model(changed, tmp_path / "changed")
    assert load_model(tmp_path / "changed").augment == changed.augment
    with zipfile.ZipFile(tmp_path / "changed") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for wrong in ({"shift": 7.0}, {"strange": 1}, ["flip"], 3):
        head = json.loads(parts["model.json"]) | {"augment": wrong}
        path = pack(tmp_path / "wrong", parts | {"model.json": json.dumps(head).encode()})
        assert "augmentation" in str(refuse(path))


def test_weights_that_are_not_contiguous_come_back(model: Model, tmp_path: Path) -> None:
    turned = replace(model, params=map_leaves(np.asfortranarray, model.params))
    save_model(turned, tmp_path / "turned")
    for (_, value), (_, again) in zip(
        leaves(model.params), leaves(load_model(tmp_path / "turned").params), strict=True
    ):
        np.testing.assert_array_equal(again, value)


def test_float64_weights_come_back(model: Model, tmp_path: Path) -> None:
    wide = replace(model, params=map_leaves(lambda value: value.astype(np.float64), model.params))
    save_model(wide, tmp_path / "wide")
    assert all(value.dtype == np.float64 for _, value in leaves(load_model(tmp_path / "wide").params))


def test_the_same_model_gives_the_same_bytes(model: Model, path: Path, tmp_path: Path) -> None:
    save_model(model, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_a_model_that_was_loaded_is_saved_as_the_same_bytes(path: Path, tmp_path: Path) -> None:
    save_model(load_model(path), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_a_model_file_opens_with_any_zip_tool_and_explains_itself(parts: Parts) -> None:
    assert sorted(parts) == ["README.md", "model.json", "preprocess.json", "weights.safetensors"]
    assert b"chainrule predict" in parts["README.md"]


def test_repacking_by_another_tool_changes_nothing(parts: Parts, path: Path, model: Model) -> None:
    assert load_model(pack(path, parts)).network == model.network


def test_a_failed_save_leaves_the_old_file_and_nothing_else(
    model: Model, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(RunFolderError, match="Free some space"):
        save_model(model, path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_files_of_version_2_are_read(parts: Parts, path: Path, model: Model, frame: pd.DataFrame) -> None:
    head = json.loads(parts["model.json"]) | {"schema_version": 2}
    del head["parts"]
    loaded = load_model(pack(path, parts | {"model.json": json.dumps(head).encode()}))
    np.testing.assert_array_equal(loaded.outputs(frame), model.outputs(frame))
    assert loaded.classes == ("a", "b", "c")


def bare(network: Network, **fields: Any) -> Model:
    """Return a model of arrays: without a preparation."""
    return Model(network, network.init(np.random.default_rng(0)), **fields)


BARE: dict[str, Network] = {
    "an autoencoder": mlp((64,), (8,), 64, SquaredError()),
    "pictures": mlp((2, 3, 1), (4,), 5, Huber(0.3)),
    "one layer": Network(Dense(2), (4,), SoftmaxCrossEntropy()),
    "no parameters": Network(Sequential((Tanh(),)), (4,), SquaredError()),
    "state": Network(Sequential((Dense(3), BatchNorm(), Residual(Dense(3)))), (4,), SquaredError()),
}


@pytest.mark.parametrize("name", BARE)
def test_a_network_without_a_preparation_answers_the_same_to_the_bit(name: str, tmp_path: Path) -> None:
    model = bare(BARE[name])
    save_model(model, tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    x = np.random.default_rng(1).normal(size=(6, *model.network.input_shape))
    assert (loaded.network, loaded.preparation, loaded.classes) == (model.network, None, ())
    assert loaded.outputs_of(x).tobytes() == model.outputs_of(x).tobytes()


def test_classes_are_kept_without_a_preparation(tmp_path: Path) -> None:
    model = bare(mlp((3,), (4,), 2, SoftmaxCrossEntropy()), classes=("wild", "größer"))
    save_model(model, tmp_path / "m")
    assert load_model(tmp_path / "m").classes == ("wild", "größer")


STATE: dict[str, np.ndarray] = {
    "mean.hidden1.W": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "mean.hidden1.b": np.array(0.1),
    "steps": np.array(2**40),
    "seen": np.array([True, False]),
    "square": np.array([np.inf, np.nan]),
    "none": np.empty((0, 3)),
}


def test_the_optimizers_arrays_come_back_bit_for_bit(model: Model, tmp_path: Path) -> None:
    save_model(replace(model, state=STATE), tmp_path / "m")
    loaded = load_model(tmp_path / "m").state
    assert loaded is not None
    assert list(loaded) == list(STATE)
    for name, value in STATE.items():
        assert (loaded[name].dtype, loaded[name].shape, loaded[name].tobytes()) == (
            value.dtype,
            value.shape,
            value.tobytes(),
        )


def test_where_training_stands_comes_back(model: Model, tmp_path: Path) -> None:
    training = {"epoch": 3, "rate": 0.1 + 0.2, "curve": [1.5, 1e-300], "none": None, "of": {"größe": "x"}}
    save_model(replace(model, training=training), tmp_path / "m")
    assert load_model(tmp_path / "m").training == training


@dataclass(frozen=True)
class Bend(Tanh):
    """A layer of a user's own that is not registered."""


def spoilt(model: Model, name: str, to: Any) -> Model:
    """Return the model with one weight changed."""
    params = map_leaves(np.array, model.params)
    params["hidden1"][name].flat[3] = to
    return replace(model, params=params)


UNLOADABLE: dict[str, tuple[Callable[[Model], Model], str]] = {
    "a layer that is not registered": (
        lambda _: bare(Network(Sequential((Dense(3), Bend())), (4,), SquaredError())),
        r"got Bend\(\), whose class Bend is not registered. .* decorate it with chainrule.nn.register",
    ),
    "such a layer inside of another": (
        lambda _: bare(Network(Residual(Sequential((Bend(),))), (4,), SquaredError())),
        "class Bend is not registered",
    ),
    "weights that are NaN": (
        lambda model: spoilt(model, "W", np.nan),
        r"^Expected finite weights hidden1.W; got nan at \(0, 3\). Train again with a smaller",
    ),
    "weights that are infinite": (
        lambda model: spoilt(model, "b", np.inf),
        r"finite weights hidden1.b; got inf at \(3,\)",
    ),
    "weights of another network": (
        lambda model: replace(model, network=mlp((7,), (5, 3), 3, SoftmaxCrossEntropy())),
        r"that can be loaded again, with hidden2.W of shape \(5, 3\) .* got shape \(5, 4\)",
    ),
    "weights in half precision": (
        lambda model: replace(model, params=map_leaves(lambda value: value.astype(np.float16), model.params)),
        "that can be loaded again, with",
    ),
    "weights of complex numbers": (
        lambda model: replace(model, params=map_leaves(lambda value: value.astype(complex), model.params)),
        "hidden1.W to be an array of .* got dtype complex128",
    ),
    "a preparation for another network": (
        lambda model: replace(bare(mlp((7,), (5,), 64, SquaredError())), preparation=model.preparation, classes="abc"),
        "one class for each of the 64 outputs",
    ),
    "a preparation of other inputs": (
        lambda model: replace(bare(mlp((5,), (4,), 3, SquaredError())), preparation=model.preparation),
        r"data prepared for a network of input \(5,\).* Leave the preparation out",
    ),
    "a summary that is no JSON": (
        lambda model: replace(model, summary={"data": {1, 2}}),
        "a summary of texts, numbers, lists and dicts",
    ),
    "training that is no JSON": (lambda model: replace(model, training={"x": np.ones(2)}), "a training of texts"),
    "texts as the optimizer's arrays": (
        lambda model: replace(model, state={"m": np.array(["a"])}),
        "m to be an array of whole numbers",
    ),
}


@pytest.mark.parametrize("what", UNLOADABLE)
def test_what_could_not_be_loaded_is_not_written(what: str, model: Model, path: Path) -> None:
    before = path.read_bytes()
    make, message = UNLOADABLE[what]
    with pytest.raises((ConfigError, ModelFileError), match=message):
        save_model(make(model), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused_by_name(value: float, parts: Parts, path: Path) -> None:
    header, body = header_of(parts["weights.safetensors"])
    start = header["output.W"]["data_offsets"][0]
    lying = body[: start + 4] + struct.pack("<f", value) + body[start + 8 :]
    error = refuse(pack(path, parts | {"weights.safetensors": tensors(header, lying)}))
    assert (error.expected, error.came) == ("finite weights output.W", f"{value} at (0, 1)")


@pytest.mark.parametrize(
    "declared", [None, [], ["training.safetensors"], ["preprocess.json"] * 2, ["evil"], [[]], {}, 3]
)
def test_parts_that_are_declared_otherwise_are_refused(declared: Any, parts: Parts, path: Path) -> None:
    refuse(pack(path, changed(parts, "model.json", set_at("parts", to=declared))))


@pytest.mark.parametrize("declared", [None, {}, {"m": [3]}, {"m": [2], "n": []}, {"m": "2"}, {"m": [True]}, [2]])
def test_arrays_of_an_optimizer_that_are_declared_otherwise_are_refused(
    declared: Any, model: Model, tmp_path: Path
) -> None:
    path = tmp_path / "m"
    save_model(replace(model, state={"m": np.zeros(2)}), path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    refuse(pack(path, changed(parts, "model.json", set_at("state", to=declared)), zipfile.ZIP_STORED))


@pytest.mark.parametrize("classes", [["a"], ["a", "b", "d"], "abc", [1, 2, 3], {"a": 1}])
def test_classes_that_are_not_those_of_the_target_are_refused(classes: Any, parts: Parts, path: Path) -> None:
    refuse(pack(path, changed(parts, "model.json", set_at("classes", to=classes))))


@pytest.mark.parametrize("share", np.linspace(0, 0.9999, 40))
def test_a_truncated_file_is_refused(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refuse(path)


@pytest.mark.parametrize("seed", range(MUTATIONS))
def test_flipped_bytes_are_refused_or_harmless(path: Path, frame: pd.DataFrame, seed: int) -> None:
    content = path.read_bytes()
    rng = np.random.default_rng(seed)
    for _ in range(10):
        damaged = bytearray(content)
        for at in rng.integers(0, len(content), int(rng.integers(1, 6))):
            damaged[at] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(damaged))
        try:
            loaded = load_model(path)
        except ModelFileError:
            continue
        # The checksums of the parts have held, so nothing that matters can have changed.
        assert loaded.outputs(frame).shape == (40, 3)


@pytest.mark.parametrize("seed", range(MUTATIONS))
def test_changed_numbers_and_names_in_the_json_are_refused_or_usable(
    parts: Parts, path: Path, frame: pd.DataFrame, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    odd = [None, True, -1, 0, 2**31, 1e999, float("nan"), "", "x", [], {}, [[]], {"kind": "Dense"}]
    for name in ("model.json", "preprocess.json"):
        for _ in range(10):
            data = json.loads(parts[name])
            node: Any = data
            while True:
                keys = list(node) if isinstance(node, dict) else list(range(len(node)))
                key = keys[rng.integers(len(keys))]
                if not isinstance(node[key], (dict, list)) or not node[key] or rng.random() < 0.15:
                    break
                node = node[key]
            node[key] = odd[rng.integers(len(odd))]
            try:
                loaded = load_model(pack(path, parts | {name: json.dumps(data).encode()}))
            except ModelFileError:
                continue
            assert loaded.preparation.inputs(frame.assign(**{"": 0.0, "x": 0.0})).shape[0] == 40


@pytest.mark.parametrize("content", [b"", b"PK", b"hello", b"\x80\x04\x95", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m").write_bytes(content)
    refuse(tmp_path / "m")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "no file" in refuse(tmp_path / "nowhere").came


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "the folder" in refuse(tmp_path).came


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "code.py", "weights.pkl", "sub/model.json", "C:\\evil"])
def test_a_part_that_a_model_file_does_not_have_is_refused(parts: Parts, path: Path, name: str) -> None:
    assert name.replace("\\", "\\\\") in refuse(pack(path, parts | {name: b"x"})).came


@pytest.mark.parametrize("name", ["model.json", "preprocess.json", "weights.safetensors", "README.md"])
def test_a_part_that_is_not_there_is_refused(parts: Parts, path: Path, name: str) -> None:
    del parts[name]
    assert name in refuse(pack(path, parts)).came


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_part_that_is_there_twice_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("model.json", b"{}")
    assert "twice" in refuse(path).came


@pytest.mark.parametrize("name", ["model.json", "preprocess.json", "README.md"])
def test_a_part_that_unpacks_to_more_than_it_may_is_refused(parts: Parts, path: Path, name: str) -> None:
    refuse(pack(path, parts | {name: b" " * (70 << 20)}))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_part_that_unpacks_to_more_than_it_declares_is_refused(parts: Parts, path: Path, method: int) -> None:
    pack(path, parts | {"README.md": b" " * (100 << 20)}, method)
    content = path.read_bytes()
    assert content.count(struct.pack("<I", 100 << 20)) >= 1
    path.write_bytes(content.replace(struct.pack("<I", 100 << 20), struct.pack("<I", 100)))
    refuse(path)


def changed(parts: Parts, part: str, change: Change) -> Parts:
    data = json.loads(parts[part])
    result = change(data)
    return parts | {part: json.dumps(data if result is None else result).encode()}


def set_at(*keys: Any, to: Any) -> Change:
    def change(data: dict[str, Any]) -> None:
        node: Any = data
        for key in keys[:-1]:
            node = node[key]
        node[keys[-1]] = to

    return change


def nested(depth: int, layer: Any) -> Any:
    for _ in range(depth):
        layer = {"kind": "Residual", "inner": layer}
    return layer


def nested_lists(depth: int) -> Any:
    value: Any = 3
    for _ in range(depth):
        value = [value]
    return value


HIDDEN = ("network", "layer", "layers", 0)
HOSTILE: dict[str, Change] = {
    "not ours": set_at("format", to="keras"),
    "no object": lambda _: [1, 2],
    "an older schema": set_at("schema_version", to=1),
    "a newer schema": set_at("schema_version", to=4),
    "a schema that is text": set_at("schema_version", to="1"),
    "no network": set_at("network", to=None),
    "an unknown layer": set_at(*HIDDEN, "kind", to="Lambda"),
    "an unknown loss": set_at("network", "loss", "kind", to="Exec"),
    "a setting that the layer does not have": set_at(*HIDDEN, "code", to="import os"),
    "giant units": set_at(*HIDDEN, "units", to=2**31 - 1),
    "more than giant units": set_at(*HIDDEN, "units", to=10**30),
    "a giant input": set_at("network", "input_shape", to=[2**31 - 1]),
    "giant inputs": set_at("network", "input_shape", to=[2**31 - 1] * 8),
    "no input": set_at("network", "input_shape", to=[]),
    "a negative input": set_at("network", "input_shape", to=[-3]),
    "units of one half": set_at(*HIDDEN, "units", to=0.5),
    "a layer inside itself, and on": lambda data: set_at("network", "layer", to=nested(100, data["network"]["layer"]))(
        data
    ),
    "lists inside lists": set_at(*HIDDEN, "units", to=nested_lists(480)),
    "nobody's layers": set_at("network", "layer", "layers", to=[]),
    "a name twice": lambda data: set_at("network", "layer", "names", 1, to=data["network"]["layer"]["names"][0])(data),
    "more names than layers": lambda data: data["network"]["layer"]["names"].append(
        data["network"]["layer"]["names"][0]
    ),
    "names of numbers": set_at("network", "layer", "names", to=[1, 2, 3, 4, 5, 6, 7]),
    "another number of outputs": set_at("network", "layer", "layers", -1, "units", to=4),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_description_is_refused(parts: Parts, path: Path, what: str) -> None:
    refuse(pack(path, changed(parts, "model.json", HOSTILE[what])))


def test_an_unknown_layer_is_refused_by_name(parts: Parts, path: Path) -> None:
    assert "Lambda" in refuse(pack(path, changed(parts, "model.json", HOSTILE["an unknown layer"]))).came


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"{", b"\xff\xfe", b"1" * 6000, b"null", b'{"format": ' + b"9" * 6000 + b"}"]
)
@pytest.mark.parametrize("name", ["model.json", "preprocess.json"])
def test_what_is_no_json_is_refused(parts: Parts, path: Path, name: str, content: bytes) -> None:
    refuse(pack(path, parts | {name: content}))


def test_an_unknown_encoder_is_refused(parts: Parts, path: Path) -> None:
    refuse(pack(path, changed(parts, "preprocess.json", set_at("inputs", "encoders", 0, "kind", to="eval"))))


def tensors(header: dict[str, Any] | bytes, body: bytes = b"", length: int | None = None) -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + body


def header_of(raw: bytes) -> tuple[dict[str, Any], bytes]:
    size = struct.unpack("<Q", raw[:8])[0]
    return json.loads(raw[8 : 8 + size]), raw[8 + size :]


def lies(raw: bytes) -> dict[str, bytes]:
    header, body = header_of(raw)
    name = "output.W"

    def with_(**fields: Any) -> dict[str, Any]:
        return header | {name: header[name] | fields}

    shape, (start, stop) = header[name]["shape"], header[name]["data_offsets"]
    renamed = {("evil.W" if key == name else key): value for key, value in header.items()}
    return {
        "nothing": b"",
        "a header longer than the file": tensors(header, body, 2**63),
        "a header of a gigabyte": tensors(header, body, 2**30),
        "no json": tensors(b"{" * 50, body),
        "another shape": tensors(with_(shape=shape[::-1]), body),
        "a giant shape": tensors(with_(shape=[2**31, 2**31]), body),
        "a negative shape": tensors(with_(shape=[-1, *shape[1:]]), body),
        "another type": tensors(with_(dtype="I32"), body),
        "half precision": tensors(with_(dtype="BF16", shape=[shape[0], shape[1] * 2]), body),
        "an unknown type": tensors(with_(dtype="PICKLE"), body),
        "offsets beyond the end": tensors(with_(data_offsets=[start + 2**40, stop + 2**40]), body),
        "offsets turned round": tensors(with_(data_offsets=[stop, start]), body),
        "offsets that overlap": tensors(with_(data_offsets=[0, stop - start]), body),
        "another name": tensors(renamed, body),
        "a tensor too few": tensors({key: value for key, value in header.items() if key != name}, body),
        "a body cut short": tensors(header, body[:-4]),
        "a body too long": tensors(header, body + bytes(4)),
        "a pickle": pickle.dumps({"output.W": [1.0] * 100}),
    }


LIES = ("nothing", "a header longer than the file", "a header of a gigabyte", "no json", "another shape",
        "a giant shape", "a negative shape", "another type", "half precision", "an unknown type",
        "offsets beyond the end", "offsets turned round", "offsets that overlap", "another name",
        "a tensor too few", "a body cut short", "a body too long", "a pickle")  # fmt: skip


@pytest.mark.parametrize("what", LIES)
def test_weights_that_lie_are_refused(parts: Parts, path: Path, what: str) -> None:
    refuse(pack(path, parts | {"weights.safetensors": lies(parts["weights.safetensors"])[what]}))


def test_no_code_of_a_pickle_is_run(parts: Parts, path: Path, tmp_path: Path) -> None:
    class Touch:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "touched",)

    for name in parts:
        refuse(pack(path, parts | {name: pickle.dumps(Touch())})) if name != "README.md" else None
    assert not (tmp_path / "touched").exists()


def test_an_encrypted_file_is_refused(path: Path) -> None:
    content = bytearray(path.read_bytes())
    start = content.index(b"PK\x01\x02")
    content[start + 8] |= 1
    content[6] |= 1
    path.write_bytes(bytes(content))
    refuse(path)


def test_a_buffer_of_zeros_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO(bytes(1 << 20))
    (tmp_path / "m").write_bytes(buffer.getvalue())
    refuse(tmp_path / "m")


def test_a_class_with_half_of_a_surrogate_pair_is_saved(tmp_path: Path) -> None:
    network = Network(Dense(2), (3,), SoftmaxCrossEntropy())
    model = Model(network, network.init(np.random.default_rng(0)), classes=("\ud800", "ü"))
    save_model(model, tmp_path / "m.chainrule")
    assert load_model(tmp_path / "m.chainrule").classes == ("\ud800", "ü")
