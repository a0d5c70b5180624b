"""The run folder: where it may be, and what in it is touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chainrule.errors import RunFolderError
from chainrule.job.folder import RunFolder, check_place, existing, hold, make


def test_without_a_name_the_next_free_number_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = []
    for _ in range(3):
        folder = check_place(None, "iris", force=False)
        made, _ = make(folder)
        found.append(str(made.path))
    assert found == ["runs/iris", "runs/iris-2", "runs/iris-3"]


def test_looking_for_a_place_makes_nothing(tmp_path: Path) -> None:
    check_place(str(tmp_path / "run"), "x", force=False)
    assert not (tmp_path / "run").exists()


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    assert check_place(str(tmp_path), "x", force=False).path == tmp_path


def test_a_folder_with_files_is_refused_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(RunFolderError, match="`force=True`"):
        check_place(str(tmp_path), "x", force=False)
    assert check_place(str(tmp_path), "x", force=True).path == tmp_path


def test_a_file_is_refused_even_when_forced(tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    with pytest.raises(RunFolderError, match="a file"):
        check_place(str(tmp_path / "run"), "x", force=True)


def test_making_clears_the_files_of_a_run_and_no_others(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for path in (*folder.files, tmp_path / "thesis.txt"):
        path.touch()
    _, lock = make(replace(folder, force=True))
    lock.release()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunFolderError, match="to be writable"):
        make(RunFolder(tmp_path / "file" / "run"))


def test_a_run_without_a_checkpoint_cannot_be_resumed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.config.touch()
    folder.journal.touch()
    with pytest.raises(RunFolderError, match=r"no checkpoint\.safetensors"):
        existing(tmp_path)


def test_of_two_that_chose_the_same_name_the_second_takes_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = [check_place(None, "iris", force=False) for _ in range(2)]
    held = [make(folder) for folder in chosen]
    assert [str(folder.path) for folder, _ in held] == ["runs/iris", "runs/iris-2"]


def test_a_folder_that_a_run_is_at_work_in_is_refused_even_when_forced(tmp_path: Path) -> None:
    _, lock = make(RunFolder(tmp_path / "run"))
    with pytest.raises(RunFolderError, match="one held by process"):
        make(RunFolder(tmp_path / "run", force=True))
    lock.release()
    make(RunFolder(tmp_path / "run", force=True))


def test_a_run_without_force_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "model.chainrule").touch()
    with pytest.raises(RunFolderError, match="new or empty"):
        make(RunFolder(tmp_path))


def test_holding_a_folder_removes_what_killed_writers_left(tmp_path: Path) -> None:
    left = tmp_path / ".model.chainrule.0123456789ab.part"
    left.touch()
    hold(RunFolder(tmp_path))
    assert not left.exists()
