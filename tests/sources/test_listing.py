"""Files of folders and zips: their class, their part, and those that are left out."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from chainrule.errors import ConfigError, DataError
from chainrule.sources.listing import Listing, listed
from chainrule.sources.source import Reading

PLAIN = Reading()


def tree(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if name.endswith("/") else path.write_bytes(b"x")
    return folder


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


def looked(path: Path, reading: Reading = PLAIN) -> Listing:
    with listed(path, reading) as listing:
        return listing


@pytest.fixture(params=["folder", "zip"])
def place(request: pytest.FixtureRequest, tmp_path: Path):  # type: ignore[no-untyped-def]
    def make(*names: str) -> Path:
        folder = tree(tmp_path / "set", *names)
        return folder if request.param == "folder" else zipped(folder)

    return make


def test_the_folder_of_a_file_is_its_class(place) -> None:  # type: ignore[no-untyped-def]
    listing = looked(place("cat/1.png", "cat/deep/2.PNG", "dog/1.jpg"))
    assert (listing.noun, listing.labels, listing.parts) == ("pictures", ["cat", "cat", "dog"], None)
    assert listing.frame()["file"].tolist() == ["cat/1.png", "cat/deep/2.PNG", "dog/1.jpg"]


def test_a_folder_around_all_is_seen_through(place) -> None:  # type: ignore[no-untyped-def]
    assert looked(place("set/a/cat/1.png", "set/a/dog/1.jpg")).labels == ["cat", "dog"]


def test_train_valid_and_test_are_parts(place) -> None:  # type: ignore[no-untyped-def]
    listing = looked(place("all/Train/cat/1.png", "all/Train/dog/1.png", "all/val/cat/2.png", "all/test/dog/2.png"))
    assert listing.labels == ["cat", "dog", "dog", "cat"]
    rows = listing.rows()
    assert rows is not None
    assert {part: found.tolist() for part, found in rows.items()} == {"train": [0, 1], "test": [2], "valid": [3]}


def test_a_class_that_is_called_test_is_a_class(place) -> None:  # type: ignore[no-untyped-def]
    listing = looked(place("test/1.png", "other/1.png"))
    assert (listing.labels, listing.parts) == (["other", "test"], None)


def test_what_is_hidden_is_not_seen(place) -> None:  # type: ignore[no-untyped-def]
    listing = looked(place("a/1.wav", "b/2.wav", "a/.DS_Store", "__MACOSX/a/._1.wav", ".git/x.wav"))
    assert (listing.labels, listing.notes) == (["a", "b"], [])


def test_other_files_and_empty_folders_are_told(place) -> None:  # type: ignore[no-untyped-def]
    listing = looked(place("a/1.txt", "b/2.txt", "b/notes.docx", "c/"))
    assert listing.notes == ["files of other kinds, ignored: 1 (b/notes.docx)", "folders without texts: c"]


def test_the_kind_that_most_files_have_is_read(place) -> None:  # type: ignore[no-untyped-def]
    listing = looked(place("a/1.png", "b/2.png", "b/readme.txt"))
    assert (listing.noun, len(listing.entries)) == ("pictures", 2)


def test_a_pattern_tells_the_label_and_another_the_test_part(place) -> None:  # type: ignore[no-untyped-def]
    names = [f"recordings/{digit}_ann_{i}.wav" for digit in (0, 7) for i in (0, 5)]
    listing = looked(place(*names), Reading(label_from=r"^(\d)_", test_from=r"_[0-4]\.wav$"))
    assert (listing.labels, listing.parts) == (["0", "0", "7", "7"], ["test", "train", "test", "train"])


def test_a_pattern_without_a_group_is_the_label_itself(place) -> None:  # type: ignore[no-untyped-def]
    assert looked(place("x_cat.png", "y_dog.png"), Reading(label_from="cat|dog")).labels == ["cat", "dog"]


def test_a_file_without_a_label_is_counted_and_listed(place) -> None:  # type: ignore[no-untyped-def]
    path = place("1_a.png", "2_a.png", "other.png")
    listing = looked(path, Reading(label_from=r"^(\d)_"))
    assert (listing.labels, "other.png" in listing.notes[0]) == (["1", "2"], True)
    with pytest.raises(DataError, match=r"other\.png"):
        looked(path, Reading(label_from=r"^(\d)_", strict=True))


def test_a_file_beside_the_class_folders_is_counted_and_listed(place) -> None:  # type: ignore[no-untyped-def]
    listing = looked(place("a/1.png", "b/1.png", "stray.png"))
    assert (listing.labels, "stray.png" in listing.notes[0]) == (["a", "b"], True)


def test_files_without_any_folder_have_no_label(place) -> None:  # type: ignore[no-untyped-def]
    assert looked(place("1.png", "2.png")).labels is None


def test_one_file_can_be_named(tmp_path: Path) -> None:
    listing = looked(tree(tmp_path, "1.png") / "1.png")
    assert (listing.noun, [str(entry.path) for entry in listing.entries]) == ("pictures", ["1.png"])


@pytest.mark.parametrize("names", [["a/b.mp3", "c/d.mp3"], [".hidden.png"], ["a/"]])
def test_a_folder_without_media_is_refused(place, names: list[str]) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError, match="Name a folder"):
        looked(place(*names))


@pytest.mark.parametrize("settings", [{"label_from": "("}, {"test_from": "["}])
def test_a_pattern_that_is_none_is_refused(place, settings: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match="regular expression"):
        looked(place("a/1.png", "b/1.png"), Reading(**settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("pattern", ["nothing", "png"])
def test_a_test_pattern_that_matches_none_or_all_is_refused(place, pattern: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError, match="`test_from` to match some"):
        looked(place("a/1.png", "b/1.png"), Reading(test_from=pattern))


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("training_set", "test_set"),
        ("Train Data", "Testing-Images"),
        ("images_train", "images_val"),
        ("trn", "holdout"),
        ("seg_train", "seg_test"),
        ("train1", "test1"),
        ("animals-train-v2", "animals-valid-v2"),
    ],
)
def test_parts_are_known_under_many_names(place, train: str, test: str) -> None:  # type: ignore[no-untyped-def]
    listing = looked(place(f"{train}/cat/1.png", f"{train}/dog/1.png", f"{test}/cat/2.png", f"{test}/dog/2.png"))
    assert (sorted(set(listing.labels or [])), len(set(listing.parts or []))) == (["cat", "dog"], 2)


def test_classes_that_are_called_like_parts_are_told(place) -> None:  # type: ignore[no-untyped-def]
    listing = looked(place("test_set/1.png", "other/1.png"))
    assert "test_set (`test_from" in listing.notes[0]


@pytest.mark.parametrize("suffix", ["jfif", "avif", "JPE"])
def test_pictures_under_rarer_names_are_pictures(place, suffix: str) -> None:  # type: ignore[no-untyped-def]
    assert looked(place("cat/1.png", f"dog/1.{suffix}")).labels == ["cat", "dog"]


def test_a_class_whose_files_cannot_be_read_is_not_lost_without_a_word(place) -> None:  # type: ignore[no-untyped-def]
    path = place("cat/1.png", "dog/1.png", "cow/1.heic", "cow/2.heic")
    with pytest.raises(DataError, match=r"2 files of other kinds in cow, 1\.heic"):
        looked(path)
    assert len(looked(path, Reading(labelled=False)).entries) == 2


def test_files_of_which_no_label_is_wanted_may_lie_anywhere(place) -> None:  # type: ignore[no-untyped-def]
    listing = looked(place("1.png", "cat/2.png"), Reading(labelled=False))
    assert (len(listing.entries), listing.labels, listing.unreadable) == (2, None, ())


def test_a_backslash_in_an_old_zip_parts_folders(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("cat\\1.png", "dog\\1.png"):
            info = zipfile.ZipInfo("x")
            info.filename = name
            archive.writestr(info, b"x")
    assert looked(tmp_path / "a.zip").labels == ["cat", "dog"]


def test_a_link_to_a_folder_is_followed_but_not_in_a_circle(tmp_path: Path) -> None:
    folder = tree(tmp_path / "set", "cat/1.png")
    (folder / "dog").symlink_to(tree(tmp_path / "elsewhere", "1.png"), target_is_directory=True)
    (folder / "cat" / "round").symlink_to(folder, target_is_directory=True)
    assert sorted(set(looked(folder).labels or [])) == ["cat", "dog"]
