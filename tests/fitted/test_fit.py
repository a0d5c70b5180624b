"""One import: a network is built, trained, scored, saved, loaded and asked again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import chainrule
from chainrule import nn, optim, train
from chainrule.errors import ChainruleError
from chainrule.tree import leaves


def xor(n: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points of a square, and in which of its two pairs of corners each lies."""
    x = np.random.default_rng(seed).uniform(-1, 1, (n, 2))
    return x, (x[:, 0] * x[:, 1] > 0).astype(int)


def network(**changes: Any) -> chainrule.Network:
    layers = changes.get("layers", [("hidden", nn.Dense(16)), nn.Tanh(), nn.Dense(2)])
    return chainrule.Network(layers, (2,), nn.SoftmaxCrossEntropy())


def same(a: chainrule.Fitted, b: chainrule.Fitted) -> bool:
    return all(np.array_equal(p, q) for (_, p), (_, q) in zip(leaves(a.params), leaves(b.params), strict=True))


def test_a_convolution_in_ten_lines(tmp_path: Path) -> None:
    (x, t), (x_test, t_test) = chainrule.load_data("digits")
    layers = [nn.Conv2D(16, 3), nn.Relu(), nn.MaxPool2D(2), nn.Flatten(), nn.Dense(10)]
    network = chainrule.Network(layers, x.shape[1:], nn.SoftmaxCrossEntropy())
    fitted = network.fit(x, t, epochs=15, valid=0.2)
    scores = fitted.evaluate(x_test, t_test)
    fitted.save(tmp_path / "digits.chainrule")
    again = chainrule.load(tmp_path / "digits.chainrule")
    assert scores["accuracy"] > 0.93
    assert np.array_equal(again.predict(x_test), fitted.predict(x_test))
    assert again.evaluate(x_test, t_test) == scores


def test_layers_may_be_a_list_of_layers_and_of_named_ones() -> None:
    names = [row.name for row in network().summary().rows]
    assert names == ["hidden", "tanh1", "dense2"]


def test_the_summary_is_a_table() -> None:
    text = str(network().summary())
    assert re.search(r"hidden +Dense +16 +48", text)
    assert "82 parameters" in text


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_training_goes_on_exactly(engine: str) -> None:
    x, t = xor()
    layers = [nn.Dense(16), nn.Tanh(), nn.Dropout(0.1), nn.Dense(2)]
    net = network(layers=layers)
    whole = net.fit(x, t, epochs=7, engine=engine)
    parts = net.fit(x, t, epochs=3, engine=engine).fit(x, t, epochs=4)
    assert same(whole, parts)
    assert parts.history.epochs == [1, 2, 3, 4, 5, 6, 7]
    assert parts.history.cost == whole.history.cost


@pytest.mark.parametrize(
    "optimizer", ["adam", "momentum", optim.Averaged(optim.Adam(), 0.9), optim.AdamW(decay=0.1)], ids=str
)
def test_training_goes_on_exactly_from_a_file(tmp_path: Path, optimizer: Any) -> None:
    x, t = xor()
    whole = network().fit(x, t, epochs=6, optimizer=optimizer, engine="numpy", valid=(x, t), l2=0.001)
    network().fit(x, t, epochs=2, optimizer=optimizer, engine="numpy", valid=(x, t), l2=0.001).save(
        tmp_path / "m.chainrule"
    )
    parts = chainrule.load(tmp_path / "m.chainrule").fit(x, t, epochs=4, valid=(x, t))
    assert same(whole, parts)
    assert parts.history.scores == whole.history.scores


def test_rows_of_another_number_go_on_counting_steps() -> None:
    x, t = xor()
    first = network().fit(x, t, epochs=2, engine="numpy")
    more = first.fit(x[:50], t[:50], epochs=1)
    assert first.learning is not None
    assert more.learning is not None
    assert first.learning.steps == 14
    assert more.learning.steps == 16


def test_the_best_weights_are_kept_where_there_are_rows_to_validate_on() -> None:
    x, t = xor()
    fitted = network().fit(x, t, epochs=30, learning_rate=0.3, valid=0.3, engine="numpy")
    costs = fitted.history.scores["valid"]["cost"]
    assert fitted.history.ended is not None
    assert fitted.history.ended.best_epoch == int(np.argmin(costs)) + 1


def test_a_share_to_validate_on_has_every_class() -> None:
    x, t = xor(40)
    t[:36], t[36:] = 0, 1
    fitted = network().fit(x, t, epochs=1, valid=0.25)
    assert set(fitted.history.scores) == {"train", "valid"}


def test_single_values_are_one_column() -> None:
    x, _ = xor()
    net = chainrule.Network([nn.Dense(1)], (2,), nn.SquaredError())
    fitted = net.fit(x, x @ [1.0, -2.0], epochs=60, learning_rate=0.05)
    assert fitted.evaluate(x, x @ [1.0, -2.0])["r2"] > 0.999
    assert fitted.predict(x).shape == (200, 1)


def test_lists_and_tables_of_numbers_are_inputs() -> None:
    x, t = xor()
    a = network().fit(x.tolist(), t.tolist(), epochs=2, engine="numpy")
    b = network().fit(pd.DataFrame(x, columns=["a", "b"]), pd.Series(t), epochs=2, engine="numpy")
    assert same(a, b)


def test_weights_and_their_repetitions_train_alike() -> None:
    x, t = xor(20)
    w = np.arange(20) % 3
    settings: dict[str, Any] = {"epochs": 5, "batch_size": 100, "dtype": "float64", "engine": "numpy", "shuffle": False}
    a = network().fit(x, t, sample_weight=w, **settings)
    b = network().fit(np.repeat(x, w, axis=0), np.repeat(t, w), **settings)
    for (_, p), (_, q) in zip(leaves(a.params), leaves(b.params), strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-9)


def test_a_callback_sees_every_event_and_a_policy_decides() -> None:
    x, t = xor()
    seen: list[str] = []
    fitted = network().fit(
        x,
        t,
        epochs=50,
        callbacks=[lambda event: seen.append(type(event).__name__), train.EarlyStopping("train.cost", 1, 1.0)],
    )
    assert seen[0] == "FitStarted"
    assert seen.count("EpochEnded") == len(fitted.history.epochs) == 2


def test_a_callback_that_raises_leaves_the_network_as_far_as_it_has_come() -> None:
    x, t = xor()

    def third(event: train.Event) -> None:
        if isinstance(event, train.EpochEnded) and event.epoch == 3:
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        network().fit(x, t, epochs=9, engine="numpy", callbacks=[third])
    fitted: chainrule.Fitted = caught.value.fitted  # type: ignore[attr-defined]
    assert same(fitted, network().fit(x, t, epochs=3, engine="numpy"))


def test_progress_is_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    x, t = xor()
    network().fit(x, t, epochs=2, progress=True)
    assert "epoch 2/2" in capsys.readouterr().err


def test_curves_are_a_picture(tmp_path: Path) -> None:
    x, t = xor()
    network().fit(x, t, epochs=3, valid=0.2).plot().save(tmp_path / "curves.svg")
    assert (tmp_path / "curves.svg").read_text().startswith("<svg")


def test_a_cost_that_is_no_number_is_an_error() -> None:
    x, _ = xor()
    line = chainrule.Network([nn.Dense(1)], (2,), nn.SquaredError())
    with pytest.raises(chainrule.ChainruleError, match="learning_rate"):
        line.fit(x, x[:, 0], epochs=30, learning_rate=1e5, optimizer="gradient_descent")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"optimizer": "adamm"}, "'adam'"),
        ({"optimizer": optim.Adam}, r"Adam\(\)"),
        ({"schedule": "cosin"}, "'cosine'"),
        ({"engine": "jaxx"}, "'jax'"),
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"valid": 1.5}, "valid"),
        ({"valid": [1, 2, 3]}, r"\(x, t\)"),
        ({"callbacks": [3]}, "callbacks"),
        ({"metrics": ["acuracy"]}, "'accuracy'"),
        ({"sample_weight": [-1.0] * 200}, "negative|at least 0"),
        ({"sample_weight": [1.0]}, "w"),
        ({"t": None}, "t"),
        ({"t": ["a", "b"] * 100}, "unique"),
        ({"t": [0, 5] * 100}, "class"),
        ({"x": [[1.0], [1.0, 2.0]] * 100}, "lengths"),
        ({"x": np.zeros(2)}, "sample"),
        ({"x": np.zeros((200, 3))}, r"\(200, 2\)"),
        ({"x": np.full((200, 2), np.nan)}, "finite"),
        ({"x": pd.DataFrame({"a": ["u"] * 200, "b": 1.0})}, "'a'"),
    ],
)
def test_what_cannot_be_is_answered_in_one_sentence(change: dict[str, Any], told: str) -> None:
    x, t = xor()
    arguments: dict[str, Any] = {"x": x, "t": t, "epochs": 1, **change}
    with pytest.raises(ChainruleError, match=told):
        network().fit(**arguments)


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        (nn.Dense, r"Dense\(…\)|Call"),
        ([nn.Dense], "Dense"),
        ([("a", nn.Dense(2)), ("a", nn.Dense(2))], "different names"),
        ([3], "layer"),
        ("dense", "layer"),
        ([], "layer"),
        ([("a", nn.Dense(2), 3)], "name"),
    ],
)
def test_layers_that_are_none_are_answered_in_one_sentence(layers: Any, told: str) -> None:
    with pytest.raises(ChainruleError, match=told):
        chainrule.Network(layers, (2,), nn.SoftmaxCrossEntropy())


def test_the_best_weights_of_a_run_that_came_to_nothing_are_kept_with_a_warning() -> None:
    x, _ = xor()
    line = chainrule.Network([nn.Dense(1)], (2,), nn.SquaredError())
    t = x[:, 0]
    with pytest.warns(chainrule.errors.TrainingWarning, match="those of epoch 1"):
        fitted = line.fit(
            x,
            t,
            epochs=900,
            learning_rate=2.5,
            batch_size=200,
            optimizer="gradient_descent",
            valid=(x, t),
            dtype="float64",
        )
    assert np.isfinite(fitted.predict(x)).all()


def test_the_cost_of_an_epoch_counts_what_the_rows_count() -> None:
    x, t = xor(40)
    w = np.r_[np.zeros(20), np.full(10, 1.0), np.full(10, 3.0)]
    still = network().fit(x, t, epochs=1, batch_size=7, sample_weight=w, learning_rate=1e-12, engine="numpy")
    assert still.history.cost[0] == pytest.approx(still.evaluate(x, t, sample_weight=w)["cost"], rel=1e-5)


def test_the_cost_of_an_epoch_counts_the_places_that_there_are() -> None:
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(12, 6, 3)), rng.integers(0, 2, (12, 6))
    mask = np.arange(6) < rng.integers(1, 7, (12, 1))
    net = chainrule.Network([nn.Dense(2)], (6, 3), nn.SoftmaxCrossEntropy())
    for engine in ("numpy", "jax"):
        still = net.fit(x, t, epochs=1, batch_size=5, mask=mask, learning_rate=1e-12, engine=engine)
        assert still.history.cost[0] == pytest.approx(still.evaluate(x, t, mask=mask)["cost"], rel=1e-4)


@pytest.mark.parametrize(("ids", "told"), [(-1, "-1 at"), (11, "11 at")])
def test_an_id_that_names_nothing_is_refused(ids: int, told: str) -> None:
    net = chainrule.Network([nn.Embedding(11, 3), nn.Flatten(), nn.Dense(2)], (4,), nn.SoftmaxCrossEntropy())
    x = np.ones((6, 4), int)
    x[2, 1] = ids
    with pytest.raises(ChainruleError, match=rf"0 to 10.*{told}"):
        net.fit(x, np.array([0, 1] * 3))
    with pytest.raises(ChainruleError, match=rf"0 to 10.*{told}"):
        net.fit(np.ones((6, 4), int), np.array([0, 1] * 3), epochs=1).predict(x)


def test_the_columns_of_a_table_may_come_in_another_order_and_by_no_other_name() -> None:
    x, t = xor()
    frame = pd.DataFrame(x, columns=["a", "b"]).assign(c=1.0)
    fitted = chainrule.Network([nn.Dense(8), nn.Tanh(), nn.Dense(2)], (3,), nn.SoftmaxCrossEntropy()).fit(
        frame, t, epochs=2
    )
    assert np.array_equal(fitted.predict(frame[["c", "b", "a"]]), fitted.predict(frame))
    with pytest.raises(ChainruleError, match="without 'a'"):
        fitted.predict(frame.rename(columns={"a": "d"}))


def test_a_network_of_a_table_refuses_what_its_preparation_has_not_made(tmp_path: Path) -> None:
    from chainrule.job.config import Config
    from chainrule.job.folder import RunFolder
    from chainrule.job.train import Job

    job = Job(Config("iris", epochs=2), RunFolder(tmp_path / "run"))
    for _ in job:
        pass
    job.finish()
    loaded = chainrule.load(tmp_path / "run" / "model.chainrule")
    frame = job.prepared.parts["test"].frame
    assert loaded.predict(frame).shape == (30, 3)
    values = frame.drop(columns=job.prepared.preparation.target.name).to_numpy()
    for act in (
        lambda: loaded.predict(values),
        lambda: loaded.evaluate(values, [0] * 30),
        lambda: loaded.fit(values, [0] * 30),
    ):
        with pytest.raises(ChainruleError, match="trained on a table"):
            act()


def test_a_metric_of_ones_own_says_itself_what_is_better() -> None:
    x, t = xor()
    mine = train.Metric("mine", "higher", lambda y, t, w: float((y.argmax(axis=1) == t).mean()))
    fitted = network().fit(x, t, epochs=4, valid=(x, t), metrics=[mine], callbacks=[train.KeepBest("valid.mine")])
    assert "mine" in fitted.history.scores["valid"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"dtype": "int32"}, "float64"),
        ({"optimizer": "lbfgs", "learning_rate": 0.1}, "learning_rate"),
        ({"optimizer": "lbfgs", "batch_size": 7}, "batch_size"),
        ({"metrics": ["r2"]}, "'r2'"),
        ({"x": None}, "inputs"),
        ({"x": {}}, "inputs"),
        ({"x": 3.0}, "sample"),
        ({"t": pd.Series(["a", "b"] * 100)}, "unique"),
        ({"valid": True}, "share"),
        ({"valid": (np.zeros((0, 2)), np.zeros(0, int))}, "row"),
        ({"x": np.ma.masked_array(np.zeros((200, 2)), mask=True)}, "mask"),
        ({"clip_norm": -1.0}, "clip_norm"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_a_stranger_tried_is_answered_in_one_sentence(change: dict[str, Any], told: str) -> None:
    x, t = xor()
    with pytest.raises(ChainruleError, match=told):
        network().fit(**{"x": x, "t": t, "epochs": 1, **change})


@pytest.mark.parametrize("epochs", [0, -1])
def test_to_go_on_takes_at_least_one_epoch(epochs: int) -> None:
    x, t = xor()
    with pytest.raises(ChainruleError, match="at least 1"):
        network().fit(x, t, epochs=1).fit(x, t, epochs=epochs)


@pytest.mark.parametrize("shape", [(-4,), (2.5,), ("4",), (0,), None])
def test_an_input_shape_that_is_none_is_refused(shape: Any) -> None:
    with pytest.raises(ChainruleError, match="input_shape"):
        chainrule.Network([nn.Dense(3)], shape, nn.SoftmaxCrossEntropy())


@pytest.mark.parametrize("value", [0.5, np.nan, 2])
def test_a_mask_is_of_zeros_and_ones(value: float) -> None:
    rng = np.random.default_rng(0)
    net = chainrule.Network([nn.Dense(2)], (6, 3), nn.SoftmaxCrossEntropy())
    mask = np.ones((12, 6))
    mask[0, 0] = value
    with pytest.raises(ChainruleError, match="0 and 1"):
        net.fit(rng.normal(size=(12, 6, 3)), rng.integers(0, 2, (12, 6)), mask=mask)


def sequences(layers: list[nn.Layer], **batch: Any) -> chainrule.Fitted:
    """Sequences of six times, the last two of them padding, with one class each."""
    rng, mask = np.random.default_rng(0), np.ones((12, 6))
    mask[:, 4:] = 0
    net = chainrule.Network(layers, (6, 3), nn.SoftmaxCrossEntropy())
    return net.fit(rng.normal(size=(12, 6, 3)), rng.integers(0, 2, 12), mask=mask, epochs=1, **batch)


def test_a_mask_that_no_layer_reads_is_refused() -> None:
    with pytest.raises(ChainruleError, match="layers that keep to the mask"):
        sequences([nn.Flatten(), nn.Dense(2)])


@pytest.mark.parametrize(
    "layers",
    [
        [nn.Dense(4), nn.GlobalAvgPool(), nn.Dense(2)],
        [nn.Dense(4), nn.GlobalMaxPool(), nn.Dense(2)],
        [nn.LSTM(4), nn.Dense(2)],
        [nn.SelfAttention(3), nn.GlobalAvgPool(), nn.Dense(2)],
        [nn.Conv1D(4, 3), nn.Flatten(), nn.Dense(2)],
    ],
)
def test_a_mask_that_the_layers_keep_to_is_taken(layers: list[nn.Layer]) -> None:
    assert sequences(layers).history.cost


def test_a_vector_has_no_places_to_mask() -> None:
    x, t = xor()
    with pytest.raises(ChainruleError, match="mask"):
        network().fit(x, t, mask=np.ones((200, 2)))


def test_curves_are_written_as_svg_alone(tmp_path: Path) -> None:
    x, t = xor()
    with pytest.raises(ChainruleError, match=r"p\.svg"):
        network().fit(x, t, epochs=1).plot().save(tmp_path / "p.png")


def test_a_derivation_of_it_has_the_penalty_that_it_was_trained_with() -> None:
    x, t = xor()
    fitted = network().fit(x, t, epochs=1, l2=0.5, engine="numpy")
    derivation = chainrule.explain.derive(fitted, "hidden.W[0,1]", x, t)
    assert derivation.penalty == pytest.approx(0.5 * fitted.params["hidden"]["W"][0, 1], rel=1e-6)
    assert derivation.check.verdict == "agrees"


def test_a_class_that_is_none_is_told_by_its_place_under_a_mask_too() -> None:
    t = np.zeros((6, 4), int)
    t[3, 2] = 9
    mask = np.ones((6, 4))
    mask[:, 0] = 0
    net = chainrule.Network([nn.Dense(2)], (4, 3), nn.SoftmaxCrossEntropy())
    with pytest.raises(ChainruleError, match=r"9 at \(3, 2\)"):
        net.fit(np.ones((6, 4, 3)), t, mask=mask)
