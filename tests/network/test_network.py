"""A network: its parameters, its gradients and the names of everything in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from chainrule import nn
from chainrule.engine import Engine, engine_by_name
from chainrule.errors import ConfigError, ShapeError
from chainrule.network import Network, layer_output
from chainrule.network.outputs import logits
from chainrule.nn import (
    BinaryCrossEntropy,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2D,
    Relu,
    Residual,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
)
from chainrule.recipes import mlp
from chainrule.tree import leaves, map_leaves
from chainrule.types import PREDICT, Batch, Context, Shape
from tests.contracts.checks import agreement, assert_close, derivative, numeric, precision, unit, with_leaf

XP = engine_by_name("numpy").xp

NETWORKS: dict[str, Layer] = {
    "stack": Sequential((Dense(4), Tanh(), Dense(2)), ("hidden1", "tanh1", "output")),
    "one layer": Dense(2),
    "stack in a stack": Sequential((Sequential((Dense(4), Sigmoid())), Dense(2)), ("block", "output")),
    "bypass around a layer": Sequential((Dense(4), Residual(Dense(4)), Dense(2)), ("a", "bypass", "b")),
    "bypass around a stack": Sequential((Residual(Sequential((Dense(3), Tanh()))), Dense(2)), ("bypass", "output")),
    "bypass around a bypass": Sequential((Residual(Residual(Dense(3))), Dense(2)), ("bypass", "output")),
    "bypass in a bypass's stack": Sequential(
        (Residual(Residual(Sequential((Dense(3), Tanh())))), Dense(2)), ("r", "o")
    ),
    "nothing but a bypass": Residual(Sequential((Dense(3), Tanh()))),
    "nothing but a bypass around a layer": Residual(Dense(3)),
    "noise": Sequential((Dense(4), Dropout(0.4), Dense(2)), ("a", "noise", "b")),
}
every_network = pytest.mark.parametrize("name", NETWORKS)


def network(name: str) -> Network:
    """Return a network of three inputs."""
    return Network(NETWORKS[name], (3,), SoftmaxCrossEntropy())


def batch(network: Network, n: int = 5) -> Batch:
    """Return a weighted batch."""
    rng = np.random.default_rng(1)
    (k,) = network.output_shape
    return Batch(rng.normal(size=(n, 3)), np.eye(k)[rng.integers(0, k, n)], rng.uniform(0.5, 2.0, n))


def weights(network: Network) -> dict:
    """Return parameters, biases too."""
    rng = np.random.default_rng(2)
    return map_leaves(lambda p: p + 0.1 * rng.normal(size=p.shape), network.init(rng))


CTX = Context(True, (4,))


def gradient_name(path: str) -> str:
    """`hidden1.W` becomes `hidden1.dW`."""
    head, _, last = path.rpartition(".")
    return f"{head}.d{last}" if head else f"d{last}"


@every_network
def test_the_trace_has_the_gradient_of_every_parameter(name: str) -> None:
    net = network(name)
    trace = net.trace(XP, weights(net), batch(net), CTX)
    assert {gradient_name(path) for path, _ in leaves(net.specs)} <= trace.keys()


@every_network
def test_the_gradients_of_the_trace_are_those_that_train(name: str) -> None:
    net = network(name)
    params = weights(net)
    trace = net.trace(XP, params, batch(net), CTX)
    _, grads = net.loss_and_grads(XP, params, batch(net), CTX)
    assert all(np.array_equal(trace[gradient_name(path)], g) for path, g in leaves(grads))


@every_network
def test_the_parameters_of_the_trace_are_those_that_were_given(name: str) -> None:
    net = network(name)
    params = weights(net)
    trace = net.trace(XP, params, batch(net), CTX)
    assert all(trace[path] is value for path, value in leaves(params))


@every_network
def test_the_cost_of_the_trace_is_the_one_that_trains(name: str) -> None:
    net = network(name)
    params = weights(net)
    assert net.trace(XP, params, batch(net), CTX)["J"] == net.loss_and_grads(XP, params, batch(net), CTX)[0]


@every_network
def test_gradients_are_the_derivatives_by_number(name: str) -> None:
    net = network(name)
    params, rows = weights(net), batch(net)
    grads = dict(leaves(net.loss_and_grads(XP, params, rows, CTX)[1]))
    for path, value in leaves(params):
        direction = unit(np.random.default_rng(3), value.shape)

        def cost(moved: np.ndarray, path: str = path) -> float:
            return float(net.loss_and_grads(XP, with_leaf(params, path, moved), rows, CTX)[0])

        assert_close(np.vdot(grads[path], direction), derivative(cost, value, direction), numeric(np.float64)[1])


@every_network
def test_dx_of_the_trace_is_the_derivative_by_number(name: str) -> None:
    net = network(name)
    params, rows = weights(net), batch(net)
    direction = unit(np.random.default_rng(3), rows.x.shape)
    expected = derivative(
        lambda x: float(net.loss_and_grads(XP, params, rows._replace(x=x), CTX)[0]), rows.x, direction
    )
    assert_close(np.vdot(net.trace(XP, params, rows, CTX)["dx"], direction), expected, numeric(np.float64)[1])


def test_the_trace_names_every_number_of_the_pass() -> None:
    net = network("stack")
    layer_names = {f"{layer}.{what}" for layer in ("hidden1", "tanh1", "output") for what in ("x", "y", "dx", "dy")}
    parameters = {f"{layer}.{what}" for layer in ("hidden1", "output") for what in ("W", "b", "dW", "db")}
    expected = {"x", "t", "a", "y", "J", "da", "dx"} | layer_names | parameters
    assert set(net.trace(XP, weights(net), batch(net))) == expected


@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("stack in a stack", "block.dense1"),
        ("bypass around a stack", "bypass.dense1"),
        ("bypass in a bypass's stack", "r.tanh1"),
        ("nothing but a bypass", "tanh1"),
    ],
)
def test_the_trace_looks_into_layers_inside_layers(name: str, inner: str) -> None:
    net = network(name)
    assert {f"{inner}.{what}" for what in ("x", "y", "dx", "dy")} <= net.trace(XP, weights(net), batch(net)).keys()


def test_in_the_trace_each_layer_reads_what_the_one_before_it_wrote() -> None:
    net = network("stack")
    trace = net.trace(XP, weights(net), batch(net))
    assert trace["hidden1.y"] is trace["tanh1.x"]
    assert trace["tanh1.y"] is trace["output.x"]
    assert trace["output.y"] is trace["a"]


def test_in_the_trace_each_layer_is_told_what_the_one_after_it_derived() -> None:
    net = network("stack")
    trace = net.trace(XP, weights(net), batch(net))
    assert trace["output.dy"] is trace["da"]
    assert trace["output.dx"] is trace["tanh1.dy"]
    assert trace["hidden1.dx"] is trace["dx"]


def test_the_prediction_of_the_trace_is_the_link_of_its_logits() -> None:
    net = network("stack")
    trace = net.trace(XP, weights(net), batch(net))
    assert np.array_equal(trace["y"], SoftmaxCrossEntropy().link(XP, trace["a"]))


def test_the_example_of_the_course_predicts_0_812() -> None:
    net = mlp((2,), (2,), 1, BinaryCrossEntropy(), activation="sigmoid")
    params = map_leaves(lambda p: np.ones_like(p) if p.ndim == 2 else p, net.init(np.random.default_rng(0)))
    trace = net.trace(XP, params, Batch(np.array([[0.0, 1.0]]), np.array([[1.0]])))
    assert np.round(trace["sigmoid1.y"], 3).tolist() == [[0.731, 0.731]]
    assert np.round(trace["y"], 3).tolist() == [[0.812]]


def test_the_seed_decides_the_initial_weights() -> None:
    net = network("stack")
    one, other = (net.init(np.random.default_rng(7)) for _ in range(2))
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(leaves(one), leaves(other), strict=True))


def test_initial_biases_are_zero() -> None:
    assert not network("stack").init(np.random.default_rng(0))["hidden1"]["b"].any()


def test_the_parameters_are_counted() -> None:
    assert network("stack").n_parameters == 3 * 4 + 4 + 4 * 2 + 2


def test_the_weights_alone_are_penalised() -> None:
    assert network("bypass around a layer").penalised == ("a.W", "bypass.W", "b.W")


def test_the_operations_are_counted() -> None:
    assert network("stack").operations == 2 * 12 + 4 + 2 * 8


@dataclass(frozen=True)
class OfVectors(SquaredError):
    """A loss that takes no other logits than (N, K)."""

    def accepts(self, shape: Shape) -> bool:
        """Tell whether they are."""
        return len(shape) == 1


def test_a_network_ends_in_any_shape_that_its_loss_accepts() -> None:
    assert Network(Sequential((Relu(),)), (2, 3), SquaredError()).output_shape == (2, 3)


def test_a_network_that_ends_in_what_its_loss_does_not_accept_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"logits that the loss OfVectors accepts; got an output of shape \(2, 3\)"):
        Network(Sequential((Relu(),)), (2, 3), OfVectors())


def test_layers_that_do_not_fit_are_found_at_once() -> None:
    with pytest.raises(ShapeError, match="layer 'conv2d1'"):
        Network(Sequential((Conv2D(3),)), (2, 3), SquaredError())


def test_a_network_is_a_value() -> None:
    assert hash(network("noise")) == hash(network("noise"))


def test_the_rows_of_a_network_tell_its_layers() -> None:
    rows = [(r.name, r.kind, r.input_shape, r.output_shape, r.n_parameters) for r in network("stack").rows()]
    assert rows == [
        ("hidden1", "Dense", (3,), (4,), 16),
        ("tanh1", "Tanh", (4,), (4,), 0),
        ("output", "Dense", (4,), (2,), 10),
    ]


@every_network
def test_the_rows_of_a_network_account_for_all_parameters(name: str) -> None:
    assert sum(row.n_parameters for row in network(name).rows()) == network(name).n_parameters


def test_logits_in_parts_are_the_logits_at_once(engine64: Engine) -> None:
    net = network("stack")
    params, x = engine64.place(weights(net)), batch(net, 11).x
    parts = logits(net, engine64, params, x, rows=4)
    assert_close(parts, logits(net, engine64, params, x), agreement(np.float64))


def test_logits_of_no_rows_are_an_empty_array() -> None:
    net, engine = network("stack"), engine_by_name("numpy")
    assert logits(net, engine, engine.place(weights(net)), np.zeros((0, 3))).shape == (0, 2)


def test_logits_of_the_wrong_inputs_say_what_was_expected() -> None:
    net, engine = network("stack"), engine_by_name("numpy")
    with pytest.raises(ShapeError, match=r"inputs of shape \(N, 3\); got an array of shape \(5, 4\)"):
        logits(net, engine, engine.place(weights(net)), np.zeros((5, 4)))


def test_predictions_are_without_noise(engine64: Engine) -> None:
    net = network("noise")
    params = engine64.place(weights(net))
    with precision(engine64.name, "float64"):
        x = engine64.array(batch(net).x)
        one, other = (engine64.numpy(net.predict(engine64.xp, params, x)) for _ in range(2))
    assert np.array_equal(one, other)


def test_an_mlp_has_a_layer_of_each_kind_in_its_place() -> None:
    net = mlp((2, 2), (5, 4), 3, SoftmaxCrossEntropy(), activation="tanh", dropout=0.1)
    assert isinstance(net.layer, Sequential)
    assert net.layer.names == ("flatten", "hidden1", "tanh1", "dropout1", "hidden2", "tanh2", "dropout2", "output")


@pytest.mark.parametrize(("activation", "init"), [("relu", "he"), ("tanh", "glorot"), ("sigmoid", "glorot")])
def test_an_mlp_draws_its_weights_as_its_activation_needs(activation: str, init: str) -> None:
    assert mlp((2,), (5,), 3, SquaredError(), activation=activation).specs["hidden1"]["W"].init == init


def test_an_mlp_of_a_misspelt_activation_is_refused() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'sigmoid'"):
        mlp((2,), (5,), 3, SquaredError(), activation="sigmod")


def test_a_network_without_parameters_can_be_asked_for_its_gradients() -> None:
    net = Network(Sequential((Flatten(), Tanh())), (3,), SquaredError())
    rows = Batch(np.ones((2, 3)), np.zeros((2, 3)))
    assert net.loss_and_grads(XP, net.init(np.random.default_rng(0)), rows, PREDICT)[1] == {"flatten1": {}, "tanh1": {}}


def test_the_widest_place_of_a_network_is_where_its_images_have_most_maps() -> None:
    layers = Sequential((Conv2D(8, padding="same"), MaxPool2D(), Flatten(), Dense(2)))
    assert Network(layers, (10, 10, 1), SoftmaxCrossEntropy()).widest == 800
    assert mlp((30,), (4,), 2, SoftmaxCrossEntropy()).widest == 30


def test_each_layer_of_an_mlp_may_have_its_own_activation_and_dropout() -> None:
    net = mlp((3,), (5, 4), 2, SquaredError(), activation=["relu", "tanh"], dropout=[0.0, 0.3])
    assert net.layer.names == ("hidden1", "relu1", "hidden2", "tanh2", "dropout2", "output")
    assert [net.specs[name]["W"].init for name in ("hidden1", "hidden2")] == ["he", "glorot"]


@pytest.mark.parametrize("option", ["activation", "dropout"])
def test_an_mlp_with_too_few_of_something_is_refused(option: str) -> None:
    values: dict[str, Any] = {"activation": ["relu"], "dropout": [0.1]}
    with pytest.raises(ConfigError, match=f"one {option}, or one for each of the 2 hidden layers; got 1 of them"):
        mlp((3,), (5, 4), 2, SquaredError(), **{option: values[option]})


def test_a_layers_output_is_what_the_trace_has() -> None:
    net = mlp((3,), (5, 4), 2, SquaredError(), activation="tanh", dropout=0.5)
    engine = engine_by_name("numpy", "float64")
    params = engine.place(net.init(np.random.default_rng(0)))
    x = np.random.default_rng(1).normal(size=(6, 3))
    traced = net.trace(engine.xp, params, Batch(x, np.zeros((6, 2))))
    for layer, name in [
        ("hidden1", "hidden1"),
        (1, "dropout1"),
        (2, "dropout2"),
        (-1, "dropout2"),
        ("output", "output"),
    ]:
        np.testing.assert_array_equal(layer_output(net, engine, params, x, layer), traced[f"{name}.y"])


@pytest.mark.parametrize("engine", ["numpy", "jax"])
@pytest.mark.parametrize(
    "first",
    [
        nn.Scale(),
        nn.SmoothClip(),
        nn.Tanh(),
        nn.Residual(nn.Dense(4)),
        nn.Columns((nn.Dense(3),), ((0, 2),)),
        nn.Ensemble((nn.Dense(2), nn.Dense(2))),
        nn.Dense(3),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_sparse_matrix_is_what_its_zeros_say_to_any_first_layer(first: nn.Layer, engine: str) -> None:
    from scipy.sparse import csr_matrix

    # As many rows as columns, so that a product in the place of an element's factor would not show by its shape.
    x = np.random.default_rng(0).normal(size=(4, 4)) * (np.arange(4) % 2)
    network = Network([("first", first), ("last", nn.Dense(2))], (4,), nn.SoftmaxCrossEntropy())
    t = np.array([0, 1, 0, 1])
    fits = [network.fit(each, t, epochs=3, engine=engine, seed=1) for each in (x, csr_matrix(x))]
    np.testing.assert_allclose(fits[0].predict(x), fits[1].predict(csr_matrix(x)), rtol=1e-5, atol=1e-6)
