"""How often a wrong derivation is told why: planted and harder mistakes, random edits, right solutions of other styles.

A mistake counts as named if the cause that was planted is among those told, and as located if its line is the one named.
Random edits change one place of a source's steps (an operation, a name for another of the scope, a constant, a
transposition, a sign, an operand left out); those that do not run at unequal sizes, or change no number, are not counted.
Right solutions are alarmed at if they are not told right, or any cause is told.

    python benchmarks/why.py [--edits 200] [--seed 0]
"""

from __future__ import annotations

import argparse
import ast
import copy
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from chainrule.explain.exercises import EXERCISES
from chainrule.explain.why import Question, Verdict, question_like
from chainrule.explain.why.names import said_in
from tests.explain.why import corpus
from tests.explain.why.corpus import Case
from tests.explain.why.judging import judged, judged_source
from tests.explain.why.slipped import slips, solution

VECTORS = (
    (corpus.VECTORS, "dW", corpus.NETWORK, {}),
    (corpus.DEEP, "dW1", corpus.DEEP_LIKE, {}),
    (corpus.RELU, "dW", corpus.RELU_LIKE, {}),
    (corpus.SQUARED, "dW", corpus.SQUARED_LIKE, {"cost": "squared"}),
    (corpus.BIAS, "db", corpus.NETWORK, {}),
    (corpus.OUTPUT, "dV", corpus.NETWORK, {}),
    (corpus.MEAN_L2, "dW", corpus.NETWORK, {"mean": True, "penalty": "l2"}),
)
LOOPS = ((corpus.LOOPS, "dW", corpus.NETWORK, {}), (corpus.OUTPUT_LOOPS, "dV", corpus.NETWORK, {}))


def main() -> None:
    """Print the table."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--edits", type=int, default=200)
    asked.add_argument("--slips", type=int, default=20, help="Of each exercise, at most.")
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--show", action="store_true", help="Print what was missed.")
    options = asked.parse_args()
    seconds: list[float] = []
    for name, cases in (("planted mistakes", corpus.PLANTED), ("harder mistakes", corpus.HARDER)):
        verdicts = [timed(case, seconds) for case in cases]
        named = [
            any(case.cause in said for said in verdict.causes) for case, verdict in zip(cases, verdicts, strict=True)
        ]
        placed = [case.line in verdict.code for case, verdict in zip(cases, verdicts, strict=True)]
        print(f"{name:34} named {sum(named)} of {len(cases)}, located {sum(placed)} of {len(cases)}")
        missed(options.show, cases, verdicts, [a and b for a, b in zip(named, placed, strict=True)])
    verdicts = [timed(case, seconds) for case in corpus.RIGHT]
    calm = [verdict.is_right and not verdict.causes for verdict in verdicts]
    print(f"{'right, in other styles':34} alarms {len(calm) - sum(calm)} of {len(calm)}")
    missed(options.show, corpus.RIGHT, verdicts, calm)
    exercises(options.slips, seconds, options.show)
    for name, bases in (("random edits, vectorised", VECTORS), ("random edits, loops", LOOPS)):
        report(name, bases, options.edits, options.seed, seconds, options.show)
    print(
        f"{'seconds of the processor a verdict':34} median {statistics.median(seconds):.3f}, longest {max(seconds):.2f}"
    )


def exercises(count: int, seconds: list[float], show: bool) -> None:
    """Plant slips into the reference of each exercise, one at a time."""
    told = own = located = total = 0
    for exercise in EXERCISES:
        for slip in slips(exercise, count):
            start = time.process_time()
            verdict = judged_source(solution(exercise, slip), exercise.question)
            seconds.append(time.process_time() - start)
            if verdict.outcome != "wrong":
                continue
            total += 1
            told += bool(verdict.causes)
            own += said_in(slip.said, {}) in verdict.causes
            located += verdict.code.startswith(f"{slip.line.name} =")
            if show and not (verdict.causes and verdict.code.startswith(f"{slip.line.name} =")):
                print(f"    {exercise.name}: {slip.line.name} = {slip.source}: told {verdict.code!r}, {verdict.causes}")
    text = f"a cause told for {told} of {total}, in its own words {own}, located {located}"
    print(f"{f'slips of {len(EXERCISES)} exercises':34} {text}")


def report(name: str, bases: Sequence, count: int, seed: int, seconds: list[float], show: bool) -> None:
    located = named = total = 0
    for source, line, question in edits(bases, count, seed):
        start = time.process_time()
        verdict = judged_source(source, question)
        if verdict.outcome != "wrong" or (verdict.notes and "only where all sizes" in verdict.notes[0]):
            continue
        seconds.append(time.process_time() - start)
        total += 1
        located += verdict.line == line
        named += bool(verdict.causes)
        if show and verdict.line != line:
            print(f"    line {line} {source.splitlines()[line - 1].strip()!r}: told {verdict.line} {verdict.code!r}")
    print(f"{name:34} located {located} of {total} ({located / total:.0%}); a cause told for {named}")


def timed(case: Case, seconds: list[float]) -> Verdict:
    start = time.process_time()
    verdict = judged(case)
    seconds.append(time.process_time() - start)
    return verdict


def missed(show: bool, cases: Sequence[Case], verdicts: Sequence[Verdict], good: Sequence[bool]) -> None:
    for case, verdict, fine in zip(cases, verdicts, good, strict=True):
        if show and not fine:
            print(f"    {case.name}: {verdict.outcome}, {verdict.code!r}, {verdict.causes}")


def edits(bases: Sequence, count: int, seed: int) -> Iterator[tuple[str, int, Question]]:
    """Yield sources with one random edit, the line that was edited, and the question."""
    rng = random.Random(seed)
    seen = set()
    for _ in range(count):
        base, of, like, settings = rng.choice(bases)
        source = ast.unparse(ast.parse(corpus.AHEAD + base))
        edited = edit(source, rng)
        if edited is not None and edited[0] not in seen:
            seen.add(edited[0])
            yield *edited, question_like(of, like, **settings)


def edit(source: str, rng: random.Random) -> tuple[str, int] | None:
    """Return a source with one place changed, and its line."""
    tree = ast.parse(source)
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    scope = sorted({node.id for node in ast.walk(function) if isinstance(node, ast.Name)} - {"np", "range", "len"})
    places = [
        (parent, field, index, node)
        for statement in ast.walk(function)
        if isinstance(statement, (ast.Assign, ast.AugAssign, ast.Return)) and is_step(statement)
        for parent in ast.walk(statement)
        for field, index, node in children(parent)
    ]
    parent, field, index, node = rng.choice(places)
    new = changed(node, scope, rng)
    if new is None:
        return None
    line = node.lineno
    if index is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[index] = new
    made = ast.unparse(ast.fix_missing_locations(tree))
    return (made, line) if made != source else None


def is_step(statement: ast.stmt) -> bool:
    """Whether a statement is one of the backward pass: forward lines and sizes are left alone."""
    text = ast.unparse(statement)
    ahead = ("a =", "hidden =", "h =", "h1 =", "h2 =", "logits =", "o =", "e =", "p =", "y =", "s =", "N", "M", "out =")
    return not text.startswith((*ahead, "(N", "(M")) and text not in ("back = 0", "return out")


def children(parent: ast.AST) -> Iterator[tuple[str, int | None, ast.expr]]:
    for field, held in ast.iter_fields(parent):
        if field in ("targets", "target", "func", "slice", "keywords"):
            continue
        for index, node in enumerate(held) if isinstance(held, list) else [(None, held)]:
            if isinstance(node, ast.expr):
                yield field, index, node


def changed(node: ast.expr, scope: Sequence[str], rng: random.Random) -> ast.expr | None:
    """Return an expression in place of another, or None if there is nothing to change in it."""
    if isinstance(node, ast.BinOp):
        kind = rng.randrange(5)
        if kind == 0:
            return ast.BinOp(node.left, rng.choice((ast.Add(), ast.Sub(), ast.Mult(), ast.Div())), node.right)
        if kind == 1:
            return ast.BinOp(node.right, node.op, node.left)
        if kind == 4:
            return ast.UnaryOp(ast.USub(), node)
        return copy.deepcopy(node.left if kind == 2 else node.right)
    if isinstance(node, ast.Name) and node.id != "np":
        return ast.Name(rng.choice(scope)) if rng.random() < 0.8 else ast.UnaryOp(ast.USub(), node)
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return ast.Constant(rng.choice([0, 1, 2, 3]))
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return copy.deepcopy(node.value)
    if isinstance(node, ast.Call):
        return ast.UnaryOp(ast.USub(), node)
    return None


if __name__ == "__main__":
    main()
