"""The figures that Chainrule must reach on real data: what is trained, the bar, what came out, and how long it took.

    python benchmarks/figures.py                 list them
    python benchmarks/figures.py mnist adult     measure some, and write them into docs/figures.md
    python benchmarks/figures.py all

The data is found through the environment variable CHAINRULE_DATA, or in shared/data beside the repository. A figure
is a function that returns what it measured; `@figure` enters it with its bar. Each draws from a fixed seed.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "figures.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
HEAD = "| figure | what is trained | bar | measured | seconds of training | reached | date |\n|---|---|---|---|---|---|---|\n"


@dataclass(frozen=True)
class Measured:
    """What came out: the number that the bar is about, how it is written, seconds of training, and whether it holds."""

    text: str
    seconds: float
    reached: bool
    trained: str


@dataclass(frozen=True)
class Figure:
    """A name, a bar, and the function that measures it."""

    name: str
    bar: str
    measure: Callable[[], Measured]


FIGURES: dict[str, Figure] = {}


def figure(name: str, bar: str) -> Callable[[Callable[[], Measured]], Callable[[], Measured]]:
    """Enter a function under a name, with its bar in words."""

    def enter(measure: Callable[[], Measured]) -> Callable[[], Measured]:
        FIGURES[name] = Figure(name, bar, measure)
        return measure

    return enter


def data_file(name: str) -> Path:
    """Return a real data file, or say where it was looked for."""
    folder = Path(os.environ.get("CHAINRULE_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / name).exists():
        sys.exit(f"{folder / name} is not there. Set CHAINRULE_DATA to the folder that has {name}.")
    return folder / name


def timed(fit: Callable[[], object]) -> float:
    """Return the wall-clock seconds of a fit."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        # To end with the last epoch is what these schedules are made for.
        warnings.filterwarnings("ignore", category=UserWarning, message=".*converged.*")
        fit()
    return time.perf_counter() - start


def _idx(name: str) -> np.ndarray:
    data = gzip.decompress(data_file(name).read_bytes())
    sizes = np.frombuffer(data, ">i4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(sizes)


def images(folder: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return X, y, X_test, y_test of a set in MNIST's format; flat rows in 0..1, float32."""
    parts = []
    for part in ("train", "t10k"):
        x = _idx(f"{folder}/{part}-images-idx3-ubyte.gz")
        parts += [x.reshape(len(x), -1).astype(np.float32) / 255, _idx(f"{folder}/{part}-labels-idx1-ubyte.gz")]
    return parts[0], parts[1], parts[2], parts[3]


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


# A fixed number of epochs under a schedule that ends at zero: nothing stops early, nothing is chosen on the test rows.
_TO_THE_END = {"tol": 0.0, "n_iter_no_change": np.inf, "random_state": 0}


@figure("mnist", "≥ 98.3 % in less time than scikit-learn's MLPClassifier(100, 100) needs for its 97.8 %")
def mnist() -> Measured:
    """Both contenders in one run, one after the other."""
    from sklearn.neural_network import MLPClassifier as Peer

    from chainrule import MLPClassifier

    X, y, X_test, y_test = images("mnist")
    # The settings of scikit-learn's own benchmark of MNIST.
    peer = Peer(hidden_layer_sizes=(100, 100), max_iter=400, alpha=1e-4, learning_rate_init=1e-3, random_state=1)
    peer_seconds = timed(lambda: peer.fit(X, y))
    ours = MLPClassifier(
        hidden_layer_sizes=(512,),
        learning_rate="one_cycle",
        learning_rate_init=4e-3,
        batch_size=128,
        max_iter=12,
        **_TO_THE_END,
    )
    seconds = timed(lambda: ours.fit(X, y))
    score, peer_score = ours.score(X_test, y_test), peer.score(X_test, y_test)
    return Measured(
        f"{_percent(score)}; scikit-learn {_percent(peer_score)} in {peer_seconds:.0f} s",
        seconds,
        score >= 0.983 and seconds < peer_seconds,
        f"784-512-10, relu, one cycle of Adam to 0.004, 12 epochs, on {ours.engine_}",
    )


@figure("mnist-dropout", "≥ 98.8 %")
def mnist_dropout() -> Measured:
    """Four layers, each normalised over the batch, that are kept from relying on any unit.

    Two layers of 1024 with dropout alone had 98.7 % on 10,000 training images set aside, these had 98.9 %.
    """
    from chainrule import NetworkClassifier, nn

    X, y, X_test, y_test = images("mnist")
    layers: list[nn.Layer] = [nn.Dropout(0.2)]
    for units in (1000, 500, 250, 250):
        layers += [nn.Dense(units, bias=False, init="he"), nn.BatchNorm(), nn.Relu(), nn.Dropout(0.3)]
    model = NetworkClassifier(
        layers=layers,
        learning_rate="one_cycle",
        learning_rate_init=4e-3,
        batch_size=128,
        max_iter=50,
        **_TO_THE_END,
    )
    seconds = timed(lambda: model.fit(X, y))
    score = model.score(X_test, y_test)
    return Measured(
        _percent(score),
        seconds,
        score >= 0.988,
        "784-1000-500-250-250-10, relu, batch norm, dropout 0.2 of the pixels and 0.3 of the units, one cycle of Adam to "
        f"0.004, 50 epochs, on {model.engine_}",
    )


@figure("fashion-mnist", "≥ 89.5 %")
def fashion_mnist() -> Measured:
    """A perceptron of images of clothes."""
    from chainrule import MLPClassifier

    X, y, X_test, y_test = images("fashion-mnist")
    model = MLPClassifier(
        hidden_layer_sizes=(512, 256),
        dropout=0.2,
        learning_rate="one_cycle",
        learning_rate_init=3e-3,
        batch_size=128,
        max_iter=25,
        **_TO_THE_END,
    )
    seconds = timed(lambda: model.fit(X, y))
    score = model.score(X_test, y_test)
    return Measured(
        _percent(score),
        seconds,
        score >= 0.895,
        f"784-512-256-10, relu, dropout 0.2, one cycle of Adam to 0.003, 25 epochs, on {model.engine_}",
    )


@figure("adult", "≥ 85.3 % of the test rows")
def adult() -> Measured:
    """Census rows: numbers, categories with missing cells; the preparation is fitted on the training rows."""
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, QuantileTransformer

    from chainrule import MLPClassifier

    names = (
        "age workclass fnlwgt education education_num marital occupation relationship race sex gain loss hours country"
    )
    parts = []
    for part in ("train", "test"):
        frame = pd.read_csv(
            data_file(f"tabular/adult-{part}.csv.gz"),
            header=None,
            names=[*names.split(), "income"],
            skipinitialspace=True,
            na_values="?",
        )
        income = frame.pop("income").str.rstrip(".")
        parts += [frame, income]
    X, y, X_test, y_test = parts
    numbers = X.select_dtypes("number").columns
    preparation = make_column_transformer(
        (QuantileTransformer(output_distribution="normal", random_state=0), numbers),
        (
            OneHotEncoder(
                handle_unknown="infrequent_if_exist", min_frequency=20, sparse_output=False, dtype=np.float32
            ),
            X.columns.difference(numbers),
        ),
    )
    model = make_pipeline(
        preparation,
        MLPClassifier(
            hidden_layer_sizes=(64, 32),
            dropout=0.2,
            activation="silu",
            learning_rate="one_cycle",
            learning_rate_init=5e-3,
            batch_size=256,
            max_iter=20,
            alpha=0.01,
            **_TO_THE_END,
        ),
    )
    seconds = timed(lambda: model.fit(X, y))
    score = model.score(X_test, y_test)
    return Measured(
        _percent(score),
        seconds,
        score >= 0.853,
        f"64-32, silu, dropout 0.2, one cycle of Adam to 0.005, 20 epochs, on {model[-1].engine_}",
    )


@figure("sms-spam", "macro F1 ≥ 0.96")
def sms_spam() -> Measured:
    """Messages as TF-IDF of words and of letters, sparse all the way into the first layer; a stratified fifth tests."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics import f1_score
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline, make_union

    from chainrule import MLPClassifier

    rows = [line.split("\t", 1) for line in data_file("text/sms.tsv").read_text("utf-8").splitlines() if line]
    y, X = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=object)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
    model = make_pipeline(
        make_union(
            TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, 2), dtype=np.float32),
            TfidfVectorizer(sublinear_tf=True, min_df=3, analyzer="char_wb", ngram_range=(2, 4), dtype=np.float32),
        ),
        MLPClassifier(
            hidden_layer_sizes=(32,),
            dropout=0.3,
            learning_rate="one_cycle",
            learning_rate_init=5e-3,
            batch_size=64,
            max_iter=10,
            alpha=1e-3,
            **_TO_THE_END,
        ),
    )
    seconds = timed(lambda: model.fit(X, y))
    score = f1_score(y_test, model.predict(X_test), average="macro")
    return Measured(
        f"{score:.4f}",
        seconds,
        score >= 0.96,
        f"TF-IDF, 32 relu units, dropout 0.3, 10 epochs, {model[-1].n_features_in_:,} sparse inputs on {model[-1].engine_}",
    )


def by_job(name: str, what: str, least: float, *, views: int = 1, **settings: object) -> Measured:
    """Train as `chainrule train NAME` does with these settings, and measure once on the published test part.

    With more than one view, as `chainrule evaluate --views` does.
    """
    import tempfile

    from chainrule.job.config import config_from
    from chainrule.job.folder import RunFolder
    from chainrule.job.predict import evaluate_table
    from chainrule.job.train import Job

    os.environ["CHAINRULE_DATA"] = str(data_file(name.replace("_", "-")).parent)
    with tempfile.TemporaryDirectory() as folder:
        job = Job(config_from({"data": name} | settings), RunFolder(Path(folder) / "run"))
        for event in job:
            if type(event).__name__ == "EpochEnded":
                print(f"  epoch {event.epoch}: {event.scores['valid']}", file=sys.stderr, flush=True)
        found = job.finish()
    score = found.metrics["test"]["accuracy"]
    if views > 1:
        print(f"  one view: {found.metrics}", file=sys.stderr, flush=True)
        score = evaluate_table(found.model, name, part="test", views=views).metrics["data"]["accuracy"]
    trained = job.prepared.parts["train"].n
    size = f"{job.network.n_parameters:,} parameters, {trained:,} training samples, {found.epochs} epochs"
    return Measured(_percent(score), found.seconds, score >= least, f"{what}; {size}, on {found.engine}")


@figure("spoken-digits", "≥ 95 % of the official test recordings")
def spoken_digits() -> Measured:
    """Spoken digits by name, with every setting left as `chainrule train fsdd` has it."""
    return by_job("fsdd", "`chainrule train fsdd`: log-mel, model cnn", 0.95)


@figure("mnist-cnn", "≥ 99.3 %")
def mnist_cnn() -> Measured:
    """Two blocks, light augmentation, averaged weights."""
    what = "`chainrule train mnist --augment light --ema 0.999 --epochs 12`: 3×3×32, 3×3×64, dense 128"
    return by_job("mnist", what, 0.993, augment="light", ema=0.999, epochs=12)


# What every picture of a garment may be: its mirror image, a little beside.
_CLOTHES = {"augment_settings": {"flip": True, "shift": 0.04}, "ema": 0.999}
_CLOTHES_FLAGS = "--ema 0.999 --set augment_settings.flip=true --set augment_settings.shift=0.04"


@figure("fashion-cnn-small", "≥ 92.5 % with two convolutions under 100k parameters")
def fashion_cnn_small() -> Measured:
    """Two convolutions without normalisation, and no dense layer but the last: half of the weights see."""
    what = (
        "`chainrule train fashion_mnist --model cnn --filters 32,64 --hidden 0 --epochs 20 "
        f"--set kernel=5 --set norm=false {_CLOTHES_FLAGS}`"
    )
    settings = {"model": "cnn", "filters": (32, 64), "hidden": (), "kernel": 5, "norm": False, "epochs": 20}
    return by_job("fashion_mnist", what, 0.925, **settings, **_CLOTHES)


@figure("fashion-cnn-norm", "≥ 93.4 % with batch normalisation")
def fashion_cnn_norm() -> Measured:
    """Two convolutions, each normalised."""
    what = (
        f"`chainrule train fashion_mnist --filters 48,96 --hidden 256 --epochs 25 {_CLOTHES_FLAGS}`, then "
        "`evaluate --part test --views 8`: 3×3×48, 3×3×96, batch norm"
    )
    return by_job("fashion_mnist", what, 0.934, views=8, filters=(48, 96), hidden=(256,), epochs=25, **_CLOTHES)


_FACES = "fer2013"


@figure("faces-logistic", "the baseline that fer2013-cnn must beat by 12 points")
def faces_logistic() -> Measured:
    """No hidden layer: softmax regression on pixels."""
    what = "`chainrule train fer2013 --model mlp --hidden 0 --lr 0.0001 --set standardise=true`: softmax regression"
    return by_job(_FACES, what, 0.0, model="mlp", hidden=(), standardise=True, learning_rate=0.0001)


@figure("faces-cnn", "≥ 50 % on PublicTest, and 12 points above faces-logistic")
def faces_cnn() -> Measured:
    """Three blocks on the subset's faces."""
    what = (
        "`chainrule train fer2013 --augment light --ema 0.99 --epochs 20 --valid 0.1 --dropout 0.25 "
        "--set standardise=true --set augment_settings.flip=true`"
    )
    settings = {"augment": "light", "augment_settings": {"flip": True}, "ema": 0.99, "epochs": 20, "valid": 0.1}
    return by_job(_FACES, what, 0.5, standardise=True, dropout=0.25, **settings)


def write(rows: dict[str, str]) -> None:
    """Put measured rows into the page's table, and leave the others as they are."""
    text = PAGE.read_text("utf-8")
    before, rest = text.split(BEGIN)
    table, after = rest.split(END)
    known = dict(re.findall(r"^\| `([\w-]+)` (\|.*)$", table, re.MULTILINE)) | rows
    order = [name for name in FIGURES if name in known] + [name for name in known if name not in FIGURES]
    lines = "".join(f"| `{name}` {known[name]}\n" for name in order)
    PAGE.write_text(f"{before}{BEGIN}\n{HEAD}{lines}{END}{after}", "utf-8")


def main() -> int:
    """Measure the figures that are named; exit with 1 if one falls short of its bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="all, or some of: " + ", ".join(FIGURES))
    parser.add_argument("--dry", action="store_true", help="write nothing")
    options = parser.parse_args()
    names = list(FIGURES) if options.names == ["all"] else options.names
    if unknown := [name for name in names if name not in FIGURES]:
        parser.error(f"no figure is called {unknown[0]}; there are {', '.join(FIGURES)}")
    if not names:
        for entry in FIGURES.values():
            print(f"{entry.name:16} {entry.bar}")
    short = False
    for name in names:
        entry = FIGURES[name]
        found = entry.measure()
        print(f"{name}: {found.text} (bar: {entry.bar}) in {found.seconds:.1f} s: {found.trained}", flush=True)
        short |= not found.reached
        row = f"| {found.trained} | {entry.bar} | {found.text} | {found.seconds:.1f} | {'yes' if found.reached else 'NO'} |"
        if not options.dry:
            write({name: f"{row} {date.today().isoformat()} |"})
    return int(short)


if __name__ == "__main__":
    sys.exit(main())
