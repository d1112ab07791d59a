"""Holds every file and function to its size: a catch-all begins as one line too many."""

import ast
import sys
from pathlib import Path

MAX_FILE = 500
MAX_FUNCTION = 60
_FORBIDDEN_NAMES = {"utils", "helpers", "misc", "common"}
_ROOT = Path(__file__).resolve().parent.parent


def problems() -> list[str]:
    """Every file or function that is too long, and every file named after nothing."""
    found = []
    # Not the migrations: Alembic writes them, and once released they are never touched again.
    for folder in ("app", "tests", "benchmarks"):
        for path in sorted((_ROOT / folder).rglob("*.py")):
            name = path.relative_to(_ROOT)
            text = path.read_text(encoding="utf-8")
            lines = text.count("\n")
            if lines > MAX_FILE:
                found.append(f"{name}: {lines} lines, at most {MAX_FILE}")
            if path.stem in _FORBIDDEN_NAMES:
                found.append(f"{name}: say what it holds")
            found += [f"{name}: {problem}" for problem in _long_functions(ast.parse(text))]
    return found


def _long_functions(tree: ast.Module) -> list[str]:
    return [
        f"{node.name} has {length} lines, at most {MAX_FUNCTION}"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > MAX_FUNCTION
    ]


if __name__ == "__main__":
    sys.exit("\n".join(problems()) or 0)
