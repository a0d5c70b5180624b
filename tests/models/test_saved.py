"""Estimators as files: what comes back predicts and goes on learning to the same bits, and nothing else gets in."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import chainrule
from chainrule import (
    Autoencoder,
    BernoulliRBM,
    GaussianRBM,
    LinearRegression,
    LogisticRegression,
    MLPClassifier,
    MLPRegressor,
    NetworkClassifier,
    NetworkRegressor,
    SoftmaxRegression,
    load_estimator,
    load_model,
    nn,
    optim,
    save_model,
)
from chainrule.encode.augment import Augment
from chainrule.errors import ConfigError, ModelFileError
from chainrule.models import LayerFeatures
from chainrule.models.saved import ESTIMATORS
from chainrule.optim.rules import Rule
from chainrule.recipes import mlp
from chainrule.saved.model import Model

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # Centimetres are no probabilities.
    pytest.mark.filterwarnings("ignore:Expected values between 0 and 1"),
]

FLOWERS, SPECIES = load_iris(return_X_y=True)
FRAME = pd.DataFrame(FLOWERS, columns=["sepal length", "sepal width", "petal length", "Blütenblatt"])
QUICK: dict[str, Any] = {"max_iter": 4, "random_state": 0}
STACK = [("wide", nn.Dense(12)), nn.BatchNorm(), nn.Tanh(), nn.Dropout(0.1), nn.Residual(nn.Dense(12))]

EVERY: dict[str, Any] = {
    "MLPClassifier": MLPClassifier(8, **QUICK),
    "MLPRegressor": MLPRegressor("huber", (8, 4), activation=["gelu", "tanh"], dropout=[0.1, 0.0], **QUICK),
    "NetworkClassifier": NetworkClassifier(STACK, **QUICK),
    "NetworkRegressor": NetworkRegressor(STACK, (4,), loss=nn.Huber(0.5), solver=optim.AdamW(decay=0.1), **QUICK),
    "LogisticRegression": LogisticRegression(),
    "SoftmaxRegression": SoftmaxRegression(solver="adam", class_weight={0: 2.0, 1: 1.0, 2: 0.5}, random_state=0),
    "LinearRegression": LinearRegression(),
    "LinearRegression down the gradient": LinearRegression(solver="gradient_descent", alpha=0.1, **QUICK),
    "LayerFeatures": LayerFeatures(MLPClassifier(8, **QUICK), layer="relu1"),
    "Autoencoder": Autoencoder((5, 2), code_activation="sigmoid", sparsity="kl", noise="mask", tied=True, **QUICK),
    "BernoulliRBM": BernoulliRBM(5, n_iter=2, momentum=0.5, random_state=0),
    "GaussianRBM": GaussianRBM(5, sigma=0.5, n_iter=2, persistent=False, random_state=0),
    "by L-BFGS": MLPClassifier(8, solver=optim.LBFGS(memory=3), max_iter=5, random_state=0),
    "a schedule of one's own": MLPClassifier((8,), learning_rate=optim.StepDecay(every=2), batch_size=32, **QUICK),
    "an average": MLPRegressor(
        hidden_layer_sizes=[8], solver=optim.Averaged(optim.RMSProp(decay=0.8), decay=0.9), **QUICK
    ),
    "stopping early": MLPClassifier(8, early_stopping=True, validation_fraction=0.3, **QUICK),
    "numbers of NumPy's": MLPClassifier(np.array([8, 3]), alpha=np.float32(0.1), tol=np.float64(0.1), **QUICK),
    "for ever": MLPClassifier(8, n_iter_no_change=np.inf, **QUICK),
}
every = pytest.mark.parametrize("name", EVERY)


def fitted(name: str) -> Any:
    return clone(EVERY[name]).fit(FRAME, SPECIES)


def again(estimator: Any, folder: Path) -> Any:
    estimator.save(folder / "e.chainrule")
    return load_estimator(folder / "e.chainrule")


def bits(value: Any) -> Any:
    return (value.dtype, value.shape, value.tobytes())


def test_every_class_of_the_package_is_proven_here() -> None:
    # A Forecaster reads series and no rows: its file is proven in test_forecaster; that of words in test_word2vec.
    assert {type(estimator).__name__ for estimator in EVERY.values()} | {"Forecaster"} == set(ESTIMATORS)
    words = {"Word2Vec", "WordVectors"}
    assert set(ESTIMATORS) | words == {name for name in chainrule.models.__all__ if name[0].isupper()}


@every
def test_what_is_loaded_answers_the_same_to_the_bit(name: str, tmp_path: Path) -> None:
    estimator = fitted(name)
    loaded = again(estimator, tmp_path)
    assert type(loaded) is type(estimator)
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform"):
        if hasattr(estimator, method):
            assert bits(getattr(loaded, method)(FRAME)) == bits(getattr(estimator, method)(FRAME))
    if hasattr(estimator, "score"):
        assert loaded.score(FRAME, SPECIES) == estimator.score(FRAME, SPECIES)


@every
def test_parameters_come_back(name: str, tmp_path: Path) -> None:
    estimator = fitted(name)
    loaded, known = again(estimator, tmp_path).get_params(), estimator.get_params()
    assert list(loaded) == list(known)
    assert repr(loaded) == repr(known)
    assert [type(value) for value in loaded.values()] == [type(value) for value in known.values()]


@every
def test_what_a_fit_leaves_behind_comes_back(name: str, tmp_path: Path) -> None:
    estimator = fitted(name)
    loaded = again(estimator, tmp_path)
    assert set(vars(loaded)) == set(vars(estimator))
    assert loaded.feature_names_in_.tolist() == FRAME.columns.tolist()
    for key in {"n_iter_", "history_", "loss_curve_", "loss_", "best_loss_", "network_", "engine_", "t_"} & set(
        vars(estimator)
    ):
        assert getattr(loaded, key) == getattr(estimator, key), key


@every
def test_a_loaded_estimator_is_saved_as_the_same_bytes(name: str, tmp_path: Path) -> None:
    loaded = again(fitted(name), tmp_path)
    loaded.save(tmp_path / "twice")
    assert (tmp_path / "twice").read_bytes() == (tmp_path / "e.chainrule").read_bytes()


@every
def test_a_loaded_estimator_can_be_cloned_and_fitted(name: str, tmp_path: Path) -> None:
    loaded = again(fitted(name), tmp_path)
    assert bits(ask(clone(loaded).fit(FRAME, SPECIES))) == bits(ask(loaded))


def ask(estimator: Any) -> np.ndarray:
    """Return the finest answers that an estimator gives."""
    method = next(m for m in ("transform", "predict_proba", "predict") if hasattr(estimator, m))
    return np.asarray(getattr(estimator, method)(FRAME))


CLASSES: dict[str, np.ndarray] = {
    "whole numbers": SPECIES * 7 - 7,
    "small whole numbers": SPECIES.astype(np.int8),
    "truths": SPECIES > 0,
    "texts": np.array(["wild", "tame", "größer"])[SPECIES],
    "two texts": np.array(["no", "yes"])[(SPECIES > 1).astype(int)],
    "objects of text": np.array(["wild", "tame", "größer"], dtype=object)[SPECIES],
    "numbers with a point": SPECIES.astype(float),
    "labels": np.stack([SPECIES > 0, SPECIES > 1, SPECIES == 1], axis=1).astype(int),
}


@pytest.mark.parametrize("make", [MLPClassifier, NetworkClassifier, LogisticRegression], ids=lambda c: c.__name__)
@pytest.mark.parametrize("what", CLASSES)
def test_classes_of_any_type_come_back(what: str, make: Any, tmp_path: Path) -> None:
    estimator = make(max_iter=3, random_state=0).fit(FLOWERS, CLASSES[what])
    loaded = again(estimator, tmp_path)
    assert loaded.classes_.dtype == estimator.classes_.dtype
    assert loaded.classes_.tolist() == estimator.classes_.tolist()
    assert [type(c) for c in loaded.classes_.tolist()] == [type(c) for c in estimator.classes_.tolist()]
    np.testing.assert_array_equal(loaded.predict(FLOWERS), estimator.predict(FLOWERS))
    assert bits(loaded.predict_proba(FLOWERS)) == bits(estimator.predict_proba(FLOWERS))


@pytest.mark.parametrize("engine", ["numpy", "jax"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_engine_and_width_of_numbers_comes_back(engine: str, dtype: Any, tmp_path: Path) -> None:
    X = FLOWERS.astype(dtype)
    estimator = NetworkClassifier(STACK, engine=engine, **QUICK).fit(X, SPECIES)
    loaded = again(estimator, tmp_path)
    assert loaded.engine_ == engine
    assert bits(loaded.predict_proba(X)) == bits(estimator.predict_proba(X))


def test_weights_lie_in_memory_as_they_lay(tmp_path: Path) -> None:
    # A product of matrices is rounded by the order in which they lie.
    estimator = LogisticRegression().fit(FLOWERS, SPECIES)
    assert estimator.coef_.flags.f_contiguous
    assert again(estimator, tmp_path).coef_.flags.f_contiguous


def test_several_values_and_sparse_rows_come_back(tmp_path: Path) -> None:
    X, y = sparse.csr_matrix(FLOWERS), FLOWERS[:, :2]
    for estimator in (MLPRegressor(hidden_layer_sizes=5, **QUICK), LinearRegression(), LinearRegression(solver="adam")):
        estimator.fit(X, y)
        assert bits(again(estimator, tmp_path).predict(X)) == bits(estimator.predict(X))


def test_a_network_of_pictures_with_its_augmentation_and_views_comes_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.random((20, 6 * 6 * 1)), rng.integers(0, 2, 20)
    estimator = NetworkClassifier(
        [nn.Conv2D(3, 3), nn.Relu()], (6, 6, 1), augment=Augment(flip=True, shift=0.2), views=3, **QUICK
    ).fit(X, y)
    assert bits(again(estimator, tmp_path).predict_proba(X)) == bits(estimator.predict_proba(X))


@pytest.mark.parametrize("solver", ["adam", "sgd", "rmsprop", optim.Averaged(), optim.AdaGrad()], ids=str)
@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
def test_partial_fits_go_on_to_the_same_bits(solver: Any, learning_rate: str, tmp_path: Path) -> None:
    estimator = MLPClassifier(8, solver=solver, learning_rate=learning_rate, dropout=0.2, random_state=0)
    estimator.partial_fit(FLOWERS[::2], SPECIES[::2], classes=[0, 1, 2]).partial_fit(FLOWERS[1::2], SPECIES[1::2])
    loaded = again(estimator, tmp_path)
    for _ in range(2):
        estimator.partial_fit(FLOWERS, SPECIES)
        loaded.partial_fit(FLOWERS, SPECIES)
    assert bits(loaded.predict_proba(FLOWERS)) == bits(estimator.predict_proba(FLOWERS))
    assert loaded.loss_curve_ == estimator.loss_curve_


WARM: dict[str, Any] = {
    "MLPClassifier": MLPClassifier(8, warm_start=True, **QUICK),
    "stopping early": MLPClassifier(8, warm_start=True, early_stopping=True, **QUICK),
    "a stack": NetworkClassifier(STACK, warm_start=True, **QUICK),
    "by L-BFGS": LogisticRegression(warm_start=True, max_iter=3),
    "a line": LinearRegression(solver="momentum", warm_start=True, **QUICK),
}


@pytest.mark.parametrize("name", WARM)
def test_warm_starts_go_on_to_the_same_bits(name: str, tmp_path: Path) -> None:
    estimator = clone(WARM[name]).fit(FLOWERS, SPECIES)
    loaded = again(estimator, tmp_path)
    estimator.fit(FLOWERS, SPECIES)
    loaded.fit(FLOWERS, SPECIES)
    assert bits(loaded.predict(FLOWERS)) == bits(estimator.predict(FLOWERS))
    assert (loaded.loss_curve_, loaded.t_, loaded.history_.cost) == (
        estimator.loss_curve_,
        estimator.t_,
        estimator.history_.cost,
    )


def test_a_random_state_goes_on_where_it_was(tmp_path: Path) -> None:
    random = np.random.RandomState(3)
    random.normal()
    estimator = MLPClassifier(8, max_iter=3, random_state=random, warm_start=True).fit(FLOWERS, SPECIES)
    loaded = again(estimator, tmp_path)
    twin = deepcopy(estimator)
    assert bits(loaded.fit(FLOWERS, SPECIES).coefs_[0]) == bits(twin.fit(FLOWERS, SPECIES).coefs_[0])
    assert loaded.random_state.normal() == twin.random_state.normal()


def test_the_container_that_was_set_comes_back(tmp_path: Path) -> None:
    features = LayerFeatures(MLPClassifier(3, **QUICK)).set_output(transform="pandas").fit(FRAME, SPECIES)
    pd.testing.assert_frame_equal(again(features, tmp_path).transform(FRAME), features.transform(FRAME))


# What a file refuses to hold.


@dataclass(frozen=True)
class Stroll(Rule):
    """A rule of a user's own that nobody can look up."""

    equation: ClassVar[str] = ""

    def update(self, xp: Any, w: Any, g: Any, state: Any, c: Any) -> Any:
        return w - c["rate"] * g, state


@dataclass(frozen=True)
class Bend(nn.Layer):
    """A layer of a user's own that is not registered."""

    def output_shape(self, shape: Any) -> Any:
        return shape

    def forward(self, xp: Any, p: Any, x: Any, ctx: Any) -> Any:
        return x, {}

    def backward(self, xp: Any, p: Any, cache: Any, dy: Any) -> Any:
        return dy, {}


class Mine(MLPClassifier):
    """A subclass of a user's own."""


def diverged() -> MLPClassifier:
    estimator = MLPClassifier(8, **QUICK).fit(FLOWERS, SPECIES)
    estimator.coefs_[1][2, 1] = np.nan
    return estimator


def cut() -> MLPClassifier:
    estimator = MLPClassifier(8, **QUICK).fit(FLOWERS, SPECIES)
    estimator.coefs_[1] = estimator.coefs_[1][:, :2]
    return estimator


def marked() -> MLPClassifier:
    estimator = MLPClassifier(8, **QUICK).fit(FLOWERS, SPECIES)
    estimator.note = "mine"
    return estimator


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "a function": (
        lambda: MLPClassifier(8, callbacks=[print], **QUICK).fit(FLOWERS, SPECIES),
        "callbacks.0 to be made of .* Set callbacks to None before saving",
    ),
    "a rule that is not registered": (
        lambda: MLPClassifier(8, solver=Stroll(), **QUICK).fit(FLOWERS, SPECIES),
        r"solver to be .* got Stroll\(\). Register it with chainrule.optim.rules.register",
    ),
    "a layer that is not registered": (
        lambda: NetworkClassifier([nn.Dense(3), Bend()], **QUICK).fit(FLOWERS, SPECIES),
        "class Bend is not registered. Write Bend as a frozen dataclass and decorate it with chainrule.nn.register",
    ),
    "a random state of another kind": (
        lambda: MLPClassifier(8, max_iter=2, random_state=np.random.RandomState(np.random.PCG64(0))).fit(
            FLOWERS, SPECIES
        ),
        "random_state to be a RandomState as NumPy makes it; got one on PCG64",
    ),
    "a class of one's own": (lambda: Mine(8, **QUICK).fit(FLOWERS, SPECIES), "Mine, which is not registered"),
    "weights that are NaN": (diverged, r"finite weights output.W; got nan at \(2, 1\). Fit it again"),
    "weights that were cut": (cut, "weights of the shapes that the layers have"),
    "an attribute of one's own": (marked, "got note as well. Take it off before saving"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_could_not_be_loaded_is_refused_by_name_and_nothing_is_written(what: str, tmp_path: Path) -> None:
    make, message = REFUSED[what]
    estimator = make()
    with pytest.raises((ConfigError, ModelFileError), match=message):
        estimator.save(tmp_path / "e")
    assert list(tmp_path.iterdir()) == []


def test_an_estimator_that_is_not_fitted_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError):
        MLPClassifier().save(tmp_path / "e")


def test_each_sort_of_file_says_which_function_reads_it(tmp_path: Path) -> None:
    again(fitted("MLPClassifier"), tmp_path)
    network = mlp((4,), (3,), 3, nn.SoftmaxCrossEntropy())
    save_model(Model(network, network.init(np.random.default_rng(0))), tmp_path / "m")
    with pytest.raises(ModelFileError, match=r"Load it with chainrule\.load_estimator"):
        load_model(tmp_path / "e.chainrule")
    with pytest.raises(ModelFileError, match=r"Load it with chainrule\.load_model"):
        load_estimator(tmp_path / "m")


# Hostile files.


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, bytes]:
    again(fitted("MLPClassifier"), tmp_path)
    with zipfile.ZipFile(tmp_path / "e.chainrule") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            stored = name.endswith(".safetensors")
            archive.writestr(name, content, zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)
    return path


def set_at(*keys: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(head: dict[str, Any]) -> None:
        node: Any = head
        for key in keys[:-1]:
            node = node[key]
        node[keys[-1]] = to

    return change


def deep(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"tuple": [value]}
    return value


P, F = ("estimator", "parameters"), ("estimator", "fitted")
HOSTILE: dict[str, Callable[[dict[str, Any]], None]] = {
    "another format": set_at("format", to="pickle"),
    "a later version": set_at("schema_version", to=2),
    "a class of Python's": set_at("estimator", "class", to="object"),
    "a class by its path": set_at("estimator", "class", to="subprocess.Popen"),
    "an unknown parameter": set_at(*P, "hook", to="import os"),
    "a parameter out of its range": set_at(*P, "alpha", to=-1),
    "a parameter of another type": set_at(*P, "max_iter", to="many"),
    "a method for an attribute": set_at(*F, "predict", to=1),
    "a dunder for an attribute": set_at(*F, "__class__", to="x"),
    "an attribute of another type": set_at(*F, "n_iter_", to="4"),
    "an attribute that is true for a number": set_at(*F, "n_iter_", to=True),
    "an unknown kind of value": set_at(*P, "solver", to={"call": "os.system"}),
    "a rule that nobody knows": set_at(*P, "solver", to={"rule": {"kind": "Popen"}}),
    "a rule with a setting too many": set_at(*P, "solver", to={"rule": {"kind": "Adam", "code": 1}}),
    "a rule out of its range": set_at(*P, "solver", to={"rule": {"kind": "Adam", "beta1": 2}}),
    "a layer for a network": set_at(*F, "network_", to={"layer": {"kind": "Tanh"}}),
    "a giant network": set_at(*F, "network_", "network", "layer", "layers", 0, "units", to=2**27),
    "an array twice": set_at(*F, "coefs_", 1, "array", "name", to="coefs_.0"),
    "an array that is not there": set_at(*F, "coefs_", 0, "array", "name", to="nowhere"),
    "an array without a name": set_at(*F, "coefs_", 0, "array", to={}),
    "texts of giant width": set_at(
        *F, "feature_names_in_", to={"array": {"dtype": "<U90000000", "shape": [4], "items": ["a"] * 4}}
    ),
    "texts of a shape that they do not fill": set_at(
        *F, "feature_names_in_", to={"array": {"dtype": "|O", "shape": [2**40], "items": ["a"]}}
    ),
    "texts of a dtype that is none": set_at(
        *F, "feature_names_in_", to={"array": {"dtype": "V8", "shape": [1], "items": ["a"]}}
    ),
    "too few names of columns": set_at(
        *F, "feature_names_in_", to={"array": {"dtype": "|O", "shape": [1], "items": ["a"]}}
    ),
    "no classes": set_at(*F, "classes_", "array", "name", to="_label_binarizer.classes_"),
    "another number of columns": set_at(*F, "n_features_in_", to=5),
    "values nested without end": set_at(*P, "callbacks", to=deep(100)),
    "no fit": set_at(*F, to={}),
    "half a fit": lambda head: head["estimator"]["fitted"].pop("history_"),
    "no estimator": set_at("estimator", to=None),
    "arrays that are not declared": set_at("arrays", to={}),
    "arrays of other shapes": set_at("arrays", "coefs_.0", to=[8, 4]),
    "a curve of texts": set_at(*F, "loss_curve_", 0, to="1.0"),
    "a history of texts": set_at(*F, "history_", "history", "cost", to=["a"]),
    "a history that begins with an end": lambda head: set_at(
        *F, "history_", "history", "started", to=head["estimator"]["fitted"]["history_"]["history"]["ended"]
    )(head),
    "an event of other types": set_at(*F, "history_", "history", "ended", "ended", "reason", to=3),
    "an optimizer's array that is none": set_at(*F, "_optimizer", "optimizer", "state", to={"dict": [["m", 1]]}),
    "an optimizer without steps": set_at(*F, "_optimizer", "optimizer", "steps", to="3"),
    "a random state of another length": set_at(
        *P, "random_state", to={"random_state": {"key": "coefs_.0", "pos": 1, "has_gauss": 0, "gauss": 0.0}}
    ),
    "an engine that is none": set_at(*F, "engine_", to="gpu"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_refused(what: str, parts: dict[str, bytes], tmp_path: Path) -> None:
    head = json.loads(parts["estimator.json"])
    HOSTILE[what](head)
    path = pack(tmp_path / "h", parts | {"estimator.json": json.dumps(head).encode()})
    with pytest.raises(ModelFileError) as caught:
        load_estimator(path)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("name", ["estimator.json", "weights.safetensors", "README.md"])
def test_a_part_that_is_not_there_is_refused(name: str, parts: dict[str, bytes], tmp_path: Path) -> None:
    del parts[name]
    with pytest.raises(ModelFileError, match=name):
        load_estimator(pack(tmp_path / "h", parts))


@pytest.mark.parametrize("share", np.linspace(0, 0.999, 20))
def test_a_truncated_file_is_refused(share: float, parts: dict[str, bytes], tmp_path: Path) -> None:
    content = (tmp_path / "e.chainrule").read_bytes()
    (tmp_path / "cut").write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelFileError):
        load_estimator(tmp_path / "cut")


@pytest.mark.parametrize("name", ["MLPClassifier", "NetworkRegressor", "LayerFeatures", "LinearRegression"])
@pytest.mark.parametrize("seed", range(5))
def test_changed_values_are_refused_or_usable(name: str, seed: int, tmp_path: Path) -> None:
    again(fitted(name), tmp_path)
    with zipfile.ZipFile(tmp_path / "e.chainrule") as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    rng = np.random.default_rng(seed)
    odd = [None, True, -1, 0, 2**31, 1e999, float("nan"), "", "x", [], {}, [[]], {"kind": "Dense"}, {"tuple": []}]
    for _ in range(40):
        head = json.loads(parts["estimator.json"])
        node: Any = head
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = keys[rng.integers(len(keys))]
            if not isinstance(node[key], (dict, list)) or not node[key] or rng.random() < 0.1:
                break
            node = node[key]
        node[key] = odd[rng.integers(len(odd))]
        try:
            loaded = load_estimator(pack(tmp_path / "h", parts | {"estimator.json": json.dumps(head).encode()}))
        except ModelFileError:
            continue
        assert len(ask(loaded)) == len(FRAME)


def test_only_estimators_of_the_package_have_the_method() -> None:
    assert not hasattr(make_pipeline(StandardScaler()), "save")
    assert issubclass(LayerFeatures, BaseEstimator)
    assert is_classifier(MLPClassifier())
