"""Reports of small runs, each made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import wavfile

from chainrule.job.config import config_from
from chainrule.job.folder import RunFolder
from chainrule.job.train import Job

HOSTILE = "<script>alert(1)</script>"


def report(folder: Path, data: str, **settings: Any) -> str:
    job = Job(config_from({"data": data, "epochs": 3, "engine": "numpy"} | settings), RunFolder(folder))
    for _ in job:
        pass
    return job.finish().folder.report.read_text(encoding="utf-8")


def noises(folder: Path) -> None:
    """Write sounds that no network can tell apart, so that there are mistakes, under names that mean something."""
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True)
        for i in range(15):
            wave = rng.normal(0, 3000, 600).astype(np.int16)
            wavfile.write(folder / name / f"$_{{{i}}} <b>.wav", 8000, wave)


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return a function that gives the page of a run by name; it is made when first asked for."""
    folder = tmp_path_factory.mktemp("reports")
    hostile = folder / "hostile.csv"
    names = [HOSTILE, '"onload=alert(2) x="', "&amp;</svg>", "$x^$", r"$\frac{$", "größe 数字 🙂"]
    quoted = ",".join('"' + name.replace('"', '""') + '"' for name in [*names, "class"])
    labels = ["<b>bold</b>", "$5", r"$\alpha{$"]
    rows = "".join(",".join(f"{(i * (k + 3)) % 11}.5" for k in range(6)) + f",{labels[i % 3]}\n" for i in range(180))
    hostile.write_text(f"{quoted}\n{rows}", encoding="utf-8")
    noises(folder / "noises")
    made: dict[str, str] = {}
    kinds: dict[str, dict[str, Any]] = {
        "classification": {"data": "wine"},
        "regression": {"data": "diabetes"},
        "images": {"data": "digits", "hidden": (4,)},
        "cnn": {"data": "digits", "model": "cnn", "filters": (4, 6), "hidden": (8,), "epochs": 1, "augment": "strong"},
        "sounds": {"data": str(folder / "noises"), "model": "mlp", "hidden": (4,), "epochs": 1},
        "plane of classes": {"data": "xor", "hidden": (4,)},
        "plane of values": {"data": "plane", "hidden": (4,)},
        "hostile": {"data": str(hostile), "header": "first", "hidden": (3,)},
        "without validation": {"data": "iris", "valid": 0.0, "test": 0.0, "epochs": 1},
        "linear": {"data": "iris", "hidden": ()},
        "with a schedule": {"data": "iris", "hidden": (3,), "schedule": "cosine"},
    }

    def page(name: str) -> str:
        if name not in made:
            made[name] = report(folder / name, **kinds[name])
        return made[name]

    return page
