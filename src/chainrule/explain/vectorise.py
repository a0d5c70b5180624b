"""The vectorised form: what the library does with whole matrices, beside the sum."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from chainrule.explain.chain import Addition, rows
from chainrule.explain.letters import Letters, put
from chainrule.explain.matrices import window
from chainrule.explain.notation import name_latex
from chainrule.explain.parts import Matrix, Vectorised
from chainrule.explain.terms import Paths
from chainrule.nn import Dropout


def vectorised(paths: Paths) -> Vectorised:
    """Return ∂J by all numbers of the parameter at once, from the cost back, and the last product's matrices."""
    letters, chain = paths.letters, paths.chain
    lines = list(_error(letters))
    for number in range(len(chain.stages) - 1, chain.at, -1):
        lines += _backward(letters, number)
    if not chain.owner.is_dense:
        equation = chain.owner.layer.equations.backward.get(f"d{chain.name}", "")
        own = name_latex(f"{chain.owner.path}, in letters of its own: ")
        return Vectorised((*lines, *([f"{own} {equation}"] if equation else [])), _kernel(paths))
    d_out = _d(letters, chain.at)
    gradient = rf"d{letters.matrix(letters.block[chain.at], chain.name)}"
    if chain.name != "W":
        lines.append(rf"{gradient} = \sum_n {d_out}_n")
        return Vectorised(tuple(lines), tuple(_bias(paths, d_out, gradient)))
    x = matrix(letters, chain.at - 1)
    mask = r" \odot \mu^{(W)}" if "mask" in chain.owner.cache else ""
    lines.append(rf"{gradient} = {_transposed(x)} {d_out}{mask}")
    return Vectorised(tuple(lines), tuple(_product(paths, x, d_out, gradient)))


def matrix(letters: Letters, stage: int) -> str:
    """Return the letter of all values that a stage writes: x_{nd} becomes X."""
    symbol = re.sub(r"_\{ni\}", "", letters.value(stage, "n", "i"))
    capital = re.sub(r"(?<![\\a-zA-Z(])([xyaz])(?![a-zA-Z])", lambda match: match[1].upper(), symbol)
    return capital.replace(r"\mu ", r"\mu \odot ").replace(") ", r") \odot ") if r"\mu" in capital else capital


def _d(letters: Letters, stage: int) -> str:
    symbol = matrix(letters, stage)
    return rf"d({symbol})" if " " in symbol else f"d{symbol}"


def _transposed(symbol: str) -> str:
    if " " in symbol:
        return rf"({symbol})^\top"
    return rf"{{{symbol}}}^\top" if "^" in symbol else rf"{symbol}^\top"


def _error(letters: Letters) -> Iterator[str]:
    """∂J/∂a of all rows."""
    error = letters.error("n", "k")
    for small, large in (("y_{nk}", "Y"), ("t_{nk}", "T"), ("s_{nk}", "S"), ("e_{nk}", "E")):
        error = error.replace(small, large)
    chain = letters.chain
    if chain.n > 1 or chain.batch.w is not None:
        error = rf"({error})" if error.count(" - ") == 1 and error[0] in "YTS" else error
    if chain.batch.w is not None:
        error = rf"\frac{{\omega}}{{\Omega}} \odot {error}"
    elif chain.n > 1:
        error = rf"\frac{{1}}{{N}} {error}"
    yield f"dA = {error}"


def _backward(letters: Letters, number: int) -> Iterator[str]:
    stage = letters.chain.stages[number]
    above, below = _d(letters, number), _d(letters, number - 1)
    if stage.is_dense:
        weights = letters.matrix(letters.block[number])
        yield rf"{below} = {above} {_transposed(weights)}"
    elif not stage.is_elementwise:
        yield rf"{name_latex(stage.path + ', in letters of its own: ')} {stage.layer.equations.backward['dx']}"
    elif isinstance(stage.layer, Dropout):
        if "mask" in stage.cache:
            yield rf"{below} = {above} \odot {letters.mask(number)}"
    elif isinstance(stage.layer, Addition):
        yield rf"{below} = {above}"
    elif stage.layer.equations.local != "1":
        local = put(stage.layer.equations.local, x=matrix(letters, number - 1), y=matrix(letters, number))
        yield rf"{below} = {above} \odot {local}"


def _product(paths: Paths, x: str, d_out: str, gradient: str) -> Iterator[Matrix]:
    chain, (d, m) = paths.chain, paths.index
    yield window(_transposed(x), "what the layer read, transposed", rows(chain.owner.x).T, row=d)
    yield window(d_out, "the derivative by what it wrote", rows(chain.owner.dy), column=m)
    yield window(gradient, "their product", chain.gradient, d, m, result=True)


def _bias(paths: Paths, d_out: str, gradient: str) -> Iterator[Matrix]:
    chain, (m,) = paths.chain, paths.index
    yield window(d_out, "the derivative by what the layer wrote", rows(chain.owner.dy), column=m)
    yield window(gradient, "its sum over the rows", chain.gradient[None, :], column=m, result=True)


def _kernel(paths: Paths) -> tuple[Matrix, ...]:
    """The gradient around the number: its first two axes, at the place of the others."""
    gradient, index = paths.chain.gradient, paths.index
    label = name_latex(f"d{paths.chain.path}")
    if gradient.ndim < 2:
        return (
            window(
                label, "the gradient", np.atleast_1d(gradient)[None, :], column=index[0] if index else None, result=True
            ),
        )
    where = "".join(f", {i}" for i in index[2:])
    name = "the gradient" if gradient.ndim == 2 else f"the gradient at [·, ·{where}]"
    return (
        window(
            label,
            name,
            gradient.reshape(*gradient.shape[:2], -1)[:, :, _flat(gradient.shape[2:], index[2:])],
            index[0],
            index[1],
        ),
    )


def _flat(shape: tuple[int, ...], index: tuple[int, ...]) -> int:
    return int(np.ravel_multi_index(index, shape)) if shape else 0
