"""The slips that a line can have: the line as somebody would wrongly write it, and what that slip is called."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chainrule.explain.why.forms import Slip, other_slopes, outputs, parse, penalties, slopes
from chainrule.explain.why.program import Line
from chainrule.explain.why.question import Question

Place = Callable[[ast.expr], ast.expr]


@dataclass(frozen=True)
class Mutant:
    """A line with a slip.

    Attributes
    ----------
    line : Line
        The right one.
    source : str
        What stands there instead.
    kind : str
        Slips of the same kind that cannot be told apart are told once.
    said : str
        The slip in words; code in backticks, in the derivation's own names.
    """

    line: Line
    source: str
    kind: str
    said: str


def mutants(line: Line, question: Question, same_shape: dict[str, tuple[str, ...]]) -> Iterator[Mutant]:
    """Yield the slips of one line, the likeliest of a kind first.

    Parameters
    ----------
    line : Line
    question : Question
    same_shape : dict
        For each name that the line reads, the other values that have its shape and may be taken for it.
    """
    seen = {line.source, ast.unparse(line.tree)}
    for node, place in _nodes(line.tree):
        for new, kind, said in _of_node(node, question, same_shape):
            source = ast.unparse(place(new))
            if source not in seen:
                seen.add(source)
                yield Mutant(line, source, kind, said)
    for source, kind, said in _of_whole(line, question):
        if source not in seen:
            seen.add(source)
            yield Mutant(line, source, kind, said)


def _nodes(tree: ast.expr) -> Iterator[tuple[ast.expr, Place]]:
    """Yield each part of an expression, and how to put another in its place."""

    def inside(path: tuple[tuple[str, int | None], ...], node: ast.expr) -> Iterator[tuple[ast.expr, Place]]:
        def place(new: ast.expr) -> ast.expr:
            if not path:
                return copy.deepcopy(new)
            root = copy.deepcopy(tree)
            parent: ast.AST = root
            for name, index in path[:-1]:
                held = getattr(parent, name)
                parent = held if index is None else held[index]
            name, index = path[-1]
            if index is None:
                setattr(parent, name, new)
            else:
                getattr(parent, name)[index] = new
            return root

        yield node, place
        for name, held in ast.iter_fields(node):
            if isinstance(node, ast.Call) and name in ("func", "keywords"):
                continue
            if isinstance(held, ast.expr):
                yield from inside((*path, (name, None)), held)
            elif isinstance(held, list):
                for index, one in enumerate(held):
                    if isinstance(one, ast.expr):
                        yield from inside((*path, (name, index)), one)

    yield from inside((), tree)


def _of_node(node: ast.expr, question: Question, same_shape: dict[str, tuple[str, ...]]) -> Iterator[Slip]:
    if isinstance(node, ast.BinOp):
        left, right, whole = ast.unparse(node.left), ast.unparse(node.right), ast.unparse(node)
        yield from _of_operation(node, left, right, whole, same_shape)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand, "sign", f"the minus before `{ast.unparse(node.operand)}` is missing"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        yield from _of_call(node, node.func.id)
    elif isinstance(node, ast.Name):
        for other in same_shape.get(node.id, ()):
            yield parse(other), f"name {node.id}", f"`{other}` is taken for `{node.id}`"
    elif isinstance(node, ast.Constant) and node.value in (0.5, 2):
        for number in (1, 2, 3):
            if number != node.value:
                yield parse(str(number)), "constant", f"`{number}` stands where `{node.value}` should"
    elif isinstance(node, ast.Compare):
        inside, bound = ast.unparse(node.left), ast.unparse(node.comparators[0])
        yield parse(f"({inside} < {bound})"), "sign", f"`<` stands where `{ast.unparse(node)}` should"
        yield parse(inside), "derivative", f"`{inside}` itself stands where its slope `{ast.unparse(node)}` should"
        yield parse(f"({inside}) * ({ast.unparse(node)})"), "derivative", "the activation stands where its slope should"
        yield from other_slopes(inside, ast.unparse(node))


def _of_operation(
    node: ast.BinOp, left: str, right: str, whole: str, same_shape: dict[str, tuple[str, ...]]
) -> Iterator[Slip]:
    match node.op:
        case ast.Sub():
            said = f"the sign: `{ast.unparse(parse(f'({right}) - ({left})'))}` stands where `{whole}` should"
            yield parse(f"({right}) - ({left})"), "sign", said
            yield parse(f"({left}) + ({right})"), "plus", f"`+` stands where `{whole}` has −"
            yield node.left, "term", f"`{right}` is not subtracted: `{left}` stands where `{whole}` should"
            yield node.right, "term", f"`{right}` alone stands where `{whole}` should"
            if left == "1" and right.endswith(" ** 2"):
                for slope, kind, said in slopes(right.removesuffix(" ** 2"), whole):
                    yield parse(slope), kind, said
            if {left, right} == {"t", "y"}:
                for source, said in outputs(whole):
                    yield parse(source), "output", said
        case ast.Add():
            yield parse(f"({left}) - ({right})"), "minus", f"`{right}` is subtracted where it should be added"
            yield node.left, "term", f"the term `{right}` is missing"
            yield node.right, "term", f"the term `{left}` is missing"
            yield parse(f"({left}) + 2 * ({right})"), "twice", f"the term `{right}` is added twice"
            if "lam" in right:
                for source, said in penalties(right):
                    yield parse(f"({left}) + {source}"), "penalty", said
        case ast.Mult():
            yield node.left, "factor", f"the factor `{right}` is left out"
            yield node.right, "factor", f"the factor `{left}` is left out"
            yield parse(f"({whole}) * ({right})"), "twice", f"the factor `{right}` is there twice"
            yield parse(f"({whole}) * ({left})"), "twice", f"the factor `{left}` is there twice"
            yield parse(f"({left}) + ({right})"), "operation", f"`{left}` and `{right}` are added, not multiplied"
            yield parse(f"({left}) / ({right})"), "operation", f"`{left}` is divided by `{right}`, not multiplied"
            yield from _of_logistic_slope(node, same_shape)
        case ast.MatMult():
            yield from _of_product(left, right, whole)
        case ast.Div():
            yield node.left, "scale", f"the division by `{right}` is left out"
            yield parse(f"({left}) * ({right})"), "scale", f"it is multiplied by `{right}`, not divided"
            yield parse(f"({whole}) / ({right})"), "scale", f"it is divided by `{right}` twice"
            yield parse(f"({left}) / ({right} - 1)"), "scale", f"it is divided by `{right} - 1`"
        case ast.Pow():
            yield node.left, "power", f"`{left}` is not raised to the power of {right}"
            yield parse(f"2 * ({left})"), "power", f"`2 * {left}` stands where `{whole}` should"
            for power in (2, 3):
                if str(power) != right:
                    yield parse(f"({left}) ** {power}"), "power", f"the power of `{left}` is {power}, not {right}"


def _of_logistic_slope(node: ast.BinOp, same_shape: dict[str, tuple[str, ...]]) -> Iterator[Slip]:
    """Yield what else is written where z (1 − z) should stand, alone or behind another factor."""
    right = node.right
    if not (isinstance(right, ast.BinOp) and isinstance(right.op, ast.Sub) and ast.unparse(right.left) == "1"):
        return
    lead, last = (node.left.left, node.left.right) if isinstance(node.left, ast.BinOp) else (None, node.left)
    z = ast.unparse(right.right)
    if z == ast.unparse(last):
        right_slope = f"{z} * (1 - {z})"
        others = [
            (f"{one} * (1 - {one})", "slope", f"the slope `{right_slope}` is taken at `{one}`, not at `{z}`")
            for one in same_shape.get(z, ())
        ]
        for slope, kind, said in (*slopes(z, right_slope), *others):
            yield parse(slope if lead is None else f"({ast.unparse(lead)}) * ({slope})"), kind, said


def _of_product(left: str, right: str, whole: str) -> Iterator[Slip]:
    """Yield slips of Σ over the index that a matrix product sums over."""
    a, b = f"({left})", f"({right})"
    summed = "the samples" if left.endswith(".T") else "the units behind"
    yield (
        parse(f"{a}[..., -1:] @ {b}[-1:]"),
        "overwritten",
        (f"only the last of {summed} is left: in `{whole}` each overwrites the one before (= where += belongs)"),
    )
    yield parse(f"{a}[..., :-1] @ {b}[:-1]"), "last left out", f"the last of {summed} is left out of `{whole}`"
    yield parse(f"{a}[..., 1:] @ {b}[1:]"), "first left out", f"the first of {summed} is left out of `{whole}`"
    yield parse(f"{a}[..., :1] @ {b}[:1]"), "first only", f"only the first of {summed} is in `{whole}`"
    yield parse(f"{a} @ abs({b})"), "operation", f"the absolute value of `{right}` is taken"
    yield parse(f"({whole}).T"), "transposed", f"`{whole}` is transposed"
    for one, other in ((left, right), (right, left)):
        flipped = one.removesuffix(".T") if one.endswith(".T") else f"{one}.T"
        product = f"({flipped}) @ ({other})" if one == left else f"({other}) @ ({flipped})"
        yield parse(product), "transposed", f"`{one}` is transposed in `{whole}`"
    yield parse(f"{b} @ {a}"), "transposed", f"the two factors of `{whole}` are in the wrong order"
    yield parse(right), "factor", f"the factor `{left}` is left out"
    yield parse(left), "factor", f"the factor `{right}` is left out"
    mean = f"{a} @ {b} / {a}.shape[-1]"
    yield parse(mean), "scale", f"the mean over {summed} is taken in `{whole}`, not the sum"


_LINKS = ("sigmoid", "tanh", "relu", "softmax")


def _of_call(node: ast.Call, name: str) -> Iterator[Slip]:
    inside = ast.unparse(node.args[0]) if node.args else ""
    whole = ast.unparse(node)
    if name in _LINKS:
        for other in _LINKS:
            if other != name:
                yield parse(f"{other}({inside})"), "activation", f"`{other}` is taken where `{name}` belongs"
        yield node.args[0], "activation", f"`{name}` is left out"
        yield parse(f"{name}({whole})"), "activation", f"`{name}` is applied twice"
        if name == "softmax":
            yield parse(f"softmax({inside}, axis=0)"), "axis", "the softmax is over the wrong axis: down the rows"
            shifted = f"exp({inside} - max({inside}, axis=-1, keepdims=True))"
            down = parse(f"{shifted} / sum({shifted}, axis=0, keepdims=True)")
            yield down, "axis", "the sum of the softmax is over the wrong axis: down the rows"
            yield parse(f"exp({inside})"), "activation", "the softmax is not divided by its sum"
        yield parse(f"{name}(-({inside}))"), "sign", f"the sign inside `{name}` is wrong"
    elif name == "sum":
        yield from _of_sum(node, inside, whole)
    elif name == "sign":
        yield node.args[0], "penalty", f"`{inside}` stands where `{whole}` should"
    elif name == "log":
        yield node.args[0], "log", f"the logarithm of `{inside}` is left out"


def _of_sum(node: ast.Call, inside: str, whole: str) -> Iterator[Slip]:
    keywords = "".join(f", {ast.unparse(word)}" for word in node.keywords)
    if not keywords:
        yield parse(f"mean({inside})"), "scale", "the mean is taken, not the sum"
        yield parse(f"sum({inside}, axis=0)"), "axis", "it is summed over one axis alone"
        return
    a = f"({inside})"
    samples = "axis=0" in keywords
    of = "samples" if samples else "classes"

    def at(index: str) -> str:
        return f"{a}[{index}]" if samples else f"{a}[..., {index}]"

    yield parse(f"mean({inside}{keywords})"), "scale", f"the mean over the {of} is taken, not the sum"
    yield (
        parse(at("-1")),
        "overwritten",
        f"only the last of the {of} is left: each overwrites the one before (= for +=)",
    )
    yield parse(f"sum({at(':-1')}{keywords})"), "last left out", f"the last of the {of} is left out of the sum"
    yield parse(f"sum({at('1:')}{keywords})"), "first left out", f"the first of the {of} is left out of the sum"
    yield parse(at("0")), "first only", f"only the first of the {of} is there"
    other = keywords.replace("axis=0", "axis=1") if samples else keywords.replace("axis=1", "axis=0")
    yield parse(f"sum({inside}{other})"), "axis", f"`{whole}` is taken over the wrong axis"
    yield parse(f"sum({inside})"), "axis", "it is summed over everything, not along one axis"
    yield node.args[0], "sum", f"the sum over the {of} is missing"


def _of_whole(line: Line, question: Question) -> Iterator[tuple[str, str, str]]:
    whole = f"({line.source})"
    backward = line.name.startswith("d")
    if not backward and line.name != question.answer:
        return
    yield f"-{whole}", "sign", f"the sign of `{line.name}` is wrong"
    for letter, said in (("N", "samples"), ("K", "classes"), ("M", "hidden units"), ("D", "inputs")):
        yield f"{whole} / {letter}", "scale", f"`{line.name}` is divided by {letter}, the number of {said}"
        yield f"{whole} * {letter}", "scale", f"`{line.name}` is multiplied by {letter}, the number of {said}"
    yield f"2 * {whole}", "scale", f"`{line.name}` is twice what it should be"
    yield f"{whole} / 2", "scale", f"`{line.name}` is half of what it should be"
    yield f"{whole} / (N - 1)", "scale", f"`{line.name}` is divided by N − 1"
    yield f"{whole} / N ** 2", "scale", f"`{line.name}` is divided by N twice"
    yield f"{whole} / (N * K)", "scale", f"`{line.name}` is divided by N and by K: the mean over all numbers"
    yield f"{whole}.T", "transposed", f"`{line.name}` is transposed"
    h_of = dict(_weights_by_gradient(question))
    if line.source.startswith("sum(") and line.source.endswith(", axis=0)"):
        upstream = line.source[4:].removesuffix(", axis=0)")
        if upstream in h_of:
            product = f"{h_of[upstream]}.T @ {upstream}"
            yield (
                f"sum({product}, axis=0)",
                "bias",
                f"the sum of the weights' derivative `{product}` is taken for the bias",
            )
        if "lam" in question.inputs:
            yield f"{line.source} + lam * {line.name[1:]}", "penalty", "the bias is penalised too"
    yield f"sum({line.source}, axis=0)", "axis", f"`{line.name}` is summed over its first axis once more"
    if "lam" in question.inputs and line.name[1:] in question.inputs and "lam" not in line.source:
        yield f"{line.source} + lam * {line.name[1:]}", "penalty", f"a penalty on `{line.name[1:]}` is added"
    if line.name[1:] == question.wrt and "lam" in line.source:
        yield f"2 * {whole}", "scale", "it is doubled"


def _weights_by_gradient(question: Question) -> Iterator[tuple[str, str]]:
    for line in question.lines:
        left, at, rest = line.source.partition(".T @ ")
        if at and line.name.startswith("d"):
            yield rest.split(" ")[0], left
