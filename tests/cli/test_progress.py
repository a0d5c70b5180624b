"""What a person sees while a network trains: a bar on a terminal, lines where there is none."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chainrule.cli.progress import Bar
from chainrule.train import Advised, Decided, EpochEnded, FitStarted, StepsEnded
from chainrule.train.progress import ProgressLines, describe
from tests.cli.conftest import SCRIPT

STARTED = FitStarted(
    1,
    0.0,
    engine="numpy",
    dtype="float32",
    n_samples=90,
    n_parameters=9,
    epoch=0,
    epochs=2,
    batch_size=45,
    steps_per_epoch=2,
    seed=0,
)
STEPS = StepsEnded(2, 0.1, epoch=1, step=1, steps=2, cost=0.7, rate=0.01)
SCORES = {"valid": {"cost": 0.6, "accuracy": 0.9}}
ENDED = EpochEnded(3, 0.2, epoch=1, step=2, cost=0.5, rate=0.01, samples_per_second=12345.0, scores=SCORES)


def on_terminal(*arguments: str, here: Path) -> str:
    """Run the command with a terminal as its stderr, and return what the terminal received."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "140"}
    with subprocess.Popen(
        [str(SCRIPT), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        cwd=here,
        env=environment,
    ) as child:
        os.close(theirs)
        received = b"".join(chunks(ours))
        assert child.wait() == 0
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", received.decode())


def chunks(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:
            # Linux reports the far end's closing as an input error.
            return
        if not chunk:
            return
        yield chunk


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> str:
    here = tmp_path_factory.mktemp("terminal")
    return on_terminal("train", "iris", "--epochs", "30", "--engine", "numpy", "--out", "run", here=here)


@pytest.mark.parametrize("word", ["epoch 30/30", "━", "cost", "valid accuracy", "rate", "rows/s", "0:00:00"])
def test_a_terminal_shows_a_bar_with(seen: str, word: str) -> None:
    assert word in seen


def test_the_bar_follows_the_steps_within_an_epoch() -> None:
    with Bar() as bar:
        bar.see(STARTED)
        bar.see(STEPS)
        assert bar._progress.tasks[0].completed == 0.5


def test_the_bar_tells_advice_and_a_changed_rate(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar() as bar:
        bar.see(STARTED)
        bar.see(Advised(4, 0.3, epoch=1, policy="StopOnNonFinite", advice="Try less."))
        bar.see(Decided(5, 0.3, epoch=1, policy="ReduceOnPlateau", decision="scale_rate", detail="rate times 0.5"))
    told = capsys.readouterr().err
    assert "Try less." in told
    assert "rate times 0.5" in told


def test_lines_tell_the_last_epoch_even_if_they_had_to_wait() -> None:
    stream = io.StringIO()
    with ProgressLines(stream) as lines:
        lines.see(STARTED)
        lines.see(ENDED)
        lines.see(EpochEnded(5, 0.3, 2, 4, 0.4, 0.01, 12345.0, SCORES))
    assert [line.split("  ")[0] for line in stream.getvalue().splitlines()] == ["epoch 1/2", "epoch 2/2"]


def test_an_epoch_is_described_by_cost_metric_rate_and_speed() -> None:
    assert describe(ENDED) == "cost 0.5  valid cost 0.6  valid accuracy 0.9  rate 0.01  12,345 rows/s"
