r"""Whoever made a table may have called its columns and classes anything: in no file that is written do names become code.

Each writer is given benign names and hostile ones; what it writes must have the same structure, and the names in it must
read back as they are.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.cli.table import align
from chainrule.explain import derive, html_worksheet, latex_worksheet
from chainrule.explain.as_latex import escaped
from chainrule.explain.notation import LATEX_OF, name_latex
from chainrule.job.config import config_from
from chainrule.job.settings import to_toml
from chainrule.nn import SoftmaxCrossEntropy
from chainrule.playground.commands import handle
from chainrule.playground.protocol import command_from
from chainrule.playground.session import Session
from chainrule.playground.wire import Message, encode
from chainrule.printable import printable
from chainrule.recipes import mlp
from chainrule.report.gallery import Predicted, render_gallery
from chainrule.report.plots import confusion_matrix, svg
from chainrule.sources.source import Source

HOSTILE = [
    'a"""\nimport os; os.system("touch owned")\n"""',
    "a'''\nimport os\n'''",
    r"C:\Users\N",
    "</script><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    r"\input{/etc/passwd}",
    r"$\immediate\write18{ls}$",
    "$",
    "$x_",
    "%", "{", "}", "}}{{", "{0.__class__}", "{{ 7 * 7 }}", "&amp;", "]]>",
    "\x1b]0;owned\x07", "\x9b31m", "\u202etxt.exe", "\u2028", "\ud800", "a\x00b", "a\nb", "a\r\nb", "\t", "a,b;c\"d", "=1+1",
    "#", '"', "'", "\\", "\\\n", "名前", "🙂",
]  # fmt: skip
names = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(codec=None), min_size=1, max_size=30))


def source(columns: list[str], classes: list[str]) -> Source:
    rng = np.random.default_rng(0)
    # Texts of Python's own type, in which surrogates may stand alone.
    frame = pd.DataFrame(rng.normal(size=(40, len(columns))), columns=pd.Index(columns, dtype=object))
    frame["y" * 40] = pd.Series([classes[i % len(classes)] for i in range(40)], dtype=object)
    return Source(columns[0], frame, target="y" * 40)


def session(columns: list[str], classes: list[str]) -> Session:
    opened = Session()
    opened.add_source(source(columns, classes))
    spec = {"data": {"name": "upload:1"}, "inputs": ["all"], "layers": [{"units": 2}]}
    ask(opened, "spec", spec=spec)
    return opened


def ask(opened: Session, kind: str, /, **fields: Any) -> Any:
    (answer,) = handle(opened, command_from({"type": kind, **fields}))
    assert answer.type != "error", answer.content
    return answer


def commands(latex: str) -> set[str]:
    return set(re.findall(r"\\[A-Za-z]+", latex))


# What a letter of a name may be written as.
LETTERS = {r"\textbackslash", r"\textasciitilde", r"\textasciicircum", r"\backslash"}


class Tags(HTMLParser):
    """The tags of a page with the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


def skeleton(script: str) -> str:
    """The script's code without what its literal `about` says."""
    tree = ast.parse(script)
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "about":
            ast.literal_eval(node.value)
            node.value = ast.Constant(None)
    return re.sub(r"value=b?'[^']*'", "", re.sub(r"value=-?[\d.e+-]+", "", ast.dump(tree)))


def as_a_class(name: str) -> str:
    """What a cell of the table holds: no blanks around it, and never half a letter."""
    return name.strip().replace("\ud800", "half") or "blank"


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_name_is_no_code_in_the_script_of_the_playground(name: str) -> None:
    written = as_a_class(name)
    hostile = bytes(ask(session([name, "b"], [written, "c"]), "export", kind="python").buffers[0]).decode()
    # Classes have the order of their names.
    alike = "a" if written < "c" else "d"
    benign = bytes(ask(session(["a", "b"], [alike, "c"]), "export", kind="python").buffers[0]).decode()
    assert skeleton(hostile) == skeleton(benign)
    about: dict[str, Any] = {}
    exec(re.search(r"^about = .*$", hostile, re.MULTILINE)[0], about)  # type: ignore[index]
    assert about["about"]["outputs"] == sorted([written, "c"])


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_name_is_only_text_on_the_wire_and_in_a_session_that_is_saved(name: str) -> None:
    opened = session([name, "b"], [as_a_class(name), "c"])
    answer = ask(opened, "save")
    assert json.loads(answer.buffers[0])["spec"]["data"]["name"] == "upload:1"
    assert encode(opened.state())
    half = encode(Message("event", {"kind": "exploded", "epoch": 1, "text": name}))
    assert json.loads(str(half).encode())["text"] == name


@given(names)
def test_a_name_is_one_line_of_letters_on_a_terminal(name: str) -> None:
    shown = printable(name)
    assert shown.encode()
    assert len(align(["name"], [[name], ["b"]]).split("\n")) == 3
    assert not re.search("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", shown)


@given(names)
def test_a_name_is_no_command_in_latex(name: str) -> None:
    for written in (escaped(name), name_latex(name).removeprefix(r"\text{").removesuffix("}")):
        known = LETTERS | {value for sign in LATEX_OF.values() for value in commands(sign)}
        assert commands(written) <= known
        # What is left of the escaped signs has no sign that LaTeX acts upon.
        bare = re.sub(r"\\[A-Za-z]+(\{\})?|\\.|\$[\^_]?\{?[^$]*\}?\$", "", written)
        assert not set(bare) & set("\\{}%#&_^~$\n"), written


@given(names)
def test_a_name_is_a_text_in_toml(name: str) -> None:
    from chainrule.errors import ConfigError

    try:
        name.encode()
    except UnicodeEncodeError:
        with pytest.raises(ConfigError, match="text in UTF-8"):
            config_from({"data": name})
        return
    config = config_from({"data": "t.csv", "target": name, "columns": {name: "category"}})
    read = tomllib.loads(to_toml(config))
    assert (read["target"], read["columns"]) == (name, {name: "category"})


@given(st.lists(names, min_size=2, max_size=3, unique_by=printable))
def test_a_name_is_only_text_in_a_picture(classes: list[str]) -> None:
    picture = confusion_matrix(np.ones((len(classes), len(classes)), int), classes)
    tags = [element.tag for element in ElementTree.fromstring(picture).iter()]
    assert not [tag for tag in tags if "script" in tag or "foreignObject" in tag or "image" in tag.split("}")[-1][:3]]
    ElementTree.fromstring(svg((2, 2), lambda _: None, classes[0]))


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_name_is_only_text_on_a_gallery(name: str) -> None:
    def page(name: str) -> str:
        predicted = Predicted(np.zeros((2, 2, 2, 1)), [name, name], np.array([[0.6, 0.4]] * 2), [name, "c"])
        return render_gallery(name, predicted, [name])

    assert Tags(page(name)).found == Tags(page("benign")).found


@pytest.mark.parametrize(
    "name", [name.replace(".", "") for name in HOSTILE if re.fullmatch(r"[^\[\]\s]+", name)], ids=ascii
)
def test_a_layer_called_anything_is_only_text_on_a_worksheet(name: str) -> None:
    def written(name: str) -> tuple[str, str]:
        network = mlp((2,), (2,), 2, SoftmaxCrossEntropy())
        layer = type(network.layer)(network.layer.layers, (name, *network.layer.names[1:]))  # type: ignore[attr-defined]
        network = type(network)(layer, (2,), network.loss)
        params = network.init(np.random.default_rng(0))
        answer = [derive(network, f"{name}.W[0,1]", np.ones((3, 2)), np.eye(2)[[0, 1, 0]], params=params)]
        return html_worksheet(answer), latex_worksheet(answer)

    hostile, benign = written(name), written("benign")
    assert [tag for tag in Tags(hostile[0]).found if tag[0] not in MATHML] == [
        tag for tag in Tags(benign[0]).found if tag[0] not in MATHML
    ]
    assert commands(hostile[1]) - LETTERS <= commands(benign[1])


MATHML = {"mi", "mo", "mn", "mtext", "mrow", "mspace", "mstyle"}


@given(st.lists(names, min_size=2, max_size=4, unique=True))
def test_a_name_is_a_cell_in_csv(classes: list[str]) -> None:
    from chainrule.sources.unreadable import Unreadable, as_csv

    text = as_csv(tuple(Unreadable(name, name) for name in classes))
    assert [row[0] for row in csv.reader(io.StringIO(text, newline=""))][1:] == classes


def test_a_table_of_hostile_names_is_learned_reported_and_predicted(tmp_path: Path) -> None:
    """All of them at once, through the job and everything that it writes."""
    from chainrule.job.config import Config
    from chainrule.job.folder import RunFolder
    from chainrule.job.predict import open_model, predict_table
    from chainrule.job.train import Job

    cells = [name for name in HOSTILE if name.isprintable() or name in ("a\nb", "\x1b]0;owned\x07", "\u202etxt.exe")]
    columns = [name for name in cells if name.strip()]
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(len(cells) * 6, len(columns))), columns=columns)
    frame["class"] = cells * 6
    frame.to_csv(tmp_path / "t.csv", index=False)
    job = Job(Config(str(tmp_path / "t.csv"), target="class", epochs=2), RunFolder(tmp_path / "run"))
    list(job)
    outcome = job.finish()
    page = outcome.folder.report.read_text() + outcome.folder.pipeline.read_text()
    assert "<script" not in page.lower()
    assert not [tag for tag, attributes in Tags(page).found if tag in ("script", "img", "iframe")]
    assert tomllib.loads(outcome.folder.config.read_text())["target"] == "class"
    predicted = predict_table(open_model(outcome.folder.model), str(tmp_path / "t.csv")).table
    assert set(predicted.iloc[:, 0]) <= set(cells)
