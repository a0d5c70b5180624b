"""The journal is the run: what was written is read back, even after a kill."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainrule.errors import DataError, RunFolderError
from chainrule.train import History, Journal, replay
from chainrule.train.events import EpochEnded
from tests.train.conftest import Start


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the journal lies."""
    return tmp_path / "journal.jsonl"


def write(path: Path, events: object, after: int = 0) -> None:
    """Write events to a journal."""
    with Journal(path, after) as journal:
        for event in events:  # type: ignore[attr-defined]
            journal.write(event)


def test_replay_gives_the_events_that_were_written(path: Path, start: Start) -> None:
    events = list(start())
    write(path, events)
    assert list(replay(path)) == events


def test_a_history_of_the_journal_is_the_history_of_the_run(path: Path, start: Start) -> None:
    run = start()
    write(path, run)
    assert History.of(replay(path)) == run.history


def test_a_last_line_that_was_cut_short_is_left_out(path: Path, start: Start) -> None:
    events = list(start())
    write(path, events)
    path.write_text(path.read_text()[:-20])
    assert list(replay(path)) == events[:-1]


def test_a_damaged_line_in_the_middle_is_an_error_with_its_number(path: Path, start: Start) -> None:
    write(path, start())
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], lines[1][:10] + "\n", *lines[2:]]))
    with pytest.raises(DataError, match=r"line 2 of journal\.jsonl"):
        list(replay(path))


def test_a_journal_that_does_not_exist_is_an_error_with_its_path(path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"journal\.jsonl"):
        list(replay(path))


def test_a_journal_that_cannot_be_written_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="missing"):
        Journal(tmp_path / "missing" / "journal.jsonl")


def test_a_resumed_journal_keeps_the_events_up_to_the_checkpoint(path: Path, start: Start) -> None:
    events = list(start())
    write(path, events)
    write(path, [], after=9)
    assert list(replay(path)) == events[:9]


def test_a_resumed_journal_survives_a_line_that_was_cut_short(path: Path, start: Start) -> None:
    events = list(start())
    write(path, events)
    path.write_text(path.read_text()[:-20])
    write(path, events[-1:], after=events[-2].number)
    assert list(replay(path)) == events


def test_a_new_journal_replaces_the_old_one(path: Path, start: Start) -> None:
    write(path, start())
    write(path, [])
    assert list(replay(path)) == []


def test_an_epoch_that_ended_is_on_the_disk_at_once(path: Path, start: Start) -> None:
    with Journal(path) as journal:
        for event in start():
            journal.write(event)
            if isinstance(event, EpochEnded):
                assert list(replay(path))[-1] == event
