"""A derivation for the terminal: formulas in Unicode, numbers in columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from chainrule.explain.check import how_measured
from chainrule.explain.content import Content
from chainrule.explain.notation import figure, plain
from chainrule.explain.parts import Matrix, Update, Vectorised
from chainrule.explain.through_time import as_text as through_time

WIDTH = 100


def as_text(derivation: Content) -> str:
    """Return the whole derivation as lines for the terminal."""
    title = f"{plain(derivation.title)}    the derivative of the cost by {derivation.of}"
    lines = [title, "═" * min(WIDTH, len(title)), "", *_letters(derivation)]
    number = 0
    for number, step in enumerate(derivation.steps, start=1):
        lines += ["", *_heading(number, step.title), *_wrapped(step.text), ""]
        lines += [line for formula in step.lines for line in _formula(plain(formula))]
        if step.name == "numbers":
            lines += _terms(derivation)
        if step.name == "time" and derivation.unrolled:
            lines += through_time.table(derivation.unrolled)
    lines += ["", *_heading(number + 1, "The same with matrices"), *_matrices(derivation.vectorised)]
    if derivation.update is not None:
        number += 1
        lines += ["", *_heading(number + 1, "The update"), *_update(derivation.update)]
    lines += ["", *_heading(number + 2, "By number"), *_check(derivation)]
    return "\n".join(line.rstrip() for line in lines)


def _letters(derivation: Content) -> Iterator[str]:
    pairs = [(plain(letter.latex), letter.meaning) for letter in derivation.letters]
    width = max(len(name) for name, _ in pairs)
    for name, meaning in pairs:
        yield f"  {name.ljust(width)}  {meaning}"
    yield ""
    yield "  Indices count from 0, as in the code."


def _heading(number: int, title: str) -> Iterator[str]:
    yield f"{number}  {title}"
    yield "─" * len(f"{number}  {title}")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH)


def _formula(text: str) -> Iterator[str]:
    """Indent a formula, and break a long one before a sum's next summand or a product's next factor."""
    yield from textwrap.wrap(
        text, WIDTH - 4, initial_indent="    ", subsequent_indent="        ", break_long_words=False
    )


def _terms(derivation: Content) -> Iterator[str]:
    """The summands in a table: row, unit, product, value."""
    if len(derivation.terms) < 2:
        return
    yield ""
    rows = [("row", "through", "product", "value")]
    for term in derivation.terms:
        product = plain(term.figures).rpartition(" = ")[0] or plain(term.symbols)
        through = " → ".join(term.shown_path)
        rows.append(("" if term.row is None else str(term.row), through, product, figure(term.value)))
    left = derivation.n_terms - len(derivation.terms)
    if left:
        rows.append(("", f"{left:,} more", "", figure(derivation.rest)))
    rows.append(("", "sum", "", figure(derivation.total)))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for at, (row, through, product, value) in enumerate(rows):
        if at == len(rows) - 1:
            yield "    " + "─" * (sum(widths) + 6)
        cells = (row.rjust(widths[0]), through.ljust(widths[1]), product.ljust(widths[2]), value.rjust(widths[3]))
        yield "    " + "  ".join(cells)
    if derivation.neurons:
        yield ""
        parts = ", ".join(f"{name} {figure(value)}" for name, value in derivation.neurons[:12])
        more = f" and {len(derivation.neurons) - 12} more" if len(derivation.neurons) > 12 else ""
        yield from textwrap.wrap(
            f"By unit of the next layer: {parts}{more}.", WIDTH, initial_indent="    ", subsequent_indent="    "
        )


def _matrices(vectorised: Vectorised) -> Iterator[str]:
    yield ""
    for line in vectorised.lines:
        yield from _formula(plain(line))
    for matrix in vectorised.matrices:
        yield ""
        yield from matrix_lines(matrix)


def matrix_lines(matrix: Matrix) -> Iterator[str]:
    """Return a matrix with its numbers; the row and column that matter are marked."""
    cells = [[figure(value, 3) for value in line] for line in matrix.values]
    widths = [max(len(line[j]) for line in cells) for j in range(len(matrix.columns))]
    widths = [max(width, len(str(at)) + 1) for width, at in zip(widths, matrix.columns, strict=True)]
    yield f"    {plain(matrix.latex)}  {matrix.name}, {matrix.shape[0]}×{matrix.shape[1]}"
    heads = [f"{at}{'▾' if at == matrix.column else ''}" for at in matrix.columns]
    cut = " …" if len(matrix.columns) < matrix.shape[1] else ""
    yield "        " + "  ".join(head.rjust(width) for head, width in zip(heads, widths, strict=True)) + cut
    for at, line in zip(matrix.rows, cells, strict=True):
        mark = "▸" if at == matrix.row else " "
        yield (
            f"    {at:>2}{mark} " + "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) + cut
        )
    if len(matrix.rows) < matrix.shape[0]:
        yield "     …"


def _update(update: Update) -> Iterator[str]:
    yield from _wrapped(f"{update.rule} with the learning rate η = {update.learning_rate:g}. {update.note}".strip())
    yield ""
    for line in update.lines:
        yield from _formula(plain(line))


def _check(derivation: Content) -> Iterator[str]:
    check, source = derivation.check, derivation.source
    yield from _wrapped(how_measured(check))
    yield ""
    derived = figure(check.analytic, 12)
    yield f"    derived   {'' if derived.startswith('−') else ' '}{derived}"
    yield f"    measured  {'' if check.measured.startswith('−') else ' '}{check.measured}"
    yield from textwrap.wrap(f"verdict    {check.sentence}", WIDTH, initial_indent="    ", subsequent_indent=" " * 15)
    if source.line:
        yield ""
        yield f"The library computes it in {source.file}, line {source.line} ({source.function}):"
        yield ""
        yield f"    {source.text}"
