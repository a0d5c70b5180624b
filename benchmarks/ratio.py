"""How much of the code is mathematics: lines that compute or state a formula, against the lines that hold them together.

Mathematics are

- the functions that compute a formula, its derivative or a part of either: `forward`, `backward`, `gradients`, `each`,
  `each_backward`, `link`, `unlink`, `update_state`, a rule's `update`, and whatever else takes the array functions `xp`
  as an argument (their signature and body, without docstrings, comments and blank lines);
- the `equations` of a layer or a loss;
- the blocks of formulas in docstrings: what stands indented under a `::`.

Machinery is every other line of code. Prose, comments, blank lines, imports and `__all__` are neither.

    python benchmarks/ratio.py              # nn and network
    python benchmarks/ratio.py --files      # file by file
    python benchmarks/ratio.py nn optim     # other packages
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "src" / "chainrule"
FORMULAS = frozenset(
    ["forward", "backward", "gradients", "each", "each_backward", "link", "unlink", "update_state", "update"],
)


@dataclass(frozen=True)
class Lines:
    """Lines of a file: those of mathematics, and the other lines of code."""

    mathematics: int
    machinery: int

    def __add__(self, other: Lines) -> Lines:
        """Return the sum."""
        return Lines(self.mathematics + other.mathematics, self.machinery + other.machinery)

    @property
    def ratio(self) -> float:
        """Mathematics for each line of machinery."""
        return self.mathematics / max(1, self.machinery)


def counted(path: Path) -> Lines:
    """Return the lines of one file."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    code = set(_code(text)) - set(_docstrings(tree)) - set(_imports(tree))
    formulas = set(_formulas(tree)) & code
    blocks = sum(map(_block, _docstring_texts(tree)))
    return Lines(len(formulas) + blocks, len(code - formulas))


def _code(text: str) -> Iterator[int]:
    """Yield the numbers of the lines that are neither blank nor a comment."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number


def _documented(tree: ast.Module) -> Iterator[ast.Module | ast.ClassDef | ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            yield node


def _docstrings(tree: ast.Module) -> Iterator[int]:
    """Yield the numbers of the lines of docstrings."""
    for node in _documented(tree):
        yield from _span(node.body[0])


def _imports(tree: ast.Module) -> Iterator[int]:
    """Yield the numbers of the lines that import, or say what may be imported from here."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)) or (
            isinstance(node, ast.Assign) and any(ast.unparse(target) == "__all__" for target in node.targets)
        ):
            yield from _span(node)


def _docstring_texts(tree: ast.Module) -> Iterator[str]:
    for node in _documented(tree):
        yield ast.get_docstring(node) or ""


def _block(text: str) -> int:
    """Return how many lines of formulas stand indented under a `::`."""
    count, inside = 0, False
    for line in text.splitlines():
        if line.rstrip().endswith("::"):
            inside = True
        elif inside and line.startswith("    "):
            count += 1
        elif line.strip():
            inside = False
    return count


def _formulas(tree: ast.Module) -> Iterator[int]:
    """Yield the numbers of the lines in functions that compute, and of `Equations`."""
    for node in ast.walk(tree):
        if (isinstance(node, ast.FunctionDef) and _computes(node)) or (
            isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "equations"
        ):
            yield from _span(node)


def _computes(function: ast.FunctionDef) -> bool:
    """Tell whether a function computes a formula, or a part of one, with arrays."""
    return function.name in FORMULAS or any(argument.arg == "xp" for argument in function.args.args)


def _span(node: ast.stmt | ast.expr) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def main() -> None:
    """Print the ratio of the packages that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="*", default=["nn", "network"])
    parser.add_argument("--files", action="store_true", help="file by file")
    asked = parser.parse_args()
    total = Lines(0, 0)
    for package in asked.packages:
        part = Lines(0, 0)
        for path in sorted((PACKAGE / package).rglob("*.py")):
            lines = counted(path)
            part += lines
            if asked.files:
                print(
                    f"  {path.relative_to(PACKAGE)!s:28} {lines.mathematics:5} {lines.machinery:5}  {lines.ratio:5.2f}"
                )
        print(f"{package:30} {part.mathematics:5} {part.machinery:5}  {part.ratio:5.2f}")
        total += part
    print(f"{'mathematics ÷ machinery':30} {total.mathematics:5} {total.machinery:5}  {total.ratio:5.2f}")


if __name__ == "__main__":
    main()
