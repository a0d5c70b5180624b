"""What is written by mistake in place of a slope, of y − t, and of a penalty: forms that no edit of the line gives."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_PENALTY = re.compile(r"lam \* (\w+|sign\(\w+\))")
# A part of a line in place of the right one, the kind of the slip, and the slip in words.
Slip = tuple[ast.expr, str, str]


def parse(source: str) -> ast.expr:
    """Return an expression's tree."""
    return ast.parse(source, mode="eval").body


def slopes(z: str, right: str) -> Iterator[tuple[str, str, str]]:
    """Yield what may stand where the slope of an activation with the output z should."""
    forms = {
        f"{z} * (1 - {z})": "the slope of the sigmoid",
        f"(1 - {z} ** 2)": "the slope of tanh",
        f"({z} > 0)": "the slope of relu",
    }
    for form, name in forms.items():
        if form.strip("()") != right.strip("()"):
            yield form, "slope", f"{name}, `{form}`, is taken where `{right}` belongs"
    yield f"sigmoid({z}) * (1 - sigmoid({z}))", "slope", f"the sigmoid is applied twice: `{z}` is σ(a) already"
    yield f"(1 - tanh({z}) ** 2)", "slope", f"tanh is applied twice: `{z}` is tanh(a) already"
    yield f"({z} * (1 - {z})) ** 2", "twice", f"the slope `{right}` is there twice"
    yield f"(1 - {z}) ** 2", "slope", f"`(1 - {z}) ** 2` stands where `{right}` should"
    yield "1", "factor", f"the slope `{right}` is left out"


def other_slopes(a: str, right: str) -> Iterator[Slip]:
    """Yield slopes of other activations where relu's stands."""
    for source, name in (
        (f"sigmoid({a}) * (1 - sigmoid({a}))", "the sigmoid"),
        (f"(1 - tanh({a}) ** 2)", "tanh"),
        (f"relu({a}) * (1 - relu({a}))", "the sigmoid, z (1 - z),"),
        (f"(1 - relu({a}) ** 2)", "tanh, 1 - z²,"),
        ("1", "nothing"),
    ):
        said = f"the slope `{right}` is left out" if name == "nothing" else f"the slope of {name} is taken for relu's"
        yield parse(source), "slope", said


def outputs(whole: str) -> Iterator[tuple[str, str]]:
    """Yield what may stand where y − t, or t − y, should."""
    yield f"({whole}) * y * (1 - y)", "the output's own slope `y * (1 - y)` is there once more: it is in y − t already"
    yield f"({whole}) * t", "only each row's own class counts: `t` is multiplied in, so the sum over the others is lost"
    yield f"({whole}) * (1 - t)", "each row's own class is left out"
    yield "y - 1" if whole == "y - t" else "1 - y", "δ is left out: 1 stands for `t` in every class"
    yield "-t / y" if whole == "y - t" else "t / y", "it stops at the derivative by `y`: softmax' own is missing"
    yield (
        "-t * (1 - y)" if whole == "y - t" else "t * (1 - y)",
        "only k' = k of the softmax is there: the others are lost",
    )
    yield f"abs({whole})", "the absolute value is taken"
    yield f"({whole}) ** 2", "the cost itself, not its derivative"


def penalties(term: str) -> Iterator[tuple[str, str]]:
    """Yield what may stand where a penalty's slope should."""
    found = _PENALTY.fullmatch(term)
    if found is None:
        return
    held = found[1]
    name = held.removeprefix("sign(").removesuffix(")")
    yield f"{term} / N", "the penalty is divided by N"
    yield (
        f"lam * {name}" if "sign" in held else f"lam * sign({name})",
        "the slope of the other penalty, L1 for L2 or L2 for L1",
    )
    yield f"lam * {name} ** 2", "the penalty itself is added, not its slope"
    yield f"lam / 2 * {held}", "the penalty's slope is halved"
    yield f"{held}", "λ is left out of the penalty"
    yield "lam", "λ alone is added, without the weights"
