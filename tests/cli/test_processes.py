"""What only a process of its own can show: signals, pipes, kills, full disks, and what Python says on its way out."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chainrule.saved.file import load_model
from chainrule.train import FitEnded, replay
from chainrule.tree import leaves
from tests.cli.conftest import SCRIPT, Command

Start = Callable[..., "subprocess.Popen[str]"]
# Long enough to be met in the middle, on any machine.
LONG = (
    "train",
    "spiral",
    "--engine",
    "numpy",
    "--set",
    "patience=0",
    "--set",
    "checkpoint_seconds=0",
    "--valid",
    "0.1",
)


# Seconds after which something hangs, on however busy a machine.
PATIENCE = 600


def wait_for(condition: Callable[[], Any], child: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def weights(run: Path) -> dict[str, bytes]:
    return {name: value.tobytes() for name, value in leaves(load_model(run / "model.chainrule").params)}


def numbers(run: Path) -> list[int]:
    return [event.number for event in replay(run / "journal.jsonl")]


@pytest.fixture
def killed(process: Start, here: Path) -> Path:
    """Return the folder of a run that was killed in the middle of its epochs."""
    child = process(*LONG, "--epochs", "200", "--out", "killed", "--quiet")
    journal = here / "killed" / "journal.jsonl"
    wait_for(
        lambda: (
            journal.exists()
            and (here / "killed" / "checkpoint.safetensors").exists()
            and journal.read_text().count("EpochEnded") > 40
        ),
        child,
    )
    child.kill()
    child.communicate()
    return here / "killed"


def test_a_killed_run_resumes_to_the_bits_of_one_that_was_not(chainrule: Command, here: Path, killed: Path) -> None:
    assert not (killed / "model.chainrule").exists()
    assert chainrule("train", "--resume", killed, "--quiet").code == 0
    assert chainrule(*LONG, "--epochs", "200", "--out", "whole", "--quiet").code == 0
    assert weights(killed) == weights(here / "whole")
    # The journal of a resumed run has no gap either.
    assert numbers(killed) == list(range(1, len(numbers(killed)) + 1))
    curve = [
        [event.cost for event in replay(run / "journal.jsonl") if type(event).__name__ == "EpochEnded"]
        for run in (killed, here / "whole")
    ]
    assert curve[0] == curve[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_a_run_cleanly_with_its_model(process: Start, here: Path, number: signal.Signals) -> None:
    child = process(*LONG, "--epochs", "1000000", "--out", "run", "--json")
    journal = here / "run" / "journal.jsonl"
    wait_for(lambda: journal.exists() and journal.read_text().count("EpochEnded") > 10, child)
    child.send_signal(number)
    out, err = child.communicate(timeout=PATIENCE)
    assert (child.returncode, "Traceback" in err) == (0, False), err
    assert json.loads(out)["epochs"] > 10
    assert [event.reason for event in replay(journal) if isinstance(event, FitEnded)] == ["interrupted"]
    assert weights(here / "run")


def test_a_hang_up_and_five_times_kill_lose_no_model(process: Start, here: Path) -> None:
    child = process(*LONG, "--epochs", "100000", "--out", "run", "--json")
    journal = here / "run" / "journal.jsonl"
    wait_for(lambda: journal.exists() and journal.read_text().count("EpochEnded") > 10, child)
    child.send_signal(signal.SIGHUP)
    for _ in range(5):
        time.sleep(0.02)
        child.send_signal(signal.SIGTERM)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, "Traceback" in err) == (0, False), err
    assert json.loads(out)["epochs"] > 10
    assert (here / "run" / "report.html").exists()


def test_runs_side_by_side_have_a_folder_each(process: Start, here: Path) -> None:
    children = [process("train", "iris", "--epochs", "2", "--seed", seed, "--json") for seed in range(4)]
    outs = [child.communicate(timeout=120) for child in children]
    assert [child.returncode for child in children] == [0] * 4, outs
    runs = [json.loads(out)["run"] for out, _ in outs]
    assert sorted(runs) == ["runs/iris", "runs/iris-2", "runs/iris-3", "runs/iris-4"]
    for seed, run in enumerate(runs):
        assert load_model(here / run / "model.chainrule").summary["seed"] == seed
        assert not list((here / run).glob(".*"))


def test_a_run_that_is_at_work_cannot_be_resumed_or_replaced(process: Start, chainrule: Command, here: Path) -> None:
    child = process(*LONG, "--epochs", "100000", "--out", "run", "--json")
    wait_for((here / "run" / "checkpoint.safetensors").exists, child)
    for line in (("train", "--resume", "run"), ("train", "iris", "--out", "run", "--force")):
        came = chainrule(*line)
        assert (came.code, f"one held by process {child.pid}, since" in came.err) == (2, True)
    child.send_signal(signal.SIGTERM)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    assert json.loads(out)["epochs"] > 0


def test_a_killed_run_leaves_no_lock_behind(chainrule: Command, killed: Path) -> None:
    half = killed / ".model.chainrule.0123456789ab.part"
    half.write_bytes(b"half of a model")
    assert chainrule("train", "--resume", killed, "--quiet").code == 0
    assert not list(killed.glob(".*"))


def test_a_model_that_is_being_replaced_is_read_as_the_old_or_the_new_one(chainrule: Command, here: Path) -> None:
    for name, hidden in (("a", "8"), ("b", "300,300")):
        chainrule("train", "iris", "--epochs", "1", "--hidden", hidden, "--out", name, "--quiet")
    shutil.copy(here / "a" / "model.chainrule", here / "m.chainrule")
    code = (
        "import itertools, pathlib; from chainrule.files import replace_file\n"
        "a, b = (pathlib.Path(name, 'model.chainrule').read_bytes() for name in 'ab')\n"
        "for content in itertools.cycle((a, b)): replace_file(pathlib.Path('m.chainrule'), content)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], cwd=here)
    sizes = set()
    deadline = time.monotonic() + 60
    try:
        while len(sizes) < 2 or time.monotonic() < deadline - 58:
            sizes.add(load_model(here / "m.chainrule").network.n_parameters)
            assert time.monotonic() < deadline
    finally:
        child.kill()
        child.wait()
    assert sizes == {load_model(here / name / "model.chainrule").network.n_parameters for name in "ab"}


def test_a_reader_that_has_seen_enough_causes_no_complaint(chainrule: Command, here: Path) -> None:
    assert chainrule("train", "iris", "--epochs", "1", "--out", "run", "--quiet").code == 0
    (here / "big.csv").write_text(
        "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)\n" + "1,2,3,4\n" * 50_000
    )
    script = f"{SCRIPT} predict run big.csv | head -n 2"
    result = subprocess.run(["/bin/sh", "-c", script], cwd=here, capture_output=True, text=True, check=False)
    assert result.stdout.splitlines()[0] == "target"
    assert result.stderr == ""


def test_bad_input_ends_in_three_lines_and_code_two(process: Start) -> None:
    child = process("train", "nowhere.csv")
    out, err = child.communicate()
    assert (child.returncode, out, len(err.splitlines())) == (2, "", 3)


def test_a_run_raises_no_warning_and_needs_no_terminal(process: Start) -> None:
    child = process("train", "iris", "--epochs", "2", "--out", "run", "--json")
    out, err = child.communicate()
    assert (child.returncode, json.loads(out)["epochs"], "Warning" in err) == (0, 2, False), err


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of its own with almost no room, where this user may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or os.geteuid() != 0
        or subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("cannot mount a small disk here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_told_and_leaves_nothing_half_written(chainrule: Command, small: Path) -> None:
    result = chainrule("train", "digits", "--epochs", "2", "--hidden", "128", "--out", small / "run", "--quiet")
    assert (result.code, "Free some space" in result.err) == (2, True)
    assert not (small / "run" / "model.chainrule").exists()
    assert all(not path.name.startswith(".") for path in (small / "run").iterdir())


def test_the_package_itself_is_the_command() -> None:
    came = subprocess.run([sys.executable, "-m", "chainrule", "--version"], capture_output=True, text=True, check=True)
    assert came.stdout == subprocess.run([SCRIPT, "--version"], capture_output=True, text=True, check=True).stdout
