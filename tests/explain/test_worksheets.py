"""Worksheets: one file each, whole, with the solution or without a trace of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from chainrule import nn
from chainrule.explain import Derivation, derive, derive_output, html_worksheet, latex_worksheet
from chainrule.explain.as_latex import escaped
from chainrule.explain.blank import without_solution
from tests.explain import cases

XOR, IRIS = (cases.dense_cases()[i] for i in (1, 3))
VOID = {"meta", "br", "link", "hr", "img"}


@pytest.fixture(scope="module")
def derivations() -> list[Derivation]:
    given = (XOR.batch.x, XOR.batch.t)
    return [
        derive(XOR.network, "hidden1.W[0,2]", *given, params=XOR.params, penalty=nn.Penalty(l1=0.1, l2=0.2)),
        derive(XOR.network, "output.b[1]", *given, params=XOR.params),
        derive_output(XOR.network, 1, *given, params=XOR.params, row=2),
    ]


class Balance(HTMLParser):
    """Every element that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("solution", [True, False])
def test_the_page_is_whole_and_loads_nothing(derivations: list[Derivation], solution: bool) -> None:
    page = html_worksheet(derivations, solution=solution, title="Ableitungen <von Hand> & Co.")
    parser = Balance()
    parser.feed(page)
    assert not parser.open
    assert parser.seen.count("article") == 3
    assert {"script", "link", "img", "iframe"}.isdisjoint(parser.seen)
    assert not re.findall(r"https?://(?!www\.w3\.org)", page)
    assert "Ableitungen &lt;von Hand&gt; &amp; Co." in page
    assert "§" not in page


@pytest.mark.parametrize("write", [html_worksheet, latex_worksheet])
@pytest.mark.parametrize("of", ["bias", "logit"])
def test_no_result_is_left_on_a_sheet_for_a_bias_or_an_output(write: object, of: str) -> None:
    given = (IRIS.network, IRIS.batch.x, IRIS.batch.t)
    # Of three classes, and in a row whose target is 1, no other number is the same.
    row = int(IRIS.batch.t[:, 1].argmax())
    if of == "bias":
        derivation = derive(given[0], "output.b[1]", *given[1:], params=IRIS.params)
    else:
        derivation = derive_output(given[0], 1, *given[1:], params=IRIS.params, row=row)
    secrets = {f"{abs(derivation.total):.{digits}g}" for digits in (3, 4)}
    with_it, without = (write([derivation], solution=solution) for solution in (True, False))  # type: ignore[operator]
    assert all(secret in with_it for secret in secrets)
    assert not [secret for secret in secrets if re.search(rf"(?<![\d.]){re.escape(secret)}(?!\d)", without)]


@pytest.mark.parametrize("write", [html_worksheet, latex_worksheet])
def test_no_solution_is_left_on_the_sheet(derivations: list[Derivation], write: object) -> None:
    weight = derivations[0]
    secrets = [f"{term.value:.4g}".lstrip("-") for term in weight.terms if term.value]
    secrets += [f"{weight.total:.4g}".lstrip("-"), f"{weight.check.analytic:.12g}", f"{weight.check.analytic:.10g}"]
    secrets += [f"{weight.update.after:.6g}".lstrip("-")]  # type: ignore[union-attr]
    with_it, without = (write([weight], solution=solution) for solution in (True, False))  # type: ignore[operator]
    assert sum(secret in with_it for secret in secrets) > len(secrets) / 2
    found = [secret for secret in secrets if re.search(rf"(?<![\d.]){re.escape(secret)}(?!\d)", without)]
    # Only the slope by number stays, for the pupil to check the result with.
    assert found in ([], [f"{weight.check.numeric:.10g}"], [f"{weight.check.numeric:.12g}"])


def test_what_is_given_suffices_to_compute_every_term(derivations: list[Derivation]) -> None:
    weight = derivations[0]
    given = dict(weight.given)
    for term in weight.terms:
        n, k = term.row, term.path[1].split(".")[1]
        z = given[f"z_{{{n},2}}"]
        error = given[f"y_{{{n},{k}}}"] - given[f"t_{{{n},{k}}}"]
        value = error * given[f"V_{{2,{k}}}"] * z * (1 - z) * given[f"x_{{{n},0}}"] / 4
        assert value == pytest.approx(term.value, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("solution", [True, False])
def test_the_article_is_balanced_latex(derivations: list[Derivation], solution: bool) -> None:
    text = latex_worksheet(derivations, solution=solution)
    begun = re.findall(r"\\begin\{(\w+\*?)\}", text)
    ended = re.findall(r"\\end\{(\w+\*?)\}", text)
    assert sorted(begun) == sorted(ended)
    assert text.startswith(r"\documentclass")
    assert text.rstrip().endswith(r"\end{document}")
    unescaped = re.sub(r"\\[{}]", "", text)
    assert unescaped.count("{") == unescaped.count("}")
    assert text.count(r"\left") - text.count(r"\leftarrow") == text.count(r"\right")
    assert text.count("$") % 2 == 0
    assert all(ord(letter) < 128 for letter in text)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("solution", [True, False])
def test_pdflatex_compiles_the_article(derivations: list[Derivation], solution: bool, tmp_path: Path) -> None:
    (tmp_path / "sheet.tex").write_text(latex_worksheet(derivations, solution=solution))
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "sheet.tex"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]


def test_text_is_escaped_for_latex() -> None:
    assert (
        escaped("50 % of a_b & {c} ~ \\d δ") == r"50 \% of a\_b \& \{c\} \textasciitilde{} \textbackslash{}d $\delta$"
    )


def test_blanks_stand_right_of_the_sign() -> None:
    lines = ["a = b = c", "= goes on", r"w \leftarrow 1"]
    assert list(without_solution(lines, "_")) == ["a = _"]
    assert list(without_solution(lines, "_", mark=r"\leftarrow", after=2)) == [
        "a = b = c",
        "= goes on",
        r"w \leftarrow_",
    ]


def test_a_notebook_shows_the_derivation(derivations: list[Derivation]) -> None:
    parser = Balance()
    parser.feed(derivations[0]._repr_html_())
    assert not parser.open
    assert "hidden1.W[0,2]" in derivations[0]._repr_html_()
    assert str(derivations[0]) == derivations[0].text


def test_a_sheet_to_fill_in_shows_neither_what_was_measured_nor_which_entries_count(
    derivations: list[Derivation],
) -> None:
    for write, mark in ((html_worksheet, "class='cr-on'"), (latex_worksheet, r"\mathbf{")):
        solved, blank = (write(derivations[:1], solution=solution) for solution in (True, False))
        assert mark in solved
        assert mark not in blank
        assert derivations[0].check.measured.split(" ")[0] not in blank
