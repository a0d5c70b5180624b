"""How long a training step of a convolutional network takes, side by side in one run: Chainrule and its peers.

Two convolutions of 5 × 5 with `same` padding, each followed by relu and a max pool of 2, then a dense layer of 256
and one of the classes; Adam, float32, batch 64. All contenders take turns for several rounds in an order that
changes, and the table gives medians. Run it with `make bench`; `--profile` shows where Chainrule's time goes.

On a machine with other work the threads of some contenders wait for each other, and the seconds say little. `--cpu`
gives each contender one thread and counts the seconds that the processor spent on it.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
if "--cpu" in sys.argv:
    # Before the libraries are loaded: they read these once.
    os.environ |= {
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    }
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import numpy as np

from chainrule import optim, train
from chainrule.engine import engine_by_name
from chainrule.network import Network
from chainrule.nn import Conv2D, Dense, Flatten, MaxPool2D, Relu, Sequential, SoftmaxCrossEntropy
from chainrule.types import Batch

clock = time.process_time if "--cpu" in sys.argv else time.perf_counter

RATE = 0.001
BATCH = 64
CLASSES = 10


@dataclass(frozen=True)
class Workload:
    """Square images of one channel, and the filters of the two convolutions."""

    size: int
    filters: tuple[int, int]
    steps: int

    @property
    def name(self) -> str:
        """Sizes in words."""
        return f"{self.size} × {self.size}, 5×5×{self.filters[0]}, 5×5×{self.filters[1]}, dense 256"

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Random images and labels: a step costs the same whatever it learns."""
        rng = np.random.default_rng(0)
        n = self.steps * BATCH
        return rng.normal(size=(n, self.size, self.size, 1)).astype(np.float32), rng.integers(0, CLASSES, n)


WORKLOADS = (Workload(28, (16, 32), 40), Workload(48, (32, 64), 12))

# A contender takes a workload and returns a function that trains for an epoch and returns its seconds.
Timer = Callable[[], float]


def network(work: Workload) -> Network:
    """Return the network in Chainrule."""
    one, two = work.filters
    layers = Sequential(
        (
            Conv2D(one, 5, padding="same"),
            Relu(),
            MaxPool2D(2),
            Conv2D(two, 5, padding="same"),
            Relu(),
            MaxPool2D(2),
            Flatten(),
            Dense(256),
            Relu(),
            Dense(CLASSES),
        )
    )
    return Network(layers, (work.size, work.size, 1), SoftmaxCrossEntropy())


def chainrule_timer(engine: str) -> Callable[[Workload], Timer]:
    """Return Chainrule's own loop on an engine, events and all."""

    def make(work: Workload) -> Timer:
        x, labels = work.data()
        run = train.run(
            train.Supervised(network(work)),
            Batch(x, np.eye(CLASSES, dtype=np.float32)[labels]),
            train.Settings(epochs=10**6, batch_size=BATCH, learning_rate=RATE),
            optimizer=optim.Adam(),
            engine=engine_by_name(engine),
        )

        def time_epoch() -> float:
            start = clock()
            while not isinstance(next(run), train.EpochEnded):
                pass
            return clock() - start

        return time_epoch

    return make


def pytorch(work: Workload) -> Timer:
    """Eager PyTorch, the data in one tensor."""
    import torch
    from torch import nn

    x, labels = work.data()
    data, target = torch.from_numpy(x.transpose(0, 3, 1, 2).copy()), torch.from_numpy(labels)
    one, two = work.filters
    model = nn.Sequential(
        nn.Conv2d(1, one, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(one, two, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear((work.size // 4) ** 2 * two, 256),
        nn.ReLU(),
        nn.Linear(256, CLASSES),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    cost = nn.CrossEntropyLoss()

    def time_epoch() -> float:
        start = clock()
        for rows in torch.randperm(len(data)).split(BATCH):
            optimizer.zero_grad()
            J = cost(model(data[rows]), target[rows])
            J.backward()
            optimizer.step()
            J.item()
        return clock() - start

    return time_epoch


def keras_fit(work: Workload) -> Timer:
    """Keras's `fit` on TensorFlow."""
    import keras

    x, labels = work.data()
    one, two = work.filters
    model = keras.Sequential(
        [
            keras.layers.Input(x.shape[1:]),
            keras.layers.Conv2D(one, 5, padding="same", activation="relu"),
            keras.layers.MaxPool2D(),
            keras.layers.Conv2D(two, 5, padding="same", activation="relu"),
            keras.layers.MaxPool2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dense(CLASSES),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))

    def time_epoch() -> float:
        start = clock()
        model.fit(x, labels, batch_size=BATCH, epochs=1, verbose=0)
        return clock() - start

    return time_epoch


CONTENDERS: dict[str, Callable[[Workload], Timer]] = {
    "Chainrule, NumPy": chainrule_timer("numpy"),
    "Chainrule, JAX": chainrule_timer("jax"),
    "PyTorch eager": pytorch,
    "Keras fit": keras_fit,
}

BARS = (
    ("Chainrule, JAX", "PyTorch eager", 1.0),
    ("Chainrule, JAX", "Keras fit", 1.0),
    ("Chainrule, NumPy", "PyTorch eager", 2.5),
)


def measure(work: Workload, names: list[str], rounds: int) -> dict[str, float]:
    """Return the median milliseconds a step of each contender, taking turns."""
    timers: dict[str, Timer] = {}
    for name in names:
        try:
            timers[name] = CONTENDERS[name](work)
        except ImportError as error:
            print(f"  {name} is left out: {error}")
    for timer in timers.values():
        timer()
        timer()
    seconds: dict[str, list[float]] = {name: [] for name in timers}
    order = list(timers)
    shuffle = random.Random(0).shuffle
    for _ in range(rounds):
        shuffle(order)
        for name in order:
            seconds[name].append(timers[name]())
    return {name: statistics.median(values) / work.steps * 1e3 for name, values in seconds.items()}


def profile(work: Workload) -> None:
    """Print what each layer's passes take on NumPy."""
    xp = engine_by_name("numpy").xp
    net = network(work)
    layer = net.layer
    params = {
        name: {key: value.astype(np.float32) for key, value in leaf.items()}
        for name, leaf in net.init(np.random.default_rng(0)).items()
    }
    from chainrule.types import Context

    x, _ = work.data()
    x = x[:BATCH]
    assert isinstance(layer, Sequential)
    caches = []
    for name, child in zip(layer.names, layer.layers, strict=True):
        y, cache = child.forward(xp, params[name], x, Context(True))
        forward = _best(lambda c=child, n=name, x=x: c.forward(xp, params[n], x, Context(True)))
        caches.append((name, child, cache, y, forward))
        x = y
    dy = np.ones_like(x)
    for name, child, cache, _, forward in reversed(caches):
        backward = _best(lambda c=child, n=name, k=cache, dy=dy: c.backward(xp, params[n], k, dy))
        alone = _best(lambda c=child, n=name, k=cache, dy=dy: c.gradients(xp, params[n], k, dy))
        print(f"  {name:12} forward {forward:7.2f} ms   backward {backward:7.2f} ms   gradients alone {alone:7.2f} ms")
        dy = child.backward(xp, params[name], cache, dy)[0]


def _best(function: Callable[[], object], times: int = 5) -> float:
    seconds = []
    for _ in range(times):
        start = clock()
        function()
        seconds.append(clock() - start)
    return min(seconds) * 1e3


def tables(results: list[dict[str, float]], works: list[Workload]) -> str:
    """Return the medians and the bars as Markdown."""
    names = [name for name in CONTENDERS if any(name in result for result in results)]
    lines = ["| milliseconds a step, batch 64 | " + " | ".join(work.name for work in works) + " |"]
    lines.append("|---" * (len(works) + 1) + "|")
    for name in names:
        cells = [f"{result[name]:.1f}" if name in result else "" for result in results]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", "| ratio | bar | " + " | ".join(work.name for work in works) + " |"]
    lines.append("|---" * (len(works) + 2) + "|")
    for of, over, bar in BARS:
        cells = []
        for result in results:
            ratio = result[of] / result[over] if of in result and over in result else None
            cells.append("" if ratio is None else f"{ratio:.2f}{'' if ratio <= bar else ' (missed)'}")
        lines.append(f"| {of} / {over} | ≤ {bar:.2f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", nargs="*", default=list(CONTENDERS), choices=list(CONTENDERS), metavar="NAME")
    parser.add_argument("--workloads", nargs="*", type=int, default=[0, 1])
    parser.add_argument("--cpu", action="store_true", help="one thread each, processor seconds")
    parser.add_argument("--profile", action="store_true", help="show the layers' times on NumPy instead")
    arguments, _ = parser.parse_known_args()
    works = [WORKLOADS[i] for i in arguments.workloads]
    if arguments.profile:
        for work in works:
            print(work.name)
            profile(work)
        return
    results = []
    for work in works:
        print(f"{work.name}: {arguments.rounds} rounds of {work.steps} steps", flush=True)
        results.append(measure(work, arguments.only, arguments.rounds))
    print("\n" + tables(results, works))


if __name__ == "__main__":
    main()
