"""Steps: from the cost back to one weight, a sentence and a formula each, rendered from the layers' equations."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.explain import arithmetic
from chainrule.explain.chain import Addition, Stage
from chainrule.explain.letters import Letters, grouped, put, under
from chainrule.explain.notation import bracketed, figure, latex_figure, name_latex, plain
from chainrule.explain.parts import Step, Term
from chainrule.explain.terms import Paths
from chainrule.nn import Activation, Conv2D, Dropout, Flatten, Identity, Penalty, Reshape

# So many summands are written into one line; the others stand in the table of terms.
_IN_LINE = 6
# What is left of a sum in which everything cancels is the rounding of its summands.
_NOTHING = 1e-14


def partial(above: str, below: str) -> str:
    """Return ∂above/∂below."""
    return rf"\frac{{\partial {above}}}{{\partial {below}}}"


def forward(letters: Letters) -> Step:
    """What the network computes."""
    lines = [line for number in range(len(letters.chain.stages)) for line in _stage_lines(letters, number)]
    lines += list(_link_lines(letters))
    return Step(
        "forward", "What the network computes", "From the inputs to the outputs, for the row n of X.", tuple(lines)
    )


def _stage_lines(letters: Letters, number: int) -> Iterator[str]:
    stage, block = letters.chain.stages[number], letters.block[number]
    layer, i = stage.layer, letters.index(block)
    y, x = letters.value(number, "n", i), letters.value(number - 1, "n", i)
    first = layer.equations.forward[0]
    if stage.is_dense:
        before = letters.index(block - 1)
        x = letters.value(number - 1, "n", before)
        weight = rf"{letters.weight(block)}_{{{under(before, i)}}}"
        bias = rf" + {letters.weight(block, 'b')}_{{{i}}}" if "b" in stage.params else ""
        mask = rf"\mu^{{(W)}}_{{{under(before, i)}}} " if "mask" in stage.cache else ""
        yield rf"{y} = \sum_{{{before}}} {x} {mask}{weight}{bias}"
    elif isinstance(layer, Addition):
        yield f"{y} = {x} + {letters.beside(number)}"
    elif isinstance(layer, (Flatten, Reshape, Identity)):
        return
    elif isinstance(layer, Dropout):
        if "mask" in stage.cache:
            yield rf"{letters.mask(number)}_{{{under('n', i)}}} = {layer.equations.local}"
    elif isinstance(layer, Activation):
        # What a function is need be said once.
        repeated = any(type(before.layer) is type(layer) for before in letters.chain.stages[:number])
        yield put(" = ".join(first.split(" = ")[:2]) if repeated else first, x=x, y=y)
    else:
        yield from _own_letters(stage)


def _own_letters(stage: Stage) -> Iterator[str]:
    """The equations of a layer that no path can be written through, up to the one that says what y is."""
    for number, line in enumerate(stage.layer.equations.forward):
        yield rf"{name_latex(stage.path + ', in letters of its own: ')} {line}" if not number else line
        if line.startswith("y"):
            return


def _link_lines(letters: Letters) -> Iterator[str]:
    """How the loss makes outputs of logits."""
    for line in letters.chain.network.loss.equations.forward[1:]:
        if line.startswith("s ") and letters.target == "t":
            continue
        yield line if "_{" in line or line.startswith(("s ", "e ")) else put(line, a="a_{nk}", y="y_{nk}")


def cost(letters: Letters) -> Step:
    """What is to be made small."""
    (first, *_) = letters.chain.network.loss.equations.forward
    if letters.target == "t":
        first = first.replace("s_{nk}", "t_{nk}")
    chain = letters.chain
    lines = [first]
    if chain.batch.w is not None:
        lines.append(r"J = \frac{1}{\Omega} \sum_n \omega_n J_n, \quad \Omega = \sum_n \omega_n")
    elif chain.n > 1:
        lines.append(r"J = \frac{1}{N} \sum_{n=1}^{N} J_n")
    else:
        lines.append("J = J_n")
    what = "the cost of one sample" if chain.n == 1 else "each sample's cost, and their mean"
    return Step("cost", "The cost", f"What is to be made small: {what}.", tuple(lines), {"J": chain.cost})


def total_derivative(paths: Paths) -> Step:
    """Which quantities lie between the parameter and the cost: the total derivative."""
    sums, factors = links(paths)
    line = rf"{partial('J', _generic(paths))} = {sums}" + " ".join(partial(above, below) for above, below, _ in factors)
    return Step("total", "The total derivative", _total_text(paths), (line,))


def _total_text(paths: Paths) -> str:
    chain, hops = paths.chain, len(paths.hops)
    rows = "every row n" if chain.n > 1 else "the row"
    shared = paths.touch is None or len(paths.touch.units) != 1
    if not hops:
        through = "and reaches the cost through one unit of its own layer alone"
        if shared:
            through = "and is shared by many units of its layer, through all of which it reaches the cost"
    elif hops == 1:
        through = (
            f"and every unit of {chain.stages[paths.hops[0]].path} reads what it changes: that index is not on the "
            "left, so it is summed over"
        )
    else:
        through = (
            f"and from its layer on the paths fork at each of {hops} layers: every index that is not on the left is "
            "summed over"
        )
    if hops and shared:
        through = f"is shared by many units of its layer, {through}"
    stop = ""
    if isinstance(chain.owner.layer, Conv2D):
        i = plain(paths.letters.index(paths.letters.block[chain.at]))
        stop = f" Its layer's units are numbered by {i}, place (i, j) by place; u, v, c, f are row, column, channel, filter."
    if not paths.reaches_cost:
        stage = chain.stages[paths.end]
        stop += (
            f" Through {stage.path} ({type(stage.layer).__name__}) no path is a single weight: what arrives before it is "
            "taken as its own backward pass computes it."
        )
    noun = "bias" if chain.name == "b" else "weight"
    return f"The {noun} acts on {rows}, {through}.{stop}"


def links(paths: Paths) -> tuple[str, list[tuple[str, str, str]]]:
    """Return the sums, and each factor as (above, below, what it is), from the cost to the parameter."""
    letters, chain = paths.letters, paths.chain
    blocks = [letters.block[number] for number in (chain.at, *paths.hops)]
    indices = [letters.index(block) for block in blocks]
    shared = paths.touch is None or len(paths.touch.units) != 1
    summed = [*reversed(indices[1:]), *([indices[0]] if shared else [])]
    sums = (r"\sum_n " if chain.n > 1 else "") + "".join(rf"\sum_{{{index}}} " for index in summed)
    last = paths.end - 1
    end = letters.value(last, "n", indices[-1])
    error = letters.error("n", "k") if paths.reaches_cost else ""
    if error and letters.share():
        error = rf"{letters.share()} {grouped(error)}"
    factors = [("J", end, error)]
    for hop in range(len(paths.hops), -1, -1):
        for number in reversed(paths.between(hop)):
            above, below = (letters.value(at, "n", indices[hop]) for at in (number, number - 1))
            if above != below:
                factors.append((above, below, letters.local(number, "n", indices[hop])))
        if hop:
            stage = paths.hops[hop - 1]
            weight = rf"{letters.weight(blocks[hop])}_{{{under(indices[hop - 1], indices[hop])}}}"
            above = letters.value(stage, "n", indices[hop])
            factors.append((above, letters.value(stage - 1, "n", indices[hop - 1]), weight))
    factors.append((letters.value(chain.at, "n", indices[0]), _generic(paths), paths.touch_symbol("n", indices[0])))
    return sums, factors


def _generic(paths: Paths) -> str:
    """The parameter with the letters of its indices."""
    letters, chain = paths.letters, paths.chain
    if isinstance(chain.owner.layer, Conv2D):
        return "W_{uvcf}" if chain.name == "W" else "b_f"
    if not chain.owner.is_dense:
        return letters.parameter(*map(str, paths.index))
    block = letters.block[chain.at]
    i = letters.index(block)
    return letters.parameter(*((letters.index(block - 1), i) if chain.name == "W" else (i,)))


def factors(paths: Paths) -> Step:
    """What each factor is."""
    lines = []
    for above, below, what in links(paths)[1]:
        if above == "J" and not what:
            continue
        lines.append(rf"{partial(above, below)} = {what or '1'}")
    text = "Each factor is the derivative of one line above by one letter in it"
    if paths.reaches_cost:
        text += "; the first is that of the loss with its link, which has a derivation of its own"
    return Step("factors", "Factor by factor", text + ".", tuple(dict.fromkeys(lines)))


def formula(paths: Paths) -> Step:
    """The product of the factors, and the recursion that lies in it."""
    sums, chained = links(paths)
    share = paths.letters.share() if paths.reaches_cost else ""
    share = share and share + " "
    whole = [what for _, _, what in chained]
    if not paths.reaches_cost:
        whole[0] = partial(*chained[0][:2])
    elif paths.chain.batch.w is None:
        whole[0] = grouped(paths.letters.error("n", "k"))
    outer, inner = (share, sums) if paths.chain.batch.w is None else ("", sums)
    product = [grouped(what) for what in whole if what]
    if len(paths.hops) == 1 and paths.reaches_cost and len(product) > 2:
        k = paths.letters.index(paths.letters.block[paths.hops[0]])
        rest = sums.replace(rf"\sum_{{{k}}} ", "")
        above = rf"\partial {'J_n' if paths.chain.n > 1 else 'J'} / \partial {chained[2 - 1][1]}"
        braced = rf"\overbrace{{\sum_{{{k}}} {' '.join(product[:2])}}}^{{{above}}}"
        line = f"{outer}{rest}{braced} " + " ".join(product[2:])
    else:
        line = f"{outer}{inner}" + " ".join(product)
    lines = [f"{partial('J', _generic(paths))} = {line}", *_recursion(paths)]
    text = "All of it together."
    if len(lines) > 1:
        text = (
            "All of it together; and the same written layer by layer, each line using the one before: backpropagation."
        )
    return Step("formula", "The derivative", text, tuple(lines), worked=True)


def _recursion(paths: Paths) -> Iterator[str]:
    """Yield ∂J/∂a of each layer from that of the next, where there are two or more."""
    if len(paths.hops) < 2:
        return
    letters, chain = paths.letters, paths.chain
    numbers = (chain.at, *paths.hops)
    for hop in range(len(paths.hops) - 1, -1, -1):
        i, j = (letters.index(letters.block[number]) for number in numbers[hop : hop + 2])
        here, there = letters.value(numbers[hop], "n", i), letters.value(numbers[hop + 1], "n", j)
        weight = rf"{letters.weight(letters.block[numbers[hop + 1]])}_{{{under(i, j)}}}"
        bends = " ".join(grouped(letters.local(number, "n", i)) for number in reversed(paths.between(hop)))
        yield rf"{partial('J', here)} = \sum_{{{j}}} {partial('J', there)} {weight} {bends}".rstrip()
    i = letters.index(letters.block[chain.at])
    here = letters.value(chain.at, "n", i)
    total = r"\sum_n " if chain.n > 1 else ""
    yield f"{partial('J', _generic(paths))} = {total}{partial('J', here)} {paths.touch_symbol('n', i)}".rstrip()


def numbers(
    paths: Paths, depth: int, symbol: str, terms: tuple[Term, ...], rest: float, n_terms: int, total: float
) -> Step:
    """The sum with its numbers."""
    if not terms:
        line = f"{partial('J', symbol)} = 0"
        return Step(
            "numbers", "With the numbers", "Nothing in this pass depends on it.", (line,), {"sum": 0.0}, worked=True
        )
    line = summation(symbol, terms, rest, n_terms, total)
    what = "row" if len(terms[0].path) == 1 else "row and path"
    if paths.touch is not None and len(paths.touch.units) > 1:
        what += " and unit that shares the weight"
    text = f"{_here(paths)}One summand for each {what}" + (f", {n_terms:,} in all." if n_terms > 1 else ".")
    if depth < len(paths.hops):
        text += _stop(paths, depth)
    if n_terms > len(terms):
        text += f" The {len(terms)} that weigh most are listed."
    return Step("numbers", "With the numbers", text, (line,), {"sum": total}, worked=True)


def summation(symbol: str, terms: tuple[Term, ...], rest: float, n_terms: int, total: float) -> str:
    """Return the derivative as the sum of its summands, of which the first few are written into the line."""
    if len(terms) == 1 and n_terms == 1:
        return rf"{partial('J', symbol)} = {terms[0].figures}"
    shown = terms[:_IN_LINE]
    summands = [("", term.value, "") for term in shown]
    left = n_terms - len(shown)
    if left:
        remaining = rest + sum(term.value for term in terms[_IN_LINE:])
        more = f"{left} more term" + ("s" if left > 1 else "")
        summands.append((r"\underbrace{", remaining, rf"}}_{{{name_latex(more)}}}"))
    joined, result = arithmetic.plus(summands, total), f" = {latex_figure(total)}"
    if abs(total) <= _NOTHING * sum(abs(value) for _, value, _ in summands):
        joined, result = arithmetic.summed(summands, 4)[0], r" \approx 0"
    return rf"{partial('J', symbol)} = {joined}{result if len(summands) > 1 else ''}"


def _stop(paths: Paths, depth: int) -> str:
    """Say where the paths are cut off, and that nothing is lost by it."""
    number = (paths.chain.at, *paths.hops)[depth]
    letters, stage = paths.letters, paths.chain.stages[number]
    slope = plain(partial("J", letters.value(number, "n", letters.index(letters.block[number]))))
    return f" The paths are followed as far as {stage.path}: the first factor is its {slope}, in which all that follow meet."


def _here(paths: Paths) -> str:
    """Say which numbers the indices of the parameter are."""
    chain, letters = paths.chain, paths.letters
    if isinstance(chain.owner.layer, Conv2D):
        letters_of = "uvcf" if chain.name == "W" else "f"
        return f"Here {', '.join(f'{a} = {i}' for a, i in zip(letters_of, paths.index, strict=True))}. "
    if not chain.owner.is_dense:
        return ""
    block = letters.block[chain.at]
    names = [letters.index(block - 1), letters.index(block)] if chain.name == "W" else [letters.index(block)]
    told = [f"{plain(name)} = {at}" for name, at in zip(names, paths.index, strict=True)]
    if chain.n > 1 and chain.batch.w is None:
        told.append(f"N = {chain.n}")
    return f"Here {', '.join(told)}. "


def penalty(strength: Penalty, symbol: str, weight: float, scale: float, total: float, part: float) -> Step:
    """What the penalty adds."""
    parts, factors = [], []
    if strength.l2:
        parts.append(rf"\lambda_2 {symbol}")
        factors.append((strength.l2, weight))
    if strength.l1:
        parts.append(rf"\lambda_1 \, \text{{sign}}({symbol})")
        factors.append((strength.l1, float((weight > 0) - (weight < 0))))
    share = "" if scale == 1 else r"\frac{1}{M} "
    brackets = (r"\left(", r"\right)") if share and len(parts) > 1 else ("", "")
    letters_sum = f"{share}{brackets[0]}{' + '.join(parts)}{brackets[1]}"

    def figures(digits: int) -> tuple[str, float]:
        texts = [rf"{latex_figure(a, digits)} \cdot {bracketed(b, digits)}" for a, b in factors]
        value = sum(arithmetic.printed(a, digits) * arithmetic.printed(b, digits) for a, b in factors)
        share_figures = "" if scale == 1 else rf"\frac{{1}}{{{round(1 / scale)}}} "
        return f"{share_figures}{brackets[0]}{' + '.join(texts)}{brackets[1]}", value * scale

    both = arithmetic.plus([("", total, ""), ("", part, "")], total + part)
    lines = (
        rf"{partial('R', symbol)} = {letters_sum} = {arithmetic.exact(figures, part)} = {latex_figure(part)}",
        rf"{partial('(J + R)', symbol)} = {both} = {latex_figure(total + part)}",
    )
    known = [f"λ₂ = {strength.l2:g}"] * bool(strength.l2) + [f"λ₁ = {strength.l1:g}"] * bool(strength.l1)
    known += [f"M = {round(1 / scale)} penalised weights"] * (scale != 1)
    text = (
        "Large weights cost something too, and that has a derivative of its own. "
        f"Here {', '.join(known)}, and the weight is {figure(weight)}."
    )
    return Step("penalty", "The penalty's part", text, lines, {"R": part}, worked=True)
