"""The course's project, on a few faces that are none."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

PLACE = Path(__file__).parents[2] / "examples" / "facial_expressions" / "run.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("facial_expressions", PLACE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks its module up by name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def faces(path: Path, rows: int = 48) -> Path:
    """Write a CSV in FER2013's form: bright, dark and striped squares under the numbers of three expressions."""
    rng = np.random.default_rng(0)
    lines = ["emotion,pixels,Usage"]
    for i in range(rows):
        base = [200, 50, 200 * (np.arange(48 * 48) % 2)][i % 3]
        pixels = np.clip(rng.normal(base, 25, 48 * 48), 0, 255).astype(int)
        lines.append(
            f"{(3, 4, 6)[i % 3]},{' '.join(map(str, pixels))},{'PublicTest' if i >= rows - 12 else 'Training'}"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_one_command_tells_the_whole_story(
    example: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "faces"
    assert example.main([str(faces(tmp_path / "fer.csv")), "--out", str(out), "--epochs", "1"]) == 0
    assert capsys.readouterr().out.strip() == str(out / "faces.html")
    page = (out / "faces.html").read_text(encoding="utf-8")
    for title in (
        "The faces",
        "The classes are not equal",
        "An honest split",
        "What the convolutional network confuses",
    ):
        assert title in page
    assert "Happy" in page
    assert "12 test" in page
    assert page.count("<tr><td>") >= 4
    for name in ("logistic", "balanced", "mlp", "cnn"):
        assert (out / name / "report.html").exists()


def test_a_file_that_is_none_is_told(example: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert example.main([str(tmp_path / "nothing.csv"), "--out", str(tmp_path / "faces")]) == 2
    assert "neither" in capsys.readouterr().err
