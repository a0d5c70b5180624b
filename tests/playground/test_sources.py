"""Data of the Playground, and the plane on which they are looked at."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ChainruleError, ConfigError, DataError
from chainrule.playground.faces import MOODS, draw_faces
from chainrule.playground.plane import plane_of
from chainrule.playground.sources import load_data
from chainrule.playground.spec import DataSpec, ViewSpec
from chainrule.sources.source import read_table
from chainrule.sources.synthetic import PROBLEMS


@pytest.mark.parametrize("name", [*PROBLEMS, "faces", "iris", "wine", "digits", "diabetes"])
def test_each_data_set_is_the_same_each_time_and_divided_without_overlap(name: str) -> None:
    spec = DataSpec(name=name, samples=120)
    data, again = load_data(spec, {}, []), load_data(spec, {}, [])
    assert data.sha256() == again.sha256()
    assert np.isfinite(data.x).all()
    assert set(data.train) | set(data.test) == set(range(len(data.x)))
    assert not set(data.train) & set(data.test)
    assert data.x.shape[1] == len(data.columns)
    assert data.t.shape == (len(data.x), data.target.outputs)


def test_noise_share_and_seed_change_what_they_say() -> None:
    base = DataSpec(name="spiral", samples=200)
    x = load_data(base, {}, []).x
    assert not np.array_equal(load_data(replace(base, seed=2, noise=1.0), {}, []).x, x)
    spread = [np.abs(load_data(replace(base, noise=noise), {}, []).x - x).max() for noise in (1.0, 10.0, 50.0)]
    assert spread == sorted(spread)
    for share in (0.1, 0.5, 0.9):
        data = load_data(replace(base, train_share=share), {}, [])
        assert len(data.train) == pytest.approx(200 * share, abs=1)


def test_every_column_of_generated_data_lies_within_its_range() -> None:
    for name in PROBLEMS:
        data = load_data(DataSpec(name=name, noise=50.0), {}, [])
        for i, column in enumerate(data.columns):
            assert column.low <= data.x[:, i].min()
            assert data.x[:, i].max() <= column.high


def test_drawn_points_have_the_classes_that_were_drawn() -> None:
    data = load_data(DataSpec(name="drawn"), {}, [(0, 0, 0), (1, 1, 3), (2, 2, 3)])
    assert data.target.classes == ("0", "1", "2", "3")
    assert data.codes.tolist() == [0, 3, 3]
    with pytest.raises(DataError, match="classes from 0 to 9"):
        load_data(DataSpec(name="drawn"), {}, [(0, 0, 10)])
    with pytest.raises(DataError, match="classes from 0 to 9"):
        load_data(DataSpec(name="drawn"), {}, [(0, 0, 0.5)])
    values = load_data(DataSpec(name="drawn", task="regression"), {}, [(0, 0, 0.5), (1, 1, -2)])
    assert values.t.ravel().tolist() == [0.5, -2]


def test_a_mood_of_a_face_can_be_told_from_its_pixels() -> None:
    pictures, moods = draw_faces(np.random.default_rng(0), 400, 0.0)
    assert pictures.shape == (400, 24, 24)
    assert 0 <= pictures.min() < pictures.max() <= 1
    means = np.stack([pictures[:200][moods[:200] == k].mean(axis=0) for k in range(len(MOODS))])
    distance = ((pictures[200:, None] - means) ** 2).sum(axis=(2, 3))
    assert (distance.argmin(axis=1) == moods[200:]).mean() > 0.5


def _table(tmp_path: Path, text: str) -> dict[str, Any]:
    path = tmp_path / "table.csv"
    path.write_text(text)
    return {"upload:1": read_table(path)}


def test_a_table_with_missing_values_is_prepared_on_its_training_part(tmp_path: Path) -> None:
    rows = "".join(
        f"{i % 7 if i % 5 else ''},{'red' if i % 2 else 'blue'},{'yes' if i % 3 else 'no'}\n" for i in range(60)
    )
    sources = _table(tmp_path, "size,colour,bought\n" + rows + "1,red,\n")
    data = load_data(DataSpec(name="upload:1", target="bought"), sources, [])
    assert data.target.classes == ("no", "yes")
    assert "size is missing" in data.labels
    assert len(data.x) == 60
    assert "1 rows without a target are left out" in data.notes
    assert abs(data.x[data.train, 0].mean()) < 1e-6
    kinds = load_data(DataSpec(name="upload:1", target="bought", kinds={"size": "category"}), sources, [])
    assert any(label.startswith("size = ") for label in kinds.labels)


@pytest.mark.parametrize(
    ("text", "spec", "expected"),
    [
        ("a,b\n1,x\n2,x\n3,x\n", {}, "at least two classes"),
        ("a,b\n" + "".join(f"{i},{i % 11}\n" for i in range(99)), {"task": "classification"}, "at most 10 classes"),
        ("a,b\n1,2\n2,3\n", {"target": "c"}, "a column 'c'"),
        ("a,b\n1,\n2,\n", {"target": "b"}, "values in the target"),
        ("size,b\n1,2\n2,3\n", {"target": "siz"}, "Did you mean the target size"),
        ("a,b\n1,x\n1,y\n1,x\n1,y\n", {}, "at least one column to learn from"),
    ],
)
def test_a_table_that_cannot_be_learned_from_is_answered(
    tmp_path: Path, text: str, spec: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ChainruleError, match=expected) as caught:
        load_data(DataSpec(name="upload:1", **spec), _table(tmp_path, text), [])
    assert "--" not in caught.value.remedy
    assert not re.search("`[a-z_.]+(=|`)", caught.value.remedy)


def test_unknown_data_are_answered_by_the_nearest_name() -> None:
    with pytest.raises(DataError, match="Did you mean 'spiral'"):
        load_data(DataSpec(name="spirl"), {}, [])
    with pytest.raises(DataError, match="upload it again"):
        load_data(DataSpec(name="upload:7"), {}, [])


def test_the_first_row_of_a_map_is_its_top() -> None:
    data = load_data(DataSpec(name="circle"), {}, [])
    plane = plane_of(ViewSpec(), data)
    points = plane.points(50).reshape(50, 50, 2)
    assert points[0, 0, 0] < points[0, -1, 0]
    assert points[0, 0, 1] > points[-1, 0, 1]
    assert np.allclose(plane.project(data.x), data.x.astype(np.float32))


def test_slices_hold_the_other_columns_still() -> None:
    data = load_data(DataSpec(name="iris"), {}, [])
    plane = plane_of(ViewSpec(axes=(2, 0), slices={"x2": 1.5}), data)
    points = plane.points(50)
    assert (points[:, 1] == 1.5).all()
    assert (points[:, 3] == data.columns[3].middle).all()
    assert len(np.unique(points[:, 2])) == 50
    for view in (ViewSpec(axes=(0, 4)), ViewSpec(slices={"x9": 1.0}), ViewSpec(slices={"size": 1.0})):
        with pytest.raises(ConfigError):
            plane_of(view, data)


def test_principal_components_are_those_of_the_training_rows() -> None:
    data = load_data(DataSpec(name="wine"), {}, [])
    plane = plane_of(ViewSpec(axes="pca"), data)
    x = data.x[data.train]
    values, vectors = np.linalg.eigh(np.cov(x.T))
    assert abs(vectors[:, -1] @ plane.across) == pytest.approx(1, abs=1e-9)
    assert abs(vectors[:, -2] @ plane.up) == pytest.approx(1, abs=1e-9)
    assert plane.project(x)[:, 0].var(ddof=1) == pytest.approx(values[-1], rel=1e-4)


def test_one_column_alone_has_a_map_whose_rows_are_the_same(tmp_path: Path) -> None:
    sources = _table(tmp_path, "size,kind\n" + "".join(f"{i % 7}.5,{'ab'[i % 2]}\n" for i in range(40)))
    data = load_data(DataSpec(name="upload:1"), sources, [])
    points = plane_of(ViewSpec(), data).points(50).reshape(50, 50)
    assert (points == points[0]).all()
    assert len(np.unique(points[0])) == 50
