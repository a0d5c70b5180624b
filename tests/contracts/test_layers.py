"""The contract of a layer, checked for every registered layer on both engines."""

from __future__ import annotations

import pytest

from chainrule.nn import (
    ACTIVATIONS,
    GRU,
    LAYERS,
    LSTM,
    AvgPool2D,
    BatchNorm,
    Bidirectional,
    Columns,
    Conv1D,
    Conv2D,
    ConvTranspose2D,
    Dense,
    DepthwiseConv2D,
    DropConnect,
    Dropout,
    Elu,
    Embedding,
    Ensemble,
    Flatten,
    Gelu,
    GlobalAvgPool,
    GlobalMaxPool,
    GroupNorm,
    Layer,
    LayerNorm,
    LeakyRelu,
    MaxPool2D,
    Periodic,
    PiecewiseLinear,
    Positions,
    Relu,
    Reshape,
    Residual,
    Scale,
    SelfAttention,
    Sequential,
    Sigmoid,
    Silu,
    SimpleRNN,
    SmoothClip,
    Softplus,
    SpatialDropout,
    Tanh,
    UpSample,
    ZeroPad,
    transformer_block,
)
from tests.contracts import checks
from tests.contracts.checks import LayerCase

# Three samples are given, so a shape of (3,) is square on purpose: it hides transposition bugs from shape tests.
CASES = [
    *(LayerCase(f"{name} of a vector", layer, (3,)) for name, layer in ACTIVATIONS.items()),
    *(LayerCase(f"{name} of an image", layer, (2, 3, 2)) for name, layer in ACTIVATIONS.items()),
    LayerCase("leaky relu with a steep slope", LeakyRelu(0.4), (4,)),
    LayerCase("elu with another alpha", Elu(0.3), (4,)),
    LayerCase("dense", Dense(2), (4,)),
    LayerCase("dense, square", Dense(3), (3,)),
    LayerCase("dense with one unit", Dense(1), (5,)),
    LayerCase("dense of one input", Dense(3), (1,)),
    LayerCase("dense without bias", Dense(3, bias=False), (3,)),
    LayerCase("dense of a sequence", Dense(2), (3, 4)),
    LayerCase("dense of images, all threes", Dense(3), (3, 3, 3)),
    LayerCase("dense of a sequence without bias", Dense(3, bias=False), (4, 2)),
    LayerCase("dropconnect of a sequence while learning", DropConnect(3, rate=0.3), (3, 3), train=True),
    LayerCase("a stack on each moment of a sequence", Sequential((Dense(3), Tanh(), LayerNorm(), Dense(2))), (3, 4)),
    LayerCase("layer norm of a sequence", LayerNorm(), (4, 3)),
    LayerCase("batch norm of a sequence while learning", BatchNorm(), (4, 3), train=True),
    LayerCase("dropout while learning", Dropout(0.4), (6,), train=True),
    LayerCase("dropout of an image while learning", Dropout(0.3), (2, 3, 2), train=True),
    LayerCase("dropout at predict", Dropout(0.4), (3,)),
    LayerCase("dropout of nothing", Dropout(0.0), (3,), train=True),
    LayerCase("dropconnect while learning", DropConnect(2, rate=0.4), (4,), train=True),
    LayerCase("dropconnect, square, while learning", DropConnect(3, rate=0.3), (3,), train=True),
    LayerCase("dropconnect at predict", DropConnect(3), (3,)),
    LayerCase("dropconnect without bias while learning", DropConnect(3, bias=False), (4,), train=True),
    LayerCase("flatten of an image", Flatten(), (2, 3, 2)),
    LayerCase("flatten of a vector", Flatten(), (3,)),
    LayerCase("reshape to an image", Reshape((2, 3, 2)), (12,)),
    LayerCase("reshape to a vector", Reshape((6,)), (3, 2)),
    LayerCase("a stack", Sequential((Dense(4), Tanh(), Dense(2))), (3,)),
    LayerCase("a stack, square", Sequential((Dense(3), Sigmoid(), Dense(3), Relu(), Dense(3))), (3,)),
    LayerCase("a stack that starts without parameters", Sequential((Flatten(), Tanh(), Dense(3), Gelu())), (2, 2)),
    LayerCase("a stack without parameters", Sequential((Tanh(), Flatten())), (2, 2)),
    LayerCase("a stack inside a stack", Sequential((Sequential((Dense(3), Silu()), ("a", "b")), Dense(2))), (3,)),
    LayerCase(
        "a stack with noise while learning",
        Sequential((Dropout(0.2), Dense(3), Tanh(), Dropout(0.4), DropConnect(3, rate=0.3))),
        (3,),
        train=True,
    ),
    # Three samples, three rows, three columns, three channels, three filters and a kernel of three: no axis can be told
    # from another by its length.
    LayerCase("conv, all threes", Conv2D(3, 3, padding="same"), (3, 3, 3)),
    LayerCase("conv, valid", Conv2D(2, 3), (5, 4, 3)),
    LayerCase("conv of the whole image", Conv2D(4, (3, 2)), (3, 2, 2)),
    LayerCase("conv, even kernel, same", Conv2D(2, (2, 4), padding="same"), (3, 5, 2)),
    LayerCase("conv, stride, same, odd", Conv2D(2, 3, stride=2, padding="same"), (5, 7, 2)),
    LayerCase("conv, stride, same, even", Conv2D(2, 3, stride=2, padding="same"), (4, 6, 2)),
    LayerCase("conv, strides that leave a rest", Conv2D(2, (2, 3), stride=(3, 2)), (6, 6, 1)),
    LayerCase("conv, stride beyond its kernel", Conv2D(2, 1, stride=2), (5, 4, 3)),
    LayerCase("conv, dilation", Conv2D(2, 2, dilation=(3, 2)), (6, 5, 2)),
    LayerCase("conv, dilation and stride, same", Conv2D(3, 3, stride=2, dilation=2, padding="same"), (6, 5, 2)),
    LayerCase("conv, groups", Conv2D(6, 3, groups=3, padding="same"), (3, 3, 3)),
    LayerCase("conv, groups, stride, no bias", Conv2D(4, 2, stride=2, groups=2, bias=False), (5, 4, 6)),
    LayerCase("conv, one by one, no bias", Conv2D(3, 1, bias=False), (3, 3, 3)),
    LayerCase("conv of a sequence", Conv1D(3, 3, padding="same"), (3, 3)),
    LayerCase("conv of a sequence, stride", Conv1D(2, 2, stride=2), (5, 3)),
    LayerCase("conv of a sequence, dilation, groups", Conv1D(4, 2, dilation=2, groups=2, bias=False), (5, 2)),
    LayerCase("depthwise, all threes", DepthwiseConv2D(3, padding="same"), (3, 3, 3)),
    LayerCase("depthwise, two kernels each, stride", DepthwiseConv2D((2, 3), 2, stride=2), (5, 6, 3)),
    LayerCase("depthwise, dilation", DepthwiseConv2D(2, 3, dilation=2, padding="same", bias=False), (4, 3, 2)),
    LayerCase("transposed, all threes", ConvTranspose2D(3, 3, padding="same"), (3, 3, 3)),
    LayerCase("transposed, stride", ConvTranspose2D(2, 3, stride=2), (3, 4, 3)),
    LayerCase("transposed, stride, same", ConvTranspose2D(2, (4, 3), stride=2, padding="same"), (3, 2, 2)),
    LayerCase("transposed, stride beyond its kernel, same", ConvTranspose2D(2, 2, stride=3, padding="same"), (2, 3, 1)),
    LayerCase("transposed, dilation", ConvTranspose2D(1, 2, stride=(1, 2), dilation=2, bias=False), (2, 3, 2)),
    LayerCase("a frame of zeros", ZeroPad(1), (3, 3, 3)),
    LayerCase("a frame of four widths", ZeroPad((0, 1, 2, 3)), (3, 2, 2)),
    LayerCase("pixels repeated", UpSample(3), (3, 3, 3)),
    LayerCase("pixels repeated, oblong", UpSample((1, 2)), (3, 2, 2)),
    LayerCase("batch norm of a vector while learning", BatchNorm(), (3,), train=True),
    LayerCase("batch norm of an image while learning", BatchNorm(epsilon=0.1), (3, 3, 3), train=True),
    LayerCase("batch norm of a vector at predict", BatchNorm(), (3,)),
    LayerCase("batch norm of an image at predict", BatchNorm(epsilon=0.1), (2, 3, 2)),
    LayerCase("layer norm of a vector", LayerNorm(), (3,)),
    LayerCase("layer norm of an image", LayerNorm(0.01), (3, 3, 3)),
    LayerCase("group norm of a vector", GroupNorm(2), (6,)),
    LayerCase("group norm of an image", GroupNorm(3), (3, 3, 6)),
    LayerCase("one group, square", GroupNorm(1), (3, 3, 3)),
    LayerCase("instance norm", GroupNorm(3), (3, 2, 3)),
    LayerCase("spatial dropout while learning", SpatialDropout(0.4), (3, 3, 3), train=True),
    LayerCase("spatial dropout of a sequence while learning", SpatialDropout(0.4), (4, 5), train=True),
    LayerCase("spatial dropout at predict", SpatialDropout(0.4), (2, 3, 2)),
    LayerCase(
        "a residual block while learning",
        Residual(
            Sequential(
                (BatchNorm(), Tanh(), Conv2D(3, 3, padding="same"), BatchNorm()),
            )
        ),
        (3, 3, 3),
        train=True,
    ),
    LayerCase(
        "a residual block that changes the shape, while learning",
        Residual(
            Sequential((Conv2D(4, 3, stride=2, padding="same"), BatchNorm(), SpatialDropout(0.3))),
            Sequential((Conv2D(4, 1, stride=2, bias=False), BatchNorm(), Dropout(0.3))),
        ),
        (5, 4, 2),
        train=True,
    ),
    LayerCase("a bypass with a shortcut of one layer", Residual(Tanh(), Dense(3)), (3,)),
    LayerCase("max pool", MaxPool2D(2), (4, 6, 3)),
    LayerCase("max pool that leaves a rest", MaxPool2D((2, 3)), (5, 4, 2)),
    LayerCase("max pool, overlapping", MaxPool2D(3, stride=2), (5, 7, 2)),
    LayerCase("max pool, overlapping, same", MaxPool2D(3, stride=2, padding="same"), (4, 5, 2)),
    LayerCase("max pool, same", MaxPool2D(2, padding="same"), (3, 5, 3)),
    LayerCase("average pool", AvgPool2D(2), (4, 6, 3)),
    LayerCase("average pool that leaves a rest", AvgPool2D(2), (3, 3, 3)),
    LayerCase("average pool, overlapping, same", AvgPool2D(3, stride=1, padding="same"), (3, 3, 3)),
    LayerCase("average pool, same, odd", AvgPool2D((2, 3), padding="same"), (3, 4, 2)),
    LayerCase("global average of an image", GlobalAvgPool(), (3, 3, 3)),
    LayerCase("global average of a sequence", GlobalAvgPool(), (4, 3)),
    LayerCase("global maximum of an image", GlobalMaxPool(), (3, 2, 3)),
    LayerCase("global maximum of a sequence", GlobalMaxPool(), (3, 3)),
    LayerCase(
        "a small convolutional network",
        Sequential((Conv2D(3, 3, padding="same"), Tanh(), MaxPool2D(2), Flatten(), Dense(3))),
        (4, 4, 1),
    ),
    LayerCase("embedding, all threes", Embedding(3, 3), (3,), ids=3),
    LayerCase("embedding with a padding", Embedding(5, 2, padding=0), (4,), ids=5),
    LayerCase("embedding of a single id", Embedding(4, 3), (), ids=4),
    LayerCase("an embedding in a stack", Sequential((Embedding(6, 2), GlobalAvgPool(), Dense(3))), (5,), ids=6),
    LayerCase("a bypass", Residual(Dense(3)), (3,)),
    LayerCase("a bypass around a stack", Residual(Sequential((Dense(5), Softplus(), Dense(3)))), (3,)),
    LayerCase("a bypass around an image", Residual(Sequential((Tanh(), Sigmoid()))), (2, 3, 2)),
    LayerCase("a bypass around a bypass", Residual(Residual(Dense(3))), (3,)),
    LayerCase(
        "bypasses in a stack, with noise while learning",
        Sequential((Residual(Sequential((Dense(3), Dropout(0.3)))), Tanh(), Residual(DropConnect(3)))),
        (3,),
        train=True,
    ),
]

for _kind in (SimpleRNN, LSTM, GRU):
    _name = _kind.__name__
    CASES += [
        LayerCase(f"{_name}, all threes", _kind(3), (3, 3)),
        LayerCase(f"{_name}, every state", _kind(2, return_sequences=True), (4, 3)),
        LayerCase(f"{_name}, every state, reverse", _kind(4, return_sequences=True, reverse=True), (3, 2)),
        LayerCase(f"{_name}, reverse", _kind(2, reverse=True), (4, 3)),
        LayerCase(f"{_name} of one step", _kind(2), (1, 3)),
        LayerCase(f"{_name}, normalised", _kind(3, layer_norm=True, reverse=True), (3, 2)),
        LayerCase(
            f"{_name}, normalised, every state, drops, while learning",
            _kind(5, return_sequences=True, layer_norm=True, recurrent_dropout=0.2),
            (4, 3),
            train=True,
        ),
        LayerCase(f"{_name} that drops, while learning", _kind(3, recurrent_dropout=0.4), (4, 3), train=True),
    ]
CASES += [
    LayerCase("attention, all threes", SelfAttention(), (3, 3)),
    LayerCase("attention of two heads", SelfAttention(2), (3, 4)),
    LayerCase("attention of three heads to what was before", SelfAttention(3, causal=True), (4, 6)),
    LayerCase("attention of one place", SelfAttention(2), (1, 2)),
    LayerCase("sinusoidal positions", Positions(), (4, 3)),
    LayerCase("learned positions", Positions(learned=True), (3, 3)),
    LayerCase("a transformer's block, while learning", transformer_block(4, 2, 3, dropout=0.3), (3, 4), train=True),
    LayerCase("both directions, all threes", Bidirectional(GRU(3, return_sequences=True)), (3, 3)),
    LayerCase("both directions, last states", Bidirectional(LSTM(2), SimpleRNN(3, reverse=True)), (4, 2)),
    LayerCase(
        "words read both ways, while learning",
        Sequential((Embedding(5, 3), Bidirectional(GRU(2, recurrent_dropout=0.3)), Dense(2))),
        (4,),
        train=True,
        ids=5,
    ),
]

# Edges between which the random inputs lie, some of them equally many for each input and some not.
EDGES = ((-2.1, -0.6, 0.05, 0.7, 2.3), (), (-1.05, 1.25))
MEMBERS = (Dense(3), Sequential((Scale(), Dense(4), Tanh(), Dense(3))), Sequential((SmoothClip(1.0), Dense(3))))
CASES += [
    LayerCase("smooth clip", SmoothClip(), (4,)),
    LayerCase("smooth clip of an image, tight", SmoothClip(0.5), (3, 3, 3)),
    LayerCase("scale, square", Scale(), (3,)),
    LayerCase("scale of a sequence, at a pace of its own", Scale(6.0), (3, 3)),
    LayerCase("bins, three inputs", PiecewiseLinear(EDGES), (3,)),
    LayerCase("bins of one input", PiecewiseLinear(((-1.0, -0.3, 0.4, 1.0),)), (1,)),
    LayerCase("waves, all threes", Periodic(3, 3, sigma=1.0), (3,)),
    LayerCase("waves of one input", Periodic(4, 2), (1,)),
    LayerCase(
        "columns: bins, waves, an embedding; one read twice, one not at all",
        Columns(
            (PiecewiseLinear(EDGES), Periodic(2, 2), Dense(3, bias=False), Relu()),
            ((4, 0, 2), (1,), (5, 6, 7), (4, 1)),
        ),
        (9,),
    ),
    LayerCase(
        "columns with noise, while learning", Columns((Dropout(0.4), Dense(2)), ((0, 1), (2,))), (3,), train=True
    ),
    *(
        LayerCase(f"a mean by {link}", Ensemble(MEMBERS, link), (3,))
        for link in ("identity", "softmax", "logistic", "exp")
    ),
    LayerCase("a weighted mean of probabilities", Ensemble(MEMBERS, "softmax", (3.0, 0.5, 1.0)), (3,)),
    LayerCase(
        "a weighted mean of a sequence's answers", Ensemble((Dense(3), Dense(3)), "logistic", (1.0, 2.0)), (3, 3)
    ),
    LayerCase("a mean of means", Ensemble((Ensemble((Dense(2), Dense(2))), Dense(2)), "softmax", (2.0, 1.0)), (3,)),
    LayerCase(
        "a mean with noise and state, while learning",
        Ensemble((Sequential((Dropout(0.3), Dense(2))), Sequential((BatchNorm(), Dense(2)))), "identity"),
        (3,),
        train=True,
    ),
]

# Compiling takes longest here, and a second shape or stride of the same layer would show nothing new.
MAPPED = list({(type(case.layer), case.train, len(case.shape)): case for case in reversed(CASES)}.values())[::-1]

every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_engine = pytest.mark.parametrize("engine", checks.ENGINES)


@pytest.mark.parametrize("kind", [kind for kind, layer in LAYERS.items() if layer.__module__.startswith("chainrule.")])
def test_every_registered_layer_has_a_case(kind: str) -> None:
    assert kind in {type(case.layer).__name__ for case in CASES}


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


@every_engine
@every_case
def test_keys_and_shapes_are_as_declared(case: LayerCase, engine: str) -> None:
    checks.check_keys_and_shapes(case, engine)


@every_engine
@every_case
def test_dx_is_the_derivative_by_number(case: LayerCase, engine: str) -> None:
    checks.check_derivative_by_input(case, engine)


@every_engine
@pytest.mark.parametrize("case", [case for case in CASES if checks.leaves_of(case)], ids=str)
def test_gradients_are_the_derivatives_by_number(case: LayerCase, engine: str) -> None:
    checks.check_derivative_by_parameters(case, engine)


@every_engine
@every_case
def test_backward_is_linear_in_dy(case: LayerCase, engine: str) -> None:
    checks.check_linearity(case, engine)


@every_case
def test_nothing_that_is_given_is_written_to(case: LayerCase) -> None:
    checks.check_read_only(case)


@every_engine
@every_case
def test_float32_stays_float32(case: LayerCase, engine: str) -> None:
    checks.check_float32_stays(case, engine)


@every_case
def test_numpy_and_jax_agree(case: LayerCase) -> None:
    checks.check_engines_agree(case)


@every_case
def test_backward_is_what_jax_derives_from_forward(case: LayerCase) -> None:
    checks.check_automatic_derivative(case)


@pytest.mark.parametrize("case", MAPPED, ids=str)
def test_vmap_under_jit_is_a_loop_over_samples(case: LayerCase) -> None:
    checks.check_vmap(case)


@every_case
def test_the_spec_survives_json(case: LayerCase) -> None:
    checks.check_spec_round_trip(case)


@every_case
def test_the_equations_are_complete(case: LayerCase) -> None:
    checks.check_layer_equations(case)


@every_case
def test_gradients_alone_are_those_of_backward(case: LayerCase) -> None:
    checks.check_gradients_alone(case)


@every_case
def test_a_layer_is_a_value(case: LayerCase) -> None:
    checks.check_value_semantics(case.layer)


@every_case
def test_the_same_arguments_give_the_same_bits(case: LayerCase) -> None:
    checks.check_purity(case)


@every_case
def test_the_cache_holds_nothing_that_backward_does_not_read(case: LayerCase) -> None:
    checks.check_cache_is_read(case)


@pytest.mark.parametrize("case", [case for case in CASES if case.layer.has_state or not case.train], ids=str)
def test_state_is_what_is_not_trained(case: LayerCase) -> None:
    checks.check_state(case)


@pytest.mark.parametrize(
    ("one", "other"),
    [(Dense(2), Dense(3)), (Dropout(0.1), Dropout(0.2)), (Tanh(), Sigmoid()), (Sequential((Tanh(),)), Tanh())],
    ids=lambda layer: type(layer).__name__,
)
def test_layers_that_differ_are_not_equal(one: Layer, other: Layer) -> None:
    assert one != other
