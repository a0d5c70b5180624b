"""A derivation in HTML: a fragment for a notebook, or a worksheet that is one file and loads nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from chainrule.explain.blank import without_solution
from chainrule.explain.check import how_measured
from chainrule.explain.content import Content
from chainrule.explain.notation import figure, mathml
from chainrule.explain.parts import Matrix
from chainrule.explain.sheet import STYLE
from chainrule.explain.through_time import as_html as through_time

# In a formula, a letter that nothing else uses stands for a blank until the formula is MathML.
_MARK = r"\text{§}"
_BLANK = "<span class='cr-blank'></span>"


def worksheet(derivations: Sequence[Content], *, solution: bool = True, title: str = "Derivatives by hand") -> str:
    """Return a whole page: every derivation, with its solution or with blanks to fill in."""
    name = "" if solution else "<p class='cr-name'>Name <span class='cr-blank cr-long'></span></p>"
    articles = "\n".join(_article(derivation, solution) for derivation in derivations)
    return (
        "<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body class='cr-page'>\n"
        f"<header class='cr-top'><h1>{escape(title)}</h1>{name}</header>\n{articles}\n</body>\n</html>\n"
    )


def fragment(derivation: Content) -> str:
    """Return the derivation with its own style, for a page that has others."""
    return f"<style>{STYLE}</style>\n{_article(derivation, True)}"


def _article(derivation: Content, solution: bool) -> str:
    parts = [
        "<article class='cr'>",
        f"<header><div class='cr-title'>{mathml(derivation.title)}</div>"
        f"<p>The derivative of the cost by <code>{escape(derivation.of)}</code></p></header>",
        _letters(derivation),
    ]
    for number, step in enumerate(derivation.steps, start=1):
        inside = _formulas(step.lines, solution or not step.worked)
        if step.name == "numbers":
            inside += through_time.strip(derivation.unrolled) if derivation.unrolled and solution else ""
            inside += "".join(_terms(derivation, solution))
        if step.name == "time" and derivation.unrolled:
            inside += "".join(through_time.table(derivation.unrolled, solution, _BLANK))
        parts.append(_section(number, step.title, f"<p>{escape(step.text)}</p>{inside}"))
    number = len(derivation.steps)
    parts.append(_section(number + 1, "The same with matrices", _matrices(derivation, solution)))
    if derivation.update is not None:
        number += 1
        parts.append(_section(number + 1, "The update", _update(derivation, solution)))
    parts.append(_section(number + 2, "By number", _check(derivation, solution)))
    return "\n".join([*parts, "</article>"])


def _section(number: int, title: str, inside: str) -> str:
    return f"<section><h2><span>{number}</span>{escape(title)}</h2>{inside}</section>"


def _letters(derivation: Content) -> str:
    items = "".join(
        f"<div><dt>{_inline(letter.latex)}</dt><dd>{escape(letter.meaning)}</dd></div>" for letter in derivation.letters
    )
    return f"<dl class='cr-letters'>{items}</dl><p class='cr-soft'>Indices count from 0, as in the code.</p>"


def _formulas(lines: Sequence[str], solution: bool, mark: str = " = ", after: int = 0) -> str:
    shown = lines if solution else tuple(without_solution(lines, _MARK, mark=mark, after=after))
    return "".join(f"<div class='cr-formula'>{_filled(line)}</div>" for line in shown)


def _filled(latex: str) -> str:
    """The formula, with the marks in it as blanks."""
    return mathml(latex).replace("<mtext>§</mtext>", f"<mtext class='cr-gap'>{'&#160;' * 24}</mtext>")


def _inline(latex: str) -> str:
    return mathml(latex).replace('display="block"', 'display="inline"')


def _terms(derivation: Content, solution: bool) -> Iterator[str]:
    """The summands in a table, each with a bar of its size."""
    if not solution and derivation.given:
        given = "".join(
            f"<li>{_inline(symbol)}<span>= {figure(value)}</span></li>" for symbol, value in derivation.given
        )
        yield f"<div class='cr-given'><b>Given</b><ul>{given}</ul></div>"
    if len(derivation.terms) < 2:
        return
    largest = max(abs(term.value) for term in derivation.terms) or 1.0
    yield "<div class='cr-scroll'><table class='cr-terms'><tr><th>row</th><th>through</th><th>product</th><th class='n'>value</th>"
    yield "<th></th></tr>" if solution else "</tr>"
    for term in derivation.terms:
        through = " → ".join(escape(name) for name in term.shown_path)
        product = term.figures.rpartition(" = ")[0] or term.symbols
        row = "" if term.row is None else str(term.row)
        step = "" if term.step is None else f" data-step='{term.step}'"
        spot = through_time.chip(derivation.unrolled, term.step)
        yield f"<tr data-neuron='{escape(term.neuron)}'{step}><td>{row}</td><td>{spot}{through}</td>"
        yield f"<td>{_inline(product if solution else term.symbols)}</td>"
        if solution:
            yield f"<td class='n'>{figure(term.value)}</td><td class='cr-bar'>{_bar(term.value / largest)}</td></tr>"
        else:
            yield f"<td class='n'>{_BLANK}</td></tr>"
    left = derivation.n_terms - len(derivation.terms)
    if left:
        yield f"<tr><td></td><td>{left:,} more</td><td></td><td class='n'>{figure(derivation.rest)}</td></tr>"
    total = figure(derivation.total) if solution else _BLANK
    yield f"<tr class='cr-sum'><td></td><td>sum</td><td></td><td class='n'>{total}</td></tr></table></div>"
    if solution and derivation.neurons:
        parts = ", ".join(f"{escape(name)}&nbsp;{figure(value)}" for name, value in derivation.neurons[:12])
        more = f" and {len(derivation.neurons) - 12} more" if len(derivation.neurons) > 12 else ""
        yield f"<p class='cr-soft'>By unit of the next layer: {parts}{more}.</p>"


def _bar(share: float) -> str:
    side = "right" if share < 0 else "left"
    kind = "down" if share < 0 else "up"
    return f"<i class='{kind}' style='{side}:50%;width:{abs(share) * 50:.1f}%'></i>"


def _matrices(derivation: Content, solution: bool) -> str:
    vectorised = derivation.vectorised
    tables = "".join(_matrix(matrix, solution) for matrix in vectorised.matrices)
    return f"{_formulas(vectorised.lines, True)}<div class='cr-matrices'>{tables}</div>"


def _matrix(matrix: Matrix, solution: bool) -> str:
    # Which entries count is for whoever fills in the sheet to find.
    head = "".join(f"<th{_on(solution and matrix.column == at)}>{at}</th>" for at in matrix.columns)
    cut = "<td>…</td>" if len(matrix.columns) < matrix.shape[1] else ""
    body = ""
    for at, line in zip(matrix.rows, matrix.values, strict=True):
        cells = ""
        for column, value in zip(matrix.columns, line, strict=True):
            hidden = matrix.hides(at, column) and not solution
            cells += f"<td{_on(solution and matrix.marks(at, column))}>{_BLANK if hidden else figure(value, 3)}</td>"
        body += f"<tr><th{_on(solution and matrix.row == at)}>{at}</th>{cells}{cut}</tr>"
    if len(matrix.rows) < matrix.shape[0]:
        body += "<tr><th>⋮</th></tr>"
    caption = f"{_inline(matrix.latex)} {escape(matrix.name)}, {matrix.shape[0]}×{matrix.shape[1]}"
    return f"<figure><figcaption>{caption}</figcaption><table class='cr-matrix'><tr><th></th>{head}</tr>{body}</table></figure>"


def _on(marked: bool) -> str:
    return " class='cr-on'" if marked else ""


def _update(derivation: Content, solution: bool) -> str:
    update = derivation.update
    assert update is not None  # noqa: S101 (the caller has looked)
    text = f"{update.rule} with the learning rate η = {update.learning_rate:g}. {update.note}"
    return f"<p>{escape(text)}</p>{_formulas(update.lines, solution, mark=chr(92) + 'leftarrow', after=1)}"


def _check(derivation: Content, solution: bool) -> str:
    check, source = derivation.check, derivation.source
    derived, measured, verdict = figure(check.analytic, 12), check.measured, escape(check.sentence)
    if not solution:
        derived = measured = verdict = _BLANK
    where = (
        f"<p class='cr-soft'>The library computes it in {escape(source.file)}, line {source.line} "
        f"({escape(source.function)}):</p><pre>{escape(source.text)}</pre>"
        if source.line
        else ""
    )
    return (
        f"<p>{escape(how_measured(check))}</p>"
        f"<table class='cr-check'><tr><th>derived</th><td>{derived}</td></tr>"
        f"<tr><th>measured</th><td>{measured}</td></tr>"
        f"<tr><th>verdict</th><td>{verdict}</td></tr></table>{where}"
    )
