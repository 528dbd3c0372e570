"""Benches that print figures: ``python -m tests.bench NAME [--json] [options of the bench]``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

BENCHES = {"control": "tests.bench.control:run"}
"""Name to ``module:function``; imported when asked for."""

Bench = Callable[[list[str]], dict[str, Any]]


def main(argv: list[str]) -> int:
    """Run one bench; 2 for a name that is none."""
    if not argv or argv[0] not in BENCHES:
        print(f"usage: python -m tests.bench {{{','.join(BENCHES)}}} [--json] [options]", file=sys.stderr)
        return 2
    module, _, function = BENCHES[argv[0]].partition(":")
    run: Bench = getattr(import_module(module), function)
    figures = run([argument for argument in argv[1:] if argument != "--json"])
    if "--json" in argv:
        print(json.dumps(figures, indent=2))
    else:
        print("\n".join(f"{name:34} {value}" for name, value in figures.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
