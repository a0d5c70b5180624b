"""A grid of settings on folds, side by side in one run: one program against GridSearchCV in two processes.

Run it with `python benchmarks/population.py` on a machine with nothing else to do: 5 folds × 20 settings (5 rates, 4
penalties) of 64-32-10 on the handwritten digits, 50 epochs of Adam. The contenders take turns; the first turn of
Chainrule includes importing JAX and compiling, and is given by itself.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
import warnings

# GridSearchCV's processes, too, are to be silent about networks that have not converged after 50 epochs.
os.environ.setdefault("PYTHONWARNINGS", "ignore")

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier

from chainrule.nn import SoftmaxCrossEntropy
from chainrule.recipes.mlp import mlp
from chainrule.select import draw_folds, population

EPOCHS = 50
RATES = np.logspace(-3.5, -1.5, 5)
PENALTIES = np.logspace(-6, -1, 4)


def chainrule(x: np.ndarray, y: np.ndarray, folds: object, batch: int) -> tuple[float, float]:
    """Return seconds and the best mean accuracy of one vmapped program."""
    network = mlp((64,), (32,), 10, SoftmaxCrossEntropy())
    settings = {"learning_rate": RATES, "l2": PENALTIES}
    found = population(network, x, y, settings, folds=folds, epochs=EPOCHS, batch_size=batch)  # type: ignore[arg-type]
    return found.seconds, float(found.scores.mean(axis=1).max())


def scikit_learn(x: np.ndarray, y: np.ndarray, folds: object, batch: int) -> tuple[float, float]:
    """Return seconds and the best mean accuracy of GridSearchCV with two processes."""
    model = MLPClassifier((32,), max_iter=EPOCHS, tol=0.0, n_iter_no_change=EPOCHS, batch_size=batch, random_state=0)
    # Its penalty is divided by the number of rows.
    grid = {"learning_rate_init": RATES, "alpha": PENALTIES * len(x) * 0.8}
    search = GridSearchCV(model, grid, cv=folds.pairs, n_jobs=2, refit=False)  # type: ignore[attr-defined]
    began = time.perf_counter()
    search.fit(x, y)
    return time.perf_counter() - began, float(search.best_score_)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, action="append", help="rows a step; 32 and 200 if left out")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    x, y = load_digits(return_X_y=True)
    x = x / 16
    folds = draw_folds(y, folds=5)
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    for batch in arguments.batch or (32, 200):
        first = chainrule(x, y, folds, batch)
        turns = [(chainrule(x, y, folds, batch), scikit_learn(x, y, folds, batch)) for _ in range(arguments.rounds)]
        ours = statistics.median(mine[0] for mine, _ in turns)
        theirs = statistics.median(yours[0] for _, yours in turns)
        print(
            f"batch {batch}: one program {first[0]:.2f} s at first, {ours:.2f} s again; GridSearchCV with 2 processes "
            f"{theirs:.2f} s: {theirs / first[0]:.1f} and {theirs / ours:.1f} times faster; best accuracy "
            f"{turns[0][0][1]:.4f} and {turns[0][1][1]:.4f}; load {os.getloadavg()[0]:.1f}"
        )


if __name__ == "__main__":
    main()
