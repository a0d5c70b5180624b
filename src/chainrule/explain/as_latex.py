r"""A derivation in LaTeX: the body of a document, or a worksheet that pdflatex compiles as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chainrule.explain.blank import without_solution
from chainrule.explain.check import how_measured
from chainrule.explain.content import Content
from chainrule.explain.notation import LATEX_OF, figure, latex_figure
from chainrule.explain.parts import Matrix
from chainrule.explain.through_time import as_latex as through_time
from chainrule.printable import printable

# What pupils fill in.
BLANK = r"\underline{\hspace{6em}}"
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
} | {letter: "\\" + letter for letter in "_%#&$"}


def worksheet(derivations: Sequence[Content], *, solution: bool = True, title: str = "Derivatives by hand") -> str:
    """Return a whole document: every derivation on a page of its own, with its solution or with blanks."""
    parts = [body(derivation, solution=solution) for derivation in derivations]
    return "\n".join(
        [
            r"\documentclass[11pt,a4paper]{article}",
            r"\usepackage[utf8]{inputenc}",
            # A small TeX lacks these fonts, and the ones that T1 falls back on.
            r"\IfFileExists{lmodern.sty}{\usepackage[T1]{fontenc}\usepackage{lmodern}}{}",
            r"\usepackage{amsmath,amssymb}",
            r"\usepackage[margin=22mm]{geometry}",
            r"% A long table finds its widths in the second run of pdflatex.",
            r"\usepackage{longtable}",
            r"\usepackage{graphicx}",
            r"\allowdisplaybreaks",
            r"\setlength{\parindent}{0pt}",
            r"\setlength{\parskip}{4pt}",
            rf"\title{{{escaped(title)}}}",
            r"\date{}",
            r"\begin{document}",
            r"\maketitle",
            "\n\\newpage\n".join(parts),
            r"\end{document}",
            "",
        ]
    )


def body(derivation: Content, *, solution: bool = True) -> str:
    """Return the sections of one derivation."""
    lines = [
        rf"\section*{{The derivative by \texttt{{{escaped(derivation.of)}}}: ${derivation.title}$}}",
        *_letters(derivation),
    ]
    for step in derivation.steps:
        lines += [rf"\subsection*{{{escaped(step.title)}}}", escaped(step.text)]
        formulas = step.lines if solution or not step.worked else tuple(without_solution(step.lines, BLANK))
        lines += [_display(formulas)] if formulas else []
        if step.name == "numbers":
            lines += list(_terms(derivation, solution))
        if step.name == "time" and derivation.unrolled:
            lines += [through_time.table(derivation.unrolled, solution, BLANK)]
    lines += [r"\subsection*{The same with matrices}", _display(derivation.vectorised.lines)]
    lines += [_matrix(matrix, solution) for matrix in derivation.vectorised.matrices]
    if derivation.update is not None:
        update = derivation.update
        formulas = (
            update.lines if solution else tuple(without_solution(update.lines, BLANK, mark=r"\leftarrow", after=1))
        )
        lines += [
            r"\subsection*{The update}",
            rf"{escaped(update.rule)}, $\eta = {latex_figure(update.learning_rate)}$.",
        ]
        lines += [escaped(update.note)] if update.note else []
        lines += [_display(formulas)]
    lines += list(_check(derivation, solution))
    return "\n\n".join(lines)


def escaped(text: str) -> str:
    """Return a text whose every character LaTeX takes."""
    return "".join(_ESCAPES.get(letter) or LATEX_OF.get(letter) or letter for letter in printable(text))


def _display(lines: Sequence[str]) -> str:
    return "\\begin{gather*}\n" + " \\\\\n".join(_breakable(line) for line in lines) + "\n\\end{gather*}"


def _breakable(line: str) -> str:
    """Shrink a formula that would run out of the page."""
    size = len(line.replace(r"\partial", "").replace(r"\frac", ""))
    return line if size < 190 else rf"\resizebox{{0.97\linewidth}}{{!}}{{$\displaystyle {line}$}}"


def _letters(derivation: Content) -> Iterator[str]:
    rows = [rf"${letter.latex}$ & {escaped(letter.meaning)} \\" for letter in derivation.letters]
    yield "\n".join([r"\begin{longtable}[l]{@{}ll@{}}", *rows, r"\end{longtable}"])
    yield "Indices count from 0, as in the code."


def _terms(derivation: Content, solution: bool) -> Iterator[str]:
    if not solution and derivation.given:
        given = ", ".join(rf"${symbol} = {latex_figure(value)}$" for symbol, value in derivation.given)
        yield rf"\textbf{{Given:}} {given}."
    if len(derivation.terms) < 2:
        return
    rows = []
    for term in derivation.terms:
        product, value = term.figures.rpartition(" = ")[0] or term.symbols, latex_figure(term.value)
        if not solution:
            product, value = term.symbols, BLANK
        row = "" if term.row is None else str(term.row)
        through = r" $\to$ ".join(escaped(name) for name in term.shown_path)
        rows.append(rf"{row} & {through} & ${product}$ & ${value}$ \\")
    left = derivation.n_terms - len(derivation.terms)
    if left:
        rows.append(rf" & {left:,} more & & ${latex_figure(derivation.rest)}$ \\".replace(",", "{,}"))
    rows.append(rf"\hline & sum & & ${latex_figure(derivation.total) if solution else BLANK}$ \\")
    head = r"row & through & product & value \\ \hline \endhead"
    yield "\n".join(
        [r"{\footnotesize \renewcommand{\arraystretch}{1.5} \begin{longtable}{rllr}", head, *rows, r"\end{longtable}}"]
    )


def _matrix(matrix: Matrix, solution: bool) -> str:
    rows = []
    for at, line in zip(matrix.rows, matrix.values, strict=True):
        cells = []
        for column, value in zip(matrix.columns, line, strict=True):
            cell = latex_figure(value, 3)
            if not solution and matrix.hides(at, column):
                cell = r"\boxed{\phantom{000}}"
            elif solution and matrix.marks(at, column):
                cell = rf"\mathbf{{{cell}}}"
            cells.append(cell)
        rows.append(" & ".join(cells) + (r" & \cdots" if len(matrix.columns) < matrix.shape[1] else ""))
    dots = r" \\ \vdots" if len(matrix.rows) < matrix.shape[0] else ""
    columns = "r" * (len(matrix.columns) + 1)
    inner = r" \\ ".join(rows) + dots
    formula = rf"{matrix.latex} = \left(\begin{{array}}{{{columns}}} {inner} \end{{array}}\right)"
    size = r"{\scriptsize " if len(matrix.columns) > 7 else "{"
    return rf"{escaped(matrix.name)}, ${matrix.shape[0]} \times {matrix.shape[1]}$: {size}\[{formula}\]}}"


def _check(derivation: Content, solution: bool) -> Iterator[str]:
    check, source = derivation.check, derivation.source
    yield r"\subsection*{By number}"
    yield escaped(how_measured(check))
    derived, measured, verdict = figure(check.analytic, 12), check.measured, check.sentence
    rows = [("derived", derived), ("measured", measured), ("verdict", verdict)]
    cells = [rf"{name} & {escaped(told) if solution else BLANK} \\" for name, told in rows]
    yield "\n".join([r"\begin{tabular}{@{}lp{0.75\linewidth}@{}}", *cells, r"\end{tabular}"])
    if source.line:
        yield rf"The library computes it in \texttt{{{escaped(source.file)}}}, line {source.line}: \\ \texttt{{{escaped(source.text)}}}"
