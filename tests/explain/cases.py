"""The networks and data that derivations are proven on: the course's own examples, iris and digits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule import mlp, nn
from chainrule.network.network import Network
from chainrule.sources import datasets
from chainrule.tree import leaves
from chainrule.types import Batch, Context, Params
from tests.nn.compositions import Highway, Mean, Scaled

SOFTMAX, BINARY, SQUARED = nn.SoftmaxCrossEntropy(), nn.BinaryCrossEntropy(), nn.SquaredError()


@dataclass(frozen=True, eq=False)
class Case:
    """A network with weights, on a batch."""

    name: str
    network: Network
    params: Params
    batch: Batch
    context: Context = Context()

    def __str__(self) -> str:
        return self.name

    def addresses(self, rng: np.random.Generator, count: int) -> list[str]:
        """Return `count` weights, one of each parameter at least."""
        arrays = dict(leaves(self.params))
        names = [*arrays, *rng.choice(list(arrays), max(0, count - len(arrays)))]
        found = []
        for name in names:
            index = [int(rng.integers(size)) for size in np.shape(arrays[name])]
            found.append(f"{name}[{','.join(map(str, index))}]")
        return found


def of(name: str, network: Network, batch: Batch, seed: int = 0, **kwargs: object) -> Case:
    """Return the case with weights of the network's own, biases moved off zero."""
    rng = np.random.default_rng(seed)
    params = network.init(rng)
    for path, value in leaves(params):
        if path.endswith("b"):
            value[...] = rng.normal(scale=0.3, size=value.shape)
    return Case(name, network, params, batch, **kwargs)  # type: ignore[arg-type]


def table(name: str, count: int, columns: int | None = None) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the first rows of a built-in table, shuffled: x standardised, class numbers, K."""
    source = datasets.load(name, 0)
    if name == "digits":
        x, t = source.samples.values.reshape(-1, 64) / 16.0, source.frame["digit"].to_numpy()
        rows = np.random.default_rng(1).permutation(len(x))[:count]
        return x[rows], t[rows], 10
    target = source.target or ""
    frame = source.frame
    x = frame.drop(columns=target).to_numpy(float)
    classes, t = np.unique(frame[target].astype(str), return_inverse=True)
    rows = np.random.default_rng(1).permutation(len(x))[:count]
    x = (x - x.mean(axis=0)) / np.where(x.std(axis=0) > 0, x.std(axis=0), 1)
    return x[rows, :columns], t[rows], len(classes)


def batch_of(name: str, count: int) -> tuple[Batch, int]:
    """Return rows of a built-in table as a batch, and K."""
    x, t, k = table(name, count)
    return Batch(x, np.eye(k)[t]), k


def dense_cases() -> list[Case]:
    """Return networks of dense layers, shallow and deep, with every activation and loss."""
    xor = Batch(np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.eye(2)[[0, 1, 1, 0]])
    donut, _ = batch_of("donut", 12)
    iris, _ = batch_of("iris", 10)
    digits, _ = batch_of("digits", 6)
    rng = np.random.default_rng(2)
    numbers = Batch(rng.normal(size=(7, 3)), rng.normal(size=(7, 2)))
    counts = Batch(numbers.x, rng.poisson(2.0, size=(7, 2)).astype(float))
    weighted = Batch(iris.x, iris.t, rng.uniform(0.1, 3, size=10))
    course = Batch(np.array([[0.0, 1.0]]), np.array([[1.0]]))
    found = [
        of("the course's example, one row", mlp((2,), [2], 1, BINARY, activation="sigmoid"), course),
        of("xor", mlp((2,), [3], 2, SOFTMAX, activation="sigmoid"), xor),
        of("xor with one output", mlp((2,), [3], 1, BINARY, activation="tanh"), Batch(xor.x, xor.t[:, 1:])),
        of("logistic regression on iris", mlp((4,), [], 3, SOFTMAX), iris),
        of("donut, two hidden layers", mlp((2,), [5, 4], 2, SOFTMAX, activation="relu"), donut),
        of("donut, three hidden layers", mlp((2,), [3, 3, 3], 2, SOFTMAX, activation="tanh"), donut),
        of("iris with sample weights", mlp((4,), [4], 3, SOFTMAX, activation="sigmoid"), weighted),
        of("iris, smoothed targets", mlp((4,), [4], 3, nn.SoftmaxCrossEntropy(0.2), activation="tanh"), iris),
        of("digits", mlp((64,), [12], 10, SOFTMAX, activation="relu"), digits),
        of("seven times eight", mlp((7,), [8] * 6, 10, SOFTMAX, activation="tanh"), Batch(rng.normal(size=(5, 7)), np.eye(10)[[1, 2, 3, 4, 9]])),
        of("numbers", mlp((3,), [4], 2, SQUARED, activation="silu"), numbers),
        of("huber", mlp((3,), [4], 2, nn.Huber(0.5), activation="gelu"), numbers),
        of("counts", mlp((3,), [4], 2, nn.Poisson(), activation="softplus"), counts),
    ]  # fmt: skip
    for name, activation in nn.ACTIVATIONS.items():
        layers = nn.Sequential((nn.Dense(4), activation, nn.Dense(3), activation, nn.Dense(3)))
        found.append(of(f"iris with {name}", Network(layers, (4,), SOFTMAX), iris))
    return found


def layered(
    name: str, shape: tuple[int, ...], *layers: nn.Layer, train: bool = False, n: int = 3, seed: int = 5
) -> Case:
    """Return a network of these layers, with two classes at its end."""
    network = Network(nn.Sequential(layers), shape, SOFTMAX)
    rng = np.random.default_rng(seed)
    batch = Batch(rng.normal(size=(n, *shape)), np.eye(network.output_shape[0])[np.arange(n) % 2])
    return of(name, network, batch, seed, context=Context(train, (seed,) if train else None))


def layer_cases() -> list[Case]:
    """Return networks in which something else than dense layers and activations stands on the way."""
    image, vector = (5, 5, 2), (4,)
    end = (nn.Flatten(), nn.Dense(2))
    return [
        layered("dropout", vector, nn.Dense(5), nn.Tanh(), nn.Dropout(0.4), nn.Dense(2), train=True),
        layered("dropout at predict", vector, nn.Dense(5), nn.Tanh(), nn.Dropout(0.4), nn.Dense(2)),
        layered("two dropouts, one of the inputs", vector, nn.Dropout(0.2), nn.Dense(6), nn.Dropout(0.4), nn.Relu(), nn.Dense(2), train=True),
        layered("dropconnect", vector, nn.DropConnect(5, rate=0.4), nn.Tanh(), nn.DropConnect(2, rate=0.3), train=True),
        layered("two bends in a row", vector, nn.Tanh(), nn.Dense(4), nn.Tanh(), nn.Sigmoid(), nn.Dense(2), nn.Softplus()),
        layered("dense without bias", vector, nn.Dense(3, bias=False), nn.Elu(0.5), nn.Dense(2, bias=False)),
        layered("flattened images", (3, 2, 1), nn.Flatten(), nn.Dense(4), nn.LeakyRelu(0.2), nn.Dense(2)),
        layered("reshaped", (6,), nn.Dense(6), nn.Reshape((3, 2)), nn.Gelu(), *end),
        layered("convolution", image, nn.Conv2D(3, 3), nn.Relu(), *end),
        layered("convolution, padded, with strides, dilation and groups", (7, 6, 4), nn.Conv2D(4, (3, 2), stride=2, padding="same", dilation=(1, 2), groups=2), nn.Tanh(), *end),
        layered("two convolutions and pools", (8, 8, 1), nn.Conv2D(2, 3, padding="same"), nn.Relu(), nn.MaxPool2D(2), nn.Conv2D(3, 3), nn.Tanh(), nn.AvgPool2D(2), *end),
        layered("global pool", image, nn.Conv2D(3, 2), nn.Silu(), nn.GlobalAvgPool(), nn.Dense(2)),
        layered("batch norm while learning", vector, nn.Dense(5), nn.BatchNorm(), nn.Relu(), nn.Dense(2), train=True, n=6),
        layered("batch norm at predict", vector, nn.Dense(5), nn.BatchNorm(), nn.Relu(), nn.Dense(2), n=6),
        layered("batch norm of images", image, nn.Conv2D(3, 3), nn.BatchNorm(), nn.Relu(), *end, train=True),
        layered("layer and group norm", vector, nn.Dense(4), nn.LayerNorm(), nn.Tanh(), nn.Dense(4), nn.GroupNorm(2), nn.Dense(2)),
        layered("a bypass on the way", vector, nn.Dense(4), nn.Residual(nn.Sequential((nn.Dense(4), nn.Tanh()))), nn.Dense(2)),
        layered("a bypass around one layer", vector, nn.Residual(nn.Dense(4)), nn.Tanh(), nn.Dense(2)),
        layered("a bypass with a shortcut layer", vector, nn.Residual(nn.Sequential((nn.Dense(3), nn.Tanh())), shortcut=nn.Dense(3)), nn.Dense(2)),
        layered("bypasses inside bypasses", vector, nn.Residual(nn.Residual(nn.Sequential((nn.Dense(4), nn.Sigmoid())))), nn.Dense(2)),
        layered("a bypass that is the last", vector, nn.Dense(2), nn.Residual(nn.Sequential((nn.Dense(3), nn.Tanh(), nn.Dense(2))))),
        layered("a composition of one's own", vector, nn.Dense(4), Highway(nn.Sequential((nn.Dense(4), nn.Tanh())), nn.Dense(4)), nn.Tanh(), nn.Dense(2)),
        layered("a composition of one's own with noise", vector, Highway(nn.Sequential((nn.Dense(4), nn.Dropout(0.4))), nn.Dense(4)), nn.Dense(2), train=True),
        layered("one that changes what goes in and what comes out", vector, nn.Dense(3), Scaled(nn.Sequential((nn.Dense(4), nn.Tanh()))), nn.Dense(2)),
        layered("one around a single layer", vector, nn.Tanh(), Scaled(nn.Dense(2))),
        layered("a mean of layers", vector, Mean((nn.Dense(3), nn.Sequential((nn.Dense(3), nn.Tanh())))), nn.Dense(2)),
        layered("compositions inside one another", vector, Mean((nn.Residual(nn.Dense(4)), Highway(Scaled(nn.Tanh()), nn.Dense(4)))), nn.Dense(2)),
        layered("bins in front", vector, nn.PiecewiseLinear(((-1.0, 0.1, 1.0), (), (-0.5, 0.5), (0.0, 0.3, 0.9))), nn.Dense(3), nn.Tanh(), nn.Dense(2)),
        layered("factors, clipping and waves", vector, nn.Scale(2.0), nn.SmoothClip(), nn.Periodic(3, 2, sigma=0.5), nn.Dense(2)),
        layered("columns", vector, nn.Columns((nn.Periodic(2, 1), nn.Sequential((nn.Dense(2, bias=False), nn.Tanh()))), ((0, 1), (3, 2))), nn.Dense(2)),
        layered("an ensemble", vector, nn.Ensemble((nn.Dense(2), nn.Sequential((nn.Scale(), nn.Dense(3), nn.Tanh(), nn.Dense(2)))), weights=(2.0, 1.0))),
        layered("dense on each moment of a sequence", (3, 4), nn.Dense(2), nn.Tanh(), nn.Dense(3), *end),
        layered("stacks inside stacks", vector, nn.Sequential((nn.Dense(3), nn.Tanh())), nn.Sequential((nn.Sequential((nn.Dense(3),)), nn.Dense(2)))),
    ]  # fmt: skip
