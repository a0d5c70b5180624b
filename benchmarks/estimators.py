"""How long a whole `fit` takes, side by side in one run: our MLPClassifier and scikit-learn's, with the same parameters.

The sizes are those of benchmarks/steps.py. All contenders take turns for several rounds; the table gives medians of
seconds, from the call of fit to its return. On JAX a process compiles once for each shape: that first fit is not in
the median, and stands in a row of its own.

    python benchmarks/estimators.py [--rounds 5] [--dtype float32]
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier as Peer
from steps import WORKLOADS, Workload

from chainrule import MLPClassifier

# Epochs of a fit: scikit-learn takes about a second or more at each size.
EPOCHS = {
    "2-4-2-2, batch 10": 200,
    "64-32-10, batch 32": 200,
    "784-300-10, batch 128": 10,
    "784-1024-1024-10, batch 128": 4,
}
CONTENDERS: dict[str, Callable[..., Any]] = {
    "scikit-learn": Peer,
    "Chainrule, NumPy": lambda **settings: MLPClassifier(engine="numpy", **settings),
    "Chainrule, JAX": lambda **settings: MLPClassifier(engine="jax", **settings),
    "Chainrule, as it chooses": MLPClassifier,
}


def fit(make: Callable[..., Any], work: Workload, dtype: str) -> tuple[float, Any]:
    """Return the seconds of a fit, and the model."""
    x, labels = work.data()
    model = make(
        hidden_layer_sizes=work.sizes[1:-1],
        activation=work.activation,
        batch_size=work.batch,
        max_iter=EPOCHS[work.name],
        n_iter_no_change=np.inf,
        random_state=0,
    )
    x = x.astype(dtype)
    start = time.perf_counter()
    model.fit(x, labels)
    return time.perf_counter() - start, model


def main() -> None:
    """Measure, and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    ratio = "as it chooses / scikit-learn"
    rows: dict[str, list[str]] = {name: [] for name in [*CONTENDERS, "first fit on JAX", "chosen", ratio]}
    for work in WORKLOADS:
        first = fit(CONTENDERS["Chainrule, JAX"], work, options.dtype)[0]
        seconds: dict[str, list[float]] = {name: [] for name in CONTENDERS}
        chosen = ""
        for _ in range(options.rounds):
            for name in random.sample(list(CONTENDERS), len(CONTENDERS)):
                spent, model = fit(CONTENDERS[name], work, options.dtype)
                seconds[name].append(spent)
                if name == "Chainrule, as it chooses":
                    chosen = model.engine_
        medians = {name: statistics.median(values) for name, values in seconds.items()}
        for name, value in medians.items():
            rows[name].append(f"{value:.3f}")
        rows["first fit on JAX"].append(f"{first:.3f}")
        rows["chosen"].append(chosen)
        rows[ratio].append(f"{medians['Chainrule, as it chooses'] / medians['scikit-learn']:.2f}")
    print(f"{os.cpu_count()} cores, {options.dtype}, {options.rounds} rounds\n")
    print("| seconds of a fit | " + " | ".join(f"{work.name}, {EPOCHS[work.name]} epochs" for work in WORKLOADS) + " |")
    print("|---" * (len(WORKLOADS) + 1) + "|")
    for name, cells in rows.items():
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
