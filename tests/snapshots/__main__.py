"""Writes the snapshots that changed: ``python -m tests.snapshots "words of NEWS.rst"``."""

from __future__ import annotations

import sys

from tests.snapshots.files import FOLDER, NEWS, joined, update
from tests.snapshots.sources import SOURCES

if __name__ == "__main__":
    for name, source in SOURCES.items():
        words = " ".join(sys.argv[1:])
        if update(FOLDER / f"{name}.txt", joined(source()), words, NEWS.read_text(encoding="utf-8")):
            print(f"{name}: written")
