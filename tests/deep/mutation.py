"""A mutation trial: the mathematics is broken in small ways, one at a time, and the tests have to notice.

`make deep` runs it. Each mutant is a copy of src with one operator, number, name or statement changed; it is killed when
the tests of its module fail. What survives is printed as a difference: either a test is missing, or the change changes
nothing. The mutants are drawn by a seed, which is printed, so that a trial can be repeated.

    python -m tests.deep.mutation --mutants 60 --seed 1
    python -m tests.deep.mutation --of nn/dropout.py --mutants 1000
"""

from __future__ import annotations

import argparse
import ast
import copy
import difflib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "chainrule"
KILLED, NO_END, SURVIVED = "killed", "no end", "SURVIVED"
ROOMS = ("nn", "optim", "train", "select")
# A mutant may loop for ever; a machine with other work may only be slow, so what ran out of time is told apart.
_SECONDS = 600

_OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.MatMult: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


@dataclass(frozen=True)
class Mutant:
    """One module, changed in one place: the node of that number of its tree, in one of a few ways."""

    module: Path
    line: int
    index: int
    way: int

    @property
    def name(self) -> str:
        """Module and line."""
        return f"{self.module.relative_to(SOURCE)}:{self.line}"

    @property
    def text(self) -> str:
        """The module's text after the change."""
        tree = ast.parse(self.module.read_text())
        _change(list(ast.walk(tree))[self.index], self.way)
        return ast.unparse(ast.fix_missing_locations(tree))

    def difference(self) -> str:
        """Return what was changed."""
        before = ast.unparse(ast.parse(self.module.read_text())).splitlines()
        lines = difflib.unified_diff(before, self.text.splitlines(), lineterm="", n=1)
        return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def mutants_of(module: Path) -> Iterator[Mutant]:
    """Yield every mutant of a module: of what stands in functions, as a class's constants are words and bounds."""
    tree = ast.parse(module.read_text())
    inside = {
        id(inner)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for statement in [function, *function.body]
        for inner in (ast.walk(statement) if statement is not function else [function])
    }
    for index, node in enumerate(ast.walk(tree)):
        for way in range(2):
            if id(node) in inside and _change(copy.deepcopy(node), way):
                yield Mutant(module, getattr(node, "lineno", 0), index, way)


def _change(node: ast.AST, way: int) -> bool:
    """Change a node in place in one of a few ways; tell whether there was one."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and way == 0 and type(node.op) in _OPERATORS:
        node.op = _OPERATORS[type(node.op)]()
        return True
    if isinstance(node, ast.Compare) and way == 0 and type(node.ops[0]) in _OPERATORS:
        node.ops[0] = _OPERATORS[type(node.ops[0])]()
        return True
    if isinstance(node, ast.BoolOp) and way == 0:
        node.op = _OPERATORS[type(node.op)]()
        return True
    if isinstance(node, ast.Constant) and type(node.value) in (int, float) and way < 2:
        node.value = node.value + 1 if way == 0 else -node.value or 1
        return way == 0 or node.value != 1
    if isinstance(node, ast.Constant) and isinstance(node.value, bool) and way == 0:
        node.value = not node.value
        return True
    if isinstance(node, ast.Call) and way == 0 and node.keywords and node.keywords[-1].arg is not None:
        node.keywords.pop()
        return True
    if isinstance(node, ast.IfExp | ast.If) and way == 0:
        node.test = ast.UnaryOp(ast.Not(), node.test)
        return True
    if isinstance(node, ast.UnaryOp) and way == 0 and isinstance(node.op, ast.USub):
        node.op = ast.UAdd()
        return True
    if isinstance(node, ast.FunctionDef) and way == 0 and len(node.body) > 2:
        return _drop_statement(node)
    return False


def _drop_statement(function: ast.FunctionDef) -> bool:
    """Leave out the first augmented assignment."""
    for i, statement in enumerate(function.body):
        if isinstance(statement, ast.AugAssign):
            function.body[i] = ast.Pass()
            return True
    return False


def tests_of(module: Path) -> list[list[str]]:
    """Return the tests that prove a module, the quickest first; each is a list of arguments for pytest."""
    room, name = module.relative_to(SOURCE).parts[0], module.stem
    own = ROOT / "tests" / room / f"test_{name}.py"
    found = [[str(own)]] if own.exists() else []
    classes = [node.name for node in ast.parse(module.read_text()).body if isinstance(node, ast.ClassDef)]
    contracts = ROOT / "tests" / "contracts"
    if room in ("nn", "optim"):
        found.append([str(contracts), "-k", " or ".join(classes) if classes else name])
    found.append([str(ROOT / "tests" / room)])
    if room == "train":
        found.append([str(contracts / "test_policies.py"), str(contracts / "test_tapes.py")])
    return found


def fate(mutant: Mutant, folder: Path) -> str:
    """Run the tests of a mutant's module on it; tell whether they fail, have no end, or let it live."""
    source = folder / "src"
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "chainrule" / mutant.module.relative_to(SOURCE)).write_text(mutant.text)
    environment = {**os.environ, "PYTHONPATH": str(source), "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    for arguments in tests_of(mutant.module):
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *arguments]
        try:
            ended = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return NO_END
        # 5: no test was selected.
        if ended.returncode not in (0, 5):
            return KILLED
    return SURVIVED


def main() -> None:
    """Draw mutants, try them, print the survivors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=40)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--of", nargs="*", default=[], help="modules such as nn/dropout.py; by default all rooms'")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    modules = [SOURCE / name for name in options.of] or [
        module for room in ROOMS for module in sorted((SOURCE / room).rglob("*.py")) if module.stem != "__init__"
    ]
    rng = random.Random(options.seed)
    everything = [mutant for module in modules for mutant in mutants_of(module)]
    drawn = rng.sample(everything, min(options.mutants, len(everything)))
    print(f"{len(drawn)} of {len(everything):,} mutants of {len(modules)} modules, seed {options.seed}", flush=True)
    fates = list(_tried(drawn, options.jobs, fate))
    survivors = [mutant for mutant, how in fates if how == SURVIVED]
    print(", ".join(f"{sum(how == each for _, how in fates)} {each}" for each in (KILLED, NO_END, SURVIVED)))
    for mutant in sorted(survivors, key=lambda mutant: mutant.name):
        print(f"\n{mutant.name}\n{mutant.difference()}")


def _tried(mutants: list[Mutant], jobs: int, trial: Callable[[Mutant, Path], str]) -> Iterator[tuple[Mutant, str]]:
    def one(mutant: Mutant) -> str:
        with tempfile.TemporaryDirectory() as folder:
            return trial(mutant, Path(folder))

    with ThreadPoolExecutor(jobs) as pool:
        for mutant, how in zip(mutants, pool.map(one, mutants), strict=True):
            print(f"{how:8}  {mutant.name}", flush=True)
            yield mutant, how


if __name__ == "__main__":
    main()
