"""The contract of a batch: a tree of arrays with one row for each sample, the same on every engine and in every step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from chainrule.encode.augment import Augment
from chainrule.engine import Engine, engine_by_name, placed
from chainrule.engine import numpy as numpy_module
from chainrule.engine.numpy import NumpyEngine
from chainrule.errors import ConfigError, DataError
from chainrule.explain.derivatives import derivatives
from chainrule.large.streamed import Streamed
from chainrule.models.objective import PenalisedOnce
from chainrule.network import Network
from chainrule.network.outputs import logits
from chainrule.nn import Conv2D, Dense, Flatten, Layer, Relu, Sequential, SoftmaxCrossEntropy
from chainrule.nn.layer import Equations, Param
from chainrule.nn.precision import LowPrecision
from chainrule.optim import Adam
from chainrule.train import Run, Settings, Supervised
from chainrule.tree import leaves
from chainrule.types import Array, Batch, Cache, Context, Namespace, Params, Shape
from tests.contracts.checks import ENGINES, agreement, assert_close, assert_trees_close, precision

every_engine = pytest.mark.parametrize("name", ENGINES)


def batch() -> Batch:
    """Return four rows of everything that there can be."""
    x = {"words": np.arange(12).reshape(4, 3), "size": {"width": np.arange(4.0)}}
    return Batch(x, np.arange(4), np.arange(4.0) + 1, np.ones((4, 3)))


def numbers_of(batch: Batch) -> list[Any]:
    return [np.asarray(array).tolist() for array in batch.arrays()]


def test_the_number_of_samples_is_that_of_any_array() -> None:
    assert [batch().n_samples, Batch(np.zeros((3, 2))).n_samples] == [4, 3]


@pytest.mark.parametrize("rows", [slice(1, 3), np.array([2, 0])], ids=str)
def test_rows_are_taken_from_every_array(rows: Any) -> None:
    expected = [array[rows].tolist() for array in batch().arrays()]
    assert numbers_of(batch().take(rows)) == expected


def test_what_there_is_none_of_stays_none() -> None:
    taken = Batch(np.ones((3, 1))).take(np.array([0, 1])).map(lambda array: array + 1)
    assert (taken.t, taken.w, taken.mask) == (None, None, None)


def test_map_passes_the_arrays_of_the_same_name_together() -> None:
    assert numbers_of(batch().map(lambda a, b: a - b, batch()))[0] == [[0, 0, 0]] * 4


# --------------------------------------------------------------------------------------------------- whole numbers


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_whole_numbers_are_held_as_int32(engine32: Engine, dtype: str) -> None:
    held = engine32.array(np.array([0, 7, 257 % 256], dtype))
    assert (str(held.dtype), engine32.numpy(held).tolist()) == ("int32", [0, 7, 1])


def test_whole_numbers_beyond_32_bits_are_held_where_there_is_room(engine64: Engine) -> None:
    held = engine64.array(np.array([1 << 40, -5]))
    assert (str(held.dtype), engine64.numpy(held).tolist()) == ("int64", [1 << 40, -5])


@pytest.mark.parametrize(
    ("name", "values"),
    [("jax", np.array([1 << 40])), ("jax", np.array([-(1 << 31) - 1])), ("numpy", np.array([1 << 63], np.uint64))],
    ids=str,
)
def test_whole_numbers_that_would_change_are_refused(name: str, values: np.ndarray) -> None:
    with pytest.raises(DataError, match="whole numbers"):
        engine_by_name(name).array(values)


def test_weights_and_masks_are_held_as_what_multiplies(engine32: Engine) -> None:
    held = placed(engine32, Batch(np.ones((2, 3)), None, np.array([1, 2]), np.array([[True, False], [1, 1]])))
    assert [(str(part.dtype), engine32.numpy(part).tolist()) for part in (held.w, held.mask)] == [
        ("float32", [1, 2]),
        ("float32", [[1, 0], [1, 1]]),
    ]


def pictures(dtype: str, n: int = 24) -> Batch:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (n, 4, 4, 1)).astype(dtype)
    return Batch(x, np.eye(2)[rng.integers(0, 2, n)].astype(dtype), rng.integers(1, 4, n).astype(dtype))


NETWORKS = {
    "of pictures": Sequential((Conv2D(2, 3), Relu(), Flatten(), Dense(2))),
    "on the tape": Sequential((Flatten(), Dense(3), Relu(), Dense(2))),
}


@every_engine
@pytest.mark.parametrize(
    "augment", [Augment(), Augment(flip=True, shift=0.2, mixup=0.5)], ids=["as it is", "augmented"]
)
@pytest.mark.parametrize("layers", NETWORKS)
def test_pictures_of_bytes_teach_what_their_float32_copies_teach(name: str, augment: Augment, layers: str) -> None:
    network = Network(NETWORKS[layers], (4, 4, 1), SoftmaxCrossEntropy())
    ends = []
    for dtype in ("uint8", "float32"):
        settings = Settings(epochs=20, batch_size=7, learning_rate=0.001)
        engine, data = engine_by_name(name), pictures(dtype)
        run = Run(
            Supervised(network, augment=augment), data, settings, optimizer=Adam(), engine=engine, evaluate={"v": data}
        ).finish()
        assert {str(value.dtype) for _, value in leaves(run.params)} == {"float32"}
        ends.append(run)
    assert_trees_close(ends[0].params, ends[1].params, 0)
    assert ends[0].history.cost == ends[1].history.cost
    assert ends[0].history.scores == ends[1].history.scores


@pytest.mark.parametrize("objective", [Supervised, PenalisedOnce])
def test_bytes_do_not_make_float64_of_a_float32_step(objective: Any) -> None:
    network = Network(NETWORKS["on the tape"], (4, 4, 1), SoftmaxCrossEntropy())
    engine, data = NumpyEngine(), pictures("uint8")
    params = engine.place(network.init(np.random.default_rng(0)))
    cost, grads = objective(network).loss_and_grads(engine.xp, params, data, Context(True))
    assert {str(value.dtype) for _, value in leaves(grads)} == {"float32"}
    assert cost.dtype == np.float32


@every_engine
def test_bytes_are_answered_as_their_float32_copies_are(name: str) -> None:
    network = Network(NETWORKS["of pictures"], (4, 4, 1), SoftmaxCrossEntropy())
    engine = engine_by_name(name)
    params = engine.place(network.init(np.random.default_rng(0)))
    told = [logits(network, engine, params, pictures(dtype).x) for dtype in ("uint8", "float32")]
    assert told[0].tolist() == told[1].tolist()


def test_mixup_refuses_class_numbers() -> None:
    xp, key = engine_by_name("numpy").xp, engine_by_name("numpy").key(0)
    with pytest.raises(ConfigError, match="class numbers"):
        Augment(mixup=0.5)(xp, Batch(np.ones((2, 4, 4, 1)), np.array([0, 1])), key)


# ------------------------------------------------------------------------------------------------ ids, x by name, masks


@dataclass(frozen=True)
class Words(Layer):
    """Mean of the rows of a table that the words of a sentence name, where the mask counts them; and a size beside it."""

    equations: ClassVar[Equations] = Equations(("",), {})

    @property
    def takes_ids(self) -> bool:
        return True

    def params(self, shape: Shape) -> dict[str, Param]:
        return {"W": Param((300, 2), "normal"), "v": Param((2,), "normal")}

    def output_shape(self, shape: Shape) -> Shape:
        return (2,)

    def forward(self, xp: Namespace, p: Params, x: Any, ctx: Context) -> tuple[Array, Cache]:
        words, size = (x["words"], x["size"]) if isinstance(x, Mapping) else (x, None)
        counts = xp.ones_like(xp.take(p["W"], words)[..., 0]) if ctx.mask is None else ctx.mask
        y = xp.sum(xp.take(p["W"], words) * counts[..., None], axis=1)
        cache = {"words": words, "counts": counts}
        return (y, cache) if size is None else (y + size[:, None] * p["v"], cache | {"size": size})

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        each = dy[:, None] * cache["counts"][..., None]
        dv = xp.sum(dy * cache["size"][:, None], axis=0) if "size" in cache else xp.zeros_like(p["v"])
        return None, {"W": xp.add_at(xp.zeros_like(p["W"]), cache["words"], each), "v": dv}


def sentences(n: int = 22) -> Batch:
    rng = np.random.default_rng(3)
    x = {"words": rng.integers(0, 300, (n, 5)), "size": rng.normal(size=n)}
    return Batch(x, np.eye(2)[rng.integers(0, 2, n)])


def word_network() -> Network:
    return Network(Sequential((Words(), Dense(2))), (5,), SoftmaxCrossEntropy())


def test_x_by_name_is_trained_on_and_answered_alike_on_both_engines() -> None:
    ends, told = [], []
    for name in ENGINES:
        engine, data = engine_by_name(name, "float64"), sentences()
        settings = Settings(epochs=5, batch_size=8, learning_rate=0.1)
        run = Run(
            Supervised(word_network()), data, settings, optimizer=Adam(), engine=engine, evaluate={"v": data}
        ).finish()
        ends.append(run)
        told.append(logits(word_network(), engine, engine.place(run.params), data.x, rows=9))
    assert_trees_close(ends[0].params, ends[1].params, agreement(np.float64))
    assert_close(ends[0].history.scores["v"]["cost"], ends[1].history.scores["v"]["cost"], agreement(np.float64))
    assert_close(told[0], told[1], agreement(np.float64))


def test_derivatives_of_x_by_name_and_weights_by_pieces_are_those_of_all_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine, data = engine_by_name("numpy", "float64"), pictures("float64", 9)
    network = Network(NETWORKS["on the tape"], (4, 4, 1), SoftmaxCrossEntropy())
    params = engine.place(network.init(np.random.default_rng(0)))
    whole = derivatives(network, engine, params, data)
    monkeypatch.setattr("chainrule.explain.derivatives.rows_at_once", lambda _: 4)
    pieces = derivatives(network, engine, params, data)
    assert_trees_close(pieces[0], whole[0], agreement(np.float64))
    assert_close(pieces[1], whole[1], agreement(np.float64))


def test_an_id_survives_bfloat16() -> None:
    """In bfloat16, 257 is 256."""
    engine = engine_by_name("jax")
    params = engine.place({"W": np.arange(600.0).reshape(300, 2) % 7, "v": np.ones(2)})
    layer = LowPrecision(Words())
    for words in (
        engine.array(np.array([[257]])),
        {"words": engine.array(np.array([[257]])), "size": engine.array([0.0])},
    ):
        y, _ = layer.forward(engine.xp, params, words, Context(True))
        assert (str(y.dtype), engine.numpy(y).tolist()) == ("float32", [[514 % 7, 515 % 7]])


@pytest.mark.parametrize(
    "layer", [Words(), Sequential((Words(), Dense(2))), LowPrecision(Words())], ids=lambda layer: type(layer).__name__
)
def test_a_composition_takes_ids_if_what_reads_x_does(layer: Layer) -> None:
    assert layer.takes_ids


def test_a_stack_whose_second_layer_takes_ids_does_not() -> None:
    assert not Sequential((Dense(2), Words())).takes_ids


@dataclass(frozen=True)
class Told:
    """A program that asks what a layer is told of a batch, and costs the sum of what counts."""

    def __call__(self, engine: Engine, carry: Any, batch: Batch, c: Any) -> tuple[Any, Array]:
        ctx = Context().of(batch).child(engine.xp, 1)
        total = engine.xp.sum(batch.x)
        return carry, total if ctx.w is None else engine.xp.sum(ctx.w[:, None] * ctx.mask * batch.x)


@every_engine
def test_a_mask_travels_with_its_rows_and_reaches_the_layers(name: str) -> None:
    engine = engine_by_name(name, "float64")
    x = np.arange(1.0, 11).reshape(5, 2)
    data = placed(engine, Batch(x, None, np.array([1, 1, 2, 1, 1]), np.array([[1, 0]] * 5)))
    with precision(name, "float64"):
        carry = engine.array([0.0])
        _, costs = engine.run(Told(), carry, data, np.array([[4, 2], [0, -1]]), {"rate": np.zeros(2)})
    assert engine.numpy(costs).tolist() == [9 + 2 * 5, 1]


@dataclass(frozen=True)
class Mean:
    """A program without targets: the weighted mean of x."""

    def __call__(self, engine: Engine, carry: Any, batch: Batch, c: Any) -> tuple[Any, Array]:
        w = engine.xp.ones_like(batch.x) if batch.w is None else batch.w
        return carry, engine.xp.sum(w * batch.x) / engine.xp.sum(w)


@every_engine
def test_a_padded_batch_without_targets_is_a_shorter_batch(name: str) -> None:
    engine = engine_by_name(name, "float64")
    data = placed(engine, Batch(np.array([1.0, 2, 3, 6])))
    _, costs = engine.run(Mean(), engine.array([0.0]), data, np.array([[0, 1, 2], [3, -1, -1]]), {"rate": np.zeros(2)})
    assert engine.numpy(costs).tolist() == [2, 6]


@dataclass(frozen=True)
class Weighed:
    """A program that sums x, weighed place by place."""

    def __call__(self, engine: Engine, carry: Any, batch: Batch, c: Any) -> tuple[Any, Array]:
        return carry, engine.xp.sum(batch.w * batch.x)


@every_engine
def test_padding_has_no_weight_where_each_place_has_one(name: str) -> None:
    engine, x = engine_by_name(name, "float64"), np.arange(1.0, 7).reshape(2, 3)
    data = placed(engine, Batch(x, None, np.array([[1.0, 0, 2], [3, 1, 0]])))
    _, costs = engine.run(Weighed(), engine.array([0.0]), data, np.array([[1, -1]]), {"rate": np.zeros(1)})
    assert engine.numpy(costs).tolist() == [3 * 4 + 5]


@dataclass(frozen=True)
class Sum(Layer):
    """The sum of what is given by name."""

    is_recordable: ClassVar[bool] = True
    equations: ClassVar[Equations] = Equations(("",), {})

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def forward(self, xp: Namespace, p: Params, x: Any, ctx: Context) -> tuple[Array, Cache]:
        return x["a"] + x["b"], {}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        return dy, {}


def test_a_tape_reads_x_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpy_module, "RECORD_FROM", 1)
    rng = np.random.default_rng(0)
    data = Batch({"a": rng.normal(size=(20, 3)), "b": rng.normal(size=(20, 3))}, np.eye(2)[rng.integers(0, 2, 20)])
    network = Network(Sequential((Sum(), Dense(2))), (3,), SoftmaxCrossEntropy())
    ends = []
    for tape in (True, False):
        engine = engine_by_name("numpy", "float64", tape=tape)
        settings = Settings(epochs=4, batch_size=5)
        run = Run(Supervised(network), data, settings, optimizer=Adam(), engine=engine).finish()
        assert isinstance(engine, NumpyEngine)
        assert (engine._known is not None and engine._known.tape is not None) == tape
        ends.append(run)
    assert_trees_close(ends[0].params, ends[1].params, 0)


@dataclass
class Rows(Streamed):
    """A stream of everything that a batch can have."""

    n_samples: int = 12
    values: int = 3

    def pieces(self, order: np.random.Generator | None) -> Iterator[Batch]:
        for start in range(0, 12, 5):
            at = np.arange(start, min(start + 5, 12))
            yield Batch({"words": at, "size": at * 2.0}, at * 3, at * 4.0, at[:, None] * 5)


def test_a_stream_mixes_every_array_alike_and_drops_none() -> None:
    seen = []
    for chunk in Rows().epoch(0, seed=0, batch_size=4):
        words = chunk.x["words"]
        assert [chunk.x["size"].tolist(), chunk.t.tolist()] == [(words * 2).tolist(), (words * 3).tolist()]  # type: ignore[union-attr]
        assert [chunk.w.tolist(), chunk.mask[:, 0].tolist()] == [(words * 4).tolist(), (words * 5).tolist()]  # type: ignore[union-attr,index]
        seen += words.tolist()
    assert sorted(seen) == list(range(12))
    assert seen != sorted(seen)
