"""Runs a role with a kind of NAT that it is told instead of finding it out: for trials where no two reflectors are."""

from __future__ import annotations

import sys

from lanrage.app.links import Links
from lanrage.core.nat import NatKind


def main() -> None:
    """``python -m tests.lab.natted KIND twistd-arguments...``."""
    kind = NatKind(sys.argv.pop(1))

    class Told:
        """Takes what detection finds, and answers what was told."""

        def __get__(self, instance: object, owner: object) -> NatKind:
            return kind

        def __set__(self, instance: object, value: NatKind) -> None:
            """Stay with what was told."""

    Links.nat = Told()  # type: ignore[assignment]
    from twisted.scripts.twistd import run

    run()


if __name__ == "__main__":
    main()
