"""Networks without labels on MNIST, side by side in one run: Boltzmann machines against scikit-learn's, autoencoders against PCA.

Run it with `CHAINRULE_DATA=FOLDER python benchmarks/unlabelled.py` (`--rounds 1 --part rbm` for less). The machines take turns:
784-256, one epoch of persistent chains on 60,000 pictures, 100 rows a step, rate 0.1, float32. Seconds are of the CPU, so that
other work on the machine counts little; JAX's first turn compiles and is given by itself. The log pseudo-likelihood is
scikit-learn's estimate (one column of each row drawn) on the first 5,000 pictures, for all alike.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.neural_network
from sklearn.decomposition import PCA

from chainrule import Autoencoder, BernoulliRBM, load_data

COMMON: dict[str, Any] = {"learning_rate": 0.1, "batch_size": 100, "n_iter": 1}


def pseudo_likelihood(model: Any, X: np.ndarray) -> float:
    """Return scikit-learn's estimate for any machine."""
    judge = sklearn.neural_network.BernoulliRBM(n_iter=0, n_components=len(model.components_)).fit(X[:2])
    judge.components_ = model.components_
    judge.intercept_hidden_, judge.intercept_visible_ = model.intercept_hidden_, model.intercept_visible_
    judge.random_state = 0
    return float(judge.score_samples(X[:5000]).mean())


def machines(X: np.ndarray, rounds: int) -> None:
    """Print an epoch's CPU seconds, and what it came to."""
    contenders: dict[str, Any] = {
        "scikit-learn": lambda seed: sklearn.neural_network.BernoulliRBM(256, random_state=seed, **COMMON),
        "NumPy, rows as they come": lambda seed: BernoulliRBM(
            256, random_state=seed, shuffle=False, engine="numpy", **COMMON
        ),
        "NumPy, shuffled": lambda seed: BernoulliRBM(256, random_state=seed, engine="numpy", **COMMON),
        "NumPy, CD-1": lambda seed: BernoulliRBM(256, random_state=seed, engine="numpy", persistent=False, **COMMON),
        "JAX, shuffled": lambda seed: BernoulliRBM(256, random_state=seed, engine="jax", **COMMON),
    }
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    reached: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, make in contenders.items():
            # The turn before the first is JAX's alone: it compiles.
            if turn == 0 and not name.startswith("JAX"):
                continue
            started = time.process_time()
            model = make(turn).fit(X)
            seconds = time.process_time() - started
            if turn == 0:
                print(f"{name}, first turn with compiling: {seconds:.2f} CPU s", flush=True)
                continue
            spent[name].append(seconds)
            reached[name].append(pseudo_likelihood(model, X))
    for name, seconds_of in spent.items():
        ratios = [theirs / ours for theirs, ours in zip(spent["scikit-learn"], seconds_of, strict=True)]
        print(
            f"{name:26} {statistics.median(seconds_of):6.2f} CPU s an epoch, scikit-learn / it {statistics.median(ratios):.2f}, "
            f"log pseudo-likelihood {statistics.median(reached[name]):.1f}",
            flush=True,
        )


def autoencoders(X: np.ndarray, X_test: np.ndarray) -> None:
    """Print the squared error of a pixel on the test part after 8 epochs."""
    for sizes in ((256, 32), (256, 64, 2)):
        pca = PCA(sizes[-1], random_state=0).fit(X)
        plane = float(((pca.inverse_transform(pca.transform(X_test)) - X_test) ** 2).mean())
        started = time.process_time()
        model = Autoencoder(
            sizes, loss="cross_entropy", batch_size=128, learning_rate_init=2e-3, max_iter=8, tol=0, random_state=0
        ).fit(X)
        seconds = time.process_time() - started
        error = float(((model.reconstruct(X_test) - X_test) ** 2).mean())
        print(
            f"784-{'-'.join(map(str, sizes))}: {error:.4f} in 8 epochs, {seconds:.0f} CPU s; PCA {plane:.4f}",
            flush=True,
        )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part", choices=("both", "rbm", "autoencoder"), default="both")
    chosen = parser.parse_args()
    parts = load_data(Path(os.environ["CHAINRULE_DATA"]) / "mnist")
    # Pictures from 0 to 1, as flat rows.
    X, X_test = (np.asarray(x, np.float32).reshape(len(x), -1) for x, _ in parts)
    warnings.simplefilter("ignore")
    if chosen.part != "autoencoder":
        machines(X, chosen.rounds)
    if chosen.part != "rbm":
        autoencoders(X, X_test)


if __name__ == "__main__":
    main()
