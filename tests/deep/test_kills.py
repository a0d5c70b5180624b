"""Runs that are really killed, again and again, at moments that nobody chose, come to the bits of the run that was not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from chainrule.saved.file import load_model
from chainrule.tree import leaves
from tests.cli.conftest import SCRIPT
from tests.deep.conftest import FILES, SEED

RUNS = max(1, FILES // 20_000)
SETTINGS = {
    "all epochs": ["--epochs", "120", "--set", "patience=0"],
    "early stopping": ["--epochs", "400", "--set", "patience=3", "--lr", "0.03"],
    "plateaus": ["--epochs", "120", "--set", "plateau=2", "--set", "patience=30"],
}


def command(out: Path, settings: list[str]) -> list[str]:
    fixed = ["--engine", "numpy", "--set", "checkpoint_seconds=0", "--quiet"]
    return [str(SCRIPT), "train", "spiral", *settings, *fixed, "--out", str(out)]


def bits(folder: Path) -> dict[str, bytes]:
    return {name: value.tobytes() for name, value in leaves(load_model(folder / "model.chainrule").params)}


@pytest.mark.parametrize("seed", range(SEED, SEED + RUNS))
@pytest.mark.parametrize("settings", SETTINGS)
def test_a_run_that_is_killed_again_and_again_ends_as_if_it_was_not(settings: str, seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    options = [*SETTINGS[settings], "--seed", str(seed)]
    started = time.monotonic()
    subprocess.run(command(whole, options), check=True)
    took = time.monotonic() - started
    kills, line = 0, command(cut, options)
    while True:
        child = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
        try:
            _, err = child.communicate(timeout=chance.uniform(0.5, 1.05) * took if kills < 8 else 120)
        except subprocess.TimeoutExpired:
            os.kill(child.pid, signal.SIGKILL)
            child.communicate()
            kills += 1
        else:
            assert child.returncode == 0 or "left to train" in err, err
            break
        has_begun = (cut / "checkpoint.safetensors").exists()
        line = (
            [str(SCRIPT), "train", "--resume", str(cut), "--quiet"]
            if has_begun
            else [*command(cut, options), "--force"]
        )
    assert bits(cut) == bits(whole), f"{kills} kills"
    assert (cut / "report.html").exists()
    assert not list(cut.glob(".*"))
