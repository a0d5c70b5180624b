"""Any stack of layers as an estimator: images from flat rows, normalisation with its state, noise, names."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.utils import get_tags

from chainrule import MLPClassifier, NetworkClassifier, NetworkRegressor, nn
from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.recipes import Cnn
from chainrule.tree import leaves

DIGITS, LABELS = load_digits(return_X_y=True)
DIGITS = (DIGITS[:600] / 16).astype(np.float32)
LABELS = LABELS[:600]
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
PROGRESS = (PROGRESS - PROGRESS.mean()) / PROGRESS.std()

CONVOLUTIONS = [nn.Conv2D(8, 3), nn.BatchNorm(), nn.Relu(), nn.MaxPool2D(2)]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module", params=["numpy", "jax"])
def images(request: pytest.FixtureRequest) -> NetworkClassifier:
    model = NetworkClassifier(
        CONVOLUTIONS,
        (8, 8, 1),
        engine=request.param,
        batch_size=50,
        max_iter=6,
        learning_rate_init=0.01,
        random_state=0,
    )
    return model.fit(DIGITS, LABELS)


def test_images_are_learnt_from_flat_rows(images: NetworkClassifier) -> None:
    assert images.layer_names_ == ["conv2d1", "batchnorm1", "relu1", "maxpool2d1", "flatten", "output"]
    assert images.score(DIGITS, LABELS) > 0.9
    assert images.activations(DIGITS[:3], "relu1").shape == (3, 6, 6, 8)


def test_arrays_of_the_samples_shape_are_the_same_rows(images: NetworkClassifier) -> None:
    np.testing.assert_array_equal(images.predict(DIGITS.reshape(-1, 8, 8, 1)), images.predict(DIGITS))
    again = clone(images).fit(DIGITS.reshape(-1, 8, 8, 1), LABELS)
    np.testing.assert_allclose(again.predict_proba(DIGITS), images.predict_proba(DIGITS), atol=1e-5)
    with pytest.raises(DataError, match=r"samples of shape \(8, 8, 1\), or flat rows; got samples of shape \(8, 8\)"):
        images.predict(DIGITS.reshape(-1, 8, 8))


def test_the_state_of_normalisation_is_learnt_and_kept(images: NetworkClassifier) -> None:
    state = dict(leaves(images.params_["batchnorm1"]))
    assert any(not np.allclose(value, 0) and not np.allclose(value, 1) for value in state.values())
    # At predict a sample does not depend on those beside it.
    np.testing.assert_allclose(images.predict_proba(DIGITS[:1]), images.predict_proba(DIGITS)[:1], atol=1e-6)
    copy = pickle.loads(pickle.dumps(images))
    np.testing.assert_array_equal(copy.predict_proba(DIGITS), images.predict_proba(DIGITS))


def test_learning_goes_on_from_weights_and_state(images: NetworkClassifier) -> None:
    model = pickle.loads(pickle.dumps(images))
    before = model.loss_
    model.partial_fit(DIGITS, LABELS)
    assert model.loss_ < before
    assert model.t_ == images.t_ + len(DIGITS)


def test_a_stack_is_the_perceptron_that_it_spells() -> None:
    settings: dict[str, Any] = {"max_iter": 3, "random_state": 0, "alpha": 0.01}
    spelt = NetworkClassifier([("hidden1", nn.Dense(9)), ("tanh1", nn.Tanh())], warm_start=True, **settings)
    named = MLPClassifier(9, activation="tanh", warm_start=True, **settings)
    spelt.fit(DIGITS, LABELS)
    named.fit(DIGITS, LABELS)
    assert spelt.network_ == named.network_
    # From the same weights, with the same order of rows, on to the same weights.
    spelt.params_ = named._weights()
    np.testing.assert_allclose(
        spelt.fit(DIGITS, LABELS).predict_proba(DIGITS), named.fit(DIGITS, LABELS).predict_proba(DIGITS), atol=1e-6
    )


def test_the_seed_draws_weights_and_noise() -> None:
    stack = [nn.Dense(20), nn.Relu(), nn.Dropout(0.5)]
    one, same, other = (
        NetworkClassifier(stack, max_iter=3, random_state=seed).fit(DIGITS, LABELS).loss_curve_ for seed in (0, 0, 1)
    )
    assert one == same != other


def test_noise_is_gone_at_predict() -> None:
    model = NetworkClassifier([nn.Dense(20), nn.Dropout(0.5)], max_iter=3).fit(DIGITS, LABELS)
    np.testing.assert_array_equal(model.predict_proba(DIGITS), model.predict_proba(DIGITS))


@pytest.mark.parametrize("loss", ["squared_error", "huber", nn.Huber(0.3)])
def test_values_are_learnt(loss: Any) -> None:
    stack = [nn.Dense(16), nn.LayerNorm(), nn.Residual(nn.Sequential((nn.Dense(16), nn.Gelu())))]
    model = NetworkRegressor(stack, loss=loss, max_iter=60, learning_rate_init=0.01, random_state=0)
    assert model.fit(DIABETES, PROGRESS).score(DIABETES, PROGRESS) > 0.5
    both = clone(model).fit(DIABETES, np.stack([PROGRESS, -PROGRESS], axis=1))
    assert both.predict(DIABETES).shape == (442, 2)


def test_without_layers_it_is_a_linear_model() -> None:
    model = NetworkClassifier([], solver="lbfgs").fit(DIGITS, LABELS)
    assert model.layer_names_ == ["output"]
    assert model.score(DIGITS, LABELS) == 1


def test_sparse_rows_are_welcome_where_the_first_layer_can_read_them() -> None:
    assert get_tags(NetworkClassifier()).input_tags.sparse
    assert get_tags(NetworkClassifier([("a", nn.Dense(3))])).input_tags.sparse
    assert not get_tags(NetworkClassifier(CONVOLUTIONS, (8, 8, 1))).input_tags.sparse


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (NetworkClassifier([nn.Dense]), ConfigError, "Call its class"),
        (NetworkClassifier([("a", nn.Dense(3)), ("a", nn.Relu())]), ConfigError, "2 different names"),
        (NetworkClassifier([nn.Flatten()], (8, 9)), DataError, r"rows of 72 numbers for the input_shape \(8, 9\)"),
        (NetworkClassifier([nn.Conv2D(4, 3)]), ShapeError, "layer 'conv2d1'"),
        (NetworkRegressor(loss="absolute"), ValueError, "'loss' parameter of NetworkRegressor"),
    ],
)
def test_a_stack_that_does_not_fit_is_refused(model: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        model.fit(DIGITS, LABELS)


SQUARES = np.kron(DIGITS.reshape(-1, 8, 8, 1), np.ones((1, 2, 2, 1), np.float32))


def test_pictures_are_augmented_and_seen_from_several_views() -> None:
    model = NetworkClassifier(
        "cnn",
        (16, 16, 1),
        augment="light",
        views=4,
        batch_size=50,
        max_iter=8,
        learning_rate_init=0.003,
        engine="jax",
        random_state=0,
    ).fit(SQUARES, LABELS)
    assert [row.kind for row in model.network_.rows()][:4] == ["Conv2D", "BatchNorm", "Relu", "MaxPool2D"]
    assert model.params_["conv1"]["W"].shape == (3, 3, 1, 16)
    assert model.score(SQUARES, LABELS) > 0.9
    averaged = model.predict_proba(SQUARES[:20])
    np.testing.assert_allclose(averaged.sum(axis=1), 1, rtol=1e-6)
    one = model.set_params(views=1).predict_proba(SQUARES[:20])
    assert 1e-3 < np.abs(averaged - one).max() < 1
    still = clone(model).set_params(augment=None).fit(SQUARES, LABELS)
    assert np.abs(still.predict_proba(SQUARES[:20]) - one).max() > 1e-3


def test_the_number_of_pictures_chooses_the_filters_once() -> None:
    model = NetworkClassifier("cnn", (16, 16, 1), max_iter=1, engine="numpy", random_state=0)
    model.partial_fit(SQUARES[:100], LABELS[:100], classes=np.arange(10))
    many = np.concatenate([SQUARES] * 4)
    model.partial_fit(many, np.concatenate([LABELS] * 4))
    assert model.params_["conv1"]["W"].shape[-1] == 16


def test_a_recipe_stands_for_its_layers() -> None:
    model = NetworkClassifier(Cnn(filters=(4,), hidden=()), (8, 8, 1), max_iter=1, random_state=0).fit(DIGITS, LABELS)
    kinds = [row.kind for row in model.network_.rows()]
    assert kinds == ["Conv2D", "BatchNorm", "Relu", "MaxPool2D", "Flatten", "Dense"]
    assert clone(model).layers == Cnn(filters=(4,), hidden=())


def test_a_recipe_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'cnn'"):
        NetworkClassifier("cnnn", (8, 8, 1)).fit(DIGITS, LABELS)


@pytest.mark.parametrize("options", [{"layers": "cnn"}, {"augment": "light"}, {"layers": "cnn", "input_shape": (8, 8)}])
def test_pictures_have_a_height_a_width_and_channels(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"input_shape=\(height, width, channels\)"):
        NetworkClassifier(**options).fit(DIGITS, LABELS)


def test_views_of_pictures_that_never_moved_are_refused() -> None:
    model = NetworkClassifier(CONVOLUTIONS, (8, 8, 1), views=2, max_iter=1, random_state=0).fit(DIGITS, LABELS)
    with pytest.raises(ConfigError, match="for more than one view"):
        model.predict(DIGITS)
