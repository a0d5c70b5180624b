"""Published data sets by name: their true formats in small, local copies, and the real ones where they are at hand."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import os
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat, wavfile

from chainrule.errors import DataError
from chainrule.sources import catalogue
from chainrule.sources.catalogue import CATALOGUE, whereabouts
from chainrule.sources.fetch import Remote
from chainrule.sources.read import read_source
from chainrule.sources.samples import Pictures, Recordings
from chainrule.sources.source import Reading
from tests.sources.test_cifar import ten
from tests.sources.test_fetch import Silent
from tests.sources.test_idx import idx
from tests.sources.test_pixels import fer

REAL = Path(os.environ.get("CHAINRULE_DATA", Path(__file__).parents[3] / "shared" / "data"))
X = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that CHAINRULE_DATA names."""
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def mnist(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for part, n in (("train", 4), ("t10k", 2)):
        pictures, labels = X[:n, :28, :28, 0], np.arange(n, dtype=np.uint8)
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(pictures)))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))


def tarball() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        contents = {"data_batch_1.bin": ten([3, 4]), "test_batch.bin": ten([5]), "readme.html": b"x"}
        contents["batches.meta.txt"] = "\n".join(
            ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
        ).encode()
        for name, content in contents.items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_clothes_have_names(local: Path) -> None:
    mnist(local / "fashion-mnist")
    source = read_source("fashion_mnist")
    assert (source.name, source.frame["label"].tolist()[:2]) == ("fashion_mnist", ["T-shirt/top", "Trouser"])
    assert source.parts is not None
    assert len(source.parts["test"]) == 2


def test_handwritten_digits_are_found_locally(local: Path) -> None:
    mnist(local / "mnist")
    assert (read_source("mnist").target, whereabouts("mnist")) == ("digit", "local copy")


def test_house_numbers_are_read_from_their_matlab_files(local: Path) -> None:
    (local / "svhn").mkdir()
    for part, n in (("train", 4), ("test", 2)):
        y = np.array([10, 1, 2, 3][:n], np.uint8)[:, None]
        savemat(local / "svhn" / f"{part}_32x32.mat", {"X": X[:n].transpose(1, 2, 3, 0), "y": y})
    source = read_source("svhn")
    assert sorted(source.frame["digit"]) == [0, 0, 1, 1, 2, 3]


@pytest.mark.parametrize("name", ["fer2013/fer2013.csv", "fer2013/fer2013_subset.csv.gz"])
def test_faces_are_read_from_their_table(local: Path, name: str) -> None:
    (local / "fer2013").mkdir()
    content = fer(["Training"] * 4 + ["PublicTest"])
    (local / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    source = read_source("fer2013")
    assert (source.target, source.frame["emotion"].iloc[0]) == ("emotion", "Angry")


def test_spoken_digits_have_their_official_split(local: Path) -> None:
    (local / "fsdd" / "recordings").mkdir(parents=True)
    for name in ("3_theo_4", "3_theo_5", "7_jackson_14"):
        wavfile.write(local / "fsdd" / "recordings" / f"{name}.wav", 8000, np.ones(300, np.int16))
    source = read_source("fsdd")
    assert isinstance(source.samples, Recordings)
    assert source.parts is not None
    assert (source.frame["class"].tolist(), source.parts["test"].tolist()) == (["3", "3", "7"], [0])


def test_a_set_that_nobody_publishes_alone_is_asked_for_with_the_place_to_put_it(local: Path) -> None:
    with pytest.raises(DataError, match=r"CHAINRULE_DATA.*put it at fsdd/recordings"):
        read_source("fsdd")


def test_faces_need_a_key_and_are_then_fetched_from_the_zip_that_their_publisher_sends(
    local: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: str
) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    content = fer(["Training"] * 4 + ["PublicTest"])
    with zipfile.ZipFile(tmp_path / "published" / "faces.csv", "w") as archive:
        archive.writestr("icml_face_data.csv", content)
    (known,) = CATALOGUE["fer2013"].files
    file = replace(known, urls=(f"{served}/faces.csv",), sha256=f"md5:{hashlib.md5(content).hexdigest()}")
    monkeypatch.setitem(catalogue.CATALOGUE, "fer2013", replace(CATALOGUE["fer2013"], files=(file,)))
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DataError, match=r"no KAGGLE_USERNAME.*Accept the rules at kaggle\.com"):
        read_source("fer2013")
    (tmp_path / "kaggle.json").write_text("{}")
    with pytest.raises(DataError, match="without a username and a key"):
        read_source("fer2013")
    (tmp_path / "kaggle.json").write_text('{"username": "ada", "key": "k"}')
    assert whereabouts("fer2013") == "to be fetched, with a key"
    assert read_source("fer2013").frame["emotion"].iloc[0] == "Angry"
    assert Silent.users == ["ada:k"]
    assert whereabouts("fer2013") == "in the cache"
    assert len(read_source("fer2013", Reading(offline=True))) == 5


def test_an_archive_as_it_was_published_is_fetched_and_read(
    local: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: str
) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    content = tarball()
    (tmp_path / "published").joinpath("c.tar.gz").write_bytes(content)
    file = Remote("cifar-10-binary.tar.gz", (f"{served}/c.tar.gz",), hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(catalogue.CATALOGUE, "cifar10", replace(CATALOGUE["cifar10"], files=(file,)))
    assert whereabouts("cifar10") == "to be fetched"
    source = read_source("cifar10")
    assert whereabouts("cifar10") == "in the cache"
    assert (source.frame["label"].tolist(), source.name) == (["cat", "deer", "dog"], "cifar10")
    assert len(read_source("cifar10", Reading(offline=True))) == 3


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a server of the folder `published`."""
    (tmp_path / "published").mkdir()
    Silent.asked, Silent.users = [], []
    handler = partial(Silent, directory=str(tmp_path / "published"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cifar-10-binary.tar.gz"
    path.write_bytes(tarball()[:-100])
    with pytest.raises(DataError):
        read_source(str(path))


# Rows, and rows of the published test part.
SIZES = {
    "mnist": (70_000, 10_000),
    "fer2013": (9000, 1000),
    "cifar10": (1400, 400),
    "fsdd": (1200, 300),
    "adult": (48_842, 16_281),
    "titanic": (891, None),
    "sms": (5574, None),
}


@pytest.mark.parametrize("name", SIZES)
def test_real_copies_are_read_by_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("CHAINRULE_DATA", str(REAL))
    if catalogue.local_copy(name) is None:
        pytest.skip(f"no real data at {REAL}: set CHAINRULE_DATA to the folder that has {name}")
    source = read_source(name)
    rows, test = SIZES[name]
    assert len(source) == rows
    assert (len(source.parts["test"]) if source.parts else None) == test
    assert source.target in source.frame.columns
    if isinstance(source.samples, Pictures):
        assert source.samples.values.dtype == np.uint8


def test_every_name_says_how_it_can_be_had() -> None:
    assert all(published.files or published.how for published in CATALOGUE.values())
    for published in CATALOGUE.values():
        assert all(re.fullmatch("[0-9a-f]{64}|md5:[0-9a-f]{32}", file.sha256) and file.urls for file in published.files)


def test_everything_is_fetched_by_https_and_known_by_its_checksum() -> None:
    files = [file for published in CATALOGUE.values() for file in published.files]
    assert not [url for file in files for url in file.urls if not url.startswith("https://")]
    # Nobody has published another sum of the one that needs a key.
    assert [file.name for file in files if len(file.sha256) != 64] == ["icml_face_data.csv"]
