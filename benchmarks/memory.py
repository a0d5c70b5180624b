"""What training holds in memory on NumPy, in copies of the parameters, beside the data. Run it with `make bench`."""

from __future__ import annotations

import tracemalloc

import numpy as np

from chainrule import optim, train
from chainrule.engine import engine_by_name
from chainrule.nn import SoftmaxCrossEntropy
from chainrule.recipes.mlp import mlp
from chainrule.types import Batch

SIZES, BATCH, SAMPLES = (784, 1024, 1024, 10), 128, 6400


def main() -> None:
    """Train two epochs with Adam and print the peak."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(SAMPLES, SIZES[0])).astype(np.float32)
    t = np.eye(SIZES[-1], dtype=np.float32)[rng.integers(0, SIZES[-1], SAMPLES)]
    network = mlp(x.shape[1:], SIZES[1:-1], SIZES[-1], SoftmaxCrossEntropy())
    settings = train.Settings(epochs=3, batch_size=BATCH)
    tracemalloc.start()
    run = train.run(
        train.Supervised(network), Batch(x, t), settings, optimizer=optim.Adam(), engine=engine_by_name("numpy")
    )
    for event in run:
        if isinstance(event, train.EpochStarted) and event.epoch == 1:
            tracemalloc.reset_peak()
            held = tracemalloc.get_traced_memory()[0]
    peak = tracemalloc.get_traced_memory()[1]
    parameters = network.n_parameters * 4
    # Inputs, each hidden value before and after its bend, logits, and as many derivatives.
    caches = BATCH * 4 * (SIZES[0] + 4 * sum(SIZES[1:-1]) + 4 * SIZES[-1])
    print(f"data {(x.nbytes + t.nbytes) / 1e6:.1f} MB, one copy of the parameters {parameters / 1e6:.1f} MB")
    print(f"held between steps: {held / parameters:.2f} copies (weights and Adam's two moments)")
    print(f"peak within a step: {peak / parameters:.2f} copies, of which a batch's caches are about")
    print(f"  {caches / parameters:.2f} and the gradient 1; everything above the data, which is not copied")


if __name__ == "__main__":
    main()
