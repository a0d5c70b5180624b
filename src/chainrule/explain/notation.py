r"""Notation: one LaTeX formula, and what it is as MathML for the browser and as a line of Unicode for the terminal."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from chainrule.printable import printable

_SYMBOLS = {
    "partial": "∂", "sum": "Σ", "prod": "Π", "cdot": "·", "odot": "⊙", "times": "×", "leftarrow": "←", "top": "ᵀ",
    "quad": "  ", ",": " ", ";": " ", "!": "", "dots": "…", "cdots": "⋯", "le": "≤", "ge": "≥", "neq": "≠", "ne": "≠",
    "approx": "≈", "star": "⋆", "ast": "∗", "in": "∈", "ni": "∋", "arg": "arg ", "lceil": "⌈", "rceil": "⌉", "infty": "∞", "pm": "±", "lfloor": "⌊", "rfloor": "⌋",
    "left": "", "right": "", "limits": "", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε",
    "eta": "η", "lambda": "λ", "mu": "μ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "omega": "ω",
    "Phi": "Φ", "Sigma": "Σ", "Delta": "Δ", "to": "→", "sim": "~", "langle": "⟨", "rangle": "⟩", "mid": "|",
    "{": "{", "}": "}", "_": "_", "%": "%", "#": "#", "&": "&", "|": "‖", "vert": "|",
}  # fmt: skip
_ACCENTS = {"hat": "\u0302", "tilde": "\u0303", "bar": "\u0304"}
_THIN = '<mspace width="0.167em"></mspace>'
_VERBATIM = ("text", "mathrm", "mathbf", "mathit", "operatorname")
_BELOW = dict(zip("0123456789aehijklmnoprstuvx+-=()", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ₊₋₌₍₎", strict=True))
_ABOVE = dict(
    zip(
        "0123456789abcdefghijklmnoprstuvwxyzLNKMDTᵀ+-−=()",
        "⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴸᴺᴷᴹᴰᵀᵀ⁺⁻⁻⁼⁽⁾",
        strict=True,
    )
)
_RAISED = frozenset(_ABOVE.values())
_MATH = {
    sign: rf"$\{name}$" for name, sign in _SYMBOLS.items() if name.isalpha() and len(sign) == 1 and ord(sign) > 127
}
# How LaTeX takes the letters that stand in a text.
LATEX_OF = (
    _MATH
    | {small: f"$^{{{large}}}$" for large, small in _ABOVE.items() if ord(large) < 128}
    | {small: f"$_{{{large}}}$" for large, small in _BELOW.items()}
    | {"−": "$-$", "Σ": r"$\sum$", "ᵀ": r"$^\top$", "’": "'", "–": "--", "…": r"\dots{}"}
)
_PIECE = re.compile(r"\\[a-zA-Z]+\*?|\\.|\s+|.", re.DOTALL)


def figure(value: float, digits: int = 4) -> str:
    """Return a number as a person writes it: four digits, a real minus sign, powers of ten where they help."""
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "NaN")
    text = f"{value:.{digits}g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = f"{mantissa}·10{raised(str(int(exponent)))}"
    return "0" if float(value) == 0 else text.replace("-", "−")


def latex_figure(value: float, digits: int = 4) -> str:
    """Return the same number as LaTeX."""
    if not math.isfinite(value):
        return {math.inf: r"\infty", -math.inf: r"-\infty"}.get(value, r"\text{NaN}")
    text = f"{value:.{digits}g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    return "0" if float(value) == 0 else text


def bracketed(value: float, digits: int = 4) -> str:
    """Return the number as LaTeX, in brackets if a product or a difference could not take it otherwise."""
    text = latex_figure(value, digits)
    return rf"({text})" if value < 0 or "cdot" in text else text


def raised(text: str) -> str:
    """Return a short text as Unicode superscript."""
    return "".join(_ABOVE[letter] for letter in text) if all(c in _ABOVE for c in text) else f"^({text})"


def lowered(text: str) -> str:
    """Return a short text as Unicode subscript, or as an index in brackets: W[0,2], y[n,k]."""
    return _BELOW[text] if len(text) == 1 and text in _BELOW else _indexed(text)


def _indexed(text: str) -> str:
    return f"[{','.join(text) if text.isascii() and text.isalpha() else text}]"


def name_latex(name: str) -> str:
    """Return the name of a layer or a column as LaTeX."""
    name = printable(name)
    for letter in r"\{}_%#&$^~":
        name = name.replace(letter, {"\\": r"\backslash "}.get(letter, "\\" + letter) if letter not in "^~" else "-")
    return rf"\text{{{name}}}"


@lru_cache(maxsize=4096)
def mathml(latex: str) -> str:
    """Return the formula as a MathML element that needs no script to be shown."""
    from latex2mathml.converter import convert

    # The limits of a sum stand below and above it, as on a blackboard.
    markup = str(convert(re.sub(r"\\(sum|prod)(?=[_^])", r"\\\1\\limits", latex), display="block"))
    # A prime is raised by its own glyph; a function's name needs air before its argument.
    markup = markup.replace("<msup><mi>k</mi><mi>&#x02032;</mi></msup>", "<mrow><mi>k</mi><mo>&#x02032;</mo></mrow>")
    return markup.replace("<mi>log</mi>", f"{_THIN}<mi>log</mi>{_THIN}")


@lru_cache(maxsize=4096)
def plain(latex: str) -> str:
    """Return the formula as one line of Unicode."""
    text, _ = _sequence(_PIECE.findall(latex), 0, "")
    text = re.sub(r"(?<=[^\s(\[{,=])- ", " - ", re.sub(r"\s+", " ", text)).strip()
    return text.replace("-", "−").replace("( ", "(").replace(" )", ")").replace(" ,", ",")


def _sequence(pieces: list[str], at: int, until: str) -> tuple[str, int]:
    """Return the text of the pieces up to `until`, and where to go on."""
    out: list[str] = []
    while at < len(pieces) and pieces[at] != until:
        piece = pieces[at]
        if piece in ("_", "^"):
            argument, at = _argument(pieces, at + 1)
            base = out[-1] if out else ""
            if base in ("Σ", "Π") or base[:1] == "\0":
                out.append(_limit(piece, argument))
            elif piece == "^":
                out.append(raised(argument))
            else:
                # One letter alone is a subscript, unless an exponent stands between.
                out.append(lowered(argument) if base[-1:] not in _RAISED else _indexed(argument))
            continue
        text, at = _atom(pieces, at)
        out.append(text)
    return "".join(out).replace("\0", ""), at + 1


def _limit(piece: str, argument: str) -> str:
    """Below a sum stands its index, small where Unicode has the letter; how far it runs goes without saying."""
    if piece == "^":
        return "\0"
    index = argument.strip()
    if re.fullmatch(r"\w=\w+", index):
        index = index[0]
    if not re.fullmatch(r"\w'?", index):
        return f"\0_({index}) "
    return "\0" + _BELOW.get(index, f"_{index}")


def _argument(pieces: list[str], at: int) -> tuple[str, int]:
    while at < len(pieces) and pieces[at].isspace():
        at += 1
    return _atom(pieces, at) if at < len(pieces) else ("", at)


def _atom(pieces: list[str], at: int) -> tuple[str, int]:
    piece = pieces[at]
    if piece == "{":
        return _sequence(pieces, at + 1, "}")
    if not piece.startswith("\\") or piece == "\\":
        return (" " if piece.isspace() else piece), at + 1
    name = piece[1:]
    if name in ("frac", "tfrac", "dfrac"):
        above, at = _argument(pieces, at + 1)
        below, at = _argument(pieces, at)
        return f"{_grouped(above)}/{_grouped(below)}", at
    if name == "sqrt":
        inside, at = _argument(pieces, at + 1)
        return (f"√{inside}" if len(inside) == 1 else f"√({inside})"), at
    if name in _ACCENTS:
        inside, at = _argument(pieces, at + 1)
        return inside + _ACCENTS[name], at
    if name in _VERBATIM:
        return _argument_verbatim(pieces, at + 1)
    if name in ("overbrace", "underbrace"):
        inside, at = _argument(pieces, at + 1)
        if at < len(pieces) and pieces[at] in "_^":
            _, at = _argument(pieces, at + 1)
        return inside, at
    if name == "substack":
        rows = ["; " if piece == r"\\" else piece for piece in pieces[at + 2 :]]
        text, used = _sequence(rows, 0, "}")
        return text, at + 2 + used
    if name == "begin":
        return _environment(pieces, at + 1)
    text = _SYMBOLS.get(name, name)
    if name == "partial":
        while at + 1 < len(pieces) and pieces[at + 1].isspace():
            at += 1
    return text, at + 1


def _argument_verbatim(pieces: list[str], at: int) -> tuple[str, int]:
    end = pieces.index("}", at)
    return "".join(piece.removeprefix("\\") if len(piece) == 2 else piece for piece in pieces[at + 1 : end]), end + 1


def _environment(pieces: list[str], at: int) -> tuple[str, int]:
    """The cases of a function in braces, one after another; the rows of a matrix in brackets."""
    name, at = _argument_verbatim(pieces, at)
    depth, end = 1, at
    while depth:
        depth += {"\\begin": 1, "\\end": -1}.get(pieces[end], 0)
        end += 1
    rows: list[list[list[str]]] = [[[]]]
    for piece in pieces[at : end - 1]:
        if piece == "\\\\":
            rows.append([[]])
        elif piece == "&":
            rows[-1].append([])
        else:
            rows[-1][-1].append(piece)
    _, after = _argument_verbatim(pieces, end)
    glue = " if " if name == "cases" else " "
    texts = [glue.join(_sequence(cell, 0, "")[0].strip() for cell in row) for row in rows]
    return ("{" + "; ".join(texts) + "}" if name == "cases" else "[" + "; ".join(texts) + "]"), after


def _grouped(text: str) -> str:
    """Put brackets around what a fraction's bar would hold together."""
    text = text.strip()
    simple = re.fullmatch(r"[^\s+\-−·/]+(\[[^\]]*\])?", text) or (text.startswith("∂") and " " not in text)
    return text if simple else f"({text})"
