"""Runs a role with a kind of NAT that it is told instead of finding it out: for trials where no two reflectors are."""

from __future__ import annotations

import sys
from pathlib import Path

from lanrage.app.links import Links
from lanrage.core.nat import NatKind
from lanrage.lab import roles
from lanrage.lab.lab import Lab
from lanrage.lab.process import spawn
from lanrage.lab.wan import python_env

KINDS = {"restricted": NatKind.PORT_RESTRICTED, "symmetric": NatKind.SYMMETRIC}
"""What the laboratory's words mean."""


def start(lab: Lab, words: list[str]) -> None:
    """Start the nodes of these hosts, each told its kind, and wait until they are ready."""
    started = []
    for word in words:
        host = lab.plan.host(word)
        argv = roles.node_argv(lab.folder, host)
        options = argv[argv.index("--nodaemon") :]
        told = [sys.executable, "-m", "tests.lab.natted", KINDS[host.nat], *options]
        env = {**python_env(), "PYTHONPATH": str(Path(__file__).parents[2])}
        started.append(spawn(host.name, host.netns, told, lab.folder.log(word), env, lab.folder.role(word)))
        lab.folder.add_process(started[-1])
    roles.wait_ready(lab.folder, lab.plan, started)


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
