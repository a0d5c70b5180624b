"""The autoencoder as a transformer: principal components, halves, files, noise, and data that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

from chainrule import Autoencoder, load_estimator, optim
from chainrule.engine import engine_by_name
from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.nn import Conv2D, ConvTranspose2D, Dense, Flatten, MaxPool2D, Relu, Reshape, Sigmoid

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def rows(n: int = 60, d: int = 6) -> np.ndarray:
    """Return correlated rows between 0 and 1."""
    rng = np.random.default_rng(0)
    return np.asarray(
        1 / (1 + np.exp(-rng.normal(size=(n, 3)) @ rng.normal(size=(3, d)) - 0.1 * rng.normal(size=(n, d))))
    )


X = rows()
QUICK: dict[str, Any] = {"max_iter": 4, "random_state": 0, "engine": "numpy"}


@pytest.mark.parametrize("tied", [False, True])
def test_one_linear_layer_each_way_finds_the_plane_of_the_principal_components(tied: bool) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 6)) * [2, 1.7, 1.4, 0.3, 0.2, 0.1] @ np.linalg.qr(rng.normal(size=(6, 6)))[0] + 0.5
    search = optim.LBFGS(tolerance=1e-9, max_evaluations=5000, cost_tolerance=1e-14)
    model = Autoencoder((3,), tied=tied, solver=search, max_iter=2000, random_state=0, engine="numpy").fit(x)
    pca = PCA(3).fit(x)
    assert subspace_angles(model.params_["output"]["W"].T, pca.components_.T).max() < 1e-4
    missed = ((pca.inverse_transform(pca.transform(x)) - x) ** 2).mean()
    assert ((model.reconstruct(x) - x) ** 2).mean() == pytest.approx(missed, rel=1e-6)


def test_the_halves_are_networks_whose_chain_is_the_whole() -> None:
    model = Autoencoder((5, 2), loss="cross_entropy", **QUICK).fit(X)
    assert model.encoder_.layer.names == ("encode1", "encode1_relu", "code")
    assert model.decoder_.input_shape == (2,)
    xp = engine_by_name("numpy", "float64").xp
    z = model.encoder_.predict(xp, model.params_, X)
    np.testing.assert_array_equal(z, model.transform(X))
    y = model.decoder_.predict(xp, model.params_, z)
    np.testing.assert_array_equal(y, model.inverse_transform(z))
    np.testing.assert_array_equal(y, model.reconstruct(X))
    assert (y > 0).all()
    assert (y < 1).all()


def test_score_samples_is_minus_the_cost_of_each_row_and_its_mean_the_score() -> None:
    model = Autoencoder((2,), **QUICK).fit(X)
    costs = 0.5 * ((model.reconstruct(X) - X) ** 2).sum(axis=1)
    np.testing.assert_allclose(model.score_samples(X), -costs, rtol=1e-12)
    assert model.score(X) == pytest.approx(-costs.mean(), rel=1e-12)


def test_a_row_unlike_the_others_scores_lowest() -> None:
    model = Autoencoder((3,), solver="lbfgs", random_state=0).fit(X)
    odd = X.copy()
    odd[17] = odd[17][::-1]
    assert model.score_samples(odd).argmin() == 17


@pytest.mark.parametrize(
    "settings",
    [{"tied": True}, {"noise": "mask"}, {"noise": "gaussian"}, {"noise": "salt_and_pepper"}, {"sparsity": "l1"}],
    ids=str,
)
def test_what_is_saved_is_loaded_to_the_bit_and_learns_on_alike(settings: dict[str, Any], tmp_path: Path) -> None:
    model = Autoencoder((4, 2), warm_start=True, **settings, **QUICK).fit(X)
    model.save(tmp_path / "model.chainrule")
    loaded = load_estimator(tmp_path / "model.chainrule")
    np.testing.assert_array_equal(loaded.transform(X), model.transform(X))
    np.testing.assert_array_equal(loaded.score_samples(X), model.score_samples(X))
    np.testing.assert_array_equal(loaded.fit(X).transform(X), model.fit(X).transform(X))


def test_tied_weights_stay_turned_round() -> None:
    params = Autoencoder((4, 2), tied=True, **QUICK).fit(X).params_
    np.testing.assert_array_equal(params["output"]["W"], params["encode1"]["W"].T)
    np.testing.assert_array_equal(params["decode1"]["W"], params["code"]["W"].T)


def test_noise_teaches_to_find_what_is_missing() -> None:
    rng = np.random.default_rng(1)
    x = rows(400)
    holes = np.where(rng.random(x.shape) < 0.2, 0.0, x)
    common: dict[str, Any] = {
        "max_iter": 60,
        "learning_rate_init": 0.02,
        "tol": 0,
        "random_state": 0,
        "engine": "numpy",
    }
    plain, denoising = (
        Autoencoder((16,), code_activation="tanh", noise=noise, noise_level=0.2, **common).fit(x)
        for noise in (None, "mask")
    )
    missed = [((model.reconstruct(holes) - x) ** 2).mean() for model in (plain, denoising)]
    assert missed[1] < 0.7 * missed[0]


def test_kl_keeps_the_code_near_its_target() -> None:
    common: dict[str, Any] = {
        "max_iter": 150,
        "learning_rate_init": 0.02,
        "tol": 0,
        "random_state": 0,
        "engine": "numpy",
    }
    dense, sparse = (
        Autoencoder(
            (8,), code_activation="sigmoid", sparsity=kind, sparsity_strength=1.0, sparsity_target=0.1, **common
        )
        .fit(X)
        .transform(X)
        .mean(axis=0)
        for kind in (None, "kl")
    )
    assert np.abs(sparse - 0.1).max() < 0.03
    assert np.abs(dense - 0.1).max() > 0.2


def test_early_stopping_keeps_the_epoch_of_least_cost() -> None:
    settings = {**QUICK, "max_iter": 30, "learning_rate_init": 0.05, "n_iter_no_change": 3}
    model = Autoencoder((4,), early_stopping=True, **settings).fit(X[:40], X_val=X[40:])
    assert model.best_validation_score_ == min(model.validation_scores_)
    assert -model.score(X[40:]) == pytest.approx(model.best_validation_score_, rel=1e-12)


def test_layers_may_be_convolutions_there_and_back() -> None:
    pictures = np.random.default_rng(0).random((12, 8, 8, 1))
    encoder = [Conv2D(4, padding="same"), Relu(), MaxPool2D(2), Flatten(), ("z", Dense(3))]
    decoder = [Dense(64), Relu(), Reshape((4, 4, 4)), ConvTranspose2D(1, stride=2, padding="same")]
    model = Autoencoder(layers=(encoder, decoder), input_shape=(8, 8, 1), **QUICK).fit(pictures)
    assert model.transform(pictures).shape == (12, 3)
    assert model.inverse_transform(model.transform(pictures)).shape == (12, 64)
    assert model.encoder_.layer.names[-1] == "z"


@pytest.mark.parametrize(
    ("error", "settings", "x", "told"),
    [
        (DataError, {"loss": "cross_entropy"}, X * 300, "X between 0 and 1"),
        (ConfigError, {"sparsity": "kl"}, X, "code_activation='sigmoid'"),
        (ConfigError, {"tied": True, "layers": ([Dense(2)], [Dense(6)])}, X, "hidden_layer_sizes for tied=True"),
        (ConfigError, {"layers": [Dense(2), Dense(6)]}, X, "two lists"),
        (ShapeError, {"layers": ([Dense(2)], [Dense(5)])}, X, "as many numbers as the input"),
        (ConfigError, {"hidden_layer_sizes": ()}, X, "the code's last"),
        (ConfigError, {"noise": "mask", "noise_level": 3}, X, "at most 1"),
        (DataError, {"input_shape": (2, 2)}, X, "rows of 4 numbers"),
        (ConfigError, {"layers": ([Dense(2)], [Dense(6)]), "sparsity": "kl"}, X, "end the encoder in Sigmoid"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_is_refused_in_one_sentence(error: Any, settings: Any, x: np.ndarray, told: str) -> None:
    with pytest.raises(error, match=told):
        Autoencoder(**{**QUICK, **settings}).fit(x)


def test_codes_of_another_width_are_refused() -> None:
    model = Autoencoder((2,), **QUICK).fit(X)
    with pytest.raises(DataError, match="codes of 2 numbers"):
        model.inverse_transform(X)


def test_a_code_behind_a_sigmoid_of_ones_own_layers_may_be_sparse() -> None:
    model = Autoencoder(layers=([Dense(4), Sigmoid()], [Dense(6)]), sparsity="kl", **QUICK).fit(X)
    assert model.n_code_ == 4
