"""Letters: what every quantity of a network is called in the course: x, W, b, a, z, V, c, y, t, J."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.explain.arithmetic import Writing, factor, printed, readable
from chainrule.explain.chain import Addition, Chain, rows
from chainrule.explain.notation import bracketed, name_latex, plain
from chainrule.explain.parts import Letter
from chainrule.nn import Activation, Dropout, Flatten, Identity, Reshape, SoftmaxCrossEntropy

_INDICES = {1: "dk", 2: "dmk", 3: "qrsk", 4: "pqrsk"}


def under(*parts: str) -> str:
    """Return a subscript: W_{dm} for letters, W_{0,2} for numbers."""
    return "".join(parts) if all(len(part) == 1 and part.isalpha() for part in parts) else ",".join(parts)


def put(formula: str, **values: str) -> str:
    """Return the formula with each single letter of `values` replaced, in braces where it carries an exponent."""

    def replaced(match: re.Match[str]) -> str:
        value = values[match[2]]
        before, after = match[1], formula[match.end() : match.end() + 1]
        if (after == "^" and "^" in value) or (" " in value and not value.startswith("(")):
            return rf"{before}\left({value}\right)"
        return f"{before}{{{value}}}" if before in "^_" and before else f"{before}{value}"

    return re.sub(rf"([\^_]?)(?<![\\a-zA-Z])([{''.join(values)}])(?![a-zA-Z])", replaced, formula)


def called(names: Sequence[str], most: int = 10) -> str:
    """Return which output is what, as the end of a sentence."""
    parts = [f"{number} {name}" for number, name in enumerate(names[:most])]
    return f": {', '.join(parts)}{' …' if len(names) > most else ''}" if names else ""


def grouped(formula: str) -> str:
    """Put brackets around a sum that is to be a factor."""
    is_sum = any(sign in formula for sign in (" - ", " + ")) and not formula.startswith(("(", r"\left(", r"\begin"))
    closes_late = formula.endswith(")") and " (" in formula
    return rf"({formula})" if is_sum and not closes_late else formula


@dataclass(frozen=True, eq=False)
class Letters:
    """The letters of one network, for the stages that a chain goes through.

    A block is a layer that mixes (dense, or one that no path can be written through) and the elementwise layers
    after it. One dense block has W and b; two have W, b, z, V, c; more are numbered, as in the course's deeper
    networks: w⁽¹⁾ leads from the inputs, z⁽²⁾ is what w⁽²⁾ reads.
    """

    chain: Chain

    @cached_property
    def block(self) -> tuple[int, ...]:
        """The number of the block that each stage belongs to; 0 before the first that mixes."""
        return tuple(int(n) for n in np.cumsum([not stage.is_elementwise for stage in self.chain.stages]))

    @cached_property
    def n_blocks(self) -> int:
        """How many blocks mix."""
        return self.block[-1]

    @cached_property
    def _plain(self) -> bool:
        """Whether the letters of the course's own networks suffice."""
        return self.n_blocks <= 2 and all(stage.is_dense or stage.is_elementwise for stage in self.chain.stages)

    def index(self, block: int) -> str:
        """Return the letter that numbers the values which a block writes (0: the inputs)."""
        if block == self.n_blocks:
            return "k"
        return _INDICES[self.n_blocks][block] if self.n_blocks in _INDICES else f"i_{{{block}}}"

    def weight(self, block: int, kind: str = "W") -> str:
        """Return the letter of a block's weights (W) or biases (b)."""
        if self._plain:
            return {("W", 1): "W", ("b", 1): "b", ("W", 2): "V", ("b", 2): "c"}.get((kind, block), kind)
        return f"{'w' if kind == 'W' else kind}^{{({block})}}"

    def matrix(self, block: int, kind: str = "W") -> str:
        """Return the letter of the whole matrix of weights, or vector of biases."""
        letter = self.weight(block, kind)
        return letter.replace("w", "W", 1)

    def parameter(self, *indices: str) -> str:
        """Return the parameter that is derived by, with its indices."""
        chain, block = self.chain, self.block[self.chain.at]
        if chain.owner.is_dense and chain.name in ("W", "b"):
            return rf"{self.weight(block, chain.name)}_{{{under(*indices)}}}"
        letter = chain.name.rpartition(".")[2]
        return rf"{letter}_{{{under(*indices)}}}" if indices else letter

    def sum_letter(self, stage: int) -> str:
        """Return the letter of what a stage that mixes writes: the pre-activation a, or z where nothing bends it."""
        block = self.block[stage]
        is_last = all(later.is_elementwise for later in self.chain.stages[stage + 1 :])
        bends = any(
            isinstance(later.layer, (Activation, Addition))
            for later, number in zip(self.chain.stages, self.block, strict=True)
            if number == block and later.is_elementwise
        )
        if is_last:
            return "a" if not bends else "a^{(o)}"
        if not bends:
            return "z" if self._plain else f"z^{{({block + 1})}}"
        return "a^{(z)}" if self._plain else f"a^{{({block + 1})}}"

    def value(self, stage: int, n: str, i: str) -> str:
        """Return a value that a stage writes (-1: an input), for the row n and the unit i."""
        if stage < 0:
            return rf"x_{{{under(n, i)}}}"
        here, block = self.chain.stages[stage], self.block[stage]
        if not here.is_elementwise:
            return rf"{self.sum_letter(stage)}_{{{under(n, i)}}}"
        before = self.value(stage - 1, n, i)
        if isinstance(here.layer, (Flatten, Reshape, Identity)) or (
            isinstance(here.layer, Dropout) and "mask" not in here.cache
        ):
            return before
        if isinstance(here.layer, Dropout):
            return rf"{self.mask(stage)}_{{{under(n, i)}}} {before}"
        if stage == len(self.chain.stages) - 1:
            return rf"a_{{{under(n, i)}}}"
        bends = [
            s for s, b in enumerate(self.block) if b == block and isinstance(self.chain.stages[s].layer, Activation)
        ]
        if bends and bends[0] == stage and isinstance(here.layer, Activation):
            letter = "z" if self._plain else f"z^{{({block + 1})}}"
            return rf"{letter}_{{{under(n, i)}}}"
        return rf"y^{{{name_latex(here.path)}}}_{{{under(n, i)}}}"

    def beside(self, stage: int) -> str:
        """Return what is added at an `Addition`: what the composition read, where that is all, else in words."""
        here, stages = self.chain.stages[stage], self.chain.stages
        writer = next((number for number in range(stage - 1, -1, -1) if stages[number].y is here.outer_x), -1)
        i = self.index(self.block[stage])
        rest = here.y - here.x
        if (
            here.outer_x is not None
            and rest.shape == here.outer_x.shape
            and np.allclose(rest, here.outer_x, 1e-9, 1e-12)
        ):
            return self.value(writer, "n", i)
        return rf"{name_latex('the rest of ' + here.path)}_{{n{i}}}"

    def mask(self, stage: int) -> str:
        """Return the letter of a dropout layer's mask, divided by the share that is kept."""
        masks = [s.path for s in self.chain.stages if isinstance(s.layer, Dropout) and "mask" in s.cache]
        return r"\mu" if len(masks) < 2 else rf"\mu^{{({masks.index(self.chain.stages[stage].path) + 1})}}"

    def local(self, stage: int, n: str, i: str) -> str:
        """Return dy/dx of an elementwise stage in letters; nothing where it is 1."""
        here = self.chain.stages[stage]
        if isinstance(here.layer, Dropout):
            return rf"{self.mask(stage)}_{{{under(n, i)}}}" if "mask" in here.cache else ""
        formula = here.layer.equations.local
        return "" if formula == "1" else put(formula, x=self.value(stage - 1, n, i), y=self.value(stage, n, i))

    def local_figures(self, stage: int, n: int, i: int) -> Writing | None:
        """Return dy/dx of an elementwise stage in numbers: worked out, unless it is as short as y (1 - y)."""
        here = self.chain.stages[stage]
        formula = here.layer.equations.local
        if formula == "1" or (isinstance(here.layer, Dropout) and "mask" not in here.cache):
            return None
        true = float(here.local[n, i])
        if not isinstance(here.layer, Activation) or re.search(r"[\\x\[]", formula) or set(here.cache) != {"y"}:
            return factor(true)
        y = float(rows(here.y)[n, i])

        def write(digits: int) -> tuple[str, float]:
            # The layer's own derivative, at the y that is read.
            at = {"y": np.array([printed(y, digits)])}
            dx, _ = here.layer.backward(NUMPY, {}, at, np.ones(1))
            return put(formula, y=bracketed(y, digits)), float(dx[0])

        return readable(write, true)

    @property
    def target(self) -> str:
        """Return t, or s where the loss smooths the target."""
        loss = self.chain.network.loss
        return "s" if isinstance(loss, SoftmaxCrossEntropy) and loss.smoothing else "t"

    def error(self, n: str, k: str) -> str:
        """Return ∂Jₙ/∂a in letters, from the loss's own equations."""
        _, _, formula = self.chain.network.loss.equations.backward["da"].partition("=")
        if self.target == "t":
            formula = formula.replace("s_{nk}", "t_{nk}")
        return formula.replace("_{nk}", rf"_{{{under(n, k)}}}").strip()

    def share(self, n: str = "n") -> str:
        """Return what the cost of one row counts for; nothing where it is all there is."""
        if self.chain.batch.w is not None:
            return rf"\frac{{\omega_{{{n}}}}}{{\Omega}}"
        return r"\frac{1}{N}" if self.chain.n > 1 else ""

    def _input_called(self, index: tuple[int, ...], inputs: Sequence[str]) -> str:
        """Return the name of the input that the weight reads, if it reads one."""
        reads_inputs = self.chain.owner.is_dense and self.chain.name == "W" and self.block[self.chain.at] == 1
        if not (reads_inputs and index and index[0] < len(inputs)):
            return ""
        return f"; {plain(self.index(0))} = {index[0]} is {inputs[index[0]]}"

    def legend(
        self, index: tuple[int, ...] = (), inputs: Sequence[str] = (), outputs: Sequence[str] = ()
    ) -> tuple[Letter, ...]:
        """Return the letters that this network uses, and what they stand for."""
        chain = self.chain
        n, k = "n", "k"
        found = [Letter(self.value(-1, n, self.index(0)), f"an input: row n of X{self._input_called(index, inputs)}")]
        for number, (stage, block) in enumerate(zip(chain.stages, self.block, strict=True)):
            i = self.index(block)
            if stage.is_dense:
                before = self.index(block - 1)
                found.append(Letter(rf"{self.weight(block)}_{{{under(before, i)}}}", f"weight, {stage.path or 'W'}"))
                if "b" in stage.params:
                    found.append(Letter(rf"{self.weight(block, 'b')}_{{{i}}}", f"bias of {stage.path or 'the layer'}"))
            if not stage.is_elementwise:
                what = "logit, before the link" if number == len(chain.stages) - 1 else f"what {stage.path} writes"
                found.append(Letter(self.value(number, n, i), what))
            elif isinstance(stage.layer, Dropout) and "mask" in stage.cache:
                found.append(
                    Letter(rf"{self.mask(number)}_{{{under(n, i)}}}", f"mask of {stage.path}: 0, or 1 / (1 - rate)")
                )
            elif isinstance(stage.layer, Addition):
                found.append(Letter(self.value(number, n, i), f"what {stage.path} writes"))
            elif isinstance(stage.layer, Activation) and not isinstance(stage.layer, Identity):
                found.append(Letter(self.value(number, n, i), f"hidden value, {stage.path} of the above"))
                for field, letter in (("slope", r"\alpha"), ("alpha", r"\alpha")):
                    if hasattr(stage.layer, field) and letter in stage.layer.equations.local:
                        found.append(Letter(letter, f"{getattr(stage.layer, field):g}, {field} of {stage.path}"))
        found += [
            Letter(rf"y_{{{under(n, k)}}}", "output" + called(outputs)),
            Letter(rf"t_{{{under(n, k)}}}", "target"),
            Letter("J", "cost, the mean over the rows" if chain.n > 1 else "cost"),
        ]
        if self.target == "s":
            found.append(Letter(rf"s_{{{under(n, k)}}}", "target, smoothed"))
        if chain.batch.w is not None:
            found.append(Letter(r"\omega_{n}, \Omega", "weight of row n, and the sum of all"))
        return tuple(found)
