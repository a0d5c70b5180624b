"""The bare script: prediction alone, with the standard library and NumPy, from a row (a dict) to an answer."""

from __future__ import annotations

from chainrule.encode.category import Category, Ordinal
from chainrule.encode.dates import Date
from chainrule.encode.encoder import Encoder
from chainrule.encode.numeric import Boolean, Numeric
from chainrule.encode.words import Text
from chainrule.exporters import script
from chainrule.exporters.lesson import Lesson
from chainrule.exporters.losses import NUMPY as LOSSES
from chainrule.exporters.losses import Lines
from chainrule.exporters.numpy import LOAD, classes, make, network_source
from chainrule.exporters.preparation import Plain
from chainrule.exporters.script import Written, packed
from chainrule.exporters.table import Table
from chainrule.tree import leaves

# An entry returns the name of the function in `_READERS` that reads one cell.
CELLS = Table("the bare script", "column")


@CELLS.entry(Numeric)
def number(encoder: Encoder) -> str:
    """A number, or a text that is one."""
    return "number_of"


@CELLS.entry(Boolean, Category, Ordinal, Text)
def text(encoder: Encoder) -> str:
    """A text in the form in which it is compared."""
    return "text_of"


@CELLS.entry(Date)
def date(encoder: Date) -> str:
    """A date of Python, or a text such as 2026-11-24."""
    return "date_of"


def write(lesson: Lesson) -> Written:
    """Return the script and its files: nothing of the data goes with it."""
    plain = Plain()
    model = lesson.model
    made = make(model.network.layer, model.network.input_shape)
    prepare = script.preparation(lesson, plain)
    loss = LOSSES.find(model.network.loss)(model.network.loss)
    readers = _readers(lesson)
    plain.imports |= {"import re"} if "number_of" in readers.values() else set()
    imports = ["import math"] if "Gelu" in made.kinds else []
    head = script.opening(lesson, "NumPy alone", imports, plain, "from a row to an answer")
    head = [line for line in head if not line.startswith("DATA = ")]
    blocks = [
        "\n".join(head),
        *plain.needs.values(),
        *(_READERS[name] for name in dict.fromkeys(readers.values())),
        prepare,
        *classes(made, learns=False),
        network_source(made),
        LOAD,
        Lines([], loss.link).source,
        *_predict(lesson, readers),
    ]
    main = f"{lesson.slug}_bare.py"
    files = {main: script.joined(blocks), f"{lesson.slug}_end.npz": packed(dict(leaves(model.params)))}
    if plain.arrays:
        files[f"{lesson.slug}_fitted.npz"] = packed(plain.arrays)
    return Written(files, main, list(lesson.notes))


def _readers(lesson: Lesson) -> dict[str, str]:
    preparation = lesson.model.preparation
    encoders = () if preparation is None else preparation.encoders
    return {encoder.name: CELLS.find(encoder)(encoder) for encoder in encoders}


def _predict(lesson: Lesson, readers: dict[str, str]) -> list[str]:
    y = script.in_own_unit(lesson, f'link(NET.forward(prepare(cells), load("{lesson.slug}_end.npz")))')
    named = script.has_classes(lesson)
    rows = (
        ["    cells = {name: np.array([read(row.get(name))]) for name, read in COLUMNS.items()}"]
        if readers
        else ["    cells = {name: np.asarray(value)[None] for name, value in row.items()}"]
    )
    columns = ["COLUMNS = {", *(f"    {name!r}: {reader}," for name, reader in readers.items()), "}"] if readers else []
    what = "the probability of each class by its name" if named else "the values"
    answer = "dict(zip(CLASSES, y.tolist()))" if named else "y.tolist()"
    outputs = "list(answer.values())" if named else "answer"
    predict = [
        "def predict(row):",
        f'    """Return {what}, for a row: a dict of its columns; what is left out, or None, is missing."""',
        *rows,
        f"    y = ({y})[0]",
        f"    return {answer}",
        "",
        "",
        "def outputs(answer):",
        '    """Return the numbers of an answer alone."""',
        f"    return {outputs}",
    ]
    return ["\n".join(columns), "\n".join(predict)]


_READERS = {
    "number_of": '''
def number_of(cell):
    """Return a cell as a number; $1,200 is 1200 and 52.1% is 52.1."""
    if cell is None or cell == "":
        return np.nan
    return float(re.sub(r"[\\s$€£¥,%]", "", cell) if isinstance(cell, str) else cell)
''',
    "text_of": '''
def text_of(cell):
    """Return a cell as text: 3, 3.0 and "3" are one category."""
    if cell is None or cell != cell:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
''',
    "date_of": '''
def date_of(cell):
    """Return a date."""
    return np.datetime64(cell or "NaT", "us")
''',
}
