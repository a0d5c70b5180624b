"""docs/export.md: the script that it shows whole is the one that is written today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chainrule.exporters import tensorflow
from chainrule.job.config import config_from
from chainrule.job.export import lesson_of
from chainrule.job.folder import RunFolder
from chainrule.job.train import Job

PAGE = Path(__file__).parents[2] / "docs" / "export.md"
SETTINGS = {
    "data": "clouds",
    "model": "mlp",
    "hidden": [3],
    "activation": "sigmoid",
    "optimizer": "gradient_descent",
    "learning_rate": 0.05,
    "epochs": 1000,
    "batch_size": 900,
    "patience": 0,
    "engine": "numpy",
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("runs") / "clouds"
    job = Job(config_from(SETTINGS), RunFolder(folder))
    list(job)
    job.finish()
    export = tensorflow.write(lesson_of(folder))
    return export.files[export.main].decode()


def test_the_page_has_the_script_that_is_written(written: str) -> None:
    assert re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[0] == written


def test_the_first_script_is_one_of_about_80_lines(written: str) -> None:
    assert sum(bool(line.strip()) for line in written.splitlines()) <= 88
