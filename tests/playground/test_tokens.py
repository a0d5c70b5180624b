"""Tokens that outlive the server."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from chainrule.playground.tokens import token_for


def test_a_port_keeps_its_token_and_no_other_port_has_it(tmp_path: Path) -> None:
    token = token_for(8801, tmp_path)
    assert token_for(8801, tmp_path) == token
    assert token_for(8802, tmp_path) != token


@pytest.mark.skipif(os.name == "nt", reason="permissions are others on Windows")
def test_the_file_is_the_users_alone_and_believed_only_then(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    token = token_for(8801, folder)
    path = folder / "playground-8801.token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    path.chmod(0o644)
    assert token_for(8801, folder) != token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_or_another_text_in_its_place_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "playground-8801.token"
    path.write_text("short")
    path.chmod(0o600)
    token = token_for(8801, tmp_path)
    assert len(token) == 43
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("x" * 43)
    elsewhere.chmod(0o600)
    path.unlink()
    path.symlink_to(elsewhere)
    assert token_for(8801, tmp_path) != "x" * 43
    assert elsewhere.read_text() == "x" * 43


def test_without_a_place_to_keep_it_there_is_a_token_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert len(token_for(8801, tmp_path / "file" / "folder")) == 43
