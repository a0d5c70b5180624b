"""Published data sets by name: from a local copy under CHAINRULE_DATA, from the cache, or fetched."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from chainrule.errors import DataError
from chainrule.sources import arrays, cifar, idx, kaggle, pixels
from chainrule.sources.datasets import Entry
from chainrule.sources.fetch import Remote, fetch, is_fetched
from chainrule.sources.source import Reading, Source, read_table

_VARIABLE = "CHAINRULE_DATA"
_CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_ADULT = (
    *("age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship"),
    *("race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income"),
)


@dataclass(frozen=True)
class Published:
    """A data set that others have published.

    Attributes
    ----------
    entry : Entry
        Its line in `chainrule datasets`.
    read : callable
        (path, reading) -> Source.
    local : tuple of str
        Where a copy may lie under CHAINRULE_DATA; the first that exists is taken.
    files : tuple of Remote
        Where it is fetched from; none where nobody publishes it alone.
    how : str
        How to get it where it cannot be fetched.
    """

    entry: Entry
    read: Callable[[Path, Reading], Source]
    local: tuple[str, ...]
    files: tuple[Remote, ...] = ()
    how: str = ""


def _idx_files(bases: tuple[str, ...], checksums: tuple[str, str, str, str]) -> tuple[Remote, ...]:
    names = (
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    )
    return tuple(
        Remote(name, tuple(base + name for base in bases), checksum)
        for name, checksum in zip(names, checksums, strict=True)
    )


def _digits(path: Path, reading: Reading) -> Source:
    source = idx.read_idx_folder(path)
    return replace(source, frame=source.frame.rename(columns={"label": "digit"}), target="digit")


def _clothes(path: Path, reading: Reading) -> Source:
    source = idx.read_idx_folder(path)
    names = np.array(_CLOTHES, dtype=object)[source.frame["label"].to_numpy()]
    return replace(source, frame=source.frame.assign(label=names))


def _cifar(path: Path, reading: Reading) -> Source:
    archive = path / "cifar-10-binary.tar.gz"
    return cifar.read_cifar(archive if archive.is_file() else path)


def _house_numbers(path: Path, reading: Reading) -> Source:
    return arrays.read_mat(path)


def _faces(path: Path, reading: Reading) -> Source:
    from chainrule.sources.media import read_media

    fetched = path / _FER[0].name
    if path.is_dir() and not fetched.exists():
        return read_media(path, reading)
    return pixels.read_pixel_cells(fetched if path.is_dir() else path, strict=reading.strict)


def _spoken_digits(path: Path, reading: Reading) -> Source:
    """The official split: recordings 0 to 4 of each digit and speaker test."""
    from chainrule.sources.media import read_media

    labels = reading.label_from or r"^(\d)_[a-z]+_\d+\.wav$"
    return read_media(path, replace(reading, label_from=labels, test_from=reading.test_from or r"_[0-4]\.wav$"))


def _table(target: str, names: tuple[str, ...] = ()) -> Callable[[Path, Reading], Source]:
    def read(path: Path, reading: Reading) -> Source:
        header = "none" if names else reading.header
        source = read_table(path, Reading(header, names or None))
        return replace(source, target=target, task="classification", notes=[] if names else source.notes)

    return read


def _adult(path: Path, reading: Reading) -> Source:
    """Join both files as they were published; the labels of the test file end in a dot."""
    import pandas as pd

    read = _table("income", _ADULT)
    train, test = read(path, reading), read(path.with_name(path.name.replace("train", "test")), reading)
    labels = test.frame["income"].str.removesuffix(".")
    frame = pd.concat([train.frame, test.frame.assign(income=labels)], ignore_index=True)
    ends = np.arange(len(frame))
    return replace(train, frame=frame, parts={"train": ends[: len(train)], "test": ends[len(train) :]})


_MNIST = _idx_files(
    ("https://storage.googleapis.com/cvdf-datasets/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/"),
    (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
)
_FASHION = _idx_files(
    (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
    ),
    (
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
)
_CIFAR10 = (
    Remote(
        "cifar-10-binary.tar.gz",
        ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    ),
)
_SVHN = tuple(
    Remote(f"{part}_32x32.mat", (f"https://ufldl.stanford.edu/housenumbers/{part}_32x32.mat",), checksum)
    for part, checksum in (
        ("train", "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8"),
        ("test", "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b"),
    )
)
_FER = (
    Remote(
        "icml_face_data.csv",
        (kaggle.address("icml_face_data.csv"), kaggle.address("icml_face_data.csv.zip")),
        "md5:b114b9e04e6949e5fe8b6a98b3892b1d",
        kaggle.login,
    ),
)
_SMALL = "Put it"

CATALOGUE: dict[str, Published] = {
    published.entry.name: published
    for published in (
        Published(
            Entry("mnist", "classification", 70_000, "28×28 pixels", "handwritten digits (LeCun et al., 1998)"),
            _digits,
            ("mnist",),
            _MNIST,
        ),
        Published(
            Entry("fashion_mnist", "classification", 70_000, "28×28 pixels", "clothes (Zalando Research, 2017)"),
            _clothes,
            ("fashion-mnist", "fashion_mnist"),
            _FASHION,
        ),
        Published(
            Entry("cifar10", "classification", 60_000, "32×32×3 pixels", "animals and vehicles (Krizhevsky, 2009)"),
            _cifar,
            ("cifar10", "cifar-10-batches-bin"),
            _CIFAR10,
        ),
        Published(
            Entry("svhn", "classification", 99_289, "32×32×3 pixels", "house numbers (Netzer et al., 2011)"),
            _house_numbers,
            ("svhn",),
            _SVHN,
        ),
        Published(
            Entry("fer2013", "classification", 35_887, "48×48 pixels", "facial expressions (Goodfellow et al., 2013)"),
            _faces,
            (
                *("fer2013/fer2013.csv", "fer2013/fer2013.csv.gz", "fer2013.csv", "fer2013/train"),
                *("fer2013/icml_face_data.csv", "fer2013/fer2013_subset.csv.gz"),
            ),
            _FER,
        ),
        Published(
            Entry("fsdd", "classification", 3000, "wav, 8 kHz", "spoken digits (Jackson et al., 2018)"),
            _spoken_digits,
            ("fsdd/recordings", "fsdd/fsdd_subset_recordings.zip", "free-spoken-digit-dataset/recordings"),
            how="Fetch the folder recordings of github.com/Jakobovski/free-spoken-digit-dataset and put it",
        ),
        Published(
            Entry("adult", "classification", 48_842, "14 columns", "income above 50,000 dollars (UCI, 1996)"),
            _adult,
            ("tabular/adult-train.csv.gz", "adult-train.csv.gz", "adult-train.csv"),
            how=_SMALL,
        ),
        Published(
            Entry("titanic", "classification", 891, "11 columns", "who survived"),
            _table("Survived"),
            ("tabular/titanic.csv", "titanic.csv"),
            how=_SMALL,
        ),
        Published(
            Entry("sms", "classification", 5574, "a text", "spam or not (Almeida & Hidalgo, 2011)"),
            _table("label", ("label", "message")),
            ("text/sms.tsv", "sms.tsv"),
            how=_SMALL,
        ),
    )
}


def local_copy(name: str) -> Path | None:
    """Return where a copy lies under CHAINRULE_DATA, if one does."""
    folder = os.environ.get(_VARIABLE)
    if not folder:
        return None
    paths = (Path(folder) / place for place in CATALOGUE[name].local)
    return next((path.parent if path.name == "train" else path for path in paths if path.exists()), None)


def whereabouts(name: str) -> str:
    """Return where a data set would come from."""
    if local_copy(name) is not None:
        return "local copy"
    files = CATALOGUE[name].files
    if not files:
        return f"only under {_VARIABLE}"
    if is_fetched(name, files):
        return "in the cache"
    return "to be fetched, with a key" if any(file.login for file in files) else "to be fetched"


def load_published(name: str, reading: Reading) -> Source:
    """Return a data set of the catalogue.

    Raises
    ------
    DataError
        If there is no copy of it and it cannot, or must not, be fetched.
    """
    published = CATALOGUE[name]
    path = local_copy(name)
    if path is None and not published.files:
        raise DataError(
            f"a copy of {name} under {_VARIABLE}",
            f"{_VARIABLE}={os.environ.get(_VARIABLE, '')!r} without {published.local[0]}",
            f"{published.how} at {published.local[0]} in the folder that {_VARIABLE} names.",
        )
    if path is None:
        path = fetch(name, published.files, offline=reading.offline)
    return replace(published.read(path, reading), name=name)
